/* line.c -- records from a descriptor, in large blocks, as views.
 *
 * A record is always contiguous: the unfinished end of a block moves to the
 * head of the next.  A block lives while the reader or a record refers to it;
 * one that is free again is kept for the next read, because fresh pages cost
 * more than the read itself.
 * SPDX-License-Identifier: Apache-2.0 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "ce.h"

#define BLOCK ((size_t)256 << 10)
#define LEAST ((size_t)16 << 10) /* room that makes a read worth its call */

struct ce_block {
	struct ce_block *next; /* in the pool */
	size_t cap;
	long refs;
	char data[];
};

static struct ce_block *pool;
static int pooled;

static struct ce_block *
block_new(size_t cap)
{
	struct ce_block *b = pool;

	if (cap <= BLOCK && b != NULL) {
		pool = b->next;
		pooled--;
	} else {
		if (cap < BLOCK)
			cap = BLOCK;
		b = ce_realloc(NULL, sizeof(*b) + cap + 1);
		b->cap = cap;
	}
	b->refs = 1;
	return b;
}

void
ce_block_drop(struct ce_block *b)
{
	if (b == NULL || --b->refs > 0)
		return;
	if (b->cap == BLOCK && pooled < 8) {
		b->next = pool;
		pool = b;
		pooled++;
	} else
		free(b);
}

void
ce_lines_init(struct ce_lines *l, int fd, char sep, size_t max)
{
	memset(l, 0, sizeof(*l));
	l->fd = fd;
	l->sep = sep;
	l->max = max;
}

void
ce_lines_free(struct ce_lines *l)
{
	ce_block_drop(l->block);
	l->block = NULL;
	l->from = l->scan = l->to = 0;
}

/* Makes room behind l->to: in place where nobody else looks at the block, else
 * in a new one.  An unfinished record doubles its block, up to max and a bit. */
static void
make_room(struct ce_lines *l, size_t least)
{
	size_t part = l->to - l->from, want = part + least;
	struct ce_block *b = l->block;

	if (part > least)
		want = 2 * part;
	if (want > l->max + BLOCK)
		want = l->max + BLOCK;
	if (b != NULL && b->refs == 1 && b->cap >= want) {
		memmove(b->data, b->data + l->from, part);
	} else {
		b = block_new(want);
		if (part > 0)
			memcpy(b->data, l->block->data + l->from, part);
		ce_block_drop(l->block);
		l->block = b;
	}
	l->scan -= l->from;
	l->to = part;
	l->from = 0;
}

char *
ce_lines_room(struct ce_lines *l, size_t least, size_t *room)
{
	if (l->skipping > 0)
		l->to = l->scan = l->from + l->max; /* forget what was passed over */
	if (l->block == NULL || l->block->cap - l->to < least ||
	    (l->from == l->to && l->block->refs == 1))
		make_room(l, least);
	*room = l->block->cap - l->to;
	return l->block->data + l->to;
}

ssize_t
ce_lines_fill(struct ce_lines *l)
{
	size_t room;
	char *p = ce_lines_room(l, LEAST, &room);
	ssize_t n = read(l->fd, p, room);

	if (n > 0)
		l->to += (size_t)n;
	else if (n == 0)
		l->eof = true;
	return n;
}

static enum ce_got
take(struct ce_lines *l, struct ce_record *r, size_t end, size_t sep, enum ce_got got)
{
	size_t len = end - l->from;

	if (len > l->max || l->skipping > 0) {
		got = CE_L_LONG;
		r->len = l->max;
	} else
		r->len = len;
	r->p = l->block->data + l->from;
	r->offset = l->offset;
	r->next = l->offset + len + l->skipping + sep;
	r->line = ++l->line;
	r->block = l->block;
	r->block->refs++;
	l->offset = r->next;
	l->from = l->scan = end + sep;
	l->skipping = 0;
	return got;
}

enum ce_got
ce_lines_get(struct ce_lines *l, struct ce_record *r)
{
	char *q;

	if (l->block == NULL)
		return l->eof ? CE_L_END : CE_L_NONE;
	q = memchr(l->block->data + l->scan, l->sep, l->to - l->scan);
	if (q != NULL)
		return take(l, r, (size_t)(q - l->block->data), 1, CE_L_LINE);
	l->scan = l->to;
	if (l->eof)
		return l->to > l->from ? take(l, r, l->to, 0, CE_L_LAST) : CE_L_END;
	if (l->to - l->from > l->max)
		l->skipping += l->to - l->from - l->max;
	return CE_L_NONE;
}

void
ce_lines_rest(struct ce_lines *l)
{
	size_t part = l->to - l->from;
	struct ce_block *b = NULL;

	if (l->block == NULL || l->block->cap <= LEAST || part > LEAST || l->skipping > 0)
		return;
	if (part > 0) {
		b = ce_realloc(NULL, sizeof(*b) + part + 1);
		memcpy(b->data, l->block->data + l->from, part);
		b->cap = part;
		b->refs = 1;
	}
	ce_block_drop(l->block);
	l->block = b;
	l->scan -= l->from;
	l->to = part;
	l->from = 0;
}
