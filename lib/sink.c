/* sink.c -- what a sink promises: an event is acknowledged when its delivery was
 * settled, in the order of arrival, and comes again until it is.
 *
 * Events lie in a queue in the order of arrival, whatever the order of
 * settling; what is told to the source is its settled beginning.
 * SPDX-License-Identifier: Apache-2.0 */

#include <stdlib.h>
#include <string.h>
#include "flow.h"
#include "input.h"

enum { HANDED, WAITING, HELD, READY, SETTLED, STUCK };

static struct ce_event **queue; /* a ring */
static size_t qcap, qhead, qlen;
static struct ce_event *free_events;
static long handed, waiting, held;
static bool closing, abandon;

static void
push(struct ce_event *ev)
{
	if (qlen == qcap) {
		size_t n = qcap ? 2 * qcap : 64, i;
		struct ce_event **q = ce_alloc(n * sizeof(*q));

		for (i = 0; i < qlen; i++)
			q[i] = queue[(qhead + i) & (qcap - 1)];
		free(queue);
		queue = q;
		qcap = n;
		qhead = 0;
	}
	queue[(qhead + qlen++) & (qcap - 1)] = ev;
	ce_stats->open = qlen;
}

static struct ce_event *
nth(size_t i)
{
	return queue[(qhead + i) & (qcap - 1)];
}

struct ce_event *
ce_event_get(void)
{
	struct ce_event *ev = free_events;

	if (ev == NULL)
		return CE_NEW(struct ce_event);
	free_events = ev->next;
	ev->attempts = 0;
	ev->flow[0] = ev->flow[1] = NULL;
	ev->reply.len = 0;
	ev->passed = false;
	return ev;
}

void
ce_event_put(struct ce_event *ev)
{
	ce_block_drop(ev->flow[1]);
	if (ev->cap > CE_INLINE || ev->reply.cap > 65536) { /* keep no giants */
		ce_event_free(ev);
		ce_buf_free(&ev->reply);
		free(ev);
		return;
	}
	ev->flow[1] = NULL;
	ev->next = free_events;
	free_events = ev;
}

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

static void
tell(struct ce_event *ev)
{
	struct ce_peer *p = ev->flow[0];
	struct ce_buf ackto = { 0 };

	if (ev->passed) {
		if (p != NULL)
			ce_peer_passed(p, ev->seq);
	} else if (ce_conf.reply && ev->reply.len > 0) {
		if (p != NULL) {
			ce_buf_printf(&ackto, ",\"ackto\":\"%s.%llu\"", ce_peer_token(p),
			    (unsigned long long)ev->seq);
			ce_peer_passed(p, ev->seq);
			ce_out_stamped(ev->reply.p, ev->reply.len, ackto.p, ackto.len);
			ce_buf_free(&ackto);
		} else {
			ce_buf_putc(&ev->reply, '\n');
			ce_print(ev->reply.p, ev->reply.len);
		}
		ce_stats->events_out++;
	} else if (p != NULL)
		ce_peer_done(p, ev->seq);
}

static void
pop(void)
{
	while (qlen > 0 && nth(0)->state == SETTLED) {
		struct ce_event *ev = nth(0);

		qhead = (qhead + 1) & (qcap - 1);
		qlen--;
		ce_stats->acked++;
		tell(ev);
		ce_event_put(ev);
	}
	ce_stats->open = qlen;
}

/* Output first: what is acknowledged has left. */
static void
flush(bool force)
{
	if (!ce_out_empty() && (force || ce_out_full()))
		ce_out_flush();
	if (ce_out_empty())
		ce_peers_flush(force);
}

/* What waits behind a refused event is not begun any more: it comes again. */
static void
give_up_behind(struct ce_event *refused)
{
	size_t i;
	bool behind = false;

	for (i = 0; i < qlen; i++) {
		struct ce_event *ev = nth(i);

		behind |= ev == refused;
		if (!behind || ev->state == HANDED || ev->state == SETTLED)
			continue;
		waiting -= ev->state == WAITING;
		held -= ev->state == HELD || ev->state == READY;
		ev->state = STUCK;
	}
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

static void
refuse(struct ce_event *ev, const char *reason, int code)
{
	if (ce_dead(ev, reason)) {
		ev->state = SETTLED;
		return;
	}
	ce_warn("cannot take event %s: %s", name(ev), reason);
	ev->state = STUCK;
	give_up_behind(ev);
	if (ev->flow[0] != NULL)
		ce_peer_fail(ev->flow[0], ev->seq, reason);
	ce_leave(code);
}

/* The next held event of that key may go. */
static void
release(uint64_t key)
{
	size_t i;

	if (held == 0 || key == 0)
		return;
	for (i = 0; i < qlen; i++)
		if (nth(i)->state == HELD && nth(i)->key == key) {
			nth(i)->state = READY;
			return;
		}
}

static bool
key_is_busy(uint64_t key)
{
	size_t i;

	for (i = 0; i < qlen; i++)
		if (nth(i)->key == key && nth(i)->state != SETTLED)
			return true;
	return false;
}

static void
later(struct ce_event *ev)
{
	long ms;

	ev->attempts++;
	ce_stats->retried++;
	if (ce_conf.retries >= 0 && ev->attempts > ce_conf.retries) {
		refuse(ev, ce_reason(), CE_UNAVAILABLE);
		return;
	}
	ms = ce_backoff(ev->attempts);
	ce_say_later(ev, ms);
	ev->due = ce_now() + ms;
	ev->state = WAITING;
	waiting++;
}

void
ce_settle(struct ce_event *ev, enum ce_verdict v)
{
	handed--;
	switch (v) {
	case CE_TAKEN:
		ce_say_taken();
		ev->state = SETTLED;
		break;
	case CE_LATER:
		later(ev);
		break;
	case CE_NEVER:
		ev->attempts++;
		refuse(ev, ce_reason(), CE_DATAERR);
		break;
	case CE_FATAL:
		ce_warn("%s", ce_reason());
		ev->state = STUCK;
		give_up_behind(ev);
		ce_leave(ce_reason_code());
	}
	if (ev->state == SETTLED)
		release(ev->key);
	pop();
}

int
ce_open(void)
{
	return (int)handed;
}

static struct ce_event *
hand(struct ce_event *ev)
{
	ev->state = HANDED;
	handed++;
	return ev;
}

/* An event whose pause is over, or whose key has become free; else *ms says
 * when the next pause ends. */
static struct ce_event *
again(int64_t *ms)
{
	int64_t now = ce_now();
	size_t i;

	if (waiting == 0 && held == 0)
		return NULL;
	for (i = 0; i < qlen; i++) {
		struct ce_event *ev = nth(i);

		if (ev->state == READY) {
			held--;
			return hand(ev);
		}
		if (ev->state != WAITING)
			continue;
		if (ev->due <= now) {
			waiting--;
			return hand(ev);
		}
		if (*ms < 0 || ev->due - now < *ms)
			*ms = ev->due - now;
	}
	return NULL;
}

static uint64_t
hash(const char *p, size_t n)
{
	uint64_t h = 14695981039346656037u;

	while (n-- > 0)
		h = (h ^ (unsigned char)*p++) * 1099511628211u;
	return h | 1;
}

/* True: it has to wait for one of the same key. */
static bool
hold(struct ce_event *ev)
{
	static struct ce_buf key;

	ev->key = 0;
	if (ce_conf.order_by == NULL || ce_conf.inflight <= 1)
		return false;
	ce_buf_reset(&key);
	ce_template_fill(ce_conf.order_by, ev, CE_ESC_NONE, &key);
	ev->key = hash(key.p, key.len);
	return key_is_busy(ev->key);
}

static struct ce_event *
fresh(void)
{
	struct ce_event *ev;
	bool wait;

	while (!closing && held < 16 * ce_conf.inflight && (ev = ce_input_next()) != NULL) {
		wait = hold(ev);
		push(ev);
		if (!wait)
			return hand(ev);
		ev->state = HELD;
		held++;
	}
	return NULL;
}

static void
look_at_signals(void)
{
	if (!ce_told_to_leave)
		return;
	if (waiting > 0 && !abandon) {
		ce_note("leaving with %ld event%s untaken: %s", waiting, waiting == 1 ? "" : "s",
		    ce_reason());
		ce_leave(CE_TEMPFAIL);
	}
	abandon = true;
	closing |= ce_input_drained();
}

static bool
over(void)
{
	if (ce_input_ended())
		closing = true;
	return closing && handed == 0 && (abandon || (waiting == 0 && held == 0));
}

/* Waits for input where more may be taken, for pauses, for the connector's
 * own descriptors; what is finished is told before. */
static void
wait_some(bool input, int64_t ms)
{
	bool want = input && !closing;

	ce_stats->blocked = handed > 0 ? CE_ON_SERVICE : CE_ON_INPUT;
	if (want)
		want = ce_input_watch(true);
	if (want && ms != 0)
		ce_turn(0);
	if (!ce_input_ready() || !want) {
		flush(true);
		if (want && ce_told_to_leave && (ms < 0 || ms > 100))
			ms = 100;
		if (!ce_input_ready() || !want)
			ce_turn(ms);
	}
	ce_input_watch(false);
	ce_stats->blocked = CE_ON_NOTHING;
}

static long
slots(void)
{
	long most = (ce_program->uses & CE_USE_INFLIGHT) ? ce_conf.inflight : 1;

	return most - handed - waiting;
}

struct ce_event *
ce_next(void)
{
	struct ce_event *ev;

	for (;;) {
		int64_t ms = -1;

		look_at_signals();
		flush(false);
		if (!abandon && (ev = again(&ms)) != NULL)
			return ev;
		if (slots() > 0 && (ev = fresh()) != NULL)
			return ev;
		if (over())
			return NULL;
		wait_some(slots() > 0, ms);
	}
}

/* Each has a pause of its own, but none may overtake: the first one counts. */
static struct ce_event *
again_in_order(int64_t *ms)
{
	int64_t now = ce_now();
	size_t i;

	for (i = 0; waiting > 0 && i < qlen; i++) {
		struct ce_event *ev = nth(i);

		if (ev->state != WAITING)
			continue;
		if (ev->due > now) {
			*ms = ev->due - now;
			return NULL;
		}
		waiting--;
		return hand(ev);
	}
	return NULL;
}

int
ce_batch(struct ce_event **evs, int max)
{
	int64_t until = 0, ms;
	int n = 0;

	while (handed > 0)
		wait_some(false, -1);
	for (;;) {
		look_at_signals();
		flush(false);
		ms = -1;
		while (n < max && !abandon && (evs[n] = again_in_order(&ms)) != NULL)
			n++;
		while (n < max && waiting == 0 && !closing && (evs[n] = ce_input_next()) != NULL) {
			evs[n]->key = 0;
			push(evs[n]);
			hand(evs[n++]);
		}
		if (n > 0 && until == 0)
			until = ce_now() + ce_conf.linger;
		if (n == max || (n > 0 && (closing || waiting > 0 || ce_input_ended())))
			return n;
		if (n == 0 && over())
			return 0;
		if (n > 0 && ce_now() >= until) {
			wait_some(true, 0);
			if (!ce_input_ready())
				return n;
		} else
			wait_some(waiting == 0, n > 0 ? until - ce_now() : ms);
	}
}

void
ce_reply(struct ce_event *ev, const char *line, size_t n)
{
	static struct ce_event answer;
	struct ce_buf text = { 0 };
	const char *wrong;

	ce_buf_add(&text, line, n);
	if ((wrong = ce_event_parse(&answer, text.p, text.len)) != NULL)
		ce_bug("a reply that is no event: %s", wrong);
	if (answer.at[CE_AT_ACKTO] >= 0)
		ce_event_cut(&answer, CE_AT_ACKTO);
	ev->reply.len = 0;
	ce_buf_add(&ev->reply, answer.text, answer.len);
	ce_buf_free(&text);
}

void
ce_print(const void *p, size_t n)
{
	ce_buf_add(ce_out(), p, n);
	if (ce_out_full())
		ce_out_flush();
}

int
ce_sink_finish(void)
{
	ce_leave(CE_OK);
	while (handed > 0)
		ce_turn(-1);
	if (!ce_out_empty())
		ce_out_flush();
	ce_peers_finish();
	if (ce_conf.reply || ce_program->role == CE_FILTER || ce_stats->bytes_out > 0)
		ce_out_close();
	return ce_code;
}
