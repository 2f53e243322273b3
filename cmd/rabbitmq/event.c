/* event -- the event that a message holds, or that is made of it
 *
 * Structured mode by the content type; binary mode by headers, in all the spellings
 * that are met over AMQP 0-9-1; anything else is wrapped.
 * SPDX-License-Identifier: Apache-2.0 */

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "binding.h"

static const char *const prefixes[] = { "cloudEvents:", "cloudEvents_", "ce-", "ce_", "" };
static const char *const required[] = { "specversion", "id", "source", "type" };

struct wrap wrap = { .type = "com.rabbitmq.message" };
static struct ce_draft draft;
static struct ce_buf value;

/* What follows the prefix in a header's name, with a NUL; NULL: it has another. */
static const char *
attribute(const amqp_table_entry_t *e, const char *prefix)
{
	static char name[256];
	struct ce_str key = str_of(e->key);
	size_t n = strlen(prefix);

	if (key.len <= n || key.len - n >= sizeof(name) || strncmp(key.p, prefix, n) != 0 ||
	    memchr(key.p, '\0', key.len) != NULL)
		return NULL;
	memcpy(name, key.p + n, key.len - n);
	name[key.len - n] = '\0';
	return name;
}

/* In any case where the prefix says whose it is, as ce_binary_set has it. */
static bool
has(const amqp_table_t *t, const char *prefix, const char *name)
{
	const char *a;
	int i;

	for (i = 0; i < t->num_entries; i++)
		if ((a = attribute(&t->entries[i], prefix)) != NULL &&
		    (*prefix != '\0' ? strcasecmp(a, name) : strcmp(a, name)) == 0)
			return true;
	return false;
}

/* Without a prefix it takes all four to be an event. */
static const char *
prefix_of(const amqp_table_t *t)
{
	size_t i, k;

	for (i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++) {
		for (k = 0; k < (*prefixes[i] != '\0' ? 1 : 4) && has(t, prefixes[i], required[k]); k++)
			;
		if (k == (*prefixes[i] != '\0' ? 1 : 4))
			return prefixes[i];
	}
	return NULL;
}

/* The canonical string in value.  False: it is none of the types of an attribute. */
static bool
canonical(const amqp_field_value_t *v)
{
	struct ce_str s;

	ce_buf_reset(&value);
	if (v->kind == AMQP_FIELD_KIND_UTF8 || v->kind == AMQP_FIELD_KIND_BYTES) {
		s = str_of(v->value.bytes);
		ce_buf_str(&value, s);
		return ce_utf8_valid(s.p, s.len);
	}
	value_json(&value, v, 0);
	if (v->kind == AMQP_FIELD_KIND_TIMESTAMP && *value.p == '"') {
		ce_buf_cut(&value, 1);
		value.p[--value.len] = '\0';
		return true;
	}
	return *value.p != '{' && *value.p != '[' && *value.p != 'n';
}

/* A boolean, or a number that fits, may stay what it is. */
static bool
stays(const amqp_field_value_t *v)
{
	long long n;

	if (v->kind == AMQP_FIELD_KIND_BOOLEAN)
		return true;
	if (strchr("bBsuIilL", v->kind) == NULL)
		return false;
	n = strtoll(value.p, NULL, 10);
	return n >= INT32_MIN && n <= INT32_MAX;
}

/* NULL: it is none of this event; else what follows the prefix. */
static const char *
of_event(const amqp_table_entry_t *e, const char *prefix)
{
	const char *name = attribute(e, prefix);

	if (name == NULL)
		return NULL;
	if (*prefix == '\0' && ce_check_name((struct ce_str){ name, strlen(name) }) != NULL)
		return NULL; /* a header of another kind */
	return e->value.kind != AMQP_FIELD_KIND_VOID ? name : NULL;
}

static const char *
attributes(const amqp_table_t *t, const char *prefix)
{
	const char *name, *wrong;
	struct ce_str v;
	int i;

	ce_binary_begin(&draft, prefix);
	for (i = 0; i < t->num_entries; i++) {
		const amqp_field_value_t *f = &t->entries[i].value;

		if ((name = of_event(&t->entries[i], prefix)) == NULL)
			continue;
		v = canonical(f) ? (struct ce_str){ value.p, value.len } : (struct ce_str){ NULL, 0 };
		if ((wrong = ce_binary_set(&draft, (struct ce_str){ name, strlen(name) }, v, stays(f))) != NULL)
			return wrong;
	}
	return ce_binary_end();
}

static void
data(const struct message *m, struct ce_str type)
{
	ce_buf_reset(&value);
	ce_buf_str(&value, type);
	if (m->body.len > 0)
		ce_set_data(&draft, type.len > 0 ? value.p : NULL, m->body.p, m->body.len);
	else if (type.len > 0 && ce_check_mediatype(type) == NULL && ce_check_string(type) == NULL)
		ce_set_str(&draft, "datacontenttype", type.p, type.len);
}

static void
extensions(const struct message *m, const amqp_basic_properties_t *p, bool foreign)
{
	struct extension *e;
	int i, n = envelope_of(m, p, foreign, &e);

	for (i = 0; i < n; i++) {
		if (!foreign && p->headers.num_entries > 0 && has(&p->headers, prefix_of(&p->headers), e[i].name))
			continue;
		if (e[i].kind == CE_JSTRING)
			ce_set_str(&draft, e[i].name, e[i].value.p, e[i].value.len);
		else
			ce_set_json(&draft, e[i].name, e[i].value.p, e[i].value.len);
	}
}

/* The line as it is; what is added to it replaces what has that name. */
static const char *
structured(const struct message *m, const amqp_basic_properties_t *p, struct ce_event **ev)
{
	static struct ce_event parsed;
	static struct ce_buf line, quoted[16], more;
	struct ce_edit edit[16];
	struct extension *e;
	const char *wrong;
	int i, n;

	ce_buf_reset(&line);
	ce_buf_add(&line, m->body.p, m->body.len);
	if ((memchr(line.p, '\n', line.len) != NULL || (line.len > 2 && memcmp(line.p, "\xef\xbb\xbf", 3) == 0)) &&
	    (wrong = ce_json_line(&line)) != NULL)
		return wrong;
	if ((wrong = ce_event_parse(&parsed, line.p, line.len)) != NULL)
		return wrong;
	*ev = &parsed;
	if (!wrap.envelope)
		return NULL;
	n = envelope_of(m, p, false, &e);
	for (i = 0; i < n; i++) {
		ce_buf_reset(&quoted[i]);
		if (e[i].kind == CE_JSTRING)
			ce_buf_putc(&quoted[i], '"'), ce_json_escape(&quoted[i], e[i].value.p, e[i].value.len);
		else
			ce_buf_add(&quoted[i], e[i].value.p, e[i].value.len);
		if (e[i].kind == CE_JSTRING)
			ce_buf_putc(&quoted[i], '"');
		edit[i] = (struct ce_edit){ e[i].name, quoted[i].p };
	}
	ce_buf_reset(&more);
	ce_event_write(&more, &parsed, edit, n);
	return ce_event_parse(&parsed, more.p, more.len);
}

static void
set_source(void)
{
	struct ce_buf b = { 0 };
	const char *parts[] = { rabbit_cluster(), rabbit_url.vhost, wrap.queue };
	size_t i, k;

	ce_buf_puts(&b, "rabbitmq:/");
	for (i = 0; i < 3; i++) {
		ce_buf_putc(&b, '/');
		for (k = 0; parts[i][k] != '\0'; k++) {
			unsigned char c = (unsigned char)parts[i][k];

			if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || strchr("-._~", c) != NULL)
				ce_buf_putc(&b, (char)c);
			else
				ce_buf_printf(&b, "%%%02X", c);
		}
	}
	ce_set_str(&draft, "source", b.p, b.len);
	ce_buf_free(&b);
}

/* Nothing in a queue tells a message without an id from one that is like it. */
static void
set_id(const amqp_basic_properties_t *p)
{
	unsigned char r[16];
	struct ce_str id = str_of(p->message_id);

	if ((p->_flags & AMQP_BASIC_MESSAGE_ID_FLAG) != 0 && id.len > 0) {
		ce_set_str(&draft, "id", id.p, id.len);
		return;
	}
	ce_random(r, sizeof(r));
	ce_buf_reset(&value);
	ce_hex(&value, r, sizeof(r));
	ce_set_str(&draft, "id", value.p, value.len);
}

static void
wrapped(const struct message *m, const amqp_basic_properties_t *p, struct ce_str type)
{
	struct timespec ts;
	struct ce_str key = message_key(m);

	ce_draft_begin(&draft);
	set_id(p);
	if (wrap.source != NULL)
		ce_set_str(&draft, "source", wrap.source, strlen(wrap.source));
	else
		set_source();
	ce_set_str(&draft, "type", wrap.type, strlen(wrap.type));
	ce_set_str(&draft, "subject", key.p, key.len);
	clock_gettime(CLOCK_REALTIME, &ts);
	if ((p->_flags & AMQP_BASIC_TIMESTAMP_FLAG) != 0 && p->timestamp <= 253402300799u)
		ts = (struct timespec){ (time_t)p->timestamp, 0 };
	ce_set_time(&draft, "time", &ts);
	extensions(m, p, true);
	data(m, type);
}

static bool
starts(struct ce_str s, const char *with)
{
	return s.len >= strlen(with) && strncasecmp(s.p, with, strlen(with)) == 0;
}

static const char *
make(const struct message *m, amqp_basic_properties_t *p, struct ce_event **ev)
{
	struct ce_str type = { "", 0 };
	const char *prefix, *wrong;

	if ((p->_flags & AMQP_BASIC_HEADERS_FLAG) == 0)
		p->headers = amqp_empty_table;
	if ((p->_flags & AMQP_BASIC_CONTENT_TYPE_FLAG) != 0)
		type = str_of(p->content_type);
	if (starts(type, "application/cloudevents+json") && (type.len == 28 || strchr("; ", type.p[28]) != NULL))
		return structured(m, p, ev);
	if (starts(type, "application/cloudevents"))
		return "it is an event in a format other than JSON, or a batch";
	if ((prefix = prefix_of(&p->headers)) == NULL)
		wrapped(m, p, type);
	else {
		if ((wrong = attributes(&p->headers, prefix)) != NULL)
			return wrong;
		if (wrap.envelope)
			extensions(m, p, false);
		data(m, type);
	}
	*ev = ce_draft_end(&draft);
	return NULL;
}

const char *
event_of(const struct message *m, struct ce_event **ev)
{
	static amqp_pool_t pool;
	const char *wrong;
	void *p;

	if (m->body.len < m->size)
		return "the message is longer than --max-event";
	if (pool.pagesize == 0)
		init_amqp_pool(&pool, 4096);
	if (amqp_decode_properties(AMQP_BASIC_CLASS, &pool, bytes_of(message_properties(m)), &p) < 0)
		wrong = "its properties are broken";
	else
		wrong = make(m, p, ev);
	recycle_amqp_pool(&pool);
	return wrong;
}
