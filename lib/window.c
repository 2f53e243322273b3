/* window.c -- the events that were given to an output and are not yet finished.
 *
 * base is the first unfinished number, next the one to give; what lies behind
 * base was settled in the order of emission.  No more than --window events are
 * ever out without being finished and committed, so that no crash repeats more
 * than those.
 * SPDX-License-Identifier: Apache-2.0 */

#include <stdlib.h>
#include "relay.h"
#include "window.h"

struct ce_entry {
	ce_settled *fn;
	void *token;
	uint64_t of; /* the event that it was made from, see relay.c; 0: none */
};

/* A position follows standard output alone. */
static bool (*commit)(void);
static int64_t commit_at;
static bool commit_failed;

long
ce_unfinished(void)
{
	return (long)(ce_stdout.next - ce_stdout.base);
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
settle(struct ce_down *d, uint64_t seq, enum ce_verdict v)
{
	struct ce_entry *e = &d->ring[seq & d->mask], was = *e;

	e->fn = NULL;
	e->of = 0;
	if (was.fn != NULL)
		was.fn(was.token, v);
	if (was.of != 0)
		ce_relay_less(was.of, v);
}

static void
advance(struct ce_down *d)
{
	while (d->base < d->next) {
		uint8_t s = d->state[d->base & d->mask];

		if (s != CE_W_DONE && s != CE_W_DEAD)
			break;
		settle(d, d->base, s == CE_W_DEAD ? CE_NEVER : CE_TAKEN);
		d->base++;
		ce_stats->open--;
	}
}

/* from..to are finished; what is so already is passed over. */
void
ce_src_done(struct ce_down *d, uint64_t from, uint64_t to)
{
	uint64_t seq;

	d->done_at = ce_now();
	if (to >= d->next)
		to = d->next - 1;
	for (seq = from < d->base ? d->base : from; seq <= to; seq++) {
		if (d->state[seq & d->mask] != CE_W_OPEN)
			continue;
		d->state[seq & d->mask] = CE_W_DONE;
		ce_stats->acked++;
		if (ce_listens())
			settle(d, seq, CE_TAKEN);
	}
	advance(d);
}

bool
ce_src_mark(struct ce_down *d, uint64_t seq, long needed)
{
	if (d->votes == NULL)
		d->votes = ce_alloc(((size_t)d->mask + 1) * sizeof(*d->votes));
	return ++d->votes[seq & d->mask] >= needed;
}

static void
grow(struct ce_down *d)
{
	uint64_t n = d->mask == 0 ? 1024 : 2 * (d->mask + 1), seq, old = d->mask;
	struct ce_entry *r = ce_alloc((size_t)n * sizeof(*r));
	uint8_t *s = ce_alloc((size_t)n);
	uint16_t *v = d->votes != NULL ? ce_alloc((size_t)n * sizeof(*v)) : NULL;

	for (seq = d->base; seq < d->next; seq++) {
		r[seq & (n - 1)] = d->ring[seq & old];
		s[seq & (n - 1)] = d->state[seq & old];
		if (v != NULL)
			v[seq & (n - 1)] = d->votes[seq & old];
	}
	free(d->ring);
	free(d->state);
	free(d->votes);
	d->ring = r;
	d->state = s;
	d->votes = v;
	d->mask = n - 1;
}

uint64_t
ce_win_enter(struct ce_down *d, ce_settled *fn, void *token, int how)
{
	if (d->mask == 0 || d->next - d->base > d->mask)
		grow(d);
	if (d->base == d->next)
		d->done_at = ce_now();
	d->ring[d->next & d->mask] = (struct ce_entry){ fn, token, ce_relay_more() };
	d->state[d->next & d->mask] = (uint8_t)how;
	if (d->votes != NULL)
		d->votes[d->next & d->mask] = 0;
	d->next++;
	ce_stats->open++;
	advance(d);
	return d->next - 1;
}

void
ce_win_commit(bool last)
{
	uint64_t upto = ce_stdout.base;

	if (commit == NULL || upto == ce_stdout.committed)
		return;
	commit_at = ce_now();
	if (commit()) {
		ce_stdout.committed = upto;
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
ce_win_full(const struct ce_down *d)
{
	uint64_t from = commit != NULL && d == &ce_stdout ? d->committed : d->base;

	return d->next - from >= (uint64_t)ce_conf.window;
}

/* Unfinished events that somebody may still finish. */
uint64_t
ce_win_due(const struct ce_down *d)
{
	uint64_t seq, n = 0;

	for (seq = d->base; seq < d->next; seq++)
		n += d->state[seq & d->mask] == CE_W_OPEN;
	return n;
}

bool
ce_win_kept(void)
{
	return commit == NULL || ce_stdout.base == ce_stdout.committed;
}

/* Half of the window holds what is only not yet committed: ce_room answers no,
 * and nothing else might come to change that. */
static bool
pressing(void)
{
	return ce_win_full(&ce_stdout) &&
	    2 * (ce_stdout.base - ce_stdout.committed) >= (uint64_t)ce_conf.window;
}

int64_t
ce_win_commit_in(void)
{
	int64_t left;

	if (ce_win_kept())
		return -1;
	if (pressing() && !commit_failed)
		return 0;
	left = commit_at + (commit_failed ? 1000 : ce_conf.commit_every) - ce_now();
	return left > 0 ? left : 0;
}

uint64_t
ce_win_of(const struct ce_down *d, uint64_t seq)
{
	return seq >= d->base && seq < d->next ? d->ring[seq & d->mask].of : 0;
}

int64_t
ce_win_quiet(const struct ce_down *d)
{
	return ce_now() - d->done_at;
}

/* An output that nobody reads any more: what is unfinished there has another end. */
void
ce_win_give_up(struct ce_down *d)
{
	uint64_t seq;

	for (seq = d->base; seq < d->next; seq++)
		if (d->state[seq & d->mask] == CE_W_OPEN)
			d->state[seq & d->mask] = CE_W_DEAD;
	advance(d);
}

void
ce_win_leave(struct ce_down *d)
{
	uint64_t seq;

	for (seq = d->base; seq < d->next; seq++)
		settle(d, seq, CE_LATER);
}
