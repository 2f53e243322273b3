/* bucket.c -- token buckets, one a key.
 *
 * A bucket is one number, the moment at which it will be full: a token is there
 * when that moment is less than a burst away (GCRA).  One that is full is the
 * same as none, so it can be forgotten without a trace: memory follows from how
 * many keys are active at a time.
 * SPDX-License-Identifier: Apache-2.0 */

#include <stdlib.h>
#include "bucket.h"

#define SLACK 50000.0 /* so late may a wait end and be made up for */
#define FIRST 256     /* places; a power of two */
#define REST 10000.0  /* between two searches for one that is idle */

struct bucket_conf bucket_conf = { 0, 1, 32768 };

static struct bucket *table; /* key 0: a free place */
static size_t places, used;
static double next_idle; /* while all are in use */

/* The clock is not exact, and neither are waits: the next token is counted from
 * where this one was due, or a high rate would never be reached. */
double
bucket_take(struct bucket *b, double now)
{
	double due = b->full - (double)(bucket_conf.burst - 1) * bucket_conf.every;

	if (due > now) {
		b->behind = true;
		return due - now;
	}
	if (now - b->full > SLACK)
		b->behind = false;
	b->full = (b->behind || b->full > now ? b->full : now) + bucket_conf.every;
	return 0;
}

static struct bucket *
place(uint64_t key)
{
	size_t i = key & (places - 1);

	while (table[i].key != 0 && table[i].key != key)
		i = (i + 1) & (places - 1);
	return &table[i];
}

static bool
idle(const struct bucket *b, double now)
{
	return b->key == 0 || b->full < now - SLACK;
}

/* Leaves out those that are full; makes room where many are not. */
static void
rebuild(double now)
{
	struct bucket *old = table, *end = old + places;
	size_t live = 0;

	for (struct bucket *b = old; b < end; b++)
		live += !idle(b, now);
	if (places == 0)
		places = FIRST;
	while (places < 4 * live)
		places *= 2;
	table = ce_alloc(places * sizeof(*table));
	used = live;
	for (struct bucket *b = old; b < end; b++)
		if (!idle(b, now))
			*place(b->key) = *b;
	free(old);
}

/* In how long one will be idle. */
static double
first(double now)
{
	double least = 1e300;

	for (size_t i = 0; i < places; i++)
		if (table[i].key != 0 && table[i].full < least)
			least = table[i].full;
	return least + SLACK - now;
}

struct bucket *
bucket_of(uint64_t key, double now, double *wait)
{
	struct bucket *b;

	if (key == 0)
		key = 1;
	if (places == 0)
		rebuild(now);
	b = place(key);
	if (b->key != 0)
		return b;
	if (used >= (size_t)bucket_conf.keys || 2 * (used + 1) > places) {
		if (now >= next_idle)
			rebuild(now);
		if (used >= (size_t)bucket_conf.keys) {
			if (now >= next_idle)
				next_idle = now + (first(now) > REST ? first(now) + 1 : REST);
			*wait = next_idle - now;
			return NULL;
		}
		b = place(key);
	}
	used++;
	*b = (struct bucket){ .key = key };
	return b;
}

size_t
bucket_count(void)
{
	return used;
}
