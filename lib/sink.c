/* sink.c -- what a sink promises: an event is acknowledged when its delivery was
 * settled, in the order of arrival, and comes again until it is.
 * SPDX-License-Identifier: Apache-2.0 */

#include <string.h>
#include "input.h"
#include "queue.h"
#include "relay.h"

#define LARGE (4 << 20)  /* bytes that make a batch, however few events they are */
#define BEHIND 65536 /* settled events at most that wait for one before them */

static bool closing; /* no more input is taken */
static bool abandon; /* nor is anything handed out again */
static bool (*before_wait)(void);
static unsigned long verdicts, failures;
static int64_t together; /* when those that come again together are due */
static struct ce_event *probe; /* of who keeps an order: what comes again, alone */

bool
ce_leaving(void)
{
	return closing;
}

void
ce_leave(int code)
{
	closing = true;
	ce_worse(code);
}

void
ce_on_wait(bool (*fn)(void))
{
	before_wait = fn;
}

int
ce_open(void)
{
	return (int)ce_q_count(CE_Q_HANDED);
}

/* Output first: what is acknowledged has left. */
static void
flush(void)
{
	if (ce_emits())
		ce_downs_busy();
	else if (ce_out_full(&ce_stdout))
		ce_out_flush(&ce_stdout);
	if (ce_emits() || ce_out_empty(&ce_stdout))
		ce_peers_flush(false);
}

/* Before waiting for ms; answers for how long then. */
static int64_t
flush_before(int64_t ms)
{
	int64_t due;

	if (ce_emits())
		ms = ce_downs_push(ms);
	else if (!ce_out_empty(&ce_stdout))
		ce_out_flush(&ce_stdout);
	due = ce_peers_due();
	if (due == 0)
		ce_peers_flush(true);
	return due > 0 && (ms < 0 || due < ms) ? due : ms;
}

static const char *
name(struct ce_event *ev)
{
	static struct ce_buf text;
	struct ce_str id = { "", 0 };

	ce_buf_reset(&text);
	ce_attr(ev, CE_AT_ID, &id);
	ce_buf_visible(&text, id.p, id.len, 80);
	return text.p;
}

/* It and what is behind it stay unfinished: they come again. */
static void
stop_at(struct ce_event *ev, int code)
{
	failures++;
	ce_q_set(ev, CE_Q_STUCK);
	ce_q_give_up_behind(ev);
	ce_leave(code);
}

static void
refuse(struct ce_event *ev, int code)
{
	const char *reason = ce_reason();

	if (ce_dead(ev, reason)) {
		ce_q_set(ev, CE_Q_SETTLED);
		return;
	}
	ce_warn("cannot take event %s: %s", name(ev), reason);
	if (ev->flow[0] != NULL)
		ce_peer_fail(ev->flow[0], ev->seq, reason);
	stop_at(ev, code);
}

static bool
keeps_order(void)
{
	return (ce_program->uses & CE_USE_ORDER) != 0;
}

/* The events of a batch come again together, or their order would be that of
 * their pauses; and so do those of who keeps an order. */
static void
later(struct ce_event *ev)
{
	long ms;

	failures++;
	ev->attempts++;
	ce_stats->retried++;
	if (closing && ce_q_behind_stuck(ev)) {
		ce_q_set(ev, CE_Q_STUCK);
		return;
	}
	if (ce_conf.retries >= 0 && ev->attempts > ce_conf.retries) {
		refuse(ev, CE_UNAVAILABLE);
		return;
	}
	ms = ce_backoff(ev->attempts);
	if (ce_q_count(CE_Q_WAITING) == 0 || ev == probe || !(ce_program->uses & (CE_USE_BATCH | CE_USE_ORDER))) {
		ce_say_later(ms);
		together = ce_now() + ms;
	}
	ev->due = together;
	ce_q_set(ev, CE_Q_WAITING);
	if (keeps_order() && (ev == probe || ce_q_count(CE_Q_READY) > 0))
		ce_q_wait(together);
}

static void
back(struct ce_event *ev)
{
	if (closing && ce_q_behind_stuck(ev)) {
		ce_q_set(ev, CE_Q_STUCK);
		return;
	}
	ev->due = together;
	ce_q_set(ev, CE_Q_WAITING);
}

void
ce_settle(struct ce_event *ev, enum ce_verdict v)
{
	static bool said; /* of several under way, the first says it */

	verdicts++;
	switch (v) {
	case CE_TAKEN:
		ce_say_taken();
		ce_q_set(ev, CE_Q_SETTLED);
		if (ev == probe)
			ce_q_ready();
		break;
	case CE_LATER:
		later(ev);
		break;
	case CE_NEVER:
		ev->attempts++;
		refuse(ev, CE_DATAERR);
		break;
	case CE_FATAL:
		if (!said)
			ce_warn("%s", ce_reason());
		said = true;
		stop_at(ev, ce_reason_code());
		break;
	case CE_BACK:
		back(ev);
	}
	if (ev == probe)
		probe = NULL;
	ce_q_pop();
}

static struct ce_event *
hand(struct ce_event *ev)
{
	if (ev != NULL)
		ce_q_set(ev, CE_Q_HANDED);
	return ev;
}

static bool
room(void)
{
	return ce_q_count(CE_Q_HELD) < 16 * ce_conf.inflight && ce_q_count(CE_Q_SETTLED) < BEHIND &&
	    ce_q_bytes() < ce_conf.open_bytes && ce_relay_room();
}

static struct ce_event *
fresh(void)
{
	struct ce_event *ev;

	while (!closing && room() && (ev = ce_input_next()) != NULL)
		if (ce_q_push(ev))
			return hand(ev);
	return NULL;
}

static void
look_at_signals(void)
{
	long left = ce_q_count(CE_Q_WAITING);
	bool untaken;

	if (!ce_told_to_leave)
		return;
	if (left > 0 && !abandon) {
		ce_note("leaving with %ld event%s untaken: %s", left, left == 1 ? "" : "s",
		    ce_reason());
		ce_leave(CE_TEMPFAIL);
		abandon = true;
	}
	/* What it leaves unread must not be taken for removed by the source, nor for
	 * delivered by anybody. */
	if (closing || !ce_input_drained())
		return;
	untaken = ce_input_left();
	if (untaken)
		ce_note("leaving with input that was not taken");
	ce_leave(untaken || ce_input_owed() ? CE_TEMPFAIL : CE_OK);
}

static bool
over(void)
{
	if (ce_input_ended())
		closing = true;
	return closing && ce_open() == 0 && (abandon || (ce_q_count(CE_Q_WAITING) == 0 &&
	    ce_q_count(CE_Q_HELD) == 0 && ce_q_count(CE_Q_READY) == 0));
}

/* True: there is more to do than to wait; what was settled may come again soon. */
static bool
ask_first(void)
{
	unsigned long was = verdicts;

	return before_wait != NULL && (before_wait() || verdicts != was);
}

/* Waits for input where more may be taken, for pauses, for the connector's
 * own descriptors; what is finished is told before.  No input is read while the
 * output waits for its reader: it would only lie here. */
static void
wait_some(bool input, int64_t ms)
{
	bool want = input && !closing && ce_input_watch(true);
	bool more = ask_first();

	ce_stats->blocked = ce_open() > 0 ? CE_ON_SERVICE : CE_ON_INPUT;
	if (want && ms != 0)
		ce_turn(0);
	if (!want || !ce_input_ready()) {
		if (more || ask_first())
			ms = 0;
		ce_input_watch(false);
		ms = flush_before(ms);
		if (ce_told_to_leave && (ms < 0 || ms > 100))
			ms = 100;
		ce_input_watch(want);
		ce_turn(ms);
	}
	ce_input_watch(false);
	ce_stats->blocked = CE_ON_NOTHING;
}

/* Nothing new is begun: it would overtake what is to come again. */
static bool
stays(void)
{
	return keeps_order() && (probe != NULL || ce_q_count(CE_Q_WAITING) > 0);
}

static long
slots(void)
{
	long most = (ce_program->uses & CE_USE_INFLIGHT) ? ce_conf.inflight : 1;

	if (stays())
		return 0;
	return most - ce_open() - ce_q_count(CE_Q_WAITING);
}

/* The first of what comes again; NULL, and when to look again. */
static struct ce_event *
again(int64_t *ms)
{
	struct ce_event *ev;

	if (abandon || (stays() && ce_open() > 0) || (ev = ce_q_again(ms)) == NULL ||
	    (ev->state != CE_Q_WAITING && slots() <= 0))
		return NULL;
	if (keeps_order() && ev->state == CE_Q_WAITING)
		probe = ev;
	return hand(ev);
}

struct ce_event *
ce_next(void)
{
	struct ce_event *ev;

	for (;;) {
		int64_t ms = -1;

		look_at_signals();
		flush();
		if ((ev = again(&ms)) != NULL || (slots() > 0 && (ev = fresh()) != NULL))
			return ev;
		if (over())
			return NULL;
		wait_some(slots() > 0 && room(), ms);
	}
}

/* How long n events wait for more: as long as those before them are open; then
 * until, which is set first.  -1: for ever. */
static int64_t
lingers(int n, int64_t *until)
{
	int64_t now = ce_now();

	if (ce_open() > n)
		return -1;
	if (*until == 0)
		*until = now + ce_conf.linger;
	return *until > now ? *until - now : 0;
}

int
ce_batch(struct ce_event **evs, int max)
{
	bool ahead = (ce_program->uses & CE_USE_AHEAD) != 0;
	unsigned long was = failures;
	int64_t until = 0, ms;
	size_t bytes = 0;
	int n = 0;

	while (!ahead && ce_open() > 0) /* a batch that is settled from callbacks */
		wait_some(false, -1);
	for (;;) {
		for (; n > 0 && failures != was; bytes = 0) /* what was open comes before them */
			ce_settle(evs[--n], CE_BACK);
		was = failures;
		look_at_signals();
		flush();
		ms = -1;
		while (n < max && !abandon && ce_q_count(CE_Q_WAITING) + ce_q_count(CE_Q_READY) > 0 &&
		    (evs[n] = hand(ce_q_again(&ms))) != NULL)
			n++;
		while (n < max && bytes < LARGE && ce_q_count(CE_Q_WAITING) == 0 &&
		    (evs[n] = fresh()) != NULL)
			bytes += evs[n++]->len;
		if (n == max || bytes >= LARGE || (n > 0 && (closing || ce_q_count(CE_Q_WAITING) > 0 ||
		    ce_input_ended() || !room())))
			return n;
		if (n == 0 && over())
			return 0;
		if (n > 0)
			ms = lingers(n, &until);
		wait_some(ce_q_count(CE_Q_WAITING) == 0 && room(), ms);
		if (n > 0 && ms == 0 && !ce_input_ready())
			return n;
	}
}

int
ce_sink_finish(void)
{
	ce_leave(CE_OK);
	while (ce_open() > 0)
		ce_turn(-1);
	if (ce_emits())
		ce_source_finish();
	else if (!ce_out_empty(&ce_stdout))
		ce_out_flush(&ce_stdout);
	ce_peers_finish();
	if (ce_conf.reply || ce_program->role == CE_FILTER || ce_stats->bytes_out > 0)
		ce_out_close(&ce_stdout);
	return ce_code;
}
