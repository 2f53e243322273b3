/* where.c -- the servers of a cluster, as they name each other: MOVED 866 HOST:PORT.
 *
 * A sink sends each command to whom it belongs (cluster.c).  A source has one key, or
 * two of one slot: all of its connections go where the last answer has sent it, and back
 * to the server of --url when that one cannot be reached.
 * SPDX-License-Identifier: Apache-2.0 */

#include <stdlib.h>
#include <string.h>
#include "redis.h"

#define HOPS 5 /* within a second; servers that disagree send us to and fro */

static struct ce_addr there; /* no host: where --url says */
static bool moved;

const struct ce_addr *
redis_addr(void)
{
	return there.host != NULL ? &there : &redis_conf.addr;
}

bool
redis_named(struct ce_addr *a, const char *host, size_t n, const char *port, const struct ce_addr *asked)
{
	struct ce_buf text = { 0 };
	bool good;

	if (n == 0 || (n == 1 && *host == '?')) {
		host = asked->host != NULL ? asked->host : "127.0.0.1";
		n = strlen(host);
	}
	ce_buf_printf(&text, memchr(host, ':', n) != NULL && *host != '[' ? "[%.*s]:%s" : "%.*s:%s", (int)n, host, port);
	*a = (struct ce_addr){ 0 };
	good = strncmp(text.p, "unix:", 5) != 0 && ce_addr_parse(a, text.p, NULL) == NULL;
	ce_buf_free(&text);
	return good;
}

long
redis_redirected(const char *said, struct ce_addr *a, const struct ce_addr *asked)
{
	const char *slot = strchr(said, ' '), *host, *port;
	long s;

	if (slot == NULL || (host = strchr(slot + 1, ' ')) == NULL || (port = strrchr(host, ':')) == NULL)
		return -1;
	s = strtol(slot, NULL, 10);
	host++;
	if (s < 0 || s >= REDIS_SLOTS || port < host || strlen(port + 1) > 5)
		return -1;
	return redis_named(a, host, (size_t)(port - host), port + 1, asked) ? s : -1;
}

void
redis_follow(const redisReply *r)
{
	struct ce_addr a;

	if (redis_means(r) != REDIS_MOVED || redis_redirected(r->str, &a, redis_addr()) == -1)
		return;
	ce_addr_free(&there);
	there = a;
	moved = true;
}

bool
redis_moved(void)
{
	static int64_t since;
	static int hops;
	bool now = moved;

	moved = false;
	if (now && ce_now() - since > 1000) {
		since = ce_now();
		hops = 0;
	}
	return now && ++hops <= HOPS;
}

void
redis_unreachable(void)
{
	ce_addr_free(&there);
	moved = false;
}

void
redis_again(struct ce_again *a, const char *name, const char *why, void (*come)(void *arg))
{
	if (!redis_moved()) {
		ce_again(a, ce_later("cannot read from %s: %s", name, why), come, NULL);
		return;
	}
	ce_note("%s is at %s:%s now", name, there.host, there.port);
	a->timer.fn = come;
	ce_timer(&a->timer, 0);
}
