/* binding.c -- the HTTP binding of CloudEvents: header values and binary mode
 *
 * What comes from a header is checked by the same rules as a line, so an event
 * that is made here can always be ended.
 * SPDX-License-Identifier: Apache-2.0 */

#include <string.h>
#include <strings.h>

#include "binding.h"

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
violation(struct ce_str name, const char *rule)
{
	static struct ce_buf why;

	ce_buf_reset(&why);
	ce_buf_puts(&why, "header ce-");
	ce_buf_visible(&why, name.p, name.len, 40);
	ce_buf_printf(&why, ": %s", rule);
	return why.p;
}

static const char *
set_attribute(struct ce_draft *d, struct ce_str name, struct ce_str header)
{
	static struct ce_buf value;

	if (ce_str_like(name, "datacontenttype"))
		return violation(name, "is not allowed in binary mode");
	ce_buf_reset(&value);
	if (!binding_decode(&value, header))
		return violation(name, "the value is not UTF-8");
	return ce_binary_set(d, name, (struct ce_str){ value.p, value.len }, false);
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
	const char *why;
	int i;

	ce_binary_begin(d, "ce-");
	for (i = 0; i < n; i++) {
		struct ce_str name = h[i].name;

		if (!starts(name, "ce-"))
			continue;
		name.p += 3;
		name.len -= 3;
		if ((why = set_attribute(d, name, h[i].value)) != NULL)
			return why;
	}
	if ((why = ce_binary_end()) != NULL)
		return why;
	return set_body(d, content_type, body);
}
