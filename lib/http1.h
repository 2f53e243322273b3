/* http1.h -- reads the answers of HTTP/1 servers; knows no socket
 * SPDX-License-Identifier: Apache-2.0 */

#ifndef CE_HTTP1_H
#define CE_HTTP1_H

#include "ce.h"

enum http1_result { HTTP1_MORE, HTTP1_DONE, HTTP1_BAD };

struct http1 {
	int status;       /* 0: the header is not complete yet */
	bool keep;        /* the connection is good for another request */
	const char *why;  /* of HTTP1_BAD */
	size_t seen;      /* bytes that came */
	struct ce_buf fields; /* NAME\0VALUE\0 ... once status is there */
	/* http1.c's own. */
	int state;
	uint64_t left;
	size_t extra;     /* bytes of chunk sizes and trailers in a row */
	bool digits, blank;
};

void http1_begin(struct http1 *a);
void http1_free(struct http1 *a);
/* Takes *n bytes; *n becomes how many of them belong to the answer.  What is
 * content goes to body(arg). */
enum http1_result http1_take(struct http1 *a, const char *p, size_t *n,
    void (*body)(void *arg, const char *p, size_t n), void *arg);
/* The server has closed: HTTP1_DONE where that is how content ends. */
enum http1_result http1_end(struct http1 *a);
/* Steps through the fields; *at is NULL at first.  False at the end. */
bool http1_each(const struct http1 *a, const char **at, const char **name, const char **value);

#endif
