/* conf.c -- options, and properties of librdkafka.
 *
 * Properties are taken from -F, then from -X, then from what the options say.  A secret
 * among them must come from a file: the command line is public.
 * SPDX-License-Identifier: Apache-2.0 */

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include "http.h"
#include "kafka.h"
#include "net.h"

#define LONGEST_FILE (1 << 20)

enum { SASL_NONE, SASL_PLAIN, SASL_SCRAM256, SASL_SCRAM512, SASL_OAUTH };

static const char *brokers, *file, *user;
static struct ce_list properties;
static struct ce_secret password;
static bool tls;
static int sasl;

const struct ce_opt kafka_opts[] = {
	CE_MUST('b', "brokers", &brokers, "host:port,...", "brokers to ask first"),
	CE_SECRET(0, "password", &password, "secret", "password of SASL"),
	CE_STR('F', "properties", &file, "file", "read properties of librdkafka from this file"),
	CE_LIST('X', "property", &properties, "name=value", "property of librdkafka"),
	CE_CHOICE(0, "sasl", &sasl, "none|plain|scram-sha-256|scram-sha-512|oauthbearer", "mechanism of SASL (with --user: plain)"),
	CE_FLAG(0, "tls", &tls, "use TLS; implied by the options --tls-*"),
	CE_GROUP(ce_oauth_opts),
	CE_GROUP(ce_tls_opts),
	CE_STR(0, "user", &user, "name", "user name of SASL"),
	CE_END
};

struct property {
	char *name, *value;
};
static struct property *given;
static int ngiven;

static bool
is_secret(const char *name)
{
	static const char *const secret[] = { "sasl.password", "ssl.key.password", "ssl.key.pem",
		"ssl.keystore.password", "sasl.oauthbearer.client.secret", "sasl.oauthbearer.config", NULL };
	int i;

	for (i = 0; secret[i] != NULL; i++)
		if (strcmp(name, secret[i]) == 0)
			return true;
	return false;
}

static struct ce_str
trim(struct ce_str s)
{
	while (s.len > 0 && strchr(" \t\r", s.p[0]) != NULL)
		s.p++, s.len--;
	while (s.len > 0 && strchr(" \t\r", s.p[s.len - 1]) != NULL)
		s.len--;
	return s;
}

/* False: it is not NAME=VALUE. */
static bool
keep(struct ce_str s)
{
	const char *eq = memchr(s.p, '=', s.len);
	struct ce_str name, value;

	if (eq == NULL || memchr(s.p, '\0', s.len) != NULL)
		return false;
	name = trim((struct ce_str){ s.p, (size_t)(eq - s.p) });
	value = trim((struct ce_str){ eq + 1, s.len - (size_t)(eq + 1 - s.p) });
	if (name.len == 0)
		return false;
	given = ce_realloc(given, (size_t)(ngiven + 1) * sizeof(*given));
	given[ngiven++] = (struct property){ ce_strndup(name.p, name.len), ce_strndup(value.p, value.len) };
	if (is_secret(given[ngiven - 1].name) && value.len > 0) {
		ce_log_hide(given[ngiven - 1].value, value.len);
		ce_no_core();
	}
	return true;
}

static void
read_file(void)
{
	struct ce_buf b = { 0 };
	int fd = open(file, O_RDONLY | O_CLOEXEC | O_NOCTTY), line = 0;
	char *p, *end;
	ssize_t n;

	if (fd == -1)
		ce_die(CE_CONFIG, "cannot open %s: %m", file);
	do {
		ce_buf_need(&b, 4096);
		n = read(fd, b.p + b.len, 4096);
		if (n > 0)
			b.len += (size_t)n;
	} while (b.len <= LONGEST_FILE && (n > 0 || (n == -1 && errno == EINTR)));
	if (n == -1)
		ce_die(CE_CONFIG, "cannot read %s: %m", file);
	if (b.len > LONGEST_FILE)
		ce_die(CE_CONFIG, "cannot use %s: no file of properties is that large", file);
	close(fd);
	ce_buf_putc(&b, '\n');
	for (p = b.p; p < b.p + b.len; p = end + 1) {
		struct ce_str s;

		line++;
		end = memchr(p, '\n', (size_t)(b.p + b.len - p));
		s = trim((struct ce_str){ p, (size_t)(end - p) });
		if (s.len > 0 && *s.p != '#' && !keep(s))
			ce_die(CE_CONFIG, "cannot use %s: line %d is not name=value", file, line);
	}
	explicit_bzero(b.p, b.len);
	ce_buf_free(&b);
}

bool
kafka_given(const char *name)
{
	int i;

	for (i = 0; i < ngiven; i++)
		if (strcmp(given[i].name, name) == 0)
			return true;
	return false;
}

static void
set(rd_kafka_conf_t *conf, const char *name, const char *value)
{
	char why[512];

	if (rd_kafka_conf_set(conf, name, value, why, sizeof(why)) != RD_KAFKA_CONF_OK)
		ce_die(CE_USAGE, "property %s: %s", name, why);
}

void
kafka_default(rd_kafka_conf_t *conf, const char *name, const char *value)
{
	if (!kafka_given(name))
		set(conf, name, value);
}

void
kafka_fixed(rd_kafka_conf_t *conf, const char *name, const char *value)
{
	if (kafka_given(name))
		ce_die(CE_USAGE, "property %s: the program sets it", name);
	set(conf, name, value);
}

/* librdkafka does not say which file it cannot have. */
static void
look_at(const char *path)
{
	if (path != NULL && access(path, R_OK) == -1)
		ce_die(CE_CONFIG, "cannot read %s: %m", path);
}

static void
set_tls(rd_kafka_conf_t *conf)
{
	look_at(ce_tls.ca);
	look_at(ce_tls.cert);
	look_at(ce_tls.key);
	if (ce_tls.ca != NULL)
		set(conf, "ssl.ca.location", ce_tls.ca);
	if (ce_tls.cert != NULL) {
		set(conf, "ssl.certificate.location", ce_tls.cert);
		set(conf, "ssl.key.location", ce_tls.key != NULL ? ce_tls.key : ce_tls.cert);
	}
	set(conf, "enable.ssl.certificate.verification", ce_tls.insecure ? "false" : "true");
	set(conf, "ssl.endpoint.identification.algorithm", ce_tls.insecure ? "none" : "https");
}

static void
set_sasl(rd_kafka_conf_t *conf)
{
	static const char *const names[] = { NULL, "PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512", "OAUTHBEARER" };

	set(conf, "sasl.mechanisms", names[sasl]);
	if (user != NULL)
		set(conf, "sasl.username", user);
	if (password.p != NULL) {
		set(conf, "sasl.password", password.p);
		ce_no_core();
	}
}

rd_kafka_conf_t *
kafka_conf(void)
{
	rd_kafka_conf_t *conf;
	int i;

	ce_crypto_stays();
	conf = rd_kafka_conf_new();
	if (file != NULL)
		read_file();
	for (i = 0; i < properties.n; i++) {
		const char *p = properties.v[i];

		if (!keep((struct ce_str){ p, strlen(p) }))
			ce_die(CE_USAGE, "-X %s: it must be name=value", p);
		if (is_secret(given[ngiven - 1].name))
			ce_die(CE_USAGE, "-X %s: it holds a secret, and the command line is public: use -F",
			    given[ngiven - 1].name);
	}
	if (kafka_oauth_conf(conf)) {
		if (sasl != SASL_NONE && sasl != SASL_OAUTH)
			ce_die(CE_USAGE, "--oauth-url goes with --sasl oauthbearer");
		if (user != NULL)
			ce_die(CE_USAGE, "--oauth-url excludes --user");
		sasl = SASL_OAUTH;
	}
	if (user != NULL && sasl == SASL_NONE)
		sasl = SASL_PLAIN;
	if ((user != NULL) != (password.p != NULL))
		ce_die(CE_USAGE, "--user and --password need each other");
	if (user == NULL && sasl >= SASL_PLAIN && sasl <= SASL_SCRAM512 && !kafka_given("sasl.username"))
		ce_die(CE_USAGE, "--sasl needs --user and --password");
	tls |= ce_tls.ca != NULL || ce_tls.cert != NULL || ce_tls.insecure;
	for (i = 0; i < ngiven; i++)
		set(conf, given[i].name, given[i].value);
	kafka_fixed(conf, "bootstrap.servers", brokers);
	kafka_default(conf, "client.id", ce_name);
	if (tls || sasl != SASL_NONE)
		kafka_default(conf, "security.protocol", sasl == SASL_NONE ? "ssl" : tls ? "sasl_ssl" : "sasl_plaintext");
	if (tls)
		set_tls(conf);
	if (sasl != SASL_NONE)
		set_sasl(conf);
	kafka_fixed(conf, "log.queue", "true"); /* its threads must not write */
	kafka_default(conf, "log_level", ce_conf.verbose ? "6" : "3");
	return conf;
}

rd_kafka_t *
kafka_new(rd_kafka_type_t type, rd_kafka_conf_t *conf)
{
	char why[512];
	rd_kafka_t *rk = rd_kafka_new(type, conf, why, sizeof(why));

	if (rk == NULL)
		ce_die(CE_CONFIG, "cannot use these properties: %s", why);
	ce_forget_libraries();
	ce_keep_freed((size_t)16 << 20);
	return rk;
}

/* librdkafka writes into an eventfd when an empty queue is empty no more. */
void
kafka_watch(rd_kafka_queue_t *q, void (*fn)(void *arg, short revents))
{
	static const uint64_t one = 1;
	int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);

	if (fd == -1)
		ce_die(CE_TEMPFAIL, "cannot make an event descriptor: %m");
	rd_kafka_queue_io_event_enable(q, fd, &one, sizeof(one));
	ce_watch(fd, POLLIN, fn, (void *)(intptr_t)fd);
}

void
kafka_woken(void *arg)
{
	uint64_t n;

	(void)!read((int)(intptr_t)arg, &n, sizeof(n));
}
