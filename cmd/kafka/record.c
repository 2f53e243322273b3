/* record.c -- an event as a record, by the Kafka binding of CloudEvents
 *
 * SPDX-License-Identifier: Apache-2.0 */

#include <string.h>
#include <strings.h>
#include "sink.h"

/* What the format of a record adds, about: its fields are of variable length. */
#define FRAME 20
#define LENGTHS 4 /* of a header */

#define STRUCTURED "application/cloudevents+json"

struct header {
	char *name;
	struct ce_template *value;
};
static struct header *headers;
static struct ce_buf topic, key, body;

static void
parse_header(struct header *h, const char *text)
{
	size_t n = strcspn(text, "=");
	const char *why;

	if (text[n] != '=' || n == 0 || !ce_utf8_valid(text, n))
		ce_die(CE_USAGE, "--header %s: it must be name=template", text);
	h->name = ce_strndup(text, n);
	if (strncasecmp(h->name, "ce_", 3) == 0 || strcasecmp(h->name, "content-type") == 0)
		ce_die(CE_USAGE, "--header %s: it belongs to the event: set it with a filter", h->name);
	if ((h->value = ce_template_new(text + n + 1, &why)) == NULL)
		ce_die(CE_USAGE, "--header %s: %s", h->name, why);
}

void
record_check(void)
{
	int i;

	headers = ce_alloc(((size_t)sink_conf.headers.n + 1) * sizeof(*headers));
	for (i = 0; i < sink_conf.headers.n; i++)
		parse_header(&headers[i], sink_conf.headers.v[i]);
}

static void
add(struct record *r, const char *name, struct ce_str v)
{
	if (r->headers == NULL)
		r->headers = rd_kafka_headers_new(sink_conf.mode == MODE_STRUCTURED ? 1 : 16);
	rd_kafka_header_add(r->headers, name, -1, v.p, (ssize_t)v.len);
	r->size += strlen(name) + v.len + LENGTHS;
}

static void
attributes(struct record *r, struct ce_event *ev)
{
	static struct ce_buf name;
	struct ce_str n, v;
	int i = 0;

	while (ce_each(ev, &i, &n, &v)) {
		if (ce_str_is(n, "datacontenttype"))
			continue;
		ce_buf_reset(&name);
		ce_buf_puts(&name, "ce_");
		ce_buf_str(&name, n);
		add(r, name.p, v);
	}
}

static void
binary(struct record *r, struct ce_event *ev)
{
	struct ce_str type;
	bool json = false;

	attributes(r, ev);
	ce_buf_reset(&body);
	if (ce_data(ev, &body, &r->value, &json)) {
		if (r->value.p == NULL)
			r->value.p = ""; /* empty is not the same as none */
		r->lent = r->value.p >= ev->text && r->value.p < ev->text + ev->len;
	}
	if (ce_attr(ev, CE_AT_DATACONTENTTYPE, &type))
		add(r, "content-type", type);
	else if (json)
		add(r, "content-type", kafka_str("application/json", 16));
}

static bool
has_data(const struct ce_event *ev)
{
	return ev->at[CE_AT_DATA] >= 0 || ev->at[CE_AT_DATA_BASE64] >= 0;
}

/* Text that no bytes can be goes structured. */
static bool
goes_binary(struct ce_event *ev)
{
	if (sink_conf.mode == MODE_STRUCTURED)
		return sink_conf.tombstone && !has_data(ev);
	return ce_data_whole(ev);
}

static enum ce_verdict
more_headers(struct record *r, struct ce_event *ev)
{
	static struct ce_buf value;
	const char *missing;
	int i;

	for (i = 0; i < sink_conf.headers.n; i++) {
		ce_buf_reset(&value);
		missing = ce_template_fill(headers[i].value, ev, CE_ESC_NONE, &value);
		if (missing != NULL)
			return ce_never("header %s needs %s, which the event does not have", headers[i].name, missing);
		add(r, headers[i].name, (struct ce_str){ value.p, value.len });
	}
	return CE_TAKEN;
}

/* An empty key is none. */
static enum ce_verdict
names(struct record *r, struct ce_event *ev)
{
	const char *missing;

	if (!ce_template_fixed(sink_conf.topic) || topic.len == 0) {
		ce_buf_reset(&topic);
		if ((missing = ce_template_fill(sink_conf.topic, ev, CE_ESC_NONE, &topic)) != NULL)
			return ce_never("the topic needs %s, which the event does not have", missing);
		if (topic.len == 0 || topic.len > 249 || strlen(topic.p) != topic.len)
			return ce_never("the topic is no name: it is empty, too long, or has a NUL");
	}
	r->topic = topic.p;
	if (sink_conf.key == NULL) {
		if (!ce_get(ev, "partitionkey", &r->key))
			r->key = (struct ce_str){ NULL, 0 };
		return CE_TAKEN;
	}
	ce_buf_reset(&key);
	if ((missing = ce_template_fill(sink_conf.key, ev, CE_ESC_NONE, &key)) != NULL)
		return ce_never("the key needs %s, which the event does not have", missing);
	if (key.len > 0)
		r->key = (struct ce_str){ key.p, key.len };
	return CE_TAKEN;
}

enum ce_verdict
record_make(struct record *r, struct ce_event *ev)
{
	enum ce_verdict v;

	memset(r, 0, sizeof(*r));
	if ((v = names(r, ev)) != CE_TAKEN)
		return v;
	if (goes_binary(ev))
		binary(r, ev);
	else {
		r->value = (struct ce_str){ ev->text, ev->len };
		r->lent = true;
		add(r, "content-type", kafka_str(STRUCTURED, sizeof(STRUCTURED) - 1));
	}
	if ((v = more_headers(r, ev)) != CE_TAKEN) {
		rd_kafka_headers_destroy(r->headers);
		r->headers = NULL;
	}
	r->size += r->key.len + r->value.len + FRAME;
	return v;
}
