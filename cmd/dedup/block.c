/* block.c -- the state file as bytes: blocks that are whole or are not there.
 *
 * A block is a sector and stands for itself: it has its own check and the key of
 * the hash.  Wherever the file is cut or damaged, only the ids of the blocks that
 * were hit are forgotten; and as the check takes in every byte, no other id is
 * ever believed to have been seen.
 * SPDX-License-Identifier: Apache-2.0 */

#include <stdlib.h>
#include <string.h>
#include "ce.h"
#include "log.h"
#include "siphash.h"

static const char magic[8] = "cededup1";

struct place {
	uint64_t seq;
	size_t at; /* number of the block in the file */
};

static uint64_t
check(const struct log_block *b)
{
	uint64_t sum[2];

	siphash(b->key, b->key, LOG_BLOCK - offsetof(struct log_block, key), sum);
	return sum[0];
}

void
log_seal(struct log_block *b)
{
	memcpy(b->magic, magic, sizeof(magic));
	b->check = check(b);
}

static bool
whole(const struct log_block *b)
{
	return memcmp(b->magic, magic, sizeof(magic)) == 0 && b->n >= 1 && b->n <= LOG_IDS &&
	    b->check == check(b);
}

/* Two bytes of the name may be damaged. */
static bool
named(const char *p, size_t n)
{
	size_t i, wrong = 0;

	for (i = 0; i < sizeof(magic) && i < n; i++)
		wrong += p[i] != magic[i];
	return wrong <= (i < sizeof(magic) ? 0 : 2);
}

/* All zeros are what a power failure may leave of a new file. */
bool
log_ours(const void *p, size_t n)
{
	static const char zeros[sizeof(magic)];
	const char *text = p;
	bool empty = true;

	for (size_t at = 0; at < n; at += LOG_BLOCK) {
		if (named(text + at, n - at))
			return true;
		empty &= memcmp(text + at, zeros, n - at < sizeof(zeros) ? n - at : sizeof(zeros)) == 0;
	}
	return empty;
}

size_t
log_blocks(size_t ids)
{
	/* one that is not full, and some where time begins a new one */
	return ids / LOG_IDS + 130;
}

static int
by_seq(const void *a, const void *b)
{
	const struct place *x = a, *y = b;

	return x->seq < y->seq ? -1 : x->seq > y->seq;
}

static const struct log_block *
block(const void *p, size_t at)
{
	return (const struct log_block *)p + at;
}

/* The whole blocks in the order of their making; *count of them. */
static struct place *
places(const void *p, size_t n, size_t *count)
{
	struct place *all = ce_alloc((n / LOG_BLOCK + 1) * sizeof(*all));

	*count = 0;
	for (size_t i = 0; i < n / LOG_BLOCK; i++)
		if (whole(block(p, i)))
			all[(*count)++] = (struct place){ block(p, i)->seq, i };
	qsort(all, *count, sizeof(*all), by_seq);
	return all;
}

bool
log_parse(const void *p, size_t n, size_t most, struct log_block *last,
    void (*fn)(void *arg, const struct seen_id *id, int64_t time), void *arg)
{
	size_t count;
	struct place *all = places(p, n, &count);

	if (count > 0)
		*last = *block(p, all[count - 1].at);
	for (size_t i = 0; i < count; i++) {
		const struct log_block *b = block(p, all[i].at);

		/* the remains of an earlier time round, and of another file */
		if (b->seq + most <= last->seq || memcmp(b->key, last->key, sizeof(b->key)) != 0 ||
		    (i > 0 && b->seq == all[i - 1].seq))
			continue;
		for (uint32_t k = 0; k < b->n; k++)
			fn(arg, &b->ids[k], b->time);
	}
	free(all);
	return count > 0;
}
