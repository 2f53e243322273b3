/* csv.c -- a row of RFC 4180, taken apart.
 *
 * Strict: what the RFC does not allow is refused and not guessed at, because a
 * wrong guess shifts every column behind it.
 * SPDX-License-Identifier: Apache-2.0 */

#include <stdlib.h>
#include <string.h>
#include "csv.h"

static void
end_field(struct csv_row *row)
{
	if (row->n == row->cap) {
		row->cap = row->cap ? 2 * row->cap : 32;
		row->end = ce_realloc(row->end, row->cap * sizeof(*row->end));
	}
	row->end[row->n++] = row->text.len;
}

/* From behind the opening quote to behind the closing one; NULL: there is none. */
static const char *
quoted(struct csv_row *row, const char *p, const char *end)
{
	const char *q;

	while ((q = memchr(p, '"', (size_t)(end - p))) != NULL) {
		ce_buf_add(&row->text, p, (size_t)(q - p));
		if (q + 1 == end || q[1] != '"')
			return q + 1;
		ce_buf_putc(&row->text, '"');
		p = q + 2;
	}
	return NULL;
}

const char *
csv_parse(struct csv_row *row, const char *p, size_t n, char delim)
{
	const char *end = p + n, *q;

	ce_buf_reset(&row->text);
	row->n = 0;
	if (!ce_utf8_valid(p, n))
		return "is not UTF-8";
	for (;;) {
		if (p < end && *p == '"') {
			if ((p = quoted(row, p + 1, end)) == NULL)
				return "a quoted field without its closing quote";
			if (p < end && *p != delim)
				return "text behind a closing quote";
		} else {
			if ((q = memchr(p, delim, (size_t)(end - p))) == NULL)
				q = end;
			if (memchr(p, '"', (size_t)(q - p)) != NULL)
				return "a quote inside a field that is not quoted";
			if (memchr(p, '\r', (size_t)(q - p)) != NULL)
				return "a carriage return inside a field that is not quoted";
			ce_buf_add(&row->text, p, (size_t)(q - p));
			p = q;
		}
		end_field(row);
		if (p == end)
			return NULL;
		p++;
	}
}

struct ce_str
csv_field(const struct csv_row *row, size_t i)
{
	size_t from = i > 0 ? row->end[i - 1] : 0;

	return (struct ce_str){ row->text.p + from, row->end[i] - from };
}

void
csv_free(struct csv_row *row)
{
	ce_buf_free(&row->text);
	free(row->end);
	*row = (struct csv_row){ 0 };
}

static void
string(struct ce_buf *out, const struct csv_row *row, size_t i)
{
	struct ce_str s = csv_field(row, i);

	ce_buf_putc(out, '"');
	ce_json_escape(out, s.p, s.len);
	ce_buf_putc(out, '"');
}

void
csv_json(struct ce_buf *out, const struct csv_row *head, const struct csv_row *row)
{
	for (size_t i = 0; i < row->n; i++) {
		ce_buf_putc(out, i > 0 ? ',' : head != NULL ? '{' : '[');
		if (head != NULL) {
			string(out, head, i);
			ce_buf_putc(out, ':');
		}
		string(out, row, i);
	}
	ce_buf_putc(out, head != NULL ? '}' : ']');
}

static int
compare(const void *a, const void *b)
{
	const struct ce_str *x = a, *y = b;

	if (x->len != y->len)
		return x->len < y->len ? -1 : 1;
	return x->len > 0 ? memcmp(x->p, y->p, x->len) : 0;
}

bool
csv_twice(const struct csv_row *head, struct ce_str *name)
{
	struct ce_str *names = ce_alloc((head->n + 1) * sizeof(*names));
	bool found = false;

	for (size_t i = 0; i < head->n; i++)
		names[i] = csv_field(head, i);
	qsort(names, head->n, sizeof(*names), compare);
	for (size_t i = 1; i < head->n && !found; i++)
		if (compare(&names[i - 1], &names[i]) == 0) {
			*name = names[i];
			found = true;
		}
	free(names);
	return found;
}
