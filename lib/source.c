/* source.c -- what a source promises: events go out in order, and its position
 * follows the longest finished prefix of them, never further.
 *
 * base is the first unfinished number, next the one to give.  An event is
 * finished when it was acknowledged; where nobody acknowledges, when it was
 * written.  No more than --window events are ever out without being finished
 * and committed, so that no crash repeats more than those.
 * SPDX-License-Identifier: Apache-2.0 */

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include "flow.h"

enum { OPEN, DONE, DEAD, BEYOND, BLOCKED }; /* beyond --count; refused, nowhere to put */

struct entry {
	ce_settled *fn;
	void *token;
};

static struct entry *ring;
static uint8_t *state, *votes;
static uint64_t mask, base = 1, next = 1, committed = 1, emitted;
static bool acking, trusting, stopping, counted;
static int64_t first_at, commit_at, ack_at, pushed_at;
static bool (*commit)(void);
static bool commit_failed, said_stall;

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

bool
ce_acks(void)
{
	return acking;
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

void
ce_stop(int code)
{
	stopping = true;
	ce_worse(code);
}

static bool
stamps(bool keeps)
{
	if ((ce_program->uses & CE_USE_COMMIT) == 0 || ce_conf.ack == CE_ACK_NONE)
		return false;
	return ce_conf.ack == CE_ACK_REQUIRE || (ce_out_is_pipe() && keeps);
}

/* auto stamps where there is something to commit and somebody may read: the
 * other end of a pipe.  --ack require stamps wherever it is. */
void
ce_source_start(void)
{
	acking = stamps(ce_conf.state != NULL || (ce_program->uses & CE_USE_LISTEN) != 0);
	if (acking)
		ce_acks_open();
	commit_at = ce_now();
}

void
ce_commits(void)
{
	bool was = acking;

	acking = stamps(true);
	if (acking && !was)
		ce_acks_open();
}

static bool
listens(void)
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
	while (base < next && (state[base & mask] == DONE || state[base & mask] == DEAD)) {
		settle(base, state[base & mask] == DEAD ? CE_NEVER : CE_TAKEN);
		base++;
	}
	ce_stats->open = next - base;
}

/* from..to are finished; what is so already is passed over. */
void
ce_src_done(uint64_t from, uint64_t to)
{
	uint64_t seq;

	ack_at = ce_now();
	said_stall = false;
	if (to >= next)
		to = next - 1;
	for (seq = from < base ? base : from; seq <= to; seq++) {
		if (state[seq & mask] != OPEN)
			continue;
		state[seq & mask] = DONE;
		ce_stats->acked++;
		if (listens())
			settle(seq, CE_TAKEN);
	}
	advance();
}

bool
ce_src_mark(uint64_t seq, long needed)
{
	if (votes == NULL)
		votes = ce_alloc((size_t)mask + 1);
	return ++votes[seq & mask] >= needed;
}

void
ce_src_failed(uint64_t seq, const char *reason)
{
	ce_warn("stopping: event %" PRIu64 " was refused downstream: %s", seq, reason);
	ce_stop(CE_DATAERR);
}

static void
grow(void)
{
	uint64_t n = mask == 0 ? 1024 : 2 * (mask + 1), seq, old = mask;
	struct entry *r = ce_alloc((size_t)n * sizeof(*r));
	uint8_t *s = ce_alloc((size_t)n), *v = votes != NULL ? ce_alloc((size_t)n) : NULL;

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

static uint64_t
enter(ce_settled *fn, void *token, int how)
{
	if (mask == 0 || next - base > mask)
		grow();
	ring[next & mask] = (struct entry){ fn, token };
	state[next & mask] = (uint8_t)how;
	if (votes != NULL)
		votes[next & mask] = 0;
	ce_stats->open = next + 1 - base;
	return next++;
}

static void
try_commit(bool last)
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

static bool
window_full(void)
{
	uint64_t from = commit != NULL ? committed : base;

	return next - from >= (uint64_t)ce_conf.window;
}

static void
stalled(void)
{
	if (said_stall || ce_now() - ack_at < ce_conf.ack_wait || !ce_acks_any())
		return;
	if (ce_conf.ack_count == 0 && ce_conf.ack_sinks <= 1 && ce_acks_live())
		return; /* the sink is slow, and says so itself */
	said_stall = true;
	ce_warn("held up: event %" PRIu64 " was not acknowledged for %ld s (%s)", base,
	    (long)((ce_now() - ack_at) / 1000),
	    !ce_acks_live() ? "the sink has gone" :
	    ce_conf.ack_count ? "--ack-count exact: does a stage remove events?" :
	    "several sinks: use ce-tee where a branch removes events");
	if (!ce_acks_live())
		ce_stop(CE_TEMPFAIL);
}

/* What time brings: finished writes, commits, doubts about who listens.
 * Returns in how many ms to look again; -1: no need. */
static int64_t
housekeep(void)
{
	int64_t now = ce_now(), soon = -1, left;

	if (trusting && ce_acks_any())
		trusting = false;
	if ((!acking || trusting) && ce_out_empty() && !ce_out_gone() && base < next)
		ce_src_done(base, next - 1);
	if (acking && !trusting && base < next) {
		if (ce_conf.ack == CE_ACK_AUTO && !ce_acks_any() && first_at != 0) {
			soon = first_at + ce_conf.ack_wait - now;
			if (soon <= 0) {
				ce_note("nobody acknowledges; from here on an event counts as "
				    "finished when it was written");
				trusting = true;
				return 0;
			}
		} else {
			stalled();
			soon = said_stall ? -1 : ce_conf.ack_wait - (now - ack_at) + 1;
			if (soon < 0 && !said_stall)
				soon = ce_conf.ack_wait;
		}
	}
	if (commit != NULL && base != committed) {
		left = ce_conf.commit_every - (now - commit_at);
		if (left <= 0) {
			try_commit(false);
			left = commit_failed ? 1000 : -1;
		}
		if (left >= 0 && (soon < 0 || left < soon))
			soon = left;
	}
	return soon;
}

static void
one_turn(int64_t ms)
{
	bool was = stopping;
	int64_t soon;

	ce_out_push();
	pushed_at = ce_now();
	soon = housekeep();
	if (soon >= 0 && (ms < 0 || soon < ms))
		ms = soon;
	if (stopping && !was)
		ms = 0; /* the caller has to know */
	ce_turn(ms);
}

void
ce_wait(long ms)
{
	ce_stats->blocked = window_full() ? CE_ON_ACKS : CE_ON_INPUT;
	if (ms != 0 && (stopping || ce_told_to_leave))
		ms = 0;
	one_turn(ms);
	housekeep();
	ce_stats->blocked = CE_ON_NOTHING;
}

bool
ce_room(void)
{
	return !window_full() && !ce_out_full();
}

/* The clock ticks every few ms: then acks are read and gathered output leaves,
 * so that a busy source needs no system call an event. */
bool
ce_running(void)
{
	if (ce_now() - pushed_at >= 5)
		one_turn(0);
	return !stopping && !ce_told_to_leave && !counted && !ce_out_gone();
}

static void
wait_for_window(void)
{
	while (window_full() && !ce_out_gone() && !stopping) {
		if (base != committed)
			try_commit(false);
		if (!window_full())
			break;
		ce_stats->blocked = CE_ON_ACKS;
		ce_out_push();
		one_turn(commit_failed ? 1000 : -1);
		if (ce_told_to_leave)
			break; /* this one still goes out; the drain waits for it */
	}
	ce_stats->blocked = CE_ON_NOTHING;
}

static size_t
stamp(char *out, uint64_t seq)
{
	char digits[24], *p = digits + sizeof(digits);
	size_t n, k;
	const char *head = ce_acks_stamp(&n);

	*--p = '"';
	do
		*--p = (char)('0' + seq % 10);
	while ((seq /= 10) != 0);
	k = (size_t)(digits + sizeof(digits) - p);
	memcpy(out, head, n);
	memcpy(out + n, p, k);
	return n + k;
}

void
ce_emit(struct ce_event *ev, ce_settled *settled, void *token)
{
	char ackto[80];
	uint64_t seq;

	if (counted) {
		enter(settled, token, BEYOND);
		return;
	}
	if (!listens())
		wait_for_window();
	if (ev->at[CE_AT_ACKTO] >= 0 && acking)
		ce_event_cut(ev, CE_AT_ACKTO);
	seq = enter(settled, token, OPEN);
	if (first_at == 0)
		first_at = ack_at = ce_now();
	else if (base == seq)
		ack_at = ce_now();
	ce_stats->events_out++;
	if (acking)
		ce_out_stamped(ev->text, ev->len, ackto, stamp(ackto, seq));
	else {
		ce_buf_add(ce_out(), ev->text, ev->len);
		ce_buf_putc(ce_out(), '\n');
	}
	if (ce_conf.count > 0 && ++emitted >= (uint64_t)ce_conf.count)
		counted = true;
	if (ce_out_full() && !listens()) {
		ce_out_flush();
		housekeep();
	}
}

void
ce_refuse(const char *text, size_t n, const char *where, const char *why,
    ce_settled *settled, void *token)
{
	if (counted) {
		enter(settled, token, BEYOND);
		return;
	}
	if (ce_dead_line(text, n, where, why)) {
		enter(settled, token, DEAD);
		advance();
		return;
	}
	ce_say_refused(text, n, where, why);
	enter(settled, token, BLOCKED);
	ce_stop(CE_DATAERR);
}

/* Unfinished events that somebody may still finish. */
static uint64_t
due(void)
{
	uint64_t seq, n = 0;

	for (seq = base; seq < next; seq++)
		n += state[seq & mask] == OPEN;
	return n;
}

/* Until a sink has said hello the pipe stays open: while it is, its reader's
 * death can be seen, and is not taken for somebody who never answers. */
static void
await_hello(void)
{
	while (acking && !trusting && ce_conf.ack == CE_ACK_AUTO && !ce_acks_any() &&
	    !ce_out_gone() && due() > 0)
		one_turn(-1);
}

static void
await_acks(void)
{
	while (acking && !trusting && due() > 0) {
		if (ce_acks_any() && !ce_acks_live())
			break;
		if (ce_out_gone() && !ce_acks_live())
			break;
		if (ce_told_to_leave && ce_now() - ack_at > ce_conf.ack_wait)
			break;
		one_turn(ce_told_to_leave ? ce_conf.ack_wait : -1);
	}
}

int
ce_source_finish(void)
{
	uint64_t left, seq;

	if (!ce_out_gone())
		ce_out_flush();
	ack_at = ce_now();
	await_hello();
	housekeep();
	ce_out_close();
	await_acks();
	housekeep();
	left = due();
	try_commit(true);
	if (left > 0) {
		ce_warn("%" PRIu64 " event%s not acknowledged: %s", left, left == 1 ? " was" : "s were",
		    commit != NULL ? "they come again" : "nobody may have them");
		ce_worse(CE_TEMPFAIL);
	}
	for (seq = base; seq < next; seq++)
		settle(seq, CE_LATER);
	ce_acks_close();
	return ce_code;
}
