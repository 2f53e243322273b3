/* sink-webhook.c -- abuse protection of HTTP WebHooks: consent, then a rate
 *
 * Consent is asked for once a run, before the first event; its sign is a header
 * that names our origin exactly, never a status.
 * SPDX-License-Identifier: Apache-2.0 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "sink.h"

static void (*go_on)(struct delivery *d);
static void (*give_up)(struct delivery *d, enum ce_verdict v);
static struct ce_http *question;
static bool consent, asking;
static struct delivery *waiting, **last = &waiting; /* for consent, or for their turn */
static long interval;  /* ms between requests; 0: no limit */
static int64_t next_at;
static struct ce_timer turn_timer;

static void
enqueue(struct delivery *d)
{
	d->next = NULL;
	*last = d;
	last = &d->next;
}

static struct delivery *
dequeue(void)
{
	struct delivery *d = waiting;

	if (d != NULL && (waiting = d->next) == NULL)
		last = &waiting;
	return d;
}

/* The wait is rounded up: rather a little slower than allowed. */
static bool
take_turn(void)
{
	int64_t now = ce_now();

	if (interval == 0)
		return true;
	if (now < next_at) {
		ce_timer(&turn_timer, (long)(next_at - now));
		return false;
	}
	next_at = now + interval;
	return true;
}

static void
serve(void *arg)
{
	(void)arg;
	while (waiting != NULL && take_turn())
		go_on(dequeue());
}

static void
set_rate(const char *text)
{
	char *end;
	long rate;

	if (text == NULL && sink_conf.webhook_rate > 0)
		rate = sink_conf.webhook_rate;
	else if (text == NULL || strcmp(text, "*") == 0)
		return;
	else {
		errno = 0;
		rate = strtol(text, &end, 10);
		if (errno != 0 || end == text || *end != '\0' || rate <= 0) {
			ce_warn("the receiver allows a rate that is no number; 60 requests a minute are taken");
			rate = 60;
		}
	}
	interval = rate >= 60000 ? 1 : (60000 + rate - 1) / rate;
}

/* Origins are compared whole: a prefix would let other hosts in. */
static bool
consents(struct ce_http *h)
{
	const char *origin = ce_http_get(h, "WebHook-Allowed-Origin", 0);

	return h->trouble == CE_HTTP_NONE && origin != NULL &&
	    (strcmp(origin, "*") == 0 || strcasecmp(origin, sink_conf.webhook_origin) == 0);
}

static enum ce_verdict
refusal(struct delivery *d, struct ce_http *h)
{
	const char *url = request_url(d);

	if (h->trouble == CE_HTTP_FAILED)
		return ce_later("cannot ask %s for consent: %s", url, h->error);
	if (h->trouble == CE_HTTP_MISUSED)
		return ce_fatal(CE_CONFIG, "cannot ask %s for consent: %s", url, h->error);
	if (h->retry_after > 0)
		ce_retry_after(h->retry_after);
	if (h->status >= 500 || h->status == 429 || h->status == 408 ||
	    ((h->status == 401 || h->status == 403) && sink_conf.auth_retry))
		return ce_later("cannot ask %s for consent: status %d", url, h->status);
	return ce_fatal(CE_NOPERM, "%s does not allow deliveries from %s (status %d, %s)", url,
	    sink_conf.webhook_origin, h->status,
	    ce_http_get(h, "WebHook-Allowed-Origin", 0) != NULL ? "another WebHook-Allowed-Origin" :
								  "no WebHook-Allowed-Origin");
}

static void
answered(struct ce_http *h)
{
	struct delivery *d = waiting, *next;

	asking = false;
	if ((consent = consents(h))) {
		set_rate(ce_http_get(h, "WebHook-Allowed-Rate", 0));
		serve(NULL);
		return;
	}
	waiting = NULL;
	last = &waiting;
	for (; d != NULL; d = next) {
		next = d->next;
		give_up(d, refusal(d, h));
	}
}

static void
ask(const char *auth)
{
	char rate[24];

	asking = true;
	ce_http_no_headers(question);
	ce_http_header(question, "WebHook-Request-Origin", sink_conf.webhook_origin,
	    strlen(sink_conf.webhook_origin));
	if (sink_conf.webhook_rate > 0) {
		snprintf(rate, sizeof(rate), "%ld", sink_conf.webhook_rate);
		ce_http_header(question, "WebHook-Request-Rate", rate, strlen(rate));
	}
	if (auth != NULL)
		ce_http_header(question, "Authorization", auth, strlen(auth));
	ce_http_send(question);
}

bool
webhook_turn(struct delivery *d, const char *auth)
{
	if (sink_conf.webhook_origin == NULL)
		return true;
	if (consent && waiting == NULL && take_turn())
		return true;
	enqueue(d);
	if (!consent && !asking)
		ask(auth);
	return false;
}

static bool
is_origin(const char *s)
{
	return *s != '\0' &&
	    strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_:[]") == strlen(s);
}

void
webhook_start(void (*go)(struct delivery *d), void (*fail)(struct delivery *d, enum ce_verdict v))
{
	struct ce_buf url = { 0 };

	if (sink_conf.webhook_origin == NULL && sink_conf.webhook_rate > 0)
		ce_die(CE_USAGE, "--webhook-rate needs --webhook-origin");
	if (sink_conf.webhook_origin == NULL)
		return;
	if (!is_origin(sink_conf.webhook_origin))
		ce_die(CE_USAGE, "--webhook-origin %s: it must be a host name", sink_conf.webhook_origin);
	if (!ce_template_fixed(sink_conf.url))
		ce_die(CE_USAGE, "--webhook-origin needs a URL without {...}: consent is given to one");
	if (strcasecmp(sink_conf.method, "POST") != 0)
		ce_die(CE_USAGE, "--webhook-origin needs the method POST");
	go_on = go;
	give_up = fail;
	turn_timer.fn = serve;
	question = ce_http_new(answered, NULL);
	ce_template_fill(sink_conf.url, NULL, CE_ESC_URL, &url);
	ce_http_url(question, url.p);
	ce_http_method(question, "OPTIONS");
	ce_http_body(question, NULL, 0);
	ce_buf_free(&url);
}
