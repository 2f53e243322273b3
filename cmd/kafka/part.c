/* part.c -- the partitions that are read, and what is open of them
 *
 * Events are settled in the order of emission, so one queue tells whose each is.
 * A partition that was given away has a new era: what was open then is not counted.
 * SPDX-License-Identifier: Apache-2.0 */

#include <stdlib.h>
#include <string.h>
#include "src.h"

struct emitted {
	struct part *part;
	int64_t offset;
	unsigned era;
};
static struct emitted *ring; /* those that are not settled */
static size_t cap, head, len; /* cap is a power of two */
static struct part **parts;
static int nparts;

struct part *
part_get(const char *topic, int32_t n)
{
	static struct part *last;
	int i;

	if (last != NULL && last->n == n && strcmp(last->topic, topic) == 0)
		return last;
	for (i = 0; i < nparts; i++)
		if (parts[i]->n == n && strcmp(parts[i]->topic, topic) == 0)
			return last = parts[i];
	parts = ce_realloc(parts, (size_t)(nparts + 1) * sizeof(*parts));
	last = parts[nparts++] = CE_NEW(struct part);
	last->topic = ce_strdup(topic);
	last->n = n;
	last->end = last->next = last->done = last->kept = -1;
	return last;
}

struct part *
part_nth(int i)
{
	return i < nparts ? parts[i] : NULL;
}

void
part_take(struct part *p, int64_t next)
{
	p->mine = true;
	p->leaving = p->over = false;
	p->end = p->done = p->kept = -1;
	p->next = next;
	p->open = 0;
	p->era++;
}

void
part_drop(struct part *p)
{
	p->mine = p->leaving = false;
	p->open = 0;
	p->era++;
}

static void
grow(void)
{
	size_t n = cap > 0 ? 2 * cap : 1024, i;
	struct emitted *r = ce_alloc(n * sizeof(*r));

	for (i = 0; i < len; i++)
		r[i] = ring[(head + i) & (cap - 1)];
	free(ring);
	ring = r;
	cap = n;
	head = 0;
}

void
part_emits(struct part *p, int64_t offset)
{
	if (len == cap)
		grow();
	ring[(head + len++) & (cap - 1)] = (struct emitted){ p, offset, p->era };
	p->open++;
	p->next = offset + 1;
	if (p->end >= 0 && p->next >= p->end)
		p->over = true;
}

/* Nothing is open: what was passed over behind the last one counts as well. */
static void
all_done(struct part *p)
{
	if (p->open == 0 && p->next > p->done)
		p->done = p->next;
}

void
part_settled(void *token, enum ce_verdict v)
{
	struct emitted e = ring[head & (cap - 1)];

	(void)token;
	head = (head + 1) & (cap - 1);
	len--;
	if (v == CE_LATER || e.era != e.part->era)
		return;
	e.part->open--;
	e.part->done = e.offset + 1;
	all_done(e.part);
	if (e.part->leaving && e.part->open == 0)
		group_released();
}

void
part_at_end(struct part *p, int64_t offset)
{
	p->over = true;
	if (offset > p->next)
		p->next = offset;
	all_done(p);
}

bool
part_all_over(void)
{
	int i;

	for (i = 0; i < nparts; i++)
		if (parts[i]->mine && !parts[i]->over)
			return false;
	return true;
}

void
part_ask_leaders(void)
{
	rd_kafka_topic_partition_list_t *l = rd_kafka_topic_partition_list_new(nparts);
	int i;

	for (i = 0; i < nparts; i++)
		if (parts[i]->mine)
			rd_kafka_topic_partition_list_add(l, parts[i]->topic, parts[i]->n)->offset = RD_KAFKA_OFFSET_END;
	if (l->cnt > 0)
		rd_kafka_offsets_for_times(consumer, l, 0);
	rd_kafka_topic_partition_list_destroy(l);
}
