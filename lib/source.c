/* source.c -- what a source promises: events go out in order, and its position
 * follows the longest finished prefix of them, never further.
 *
 * An event is finished when it was acknowledged; where nobody acknowledges,
 * when it was written.
 * SPDX-License-Identifier: Apache-2.0 */

#include <inttypes.h>
#include <string.h>
#include "doubt.h"
#include "input.h"
#include "relay.h"
#include "window.h"

struct ce_down *ce_downs = &ce_stdout;
static bool stopping, counted;
static bool keeps; /* something hangs on the settling */
static int64_t pushed_at;
static uint64_t emitted;

bool
ce_emits(void)
{
	return ce_program->role == CE_SOURCE || ce_program->role == CE_RELAY;
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
ce_again(struct ce_again *a, enum ce_verdict v, void (*fn)(void *arg), void *arg)
{
	long ms;

	if (v == CE_TAKEN)
		return;
	if (v != CE_LATER || (ce_conf.retries >= 0 && a->attempts >= ce_conf.retries)) {
		ce_warn("%s", ce_reason());
		ce_stop(v == CE_FATAL ? ce_reason_code() : v == CE_NEVER ? CE_DATAERR : CE_UNAVAILABLE);
		return;
	}
	ms = ce_backoff(++a->attempts);
	ce_say_later(ms);
	a->timer.fn = fn;
	a->timer.arg = arg;
	ce_timer(&a->timer, ms);
}

void
ce_again_well(struct ce_again *a)
{
	ce_timer(&a->timer, -1);
	if (a->attempts > 0)
		ce_say_taken();
	a->attempts = 0;
}

void
ce_down_left(struct ce_down *d)
{
	if (d->left != NULL) {
		d->left(d->arg);
		return;
	}
	ce_warn("cannot write %s: nobody reads it any more", d->name);
	ce_stop(CE_IOERR);
}

struct ce_down *
ce_down_new(int fd, const char *name, size_t bytes, void (*gone)(void *arg), void *arg)
{
	struct ce_down *d = CE_NEW(struct ce_down);

	*d = (struct ce_down)CE_DOWN(fd, name);
	d->much = bytes;
	d->left = gone;
	d->arg = arg;
	d->branch = ++ce_branches;
	d->next_down = ce_downs;
	ce_downs = d;
	ce_out_start(d);
	return d;
}

bool
ce_spools(void)
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
	if (d->gone && ce_spools() && !stopping && !ce_told_to_leave) /* it would only notice when it writes */
		ce_down_left(d);
	if ((!d->acking || ce_trusting(d)) && ce_out_empty(d) && !d->gone && d->base < d->next)
		ce_src_done(d, d->base, d->next - 1);
	/* one that stops still has to find out whether anybody will ever speak */
	return d->acking && !ce_trusting(d) && (!stopping || (!d->silent && !ce_acks_any(d))) ?
	    ce_doubt(d) : -1;
}

static int64_t
sooner(int64_t a, int64_t b)
{
	return b >= 0 && (a < 0 || b < a) ? b : a;
}

int64_t
ce_downs_keep(void)
{
	struct ce_down *d;
	int64_t soon = -1;

	for (d = ce_downs; d != NULL; d = d->next_down) {
		soon = sooner(soon, housekeep(d));
		/* a source sees it in ce_running; a relay may wait for input that
		 * comes only when what it has given was acknowledged; who wants to
		 * be told was told at once */
		if (d->gone && d->left == NULL && ce_program->role == CE_RELAY && !ce_leaving())
			ce_down_left(d);
	}
	if (ce_win_commit_in() == 0)
		ce_win_commit(false);
	return sooner(soon, ce_win_commit_in());
}

int64_t
ce_downs_push(int64_t ms)
{
	bool was = stopping, full = !ce_room();
	struct ce_down *d;

	for (d = ce_downs; d != NULL; d = d->next_down)
		ce_out_push(d);
	pushed_at = ce_now();
	ms = sooner(ms, ce_downs_keep());
	ce_relay_settled();
	/* The caller has to know; a write or a commit may have made room. */
	return (stopping && !was) || (full && ce_room()) ? 0 : ms;
}

void
ce_downs_turn(int64_t ms)
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
	ce_downs_turn(ms);
	ce_downs_keep();
	ce_stats->blocked = CE_ON_NOTHING;
}

bool
ce_room(void)
{
	return ce_down_room(&ce_stdout);
}

/* The clock ticks every few ms: then acks are read and gathered output leaves,
 * so that a busy source needs no system call an event. */
void
ce_downs_busy(void)
{
	if (ce_now() - pushed_at >= 5)
		ce_downs_turn(0);
	ce_relay_settled();
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
		int64_t ms = ce_downs_push(ce_told_to_leave ? 100 : -1);

		if (!ce_win_kept())
			ce_win_commit(false);
		if (!ce_win_full(d))
			break;
		ce_stats->blocked = CE_ON_ACKS;
		ce_turn(ms);
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
	ce_out_line(d, (struct ce_str){ ev->text, ev->len }, d->acking ? seq : 0);
	if (ce_conf.count > 0 && ++emitted >= (uint64_t)ce_conf.count)
		counted = true;
	if (!ce_out_full(d) || ce_spools()) /* a spool has its input to look after */
		ce_out_stream(d);
	else if (!ce_listens()) {
		ce_out_flush(d);
		ce_downs_keep();
	}
}

bool
ce_down_room(const struct ce_down *d)
{
	return !ce_win_full(d) && !ce_out_full(d);
}

void
ce_down_give_up(struct ce_down *d)
{
	d->gone = true;
	ce_out_push(d);
	ce_win_give_up(d);
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
