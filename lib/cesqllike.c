/* cesqllike.c -- patterns of LIKE
 *
 * A pattern is cut at its %: the first piece stands at the start, the last at the
 * end, each of the others at the first place where it fits behind the one before.
 * That no other choice is better is why there is no going back.  Within a piece
 * the byte 0xff, which no UTF-8 has, is "one character".
 * SPDX-License-Identifier: Apache-2.0 */

#include <stdlib.h>
#include <string.h>
#include "cesql_int.h"

#define ONE '\xff'

struct piece {
	size_t from, len; /* in the bytes */
	size_t chars;
	bool ones; /* has a ONE */
};
struct ce_sql_like {
	char *bytes;
	struct piece *piece;
	int n; /* one more than there were % */
};

static void
cut(struct ce_sql_like *l, size_t at)
{
	struct piece *p;

	l->piece = ce_realloc(l->piece, ((size_t)l->n + 1) * sizeof(*l->piece));
	p = &l->piece[l->n++];
	*p = (struct piece){ .from = at };
}

static bool
inside(char c)
{
	return ((unsigned char)c & 0xc0) == 0x80;
}

static void
add(struct ce_sql_like *l, char c)
{
	struct piece *p = &l->piece[l->n - 1];

	l->bytes[p->from + p->len++] = c;
	p->chars += !inside(c);
	p->ones = p->ones || c == ONE;
}

struct ce_sql_like *
ce_sql_like_new(struct ce_str s)
{
	struct ce_sql_like *l = CE_NEW(struct ce_sql_like);

	l->bytes = ce_alloc(s.len + 1);
	cut(l, 0);
	for (size_t i = 0; i < s.len; i++) {
		if (s.p[i] == '\\' && i + 1 < s.len && (s.p[i + 1] == '%' || s.p[i + 1] == '_'))
			add(l, s.p[++i]);
		else if (s.p[i] == '%')
			cut(l, l->piece[l->n - 1].from + l->piece[l->n - 1].len);
		else
			add(l, s.p[i] == '_' ? ONE : s.p[i]);
	}
	return l;
}

/* Behind the piece if it stands at p, else NULL. */
static const char *
at(const struct ce_sql_like *l, const struct piece *piece, const char *p, const char *end)
{
	const char *b = l->bytes + piece->from, *stop = b + piece->len;

	if (!piece->ones)
		return (size_t)(end - p) >= piece->len && memcmp(p, b, piece->len) == 0 ?
		    p + piece->len : NULL;
	for (; b < stop; b++) {
		if (p == end || (*b != ONE && *b != *p))
			return NULL;
		p++;
		while (*b == ONE && p < end && inside(*p))
			p++;
	}
	return p;
}

static const char *
find(const struct ce_sql_like *l, const struct piece *piece, const char *p, const char *end)
{
	const char *behind;

	if (!piece->ones) {
		p = memmem(p, (size_t)(end - p), l->bytes + piece->from, piece->len);
		return p != NULL ? p + piece->len : NULL;
	}
	for (; p < end; p++)
		if (!inside(*p) && (behind = at(l, piece, p, end)) != NULL)
			return behind;
	return NULL;
}

/* Where the last piece must begin; NULL: not enough is left behind p. */
static const char *
tail(const struct piece *piece, const char *p, const char *end)
{
	size_t n = piece->chars;

	if (!piece->ones)
		return (size_t)(end - p) >= piece->len ? end - piece->len : NULL;
	for (; n > 0 && end > p; n--)
		for (end--; end > p && inside(*end);)
			end--;
	return n == 0 ? end : NULL;
}

bool
ce_sql_like(const struct ce_sql_like *l, struct ce_str s)
{
	const struct piece *last = &l->piece[l->n - 1];
	const char *p = s.p, *end = s.p + s.len, *stop;

	p = at(l, &l->piece[0], p, end);
	if (l->n == 1 || p == NULL)
		return p == end && p != NULL;
	if ((stop = tail(last, p, end)) == NULL || at(l, last, stop, end) != end)
		return false;
	for (int i = 1; i < l->n - 1; i++)
		if (l->piece[i].len > 0 && (p = find(l, &l->piece[i], p, stop)) == NULL)
			return false;
	return true;
}

void
ce_sql_like_free(struct ce_sql_like *l)
{
	if (l == NULL)
		return;
	free(l->bytes);
	free(l->piece);
	free(l);
}
