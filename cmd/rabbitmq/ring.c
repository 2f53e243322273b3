/* ring -- events in their order, taken out in any
 * SPDX-License-Identifier: Apache-2.0 */

#include <stdlib.h>
#include "publish.h"

static void
grow(struct ring *r)
{
	size_t cap = r->cap > 0 ? 2 * r->cap : 1024;
	struct ce_event **v = ce_alloc(cap * sizeof(struct ce_event *));
	uint64_t i;

	for (i = r->head; i < r->tail; i++)
		v[i & (cap - 1)] = r->v[i & (r->cap - 1)];
	free(r->v);
	r->v = v;
	r->cap = cap;
}

void
ring_add(struct ring *r, struct ce_event *ev)
{
	if (r->tail - r->head == r->cap)
		grow(r);
	r->v[r->tail++ & (r->cap - 1)] = ev;
	r->n++;
}

struct ce_event *
ring_at(const struct ring *r, uint64_t i)
{
	return i >= r->head && i < r->tail ? r->v[i & (r->cap - 1)] : NULL;
}

struct ce_event *
ring_take(struct ring *r, uint64_t i)
{
	struct ce_event *ev = ring_at(r, i);

	if (ev == NULL)
		return NULL;
	r->v[i & (r->cap - 1)] = NULL;
	r->n--;
	while (r->head < r->tail && r->v[r->head & (r->cap - 1)] == NULL)
		r->head++;
	return ev;
}
