/* ce-sink-http -- deliver events to an HTTP receiver
 *
 * A 2xx answer is the delivery: an event is settled when the receiver has said
 * so, never when its bytes have left.  If that answer is lost, the retry sends
 * the event a second time; receivers tell by its source and id.
 * SPDX-License-Identifier: Apache-2.0 */

#include <stdlib.h>

#include "sink.h"

#define BATCH_BYTES (1024 * 1024) /* what receivers commonly accept in one request */

struct sink_conf sink_conf = { .mode = SINK_STRUCTURED, .method = "POST" };
static long batch_bytes = BATCH_BYTES;

static const struct ce_opt opts[] = {
	CE_FLAG(0, "auth-retry", &sink_conf.auth_retry, "try again on 401 and 403 instead of giving up"),
	CE_SIZE(0, "batch-bytes", &batch_bytes, "size", 1, 1 << 30, "longest body of a batch of several events"),
	CE_CHOICE(0, "compress", &sink_conf.compress, "none|gzip", "how to compress bodies"),
	CE_LIST('H', "header", &sink_conf.headers, "'name: template'", "header to add"),
	CE_STR('X', "method", &sink_conf.method, "method", "request method"),
	CE_CHOICE('m', "mode", &sink_conf.mode, "binary|structured|batch", "how an event travels"),
	CE_FLAG(0, "reply", &sink_conf.reply, "write the events that the receiver answers with"),
	CE_CHOICE(0, "sign", &sink_conf.sign, "none|standard-webhooks|x-signature", "how to sign bodies"),
	CE_SECRET(0, "sign-secret", &sink_conf.sign_secret, "secret", "secret to sign with, whsec_BASE64 or bytes"),
	CE_STR(0, "webhook-origin", &sink_conf.webhook_origin, "name", "ask for consent first, as this origin"),
	CE_NUM(0, "webhook-rate", &sink_conf.webhook_rate, "number", 0, 60000000, "requests a minute to ask for"),
	CE_GROUP(ce_oauth_opts),
	CE_GROUP(ce_http_opts),
	CE_END
};

static const struct ce_program program = {
	"ce-sink-http", "deliver events to an HTTP receiver", CE_SINK, opts, "URL", 1, 1,
	CE_USE_BATCH | CE_USE_INFLIGHT | CE_USE_TIMEOUT | CE_USE_REPLY
};

static struct delivery *deliveries; /* one for each event that may be open */
static struct delivery **idle;
static int nidle;
static struct ce_event **evs; /* of a batch */
static int from, to;          /* not settled yet */
static bool singly;           /* the batch was refused: find out which event it was */

static void next_piece(void);

static void
settle(struct delivery *d, enum ce_verdict v)
{
	struct ce_event *ev = d->evs[0];

	if (v == CE_LATER && d->http->retry_after > 0)
		ce_retry_after(d->http->retry_after);
	idle[nidle++] = d;
	ce_settle(ev, v);
}

/* Whatever follows an event that was not taken comes again with it, in order. */
static void
settle_piece(struct delivery *d, enum ce_verdict v)
{
	int i, n = d->n;

	if (v == CE_NEVER && n > 1) {
		singly = true;
		next_piece();
		return;
	}
	if (v == CE_LATER || v == CE_FATAL)
		n = to - from;
	for (i = 0; i < n; i++) {
		if (v == CE_LATER && d->http->retry_after > 0)
			ce_retry_after(d->http->retry_after);
		ce_settle(evs[from++], v);
	}
	if (v == CE_NEVER && ce_conf.dead_letter == NULL)
		while (from < to)
			ce_settle(evs[from++], CE_LATER);
	next_piece();
}

static void
verdict(struct delivery *d, enum ce_verdict v)
{
	if (sink_conf.mode == SINK_BATCH)
		settle_piece(d, v);
	else
		settle(d, v);
}

static void
send_now(struct delivery *d, const char *auth)
{
	enum ce_verdict v = request_make(d, auth);

	if (v == CE_TAKEN)
		ce_http_send(d->http);
	else
		verdict(d, v);
}

static void
begin(struct delivery *d)
{
	const char *auth = ce_http_auth();

	if (sink_conf.oauth && (auth = ce_oauth_get(&d->serial)) == NULL)
		ce_oauth_wait(&d->token);
	else if (webhook_turn(d, auth))
		send_now(d, auth);
}

static void
turn_came(struct delivery *d)
{
	const char *auth = ce_http_auth();

	if (sink_conf.oauth && (auth = ce_oauth_get(&d->serial)) == NULL)
		ce_oauth_wait(&d->token);
	else
		send_now(d, auth);
}

static void
token_came(void *arg, const char *why, int code)
{
	struct delivery *d = arg;

	if (why == NULL)
		begin(d);
	else if (code == 0 || (code == CE_NOPERM && sink_conf.auth_retry))
		verdict(d, ce_later("%s", why));
	else
		verdict(d, ce_fatal(code, "%s", why));
}

/* A token may end before its time: one new one is tried for each event. */
static void
answered(struct ce_http *h)
{
	struct delivery *d = h->owner;

	if (h->status == 401 && sink_conf.oauth && !d->renewed) {
		d->renewed = true;
		ce_oauth_refused(d->serial);
		begin(d);
		return;
	}
	verdict(d, answer_judge(d));
}

static void
deliver(struct ce_event *ev)
{
	struct delivery *d = idle[--nidle];

	d->evs[0] = ev;
	d->n = 1;
	d->renewed = false;
	d->http->retry_after = 0;
	begin(d);
}

/* As many events as fit into a request, at least one. */
static void
next_piece(void)
{
	struct delivery *d = &deliveries[0];
	size_t bytes = 0;
	int n = 0;

	while (from + n < to && (n == 0 || !singly)) {
		bytes += evs[from + n]->len + 1;
		if (n > 0 && bytes >= (size_t)batch_bytes)
			break;
		n++;
	}
	if (n == 0)
		return;
	d->evs = evs + from;
	d->n = n;
	d->renewed = false;
	d->http->retry_after = 0;
	begin(d);
}

static void
run_batches(void)
{
	while ((to = ce_batch(evs, (int)ce_conf.batch)) > 0) {
		from = 0;
		singly = false;
		next_piece();
	}
}

static void
prepare(const char *url)
{
	const char *why;
	struct ce_buf fixed = { 0 };

	if ((sink_conf.url = ce_template_new(url, &why)) == NULL)
		ce_die(CE_USAGE, "%s: %s", ce_log_url(url), why);
	if (ce_template_fixed(sink_conf.url)) {
		ce_template_fill(sink_conf.url, NULL, CE_ESC_URL, &fixed);
		if ((why = ce_http_check_url(fixed.p)) != NULL)
			ce_die(CE_USAGE, "%s: %s", ce_log_url(fixed.p), why);
	}
	ce_buf_free(&fixed);
	if (sink_conf.mode == SINK_BATCH && sink_conf.reply)
		ce_die(CE_USAGE, "--reply needs one event a request, so not --mode batch");
	ce_conf.reply = sink_conf.reply;
	ce_http_check();
	request_check();
	if (sink_conf.mode == SINK_BATCH && !(ce_template_fixed(sink_conf.url) && headers_fixed()))
		ce_die(CE_USAGE, "--mode batch needs a URL and headers without {...}: many events share them");
}

static void
start_engine(void)
{
	long i, n = sink_conf.mode == SINK_BATCH ? 1 : ce_conf.inflight;

	ce_http_start(n);
	sink_conf.oauth = ce_oauth_start();
	webhook_start(turn_came, verdict);
	evs = ce_alloc((size_t)(ce_conf.batch > n ? ce_conf.batch : n) * sizeof(struct ce_event *));
	deliveries = ce_alloc((size_t)n * sizeof(*deliveries));
	idle = ce_alloc((size_t)n * sizeof(struct delivery *));
	for (i = 0; i < n; i++) {
		struct delivery *d = &deliveries[i];

		d->http = ce_http_new(answered, d);
		if (sink_conf.reply)
			d->http->max_body = (size_t)ce_conf.max_event;
		d->evs = &evs[i];
		d->token.fn = token_came;
		d->token.arg = d;
		idle[nidle++] = d;
	}
}

int
main(int argc, char *argv[])
{
	struct ce_event *ev;
	int first;

	ce_conf.timeout = 30000;
	first = ce_start(argc, argv, &program);
	prepare(argv[first]);
	start_engine();
	if (sink_conf.mode == SINK_BATCH)
		run_batches();
	else
		while ((ev = ce_next()) != NULL)
			deliver(ev);
	return ce_finish();
}
