/* httpd.h -- an HTTP server for sources whose clients wait for the settling.
 *
 * A request is handed out when it is whole, and its client waits until it is
 * answered, at once or after its events were settled, in any order:
 *
 *	ce_httpd_start(head);
 *	while (ce_running()) {
 *		while ((r = ce_httpd_next()) != NULL)
 *			handle(r);
 *		ce_wait(-1);
 *	}
 *	ce_httpd_leave();               from now on 503
 *	code = ce_finish();             settles what is open
 *	ce_httpd_stop();                the answers leave
 *
 * Bounded: connections by --max-connections, the head of a request by
 * --max-header, its body by --max-body, all large bodies together by four of
 * those (503 beyond), silence by --timeout (408), waiting by --wait (503).
 * Knows the path, --health, TLS and client certificates; nothing of events.
 * SPDX-License-Identifier: Apache-2.0 */

#ifndef CE_HTTPD_H
#define CE_HTTPD_H

#include "ce.h"

extern const struct ce_opt ce_httpd_opts[]; /* for CE_GROUP */

struct ce_httpd_conf {
	const char *listen, *path, *health;
	const char *cert, *key, *ca;
	long ready_fd, max_body, max_header, max_connections, timeout, wait;
};
extern struct ce_httpd_conf ce_httpd_conf; /* what the options say */

/* A request.  Lent by ce_httpd_next until it is answered; ce_req_head's until
 * it returns. */
struct ce_req;

/* Listens, says where, tells --ready-fd; ends the program when it cannot.
 * head is called when the head of a request for --path has come: it may refuse
 * it (any answer), before its body is read; it must not emit events. */
void ce_httpd_start(void (*head)(struct ce_req *r));
struct ce_req *ce_httpd_next(void); /* the next whole request; NULL: none yet */
void ce_httpd_leave(void); /* answers 503 to whom ce_httpd_next has not handed out yet, and to all to come */
/* After ce_finish: waits a little until the clients have read their answers. */
void ce_httpd_stop(void);

const char *ce_req_method(const struct ce_req *r);
const char *ce_req_path(const struct ce_req *r); /* percent-decoded, without the query */
const char *ce_req_header(const struct ce_req *r, const char *name); /* NULL: not there */
const char *ce_req_query(const struct ce_req *r, const char *name);  /* decoded */
/* Each header field in the order in which it came, repeated ones too. */
void ce_req_each(const struct ce_req *r,
    void (*fn)(void *arg, struct ce_str name, struct ce_str value), void *arg);
/* Whole and as it came; may be changed in place; p[len] is writable. */
struct ce_buf *ce_req_body(struct ce_req *r);
bool ce_req_waits(const struct ce_req *r); /* false: --wait has passed, nobody waits any more */

/* Answers.  The request is gone after one of them. */
void ce_req_add(struct ce_req *r, const char *name, const char *value); /* a header of the coming answer */
void ce_req_done(struct ce_req *r, int status); /* no content */
void ce_req_reply(struct ce_req *r, int status, const char *type, const char *p, size_t n);
/* RFC 9457: {"type":"about:blank","title":...,"status":...,"detail":...} */
void ce_req_problem(struct ce_req *r, int status, const char *fmt, ...) CE_PRINTF(3, 4);

#endif
