/* cesqlwhy.c -- a mistake in an expression, with a caret under its place
 *
 * The caret counts columns of a terminal: a tab is shown as one space, wide
 * characters take two, marks none; of a long line only the surroundings appear.
 * SPDX-License-Identifier: Apache-2.0 */

#include <stdlib.h>
#include <string.h>
#include "cesql_int.h"

#define BEFORE 60 /* columns shown of what stands before the place */
#define BEHIND 30

void
ce_sql_place(const char *text, size_t at, unsigned long *line, unsigned long *column)
{
	*line = *column = 1;
	for (size_t i = 0; i < at; i++) {
		if (text[i] == '\n') {
			++*line;
			*column = 1;
		} else if (((unsigned char)text[i] & 0xc0) != 0x80)
			++*column;
	}
}

static int
width(uint32_t c)
{
	if ((c >= 0x300 && c < 0x370) || (c >= 0x200b && c < 0x2010) || (c >= 0xfe00 && c < 0xfe10))
		return 0;
	return (c >= 0x1100 && c < 0x1160) || (c >= 0x2e80 && c < 0xa4d0) ||
	    (c >= 0xac00 && c < 0xd7a4) || (c >= 0xf900 && c < 0xfb00) ||
	    (c >= 0xff00 && c < 0xff61) || (c >= 0x1f300 && c < 0x1f650) ||
	    (c >= 0x1f900 && c < 0x1fa00) || (c >= 0x20000 && c < 0x3fffe) ? 2 : 1;
}

/* Appends the character at p; the columns it takes.  *n: its bytes. */
static int
show(struct ce_buf *out, const char *p, const char *end, int *n)
{
	uint32_t c;

	*n = ce_utf8(p, (size_t)(end - p), &c);
	if (*n == 0 || c < 0x20 || c == 0x7f) {
		*n = 1;
		ce_buf_putc(out, *p == '\t' ? ' ' : '?');
		return 1;
	}
	ce_buf_add(out, p, (size_t)*n);
	return width(c);
}

static bool
inside(const char *p)
{
	return ((unsigned char)*p & 0xc0) == 0x80;
}

void
ce_sql_where(struct ce_buf *why, const char *text, size_t len, size_t at, const char *expected)
{
	const char *place = text + at, *start = place, *p, *nl;
	const char *end = text + len;
	unsigned long line, column;
	int columns = 0, n, behind = 0;

	ce_sql_place(text, at, &line, &column);
	ce_buf_printf(why, "line %lu, column %lu: %s\n  ", line, column, expected);
	for (n = 0; start > text && start[-1] != '\n' && n < BEFORE; start--)
		n += !inside(start - 1);
	while (start < place && inside(start))
		start++;
	if (start > text && start[-1] != '\n') {
		ce_buf_puts(why, "...");
		columns = 3;
	}
	for (p = start; p < place; p += n)
		columns += show(why, p, end, &n);
	nl = memchr(place, '\n', (size_t)(end - place));
	for (end = nl != NULL ? nl : end; p < end && behind < BEHIND; p += n)
		behind += show(why, p, end, &n);
	ce_buf_puts(why, p < end ? "...\n" : "\n");
	ce_buf_printf(why, "  %*s^", columns, "");
}

struct ce_sql *
ce_sql_need(const char *what, const char *text)
{
	struct ce_buf why = { 0 };
	struct ce_sql *q = ce_sql_new(text, &why);
	char *p, *nl;

	if (q != NULL) {
		ce_buf_free(&why);
		return q;
	}
	for (p = why.p; (nl = strchr(p, '\n')) != NULL; p = nl + 1)
		ce_warn("%s%s%.*s", p == why.p ? what : "", p == why.p ? ", " : "", (int)(nl - p), p);
	ce_die(CE_USAGE, "%s", p);
}
