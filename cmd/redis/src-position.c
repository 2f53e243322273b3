/* src-position.c -- which entries of a stream are on their way, in the order of their
 * emission, and up to where all are finished: for a group that is told to the server,
 * else it is a position of our own.
 * SPDX-License-Identifier: Apache-2.0 */

#include <stdlib.h>
#include <string.h>
#include "src.h"

static struct id *flying; /* a ring; cap is a power of two */
static size_t head, len, cap;
static struct id finished;
static struct ce_state *state;

void
position_settled(void *token, enum ce_verdict v)
{
	struct id id = flying[head];

	(void)token;
	head = (head + 1) & (cap - 1);
	len--;
	if (v == CE_LATER)
		return;
	if (src_conf.group != NULL)
		acks_add(id);
	else
		finished = id;
}

void
position_fly(struct id id)
{
	if (len == cap) {
		size_t n = cap ? 2 * cap : 1024, i;
		struct id *r = ce_alloc(n * sizeof(*r));

		for (i = 0; i < len; i++)
			r[i] = flying[(head + i) & (cap - 1)];
		free(flying);
		flying = r;
		head = 0;
		cap = n;
	}
	flying[(head + len++) & (cap - 1)] = id;
	if (src_conf.group != NULL)
		ids_add(id);
}

void
position_land(void)
{
	acks_add(flying[(head + --len) & (cap - 1)]);
}

static bool
keep(void)
{
	struct ce_buf b = { 0 };
	char text[48];
	bool good;

	id_print(text, finished);
	ce_buf_printf(&b, "%s %s\n", text, src_conf.stream);
	good = ce_state_write(state, b.p, b.len);
	ce_buf_free(&b);
	return good;
}

/* Where the end is now: what comes later is not missed, whenever it is read. */
static void
end_of_stream(struct link *l)
{
	const char *why;
	redisReply *r;

	for (;;) {
		link_command(l, WORDS("XREVRANGE", src_conf.stream, "+", "-", "COUNT", "1"));
		if ((r = link_answer(l, redis_conf.connect_timeout, &why)) == NULL)
			ce_die(CE_UNAVAILABLE, "cannot read from %s: %s", src_conf.stream, why);
		if (r->type == REDIS_REPLY_ERROR)
			redis_follow(r);
		if (!redis_moved())
			break;
		freeReplyObject(r);
		link_close(l);
		redis_must(link_open(l));
	}
	if (!entries_sound(r))
		ce_die(r->type == REDIS_REPLY_ERROR && redis_means(r) == REDIS_DENIED ? CE_NOPERM : CE_CONFIG,
		    "cannot read from %s: %s", src_conf.stream, redis_said(r));
	if (r->elements == 1 && r->element[0]->type == REDIS_REPLY_ARRAY)
		id_parse(&finished, r->element[0]->element[0]->str);
	freeReplyObject(r);
}

static void
kept(char *text, size_t n)
{
	char *name = strchr(text, ' ');

	if (text[n - 1] == '\n' && name != NULL) {
		text[n - 1] = *name++ = '\0';
		if (id_parse(&finished, text)) {
			if (strcmp(name, src_conf.stream) != 0)
				ce_die(CE_CONFIG, "%s holds a position in another stream, %s", ce_conf.state, name);
			return;
		}
	}
	ce_die(CE_CONFIG, "%s holds no position in a stream", ce_conf.state);
}

void
position_start(struct link *l, char after[48])
{
	struct ce_buf b = { 0 };
	const char *from = src_conf.from != NULL ? src_conf.from : "0";

	if (ce_conf.state != NULL) {
		state = ce_state_open(ce_conf.state, &b);
		ce_on_commit(keep);
	}
	if (b.len > 0)
		kept(b.p, b.len);
	else if (strcmp(from, "$") != 0)
		id_parse(&finished, from);
	else {
		end_of_stream(l);
		if (state != NULL && !keep())
			ce_die(CE_IOERR, "cannot keep the position in %s: %m", ce_conf.state);
	}
	id_print(after, finished);
	ce_buf_free(&b);
}
