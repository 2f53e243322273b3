/* error.c -- what an error reply means for the command that it answers.
 *
 * The first word of an error is its kind; of the kind ERR, only the text tells.
 * SPDX-License-Identifier: Apache-2.0 */

#include <string.h>
#include "redis.h"

static const struct {
	const char *begins;
	enum redis_means means;
} known[] = {
	{ "OOM ", REDIS_LATER },
	{ "LOADING ", REDIS_LATER },
	{ "BUSY ", REDIS_LATER },
	{ "TRYAGAIN ", REDIS_LATER },
	{ "CLUSTERDOWN ", REDIS_LATER },
	{ "MISCONF ", REDIS_LATER },
	{ "NOREPLICAS ", REDIS_LATER },
	{ "ERR max number of clients reached", REDIS_LATER },
	{ "READONLY ", REDIS_ELSEWHERE },
	{ "MASTERDOWN ", REDIS_ELSEWHERE },
	{ "UNBLOCKED ", REDIS_ELSEWHERE },
	{ "NOSCRIPT ", REDIS_ELSEWHERE }, /* connecting loads it again */
	{ "NOAUTH ", REDIS_DENIED },
	{ "WRONGPASS ", REDIS_DENIED },
	{ "NOPERM ", REDIS_DENIED },
	{ "DENIED ", REDIS_DENIED },
	{ "ERR invalid password", REDIS_DENIED },
	{ "ERR AUTH ", REDIS_DENIED },
	{ "ERR Client sent AUTH", REDIS_DENIED },
	{ "NOGROUP ", REDIS_CONFIG },
	{ "ERR unknown command", REDIS_CONFIG },
	{ "ERR DB index", REDIS_CONFIG },
	{ "ERR SELECT is not allowed", REDIS_CONFIG },
	{ "ERR invalid DB index", REDIS_CONFIG },
	{ "MOVED ", REDIS_MOVED },
	{ "ASK ", REDIS_ASK },
};

enum redis_means
redis_means(const redisReply *r)
{
	size_t i;

	for (i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strncmp(r->str, known[i].begins, strlen(known[i].begins)) == 0)
			return known[i].means;
	return REDIS_NEVER;
}

void
redis_must(enum ce_verdict v)
{
	if (v != CE_TAKEN)
		ce_die(v == CE_FATAL ? ce_reason_code() : v == CE_NEVER ? CE_DATAERR : CE_UNAVAILABLE, "%s", ce_reason());
}

const char *
redis_said(const redisReply *r)
{
	static struct ce_buf said;

	ce_buf_reset(&said);
	if (r->type == REDIS_REPLY_ERROR)
		ce_buf_visible(&said, r->str, (size_t)r->len, 200);
	else
		ce_buf_puts(&said, "an answer of another form than expected");
	return said.p;
}

enum ce_verdict
redis_verdict(const redisReply *r, const char *what)
{
	switch (r->type == REDIS_REPLY_ERROR ? redis_means(r) : REDIS_CONFIG) {
	case REDIS_MOVED:
		redis_follow(r);
		/* fallthrough */
	case REDIS_LATER:
	case REDIS_ELSEWHERE:
	case REDIS_ASK:
		return ce_later("cannot %s: %s", what, redis_said(r));
	case REDIS_DENIED:
		return ce_fatal(CE_NOPERM, "cannot %s: %s", what, redis_said(r));
	case REDIS_CONFIG:
		return ce_fatal(CE_CONFIG, "cannot %s: %s", what, redis_said(r));
	default:
		return ce_never("cannot %s: %s", what, redis_said(r));
	}
}

void
redis_refused(struct link *l, const redisReply *r, const char *act, const char *name, bool back)
{
	enum redis_means m = r->type == REDIS_REPLY_ERROR ? redis_means(r) : REDIS_CONFIG;
	struct ce_buf b = { 0 };

	ce_buf_puts(&b, redis_said(r));
	if (m == REDIS_MOVED)
		redis_follow(r);
	if (m == REDIS_LATER || m == REDIS_ELSEWHERE || m == REDIS_MOVED || m == REDIS_ASK || back)
		link_leave(l, b.p);
	else {
		ce_warn("cannot %s %s: %s", act, name, b.p);
		ce_stop(m == REDIS_DENIED ? CE_NOPERM : m == REDIS_NEVER ? CE_DATAERR : CE_CONFIG);
	}
	ce_buf_free(&b);
}
