/* serve.h -- a page over HTTP, for who collects it
 * SPDX-License-Identifier: Apache-2.0 */

#ifndef SERVE_H
#define SERVE_H

#include "ce.h"

/* Listens and answers GET /metrics with what page appends; ends the program
 * when it cannot (64, 69). */
void serve_start(const char *address, void (*page)(struct ce_buf *out));
void serve_stop(void);

/* What the head of a request asks for: 0, it is not whole yet; 200; or the
 * status that refuses it. */
int serve_status(const char *head, size_t n, bool *bodiless);

#endif
