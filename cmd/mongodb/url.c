/* url.c -- where the server is: the options that both ends have.
 * SPDX-License-Identifier: Apache-2.0 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include "mongodb.h"
#include "net.h"

struct mongodb_conf mongodb_conf = { .url = "mongodb://127.0.0.1:27017", .connect_timeout = 10000 };

const struct ce_opt mongodb_opts[] = {
	CE_TIME(0, "connect-timeout", &mongodb_conf.connect_timeout, "time", 1, 3600000, "how long connecting may take"),
	CE_SECRET(0, "password", &mongodb_conf.password, "secret", "password to log in with"),
	CE_STR('u', "url", &mongodb_conf.url, "url", "the server: mongodb://[USER@]HOST[:PORT][,...]/[DB][?OPTIONS]"),
	CE_STR(0, "user", &mongodb_conf.user, "name", "user to log in as"),
	CE_GROUP(ce_tls_opts),
	CE_END
};

static mongoc_uri_t *uri;
static const char *app;
static struct ce_buf hosts, pem;

static void
wrong(const char *why)
{
	ce_die(CE_USAGE, "--url %s: %s", ce_log_url(mongodb_conf.url), why);
}

/* What is secret must not stand there: anybody can see it. */
static void
no_secrets(const char *rest)
{
	static const char *const secret[] = { "tlscertificatekeyfilepassword", "sslclientcertificatekeypassword",
		"aws_session_token" };
	size_t i, n = strcspn(rest, "/?");
	const char *at = memrchr(rest, '@', n), *q = strchr(rest, '?');

	if (at != NULL && memchr(rest, ':', (size_t)(at - rest)) != NULL)
		ce_die(CE_USAGE, "--url holds a password, which anybody could see: --password names a place instead");
	for (i = 0; q != NULL && i < 3; i++)
		if (strcasestr(q, secret[i]) != NULL)
			wrong("it holds a secret, which anybody could see");
}

static void
readable(const char *path, const char *opt)
{
	if (path != NULL && access(path, R_OK) != 0)
		ce_die(CE_CONFIG, "cannot read %s, given as --%s: %m", path, opt);
}

static bool
add_file(int fd, const char *path)
{
	FILE *f = fopen(path, "re");
	char block[4096];
	size_t n;
	bool ok = f != NULL;

	while (ok && (n = fread(block, 1, sizeof(block), f)) > 0)
		ok = write(fd, block, n) == (ssize_t)n;
	explicit_bzero(block, sizeof(block));
	ok = ok && !ferror(f) && write(fd, "\n", 1) == 1;
	if (f != NULL)
		fclose(f);
	return ok;
}

/* The library wants certificate and key in one file: that is one of memory. */
static void
join_key(void)
{
	int fd;

	if (ce_tls.key == NULL) {
		ce_buf_puts(&pem, ce_tls.cert);
		return;
	}
	fd = memfd_create("key", MFD_CLOEXEC);
	if (fd < 0 || !add_file(fd, ce_tls.key) || !add_file(fd, ce_tls.cert))
		ce_die(CE_CONFIG, "cannot read %s and %s: %m", ce_tls.cert, ce_tls.key);
	ce_buf_printf(&pem, "/proc/self/fd/%d", fd);
}

static void
use_tls(void)
{
	readable(ce_tls.ca, "tls-ca");
	readable(ce_tls.cert, "tls-cert");
	readable(ce_tls.key, "tls-key");
	if (ce_tls.key != NULL && ce_tls.cert == NULL)
		ce_die(CE_USAGE, "--tls-key needs --tls-cert");
	if (ce_tls.ca == NULL && ce_tls.cert == NULL && !ce_tls.insecure)
		return;
	mongoc_uri_set_option_as_bool(uri, MONGOC_URI_TLS, true);
	if (ce_tls.ca != NULL)
		mongoc_uri_set_option_as_utf8(uri, MONGOC_URI_TLSCAFILE, ce_tls.ca);
	if (ce_tls.cert != NULL) {
		join_key();
		mongoc_uri_set_option_as_utf8(uri, MONGOC_URI_TLSCERTIFICATEKEYFILE, pem.p);
	}
	if (ce_tls.insecure)
		mongoc_uri_set_option_as_bool(uri, MONGOC_URI_TLSINSECURE, true);
}

static void
use_password(void)
{
	if (mongodb_conf.user != NULL && !mongoc_uri_set_username(uri, mongodb_conf.user))
		ce_die(CE_USAGE, "--user: it is not UTF-8");
	if (mongodb_conf.password.p == NULL)
		return;
	if (mongoc_uri_get_username(uri) == NULL)
		ce_die(CE_USAGE, "--password needs a user, in --url or by --user");
	ce_no_core();
	if (!mongoc_uri_set_password(uri, mongodb_conf.password.p))
		ce_die(CE_CONFIG, "--password: it is not UTF-8");
}

static void
keep_hosts(void)
{
	const mongoc_host_list_t *h;

	for (h = mongoc_uri_get_hosts(uri); h != NULL; h = h->next)
		ce_buf_printf(&hosts, "%s%s", hosts.len > 0 ? "," : "", h->host_and_port);
	if (hosts.len == 0)
		ce_buf_puts(&hosts, mongoc_uri_get_srv_hostname(uri));
}

/* The library has put counters into shared memory before main, under a name that a kill
 * would leave there, and at which the next process of that number would complain. */
static void
no_counters(void)
{
	char name[32];

	snprintf(name, sizeof(name), "/mongoc-%u", (unsigned)getpid());
	shm_unlink(name);
}

void
mongodb_check(const char *appname)
{
	bson_error_t e;
	const char *rest = strstr(mongodb_conf.url, "://");

	app = appname;
	if (strncmp(mongodb_conf.url, "mongodb://", 10) != 0 && strncmp(mongodb_conf.url, "mongodb+srv://", 14) != 0)
		wrong("it begins neither with mongodb:// nor with mongodb+srv://");
	no_secrets(rest + 3);
	mongoc_log_set_handler(NULL, NULL); /* what matters is in its errors, too */
	no_counters();
	ce_crypto_stays();
	mongoc_init();
	if ((uri = mongoc_uri_new_with_error(mongodb_conf.url, &e)) == NULL)
		wrong(e.message);
	use_password();
	use_tls();
	keep_hosts();
}

static void
unless_set(const char *option, long ms)
{
	if (!mongoc_uri_has_option(uri, option))
		mongoc_uri_set_option_as_int32(uri, option, ms > INT32_MAX ? INT32_MAX : (int32_t)ms);
}

mongoc_client_t *
mongodb_client(long timeout)
{
	mongoc_client_t *c;
	bson_error_t e;

	unless_set(MONGOC_URI_CONNECTTIMEOUTMS, mongodb_conf.connect_timeout);
	unless_set(MONGOC_URI_SERVERSELECTIONTIMEOUTMS, mongodb_conf.connect_timeout);
	if (timeout > 0)
		unless_set(MONGOC_URI_SOCKETTIMEOUTMS, timeout);
	if ((c = mongoc_client_new_from_uri_with_error(uri, &e)) == NULL)
		ce_die(CE_CONFIG, "cannot use --url: %s", e.message);
	mongoc_client_set_error_api(c, MONGOC_ERROR_API_VERSION_2);
	mongoc_client_set_appname(c, app);
	return c;
}

const char *
mongodb_hosts(void)
{
	return hosts.p;
}

const char *
mongodb_database(void)
{
	return mongoc_uri_get_database(uri);
}

void
mongodb_journaled(void)
{
	mongoc_write_concern_t *wc = mongoc_write_concern_copy(mongoc_uri_get_write_concern(uri));

	if (!mongoc_write_concern_journal_is_set(wc)) {
		mongoc_write_concern_set_journal(wc, true);
		mongoc_uri_set_write_concern(uri, wc);
	}
	mongoc_write_concern_destroy(wc);
}

bool
mongodb_unacknowledged(void)
{
	return !mongoc_write_concern_is_acknowledged(mongoc_uri_get_write_concern(uri));
}
