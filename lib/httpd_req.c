/* httpd_req -- a request: what it holds, and its answer.
 *
 * The answer may be made at any time.  It is kept until the daemon asks for it,
 * when the request is whole; where the daemon was told to stop asking, the
 * answer resumes the connection.
 * SPDX-License-Identifier: Apache-2.0 */

#include <stdlib.h>
#include <string.h>
#include "httpd_int.h"

static struct ce_req *first, **last = &first; /* whole ones, in the order they came */
static struct MHD_Response *empty; /* nearly every answer is it: made once, for all requests */

void
httpd_req_init(struct ce_req *r, struct conn *c, const char *method, const char *path)
{
	r->conn = c;
	r->method = method;
	r->path = path;
}

/* The connection ends, or stops waiting, while somebody else still holds the
 * request: the queue, or the program, which has not answered it yet. */
void
httpd_req_detach(struct ce_req *r)
{
	enum phase phase = r->conn->phase;

	r->conn = NULL;
	r->method = r->path = "-"; /* they were the connection's */
	if (phase != PH_READY && phase != PH_WAITING)
		httpd_req_free(r);
}

void
httpd_req_whole(struct ce_req *r)
{
	httpd_conn_phase(r->conn, PH_READY);
	r->next = NULL;
	*last = r;
	last = &r->next;
}

struct ce_req *
ce_httpd_next(void)
{
	struct ce_req *r;

	while ((r = first) != NULL) {
		if ((first = r->next) == NULL)
			last = &first;
		if (r->conn != NULL) {
			r->conn->phase = PH_WAITING;
			return r;
		}
		httpd_req_free(r); /* it waited too long in the queue */
	}
	return NULL;
}

const char *
ce_req_method(const struct ce_req *r)
{
	return r->method;
}

const char *
ce_req_path(const struct ce_req *r)
{
	return r->path;
}

const char *
ce_req_header(const struct ce_req *r, const char *name)
{
	return MHD_lookup_connection_value(r->conn->mhd, MHD_HEADER_KIND, name);
}

const char *
ce_req_query(const struct ce_req *r, const char *name)
{
	return MHD_lookup_connection_value(r->conn->mhd, MHD_GET_ARGUMENT_KIND, name);
}

struct each {
	void (*fn)(void *, struct ce_str, struct ce_str);
	void *arg;
};

static enum MHD_Result
one_header(void *arg, enum MHD_ValueKind kind, const char *name, size_t nname, const char *value,
    size_t nvalue)
{
	struct each *e = arg;

	(void)kind;
	e->fn(e->arg, (struct ce_str){ name, nname },
	    (struct ce_str){ value != NULL ? value : "", value != NULL ? nvalue : 0 });
	return MHD_YES;
}

void
ce_req_each(const struct ce_req *r, void (*fn)(void *arg, struct ce_str name, struct ce_str value),
    void *arg)
{
	struct each e = { fn, arg };

	MHD_get_connection_values_n(r->conn->mhd, MHD_HEADER_KIND, one_header, &e);
}

struct ce_buf *
ce_req_body(struct ce_req *r)
{
	return &r->body;
}

bool
ce_req_waits(const struct ce_req *r)
{
	return r->conn != NULL;
}

void
ce_req_add(struct ce_req *r, const char *name, const char *value)
{
	ce_buf_add(&r->extra, name, strlen(name) + 1);
	ce_buf_add(&r->extra, value, strlen(value) + 1);
}

void
httpd_answer_free(struct MHD_Response *a)
{
	if (a != NULL && a != empty)
		MHD_destroy_response(a);
}

bool
httpd_req_send(struct ce_req *r)
{
	bool sent = MHD_queue_response(r->conn->mhd, (unsigned)r->status, r->answer) == MHD_YES;

	httpd_answer_free(r->answer); /* the daemon has its own reference */
	r->answer = NULL;
	httpd_conn_phase(r->conn, PH_ANSWERED);
	return sent;
}

static void
answer(struct ce_req *r, int status, struct MHD_Response *answer)
{
	const char *p = r->extra.p, *end = p + r->extra.len;
	struct conn *c = r->conn;

	for (; p < end; p = strchr(p, '\0') + 1) {
		const char *name = p;

		p = strchr(p, '\0') + 1;
		MHD_add_response_header(answer, name, p);
	}
	if (httpd_leaving)
		MHD_add_response_header(answer, "Connection", "close");
	r->status = status;
	r->answer = answer;
	if (c == NULL) {
		httpd_req_free(r);
	} else if (c->suspended) {
		httpd_req_send(r);
		MHD_resume_connection(c->mhd);
		c->suspended = false;
		httpd_soon();
	} else if (c->phase == PH_WAITING || c->phase == PH_READY) {
		httpd_conn_phase(c, PH_READING); /* the daemon will ask for it */
		httpd_soon();
	}
}

void
ce_req_done(struct ce_req *r, int status)
{
	struct MHD_Response *a = empty;

	if (a == NULL || r->extra.len > 0 || httpd_leaving) {
		a = MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);
		if (a == NULL)
			ce_die(CE_TEMPFAIL, "out of memory");
		if (r->extra.len == 0 && !httpd_leaving)
			empty = a;
	}
	answer(r, status, a);
}

void
ce_req_reply(struct ce_req *r, int status, const char *type, const char *p, size_t n)
{
	struct MHD_Response *a;

	a = MHD_create_response_from_buffer(n, (void *)(uintptr_t)p, MHD_RESPMEM_MUST_COPY);
	if (a == NULL)
		ce_die(CE_TEMPFAIL, "out of memory");
	MHD_add_response_header(a, "Content-Type", type);
	answer(r, status, a);
}

void
ce_req_problem(struct ce_req *r, int status, const char *fmt, ...)
{
	struct ce_buf detail = { 0 }, b = { 0 };
	va_list ap;

	va_start(ap, fmt);
	ce_buf_vprintf(&detail, fmt, ap);
	va_end(ap);
	ce_info("%d %s %s: %s", status, r->method, r->path, detail.p);
	ce_buf_printf(&b, "{\"type\":\"about:blank\",\"title\":\"%s\",\"status\":%d,\"detail\":\"",
	    MHD_get_reason_phrase_for((unsigned)status), status);
	ce_json_escape(&b, detail.p, detail.len);
	ce_buf_puts(&b, "\"}\n");
	ce_req_reply(r, status, "application/problem+json", b.p, b.len);
	ce_buf_free(&detail);
	ce_buf_free(&b);
}
