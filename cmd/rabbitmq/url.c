/* url -- amqp[s]://[USER@]HOST[:PORT][/VHOST], and the options of a connection
 *
 * A path of one slash is the virtual host with no name, as the URI rules of
 * RabbitMQ have it; none at all is the one named /.
 * SPDX-License-Identifier: Apache-2.0 */

#include <stdlib.h>
#include <string.h>
#include "rabbit.h"

static const char *url = "amqp://localhost";
static const char *user;
struct rabbit_url rabbit_url;
struct ce_secret rabbit_password;
long rabbit_timeout = 10000, rabbit_heartbeat = 30000;

const struct ce_opt rabbit_opts[] = {
	CE_GROUP(ce_tls_opts),
	CE_TIME(0, "connect-timeout", &rabbit_timeout, "time", 1, 3600000, "how long connecting may take"),
	CE_TIME(0, "heartbeat", &rabbit_heartbeat, "time", 0, 3600000, "interval of heartbeats; 0: none"),
	CE_SECRET(0, "password", &rabbit_password, "secret", "password of the user (default: guest, for the user guest)"),
	CE_STR('u', "url", &url, "url", "server: amqp[s]://[USER@]HOST[:PORT][/VHOST]"),
	CE_STR(0, "user", &user, "name", "user name (default: that of the URL, or guest)"),
	CE_END
};

static int
hex(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10 : -1;
}

static char *
decoded(const char *p, size_t n)
{
	struct ce_buf b = { 0 };
	size_t i;

	ce_buf_reset(&b);
	for (i = 0; i < n; i++) {
		if (p[i] == '%' && n - i > 2 && hex(p[i + 1]) >= 0 && hex(p[i + 2]) >= 0) {
			ce_buf_putc(&b, (char)(hex(p[i + 1]) << 4 | hex(p[i + 2])));
			i += 2;
		} else
			ce_buf_putc(&b, p[i]);
	}
	return ce_buf_take(&b);
}

const char *
rabbit_url_parse(struct rabbit_url *u, const char *text)
{
	const char *p, *slash, *at, *why;
	char *host;

	*u = (struct rabbit_url){ 0 };
	if (strncmp(text, "amqp://", 7) == 0)
		p = text + 7;
	else if (strncmp(text, "amqps://", 8) == 0)
		p = text + 8, u->tls = true;
	else
		return "it does not begin with amqp:// or amqps://";
	if (strpbrk(p, "?#") != NULL)
		return "it has a query or a fragment; options say these things here";
	slash = strchrnul(p, '/');
	if ((at = memchr(p, '@', (size_t)(slash - p))) != NULL) {
		if (memchr(p, ':', (size_t)(at - p)) != NULL)
			return "it holds a password, which anybody could see: --password takes a place";
		u->user = decoded(p, (size_t)(at - p));
		p = at + 1;
	}
	if (*slash != '\0' && strchr(slash + 1, '/') != NULL)
		return "its path is more than a virtual host; a slash in its name is %2F";
	u->vhost = *slash == '\0' ? ce_strdup("/") : decoded(slash + 1, strlen(slash + 1));
	if (strlen(u->vhost) > 255)
		return "the name of the virtual host is longer than 255 bytes";
	host = p == slash ? ce_strdup("localhost") : ce_strndup(p, (size_t)(slash - p));
	why = ce_addr_parse(&u->addr, host, u->tls ? "5671" : "5672");
	free(host);
	return why;
}

void
rabbit_url_check(void)
{
	const char *why = rabbit_url_parse(&rabbit_url, url);

	if (why != NULL) /* not the URL itself: it may hold a password */
		ce_die(CE_USAGE, "cannot use the URL of --url: %s", why);
	if (user != NULL) {
		free(rabbit_url.user);
		rabbit_url.user = ce_strdup(user);
	}
	if (rabbit_url.user != NULL && rabbit_password.p == NULL)
		ce_die(CE_USAGE, "the user %s needs a --password", rabbit_url.user);
	if (rabbit_url.user == NULL)
		rabbit_url.user = ce_strdup("guest");
	if (ce_tls.key != NULL && ce_tls.cert == NULL)
		ce_die(CE_USAGE, "--tls-key needs --tls-cert");
	if (!rabbit_url.tls && (ce_tls.ca != NULL || ce_tls.cert != NULL || ce_tls.insecure))
		ce_die(CE_USAGE, "the --tls options need an amqps:// URL");
}
