/* flight.c -- what is on its way: commands that were sent and have no reply yet.
 *
 * Events are sent in their order, many at a time.  What has to come again is not
 * overtaken by what was not sent yet (CE_USE_ORDER); nor is what another server of the
 * cluster is to have, once it is known.
 * SPDX-License-Identifier: Apache-2.0 */

#include <stdlib.h>
#include "sink.h"

#define MUCH 65536 /* bytes that are written without waiting for more */
#define HOPS 8     /* redirections of one command, until it waits */

static bool draining;        /* one was sent elsewhere: nothing new before all is answered */
static bool failed;          /* and one of them has to come again */
static bool stopped;         /* there is no going on behind a refused event */
static struct ce_event **parked; /* what has come meanwhile, in order */
static size_t nparked, capparked;
static long flying;          /* in the rings: events, and questions for the map, which must not
                              * change under what is on its way */

static void transmit(struct node *n, const struct op *op);
static void begin(struct ce_event *ev);

static void
park(struct ce_event *ev)
{
	if (nparked == capparked) {
		capparked = capparked > 0 ? 2 * capparked : 64;
		parked = ce_realloc(parked, capparked * sizeof(struct ce_event *));
	}
	parked[nparked++] = ev;
}

/* Nothing is on its way: those that were parked go, or are behind what comes again. */
static void
calm(void)
{
	struct ce_event **was = parked;
	size_t i, n = nparked;
	bool back = failed || stopped;

	if (!draining || flying > 0)
		return;
	draining = failed = false;
	parked = NULL;
	nparked = capparked = 0;
	for (i = 0; i < n; i++) {
		if (back)
			ce_settle(was[i], CE_LATER);
		else
			flight_send(was[i]);
	}
	free(was);
}

static void
settle(struct ce_event *ev, enum ce_verdict v)
{
	failed |= v == CE_LATER;
	ce_settle(ev, v);
}

/* One has come to its end.  What is behind a refused event is not asked about. */
static void
finish(struct ce_event *ev, enum ce_verdict v)
{
	if (stopped && v != CE_TAKEN)
		v = ce_later("it is behind a refused event");
	stopped |= v == CE_FATAL || (v == CE_NEVER && ce_conf.dead_letter == NULL);
	settle(ev, v);
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
			settle(op.ev, CE_LATER);
	calm();
}

static void
redirect(struct node *n, struct op op, const redisReply *r)
{
	bool moved = redis_means(r) == REDIS_MOVED, first = !draining;
	struct node *to = cluster_follow(r->str, n, moved);

	if (to == NULL || ++op.hops > HOPS) {
		finish(op.ev, ce_later("cannot %s %s: sent from server to server: %s", command_verb(),
		    redis_conf.shown, redis_said(r)));
		return;
	}
	if (first) { /* those behind it are redirected first */
		draining = true;
		failed = false;
	}
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
	if (stopped)
		finish(ev, CE_LATER);
	else if (draining)
		park(ev);
	else
		begin(ev);
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

/* What was gathered leaves before anything is waited for. */
static bool
before_wait(void)
{
	cluster_each(flush);
	return false;
}

void
flight_start(void)
{
	ce_on_wait(before_wait);
}
