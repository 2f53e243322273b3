/* sink-request.c -- from events to an HTTP request: URL, headers, body
 *
 * In structured mode the body is the line itself, not a copy.  Nothing that an
 * event holds can end a header or leave the path that the URL template wrote.
 * SPDX-License-Identifier: Apache-2.0 */

#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <zlib.h>

#include "sink.h"

#define STRUCTURED "application/cloudevents+json"
#define BATCH "application/cloudevents-batch+json"

static struct ce_buf sign_by;
static struct ce_buf scratch, value;
static z_stream packer;

void
request_check(void)
{
	struct ce_str secret = { sink_conf.sign_secret.p, sink_conf.sign_secret.len };

	headers_check();
	if ((sink_conf.sign != SIGN_NONE) != (secret.p != NULL))
		ce_die(CE_USAGE, "--sign and --sign-secret need each other");
	if (secret.p != NULL && (!sign_key(&sign_by, secret) || sign_by.len == 0))
		ce_die(CE_CONFIG, "the secret of --sign-secret is empty, or no base64 after whsec_");
	if (sink_conf.compress == COMPRESS_GZIP &&
	    deflateInit2(&packer, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK)
		ce_die(CE_TEMPFAIL, "cannot start zlib");
}

const char *
request_verb(void)
{
	return strcasecmp(sink_conf.method, "POST") == 0 ? "post" : "send";
}

const char *
request_url(struct delivery *d)
{
	return ce_log_url(d->url.len > 0 ? d->url.p : ce_template_text(sink_conf.url));
}

/* Dots are legal in a URL, so escaping leaves them: ".." would climb. */
static bool
climbs(const char *url)
{
	const char *s = strstr(url, "://");

	for (s = s != NULL ? strchr(s + 3, '/') : NULL; s != NULL && *s == '/';) {
		size_t n = strcspn(++s, "/?#");

		if ((n == 1 && s[0] == '.') || (n == 2 && s[0] == '.' && s[1] == '.'))
			return true;
		s += n;
	}
	return false;
}

static enum ce_verdict
set_url(struct delivery *d)
{
	const char *why;

	if (ce_template_fixed(sink_conf.url) && d->url_set)
		return CE_TAKEN;
	ce_buf_reset(&d->url);
	why = ce_template_fill(sink_conf.url, d->evs[0], CE_ESC_URL, &d->url);
	if (why != NULL)
		return ce_never("the URL needs %s, which the event does not have", why);
	if ((why = ce_http_check_url(d->url.p)) != NULL)
		return ce_never("the event makes an unusable URL: %s", why);
	if (!ce_template_fixed(sink_conf.url) && climbs(d->url.p))
		return ce_never("the event makes a URL with a component . or ..");
	ce_http_url(d->http, d->url.p);
	d->url_set = true;
	return CE_TAKEN;
}

static void
header(struct delivery *d, const char *name, const struct ce_buf *v)
{
	ce_http_header(d->http, name, v->p, v->len);
}

static void
attributes(struct delivery *d)
{
	struct ce_str name, v;
	int i = 0;

	while (ce_each(d->evs[0], &i, &name, &v)) {
		if (ce_str_is(name, "datacontenttype"))
			continue;
		ce_buf_reset(&scratch);
		ce_buf_puts(&scratch, "ce-");
		ce_buf_str(&scratch, name);
		ce_buf_reset(&value);
		binding_encode(&value, v);
		header(d, scratch.p, &value);
	}
}

/* A JSON value whose type went without saying (JSON format 3.1) says it here. */
static struct ce_str
binary(struct delivery *d)
{
	struct ce_str type, bytes = { "", 0 };
	bool json = false;

	ce_buf_reset(&d->body);
	if (!ce_data(d->evs[0], &d->body, &bytes, &json))
		bytes = (struct ce_str){ "", 0 };
	attributes(d);
	if (ce_attr(d->evs[0], CE_AT_DATACONTENTTYPE, &type))
		ce_http_header(d->http, "Content-Type", type.p, type.len);
	else if (json)
		ce_http_header(d->http, "Content-Type", "application/json", 16);
	else
		ce_http_header(d->http, "Content-Type", NULL, 0);
	return bytes;
}

static struct ce_str
batch(struct delivery *d)
{
	int i;

	ce_buf_reset(&d->body);
	for (i = 0; i < d->n; i++) {
		ce_buf_putc(&d->body, i == 0 ? '[' : ',');
		ce_buf_add(&d->body, d->evs[i]->text, d->evs[i]->len);
	}
	ce_buf_putc(&d->body, ']');
	ce_http_header(d->http, "Content-Type", BATCH, sizeof(BATCH) - 1);
	return (struct ce_str){ d->body.p, d->body.len };
}

/* A webhook must have content and a type (HTTP WebHook 2.1): what would have
 * none of its own goes structured; and so does text that no bytes can hold. */
static bool
is_binary(struct delivery *d)
{
	struct ce_str s;

	if (sink_conf.mode != SINK_BINARY || !ce_data_whole(d->evs[0]))
		return false;
	if (sink_conf.webhook_origin == NULL)
		return true;
	return ce_raw(d->evs[0], CE_AT_DATA, &s) ||
	    (ce_raw(d->evs[0], CE_AT_DATA_BASE64, &s) && s.len > 2 &&
		ce_attr(d->evs[0], CE_AT_DATACONTENTTYPE, &s));
}

static struct ce_str
content(struct delivery *d)
{
	if (sink_conf.mode == SINK_BATCH)
		return batch(d);
	if (is_binary(d))
		return binary(d);
	ce_http_header(d->http, "Content-Type", STRUCTURED, sizeof(STRUCTURED) - 1);
	return (struct ce_str){ d->evs[0]->text, d->evs[0]->len };
}

/* Sent as it was when packing does not make it smaller. */
static struct ce_str
pack(struct delivery *d, struct ce_str body)
{
	if (body.len == 0 || body.len > UINT32_MAX)
		return body;
	ce_buf_reset(&d->packed);
	ce_buf_need(&d->packed, body.len);
	deflateReset(&packer);
	packer.next_in = (Bytef *)(uintptr_t)body.p;
	packer.avail_in = (uInt)body.len;
	packer.next_out = (Bytef *)d->packed.p;
	packer.avail_out = (uInt)body.len;
	if (deflate(&packer, Z_FINISH) != Z_STREAM_END)
		return body;
	ce_http_header(d->http, "Content-Encoding", "gzip", 4);
	return (struct ce_str){ d->packed.p, packer.total_out };
}

/* The same for the same events whenever they are sent again. */
static void
message_id(struct delivery *d, struct ce_buf *out)
{
	struct ce_str v;
	unsigned char sum[32];
	int i;

	ce_buf_reset(&scratch);
	for (i = 0; i < d->n; i++) {
		if (ce_attr(d->evs[i], CE_AT_SOURCE, &v))
			ce_buf_str(&scratch, v);
		ce_buf_putc(&scratch, '\n');
		if (ce_attr(d->evs[i], CE_AT_ID, &v))
			ce_buf_str(&scratch, v);
		ce_buf_putc(&scratch, '\n');
	}
	ce_sha256(scratch.p, scratch.len, sum);
	ce_buf_puts(out, "msg_");
	ce_hex(out, sum, 16);
}

static void
sign(struct delivery *d, struct ce_str body)
{
	struct ce_str key = { sign_by.p, sign_by.len }, id;
	char stamp[24];

	ce_buf_reset(&value);
	if (sink_conf.sign == SIGN_PLAIN) {
		sign_plain(&value, key, body);
		header(d, "X-Signature", &value);
		return;
	}
	snprintf(stamp, sizeof(stamp), "%lld", (long long)time(NULL));
	message_id(d, &value);
	header(d, "webhook-id", &value);
	ce_http_header(d->http, "webhook-timestamp", stamp, strlen(stamp));
	id = (struct ce_str){ value.p, value.len };
	ce_buf_reset(&scratch);
	sign_webhook(&scratch, key, id, (struct ce_str){ stamp, strlen(stamp) }, body);
	header(d, "webhook-signature", &scratch);
}

/* Headers that are the same for every event are made only once. */
static bool
same_headers(const char *auth)
{
	return headers_fixed() && sink_conf.mode == SINK_STRUCTURED && sink_conf.sign == SIGN_NONE &&
	    sink_conf.compress == COMPRESS_NONE && (auth == NULL || !sink_conf.oauth);
}

enum ce_verdict
request_make(struct delivery *d, const char *auth)
{
	bool first = !d->url_set;
	struct ce_str body;
	enum ce_verdict v;

	if ((v = set_url(d)) != CE_TAKEN)
		return v;
	if (first)
		ce_http_method(d->http, sink_conf.method);
	else if (same_headers(auth)) {
		ce_http_body(d->http, d->evs[0]->text, d->evs[0]->len);
		return CE_TAKEN;
	}
	ce_http_no_headers(d->http);
	if (auth != NULL)
		ce_http_header(d->http, "Authorization", auth, strlen(auth));
	if (sink_conf.webhook_origin != NULL)
		ce_http_header(d->http, "WebHook-Request-Origin", sink_conf.webhook_origin,
		    strlen(sink_conf.webhook_origin));
	if ((v = headers_add(d)) != CE_TAKEN)
		return v;
	body = content(d);
	if (sink_conf.compress == COMPRESS_GZIP)
		body = pack(d, body);
	if (sink_conf.sign != SIGN_NONE)
		sign(d, body);
	ce_http_body(d->http, body.p, body.len);
	return CE_TAKEN;
}
