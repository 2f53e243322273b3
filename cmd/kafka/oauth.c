/* oauth.c -- OAUTHBEARER with the tokens of an issuer (RFC 7628; RFC 6749, 4.4).
 *
 * librdkafka asks for a token at its start, and again when four fifths of one's life are
 * over.  It could fetch them itself, but only where it was built with libcurl, and by a
 * blocking call; here it is the HTTP client of the library that does, from the loop.
 * SPDX-License-Identifier: Apache-2.0 */

#include <string.h>
#include "http.h"
#include "kafka.h"

#define PAUSE 1000 /* ms, when there was none */

static rd_kafka_t *rk;
static void (*failed)(enum ce_verdict v);
static rd_kafka_queue_t *requests;
static struct ce_oauth_wait ask;
static struct ce_timer again;
static unsigned serial;
static bool used, asked, have, told;

static void
fetch(void *arg)
{
	(void)arg;
	if (asked)
		return;
	asked = true;
	ce_oauth_refused(serial); /* it is old */
	ce_oauth_wait(&ask);
}

static void
use(const char *token)
{
	struct timespec now;
	char why[256];

	clock_gettime(CLOCK_REALTIME, &now);
	if (rd_kafka_oauthbearer_set_token(rk, token, (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000 + ce_oauth_left(),
	    ce_name, NULL, 0, why, sizeof(why)) != RD_KAFKA_RESP_ERR_NO_ERROR) {
		failed(ce_fatal(CE_NOPERM, "cannot use the token: %s", why));
		return;
	}
	if (told)
		ce_note("there is a token again");
	told = false;
	have = true;
}

static void
fetched(void *arg, const char *why, int code)
{
	const char *value;

	(void)arg;
	asked = false;
	if (why == NULL && (value = ce_oauth_get(&serial)) != NULL)
		use(value + strlen("Bearer "));
	else if (code != 0)
		failed(ce_fatal(code, "%s", why));
	else {
		kafka_trouble(NULL, RD_KAFKA_RESP_ERR__TRANSPORT, why != NULL ? why : "the token is over");
		if (!told)
			ce_note("%s (trying again)", kafka_last());
		told = true;
		ce_timer(&again, PAUSE);
	}
}

static void
wanted(rd_kafka_t *k, const char *config, void *arg)
{
	(void)k;
	(void)config;
	fetch(arg);
}

static void
on_request(void *arg, short revents)
{
	(void)revents;
	kafka_woken(arg);
	rd_kafka_queue_poll_callback(requests, 0);
}

bool
kafka_oauth_conf(rd_kafka_conf_t *conf)
{
	used = ce_oauth_start();
	if (used) {
		rd_kafka_conf_set_oauthbearer_token_refresh_cb(conf, wanted);
		rd_kafka_conf_enable_sasl_queue(conf, 1);
	}
	return used;
}

/* The first is waited for: what comes next may block. */
void
kafka_oauth_begin(rd_kafka_t *k, void (*fn)(enum ce_verdict v))
{
	if (!used)
		return;
	rk = k;
	failed = fn;
	ask.fn = fetched;
	again.fn = fetch;
	requests = rd_kafka_queue_get_sasl(rk);
	kafka_watch(requests, on_request);
	rd_kafka_queue_poll_callback(requests, 0); /* what came before it was watched */
	fetch(NULL);
	ce_oauth_finish();
}

bool
kafka_oauth_lacks(void)
{
	return used && !have;
}

void
kafka_oauth_end(void)
{
	ce_timer(&again, -1);
	if (requests != NULL)
		rd_kafka_queue_destroy(requests);
}
