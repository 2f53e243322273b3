/* scan.h -- what the files of the event layer share beneath ce.h: runs of plain
 * text, one step of UTF-8, the scanner's notes.  Nothing here reads a byte at
 * or behind end.
 *
 * SPDX-License-Identifier: Apache-2.0 */

#ifndef CE_SCAN_H
#define CE_SCAN_H

#include <string.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif
#include "ce.h"

#define CE_M_AT 4 /* flags >> CE_M_AT: 1 + enum ce_at, 0 for an extension */

/* The members of one object.  v may be lent; it is then left alone when more
 * room is needed, and a new one is allocated. */
struct ce_marks {
	struct ce_member *v;
	int n, cap;
	const struct ce_member *lent;
	unsigned flags; /* of all members, or-ed */
};

/* As ce_json_check, for an object whose members are noted. */
const char *ce_scan(struct ce_marks *m, const char *text, size_t len, size_t *at);
/* The end of the value that begins at p, a member of the outermost object; NULL if
 * it is none.  *flags are those of a string. */
const char *ce_scan_value(const char *p, const char *end, uint8_t *kind, uint8_t *flags);
/* The end of the value that begins at p; NULL if there is none before end. */
const char *ce_scan_skip(const char *p, const char *end);
/* p without the white space it starts with. */
const char *ce_scan_space(const char *p, const char *end);
/* The end of the inside of a JSON string, grammar checked before. */
const char *ce_scan_quote(const char *p, const char *end);

/* The rule of one core attribute but for ce_check_string. */
const char *ce_check_core(enum ce_at which, struct ce_str value);
/* The inside of a JSON string (escapes undone on the way) as base64. */
const char *ce_check_base64(struct ce_str raw);

/* The rule for the value of member i (event.c). */
const char *ce_check_value(struct ce_event *ev, int i);

/* How a broken rule is said (rules.c). */
extern const char *const ce_at_name[CE_NAT];
void ce_rule_extension(struct ce_buf *out, struct ce_str name, const char *why);
void ce_rule_member(struct ce_buf *out, const struct ce_event *ev, int i, const char *why);
#define CE_MISSING "required, but missing"
#define CE_TWICE "given twice"
#define CE_BOTH "data and data_base64: only one of them may be present"
/* By length, then by bytes: for qsort of struct ce_str. */
int ce_name_order(const void *a, const void *b);

/* Decoded texts of an event: begin makes room for them, each is added under its
 * key (2 * member, + 1 for the value) in rising order. */
void ce_view_begin(struct ce_event *ev);

/* alike.c: the members of ev, text and len set, if it is built as the event that
 * was kept; in changed bits, which values are others.  False: it may be anything. */
bool ce_alike(struct ce_event *ev, uint32_t *changed);
void ce_alike_keep(const struct ce_event *ev); /* a valid one */
void ce_alike_forget(void);
void ce_view_decode(struct ce_event *ev, uint32_t key, struct ce_str raw);
struct ce_str ce_view_decoded(const struct ce_event *ev, uint32_t key);
void ce_view_drop(struct ce_event *ev, int i);
struct ce_str ce_view_raw_name(const struct ce_event *ev, const struct ce_member *m);

/* enum ce_at, or -1: an extension. */
static inline int
ce_at_find(struct ce_str name)
{
#define CE_IS(lit, at) (memcmp(name.p, lit, sizeof(lit) - 1) == 0 ? (int)(at) : -1)
	switch (name.len) {
	case 2:
		return CE_IS("id", CE_AT_ID);
	case 4:
		return name.p[0] == 'd' ? CE_IS("data", CE_AT_DATA) :
		    name.p[1] == 'y' ? CE_IS("type", CE_AT_TYPE) : CE_IS("time", CE_AT_TIME);
	case 5:
		return CE_IS("ackto", CE_AT_ACKTO);
	case 6:
		return CE_IS("source", CE_AT_SOURCE);
	case 7:
		return CE_IS("subject", CE_AT_SUBJECT);
	case 10:
		return CE_IS("dataschema", CE_AT_DATASCHEMA);
	case 11:
		return name.p[0] == 'd' ? CE_IS("data_base64", CE_AT_DATA_BASE64) :
		    CE_IS("specversion", CE_AT_SPECVERSION);
	case 15:
		return CE_IS("datacontenttype", CE_AT_DATACONTENTTYPE);
	default:
		return -1;
	}
#undef CE_IS
}

static inline int
ce_view_which(const struct ce_member *m)
{
	return (m->flags >> CE_M_AT) - 1;
}

static inline struct ce_str
ce_view_name(const struct ce_event *ev, int i)
{
	const struct ce_member *m = &ev->members[i];

	if ((m->flags & CE_M_NAMEESC) != 0)
		return ce_view_decoded(ev, 2 * (uint32_t)i);
	if (m->nlen == UINT16_MAX)
		return ce_view_raw_name(ev, m);
	return (struct ce_str){ ev->text + m->name, m->nlen };
}

/* The inside of a string; the text of anything else. */
static inline struct ce_str
ce_view_inside(const struct ce_event *ev, const struct ce_member *m)
{
	if (m->kind == CE_JSTRING)
		return (struct ce_str){ ev->text + m->value + 1, m->vlen - 2 };
	return (struct ce_str){ ev->text + m->value, m->vlen };
}

static inline struct ce_str
ce_view_value(const struct ce_event *ev, int i)
{
	const struct ce_member *m = &ev->members[i];

	if ((m->flags & CE_M_ESCAPED) != 0)
		return ce_view_decoded(ev, 2 * (uint32_t)i + 1);
	return ce_view_inside(ev, m);
}

#define CE_ONES 0x0101010101010101ull
#define CE_TOPS 0x8080808080808080ull

/* Eight bytes at once: not 0 if one is a quote, a backslash, below 0x20 or
 * above 0x7e.  A borrow may mark a byte behind a real hit, never the first. */
static inline bool
ce_word_plain(const char *p)
{
	uint64_t w, q, b;

	memcpy(&w, p, 8);
	q = w ^ (CE_ONES * '"');
	b = w ^ (CE_ONES * '\\');
	return (((w - CE_ONES * 0x20) | (q - CE_ONES) | (b - CE_ONES) |
	    (w + CE_ONES) | w) & CE_TOPS) == 0;
}

#ifdef __SSE2__
/* Sixteen bytes: a bit for each that is one of those. */
static inline unsigned
ce_plain_hits(const char *p)
{
	__m128i v = _mm_loadu_si128((const __m128i *)(const void *)p);
	/* signed: bytes from 0x80 on are below 0x20, too */
	__m128i hit = _mm_or_si128(
	    _mm_or_si128(_mm_cmpeq_epi8(v, _mm_set1_epi8('"')),
	        _mm_cmpeq_epi8(v, _mm_set1_epi8('\\'))),
	    _mm_or_si128(_mm_cmplt_epi8(v, _mm_set1_epi8(0x20)),
	        _mm_cmpeq_epi8(v, _mm_set1_epi8(0x7f))));

	return (unsigned)_mm_movemask_epi8(hit);
}
#endif

/* The first byte that is a quote, a backslash, a control or above 0x7e; or end.
 * Text is short mostly: what is long is left to a function that has its own way
 * for each kind of processor (scanlong.c). */
const char *ce_plain_long(const char *p, const char *end);

static inline const char *
ce_plain_run(const char *p, const char *end)
{
#ifdef __SSE2__
	for (int i = 0; i < 4 && end - p >= 16; i++, p += 16) {
		unsigned hit = ce_plain_hits(p);

		if (hit != 0)
			return p + __builtin_ctz(hit);
	}
	if (end - p >= 64)
		p = ce_plain_long(p, end);
#endif
	while (end - p >= 8 && ce_word_plain(p))
		p += 8;
	for (; p < end; p++)
		if (*p == '"' || *p == '\\' || (unsigned char)(*p - 0x20) >= 0x5f)
			break;
	return p;
}

static inline bool
ce_utf8_tail(unsigned char c)
{
	return (c & 0xc0) == 0x80;
}

/* As ce_utf8. */
static inline int
ce_utf8_step(const char *text, size_t n, uint32_t *cp)
{
	const unsigned char *p = (const unsigned char *)text;

	if (p[0] < 0x80) {
		*cp = p[0];
		return 1;
	}
	if (n >= 2 && p[0] >= 0xc2 && p[0] < 0xe0 && ce_utf8_tail(p[1])) {
		*cp = (p[0] & 0x1fu) << 6 | (p[1] & 0x3fu);
		return 2;
	}
	if (n >= 3 && (p[0] & 0xf0) == 0xe0 && ce_utf8_tail(p[1]) && ce_utf8_tail(p[2])) {
		*cp = (p[0] & 0x0fu) << 12 | (p[1] & 0x3fu) << 6 | (p[2] & 0x3fu);
		return *cp >= 0x800 && (*cp & 0xf800) != 0xd800 ? 3 : 0;
	}
	if (n >= 4 && (p[0] & 0xf8) == 0xf0 && ce_utf8_tail(p[1]) &&
	    ce_utf8_tail(p[2]) && ce_utf8_tail(p[3])) {
		*cp = (p[0] & 0x07u) << 18 | (p[1] & 0x3fu) << 12 |
		    (p[2] & 0x3fu) << 6 | (p[3] & 0x3fu);
		return *cp >= 0x10000 && *cp <= 0x10ffff ? 4 : 0;
	}
	return 0;
}

#endif
