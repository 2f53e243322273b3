/* drain.c -- the end of a source or relay: its outputs are closed, and what can
 * still be acknowledged is waited for.
 * SPDX-License-Identifier: Apache-2.0 */

#include <inttypes.h>
#include "chain.h"
#include "doubt.h"
#include "window.h"

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
		ce_downs_turn(0); /* it may have knocked already */
	d->chain = ce_chain_look(d);
	while ((d->chain == CE_CHAIN_UNKNOWN || d->chain == CE_CHAIN_FOREIGN) && !ce_trusting(d) &&
	    ce_conf.ack == CE_ACK_AUTO && !ce_acks_any(d) && !d->gone && ce_win_due(d) > 0) {
		ce_downs_turn(100);
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

/* Waits for what can still be acknowledged.  Who has started the readers may have to
 * be told of their end yet, and knows what becomes of their events. */
static void
await_acks(struct ce_down *d)
{
	while (waits(d) && !hopeless(d))
		ce_downs_turn(!ce_acks_live(d) || d->refused ? 100 : ce_conf.ack_wait);
	if (waits(d) && d->left != NULL)
		ce_downs_turn(0);
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
	while (ce_spools() && !ce_out_empty(d) && !d->gone)
		if (ce_told_to_leave && ce_now() - since > ce_conf.ack_wait)
			d->gone = true;
		else
			ce_downs_turn(ce_told_to_leave ? 100 : 1000);
	if (!d->gone)
		ce_out_flush(d);
}

/* Closes all outputs, so that what stages hold back comes out. */
static void
drain(void)
{
	struct ce_down *d;

	for (d = ce_downs; d != NULL; d = d->next_down) {
		flush_last(d);
		if (waits(d))
			await_hello(d);
		else
			d->silent = true;
	}
	for (d = ce_downs; d != NULL; d = d->next_down) {
		ce_out_close(d);
		if (!d->silent)
			ce_chain_watch(d);
		ce_doubt_no_more(d);
	}
	for (d = ce_downs; d != NULL; d = d->next_down) {
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
	ce_downs_keep();
	for (d = ce_downs; d != NULL; d = d->next_down) {
		acking |= d->acking;
		left += ce_win_due(d);
	}
	ce_win_commit(true);
	if (left > 0 && acking && !ce_spools())
		ce_warn(left == 1 ? "%" PRIu64 " event was not acknowledged: %s" :
		    "%" PRIu64 " events were not acknowledged: %s", left,
		    ce_program->uses & CE_USE_STATE || ce_program->role == CE_RELAY ?
		    "to come again" : "maybe not delivered");
	if (left > 0 && acking && !(ce_spools() && ce_told_to_leave)) /* it keeps them */
		ce_worse(CE_TEMPFAIL);
	for (d = ce_downs; d != NULL; d = d->next_down) {
		ce_win_leave(d);
		ce_acks_close(d);
	}
	return ce_code;
}
