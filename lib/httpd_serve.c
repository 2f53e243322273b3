/* httpd_serve -- what the daemon calls: a request from its first line to its end.
 *
 * A whole request is queued, never handled inside of the daemon, so emitting may
 * turn the loop, and the daemon with it.
 * SPDX-License-Identifier: Apache-2.0 */

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "httpd_int.h"

#define PATIENCE 20     /* ms that a request may be asked about before it is suspended */
#define DISCARD (16 << 20) /* so much of a refused body is read, so that the client reads the answer */

void (*httpd_head)(struct ce_req *);
static void run_cb(void *);
static struct ce_timer again = { .fn = run_cb };
static bool progress;

static void
run_cb(void *arg)
{
	(void)arg;
	httpd_run();
}

/* Resumed connections show on no descriptor either. */
void
httpd_soon(void)
{
	if (again.due == 0 || again.due > ce_now())
		ce_timer(&again, 0);
}

/* How long the daemon is to go on is what it says itself, unless there are
 * requests that it keeps asking about: then while bodies come in. */
void
httpd_run(void)
{
	static bool running;
	MHD_UNSIGNED_LONG_LONG ms;
	int rounds = 0;
	bool more;

	if (running)
		return;
	running = true;
	do {
		progress = false;
		MHD_run(httpd_daemon);
		more = httpd_asked > 0 ? progress :
		    MHD_get_timeout(httpd_daemon, &ms) == MHD_YES && ms == 0;
	} while (more && ++rounds < 8);
	running = false;
	if (more)
		httpd_soon();
	else if (httpd_asked > 0 && again.due == 0)
		ce_timer(&again, PATIENCE);
}

void
httpd_readable(void *arg, short revents)
{
	(void)arg;
	(void)revents;
	httpd_run();
}

static bool
ours(const char *path)
{
	const char *p = ce_httpd_conf.path;
	size_t n = strlen(p);

	return strncmp(path, p, n) == 0 && (path[n] == '\0' || (n > 0 && p[n - 1] == '/'));
}

static void
health(struct ce_req *r)
{
	if (strcmp(r->method, "GET") != 0 && strcmp(r->method, "HEAD") != 0) {
		ce_req_add(r, "Allow", "GET, HEAD");
		ce_req_problem(r, 405, "only GET and HEAD");
	} else {
		ce_req_add(r, "Cache-Control", "no-store");
		ce_req_done(r, httpd_leaving ? 503 : 204);
	}
}

static void
leaving(struct ce_req *r)
{
	ce_req_add(r, "Retry-After", "1");
	ce_req_problem(r, 503, "the service is leaving");
}

static void
inspect(struct ce_req *r)
{
	const char *length;

	if (ce_httpd_conf.health != NULL && strcmp(r->path, ce_httpd_conf.health) == 0) {
		health(r);
	} else if (!ours(r->path)) {
		ce_req_problem(r, 404, "no such path");
	} else if (httpd_leaving) {
		leaving(r);
	} else {
		httpd_head(r);
		length = r->status == 0 ? ce_req_header(r, "Content-Length") : NULL;
		if (length != NULL && strtoull(length, NULL, 10) > (unsigned long long)ce_httpd_conf.max_body)
			ce_req_problem(r, 413, "the body is longer than %ld bytes", ce_httpd_conf.max_body);
	}
}

/* Refused before its body came.  The body is read and thrown away, so that the
 * client is not cut off while it still sends, and may use the connection again;
 * for a very long one, or one that waits for 100, the answer goes out now. */
static bool
answer_now(const struct ce_req *r)
{
	const char *length = ce_req_header(r, "Content-Length");

	return ce_req_header(r, "Expect") != NULL ||
	    (length != NULL && strtoull(length, NULL, 10) > DISCARD);
}

/* A client that takes us for its proxy names the host too (RFC 9112 3.2.2). */
static const char *
origin_form(const char *url)
{
	const char *p = url;

	if (strncasecmp(p, "http://", 7) == 0)
		p += 7;
	else if (strncasecmp(p, "https://", 8) == 0)
		p += 8;
	else
		return url;
	p += strcspn(p, "/");
	return *p != '\0' ? p : "/";
}

static enum MHD_Result
begin(struct conn *c, const char *method, const char *path)
{
	if (c->req == NULL)
		c->req = CE_NEW(struct ce_req);
	httpd_req_init(c->req, c, method, origin_form(path));
	inspect(c->req);
	if (c->req->status != 0 && answer_now(c->req))
		return httpd_req_send(c->req) ? MHD_YES : MHD_NO;
	return MHD_YES;
}

static enum MHD_Result
take_body(struct ce_req *r, const char *p, size_t n)
{
	size_t most = (size_t)ce_httpd_conf.max_body;

	progress = progress || n >= 1024; /* perhaps cut off by the end of the buffer */
	r->seen += n;
	httpd_conn_progress(r->conn, r->seen);
	if (r->status == 0 && r->seen > most) {
		ce_req_problem(r, 413, "the body is longer than %zu bytes", most);
		httpd_body_forget(r);
	} else if (r->status == 0 && !httpd_body_add(r, p, n)) {
		ce_req_add(r, "Retry-After", "1");
		ce_req_problem(r, 503, "too many large bodies at once");
		httpd_body_forget(r);
	}
	return r->seen <= most + DISCARD ? MHD_YES : MHD_NO;
}

/* Suspending and resuming costs three system calls a request.  While answers
 * come quickly, the daemon may as well ask again each time that it runs. */
static void
suspend_later(struct conn *c)
{
	if (ce_now() - c->since < PATIENCE)
		return;
	MHD_suspend_connection(c->mhd);
	c->suspended = true;
	httpd_asked--;
}

enum MHD_Result
httpd_access(void *arg, struct MHD_Connection *mhd, const char *url, const char *method,
    const char *version, const char *data, size_t *size, void **at)
{
	struct conn *c = *at;

	(void)arg;
	(void)version;
	if (c == NULL) {
		*at = c = httpd_conn_of(mhd);
		return begin(c, method, url);
	}
	if (*size > 0) {
		size_t n = *size;

		*size = 0;
		return take_body(c->req, data, n);
	}
	if (c->phase == PH_READY || c->phase == PH_WAITING)
		suspend_later(c);
	else if (c->req->status == 0 && !httpd_leaving)
		httpd_req_whole(c->req);
	else {
		if (c->req->status == 0)
			leaving(c->req);
		return httpd_req_send(c->req) ? MHD_YES : MHD_NO;
	}
	return MHD_YES;
}

void *
httpd_uri(void *arg, const char *uri, struct MHD_Connection *mhd)
{
	(void)arg;
	(void)uri;
	httpd_conn_phase(httpd_conn_of(mhd), PH_READING);
	return NULL;
}

void
httpd_completed(void *arg, struct MHD_Connection *mhd, void **at,
    enum MHD_RequestTerminationCode why)
{
	struct conn *c = *at;

	(void)arg;
	(void)mhd;
	(void)why;
	if (c == NULL)
		return;
	if (c->phase == PH_READY || c->phase == PH_WAITING) {
		httpd_req_detach(c->req);
		c->req = NULL;
	} else if (c->req != NULL) {
		httpd_req_reset(c->req);
	}
	httpd_conn_phase(c, PH_FREE);
}

void
httpd_connection(void *arg, struct MHD_Connection *mhd, void **at,
    enum MHD_ConnectionNotificationCode what)
{
	(void)arg;
	if (what == MHD_CONNECTION_NOTIFY_STARTED) {
		httpd_conn_opened(mhd, at);
		return;
	}
	httpd_conn_closed(at);
	httpd_soon(); /* out of descriptors, it listens again only when it runs once more */
}
