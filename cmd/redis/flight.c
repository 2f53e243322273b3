/* flight.c -- what is on its way: commands that were sent and have no reply yet.
 *
 * Events are sent in their order, many at a time.  When one has to come again, those
 * behind it that are on their way are waited for, and nothing is sent meanwhile: then
 * it goes alone, and the others follow once it was taken.  So what was refused for a
 * time is not overtaken by more than was on its way when that began.
 * SPDX-License-Identifier: Apache-2.0 */

#include <stdlib.h>
#include <string.h>
#include "sink.h"

#define MUCH 65536 /* bytes that are written without waiting for more */
#define HOPS 8     /* redirections of one command, until it waits */

static enum {
	OPEN,
	DRAIN, /* sent elsewhere: nothing new before all is answered */
	PROBE  /* something waits to come again: one at a time */
} gate;
struct events {
	struct ce_event **v;
	size_t n, cap;
};
static struct events parked; /* behind the gate, in order */
static struct events failed; /* to come again, as soon as nothing is on its way */
static struct ce_buf reason; /* of the first of them */
static long flying;          /* in the rings: events, and questions for the map, which must not
                              * change under what is on its way */
static long inflight;        /* --inflight as it was given */
static bool stopped;         /* there is no going on behind a refused event */
static bool releasing;

static void transmit(struct node *n, const struct op *op);

static void
add(struct events *e, struct ce_event *ev)
{
	if (e->n == e->cap) {
		e->cap = e->cap ? 2 * e->cap : 64;
		e->v = ce_realloc(e->v, e->cap * sizeof(struct ce_event *));
	}
	e->v[e->n++] = ev;
}

/* While events wait, no new ones are asked for: they would overtake. */
static void
hold(void)
{
	gate = PROBE;
	ce_conf.inflight = 1;
}

static void
send_back(struct events *e)
{
	size_t i, n = e->n;

	e->n = 0;
	for (i = 0; i < n; i++) {
		ce_later("%s", reason.len > 0 ? reason.p : "it is behind a refused event");
		ce_settle(e->v[i], CE_LATER);
	}
}

static void
release(void)
{
	struct events was = parked;
	size_t i;

	gate = OPEN;
	ce_conf.inflight = inflight;
	parked = (struct events){ 0 };
	releasing = true;
	for (i = 0; i < was.n; i++)
		flight_send(was.v[i]);
	releasing = false;
	free(was.v);
}

/* Nothing is on its way: what failed, and what is behind it, waits together. */
static void
calm(void)
{
	while (gate != OPEN && flying == 0 && !releasing) {
		if (failed.n == 0 && !stopped) {
			release();
			continue;
		}
		send_back(&failed);
		send_back(&parked);
		return;
	}
}

static void
fail(struct ce_event *ev)
{
	if (failed.n == 0) {
		ce_buf_reset(&reason);
		ce_buf_puts(&reason, ce_reason());
	}
	add(&failed, ev);
	hold();
}

/* One has come to its end. */
static void
finish(struct ce_event *ev, enum ce_verdict v)
{
	if (v == CE_LATER || (v != CE_TAKEN && stopped))
		fail(ev); /* what is behind a refused event is not asked about */
	else
		ce_settle(ev, v);
	if (v == CE_FATAL || (v == CE_NEVER && ce_conf.dead_letter == NULL)) {
		stopped = true;
		hold();
	}
	calm();
}

/* ---- the ring of a node ---- */

static bool
flies(const struct op *op)
{
	return op->ev != NULL || op->kind == OP_SLOTS;
}

static void
push(struct node *n, const struct op *op)
{
	ring_push(n, op);
	flying += flies(op);
}

static struct op
shift(struct node *n)
{
	struct op op = ring_shift(n);

	flying -= flies(&op);
	return op;
}

/* What it has not answered may have been done or not: it comes again. */
static void
down(struct link *l, const char *why)
{
	struct node *n = l->arg;
	struct op op;

	cluster_failed(n);
	n->answered = 0;
	n->unsure = false;
	ce_later("cannot %s %s: %s", command_verb(), redis_conf.shown, why);
	while (n->len > 0)
		if ((op = shift(n)).ev != NULL)
			fail(op.ev);
	calm();
}

static void
redirect(struct node *n, struct op op, const redisReply *r)
{
	bool moved = redis_means(r) == REDIS_MOVED, first = gate == OPEN;
	struct node *to = cluster_follow(r->str, n, moved);

	if (to == NULL || ++op.hops > HOPS) {
		finish(op.ev, ce_later("cannot %s %s: sent from server to server: %s", command_verb(),
		    redis_conf.shown, redis_said(r)));
		return;
	}
	if (first)
		gate = DRAIN; /* those behind it are redirected first */
	op.kind = moved ? OP_EVENT : OP_ASKING;
	transmit(to, &op);
	if (moved && first && to->link.conn != NULL) {
		struct op ask = { NULL, 0, OP_SLOTS };

		link_command(&to->link, WORDS("CLUSTER", "SLOTS"));
		push(to, &ask);
	}
	if (to->link.out.len - to->link.gone >= MUCH)
		link_push(&to->link);
}

static void
refused(struct node *n, struct op op, const redisReply *r)
{
	enum redis_means means = redis_means(r);
	const struct ce_buf *key = command_key(op.ev);
	struct ce_buf what = { 0 };
	enum ce_verdict v;

	if (means == REDIS_MOVED || means == REDIS_ASK) {
		redirect(n, op, r);
		return;
	}
	ce_buf_printf(&what, "%s ", command_verb());
	ce_buf_visible(&what, key->p, key->len, 100);
	v = redis_verdict(r, what.p);
	ce_buf_free(&what);
	finish(op.ev, v);
	if (means == REDIS_ELSEWHERE)
		link_leave(&n->link, ce_reason());
}

/* So many replicas have all that was written on this connection before. */
static void
replicated(struct node *n, const redisReply *r)
{
	enum ce_verdict v = CE_TAKEN;
	struct op op;

	while (n->answered > 0) {
		n->answered--;
		op = shift(n);
		if (op.ev == NULL)
			continue;
		if (r->type == REDIS_REPLY_ERROR)
			v = redis_verdict(r, "wait for replicas");
		else if (r->integer < sink_conf.replicas)
			v = ce_later("cannot %s %s: %lld of %ld replicas have it", command_verb(),
			    redis_conf.shown, r->integer, sink_conf.replicas);
		finish(op.ev, v);
	}
	shift(n);
	calm();
}

static void
answered(struct node *n, redisReply *r)
{
	struct op op = *ring_at(n, n->answered);

	if (op.kind == OP_WAIT) {
		replicated(n, r);
		return;
	}
	if (sink_conf.replicas > 0) {
		bool waits = op.ev != NULL && r->type != REDIS_REPLY_ERROR;

		if (op.ev != NULL && !waits) {
			ring_at(n, n->answered)->ev = NULL;
			flying--;
		}
		n->answered++;
		if (waits)
			return;
	} else
		shift(n);
	if (op.kind == OP_SLOTS) {
		cluster_learn(r, n);
		calm();
	} else if (op.ev != NULL && r->type == REDIS_REPLY_ERROR)
		refused(n, op, r);
	else if (op.ev != NULL)
		finish(op.ev, CE_TAKEN);
}

static bool
reply(struct link *l, redisReply *r)
{
	struct node *n = l->arg;

	if (n->len > n->answered) /* else nothing was asked */
		answered(n, r);
	return false;
}

void
flight_join(struct node *n)
{
	n->link.arg = n;
	n->link.reply = reply;
	n->link.down = down;
	n->link.quiet = ce_conf.timeout + (sink_conf.replicas > 0 ? sink_conf.wait_timeout : 0);
}

static enum ce_verdict
connect(struct node *n)
{
	enum ce_verdict v = link_open(&n->link);

	if (v == CE_TAKEN)
		v = command_prepare(&n->link);
	if (v != CE_TAKEN)
		cluster_failed(n);
	return v;
}

static void
transmit(struct node *n, const struct op *op)
{
	const struct ce_buf *key;
	enum ce_verdict v;

	if (n->link.conn == NULL && (v = connect(n)) != CE_TAKEN) {
		finish(op->ev, v);
		return;
	}
	if ((key = command_key(op->ev)) == NULL) {
		finish(op->ev, CE_NEVER);
		return;
	}
	if (op->kind == OP_ASKING) {
		struct op ask = { NULL, 0, OP_ASKING };

		link_command(&n->link, WORDS("ASKING"));
		push(n, &ask);
	}
	command_make(&n->link, op->ev, key);
	push(n, op);
	n->unsure = true;
}

static void
begin(struct ce_event *ev)
{
	const struct ce_buf *key = command_key(ev);
	struct op op = { ev, 0, OP_EVENT };
	struct node *n;

	if (key == NULL) {
		finish(ev, CE_NEVER);
		return;
	}
	n = cluster_node(cluster_slot(key));
	transmit(n, &op);
	if (n->link.out.len - n->link.gone >= MUCH)
		link_push(&n->link);
}

void
flight_send(struct ce_event *ev)
{
	if (gate == OPEN)
		begin(ev);
	else
		add(&parked, ev);
}

static void
flush(struct node *n)
{
	if (n->link.conn == NULL)
		return;
	if (sink_conf.replicas > 0 && n->unsure) {
		struct op wait = { NULL, 0, OP_WAIT };

		n->unsure = false;
		link_begin(&n->link, 3);
		link_word(&n->link, "WAIT");
		link_number(&n->link, sink_conf.replicas);
		link_number(&n->link, sink_conf.wait_timeout);
		push(n, &wait);
	}
	link_push(&n->link);
}

/* What was gathered leaves before anything is waited for.  All that had to come again
 * is here then: the first of it goes. */
static bool
before_wait(void)
{
	bool probes = gate == PROBE && parked.n > 0 && flying == 0;
	struct ce_event *first;

	if (probes) {
		first = parked.v[0];
		memmove(parked.v, parked.v + 1, --parked.n * sizeof(struct ce_event *));
		begin(first);
	}
	cluster_each(flush);
	return probes; /* it may wait again by now */
}

void
flight_start(void)
{
	inflight = ce_conf.inflight;
	ce_on_wait(before_wait);
}
