/* seen.c -- the ids of the last events, by their hashes.
 *
 * A ring holds them in the order of their coming, 12 bytes each, and a table with
 * open addresses says where: 6 bytes each, as a third of it stays empty.  An entry
 * is the place in the ring and how far it is from where it would be if that were
 * free: so one can go without a look at the hashes of the others, each of which is
 * a wait for memory.  That two ids out of n have the same hash by chance has odds
 * of n to 2^96; that they have it by intent takes the key.
 *
 * When ids came is kept for a thousandth of the time at once, not for each.
 * SPDX-License-Identifier: Apache-2.0 */

#include <stdlib.h>
#include "ce.h"
#include "seen.h"

#define FEW ((size_t)1024)
#define PLACE 0xffffffu
#define FAR 24
#define MARKS 2048 /* power of two */
#define GRAINS 1000

/* From number from on ids came at that time, or up to a grain later. */
struct mark {
	uint64_t from;
	int64_t at;
};

struct seen {
	size_t most, cap;     /* of the ring; it grows */
	int64_t ms;
	uint64_t first, next; /* numbers */
	struct seen_id *ring;
	uint32_t *table;      /* how far from home, place + 1; 0: empty */
	size_t size;
	struct mark *marks;
	uint64_t first_mark, next_mark;
};

static struct seen_id *
nth(const struct seen *s, uint64_t number)
{
	return &s->ring[number % s->cap];
}

static const struct seen_id *
at(const struct seen *s, size_t i)
{
	return &s->ring[(s->table[i] & PLACE) - 1];
}

static size_t
home(const struct seen *s, const struct seen_id *id)
{
	return (size_t)((uint64_t)id->w[0] * s->size >> 32);
}

static size_t
after(const struct seen *s, size_t i)
{
	return ++i == s->size ? 0 : i;
}

static bool
same(const struct seen_id *a, const struct seen_id *b)
{
	return a->w[0] == b->w[0] && a->w[1] == b->w[1] && a->w[2] == b->w[2];
}

/* Where it is in the table, or would be; in *far, how far from home. */
static size_t
find(const struct seen *s, const struct seen_id *id, uint32_t *far)
{
	size_t i = home(s, id);

	for (*far = 0; s->table[i] != 0; ++*far, i = after(s, i))
		if (s->table[i] >> FAR == *far && same(at(s, i), id))
			break;
	return i;
}

static bool
enter(struct seen *s, uint64_t number)
{
	uint32_t far;
	size_t i = find(s, nth(s, number), &far);

	if (far < 256)
		s->table[i] = far << FAR | ((uint32_t)(number % s->cap) + 1);
	return far < 256;
}

/* It is far larger than it has to be only when the hash is no hash. */
static void
make_table(struct seen *s, size_t size)
{
	uint64_t i;

	do {
		free(s->table);
		s->size = size;
		s->table = ce_alloc(size * sizeof(*s->table));
		for (i = s->first; i < s->next && enter(s, i); i++)
			;
		size += size / 4;
	} while (i < s->next);
}

static void
resize(struct seen *s, size_t cap)
{
	struct seen was = *s;

	s->cap = cap;
	s->ring = ce_alloc(cap * sizeof(*s->ring));
	for (uint64_t i = s->first; i < s->next; i++)
		*nth(s, i) = *nth(&was, i);
	free(was.ring);
	make_table(s, cap + cap / 2 + 1);
}

struct seen *
seen_new(size_t most, int64_t ms)
{
	struct seen *s = CE_NEW(struct seen);

	s->most = most < SEEN_MOST ? most : SEEN_MOST;
	s->ms = ms;
	s->first = s->next = 1;
	resize(s, s->most < FEW ? s->most : FEW);
	if (ms > 0)
		s->marks = ce_alloc(MARKS * sizeof(*s->marks));
	return s;
}

void
seen_free(struct seen *s)
{
	if (s == NULL)
		return;
	free(s->ring);
	free(s->table);
	free(s->marks);
	free(s);
}

bool
seen_has(const struct seen *s, const struct seen_id *id)
{
	uint32_t far;

	return s->table[find(s, id, &far)] != 0;
}

/* Those behind it move up, as far as their home. */
static void
forget_first(struct seen *s)
{
	uint32_t place = (uint32_t)(s->first % s->cap) + 1, gap = 1;
	size_t hole = home(s, nth(s, s->first)), i;

	while ((s->table[hole] & PLACE) != place)
		hole = after(s, hole);
	for (i = after(s, hole); s->table[i] != 0; i = after(s, i), gap++) {
		if (s->table[i] >> FAR < gap)
			continue;
		s->table[hole] = s->table[i] - (gap << FAR);
		hole = i;
		gap = 0;
	}
	s->table[hole] = 0;
	s->first++;
	/* who goes soon is known, so memory need not be waited for then */
	__builtin_prefetch(&s->table[home(s, nth(s, s->first + 15))]);
}

static struct mark *
mark(const struct seen *s, uint64_t n)
{
	return &s->marks[n & (MARKS - 1)];
}

static void
forget_mark(struct seen *s)
{
	uint64_t upto = s->first_mark + 1 < s->next_mark ? mark(s, s->first_mark + 1)->from : s->next;

	while (s->first < upto)
		forget_first(s);
	s->first_mark++;
}

void
seen_expire(struct seen *s, int64_t now)
{
	while (s->first_mark < s->next_mark &&
	    mark(s, s->first_mark)->at + s->ms / GRAINS < now - s->ms)
		forget_mark(s);
}

static void
set_mark(struct seen *s, int64_t now)
{
	if (s->next_mark > s->first_mark &&
	    now <= mark(s, s->next_mark - 1)->at + s->ms / GRAINS)
		return;
	if (s->next_mark - s->first_mark == MARKS)
		forget_mark(s);
	*mark(s, s->next_mark++) = (struct mark){ s->next, now };
}

uint64_t
seen_add(struct seen *s, const struct seen_id *id, int64_t now)
{
	if (s->ms > 0)
		set_mark(s, now);
	if (s->next - s->first == s->cap) {
		if (s->cap < s->most)
			resize(s, s->most / 2 < s->cap ? s->most : 2 * s->cap);
		else
			forget_first(s);
	}
	*nth(s, s->next++) = *id;
	if (!enter(s, s->next - 1))
		make_table(s, s->size + s->size / 4);
	return s->next - 1;
}

bool
seen_nth(const struct seen *s, uint64_t number, struct seen_id *id)
{
	if (number < s->first || number >= s->next)
		return false;
	*id = *nth(s, number);
	return true;
}

size_t
seen_count(const struct seen *s)
{
	return (size_t)(s->next - s->first);
}
