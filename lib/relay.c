/* relay.c -- a stage that makes new events of what it reads: to those before it
 * a sink, to those behind it a source.
 *
 * What it gives between ce_next and ce_settle belongs to that event, which is
 * acknowledged when all of it was finished, in the order of arrival.  An event
 * for which nothing is given is finished with the one before it: it may have
 * been left out because that one is under way (a duplicate).
 * SPDX-License-Identifier: Apache-2.0 */

#include <stdlib.h>
#include <string.h>
#include "relay.h"

struct record {
	struct ce_peer *peer; /* NULL: nobody is waiting for it */
	uint64_t from, to;    /* of that address; more than one: nothing was given for the others */
	uint32_t given;       /* and not finished */
	bool closed;          /* no more will be */
	bool lost;            /* one of it will not be finished by this process */
};

static struct record *ring;
static uint64_t mask, first = 1, next = 1; /* numbers of records */
static uint64_t current;                   /* 0: none begun */
static void (*on_settled)(void);

static bool
ties(void)
{
	return ce_program->role == CE_RELAY && !ce_spools();
}

static struct record *
nth(uint64_t n)
{
	return &ring[n & mask];
}

static uint64_t
begin(void)
{
	uint64_t n, size = mask == 0 ? 1024 : 2 * (mask + 1);
	struct record *r;

	if (mask == 0 || next - first > mask) {
		r = ce_alloc((size_t)size * sizeof(*r));
		for (n = first; n < next; n++)
			r[n & (size - 1)] = *nth(n);
		free(ring);
		ring = r;
		mask = size - 1;
	}
	memset(nth(next), 0, sizeof(*ring));
	return next++;
}

static void
advance(void)
{
	struct record *r;
	uint64_t seq;

	while (first < next && (r = nth(first))->closed && r->given == 0 && !r->lost) {
		for (seq = r->from; r->peer != NULL && seq <= r->to; seq++)
			ce_peer_done(r->peer, seq);
		first++;
	}
}

uint64_t
ce_relay_more(void)
{
	if (!ties())
		return 0;
	if (current == 0)
		current = begin();
	nth(current)->given++;
	return current;
}

/* So many duplicates of an unfinished event need no memory. */
static bool
joined(const struct ce_peer *p, uint64_t seq)
{
	struct record *last = next > first ? nth(next - 1) : NULL;

	if (last == NULL || last->peer != p || (p != NULL && seq != last->to + 1))
		return false;
	last->to = seq;
	return true;
}

void
ce_relay_close(struct ce_peer *p, uint64_t seq)
{
	struct record *r;

	if (!ties()) {
		if (p != NULL)
			ce_peer_done(p, seq);
		return;
	}
	if (current == 0 && joined(p, seq))
		return;
	r = nth(current != 0 ? current : begin());
	current = 0;
	r->peer = p;
	r->from = r->to = seq;
	r->closed = true;
	advance();
}

void
ce_relay_less(uint64_t of, enum ce_verdict v)
{
	struct record *r = nth(of);

	r->given--;
	r->lost |= v == CE_LATER;
	advance();
}

void
ce_relay_fail(uint64_t of, const char *reason)
{
	if (of != 0 && nth(of)->closed && nth(of)->peer != NULL)
		ce_peer_fail(nth(of)->peer, nth(of)->from, reason);
}

void
ce_on_settled(void (*fn)(void))
{
	on_settled = fn;
}

void
ce_relay_settled(void)
{
	if (on_settled != NULL)
		on_settled();
}

bool
ce_relay_room(void)
{
	return next - first < 2 * (uint64_t)ce_conf.window + 1024;
}
