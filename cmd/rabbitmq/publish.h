/* publish.h -- from an event to its confirm.
 * SPDX-License-Identifier: Apache-2.0 */

#ifndef PUBLISH_H
#define PUBLISH_H

#include "binding.h"

enum { UNROUTABLE_NEVER, UNROUTABLE_LATER, UNROUTABLE_DROP };
enum { MODE_STRUCTURED, MODE_BINARY };

struct publish_conf {
	const char *exchange;
	struct ce_template *key;
	int mode, prefix, unroutable;
};
extern struct publish_conf publish_conf;

void publish_start(void);
void publish(struct ce_event *ev); /* settles it, now or later */

/* ---- ring.c: events in their order ---- */

struct ring {
	struct ce_event **v;
	size_t cap; /* a power of two, or 0 */
	uint64_t head, tail;
	size_t n; /* that are there: some in the middle may be gone */
};
void ring_add(struct ring *r, struct ce_event *ev);
struct ce_event *ring_at(const struct ring *r, uint64_t i); /* NULL: gone */
/* Takes that of number i out: NULL when it is gone. */
struct ce_event *ring_take(struct ring *r, uint64_t i);

#endif
