/* source.c -- what a source promises: events go out in order, and its position
 * follows the longest finished prefix of them, never further.
 *
 * An event is finished when it was acknowledged; where nobody acknowledges,
 * when it was written.
 * SPDX-License-Identifier: Apache-2.0 */

#include <inttypes.h>
#include <string.h>
#include "chain.h"
#include "doubt.h"
#include "input.h"
#include "relay.h"
#include "window.h"

static struct ce_down *downs = &ce_stdout;
static bool stopping, counted;
static bool keeps; /* something hangs on the settling */
static int64_t pushed_at;
static uint64_t emitted;

bool
ce_emits(void)
{
	return ce_program->role == CE_SOURCE || ce_program->role == CE_RELAY;
}

bool
ce_acks(void)
{
	return ce_stdout.acking;
}

void
ce_stop(int code)
{
	stopping = true;
	ce_worse(code);
	if (ce_program->role == CE_RELAY)
		ce_leave(code);
}

void
ce_down_left(struct ce_down *d)
{
	ce_warn("cannot write %s: nobody reads it any more", d->name);
	ce_stop(CE_IOERR);
}

struct ce_down *
ce_down_new(int fd, const char *name)
{
	struct ce_down *d = CE_NEW(struct ce_down);

	*d = (struct ce_down)CE_DOWN(fd, name);
	d->branch = ++ce_branches;
	d->next_down = downs;
	downs = d;
	ce_out_start(d);
	return d;
}

static bool
spools(void)
{
	return (ce_program->uses & CE_USE_SPOOL) != 0;
}

/* auto stamps where there is something to commit and somebody may read: the
 * other end of a pipe.  --ack require stamps wherever it is.  A relay has
 * something to commit once an event has come that is to be acknowledged. */
static void
stamp(struct ce_down *d)
{
	if (d->acking || (ce_program->uses & CE_USE_COMMIT) == 0 || ce_conf.ack == CE_ACK_NONE)
		return;
	if (ce_conf.ack == CE_ACK_REQUIRE || (d->is_pipe && keeps))
		ce_acks_open(d);
}

void
ce_source_start(void)
{
	keeps = ce_conf.state != NULL || (ce_program->uses & CE_USE_LISTEN) != 0;
	stamp(&ce_stdout);
}

void
ce_commits(void)
{
	keeps = true;
	stamp(&ce_stdout);
}

void
ce_src_failed(struct ce_down *d, uint64_t seq, const char *reason)
{
	ce_warn("stopping: event %" PRIu64 " was refused downstream: %s", seq, reason);
	ce_relay_fail(ce_win_of(d, seq), reason);
	d->refused = true;
	ce_stop(CE_DATAERR);
}

/* What time brings: finished writes, doubts about who listens.  Returns in how
 * many ms to look again; -1: no need. */
static int64_t
housekeep(struct ce_down *d)
{
	if (d->gone && spools() && !stopping && !ce_told_to_leave) /* it would only notice when it writes */
		ce_down_left(d);
	if ((!d->acking || ce_trusting(d)) && ce_out_empty(d) && !d->gone && d->base < d->next)
		ce_src_done(d, d->base, d->next - 1);
	return d->acking && !ce_trusting(d) && !stopping ? ce_doubt(d) : -1;
}

static int64_t
sooner(int64_t a, int64_t b)
{
	return b >= 0 && (a < 0 || b < a) ? b : a;
}

static int64_t
keep_house(void)
{
	struct ce_down *d;
	int64_t soon = -1;

	for (d = downs; d != NULL; d = d->next_down)
		soon = sooner(soon, housekeep(d));
	if (ce_win_commit_in() == 0)
		ce_win_commit(false);
	return sooner(soon, ce_win_commit_in());
}

int64_t
ce_downs_push(int64_t ms)
{
	bool was = stopping, full = ce_win_full(&ce_stdout);
	struct ce_down *d;

	for (d = downs; d != NULL; d = d->next_down)
		ce_out_push(d);
	pushed_at = ce_now();
	ms = sooner(ms, keep_house());
	/* The caller has to know; a commit may have made room. */
	return (stopping && !was) || (full && !ce_win_full(&ce_stdout)) ? 0 : ms;
}

static void
one_turn(int64_t ms)
{
	ce_turn(ce_downs_push(ms));
}

void
ce_wait(long ms)
{
	ce_stats->blocked = ce_win_full(&ce_stdout) ? CE_ON_ACKS : CE_ON_INPUT;
	if (ms != 0 && (stopping || ce_told_to_leave))
		ms = 0;
	if (ce_program->role == CE_RELAY)
		ce_peers_flush(true); /* those before it do not wait for this */
	one_turn(ms);
	keep_house();
	ce_stats->blocked = CE_ON_NOTHING;
}

bool
ce_room(void)
{
	return !ce_win_full(&ce_stdout) && !ce_out_full(&ce_stdout);
}

/* The clock ticks every few ms: then acks are read and gathered output leaves,
 * so that a busy source needs no system call an event. */
void
ce_downs_busy(void)
{
	if (ce_now() - pushed_at >= 5)
		one_turn(0);
}

bool
ce_running(void)
{
	ce_downs_busy();
	return !stopping && !ce_told_to_leave && !counted && !ce_stdout.gone;
}

static void
wait_for_window(struct ce_down *d)
{
	while (ce_win_full(d) && !d->gone && !stopping) {
		if (!ce_win_kept())
			ce_win_commit(false);
		if (!ce_win_full(d))
			break;
		ce_stats->blocked = CE_ON_ACKS;
		one_turn(ce_told_to_leave ? 100 : -1);
		/* this one still goes out; the drain waits for it */
		if (ce_told_to_leave && (ce_program->role == CE_SOURCE ||
		    ce_win_quiet(d) > ce_conf.ack_wait))
			break;
	}
	ce_stats->blocked = CE_ON_NOTHING;
}

void
ce_emit_to(struct ce_down *d, struct ce_event *ev, ce_settled *settled, void *token)
{
	uint64_t seq;

	if (counted) {
		ce_win_enter(d, settled, token, CE_W_BEYOND);
		return;
	}
	if (!d->acking && ce_input_addressed()) {
		keeps = true;
		stamp(d);
	}
	if (!ce_listens())
		wait_for_window(d);
	if (ev->at[CE_AT_ACKTO] >= 0 && d->acking)
		ce_event_cut(ev, CE_AT_ACKTO);
	seq = ce_win_enter(d, settled, token, CE_W_OPEN);
	if (d->first_at == 0)
		d->first_at = ce_now();
	ce_stats->events_out++;
	if (d->acking)
		ce_out_stamped(d, ev->text, ev->len, ce_acks_address(d), seq);
	else
		ce_out_line(d, ev->text, ev->len);
	if (ce_conf.count > 0 && ++emitted >= (uint64_t)ce_conf.count)
		counted = true;
	if (ce_out_full(d) && !ce_listens()) {
		if (spools()) /* it has its input to look after */
			ce_out_push(d);
		else
			ce_out_flush(d);
		keep_house();
	}
}

void
ce_emit(struct ce_event *ev, ce_settled *settled, void *token)
{
	ce_emit_to(&ce_stdout, ev, settled, token);
}

void
ce_refuse(const char *text, size_t n, const char *where, const char *why,
    ce_settled *settled, void *token)
{
	int how = counted ? CE_W_BEYOND : ce_dead_line(text, n, where, why) ? CE_W_DEAD : CE_W_BLOCKED;

	if (how == CE_W_BLOCKED)
		ce_say_refused(text, n, where, why);
	ce_win_enter(&ce_stdout, settled, token, how);
	if (how == CE_W_BLOCKED)
		ce_stop(CE_DATAERR);
}

static bool
waits(struct ce_down *d)
{
	return d->acking && !ce_trusting(d) && ce_win_due(d) > 0;
}

/* While nobody of ours is seen behind us (it may only be about to start), the
 * pipe stays open until somebody has said hello: while it is open, its reader's
 * death shows, and is not taken for somebody who never answers. */
static void
await_hello(struct ce_down *d)
{
	if (!ce_acks_any(d))
		one_turn(0); /* it may have knocked already */
	d->chain = ce_chain_look(d);
	while ((d->chain == CE_CHAIN_UNKNOWN || d->chain == CE_CHAIN_FOREIGN) && !ce_trusting(d) &&
	    ce_conf.ack == CE_ACK_AUTO && !ce_acks_any(d) && !d->gone && ce_win_due(d) > 0) {
		one_turn(100);
		d->chain = ce_chain_look(d);
	}
}

/* A wrapper (timeout, a subshell) keeps the pipe open until we have left: what
 * the next stage holds back until the end of its input cannot come out. */
static bool
held_open(const struct ce_down *d)
{
	pid_t pid = ce_chain_held(d);

	if (pid != 0)
		ce_warn("the end of the events cannot be seen: process %ld keeps %s open",
		    (long)pid, d->name);
	return pid != 0;
}

static bool
hopeless(struct ce_down *d)
{
	int64_t quiet = ce_win_quiet(d);

	if ((ce_told_to_leave && quiet > ce_conf.ack_wait) || (d->refused && quiet > 1000))
		return true;
	if (quiet > ce_conf.ack_wait && held_open(d))
		return true;
	if (ce_acks_live(d))
		return false;
	if (d->chain == CE_CHAIN_UNKNOWN || d->gone)
		return ce_acks_any(d) || d->gone;
	return ce_chain_over(d) || (ce_acks_any(d) && quiet > ce_conf.ack_wait);
}

/* Waits for what can still be acknowledged. */
static void
await_acks(struct ce_down *d)
{
	while (waits(d) && !hopeless(d))
		one_turn(!ce_acks_live(d) || d->refused ? 100 : ce_conf.ack_wait);
}

/* What is left was removed, if all stages ended well; else it may have died with
 * one, and comes again. */
static void
judge(struct ce_down *d)
{
	if (!waits(d) || d->gone || !ce_acks_cumulative(d) || !ce_chain_ended_well(d))
		return;
	ce_info("%" PRIu64 " events were removed on the way", ce_win_due(d));
	ce_src_done(d, d->base, d->next - 1);
}

/* A spool that is told to leave waits --ack-wait for its reader: it keeps the rest. */
static void
flush_last(struct ce_down *d)
{
	int64_t since = ce_now();

	ce_out_push(d);
	while (spools() && !ce_out_empty(d) && !d->gone)
		if (ce_told_to_leave && ce_now() - since > ce_conf.ack_wait)
			d->gone = true;
		else
			one_turn(ce_told_to_leave ? 100 : 1000);
	if (!d->gone)
		ce_out_flush(d);
}

/* Closes all outputs, so that what stages hold back comes out. */
static void
drain(void)
{
	struct ce_down *d;

	for (d = downs; d != NULL; d = d->next_down) {
		flush_last(d);
		if (waits(d))
			await_hello(d);
		else
			d->silent = true;
	}
	for (d = downs; d != NULL; d = d->next_down) {
		ce_out_close(d);
		if (!d->silent)
			ce_chain_watch(d);
		ce_doubt_no_more(d);
	}
	for (d = downs; d != NULL; d = d->next_down) {
		await_acks(d);
		judge(d);
	}
}

int
ce_source_finish(void)
{
	struct ce_down *d;
	uint64_t left = 0;
	bool acking = false;

	drain();
	keep_house();
	for (d = downs; d != NULL; d = d->next_down) {
		acking |= d->acking;
		left += ce_win_due(d);
	}
	ce_win_commit(true);
	if (left > 0 && acking && !spools())
		ce_warn(left == 1 ? "%" PRIu64 " event was not acknowledged: %s" :
		    "%" PRIu64 " events were not acknowledged: %s", left,
		    ce_program->uses & CE_USE_STATE || ce_program->role == CE_RELAY ?
		    "to come again" : "maybe not delivered");
	if (left > 0 && acking && !(spools() && ce_told_to_leave)) /* it keeps them */
		ce_worse(CE_TEMPFAIL);
	for (d = downs; d != NULL; d = d->next_down) {
		ce_win_leave(d);
		ce_acks_close(d);
	}
	return ce_code;
}
