/* binding.c -- the HTTP binding of CloudEvents: header values and binary mode
 *
 * What comes from a header is checked by the same rules as a line, so an event
 * that is made here can always be ended.
 * SPDX-License-Identifier: Apache-2.0 */

#include <string.h>
#include <strings.h>

#include "binding.h"

#define LONGEST_NAME 256 /* the attribute names that anybody sends are far shorter */

static const char *const required[] = { "id", "source", "specversion", "type" };
#define NREQUIRED ((int)(sizeof(required) / sizeof(required[0])))

void
binding_encode(struct ce_buf *out, struct ce_str value)
{
	static const char hex[] = "0123456789ABCDEF";
	size_t i;

	ce_buf_need(out, value.len * 3);
	for (i = 0; i < value.len; i++) {
		unsigned char c = (unsigned char)value.p[i];

		if (c > ' ' && c < 0x7f && c != '"' && c != '%') {
			ce_buf_putc(out, (char)c);
			continue;
		}
		ce_buf_putc(out, '%');
		ce_buf_putc(out, hex[c >> 4]);
		ce_buf_putc(out, hex[c & 15]);
	}
}

static int
hexdigit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

static struct ce_str
trim(struct ce_str s)
{
	while (s.len > 0 && (*s.p == ' ' || *s.p == '\t'))
		s.p++, s.len--;
	while (s.len > 0 && (s.p[s.len - 1] == ' ' || s.p[s.len - 1] == '\t'))
		s.len--;
	return s;
}

/* A whole quoted-string, or false: then quotes are ordinary characters. */
static bool
unquote(struct ce_buf *out, struct ce_str s)
{
	size_t i;

	if (s.len < 2 || s.p[0] != '"' || s.p[s.len - 1] != '"')
		return false;
	ce_buf_reset(out);
	for (i = 1; i < s.len - 1; i++) {
		if (s.p[i] == '"')
			return false;
		if (s.p[i] == '\\' && ++i == s.len - 1)
			return false;
		ce_buf_putc(out, s.p[i]);
	}
	return true;
}

bool
binding_decode(struct ce_buf *out, struct ce_str header)
{
	static struct ce_buf plain;
	struct ce_str s = trim(header);
	size_t i, was = out->len;

	if (unquote(&plain, s))
		s = (struct ce_str){ plain.p, plain.len };
	ce_buf_need(out, s.len);
	for (i = 0; i < s.len; i++) {
		int hi = -1, lo = -1;

		if (s.p[i] == '%' && s.len - i > 2) {
			hi = hexdigit(s.p[i + 1]);
			lo = hexdigit(s.p[i + 2]);
		}
		if (hi < 0 || lo < 0) {
			ce_buf_putc(out, s.p[i]);
			continue;
		}
		ce_buf_putc(out, (char)(hi << 4 | lo));
		i += 2;
	}
	if (ce_utf8_valid(out->p + was, out->len - was))
		return true;
	out->len = was;
	out->p[was] = '\0';
	return false;
}

const char *
binding_name(struct ce_str header)
{
	static char name[LONGEST_NAME];
	size_t i;

	if (header.len < 4 || header.len - 3 >= sizeof(name) || strncasecmp(header.p, "ce-", 3) != 0)
		return NULL;
	for (i = 3; i < header.len; i++) {
		char c = header.p[i];

		if (c == '\0')
			return NULL; /* the name would seem to end here */
		name[i - 3] = c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
	}
	name[i - 3] = '\0';
	return name;
}

static bool
starts(struct ce_str s, const char *text)
{
	size_t n = strlen(text);

	return s.len >= n && strncasecmp(s.p, text, n) == 0;
}

bool
binding_mode(struct ce_str content_type, enum binding_mode *mode)
{
	struct ce_str s = trim(content_type);
	const char *end = s.len > 0 ? memchr(s.p, ';', s.len) : NULL;

	if (end != NULL)
		s = trim((struct ce_str){ s.p, (size_t)(end - s.p) });
	*mode = BINDING_BINARY;
	if (starts(s, "application/cloudevents-batch")) {
		*mode = BINDING_BATCH;
		return ce_str_like(s, "application/cloudevents-batch+json");
	}
	if (starts(s, "application/cloudevents")) {
		*mode = BINDING_STRUCTURED;
		return ce_str_like(s, "application/cloudevents+json");
	}
	return true;
}

bool
binding_is_event(const struct binding_header *h, int n)
{
	int i;

	for (i = 0; i < n; i++)
		if (ce_str_like(h[i].name, "ce-specversion"))
			return true;
	return false;
}

static const char *
violation(const char *name, const char *rule)
{
	static struct ce_buf why;

	ce_buf_reset(&why);
	ce_buf_puts(&why, "header ce-");
	ce_buf_visible(&why, name, strlen(name), 40);
	ce_buf_printf(&why, ": %s", rule);
	return why.p;
}

static bool
seen_before(const struct binding_header *h, int i)
{
	int k;

	for (k = 0; k < i; k++)
		if (h[k].name.len == h[i].name.len &&
		    strncasecmp(h[k].name.p, h[i].name.p, h[i].name.len) == 0)
			return true;
	return false;
}

/* Checked here against every rule, so that ce_set_json can take it verbatim. */
static const char *
set_attribute(struct ce_draft *d, const char *name, struct ce_str header)
{
	static struct ce_buf value, json;
	struct ce_str n = { name, strlen(name) }, v;
	const char *why;

	if ((why = ce_check_name(n)) != NULL)
		return violation(name, why);
	if (strcmp(name, "datacontenttype") == 0 || strcmp(name, "data") == 0)
		return violation(name, "is not allowed in binary mode");
	ce_buf_reset(&value);
	if (!binding_decode(&value, header))
		return violation(name, "the value is not UTF-8");
	v = (struct ce_str){ value.p, value.len };
	if ((why = ce_check_attr(n, v)) != NULL)
		return violation(name, why);
	if (strcmp(name, "specversion") == 0)
		return NULL; /* ce_draft_begin has written it */
	ce_buf_reset(&json);
	ce_buf_putc(&json, '"');
	ce_json_escape(&json, v.p, v.len);
	ce_buf_putc(&json, '"');
	ce_set_json(d, name, json.p, json.len);
	return NULL;
}

const char *
binding_type(struct ce_buf *out, struct ce_str content_type)
{
	struct ce_str s = trim(content_type);
	const char *why;
	size_t i;

	ce_buf_reset(out);
	ce_buf_str(out, s);
	for (i = 0; i < out->len; i++)
		if (out->p[i] == '\t')
			out->p[i] = ' ';
	if (s.len == 0)
		return NULL;
	s = (struct ce_str){ out->p, out->len };
	if ((why = ce_check_string(s)) == NULL)
		why = ce_check_mediatype(s);
	return why;
}

static const char *
set_body(struct ce_draft *d, struct ce_str content_type, struct ce_str body)
{
	static struct ce_buf type;
	const char *why = binding_type(&type, content_type);

	if (why != NULL)
		return why;
	if (body.len > 0)
		ce_set_data(d, type.len > 0 ? type.p : NULL, body.p, body.len);
	else if (type.len > 0)
		ce_set_str(d, "datacontenttype", type.p, type.len);
	return NULL;
}

const char *
binding_event(struct ce_draft *d, const struct binding_header *h, int n,
    struct ce_str content_type, struct ce_str body)
{
	unsigned have = 0;
	const char *why, *name;
	int i, k;

	ce_draft_begin(d);
	for (i = 0; i < n; i++) {
		if (!starts(h[i].name, "ce-"))
			continue;
		if ((name = binding_name(h[i].name)) == NULL)
			return "a header ce-* without a name, or with one that is too long";
		if (strcmp(name, "ackto") == 0)
			continue;
		if (seen_before(h, i))
			return violation(name, "is there twice");
		if ((why = set_attribute(d, name, h[i].value)) != NULL)
			return why;
		for (k = 0; k < NREQUIRED; k++)
			if (strcmp(name, required[k]) == 0)
				have |= 1u << k;
	}
	for (k = 0; k < NREQUIRED; k++)
		if ((have & 1u << k) == 0)
			return violation(required[k], "is required");
	return set_body(d, content_type, body);
}
