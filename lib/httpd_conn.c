/* httpd_conn -- the time and the memory that a client may take.
 *
 * The daemon's own time limit closes without a word; here a client that is
 * slow with its request hears 408, and one that waits too long for us 503.
 * SPDX-License-Identifier: Apache-2.0 */

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include "httpd_int.h"

#define STEP 16384 /* a body gets --timeout for each so many bytes */
#define LARGE_BODIES 4 /* so many of the longest fit into memory at once */

struct conn_list httpd_active, httpd_waiting;
long httpd_asked;
static void sweep(void *);
static struct ce_timer sweep_timer = { .fn = sweep };
static size_t counted; /* bytes that large bodies take */

static void
unlist(struct conn *c)
{
	struct conn_list *l = c->list;

	if (l == NULL)
		return;
	*(c->prev != NULL ? &c->prev->next : &l->first) = c->next;
	*(c->next != NULL ? &c->next->prev : &l->last) = c->prev;
	c->list = NULL;
}

static void
enlist(struct conn *c, struct conn_list *l)
{
	unlist(c);
	c->since = ce_now();
	c->list = l;
	c->next = NULL;
	c->prev = l->last;
	*(l->last != NULL ? &l->last->next : &l->first) = c;
	l->last = c;
}

static void
hang_up(struct conn *c)
{
	const union MHD_ConnectionInfo *i;

	i = MHD_get_connection_info(c->mhd, MHD_CONNECTION_INFO_CONNECTION_FD);
	shutdown(i->connect_fd, SHUT_RDWR);
}

static void
say(struct MHD_Connection *mhd, const char *p, size_t n)
{
	const union MHD_ConnectionInfo *i;

	if (httpd_tls_send(mhd, p, n))
		return;
	i = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CONNECTION_FD);
	(void)!send(i->connect_fd, p, n, MSG_DONTWAIT | MSG_NOSIGNAL);
}

void
httpd_conn_cut(struct conn *c, int status)
{
	struct ce_buf b = { 0 };

	ce_buf_printf(&b, "HTTP/1.1 %d %s\r\nConnection: close\r\nContent-Length: 0\r\n%s\r\n", status,
	    MHD_get_reason_phrase_for((unsigned)status), status == 503 ? "Retry-After: 1\r\n" : "");
	say(c->mhd, b.p, b.len);
	ce_buf_free(&b);
	hang_up(c);
}

static void
late(struct conn *c)
{
	enum phase was = c->phase;

	unlist(c);
	if (was == PH_READING) {
		ce_info("a client took too long to send its request");
		httpd_conn_cut(c, 408);
	} else {
		hang_up(c);
	}
}

/* The events of the request go their way; only its client stops waiting, and
 * is told to come again: an event twice rather than never. */
static void
tired(struct conn *c)
{
	struct ce_req *r = c->req, *fresh;

	ce_info("a request waited too long for its acknowledgement");
	fresh = CE_NEW(struct ce_req);
	httpd_req_init(fresh, c, r->method, r->path);
	c->req = fresh;
	httpd_req_detach(r);
	ce_req_add(fresh, "Retry-After", "1");
	ce_req_problem(fresh, 503, "not acknowledged in time");
}

void
httpd_conn_farewell(void)
{
	struct conn *c, *next;

	for (c = httpd_active.first; c != NULL; c = next) {
		next = c->next;
		if (c->phase == PH_READING) {
			unlist(c);
			httpd_conn_cut(c, 503);
		}
	}
	while (httpd_waiting.first != NULL)
		tired(httpd_waiting.first);
}

bool
httpd_conn_answering(void)
{
	struct conn *c;

	for (c = httpd_active.first; c != NULL; c = c->next)
		if (c->phase == PH_ANSWERED)
			return true;
	return false;
}

static void
sweep(void *arg)
{
	int64_t now = ce_now(), next = -1;
	struct conn *c;

	(void)arg;
	while ((c = httpd_active.first) != NULL && now - c->since >= ce_httpd_conf.timeout)
		late(c);
	while (ce_httpd_conf.wait > 0 && (c = httpd_waiting.first) != NULL &&
	    now - c->since >= ce_httpd_conf.wait)
		tired(c);
	if ((c = httpd_active.first) != NULL)
		next = c->since + ce_httpd_conf.timeout;
	if (ce_httpd_conf.wait > 0 && (c = httpd_waiting.first) != NULL &&
	    (next < 0 || c->since + ce_httpd_conf.wait < next))
		next = c->since + ce_httpd_conf.wait;
	if (next >= 0)
		ce_timer(&sweep_timer, next > now ? (long)(next - now) : 1);
}

void
httpd_conn_phase(struct conn *c, enum phase phase)
{
	bool ours = phase == PH_READY;
	long limit;

	httpd_asked += ours - (c->list == &httpd_waiting && !c->suspended);
	c->phase = phase;
	c->mark = 0;
	enlist(c, ours ? &httpd_waiting : &httpd_active);
	limit = ours ? ce_httpd_conf.wait : ce_httpd_conf.timeout;
	if (limit > 0 && (sweep_timer.due == 0 || sweep_timer.due > c->since + limit))
		ce_timer(&sweep_timer, limit);
}

void
httpd_conn_progress(struct conn *c, size_t seen)
{
	if (seen - c->mark < STEP || c->list == NULL)
		return;
	c->mark = seen;
	enlist(c, &httpd_active);
}

void
httpd_conn_opened(struct MHD_Connection *mhd, void **at)
{
	struct conn *c = CE_NEW(struct conn);

	c->mhd = mhd;
	*at = c;
	httpd_tls_strict(mhd);
	httpd_conn_phase(c, PH_FREE);
}

void
httpd_conn_closed(void **at)
{
	struct conn *c = *at;

	if (c->list == &httpd_waiting && !c->suspended)
		httpd_asked--;
	unlist(c);
	if (c->req != NULL)
		httpd_req_detach(c->req);
	free(c);
	*at = NULL;
}

struct conn *
httpd_conn_of(struct MHD_Connection *mhd)
{
	return MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT)->socket_context;
}

/* Large bodies share a budget, so that many clients at once cannot take
 * --max-connections times --max-body.  Small ones are outside it: those who
 * fill it do not stop the ordinary event. */
bool
httpd_body_add(struct ce_req *r, const char *p, size_t n)
{
	size_t want = r->body.len + n + 1;

	if (want > HTTPD_SMALL && want > r->body.cap) {
		size_t most = LARGE_BODIES * ((size_t)ce_httpd_conf.max_body + 1);
		size_t grown = r->body.cap * 2 > want ? r->body.cap * 2 : want;

		if (grown > (size_t)ce_httpd_conf.max_body + 1)
			grown = (size_t)ce_httpd_conf.max_body + 1;
		if (counted - r->counted + grown > most)
			return false;
		ce_buf_need(&r->body, grown - r->body.len - 1);
		counted += r->body.cap - r->counted;
		r->counted = r->body.cap;
	}
	ce_buf_add(&r->body, p, n);
	return true;
}

void
httpd_body_forget(struct ce_req *r)
{
	counted -= r->counted;
	r->counted = 0;
	if (r->body.cap > HTTPD_SMALL)
		ce_buf_free(&r->body);
	else if (r->body.p != NULL)
		ce_buf_reset(&r->body);
}

void
httpd_req_reset(struct ce_req *r)
{
	httpd_answer_free(r->answer);
	r->answer = NULL;
	r->status = 0;
	r->seen = 0;
	r->extra.len = 0;
	httpd_body_forget(r);
}

void
httpd_req_free(struct ce_req *r)
{
	httpd_req_reset(r);
	ce_buf_free(&r->body);
	ce_buf_free(&r->extra);
	free(r);
}
