/* src-batch.c -- entries of a stream that were read and not yet emitted, as they came.
 * SPDX-License-Identifier: Apache-2.0 */

#include <stdlib.h>
#include <string.h>
#include "src.h"

static struct batch *batches, **last = &batches;
static struct batch *counting; /* waits for its delivery counts */
static struct link *asked;     /* of it */

bool
entries_sound(const redisReply *v)
{
	size_t i, k;

	if (v->type != REDIS_REPLY_ARRAY)
		return false;
	for (i = 0; i < v->elements; i++) {
		const redisReply *e = v->element[i], *f;
		struct id id;

		if (e->type == REDIS_REPLY_NIL)
			continue; /* claimed, and deleted: before 7.0 */
		if (e->type != REDIS_REPLY_ARRAY || e->elements != 2 ||
		    e->element[0]->type != REDIS_REPLY_STRING || e->element[0]->len >= 48 ||
		    !id_parse(&id, e->element[0]->str))
			return false;
		f = e->element[1];
		for (k = 0; f->type == REDIS_REPLY_ARRAY && k < f->elements; k++)
			if (f->element[k]->type != REDIS_REPLY_STRING)
				return false;
	}
	return true;
}

/* Asked now: until it is emitted, what is on its way may be finished and forgotten. */
static bool *
known(const redisReply *entries)
{
	bool *k = ce_alloc((entries->elements + 1) * sizeof(*k));
	struct id id;
	size_t i;

	for (i = 0; i < entries->elements; i++)
		k[i] = entries->element[i]->type == REDIS_REPLY_ARRAY &&
		    id_parse(&id, entries->element[i]->element[0]->str) && ids_have(id);
	return k;
}

struct batch *
batch_new(redisReply *owner, redisReply *entries, bool again)
{
	struct batch *b = CE_NEW(struct batch);

	b->r = owner;
	b->v = entries->element;
	b->n = entries->elements;
	b->known = again ? known(entries) : NULL;
	return b;
}

static void
forget(struct batch *b)
{
	freeReplyObject(b->r);
	free(b->deliveries);
	free(b->known);
	free(b);
}

void
batch_add(struct batch *b)
{
	b->next = NULL;
	*last = b;
	last = &b->next;
}

struct batch *
batch_first(void)
{
	return batches;
}

void
batch_drop(void)
{
	struct batch *b = batches;

	if ((batches = b->next) == NULL)
		last = &batches;
	forget(b);
}

void
batches_lose(void)
{
	struct batch *b;

	for (b = batches; b != NULL; b = b->next)
		b->lost = true;
}

void
batch_count(struct link *l, struct batch *b)
{
	size_t i = 0, k = b->n;

	while (i < k && b->v[i]->type == REDIS_REPLY_NIL)
		i++;
	while (k > i && b->v[k - 1]->type == REDIS_REPLY_NIL)
		k--;
	if (src_conf.max_deliveries == 0 || i == k) {
		batch_add(b);
		return;
	}
	counting = b;
	asked = l;
	link_begin(l, 7);
	link_word(l, "XPENDING");
	link_word(l, src_conf.stream);
	link_word(l, src_conf.group);
	link_word(l, b->v[i]->element[0]->str);
	link_word(l, b->v[k - 1]->element[0]->str);
	link_number(l, (long long)b->n + 1000);
	link_word(l, src_conf.consumer);
	link_push(l);
}

bool
batch_counting(const struct link *l)
{
	return counting != NULL && (l == NULL || l == asked);
}

/* [[id, consumer, idle, deliveries], ...] */
void
batch_counted(const redisReply *r)
{
	struct batch *b = counting;
	size_t i, k;

	counting = NULL;
	b->deliveries = ce_alloc((b->n + 1) * sizeof(*b->deliveries));
	for (i = 0; i < b->n; i++) {
		if (b->v[i]->type == REDIS_REPLY_NIL)
			continue;
		for (k = 0; k < r->elements; k++) {
			const redisReply *p = r->element[k];

			if (p->type == REDIS_REPLY_ARRAY && p->elements == 4 &&
			    p->element[0]->type == REDIS_REPLY_STRING &&
			    strcmp(p->element[0]->str, b->v[i]->element[0]->str) == 0)
				b->deliveries[i] = p->element[3]->integer;
		}
	}
	batch_add(b);
}

void
batch_uncount(const struct link *l)
{
	if (!batch_counting(l))
		return;
	forget(counting);
	counting = NULL;
}
