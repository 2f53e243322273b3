/* hello.c -- how a connection begins: who we are, and which database.
 * SPDX-License-Identifier: Apache-2.0 */

#include <string.h>
#include "redis.h"

/* Expects anything that is no error; that a word is forbidden says that we are in. */
static enum ce_verdict
greet(struct link *l, const char *what)
{
	const char *why;
	redisReply *r = link_answer(l, redis_conf.connect_timeout, &why);
	enum ce_verdict v = CE_TAKEN;
	struct ce_buf act = { 0 };

	if (r == NULL)
		return ce_later("cannot %s: %s", what, why);
	ce_buf_printf(&act, "%s at %s", what, ce_conn_peer(l->conn));
	if (r->type == REDIS_REPLY_ERROR && strncmp(r->str, "NOPERM ", 7) != 0) {
		v = redis_verdict(r, act.p);
		if (v == CE_NEVER) /* no event was refused, but the connection */
			v = ce_fatal(CE_CONFIG, "cannot %s: %s", act.p, redis_said(r));
		link_close(l);
	}
	ce_buf_free(&act);
	freeReplyObject(r);
	return v;
}

enum ce_verdict
link_hello(struct link *l)
{
	const struct redis_conf *c = &redis_conf;
	enum ce_verdict v;

	if (c->password.p != NULL) {
		link_begin(l, c->user != NULL ? 3 : 2);
		link_word(l, "AUTH");
		if (c->user != NULL)
			link_word(l, c->user);
		link_arg(l, c->password.p, c->password.len);
		v = greet(l, "log in");
		if (l->out.cap > 0)
			explicit_bzero(l->out.p, l->out.cap);
		if (v != CE_TAKEN)
			return v;
	}
	if (c->db > 0) {
		link_begin(l, 2);
		link_word(l, "SELECT");
		link_number(l, c->db);
		if ((v = greet(l, "choose the database")) != CE_TAKEN)
			return v;
	}
	link_command(l, WORDS("PING")); /* also says whether it is loading */
	return greet(l, "begin");
}
