/* httpopt.c -- the options that every HTTP client has
 *
 * Apart from http.c so that a mistake in them is found before libcurl is
 * started, and named as the option that it is.
 * SPDX-License-Identifier: Apache-2.0 */

#include <string.h>
#include <sys/un.h>
#include <unistd.h>

#include "http.h"
#include "net.h"

struct ce_http_conf ce_http_conf = { .connect_timeout = 10000 };

const struct ce_opt ce_http_opts[] = {
	CE_GROUP(ce_tls_opts),
	CE_SECRET(0, "bearer", &ce_http_conf.bearer, "secret", "token to send as Authorization: Bearer"),
	CE_TIME(0, "connect-timeout", &ce_http_conf.connect_timeout, "time", 1, 3600000, "how long connecting may take"),
	CE_SECRET(0, "password", &ce_http_conf.password, "secret", "password of basic authentication"),
	CE_STR(0, "proxy", &ce_http_conf.proxy, "url", "go through this proxy"),
	CE_STR(0, "unix-socket", &ce_http_conf.unix_socket, "path", "connect to this unix socket instead of the URL's host"),
	CE_STR(0, "user", &ce_http_conf.user, "name", "user name of basic authentication"),
	CE_END
};

static void
readable(const char *path, const char *opt)
{
	if (path != NULL && access(path, R_OK) != 0)
		ce_die(CE_CONFIG, "cannot read %s, given as --%s: %m", path, opt);
}

static void
no_line_end(const struct ce_secret *s, const char *opt)
{
	if (s->p != NULL && (memchr(s->p, '\n', s->len) != NULL || memchr(s->p, '\r', s->len) != NULL))
		ce_die(CE_CONFIG, "the secret of --%s has more than one line", opt);
}

void
ce_http_check(void)
{
	const struct ce_http_conf *c = &ce_http_conf;
	struct sockaddr_un sun;
	const char *why;

	if (c->bearer.p != NULL && c->user != NULL)
		ce_die(CE_USAGE, "--bearer and --user exclude each other");
	if ((c->user != NULL) != (c->password.p != NULL))
		ce_die(CE_USAGE, "--user and --password need each other");
	if (c->user != NULL && strchr(c->user, ':') != NULL)
		ce_die(CE_USAGE, "--user must not contain a colon");
	if (ce_tls.key != NULL && ce_tls.cert == NULL)
		ce_die(CE_USAGE, "--tls-key needs --tls-cert");
	if (c->unix_socket != NULL && c->proxy != NULL)
		ce_die(CE_USAGE, "--unix-socket and --proxy exclude each other");
	if (c->unix_socket != NULL && strlen(c->unix_socket) >= sizeof(sun.sun_path))
		ce_die(CE_USAGE, "--unix-socket: the path is longer than %zu bytes", sizeof(sun.sun_path) - 1);
	if (c->proxy != NULL && (why = ce_http_check_proxy(c->proxy)) != NULL)
		ce_die(CE_USAGE, "--proxy %s: %s", ce_log_url(c->proxy), why);
	readable(ce_tls.ca, "tls-ca");
	readable(ce_tls.cert, "tls-cert");
	readable(ce_tls.key, "tls-key");
	no_line_end(&c->bearer, "bearer");
	no_line_end(&c->password, "password");
}

const char *
ce_http_auth(void)
{
	static struct ce_buf value;
	struct ce_buf pair = { 0 };

	ce_buf_reset(&value);
	if (ce_http_conf.bearer.p != NULL) {
		ce_buf_puts(&value, "Bearer ");
		ce_buf_add(&value, ce_http_conf.bearer.p, ce_http_conf.bearer.len);
		return value.p;
	}
	if (ce_http_conf.user == NULL)
		return NULL;
	ce_buf_printf(&pair, "%s:", ce_http_conf.user);
	ce_buf_add(&pair, ce_http_conf.password.p, ce_http_conf.password.len);
	ce_buf_puts(&value, "Basic ");
	ce_base64(&value, pair.p, pair.len);
	explicit_bzero(pair.p, pair.len);
	ce_buf_free(&pair);
	ce_log_hide(value.p + 6, value.len - 6);
	return value.p;
}
