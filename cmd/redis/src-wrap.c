/* src-wrap.c -- what is in Redis, as an event.
 *
 * What ce-sink-redis has written comes out as it went in: a field (or message) that is
 * an event, as its line; attributes in fields, as an event again.  Anything else is
 * wrapped: the data of an entry is an object of its fields.
 * SPDX-License-Identifier: Apache-2.0 */

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "src.h"

#define MUCH (1 << 20) /* bytes that are asked for at once */

static struct ce_draft draft;
static struct ce_buf line;
static size_t bytes, events; /* seen so far, to guess what is to come */
static int halved;           /* so often: replies of the full size did not arrive */

void
wrap_check(void)
{
	const struct src_conf *c = &src_conf;
	const char *why = NULL;

	if (c->type != NULL)
		why = ce_check_attr((struct ce_str){ "type", 4 }, (struct ce_str){ c->type, strlen(c->type) });
	if (why != NULL)
		ce_die(CE_USAGE, "--type: %s", why);
	if (c->source != NULL)
		why = ce_check_attr((struct ce_str){ "source", 6 }, (struct ce_str){ c->source, strlen(c->source) });
	if (why != NULL)
		ce_die(CE_USAGE, "--source: %s", why);
}

static bool
is(const redisReply *r, const char *text)
{
	return r->type == REDIS_REPLY_STRING && r->len == strlen(text) && memcmp(r->str, text, r->len) == 0;
}

/* It may have been written by hand, over several lines. */
static struct ce_event *
whole(const char *p, size_t n)
{
	static struct ce_event ev;

	if (n == 0 || n > (size_t)ce_conf.max_event)
		return NULL;
	ce_buf_reset(&line);
	ce_buf_add(&line, p, n);
	if (memchr(line.p, '\n', n) != NULL && ce_json_line(&line) != NULL)
		return NULL;
	return ce_event_parse(&ev, line.p, line.len) == NULL ? &ev : NULL;
}

static bool
set(const char *name, const redisReply *v)
{
	struct ce_str n = { name, strlen(name) }, value = { v->str, v->len };
	static struct ce_buf json;

	if (!ce_utf8_valid(v->str, v->len) || ce_check_attr(n, value) != NULL)
		return false;
	ce_buf_reset(&json);
	ce_buf_putc(&json, '"');
	ce_json_escape(&json, v->str, v->len);
	ce_buf_putc(&json, '"');
	ce_set_json(&draft, name, json.p, json.len);
	return true;
}

/* An attribute for each field, checked by the rules of a line; NULL: it is none. */
static struct ce_event *
attributes(const redisReply *f)
{
	static const char *const required[] = { "specversion", "id", "source", "type" };
	const redisReply *data = NULL, *type = NULL;
	size_t i, k, have = 0;

	ce_draft_begin(&draft);
	for (i = 0; i + 1 < f->elements; i += 2) {
		const redisReply *name = f->element[i], *v = f->element[i + 1];

		for (k = 0; k < i; k += 2)
			if (is(f->element[k], name->str))
				return NULL;
		for (k = 0; k < 4; k++)
			have += is(name, required[k]);
		if (is(name, "data"))
			data = v;
		else if (is(name, "datacontenttype"))
			type = v;
		else if (ce_check_name((struct ce_str){ name->str, name->len }) != NULL || is(name, "data_base64"))
			return NULL;
		else if (is(name, "specversion") ? !is(v, "1.0") : !is(name, "ackto") && !set(name->str, v))
			return NULL;
	}
	if (have != 4 || (type != NULL && (!ce_utf8_valid(type->str, type->len) ||
	    ce_check_attr((struct ce_str){ "datacontenttype", 15 }, (struct ce_str){ type->str, type->len }) != NULL)))
		return NULL;
	if (data != NULL)
		ce_set_data(&draft, type != NULL ? type->str : NULL, data->str, data->len);
	else if (type != NULL)
		ce_set_str(&draft, "datacontenttype", type->str, type->len);
	return ce_draft_end(&draft);
}

static void
begin(struct ce_str key, const char *kind)
{
	struct ce_buf source = { 0 };

	ce_draft_begin(&draft);
	ce_buf_printf(&source, "%s/", redis_conf.shown);
	ce_buf_str(&source, key);
	if (src_conf.source != NULL)
		ce_set_str(&draft, "source", src_conf.source, strlen(src_conf.source));
	else
		ce_set_uri(&draft, "source", source.p, source.len);
	ce_set(&draft, "type", "%s", src_conf.type != NULL ? src_conf.type : kind);
	ce_set_str(&draft, "subject", key.p, key.len);
	ce_buf_free(&source);
}

/* Nothing in Redis tells a message from another that is the same. */
static void
random_id(void)
{
	unsigned char u[16];
	struct ce_buf b = { 0 };

	ce_random(u, sizeof(u));
	ce_hex(&b, u, sizeof(u));
	ce_set_str(&draft, "id", b.p, b.len);
	ce_buf_free(&b);
}

static void
now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	ce_set_time(&draft, "time", &ts);
}

static void
member(struct ce_buf *out, struct ce_str name, struct ce_str v)
{
	bool text = ce_utf8_valid(v.p, v.len);

	ce_buf_puts(out, out->len > 1 ? ",\"" : "\"");
	ce_json_escape(out, name.p, name.len);
	ce_buf_puts(out, text ? "\":\"" : "_base64\":\"");
	if (text)
		ce_json_escape(out, v.p, v.len);
	else
		ce_base64(out, v.p, v.len);
	ce_buf_putc(out, '"');
}

/* {"name":"text"}; a value that is no text as "name_base64". */
static void
object(struct ce_buf *out, const redisReply *f)
{
	size_t i;

	ce_buf_reset(out);
	ce_buf_putc(out, '{');
	for (i = 0; i + 1 < f->elements; i += 2)
		member(out, (struct ce_str){ f->element[i]->str, f->element[i]->len },
		    (struct ce_str){ f->element[i + 1]->str, f->element[i + 1]->len });
	ce_buf_putc(out, '}');
}

/* As many as may come without waiting for others, and as replies should hold. */
long
wrap_count(void)
{
	size_t each = events > 0 ? bytes / events + 1 : 16384, n = (MUCH >> halved) / each;
	size_t most = (size_t)(ce_conf.window > 2048 ? 1024 : ce_conf.window / 2 + 1);

	return (long)(n < 1 ? 1 : n > most ? most : n);
}

void
wrap_came(bool came)
{
	if (came && halved > 0)
		halved--;
	else if (!came && halved < 20)
		halved++;
}

static struct ce_event *
fits(struct ce_event *ev, const char *where, ce_settled *settled, void *token)
{
	bytes += ev->len;
	if (++events > 10000) {
		bytes /= 2;
		events /= 2;
	}
	if (ev->len <= (size_t)ce_conf.max_event)
		return ev;
	ce_refuse(ev->text, ev->len, where, "longer than --max-event", settled, token);
	return NULL;
}

struct ce_event *
wrap_entry(const redisReply *id, const redisReply *f, ce_settled *settled, void *token)
{
	static struct ce_buf data;
	struct ce_event *ev = NULL;
	struct ce_buf where = { 0 };
	struct timespec ts;
	struct id at;

	if (f->elements == 2)
		ev = whole(f->element[1]->str, f->element[1]->len);
	else if (f->elements >= 8)
		ev = attributes(f);
	if (ev == NULL) {
		begin((struct ce_str){ src_conf.stream, strlen(src_conf.stream) }, "redis.stream");
		ce_set_str(&draft, "id", id->str, id->len);
		if (id_parse(&at, id->str)) {
			ts = (struct timespec){ (time_t)(at.ms / 1000), (long)(at.ms % 1000) * 1000000 };
			ce_set_time(&draft, "time", &ts);
		}
		object(&data, f);
		ce_set_data(&draft, "application/json", data.p, data.len);
		ev = ce_draft_end(&draft);
	}
	ce_buf_printf(&where, "%s, entry %s", src_conf.stream, id->str);
	ev = fits(ev, where.p, settled, token);
	ce_buf_free(&where);
	return ev;
}

static const char *
type_of(struct ce_str v)
{
	size_t at;

	if (ce_json_check(v.p, v.len, &at) == NULL)
		return "application/json";
	return ce_utf8_valid(v.p, v.len) ? "text/plain" : "application/octet-stream";
}

struct ce_event *
wrap_message(const char *kind, struct ce_str name, struct ce_str v, ce_settled *settled,
    void *token)
{
	struct ce_event *ev = whole(v.p, v.len);

	if (ev == NULL) {
		begin(name, kind);
		random_id();
		now();
		ce_set_data(&draft, type_of(v), v.p, v.len);
		ev = ce_draft_end(&draft);
	}
	return fits(ev, kind, settled, token);
}

struct ce_event *
wrap_notice(struct ce_str key, struct ce_str what)
{
	struct ce_buf kind = { 0 }, data = { 0 };
	struct ce_event *ev;

	ce_buf_puts(&kind, "redis.key.");
	ce_buf_str(&kind, what);
	ce_buf_putc(&data, '{');
	member(&data, (struct ce_str){ "key", 3 }, key);
	member(&data, (struct ce_str){ "event", 5 }, what);
	ce_buf_putc(&data, '}');
	begin(key, kind.p);
	random_id();
	now();
	ce_set_data(&draft, "application/json", data.p, data.len);
	ce_buf_free(&kind);
	ce_buf_free(&data);
	ev = ce_draft_end(&draft);
	return fits(ev, "a notification", NULL, NULL);
}
