/* queue.c -- the events of a sink or filter, in the order of their arrival.
 *
 * They may be settled in any order; what leaves, and is told to the source, is
 * the settled beginning.
 * SPDX-License-Identifier: Apache-2.0 */

#include <stdlib.h>
#include "queue.h"
#include "relay.h"

static struct ce_event **ring;
static size_t cap, head, len; /* cap is a power of two */
static struct ce_event *spare;
static long counts[CE_Q_STUCK + 1];
static size_t unsettled; /* bytes */

static struct ce_event *
nth(size_t i)
{
	return ring[(head + i) & (cap - 1)];
}

struct ce_event *
ce_event_get(void)
{
	struct ce_event *ev = spare;

	if (ev == NULL)
		return CE_NEW(struct ce_event);
	spare = ev->next;
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
	ev->next = spare;
	spare = ev;
}

static void
grow(void)
{
	size_t n = cap ? 2 * cap : 64, i;
	struct ce_event **r = ce_alloc(n * sizeof(*r));

	for (i = 0; i < len; i++)
		r[i] = nth(i);
	free(ring);
	ring = r;
	cap = n;
	head = 0;
}

long
ce_q_count(int state)
{
	return counts[state];
}

size_t
ce_q_bytes(void)
{
	return unsettled;
}

static uint64_t
hash(const char *p, size_t n)
{
	uint64_t h = 14695981039346656037u;

	while (n-- > 0)
		h = (h ^ (unsigned char)*p++) * 1099511628211u;
	return h | 1;
}

/* The key that --order-by makes of an event; 0: order is of no concern. */
static uint64_t
key_of(struct ce_event *ev)
{
	static struct ce_buf key;

	if (ce_conf.order_by == NULL || ce_conf.inflight <= 1)
		return 0;
	ce_buf_reset(&key);
	ce_template_fill(ce_conf.order_by, ev, CE_ESC_NONE, &key);
	return hash(key.p, key.len);
}

static bool
busy(uint64_t key)
{
	size_t i;

	for (i = 0; i < len && key != 0; i++)
		if (nth(i)->key == key && nth(i)->state != CE_Q_SETTLED)
			return true;
	return false;
}

static void
enter(struct ce_event *ev, uint64_t key)
{
	if (len == cap)
		grow();
	ev->key = key;
	ev->state = busy(key) ? CE_Q_HELD : CE_Q_READY;
	counts[ev->state]++;
	unsettled += ev->len;
	ring[(head + len++) & (cap - 1)] = ev;
}

bool
ce_q_push(struct ce_event *ev)
{
	enter(ev, key_of(ev));
	if (!ce_emits())
		ce_stats->open = len;
	return ev->state == CE_Q_READY;
}

void
ce_q_push_settled(struct ce_event *ev)
{
	enter(ev, 0);
	ce_q_set(ev, CE_Q_SETTLED);
	ce_q_pop();
}

/* The next held event of that key may go. */
static void
release(uint64_t key)
{
	size_t i;

	for (i = 0; i < len && counts[CE_Q_HELD] > 0 && key != 0; i++)
		if (nth(i)->state == CE_Q_HELD && nth(i)->key == key) {
			ce_q_set(nth(i), CE_Q_READY);
			return;
		}
}

void
ce_q_set(struct ce_event *ev, int state)
{
	counts[ev->state]--;
	ev->state = state;
	counts[state]++;
	if (state != CE_Q_SETTLED)
		return;
	unsettled -= ev->len;
	ce_block_drop(ev->flow[1]); /* it may wait long for those before it */
	ev->flow[1] = NULL;
	release(ev->key);
}

struct ce_event *
ce_q_again(int64_t *ms)
{
	int64_t now;
	size_t i;

	if (counts[CE_Q_WAITING] == 0 && counts[CE_Q_READY] == 0)
		return NULL;
	now = ce_now();
	for (i = 0; i < len; i++) {
		struct ce_event *ev = nth(i);

		if (ev->state == CE_Q_READY || (ev->state == CE_Q_WAITING && ev->due <= now))
			return ev;
		if (ev->state == CE_Q_WAITING && (*ms < 0 || ev->due - now < *ms))
			*ms = ev->due - now;
	}
	return NULL;
}

void
ce_q_wait(int64_t due)
{
	size_t i;

	for (i = 0; i < len; i++) {
		struct ce_event *ev = nth(i);

		if (ev->state != CE_Q_READY && ev->state != CE_Q_WAITING)
			continue;
		ev->due = due;
		ce_q_set(ev, CE_Q_WAITING);
	}
}

void
ce_q_ready(void)
{
	size_t i;

	for (i = 0; i < len && counts[CE_Q_WAITING] > 0; i++)
		if (nth(i)->state == CE_Q_WAITING)
			ce_q_set(nth(i), CE_Q_READY);
}

void
ce_q_give_up_behind(const struct ce_event *refused)
{
	bool behind = false;
	size_t i;

	for (i = 0; i < len; i++) {
		struct ce_event *ev = nth(i);

		if (behind && ev->state != CE_Q_HANDED && ev->state != CE_Q_SETTLED)
			ce_q_set(ev, CE_Q_STUCK);
		behind |= ev == refused;
	}
}

bool
ce_q_behind_stuck(const struct ce_event *ev)
{
	size_t i;

	for (i = 0; i < len && counts[CE_Q_STUCK] > 0 && nth(i) != ev; i++)
		if (nth(i)->state == CE_Q_STUCK)
			return true;
	return false;
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

/* A reply goes on in its event's place, under its return address. */
static void
reply(struct ce_event *ev)
{
	struct ce_peer *p = ev->flow[0];

	ce_buf_add(ce_out(), ev->reply.p, ev->reply.len);
	ce_out_end(ev, (struct ce_str){ ev->reply.p, ev->reply.len });
	if (p != NULL)
		ce_peer_passed(p, ev->seq);
}

void
ce_q_pop(void)
{
	while (len > 0 && nth(0)->state == CE_Q_SETTLED) {
		struct ce_event *ev = nth(0);

		head = (head + 1) & (cap - 1);
		len--;
		counts[CE_Q_SETTLED]--;
		if (!ce_emits())
			ce_stats->acked++;
		if (ce_emits())
			ce_relay_close(ev->flow[0], ev->seq);
		else if (ce_conf.reply && ev->reply.len > 0)
			reply(ev);
		else if (ev->flow[0] != NULL && ev->passed)
			ce_peer_passed(ev->flow[0], ev->seq);
		else if (ev->flow[0] != NULL)
			ce_peer_done(ev->flow[0], ev->seq);
		ce_event_put(ev);
	}
	if (!ce_emits())
		ce_stats->open = len;
}
