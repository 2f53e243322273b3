/* text.c -- letters for eyes: nothing of them reaches a terminal as a control byte.
 * SPDX-License-Identifier: Apache-2.0 */

#include <string.h>
#include "dead.h"

#define DEEPEST 40 /* levels that are indented */
#define LINE 76    /* of base64 */

void
add_cell(struct ce_buf *out, struct ce_str s, size_t most)
{
	if (s.len == 0)
		ce_buf_putc(out, '-');
	else
		ce_buf_visible(out, s.p, s.len, most);
}

size_t
width(const char *p, size_t n)
{
	size_t w = 0;

	for (size_t i = 0; i < n; i++)
		w += ((unsigned char)p[i] & 0xc0) != 0x80;
	return w;
}

void
add_padded(struct ce_buf *out, const char *p, size_t n, size_t columns)
{
	ce_buf_add(out, p, n);
	for (size_t w = width(p, n); w < columns; w++)
		ce_buf_putc(out, ' ');
}

static void
new_line(struct ce_buf *out, const char *indent, int depth)
{
	ce_buf_putc(out, '\n');
	ce_buf_puts(out, indent);
	for (int i = 0; i < depth && i < DEEPEST; i++)
		ce_buf_puts(out, "  ");
}

/* The end of the string or of the bare word that begins at p. */
static const char *
token(const char *p, const char *end)
{
	if (*p != '"') {
		while (p < end && strchr(",:]} \t\r\n", *p) == NULL)
			p++;
		return p;
	}
	for (p++; p < end && *p != '"'; p++)
		p += *p == '\\';
	return p + 1;
}

/* JSON as it is written, with white space of its own between the tokens. */
static void
add_json(struct ce_buf *out, struct ce_str json, const char *indent)
{
	const char *p = json.p, *end = p + json.len, *q;
	int depth = 0;
	bool opened = false; /* just now: what is empty stays on its line */

	ce_buf_puts(out, indent);
	for (; p < end; p++) {
		if (strchr(" \t\r\n", *p) != NULL)
			continue;
		if (*p == '}' || *p == ']') {
			depth--;
			if (!opened)
				new_line(out, indent, depth);
			opened = false;
			ce_buf_putc(out, *p);
			continue;
		}
		if (opened)
			new_line(out, indent, depth);
		opened = *p == '{' || *p == '[';
		if (opened) {
			depth++;
			ce_buf_putc(out, *p);
		} else if (*p == ',') {
			ce_buf_putc(out, ',');
			new_line(out, indent, depth);
		} else if (*p == ':')
			ce_buf_puts(out, ": ");
		else {
			q = token(p, end);
			ce_buf_visible(out, p, (size_t)(q - p), SIZE_MAX);
			p = q - 1;
		}
	}
	ce_buf_putc(out, '\n');
}

static void
add_lines(struct ce_buf *out, struct ce_str text, const char *indent)
{
	const char *p = text.p, *end = p + text.len, *nl;

	do {
		nl = memchr(p, '\n', (size_t)(end - p));
		ce_buf_puts(out, indent);
		ce_buf_visible(out, p, (size_t)((nl != NULL ? nl : end) - p), SIZE_MAX);
		ce_buf_putc(out, '\n');
		p = nl != NULL ? nl + 1 : end;
	} while (p < end);
}

static void
add_base64(struct ce_buf *out, struct ce_str raw, const char *indent)
{
	for (size_t i = 1; i + 1 < raw.len; i += LINE) {
		size_t n = raw.len - 1 - i;

		ce_buf_puts(out, indent);
		ce_buf_add(out, raw.p + i, n < LINE ? n : LINE);
		ce_buf_putc(out, '\n');
	}
}

void
add_data(struct ce_buf *out, struct ce_event *ev, const char *indent)
{
	static struct ce_buf tmp;
	struct ce_str bytes, raw;
	bool json;

	ce_buf_reset(&tmp);
	if (!ce_data(ev, &tmp, &bytes, &json))
		return;
	if (ce_raw(ev, CE_AT_DATA_BASE64, &raw)) {
		ce_buf_printf(out, "  data, %zu bytes in base64:\n", bytes.len);
		add_base64(out, raw, indent);
		return;
	}
	ce_buf_puts(out, "  data:\n");
	(json ? add_json : add_lines)(out, bytes, indent);
}
