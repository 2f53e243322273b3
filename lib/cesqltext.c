/* cesqltext.c -- the functions of CloudEvents SQL that are about strings
 *
 * Characters are Unicode's, not bytes.  What is a part of a string is a view into
 * it; room is taken only for what is new.
 * SPDX-License-Identifier: Apache-2.0 */

#include <locale.h>
#include <string.h>
#include <wctype.h>
#include "scan.h"
#include "cesql_int.h"

static bool
inside(char c)
{
	return ((unsigned char)c & 0xc0) == 0x80;
}

static int64_t
length(struct ce_str s)
{
	int64_t n = 0;

	for (size_t i = 0; i < s.len; i++)
		n += !inside(s.p[i]);
	return n;
}

/* The byte where character number n begins, or the end. */
static size_t
offset(struct ce_str s, int64_t n)
{
	size_t i = 0;

	for (; n > 0 && i < s.len; n--)
		for (i++; i < s.len && inside(s.p[i]);)
			i++;
	return i;
}

bool
ce_sql_length(struct ce_sql *q, const struct ce_sql_node *n, struct ce_event *ev, struct ce_sql_value *v)
{
	(void)q;
	(void)ev;
	*v = ce_sql_integer((int32_t)length(n->args[0].s));
	return true;
}

bool
ce_sql_left(struct ce_sql *q, const struct ce_sql_node *n, struct ce_event *ev, struct ce_sql_value *v)
{
	(void)ev;
	*v = n->args[0];
	if (n->args[1].i < 0)
		return ce_sql_fail(q, n, CE_SQL_FUNCTION, "LEFT of a negative length", v->s);
	v->s.len = offset(v->s, n->args[1].i);
	return true;
}

bool
ce_sql_right(struct ce_sql *q, const struct ce_sql_node *n, struct ce_event *ev, struct ce_sql_value *v)
{
	size_t from;

	(void)ev;
	*v = n->args[0];
	if (n->args[1].i < 0)
		return ce_sql_fail(q, n, CE_SQL_FUNCTION, "RIGHT of a negative length", v->s);
	from = offset(v->s, length(v->s) - n->args[1].i);
	v->s = (struct ce_str){ v->s.p + from, v->s.len - from };
	return true;
}

bool
ce_sql_substring(struct ce_sql *q, const struct ce_sql_node *n, struct ce_event *ev, struct ce_sql_value *v)
{
	struct ce_str s = n->args[0].s;
	int64_t all = length(s), pos = n->args[1].i;
	size_t from;

	(void)ev;
	*v = ce_sql_zero(CE_SQL_STRING);
	if (pos > all || pos < -all)
		return ce_sql_fail(q, n, CE_SQL_FUNCTION, "SUBSTRING from behind the ends of", s);
	if (n->n == 3 && n->args[2].i < 0)
		return ce_sql_fail(q, n, CE_SQL_FUNCTION, "SUBSTRING of a negative length", s);
	if (pos == 0)
		return true;
	from = offset(s, pos < 0 ? all + pos : pos - 1);
	v->s = (struct ce_str){ s.p + from, s.len - from };
	if (n->n == 3)
		v->s.len = offset(v->s, n->args[2].i);
	return true;
}

/* ---- joined ---- */

static bool
too_much(struct ce_sql *q, const struct ce_sql_node *n)
{
	return ce_sql_fail(q, n, CE_SQL_FUNCTION, "the result is too long", (struct ce_str){ "", 0 });
}

/* The arguments from first on, with sep between them. */
static bool
join(struct ce_sql *q, const struct ce_sql_node *n, int first, struct ce_str sep, struct ce_sql_value *v)
{
	size_t all = 0;
	char *p;

	*v = ce_sql_zero(CE_SQL_STRING);
	for (int i = first; i < n->n; i++) {
		all += n->args[i].s.len + (i > first ? sep.len : 0);
		if (all > CE_SQL_STRINGS)
			return too_much(q, n);
	}
	if ((p = ce_sql_room(q, all)) == NULL)
		return too_much(q, n);
	*v = ce_sql_string(p, all);
	for (int i = first; i < n->n; i++) {
		if (i > first)
			p = (char *)memcpy(p, sep.p, sep.len) + sep.len;
		p = (char *)memcpy(p, n->args[i].s.p, n->args[i].s.len) + n->args[i].s.len;
	}
	return true;
}

bool
ce_sql_concat(struct ce_sql *q, const struct ce_sql_node *n, struct ce_event *ev, struct ce_sql_value *v)
{
	(void)ev;
	return join(q, n, 0, (struct ce_str){ "", 0 }, v);
}

bool
ce_sql_concat_ws(struct ce_sql *q, const struct ce_sql_node *n, struct ce_event *ev, struct ce_sql_value *v)
{
	(void)ev;
	return join(q, n, 1, n->args[0].s, v);
}

/* ---- case and space ---- */

static size_t
put(char *p, uint32_t c)
{
	if (c < 0x80) {
		p[0] = (char)c;
		return 1;
	}
	if (c < 0x800) {
		p[0] = (char)(0xc0 | c >> 6);
		p[1] = (char)(0x80 | (c & 0x3f));
		return 2;
	}
	if (c < 0x10000) {
		p[0] = (char)(0xe0 | c >> 12);
		p[1] = (char)(0x80 | (c >> 6 & 0x3f));
		p[2] = (char)(0x80 | (c & 0x3f));
		return 3;
	}
	p[0] = (char)(0xf0 | c >> 18);
	p[1] = (char)(0x80 | (c >> 12 & 0x3f));
	p[2] = (char)(0x80 | (c >> 6 & 0x3f));
	p[3] = (char)(0x80 | (c & 0x3f));
	return 4;
}

/* One character for one, as the C library's C.UTF-8 has them; without such a
 * locale only ASCII changes. */
static uint32_t
mapped(uint32_t c, bool upper)
{
	static locale_t unicode;
	static bool tried;

	if (c < 0x80)
		return upper && c >= 'a' && c <= 'z' ? c - 32 : !upper && c >= 'A' && c <= 'Z' ? c + 32 : c;
	if (!tried) {
		tried = true;
		unicode = newlocale(LC_CTYPE_MASK, "C.UTF-8", NULL);
	}
	if (unicode == NULL)
		return c;
	return upper ? (uint32_t)towupper_l((wint_t)c, unicode) : (uint32_t)towlower_l((wint_t)c, unicode);
}

/* No mapping needs more than half as many bytes again: two become three. */
static bool
map(struct ce_sql *q, const struct ce_sql_node *n, struct ce_sql_value *v, bool upper)
{
	struct ce_str s = n->args[0].s;
	const char *end = s.p + s.len;
	uint32_t c = 0;
	char *p, *at;

	*v = ce_sql_zero(CE_SQL_STRING);
	if (s.len > CE_SQL_STRINGS / 2 || (at = p = ce_sql_room(q, s.len * 2)) == NULL)
		return too_much(q, n);
	while (s.p < end) {
		int k = ce_utf8_step(s.p, (size_t)(end - s.p), &c);

		at += put(at, mapped(k > 0 ? c : 0xfffd, upper));
		s.p += k > 0 ? k : 1;
	}
	*v = ce_sql_string(p, (size_t)(at - p));
	return true;
}

bool
ce_sql_lower(struct ce_sql *q, const struct ce_sql_node *n, struct ce_event *ev, struct ce_sql_value *v)
{
	(void)ev;
	return map(q, n, v, false);
}

bool
ce_sql_upper(struct ce_sql *q, const struct ce_sql_node *n, struct ce_event *ev, struct ce_sql_value *v)
{
	(void)ev;
	return map(q, n, v, true);
}

/* Unicode's White_Space. */
static bool
space(uint32_t c)
{
	return (c >= 9 && c <= 13) || c == ' ' || c == 0x85 || c == 0xa0 || c == 0x1680 ||
	    (c >= 0x2000 && c <= 0x200a) || c == 0x2028 || c == 0x2029 || c == 0x202f ||
	    c == 0x205f || c == 0x3000;
}

bool
ce_sql_trim(struct ce_sql *q, const struct ce_sql_node *n, struct ce_event *ev, struct ce_sql_value *v)
{
	struct ce_str s = n->args[0].s;
	uint32_t c = 0;
	size_t last;
	int k;

	(void)q;
	(void)ev;
	while (s.len > 0 && (k = ce_utf8_step(s.p, s.len, &c)) > 0 && space(c))
		s = (struct ce_str){ s.p + k, s.len - (size_t)k };
	while (s.len > 0) {
		for (last = s.len - 1; last > 0 && inside(s.p[last]);)
			last--;
		if (ce_utf8_step(s.p + last, s.len - last, &c) == 0 || !space(c))
			break;
		s.len = last;
	}
	*v = (struct ce_sql_value){ CE_SQL_STRING, 0, s };
	return true;
}
