/* build -- making an event.
 *
 * Whatever foreign bytes come in, a valid event comes out: values are mended
 * (U+FFFD) where an attribute must not hold them, and a payload that is not
 * what its type says goes to data_base64, so that bytes in are bytes out.
 * ce_draft_end proves it with the same parser that reads events.
 *
 * SPDX-License-Identifier: Apache-2.0 */

#include <string.h>
#include "ce.h"

/* Nesting that a payload may bring along: the parser's limit less the event's
 * own level, and a few to spare. */
#define DEPTH_MAX 9990

void
ce_draft_begin(struct ce_draft *d)
{
	ce_buf_reset(&d->text);
	ce_buf_puts(&d->text, "{\"specversion\":\"1.0\"");
}

static void
member(struct ce_draft *d, const char *name)
{
	if (*name == '\0' || name[strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_")] != '\0')
		ce_bug("illegal attribute name \"%s\"", name);
	ce_buf_puts(&d->text, ",\"");
	ce_buf_puts(&d->text, name);
	ce_buf_puts(&d->text, "\":");
}

static bool
forbidden(uint32_t cp)
{
	return cp < 0x20 || (cp >= 0x7f && cp <= 0x9f) || (cp >= 0xfdd0 && cp <= 0xfdef) ||
	    (cp & 0xfffe) == 0xfffe;
}

/* How many bytes from p on need no attention: ASCII but for controls, quote and
 * backslash. */
static size_t
simple(const char *p, size_t n)
{
	size_t i = 0;

	while (i < n && p[i] >= 0x20 && p[i] < 0x7f && p[i] != '"' && p[i] != '\\')
		i++;
	return i;
}

static void
add_character(struct ce_buf *b, const char *p, size_t n, size_t *i)
{
	uint32_t cp;
	int k = ce_utf8(p + *i, n - *i, &cp);

	if (k == 0 || forbidden(cp))
		ce_buf_puts(b, "\xef\xbf\xbd");
	else {
		if (p[*i] == '"' || p[*i] == '\\')
			ce_buf_putc(b, '\\');
		ce_buf_add(b, p + *i, (size_t)k);
	}
	*i += (size_t)(k > 0 ? k : 1);
}

void
ce_set_str(struct ce_draft *d, const char *name, const char *p, size_t n)
{
	size_t i = 0, run;

	if (n == 0)
		return;
	member(d, name);
	ce_buf_need(&d->text, n + 3);
	ce_buf_putc(&d->text, '"');
	while (i < n) {
		run = simple(p + i, n - i);
		ce_buf_add(&d->text, p + i, run);
		i += run;
		if (i < n)
			add_character(&d->text, p, n, &i);
	}
	ce_buf_putc(&d->text, '"');
}

void
ce_set(struct ce_draft *d, const char *name, const char *fmt, ...)
{
	static struct ce_buf b; /* kept: this runs several times an event */
	va_list ap;

	ce_buf_reset(&b);
	va_start(ap, fmt);
	ce_buf_vprintf(&b, fmt, ap);
	va_end(ap);
	ce_set_str(d, name, b.p, b.len);
}

void
ce_set_int(struct ce_draft *d, const char *name, int32_t v)
{
	member(d, name);
	ce_buf_printf(&d->text, "%ld", (long)v);
}

void
ce_set_time(struct ce_draft *d, const char *name, const struct timespec *ts)
{
	char text[40];

	ce_set_str(d, name, text, ce_time_format(text, sizeof(text), ts));
}

void
ce_set_json(struct ce_draft *d, const char *name, const char *json, size_t n)
{
	member(d, name);
	ce_buf_add(&d->text, json, n);
}

/* How deep JSON text nests. */
static size_t
depth(const char *p, size_t n)
{
	size_t now = 0, most = 0;
	bool string = false;

	for (size_t i = 0; i < n; i++) {
		if (string) {
			if (p[i] == '\\')
				i++;
			else if (p[i] == '"')
				string = false;
		} else if (p[i] == '"')
			string = true;
		else if (p[i] == '[' || p[i] == '{') {
			if (++now > most)
				most = now;
		} else if (p[i] == ']' || p[i] == '}')
			now--;
	}
	return most;
}

static void
blank(char *p, size_t n, char c)
{
	const char *end = p + n;

	while ((p = memchr(p, c, (size_t)(end - p))) != NULL)
		*p++ = ' ';
}

/* Newlines can stand only between tokens: inside strings they are escaped. */
static bool
set_json_data(struct ce_draft *d, const char *p, size_t n)
{
	size_t at, start;

	if (ce_json_check(p, n, &at) != NULL || (n >= DEPTH_MAX && depth(p, n) >= DEPTH_MAX))
		return false;
	while (n > 0 && strchr(" \t\r\n", p[n - 1]) != NULL)
		n--;
	for (; n > 0 && strchr(" \t\r\n", *p) != NULL; n--)
		p++;
	member(d, "data");
	start = d->text.len;
	ce_buf_add(&d->text, p, n);
	blank(d->text.p + start, d->text.len - start, '\n');
	blank(d->text.p + start, d->text.len - start, '\r');
	return true;
}

static bool
like(const char *p, size_t n, const char *text)
{
	return ce_str_like((struct ce_str){ p, n }, text);
}

static size_t
type_length(const char *ctype)
{
	size_t n = strcspn(ctype, ";");

	while (n > 0 && (ctype[n - 1] == ' ' || ctype[n - 1] == '\t'))
		n--;
	return n;
}

static bool
utf8_charset(const char *p, size_t n)
{
	if (n >= 2 && *p == '"' && p[n - 1] == '"')
		p++, n -= 2;
	return like(p, n, "utf-8") || like(p, n, "utf8") || like(p, n, "us-ascii");
}

/* Steps over one ";name=value"; a quoted value may hold semicolons. */
static const char *
parameter(const char *p, struct ce_str *name, struct ce_str *value)
{
	bool quoted = false;

	p += strspn(p, "; \t");
	name->p = p;
	name->len = strcspn(p, "=;");
	p += name->len;
	if (*p == '=')
		p++;
	for (value->p = p; *p != '\0' && (quoted || *p != ';'); p++) {
		if (*p == '"')
			quoted = !quoted;
		else if (quoted && *p == '\\' && p[1] != '\0')
			p++;
	}
	value->len = (size_t)(p - value->p);
	while (value->len > 0 && strchr(" \t", value->p[value->len - 1]) != NULL)
		value->len--;
	return p;
}

/* text/ anything or xml, in a character set that a JSON string can carry. */
static bool
textual(const char *ctype)
{
	size_t n = type_length(ctype);
	struct ce_str name, value;
	const char *p = ctype + strcspn(ctype, ";");

	if (!(n > 5 && like(ctype, 5, "text/")) && !(n > 4 && like(ctype + n - 4, 4, "/xml")) &&
	    !(n > 4 && like(ctype + n - 4, 4, "+xml")))
		return false;
	while (*p != '\0') {
		p = parameter(p, &name, &value);
		if (ce_str_like(name, "charset") && !utf8_charset(value.p, value.len))
			return false;
	}
	return true;
}

static bool
is_json(const char *ctype)
{
	return ce_type_is_json((struct ce_str){ ctype, strlen(ctype) });
}

/* A type that no attribute can hold is left out; without a type nothing may be
 * assumed about the bytes (JSON format 3.1.1), so they go to data_base64. */
void
ce_set_data(struct ce_draft *d, const char *ctype, const void *p, size_t n)
{
	if (ctype != NULL &&
	    ce_check_mediatype((struct ce_str){ ctype, strlen(ctype) }) != NULL)
		ctype = NULL;
	if (ctype != NULL)
		ce_set_str(d, "datacontenttype", ctype, strlen(ctype));
	if (p == NULL)
		return;
	if (ctype != NULL && is_json(ctype)) {
		if (set_json_data(d, p, n))
			return;
	} else if (ctype != NULL && textual(ctype) && ce_utf8_valid(p, n)) {
		member(d, "data");
		ce_buf_putc(&d->text, '"');
		ce_json_escape(&d->text, p, n);
		ce_buf_putc(&d->text, '"');
		return;
	}
	member(d, "data_base64");
	ce_buf_putc(&d->text, '"');
	ce_base64(&d->text, p, n);
	ce_buf_putc(&d->text, '"');
}

struct ce_event *
ce_draft_end(struct ce_draft *d)
{
	const char *why;

	ce_buf_putc(&d->text, '}');
	why = ce_event_parse(&d->ev, d->text.p, d->text.len);
	if (why != NULL)
		ce_bug("made an invalid event: %s: %.200s", why, d->text.p);
	return &d->ev;
}

void
ce_draft_free(struct ce_draft *d)
{
	ce_event_free(&d->ev);
	ce_buf_free(&d->text);
}
