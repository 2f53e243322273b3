/* event.c -- an event as a document, and a document that is one.
 *
 * Each attribute is a field of its name, data a value of BSON.  Where that would
 * not give the same line again, byte for byte, the line is kept beside it.
 * SPDX-License-Identifier: Apache-2.0 */

#include <stdlib.h>
#include <string.h>
#include "mongodb.h"

#define LINE "_line" /* no attribute has such a name */

static struct ce_str
name_of(const struct ce_event *ev, const struct ce_member *m)
{
	static struct ce_buf buf;
	const char *p = ev->text + m->name;
	size_t n = m->nlen;

	if (n == UINT16_MAX)
		n = (size_t)((const char *)memchr(p, '"', ev->len) - p);
	if ((m->flags & CE_M_NAMEESC) == 0)
		return (struct ce_str){ p, n };
	ce_buf_reset(&buf);
	ce_json_unescape(&buf, p, n);
	return (struct ce_str){ buf.p, buf.len };
}

static bool
append(const struct ce_event *ev, const struct ce_member *m, bool as_text, bson_t *doc)
{
	struct ce_str json = { ev->text + m->value, m->vlen }, name = name_of(ev, m);
	struct ce_buf bytes = { 0 };
	bool ok;

	if (m == ev->members + ev->at[CE_AT_DATA] && as_text)
		return bson_append_utf8(doc, name.p, (int)name.len, json.p, (int)json.len);
	if (m != ev->members + ev->at[CE_AT_DATA_BASE64])
		return tobson_append(doc, name.p, (int)name.len, json);
	ce_buf_reset(&bytes);
	ok = ce_unbase64(&bytes, json.p + 1, json.len - 2) && bson_append_binary(doc, "data", 4,
	    BSON_SUBTYPE_BINARY, (const uint8_t *)bytes.p, (uint32_t)bytes.len);
	ce_buf_free(&bytes);
	return ok || bson_append_utf8(doc, name.p, (int)name.len, json.p + 1, (int)json.len - 2);
}

static bool
fields(const struct ce_event *ev, bool as_text, bson_t *doc)
{
	int i;

	for (i = 0; i < ev->nmembers; i++)
		if ((ev->members[i].kind != CE_JNULL || i == ev->at[CE_AT_DATA]) &&
		    !append(ev, &ev->members[i], as_text, doc))
			return false;
	return true;
}

/* The line that the fields make, or false. */
static bool
line_of(struct ce_buf *out, const bson_t *doc)
{
	bson_iter_t i;
	bool binary;
	uint32_t n;
	const uint8_t *p;
	const char *name;

	ce_buf_reset(out);
	if (!bson_iter_init(&i, doc))
		return false;
	while (bson_iter_next(&i)) {
		name = bson_iter_key(&i);
		if (strcmp(name, "_id") == 0 || strcmp(name, LINE) == 0)
			continue;
		binary = BSON_ITER_HOLDS_BINARY(&i) && strcmp(name, "data") == 0;
		ce_buf_puts(out, out->len > 0 ? ",\"" : "{\"");
		ce_json_escape(out, name, bson_iter_key_len(&i));
		ce_buf_puts(out, binary ? "_base64\":\"" : "\":");
		if (binary) {
			bson_iter_binary(&i, NULL, &n, &p);
			ce_base64(out, p, n);
			ce_buf_putc(out, '"');
		} else
			extjson_value(out, &i, false);
	}
	ce_buf_putc(out, '}');
	return out->len > 2;
}

void
event_document(const struct ce_event *ev, bson_t *doc)
{
	static struct ce_buf again;
	bson_t body = BSON_INITIALIZER;

	if (!fields(ev, false, &body)) {
		bson_reinit(&body);
		fields(ev, true, &body);
	}
	line_of(&again, &body);
	if (again.len != ev->len || memcmp(again.p, ev->text, ev->len) != 0)
		bson_append_utf8(&body, LINE, -1, ev->text, (int)ev->len);
	bson_concat(doc, &body);
	bson_destroy(&body);
}

/* Was the document changed since the line was put there? */
static bool
is_of(const struct ce_event *ev, const bson_t *doc)
{
	bson_t then = BSON_INITIALIZER, now = BSON_INITIALIZER;
	bool same;

	event_document(ev, &then);
	bson_copy_to_excluding_noinit(doc, &now, "_id", NULL);
	same = bson_equal(&then, &now);
	bson_destroy(&then);
	bson_destroy(&now);
	return same;
}

struct ce_event *
document_event(const bson_t *doc)
{
	static const char *const required[] = { "specversion", "id", "source", "type" };
	static struct ce_event ev;
	static struct ce_buf text;
	bson_iter_t i;
	uint32_t n;
	const char *p;
	size_t k;

	for (k = 0; k < 4; k++)
		if (!bson_iter_init_find(&i, doc, required[k]) || !BSON_ITER_HOLDS_UTF8(&i))
			return NULL;
	if (bson_iter_init_find(&i, doc, LINE) && BSON_ITER_HOLDS_UTF8(&i)) {
		p = bson_iter_utf8(&i, &n);
		ce_buf_reset(&text);
		ce_buf_add(&text, p, n);
		if (memchr(p, '\n', n) == NULL && ce_event_parse(&ev, text.p, text.len) == NULL && is_of(&ev, doc))
			return &ev;
	}
	return line_of(&text, doc) && ce_event_parse(&ev, text.p, text.len) == NULL ? &ev : NULL;
}
