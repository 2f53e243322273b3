/* window.c -- the events that a source has given and not yet finished.
 *
 * base is the first unfinished number, next the one to give; what lies behind
 * base was settled in the order of emission.  No more than --window events are
 * ever out without being finished and committed, so that no crash repeats more
 * than those.
 * SPDX-License-Identifier: Apache-2.0 */

#include <stdlib.h>
#include "window.h"

struct entry {
	ce_settled *fn;
	void *token;
};

static struct entry *ring;
static uint8_t *state;
static uint16_t *votes; /* --ack-sinks goes to 1000 */
static uint64_t mask, base = 1, next = 1, committed = 1;
static int64_t commit_at, done_at;
static bool (*commit)(void);
static bool commit_failed;

uint64_t
ce_src_first(void)
{
	return base;
}

uint64_t
ce_src_last(void)
{
	return next - 1;
}

long
ce_unfinished(void)
{
	return (long)(next - base);
}

void
ce_on_commit(bool (*fn)(void))
{
	commit = fn;
}

bool
ce_listens(void)
{
	return (ce_program->uses & CE_USE_LISTEN) != 0;
}

static void
settle(uint64_t seq, enum ce_verdict v)
{
	struct entry e = ring[seq & mask];

	if (e.fn != NULL) {
		ring[seq & mask].fn = NULL;
		e.fn(e.token, v);
	}
}

static void
advance(void)
{
	while (base < next && (state[base & mask] == CE_W_DONE || state[base & mask] == CE_W_DEAD)) {
		settle(base, state[base & mask] == CE_W_DEAD ? CE_NEVER : CE_TAKEN);
		base++;
	}
	ce_stats->open = next - base;
}

/* from..to are finished; what is so already is passed over. */
void
ce_src_done(uint64_t from, uint64_t to)
{
	uint64_t seq;

	done_at = ce_now();
	if (to >= next)
		to = next - 1;
	for (seq = from < base ? base : from; seq <= to; seq++) {
		if (state[seq & mask] != CE_W_OPEN)
			continue;
		state[seq & mask] = CE_W_DONE;
		ce_stats->acked++;
		if (ce_listens())
			settle(seq, CE_TAKEN);
	}
	advance();
}

bool
ce_src_mark(uint64_t seq, long needed)
{
	if (votes == NULL)
		votes = ce_alloc(((size_t)mask + 1) * sizeof(*votes));
	return ++votes[seq & mask] >= needed;
}

static void
grow(void)
{
	uint64_t n = mask == 0 ? 1024 : 2 * (mask + 1), seq, old = mask;
	struct entry *r = ce_alloc((size_t)n * sizeof(*r));
	uint8_t *s = ce_alloc((size_t)n);
	uint16_t *v = votes != NULL ? ce_alloc((size_t)n * sizeof(*v)) : NULL;

	for (seq = base; seq < next; seq++) {
		r[seq & (n - 1)] = ring[seq & old];
		s[seq & (n - 1)] = state[seq & old];
		if (v != NULL)
			v[seq & (n - 1)] = votes[seq & old];
	}
	free(ring);
	free(state);
	free(votes);
	ring = r;
	state = s;
	votes = v;
	mask = n - 1;
}

uint64_t
ce_win_enter(ce_settled *fn, void *token, int how)
{
	if (mask == 0 || next - base > mask)
		grow();
	if (base == next)
		done_at = ce_now();
	ring[next & mask] = (struct entry){ fn, token };
	state[next & mask] = (uint8_t)how;
	if (votes != NULL)
		votes[next & mask] = 0;
	next++;
	advance();
	return next - 1;
}

void
ce_win_commit(bool last)
{
	uint64_t upto = base;

	if (commit == NULL || upto == committed)
		return;
	commit_at = ce_now();
	if (commit()) {
		committed = upto;
		if (commit_failed)
			ce_note("the position can be kept again");
		commit_failed = false;
		return;
	}
	if (!commit_failed || last)
		ce_warn("cannot keep the position%s%s: %m", ce_conf.state != NULL ? " in " : "",
		    ce_conf.state != NULL ? ce_conf.state : "");
	commit_failed = true;
	if (last)
		ce_worse(CE_IOERR);
}

bool
ce_win_full(void)
{
	uint64_t from = commit != NULL ? committed : base;

	return next - from >= (uint64_t)ce_conf.window;
}

/* Unfinished events that somebody may still finish. */
uint64_t
ce_win_due(void)
{
	uint64_t seq, n = 0;

	for (seq = base; seq < next; seq++)
		n += state[seq & mask] == CE_W_OPEN;
	return n;
}


bool
ce_win_kept(void)
{
	return commit == NULL || base == committed;
}

int64_t
ce_win_commit_in(void)
{
	int64_t left;

	if (ce_win_kept())
		return -1;
	left = commit_at + (commit_failed ? 1000 : ce_conf.commit_every) - ce_now();
	return left > 0 ? left : 0;
}

int64_t
ce_win_quiet(void)
{
	return ce_now() - done_at;
}

void
ce_win_leave(void)
{
	uint64_t seq;

	for (seq = base; seq < next; seq++)
		settle(seq, CE_LATER);
}
