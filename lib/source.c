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
#include "window.h"

static bool acking, stopping, counted;
static bool refused; /* downstream, and the sink gives up */
static int64_t first_at, pushed_at;
static uint64_t emitted;

bool
ce_acks(void)
{
	return acking;
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
}

void
ce_commits(void)
{
	bool was = acking;

	acking = stamps(true);
	if (acking && !was)
		ce_acks_open();
}

void
ce_src_failed(uint64_t seq, const char *reason)
{
	ce_warn("stopping: event %" PRIu64 " was refused downstream: %s", seq, reason);
	refused = true;
	ce_stop(CE_DATAERR);
}

/* What time brings: finished writes, commits, doubts about who listens.
 * Returns in how many ms to look again; -1: no need. */
static int64_t
housekeep(void)
{
	int64_t soon = -1, left;

	if ((!acking || ce_trusting()) && ce_out_empty() && !ce_out_gone() && ce_unfinished() > 0)
		ce_src_done(ce_src_first(), ce_src_last());
	if (acking && !ce_trusting() && !stopping)
		soon = ce_doubt(first_at);
	if (ce_win_commit_in() == 0)
		ce_win_commit(false);
	left = ce_win_commit_in();
	return left >= 0 && (soon < 0 || left < soon) ? left : soon;
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
	ce_stats->blocked = ce_win_full() ? CE_ON_ACKS : CE_ON_INPUT;
	if (ms != 0 && (stopping || ce_told_to_leave))
		ms = 0;
	one_turn(ms);
	housekeep();
	ce_stats->blocked = CE_ON_NOTHING;
}

bool
ce_room(void)
{
	return !ce_win_full() && !ce_out_full();
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
	while (ce_win_full() && !ce_out_gone() && !stopping) {
		if (!ce_win_kept())
			ce_win_commit(false);
		if (!ce_win_full())
			break;
		ce_stats->blocked = CE_ON_ACKS;
		ce_out_push();
		one_turn(-1);
		if (ce_told_to_leave)
			break; /* this one still goes out; the drain waits for it */
	}
	ce_stats->blocked = CE_ON_NOTHING;
}

void
ce_emit(struct ce_event *ev, ce_settled *settled, void *token)
{
	uint64_t seq;

	if (counted) {
		ce_win_enter(settled, token, CE_W_BEYOND);
		return;
	}
	if (!ce_listens())
		wait_for_window();
	if (ev->at[CE_AT_ACKTO] >= 0 && acking)
		ce_event_cut(ev, CE_AT_ACKTO);
	seq = ce_win_enter(settled, token, CE_W_OPEN);
	if (first_at == 0)
		first_at = ce_now();
	ce_stats->events_out++;
	if (acking)
		ce_out_stamped(ev->text, ev->len, ce_acks_address(), seq);
	else
		ce_out_line(ev->text, ev->len);
	if (ce_conf.count > 0 && ++emitted >= (uint64_t)ce_conf.count)
		counted = true;
	if (ce_out_full() && !ce_listens()) {
		ce_out_flush();
		housekeep();
	}
}

void
ce_refuse(const char *text, size_t n, const char *where, const char *why,
    ce_settled *settled, void *token)
{
	if (counted) {
		ce_win_enter(settled, token, CE_W_BEYOND);
		return;
	}
	if (ce_dead_line(text, n, where, why)) {
		ce_win_enter(settled, token, CE_W_DEAD);
		return;
	}
	ce_say_refused(text, n, where, why);
	ce_win_enter(settled, token, CE_W_BLOCKED);
	ce_stop(CE_DATAERR);
}

/* While nobody of ours is seen behind us (it may only be about to start), the
 * pipe stays open until somebody has said hello: while it is open, its reader's
 * death shows, and is not taken for somebody who never answers. */
static enum ce_chain
await_hello(void)
{
	enum ce_chain chain;

	if (!ce_acks_any())
		one_turn(0); /* it may have knocked already */
	chain = ce_chain_look();
	while ((chain == CE_CHAIN_UNKNOWN || chain == CE_CHAIN_FOREIGN) && !ce_trusting() &&
	    ce_conf.ack == CE_ACK_AUTO && !ce_acks_any() && !ce_out_gone() && ce_win_due() > 0) {
		one_turn(100);
		chain = ce_chain_look();
	}
	return chain;
}

/* A wrapper (timeout, a subshell) keeps the pipe open until we have left: what
 * the next stage holds back until the end of its input cannot come out. */
static bool
held_open(void)
{
	pid_t pid = ce_chain_held();

	if (pid != 0)
		ce_warn("the end of the events cannot be seen: process %ld keeps standard output "
		    "open", (long)pid);
	return pid != 0;
}

static bool
hopeless(enum ce_chain chain)
{
	int64_t quiet = ce_win_quiet();

	if ((ce_told_to_leave && quiet > ce_conf.ack_wait) || (refused && quiet > 1000))
		return true;
	if (quiet > ce_conf.ack_wait && held_open())
		return true;
	if (ce_acks_live())
		return false;
	if (chain == CE_CHAIN_UNKNOWN || ce_out_gone())
		return ce_acks_any() || ce_out_gone();
	return ce_chain_over() || (ce_acks_any() && quiet > ce_conf.ack_wait);
}

static void
await_acks(enum ce_chain chain)
{
	while (!ce_trusting() && ce_win_due() > 0 && !hopeless(chain))
		one_turn(!ce_acks_live() || refused ? 100 : ce_conf.ack_wait);
}

/* Closes the pipe, so that what stages hold back comes out, and waits for what
 * can still be acknowledged.  What then is left was removed, if all stages
 * ended well; else it may have died with one, and comes again. */
static void
drain(void)
{
	enum ce_chain chain = await_hello();

	ce_out_close();
	ce_doubt_no_more();
	ce_chain_watch();
	await_acks(chain);
	if (!ce_trusting() && ce_win_due() > 0 && !ce_out_gone() && ce_acks_cumulative() &&
	    ce_chain_ended_well()) {
		ce_info("%" PRIu64 " events were removed on the way", ce_win_due());
		ce_src_done(ce_src_first(), ce_src_last());
	}
}

int
ce_source_finish(void)
{
	uint64_t left;

	if (!ce_out_gone())
		ce_out_flush();
	if (acking && !ce_trusting() && ce_win_due() > 0)
		drain();
	else
		ce_out_close();
	housekeep();
	left = ce_win_due();
	ce_win_commit(true);
	if (left > 0 && acking) {
		ce_warn(left == 1 ? "%" PRIu64 " event was not acknowledged: %s" :
		    "%" PRIu64 " events were not acknowledged: %s", left,
		    ce_program->uses & CE_USE_STATE ? "to come again" : "maybe not delivered");
		ce_worse(CE_TEMPFAIL);
	}
	ce_win_leave();
	ce_acks_close();
	return ce_code;
}
