/* event.c -- the event that a record holds, or that is made of it
 *
 * Structured mode by the content type, or, where there is none, by the value; binary
 * mode by headers; anything else is wrapped.
 * SPDX-License-Identifier: Apache-2.0 */

#include <string.h>
#include <strings.h>
#include "src.h"

#define STRUCTURED "application/cloudevents+json"

static const char *cluster = "";
static struct ce_draft draft;
static struct ce_buf value;

static void
check(const char *option, const char *name, const char *text)
{
	const char *rule = NULL;

	if (text != NULL)
		rule = ce_check_attr(kafka_str(name, strlen(name)), kafka_str(text, strlen(text)));
	if (rule != NULL)
		ce_die(CE_USAGE, "--%s: %s", option, rule);
}

void
event_check(void)
{
	check("source", "source", src_conf.source);
	check("type", "type", src_conf.type);
	check("content-type", "datacontenttype", src_conf.ctype);
}

void
event_cluster(const char *id)
{
	cluster = ce_strdup(id);
}

static bool
header(const rd_kafka_headers_t *h, size_t i, struct ce_str *name, struct ce_str *v)
{
	const char *n;
	const void *p;
	size_t len;

	if (h == NULL || rd_kafka_header_get_all(h, i, &n, &p, &len) != 0)
		return false;
	*name = kafka_str(n, strlen(n));
	*v = (struct ce_str){ p, p != NULL ? len : 0 };
	return true;
}

/* What follows ce_ in a header's name. */
static bool
attribute(struct ce_str *name)
{
	if (name->len <= 3 || strncasecmp(name->p, "ce_", 3) != 0)
		return false;
	name->p += 3;
	name->len -= 3;
	return true;
}

/* The first header of that name, or the attribute of that name. */
static bool
find(const rd_kafka_headers_t *h, const char *wanted, bool of_event, struct ce_str *v)
{
	struct ce_str name;
	size_t i;

	for (i = 0; header(h, i, &name, v); i++)
		if ((!of_event || attribute(&name)) && ce_str_like(name, wanted))
			return true;
	*v = (struct ce_str){ "", 0 };
	return false;
}

static bool
has(const rd_kafka_headers_t *h, const char *name)
{
	struct ce_str v;

	return find(h, name, true, &v);
}

static const char *
attributes(const rd_kafka_headers_t *h)
{
	struct ce_str name, v;
	const char *wrong;
	size_t i;

	for (i = 0; header(h, i, &name, &v); i++)
		if (attribute(&name) && (wrong = ce_binary_set(&draft, name, v, false)) != NULL)
			return wrong;
	return ce_binary_end();
}

static void
extensions(const rd_kafka_message_t *m, const rd_kafka_headers_t *h, bool foreign)
{
	struct extra *e;
	int i, n = extra_of(m, h, foreign, &e);

	for (i = 0; i < n; i++) {
		if (!foreign && has(h, e[i].name))
			continue;
		if (e[i].number)
			ce_set_json(&draft, e[i].name, e[i].value.p, e[i].value.len);
		else
			ce_set_str(&draft, e[i].name, e[i].value.p, e[i].value.len);
	}
}

static void
data(const rd_kafka_message_t *m, struct ce_str type)
{
	bool usable = type.len > 0 && memchr(type.p, '\0', type.len) == NULL && ce_check_mediatype(type) == NULL &&
	    ce_check_string(type) == NULL;

	ce_buf_reset(&value);
	if (usable)
		ce_buf_str(&value, type);
	if (m->payload != NULL)
		ce_set_data(&draft, usable ? value.p : NULL, m->payload, m->len);
	else if (usable)
		ce_set_str(&draft, "datacontenttype", value.p, value.len);
}

/* The line as it is; what is added to it replaces what has that name. */
static const char *
with_extras(const rd_kafka_message_t *m, struct ce_event *ev)
{
	static struct ce_buf quoted[8], more;
	struct ce_edit edit[8];
	struct extra *e;
	int i, n = extra_of(m, NULL, false, &e);

	for (i = 0; i < n; i++) {
		ce_buf_reset(&quoted[i]);
		if (!e[i].number)
			ce_buf_putc(&quoted[i], '"');
		ce_json_escape(&quoted[i], e[i].value.p, e[i].value.len);
		if (!e[i].number)
			ce_buf_putc(&quoted[i], '"');
		edit[i] = (struct ce_edit){ e[i].name, quoted[i].p };
	}
	ce_buf_reset(&more);
	ce_event_write(&more, ev, edit, n);
	return ce_event_parse(ev, more.p, more.len);
}

static const char *
structured(const rd_kafka_message_t *m, struct ce_event **ev)
{
	static struct ce_event parsed;
	static struct ce_buf line;
	const char *wrong;

	if (m->len > (size_t)ce_conf.max_event)
		return "the record is longer than --max-event";
	ce_buf_reset(&line);
	ce_buf_add(&line, m->payload, m->len);
	if ((memchr(line.p, '\n', line.len) != NULL || (line.len > 2 && memcmp(line.p, "\xef\xbb\xbf", 3) == 0)) &&
	    (wrong = ce_json_line(&line)) != NULL)
		return wrong;
	if ((wrong = ce_event_parse(&parsed, line.p, line.len)) != NULL)
		return wrong;
	*ev = &parsed;
	return src_conf.envelope ? with_extras(m, &parsed) : NULL;
}

/* Nothing says what it is: an object or array of JSON on one line, or text. */
static const char *
guess(const rd_kafka_message_t *m)
{
	const char *p = m->payload;
	size_t at;

	if (src_conf.ctype != NULL)
		return src_conf.ctype;
	if (m->len > 0 && (*p == '{' || *p == '[') && memchr(p, '\n', m->len) == NULL &&
	    ce_json_check(p, m->len, &at) == NULL)
		return "application/json";
	return ce_utf8_valid(p, m->len) ? "text/plain" : "";
}

static void
wrapped(const rd_kafka_message_t *m, const rd_kafka_headers_t *h, struct ce_str type)
{
	int64_t ms = rd_kafka_message_timestamp(m, NULL);
	struct timespec ts;

	ce_draft_begin(&draft);
	ce_set(&draft, "id", "%d/%lld", (int)m->partition, (long long)m->offset);
	if (src_conf.source != NULL)
		ce_set(&draft, "source", "%s", src_conf.source);
	else
		ce_set(&draft, "source", "kafka://%s/%s", cluster, rd_kafka_topic_name(m->rkt));
	ce_set(&draft, "type", "%s", src_conf.type);
	if (ms >= 0) {
		ts = (struct timespec){ (time_t)(ms / 1000), (long)(ms % 1000) * 1000000 };
		ce_set_time(&draft, "time", &ts);
	}
	extensions(m, h, true);
	if (type.len == 0 && m->payload != NULL)
		type = kafka_str(guess(m), strlen(guess(m)));
	data(m, type);
}

static bool
starts(struct ce_str s, const char *with)
{
	return s.len >= strlen(with) && strncasecmp(s.p, with, strlen(with)) == 0;
}

const char *
event_of(const rd_kafka_message_t *m, struct ce_event **ev)
{
	rd_kafka_headers_t *h = NULL;
	struct ce_str type;
	const char *wrong;

	if (rd_kafka_message_headers(m, &h) != RD_KAFKA_RESP_ERR_NO_ERROR)
		h = NULL;
	if (!find(h, "content-type", false, &type))
		find(h, "datacontenttype", true, &type);
	if (starts(type, STRUCTURED) && (type.len == strlen(STRUCTURED) || strchr("; ", type.p[strlen(STRUCTURED)]) != NULL))
		return structured(m, ev);
	if (starts(type, "application/cloudevents"))
		return "it is an event in a format other than JSON, or a batch";
	if (has(h, "specversion")) {
		ce_binary_begin(&draft, "ce_");
		if ((wrong = attributes(h)) != NULL)
			return wrong;
		if (src_conf.envelope)
			extensions(m, h, false);
		data(m, type);
	} else if (type.len == 0 && m->len > 0 && *(const char *)m->payload == '{' && structured(m, ev) == NULL)
		return NULL;
	else
		wrapped(m, h, type);
	*ev = ce_draft_end(&draft);
	return (*ev)->len > (size_t)ce_conf.max_event ? "the record is longer than --max-event" : NULL;
}
