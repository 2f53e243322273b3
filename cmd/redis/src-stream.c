/* src-stream.c -- the entries of a stream: of a consumer group, or all of them.
 *
 * With a group: first what this consumer was given before and has not finished, then
 * what is new, and what dead consumers have left.  After every new connection it
 * begins like this again, but for the entries that are on their way: a reply that was
 * lost holds entries that the server takes for delivered.
 * Without: everything behind a position, which follows the finished entries.
 * SPDX-License-Identifier: Apache-2.0 */

#include <string.h>
#include "src.h"

#define BLOCK_MS 5000 /* the server answers then, so a dead one is noticed */

static struct link taker;
static enum { OWN, NEW } phase;
static char after[48]; /* the last entry that was read, in that phase */
static bool asked, ended;
static struct ce_again again;

static void ask(void);
static void come(void *arg);

static bool
groups(void)
{
	return src_conf.group != NULL;
}

/* ---- replies ---- */

/* The entries of our stream in [[stream, entries]]; NULL: it is not that. */
static redisReply *
entries_of(const redisReply *r)
{
	const redisReply *s;

	if (r->type != REDIS_REPLY_ARRAY || r->elements != 1)
		return NULL;
	s = r->element[0];
	if (s->type != REDIS_REPLY_ARRAY || s->elements != 2 || !entries_sound(s->element[1]))
		return NULL;
	return s->element[1];
}

/* Where they end.  Only claimed entries can be nil. */
static void
remember(const redisReply *v)
{
	const redisReply *e = v->element[v->elements - 1];

	if (e->type == REDIS_REPLY_ARRAY)
		memcpy(after, e->element[0]->str, e->element[0]->len + 1);
}

static void
nothing(void)
{
	if (phase == OWN) {
		phase = NEW;
		memcpy(after, ">", 2);
	} else
		ended = ce_conf.until_end;
	ask();
}

static bool
took(struct link *l, redisReply *r)
{
	redisReply *v = entries_of(r);
	struct batch *b = NULL;

	if (batch_counting(l) && r->type == REDIS_REPLY_ARRAY) {
		batch_counted(r);
		ask();
		return false;
	}
	asked = false;
	if (r->type != REDIS_REPLY_ERROR)
		ce_again_well(&again);
	wrap_came(true);
	if (v != NULL && v->elements > 0)
		b = batch_new(r, v, phase == OWN);
	ids_hold(false);
	if (r->type == REDIS_REPLY_NIL || (v != NULL && v->elements == 0)) {
		nothing();
		return false;
	}
	if (v == NULL) {
		redis_refused(l, r, "read from", src_conf.stream,
		    src_conf.create && strncmp(r->str != NULL ? r->str : "", "NOGROUP ", 8) == 0);
		return false;
	}
	if (phase == OWN || !groups())
		remember(v);
	if (phase == OWN)
		batch_count(l, b);
	else
		batch_add(b);
	return true;
}

static void
ask(void)
{
	bool waits = phase == NEW && !ce_conf.until_end;

	if (asked || batch_counting(&taker) || ended || taker.conn == NULL ||
	    (batch_first() != NULL && batch_first()->next != NULL))
		return;
	asked = true;
	ids_hold(groups() && phase == OWN);
	link_begin(&taker, (groups() ? 9 : 6) + (waits ? 2 : 0));
	link_word(&taker, groups() ? "XREADGROUP" : "XREAD");
	if (groups()) {
		link_word(&taker, "GROUP");
		link_word(&taker, src_conf.group);
		link_word(&taker, src_conf.consumer);
	}
	link_word(&taker, "COUNT");
	link_number(&taker, wrap_count());
	if (waits) {
		link_word(&taker, "BLOCK");
		link_number(&taker, BLOCK_MS);
	}
	link_word(&taker, "STREAMS");
	link_word(&taker, src_conf.stream);
	link_word(&taker, after);
	link_push(&taker);
}

bool
stream_idle(void)
{
	return phase == NEW && batch_first() == NULL;
}

/* ---- the connection ---- */

static void
down(struct link *l, const char *why)
{
	if (asked)
		wrap_came(false);
	asked = false;
	ids_hold(false);
	batch_uncount(l);
	if (groups())
		batches_lose();
	redis_again(&again, src_conf.stream, why, come);
}

/* Makes the group, where that was asked for. */
static enum ce_verdict
found_group(void)
{
	const char *why;
	enum ce_verdict v = CE_TAKEN;
	redisReply *r;

	if (!src_conf.create)
		return CE_TAKEN;
	link_command(&taker, WORDS("XGROUP", "CREATE", src_conf.stream, src_conf.group,
	    src_conf.from != NULL ? src_conf.from : "0", "MKSTREAM"));
	if ((r = link_answer(&taker, redis_conf.connect_timeout, &why)) == NULL)
		return ce_later("cannot make a group: %s", why);
	if (r->type == REDIS_REPLY_ERROR && strncmp(r->str, "BUSYGROUP ", 10) != 0) {
		v = redis_verdict(r, "make a group");
		if (v == CE_NEVER)
			v = ce_fatal(CE_DATAERR, "cannot make a group: %s", redis_said(r));
		link_close(&taker);
	}
	freeReplyObject(r);
	return v;
}

static enum ce_verdict
connect(void)
{
	enum ce_verdict v;

	do
		if ((v = link_open(&taker)) == CE_TAKEN && groups())
			v = found_group();
	while (v == CE_LATER && redis_moved());
	if (v != CE_TAKEN)
		return v;
	if (groups()) {
		phase = OWN;
		memcpy(after, "0", 2);
	}
	ask();
	return CE_TAKEN;
}

static void
come(void *arg)
{
	(void)arg;
	ce_again(&again, connect(), come, NULL);
}

static void
start(void)
{
	taker.reply = took;
	taker.down = down;
	taker.quiet = ce_conf.timeout + BLOCK_MS;
	redis_must(link_open(&taker));
	phase = NEW;
	if (groups()) {
		acks_start(claim_answer);
		ce_on_commit(acks_commit);
		ce_commits();
		claim_start();
	} else
		position_start(&taker, after);
	redis_must(connect());
}

/* ---- out ---- */

/* To the dead letters with what may be killing its consumers. */
static bool
too_often(const struct batch *b, size_t i, const struct ce_event *ev)
{
	struct ce_buf why = { 0 };
	bool dead;

	if (b->deliveries == NULL || b->deliveries[i] <= src_conf.max_deliveries)
		return false;
	ce_buf_printf(&why, "entry %s of %s was delivered %lld times", b->v[i]->element[0]->str,
	    src_conf.stream, b->deliveries[i]);
	dead = ce_dead(ev, why.p);
	ce_buf_free(&why);
	return dead;
}

static void
emit(struct batch *b, size_t i)
{
	redisReply *e = b->v[i], *f;
	struct ce_event *ev;
	struct id id;

	if (e->type == REDIS_REPLY_NIL)
		return;
	f = e->element[1];
	id_parse(&id, e->element[0]->str);
	if (b->known != NULL && (b->known[i] || ids_have(id)))
		return;
	if (f->type != REDIS_REPLY_ARRAY) {
		ce_note("entry %s of %s was deleted before it was finished", e->element[0]->str, src_conf.stream);
		ids_add(id);
		acks_add(id);
		return;
	}
	position_fly(id);
	if ((ev = wrap_entry(e->element[0], f, position_settled, NULL)) == NULL)
		return;
	if (too_often(b, i, ev))
		position_land();
	else
		ce_emit(ev, position_settled, NULL);
}

static bool
next(void)
{
	struct batch *b = batch_first();

	if (b == NULL)
		return false;
	if (b->at < b->n && !b->lost)
		emit(b, b->at++);
	else {
		batch_drop();
		ask();
	}
	return true;
}

static bool
over(void)
{
	return ended && batch_first() == NULL;
}

const struct reading stream_reading = { start, next, over };
