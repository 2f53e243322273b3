/* httpwarm.h -- what the files of the HTTP client share; not for connectors.
 * SPDX-License-Identifier: Apache-2.0 */

#ifndef CE_HTTPWARM_H
#define CE_HTTPWARM_H

#include <sys/queue.h>
#include "http.h"
#include "http1.h"

struct warm {
	TAILQ_ENTRY(warm) in; /* of those that are open, oldest first */
	struct ce_http *h;
	struct conn *conn;  /* while it is open */
	struct http1 answer;
	bool direct;        /* no proxy */
	bool plain;         /* the URL, and what else is known, can go here */
	bool built, fit;    /* head is made; fit: it may be used */
	bool here;          /* the last answer came here */
	bool deaf;          /* the server reads no more */
	struct ce_buf url, to, method, head;
	size_t fixed;       /* of head: all but the length */
	const char *body;
	size_t n, sent;
	int fd, copy;       /* libcurl's descriptor and its copy, or -1 */
	int64_t due;
};

/* ---- httpwarm.c: requests on connections that are open already ---------------- */

void warm_start(long n); /* at most so many idle connections are kept */
void warm_free(struct ce_http *h);
bool warm_send(struct ce_http *h); /* false: libcurl must */
void warm_socket(struct ce_http *h, int fd); /* libcurl waits for this one; -1: none yet */
/* While libcurl reads the answer: takes a copy of its connection's descriptor. */
void warm_copy(struct ce_http *h);
/* libcurl is done: the copy is worth keeping, when all of the body was sent. */
void warm_made(struct ce_http *h, bool good, uint64_t sent);

/* ---- warmreq.c: what is sent ---------------------------------------------------- */

void warm_new(struct ce_http *h, bool direct); /* direct: no proxy */
void warm_forget(struct warm *w);
/* What the request is; the same calls as for libcurl. */
void warm_url(struct ce_http *h, const char *url);
void warm_method(struct ce_http *h, const char *method);
void warm_body(struct ce_http *h, const void *body, size_t n);
void warm_changed(struct ce_http *h); /* the header lines */

bool warm_possible(struct ce_http *h); /* for such a request; makes its header */
void warm_complete(struct warm *w);    /* adds the length to it */
/* The answer that came here; NULL: it came through libcurl. */
const struct http1 *warm_answer(const struct ce_http *h);
const char *warm_url_of(const struct ce_http *h);

/* ---- http.c, httpanswer.c ------------------------------------------------------- */

void ce_http_send_cold(struct ce_http *h); /* through libcurl */
/* Sets retry_after: by the header of a warm answer, else by what libcurl says. */
void ce_http_retry_after(struct ce_http *h, int64_t seconds);

#endif
