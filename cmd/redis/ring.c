/* ring.c -- the commands that a server has not answered, oldest first.
 * SPDX-License-Identifier: Apache-2.0 */

#include <stdlib.h>
#include "sink.h"

struct op *
ring_at(struct node *n, size_t i)
{
	return &n->ring[(n->head + i) & (n->cap - 1)];
}

void
ring_push(struct node *n, const struct op *op)
{
	if (n->len == n->cap) {
		size_t cap = n->cap ? 2 * n->cap : 64, i;
		struct op *r = ce_alloc(cap * sizeof(*r));

		for (i = 0; i < n->len; i++)
			r[i] = *ring_at(n, i);
		free(n->ring);
		n->ring = r;
		n->cap = cap;
		n->head = 0;
	}
	n->len++;
	*ring_at(n, n->len - 1) = *op;
}

struct op
ring_shift(struct node *n)
{
	struct op op = *ring_at(n, 0);

	n->head = (n->head + 1) & (n->cap - 1);
	n->len--;
	return op;
}
