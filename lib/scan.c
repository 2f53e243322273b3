/* scan.c -- the JSON grammar in one pass
 *
 * One walk over the bytes checks RFC 8259 and UTF-8 and notes where the members
 * of the outermost object lie.  No recursion: what each open bracket was is one
 * bit, so hostile nesting costs nothing but its bytes.  Every step returns the
 * place behind what it accepted, or NULL with why and at set.
 *
 * SPDX-License-Identifier: Apache-2.0 */

#include "token.h"

#define DEPTH 10000

/* An empty text may have no address. */
static inline struct ce_scan
begin(const char **text, size_t len)
{
	if (len == 0)
		*text = "";
	return (struct ce_scan){ .end = *text + len };
}

/* A member's name, its colon, and the space before its value. */
static inline const char *
name(struct ce_scan *s, const char *p)
{
	if (ce_scan_peek(s, p) != '"')
		return ce_scan_fail(s, p, "expected a member name");
	if ((p = ce_scan_string(s, p + 1)) == NULL)
		return NULL;
	p = ce_scan_blanks(s, p);
	return ce_scan_peek(s, p) == ':' ? ce_scan_blanks(s, p + 1) : ce_scan_fail(s, p, "expected ':'");
}

/* Any value; outer brackets are open around it. */
static const char *
value(struct ce_scan *s, const char *p, unsigned outer)
{
	uint64_t stack[DEPTH / 64 + 1];
	unsigned depth = 0;
	bool object = false;
	unsigned char c;

next:
	c = ce_scan_peek(s, p);
	if (c == '{' || c == '[') {
		if (depth + outer >= DEPTH)
			return ce_scan_fail(s, p, "nested too deeply");
		stack[depth / 64] &= depth % 64 == 0 ? 0 : ~(1ull << depth % 64);
		stack[depth / 64] |= (uint64_t)object << depth % 64;
		depth++;
		object = c == '{';
		p = ce_scan_blanks(s, p + 1);
		if (ce_scan_peek(s, p) != c + 2) { /* ASCII: [ ] and { } are two apart */
			if (object && (p = name(s, p)) == NULL)
				return NULL;
			goto next;
		}
		p++;
		depth--;
		object = stack[depth / 64] >> depth % 64 & 1;
	} else if ((p = ce_scan_scalar(s, p)) == NULL)
		return NULL;
	while (depth > 0) {
		p = ce_scan_blanks(s, p);
		c = ce_scan_peek(s, p);
		if (c == ',') {
			p = ce_scan_blanks(s, p + 1);
			if (object && (p = name(s, p)) == NULL)
				return NULL;
			goto next;
		}
		if (c != (object ? '}' : ']'))
			return ce_scan_fail(s, p, object ? "expected ',' or '}'" : "expected ',' or ']'");
		p++;
		depth--;
		object = stack[depth / 64] >> depth % 64 & 1;
	}
	return p;
}

static struct ce_member *
mark(struct ce_marks *m)
{
	struct ce_member *more;

	if (m->n < m->cap)
		return &m->v[m->n++];
	m->cap = m->cap < 32 ? 32 : m->cap * 2;
	more = ce_realloc(m->v == m->lent ? NULL : m->v, (size_t)m->cap * sizeof(*more));
	if (m->v == m->lent && m->n > 0)
		memcpy(more, m->v, (size_t)m->n * sizeof(*more));
	m->v = more;
	return &m->v[m->n++];
}

static inline enum ce_kind
kind_of(char c)
{
	switch (c) {
	case '"':
		return CE_JSTRING;
	case '{':
		return CE_JOBJECT;
	case '[':
		return CE_JARRAY;
	case 't': case 'f':
		return CE_JBOOL;
	case 'n':
		return CE_JNULL;
	default:
		return CE_JNUMBER;
	}
}

enum ce_kind
ce_json_kind(struct ce_str text)
{
	struct ce_scan s = begin(&text.p, text.len);
	const char *p = ce_scan_blanks(&s, text.p);

	return p == s.end ? CE_JNULL : kind_of(*p);
}

/* The outermost object, p at its brace. */
static const char *
members(struct ce_scan *s, struct ce_marks *marks, const char *text, const char *p)
{
	const char *start, *quote;
	struct ce_member *m;
	size_t n;

	p = ce_scan_blanks(s, p + 1);
	if (ce_scan_peek(s, p) == '}')
		return p + 1;
	for (;;) {
		if (ce_scan_peek(s, start = p) != '"')
			return ce_scan_fail(s, p, "expected a member name");
		if ((quote = ce_scan_string(s, p + 1)) == NULL)
			return NULL;
		m = mark(marks);
		m->name = (uint32_t)(start + 1 - text);
		n = (size_t)(quote - start - 2);
		m->nlen = n < 65535 ? (uint16_t)n : 65535;
		m->flags = (s->flags & CE_M_ESCAPED) != 0 ? CE_M_NAMEESC : 0;
		p = ce_scan_blanks(s, quote);
		if (ce_scan_peek(s, p) != ':')
			return ce_scan_fail(s, p, "expected ':'");
		start = ce_scan_blanks(s, p + 1);
		p = ce_scan_peek(s, start) == '"' ? ce_scan_string(s, start + 1) : value(s, start, 1);
		if (p == NULL)
			return NULL;
		m->value = (uint32_t)(start - text);
		m->vlen = (uint32_t)(p - start);
		m->kind = (uint8_t)kind_of(*start);
		if (*start == '"')
			m->flags |= (uint8_t)s->flags;
		marks->flags |= m->flags;
		p = ce_scan_blanks(s, p);
		if (ce_scan_peek(s, p) == '}')
			return p + 1;
		if (ce_scan_peek(s, p) != ',')
			return ce_scan_fail(s, p, "expected ',' or '}'");
		p = ce_scan_blanks(s, p + 1);
	}
}

/* Nothing but space from p on; p NULL: has failed before. */
static const char *
finish(struct ce_scan *s, const char *text, const char *p, size_t *at)
{
	if (p != NULL && (p = ce_scan_blanks(s, p)) != s->end)
		ce_scan_fail(s, p, "text behind the value");
	*at = s->why == NULL ? 0 : (size_t)(s->at - text);
	return s->why;
}

const char *
ce_scan(struct ce_marks *m, const char *text, size_t len, size_t *at)
{
	struct ce_scan s = begin(&text, len);
	const char *p = ce_scan_blanks(&s, text);

	if (ce_scan_peek(&s, p) == '{')
		p = members(&s, m, text, p);
	else if ((p = value(&s, p, 0)) != NULL)
		return *at = 0, "not a JSON object";
	return finish(&s, text, p, at);
}

const char *
ce_json_check(const char *text, size_t len, size_t *at)
{
	struct ce_scan s = begin(&text, len);

	return finish(&s, text, value(&s, ce_scan_blanks(&s, text), 0), at);
}

size_t
ce_json_first(const char *text, size_t len, size_t *start, const char **why)
{
	struct ce_scan s = begin(&text, len);
	const char *first = ce_scan_blanks(&s, text), *p;

	*start = (size_t)(first - text);
	p = value(&s, first, 0);
	*why = s.why == ce_scan_ends ? NULL : s.why;
	if (p == NULL || (p == s.end && kind_of(*first) == CE_JNUMBER))
		return 0;
	return (size_t)(p - text);
}

const char *
ce_scan_value(const char *p, const char *end, uint8_t *kind, uint8_t *flags)
{
	struct ce_scan s = { .end = end };
	const char *q = ce_scan_peek(&s, p) == '"' ? ce_scan_string(&s, p + 1) : value(&s, p, 1);

	if (q == NULL)
		return NULL;
	*kind = (uint8_t)kind_of(*p);
	*flags = *p == '"' ? (uint8_t)s.flags : 0;
	return q;
}

const char *
ce_scan_skip(const char *p, const char *end)
{
	struct ce_scan s = { .end = end };

	return value(&s, p, 0);
}

const char *
ce_scan_space(const char *p, const char *end)
{
	struct ce_scan s = { .end = end };

	return ce_scan_blanks(&s, p);
}

const char *
ce_scan_quote(const char *p, const char *end)
{
	while (p < end && *p != '"')
		p += *p == '\\' ? 2 : 1;
	return p < end ? p : end;
}
