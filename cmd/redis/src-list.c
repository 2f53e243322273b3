/* src-list.c -- the values of a list: each is moved to a list of our own, in one step,
 * and removed from there when it is finished.
 *
 * What that list holds at the start was not finished by the last of us, and comes
 * first.  After every new connection it is read again and compared with what we know,
 * because of the last commands it is not known whether they were done.
 * SPDX-License-Identifier: Apache-2.0 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "src.h"

#define BLOCK_MS 5000 /* the server answers then, so a dead one is noticed */
#define CHUNK 100     /* of leftovers, in one reply */
#define BULK 128      /* finished values that are removed without waiting for more */

struct values {
	struct ce_buf *v; /* a ring; cap is a power of two */
	size_t head, len, cap;
};

/* Our list, as it should be in the server.  Of its values, from the oldest on:
 * sent <= done <= out <= len: their removal was sent, they are finished, emitted. */
static struct values ours;
static size_t sent, done, out;
static uintptr_t generation; /* of ours: what was emitted of another does not count */
static struct link taker, remover;
static long asked;         /* answers to come */
static bool empty, ended;
static struct ce_buf name; /* of our list */
static struct ce_again again;

static void come(void *arg);

static struct ce_buf *
nth(const struct values *q, size_t i)
{
	return &q->v[(q->head + i) & (q->cap - 1)];
}

static void
push(struct values *q, const char *p, size_t n)
{
	if (q->len == q->cap) {
		size_t cap = q->cap ? 2 * q->cap : 64, i;
		struct ce_buf *v = ce_alloc(cap * sizeof(*v));

		for (i = 0; i < q->len; i++)
			v[i] = *nth(q, i);
		free(q->v);
		q->v = v;
		q->cap = cap;
		q->head = 0;
	}
	*nth(q, q->len) = (struct ce_buf){ 0 };
	ce_buf_add(nth(q, q->len++), p, n);
}

static void
shift(struct values *q)
{
	ce_buf_free(nth(q, 0));
	q->head = (q->head + 1) & (q->cap - 1);
	q->len--;
}

/* ---- finished ---- */

static void
removed(void)
{
	shift(&ours);
	sent--;
	done--;
	out--;
}

static void
send(void)
{
	if (remover.conn == NULL)
		return;
	for (; sent < done; sent++) {
		const struct ce_buf *v = nth(&ours, sent);

		link_begin(&remover, 4);
		link_word(&remover, "LREM");
		link_arg(&remover, name.p, name.len);
		link_word(&remover, "1");
		link_arg(&remover, v->p, v->len);
	}
	link_push(&remover);
}

static void
settled(void *token, enum ce_verdict v)
{
	if (v == CE_LATER || token != (void *)generation)
		return;
	done++;
	if (done - sent >= BULK)
		send();
}

static bool
told(struct link *l, redisReply *r)
{
	if (r->type == REDIS_REPLY_INTEGER && sent > 0)
		removed();
	else
		redis_refused(l, r, "remove from", name.p, false);
	return false;
}

/* ---- taken ---- */

static void
move(const char *command, const char *wait)
{
	link_command(&taker, WORDS(command, src_conf.list, name.p, src_conf.rpop ? "RIGHT" : "LEFT", "RIGHT", wait));
	asked++;
}

static void
ask(void)
{
	long n = wrap_count();

	if (asked > 0 || ended || taker.conn == NULL || ours.len - out > (size_t)n / 2)
		return;
	if (empty && !ce_conf.until_end)
		move("BLMOVE", "5");
	else
		while (n-- > 0)
			move("LMOVE", NULL);
	link_push(&taker);
}

static bool
took(struct link *l, redisReply *r)
{
	asked--;
	if (r->type == REDIS_REPLY_STRING)
		push(&ours, r->str, r->len);
	else if (r->type != REDIS_REPLY_NIL) {
		if (!ended) /* once, not for each that was asked */
			redis_refused(l, r, "read from", src_conf.list, false);
		ended = !l->broken;
		return false;
	}
	ce_again_well(&again);
	empty = r->type == REDIS_REPLY_NIL;
	if (asked > 0)
		return false;
	ended = empty && ce_conf.until_end;
	ask();
	return false;
}

/* ---- the connections ---- */

static void
down(struct link *l, const char *why)
{
	link_close(l == &taker ? &remover : &taker);
	asked = 0;
	redis_again(&again, src_conf.list, why, come);
}

static enum ce_verdict
left(struct values *q)
{
	const char *why;
	redisReply *r;
	size_t i, n = CHUNK;
	enum ce_verdict v = CE_TAKEN;

	while (v == CE_TAKEN && n == CHUNK) {
		link_begin(&taker, 4);
		link_word(&taker, "LRANGE");
		link_arg(&taker, name.p, name.len);
		link_number(&taker, (long long)q->len);
		link_number(&taker, (long long)q->len + CHUNK - 1);
		if ((r = link_answer(&taker, redis_conf.connect_timeout, &why)) == NULL)
			return ce_later("cannot read from %s: %s", name.p, why);
		n = r->type == REDIS_REPLY_ARRAY ? r->elements : 0;
		if (r->type != REDIS_REPLY_ARRAY && (v = redis_verdict(r, "read what was left")) == CE_NEVER)
			v = ce_fatal(CE_DATAERR, "cannot read from %s: %s", name.p, redis_said(r));
		for (i = 0; i < n; i++)
			if (r->element[i]->type == REDIS_REPLY_STRING)
				push(q, r->element[i]->str, r->element[i]->len);
		freeReplyObject(r);
	}
	return v;
}

/* Is there what we know, without the first k? */
static bool
follows(const struct values *there, size_t k)
{
	size_t i;

	if (ours.len - k > there->len)
		return false;
	for (i = k; i < ours.len; i++) {
		const struct ce_buf *a = nth(&ours, i), *b = nth(there, i - k);

		if (a->len != b->len || memcmp(a->p, b->p, a->len) != 0)
			return false;
	}
	return true;
}

/* Of the removals that had no answer, the first k were done.  Where equal values leave
 * a choice, it is the greatest k: what is removed once too little comes again, what is
 * removed once too often is lost. */
static void
compare(struct values *there)
{
	size_t k = sent + 1, i;

	while (k > 0 && !follows(there, k - 1))
		k--;
	if (k > 0)
		while (--k > 0)
			removed();
	else { /* as after a crash that the server has forgotten something in */
		ce_note("%s is not as it was left: all of it comes again", name.p);
		while (ours.len > 0)
			shift(&ours);
		done = out = 0;
		generation++;
	}
	sent = 0;
	for (i = ours.len; i < there->len; i++)
		push(&ours, nth(there, i)->p, nth(there, i)->len);
}

static enum ce_verdict
try(void)
{
	struct values there = { 0 };
	enum ce_verdict v;

	if ((v = link_open(&taker)) == CE_TAKEN && (v = link_open(&remover)) == CE_TAKEN && (v = left(&there)) == CE_TAKEN) {
		compare(&there);
		send();
		empty = false;
	} else {
		link_close(&taker);
		link_close(&remover);
	}
	while (there.len > 0)
		shift(&there);
	free(there.v);
	return v;
}

static enum ce_verdict
connect(void)
{
	enum ce_verdict v;

	if (taker.conn != NULL && remover.conn != NULL)
		return CE_TAKEN;
	do
		v = try();
	while (v == CE_LATER && redis_moved());
	return v;
}

static void
come(void *arg)
{
	enum ce_verdict v = connect();

	(void)arg;
	ce_again(&again, v, come, NULL);
	if (v == CE_TAKEN)
		ask();
}

static bool
commit(void)
{
	if (done > 0 && connect() == CE_TAKEN) {
		send();
		link_drain(&remover, ce_conf.timeout);
	}
	errno = done > 0 ? ENOTCONN : 0;
	return done == 0;
}

static void
start(void)
{
	if (src_conf.processing != NULL)
		ce_buf_puts(&name, src_conf.processing);
	else
		ce_buf_printf(&name, "%s:processing:%s", src_conf.list, src_conf.consumer);
	taker.reply = took;
	remover.reply = told;
	taker.down = remover.down = down;
	taker.quiet = ce_conf.timeout + BLOCK_MS;
	remover.quiet = ce_conf.timeout;
	redis_must(connect());
	ce_on_commit(commit);
	ce_commits();
	ask();
}

/* ---- out ---- */

static bool
next(void)
{
	struct ce_str list = { src_conf.list, strlen(src_conf.list) };
	const struct ce_buf *v;
	struct ce_event *ev;

	if (out == ours.len)
		return false;
	v = nth(&ours, out++);
	ev = wrap_message("redis.list", list, (struct ce_str){ v->p, v->len }, settled, (void *)generation);
	if (ev != NULL)
		ce_emit(ev, settled, (void *)generation);
	ask();
	return true;
}

static bool
over(void)
{
	return ended && out == ours.len;
}

const struct reading list_reading = { start, next, over };
