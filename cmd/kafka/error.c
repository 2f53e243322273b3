/* error.c -- what librdkafka says: errors, and its log.
 * SPDX-License-Identifier: Apache-2.0 */

#include <string.h>
#include "kafka.h"

static struct ce_buf last;
static bool told; /* that the brokers are away */
static bool met;  /* one has answered, ever */

struct ce_str
kafka_str(const void *p, size_t n)
{
	return (struct ce_str){ p != NULL ? p : "", p != NULL ? n : 0 };
}

enum ce_verdict
kafka_verdict(rd_kafka_resp_err_t err, const char *what, const char *text)
{
	switch (err) {
	case RD_KAFKA_RESP_ERR__AUTHENTICATION:
	case RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED:
	case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
	case RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED:
	case RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED:
	case RD_KAFKA_RESP_ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED:
		return ce_fatal(CE_NOPERM, "cannot %s: %s", what, text);
	case RD_KAFKA_RESP_ERR__FENCED:
	case RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH:
		return ce_fatal(CE_CONFIG, "cannot %s: another producer has the same transactional id: %s", what, text);
	case RD_KAFKA_RESP_ERR__FATAL:
	case RD_KAFKA_RESP_ERR__UNSUPPORTED_FEATURE:
	case RD_KAFKA_RESP_ERR_UNSUPPORTED_SASL_MECHANISM:
	case RD_KAFKA_RESP_ERR_INCONSISTENT_GROUP_PROTOCOL:
	case RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID:
		return ce_fatal(CE_CONFIG, "cannot %s: %s", what, text);
	default:
		return ce_later("cannot %s: %s", what, text);
	}
}

/* "host:port/bootstrap: Connect to ipv4#... failed: Connection refused (after 0ms in state
 * CONNECT)": what stands in front names a thread, too. */
static void
shorten(struct ce_buf *b, const char *text)
{
	const char *end = strstr(text, " (after "), *comma = strstr(text, ", 1 identical error");
	const char *p;

	if (strncmp(text, "GroupCoordinator: ", 18) == 0)
		text += 18;
	p = strstr(text, "/bootstrap: ");
	if (strncmp(text, "ssl://", 6) == 0 || strncmp(text, "sasl_", 5) == 0)
		text = strstr(text, "://") != NULL ? strstr(text, "://") + 3 : text;
	if (end == NULL || (comma != NULL && comma < end))
		end = comma != NULL ? comma : text + strlen(text);
	ce_buf_reset(b);
	if (p != NULL && p > text && p < end) {
		ce_buf_add(b, text, (size_t)(p - text));
		text = p + strlen("/bootstrap");
	}
	ce_buf_add(b, text, (size_t)(end - text));
}

/* A broker that wants credentials, or TLS, just closes the connection; one that does
 * not take our certificate says so when the handshake is over. */
static bool
mismatch(const char *text)
{
	if (strstr(text, "certificate verify failed") != NULL)
		return true;
	if (strstr(text, "SSL alert") != NULL && (strstr(text, "certificate") != NULL || strstr(text, "unknown ca") != NULL))
		return true;
	return strstr(text, "verify that security.protocol is correctly configured") != NULL ||
	    strstr(text, "incorrect security.protocol configuration") != NULL;
}

enum ce_verdict
kafka_trouble(rd_kafka_t *rk, rd_kafka_resp_err_t err, const char *text)
{
	static struct ce_buf s;
	char why[512];
	enum ce_verdict v;

	if (err == RD_KAFKA_RESP_ERR__FATAL && rk != NULL) {
		err = rd_kafka_fatal_error(rk, why, sizeof(why));
		text = why;
		if (kafka_verdict(err, "go on", text) != CE_FATAL)
			return ce_fatal(CE_UNAVAILABLE, "cannot go on: %s", text);
		return CE_FATAL;
	}
	shorten(&s, text);
	v = kafka_verdict(err, "use the brokers", s.p);
	if (v != CE_FATAL && !met && mismatch(s.p))
		v = ce_fatal(CE_NOPERM, "cannot use the brokers: %s", s.p);
	if (v == CE_FATAL)
		return v;
	if (err != RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN) {
		ce_buf_reset(&last);
		ce_buf_add(&last, s.p, s.len);
		ce_info("%s", s.p);
	}
	return ce_later("cannot reach the brokers: %s", last.len > 0 ? last.p : s.p);
}

const char *
kafka_last(void)
{
	return last.len > 0 ? last.p : "";
}

bool
kafka_away(rd_kafka_resp_err_t err)
{
	if (!met || (err != RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN && err != RD_KAFKA_RESP_ERR__TRANSPORT &&
	    err != RD_KAFKA_RESP_ERR__RESOLVE))
		return false;
	if (!told && last.len > 0)
		ce_note("a broker cannot be reached: %s", last.p);
	told = last.len > 0;
	return true;
}

bool
kafka_missed(void)
{
	return told;
}

bool
kafka_met(void)
{
	return met;
}

void
kafka_well(void)
{
	if (told)
		ce_note("the brokers answer again");
	told = false;
	met = true;
	if (last.len > 0)
		ce_buf_reset(&last);
}

bool
kafka_ask(rd_kafka_t *rk, int ms)
{
	const struct rd_kafka_metadata *md;

	if (rd_kafka_metadata(rk, 0, NULL, &md, ms) != RD_KAFKA_RESP_ERR_NO_ERROR)
		return false;
	rd_kafka_metadata_destroy(md);
	kafka_well();
	return true;
}

/* What is an error comes by its own way as well; this is for --verbose. */
void
kafka_log(const rd_kafka_t *rk, int level, const char *fac, const char *text)
{
	(void)rk;
	(void)level;
	ce_info("librdkafka: %s: %s", fac, text);
}
