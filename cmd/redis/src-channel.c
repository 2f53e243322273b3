/* src-channel.c -- what is published, and notifications of keys: the server gives it
 * once to who is there, so nothing is acknowledged, and what comes while we are away
 * is lost.  That is said.
 * SPDX-License-Identifier: Apache-2.0 */

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "src.h"

#define MUCH (1 << 22) /* bytes that wait here; more wait in the server, for a while */

struct message {
	struct message *next;
	redisReply *r;
	struct ce_str channel, text;
};

static struct link ear;
static struct message *waiting, **last = &waiting;
static size_t bytes;
static struct ce_again again;
static struct ce_timer beat;
static struct timespec heard; /* when something came last */
static bool slow;             /* the server had to keep some for us */
static bool missing;          /* what came after that, until we are back */
static struct ce_buf pattern; /* of --keyspace, as the server knows it */
static size_t prefix;         /* of a key there */

static void come(void *arg);

static const char *
what(void)
{
	const struct src_conf *c = &src_conf;

	return c->keyspace != NULL ? pattern.p : c->channels.n > 0 ? c->channels.v[0] : c->patterns.v[0];
}

static void
back(void)
{
	char from[32], to[32];
	struct timespec now;

	ce_again_well(&again);
	if (missing) {
		clock_gettime(CLOCK_REALTIME, &now);
		ce_time_format(from, sizeof(from), &heard);
		ce_time_format(to, sizeof(to), &now);
		ce_warn("what was published between %s and %s may be missing", from, to);
	}
	missing = false;
}

static size_t
size_of(const struct message *m)
{
	return sizeof(*m) + m->channel.len + m->text.len + 256;
}

static void
enqueue(redisReply *r, size_t at)
{
	struct message *m = CE_NEW(struct message);

	m->r = r;
	m->channel = (struct ce_str){ r->element[at]->str, r->element[at]->len };
	m->text = (struct ce_str){ r->element[at + 1]->str, r->element[at + 1]->len };
	*last = m;
	last = &m->next;
	bytes += size_of(m);
	if (bytes >= MUCH) {
		link_pause(&ear, true);
		slow = true;
	}
}

static bool
is(const redisReply *r, size_t i, const char *kind)
{
	return r->type == REDIS_REPLY_ARRAY && r->elements > i && r->element[i]->type == REDIS_REPLY_STRING &&
	    (kind == NULL || strcmp(r->element[i]->str, kind) == 0);
}

/* [message, channel, text], [pmessage, pattern, channel, text], or of our commands
 * [subscribe, channel, n], [psubscribe, pattern, n], [pong, ""]. */
static bool
took(struct link *l, redisReply *r)
{
	if (r->type != REDIS_REPLY_ARRAY) {
		redis_refused(l, r, "subscribe to", what(), false);
		return false;
	}
	if (!missing)
		clock_gettime(CLOCK_REALTIME, &heard);
	if (is(r, 0, "subscribe") || is(r, 0, "psubscribe"))
		back();
	else if (is(r, 0, "message") && is(r, 1, NULL) && is(r, 2, NULL)) {
		enqueue(r, 1);
		return true;
	} else if (is(r, 0, "pmessage") && is(r, 2, NULL) && is(r, 3, NULL)) {
		enqueue(r, 2);
		return true;
	} else
		slow = false; /* what waited in the server is through */
	return false;
}

static void
down(struct link *l, const char *why)
{
	(void)l;
	ce_timer(&beat, -1);
	missing = heard.tv_sec != 0;
	ce_again(&again, ce_later("cannot read from %s: %s%s", what(), why, slow ? "; more was published than was taken" : ""), come, NULL);
	slow = false;
}

/* A subscriber that hears nothing cannot know whether the server is there. */
static void
ping(void *arg)
{
	(void)arg;
	ce_timer(&beat, ear.quiet / 2);
	if (ear.conn == NULL || ear.paused || ear.due > 0)
		return;
	link_command(&ear, WORDS("PING"));
	link_push(&ear);
}

static void
subscribe(const char *command, const struct ce_list *names)
{
	int i;

	if (names->n == 0)
		return;
	link_begin(&ear, 1 + names->n);
	link_word(&ear, command);
	for (i = 0; i < names->n; i++)
		link_word(&ear, names->v[i]);
}

/* Are they sent at all?  Where we may not ask, we believe it. */
static enum ce_verdict
notifies(void)
{
	const char *why, *flags;
	redisReply *r;
	enum ce_verdict v = CE_TAKEN;

	link_command(&ear, WORDS("CONFIG", "GET", "notify-keyspace-events"));
	if ((r = link_answer(&ear, redis_conf.connect_timeout, &why)) == NULL)
		return ce_later("cannot ask for the configuration: %s", why);
	if (is(r, 1, NULL)) {
		flags = r->element[1]->str;
		if (strchr(flags, 'K') == NULL || strspn(flags, "KE") == strlen(flags))
			v = ce_fatal(CE_CONFIG, "the server sends no notifications of keys: its "
			    "notify-keyspace-events is \"%s\", and needs K and classes of events", flags);
	}
	freeReplyObject(r);
	if (v != CE_TAKEN)
		link_close(&ear);
	return v;
}

static enum ce_verdict
connect(void)
{
	enum ce_verdict v = link_open(&ear);

	if (v == CE_TAKEN && src_conf.keyspace != NULL)
		v = notifies();
	if (v != CE_TAKEN)
		return v;
	subscribe("SUBSCRIBE", &src_conf.channels);
	subscribe("PSUBSCRIBE", &src_conf.patterns);
	link_push(&ear);
	ce_timer(&beat, ear.quiet / 2);
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
	static const char *all[1];

	ear.reply = took;
	ear.down = down;
	ear.quiet = ce_conf.timeout;
	beat.fn = ping;
	if (src_conf.keyspace != NULL) {
		ce_buf_printf(&pattern, "__keyspace@%ld__:", redis_conf.db);
		prefix = pattern.len;
		ce_buf_puts(&pattern, src_conf.keyspace);
		all[0] = pattern.p;
		src_conf.patterns = (struct ce_list){ all, 1 };
	}
	redis_must(connect());
}

static bool
next(void)
{
	struct message *m = waiting;
	struct ce_event *ev;

	if (m == NULL)
		return false;
	if ((waiting = m->next) == NULL)
		last = &waiting;
	bytes -= size_of(m);
	if (src_conf.keyspace != NULL && m->channel.len >= prefix)
		ev = wrap_notice((struct ce_str){ m->channel.p + prefix, m->channel.len - prefix }, m->text);
	else
		ev = wrap_message("redis.message", m->channel, m->text, NULL, NULL);
	if (ev != NULL)
		ce_emit(ev, NULL, NULL);
	freeReplyObject(m->r);
	free(m);
	if (bytes < MUCH / 2)
		link_pause(&ear, false);
	return true;
}

static bool
over(void)
{
	return false;
}

const struct reading channel_reading = { start, next, over };
