/* url.c -- where the server is: the options that both ends have.
 * SPDX-License-Identifier: Apache-2.0 */

#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "redis.h"

struct redis_conf redis_conf = { .url = "redis://127.0.0.1:6379", .connect_timeout = 10000 };

const struct ce_opt redis_opts[] = {
	CE_TIME(0, "connect-timeout", &redis_conf.connect_timeout, "time", 1, 3600000, "how long connecting may take"),
	CE_SECRET(0, "password", &redis_conf.password, "secret", "password to log in with"),
	CE_STR('u', "url", &redis_conf.url, "url", "the server: redis[s]://[USER@]HOST[:PORT][/DB] or unix:PATH[?db=DB]"),
	CE_STR(0, "user", &redis_conf.user, "name", "user to log in as"),
	CE_GROUP(ce_tls_opts),
	CE_END
};

static const char *
after(const char *s, const char *prefix)
{
	size_t n = strlen(prefix);

	return strncmp(s, prefix, n) == 0 ? s + n : NULL;
}

static void
wrong(const char *why)
{
	ce_die(CE_USAGE, "--url %s: %s", ce_log_url(redis_conf.url), why);
}

static void
database(const char *digits)
{
	size_t n = strlen(digits);

	if (n == 0)
		return;
	if (n > 9 || strspn(digits, "0123456789") != n)
		wrong("the database is not a number");
	redis_conf.db = strtol(digits, NULL, 10);
}

/* The path lends itself to unix:PATH and unix:///PATH. */
static void
unix_socket(const char *rest)
{
	struct ce_buf text = { 0 };
	const char *query = strchr(rest, '?'), *why;

	if (strncmp(rest, "///", 3) == 0)
		rest += 2;
	if (query != NULL) {
		if (after(query, "?db=") == NULL)
			wrong("of what follows a question mark only db=NUMBER is known");
		database(query + 4);
	}
	ce_buf_puts(&text, "unix:");
	ce_buf_add(&text, rest, query != NULL ? (size_t)(query - rest) : strlen(rest));
	if ((why = ce_addr_parse(&redis_conf.addr, text.p, NULL)) != NULL)
		wrong(why);
	redis_conf.shown = ce_buf_take(&text);
}

static void
host(const char *rest)
{
	struct ce_buf text = { 0 }, shown = { 0 };
	size_t n = strcspn(rest, "/?#");
	const char *at = memchr(rest, '@', n), *why;

	if (rest[n] != '\0' && (rest[n] != '/' || strpbrk(rest + n, "?#") != NULL))
		wrong("nothing may follow the database");
	if (rest[n] == '/')
		database(rest + n + 1);
	if (at != NULL) {
		if (memchr(rest, ':', (size_t)(at - rest)) != NULL)
			ce_die(CE_USAGE, "--url holds a password, which anybody could see: "
			    "--password names a place instead");
		if (redis_conf.user == NULL && at > rest)
			redis_conf.user = ce_strndup(rest, (size_t)(at - rest));
		n -= (size_t)(at + 1 - rest);
		rest = at + 1;
	}
	ce_buf_add(&text, rest, n);
	if (n == 0 || *text.p == ':')
		wrong("there is no host");
	if ((why = ce_addr_parse(&redis_conf.addr, text.p, "6379")) != NULL)
		wrong(why);
	ce_buf_printf(&shown, strchr(redis_conf.addr.host, ':') != NULL ? "redis://[%s]:%s/%ld" :
	    "redis://%s:%s/%ld", redis_conf.addr.host, redis_conf.addr.port, redis_conf.db);
	redis_conf.shown = ce_buf_take(&shown);
	ce_buf_free(&text);
}

static void
readable(const char *path, const char *opt)
{
	if (path != NULL && access(path, R_OK) != 0)
		ce_die(CE_CONFIG, "cannot read %s, given as --%s: %m", path, opt);
}

void
redis_check(void)
{
	const char *rest;

	if ((rest = after(redis_conf.url, "unix:")) != NULL)
		unix_socket(rest);
	else if ((rest = after(redis_conf.url, "redis://")) != NULL)
		host(rest);
	else if ((rest = after(redis_conf.url, "rediss://")) != NULL) {
		redis_conf.tls = true;
		host(rest);
	} else
		wrong("neither redis://, rediss:// nor unix:");
	if (redis_conf.user != NULL && redis_conf.password.p == NULL)
		ce_die(CE_USAGE, "a user needs --password");
	if (ce_tls.key != NULL && ce_tls.cert == NULL)
		ce_die(CE_USAGE, "--tls-key needs --tls-cert");
	if (!redis_conf.tls && (ce_tls.ca != NULL || ce_tls.cert != NULL || ce_tls.insecure))
		ce_die(CE_USAGE, "options of TLS need a URL that begins with rediss://");
	readable(ce_tls.ca, "tls-ca");
	readable(ce_tls.cert, "tls-cert");
	readable(ce_tls.key, "tls-key");
}
