/* event.c -- parsing: a line is found to be an event, or the broken rule is named
 *
 * Nothing is copied but what is written with escapes; that is decoded at once,
 * so that a value lent later stays good until the event is parsed anew or freed.
 * Even an event that breaks a rule has its members placed: its return address is
 * needed to refuse it.
 *
 * SPDX-License-Identifier: Apache-2.0 */

#include <stdlib.h>
#include "scan.h"

#define KEEP_MEMBERS 1024  /* more than these are not kept for the next event */
#define KEEP_SCRATCH 65536 /* nor are more bytes */
#define FEW 64             /* extensions that are compared pair by pair */

static struct ce_buf message;

static const char *
say(const char *subject, const char *why)
{
	ce_buf_reset(&message);
	ce_buf_printf(&message, "%s: %s", subject, why);
	return message.p;
}

static const char *
say_extension(struct ce_str name, const char *why)
{
	ce_buf_reset(&message);
	ce_rule_extension(&message, name, why);
	return message.p;
}

static const char *
say_member(const struct ce_event *ev, int i, const char *why)
{
	ce_buf_reset(&message);
	ce_rule_member(&message, ev, i, why);
	return message.p;
}

static const char *
say_json(const char *why, size_t at)
{
	ce_buf_reset(&message);
	ce_buf_printf(&message, "invalid JSON at byte %zu: %s", at + 1, why);
	return message.p;
}

/* ---- names ---- */

/* What a parse must know of all names: one core member that came before, and
 * whether two extensions may be of one name. */
struct seen {
	uint64_t hashes;
	uint32_t core;
	int twice;
	bool alike;
};

static void
see(struct ce_event *ev, int i, struct ce_str name, struct seen *seen)
{
	struct ce_member *m = &ev->members[i];
	int which = ce_at_find(name);
	uint64_t bit = 1;

	m->flags |= (uint8_t)((which + 1) << CE_M_AT);
	if (which < 0) {
		if (name.len > 0)
			bit <<= (name.len * 31 + (unsigned char)name.p[0] * 7u +
			    (unsigned char)name.p[name.len - 1]) & 63;
		seen->alike = seen->alike || (seen->hashes & bit) != 0;
		seen->hashes |= bit;
	} else if ((seen->core & 1u << which) != 0) {
		if (seen->twice < 0)
			seen->twice = i;
	} else {
		seen->core |= 1u << which;
		if (m->kind != CE_JNULL || which == CE_AT_DATA || which == CE_AT_ACKTO)
			ev->at[which] = i;
	}
}

static void
place(struct ce_event *ev, unsigned flags, struct seen *seen)
{
	if ((flags & (CE_M_ESCAPED | CE_M_NAMEESC)) != 0)
		ce_view_begin(ev);
	for (int i = 0; i < ev->nmembers; i++) {
		struct ce_member *m = &ev->members[i];

		if ((m->flags & CE_M_NAMEESC) != 0)
			ce_view_decode(ev, 2 * (uint32_t)i, ce_view_raw_name(ev, m));
		see(ev, i, ce_view_name(ev, i), seen);
		if ((m->flags & CE_M_ESCAPED) != 0 && ce_view_which(m) != CE_AT_DATA &&
		    ce_view_which(m) != CE_AT_DATA_BASE64)
			ce_view_decode(ev, 2 * (uint32_t)i + 1, ce_view_inside(ev, m));
	}
}

/* Two extensions of one name?  Many are sorted: a hash could be aimed at. */
static bool
twins(const struct ce_event *ev, struct ce_str *twin)
{
	struct ce_str few[FEW], *v = few;
	int n = 0, i, j;

	if (ev->nmembers > FEW)
		v = ce_alloc((size_t)ev->nmembers * sizeof(*v));
	for (i = 0; i < ev->nmembers; i++)
		if (ce_view_which(&ev->members[i]) < 0)
			v[n++] = ce_view_name(ev, i);
	if (v != few)
		qsort(v, (size_t)n, sizeof(*v), ce_name_order);
	for (i = 1, twin->p = NULL; i < n && twin->p == NULL; i++)
		for (j = v == few ? 0 : i - 1; j < i; j++)
			if (ce_name_order(&v[i], &v[j]) == 0)
				*twin = v[i];
	if (v != few)
		free(v);
	return twin->p != NULL;
}

/* ---- values ---- */

/* JSON format 2.2: a number with only an integer component, of 32 bits. */
static const char *
check_number(struct ce_str s)
{
	bool negative = *s.p == '-';
	int64_t v = 0;

	for (size_t i = negative; i < s.len; i++) {
		if (s.p[i] < '0' || s.p[i] > '9')
			return "must be an integer, without fraction or exponent";
		if (v <= INT32_MAX)
			v = v * 10 + (s.p[i] - '0');
	}
	return v - negative <= INT32_MAX ? NULL : "integer out of range (32 bits)";
}

static const char *
check_text(struct ce_event *ev, int i)
{
	const struct ce_member *m = &ev->members[i];
	struct ce_str s = ce_view_value(ev, i);
	const char *why;

	if ((m->flags & CE_M_BADSURR) != 0)
		return "lone surrogate (spec 3.1 String)";
	/* else it is printable ASCII */
	if ((m->flags & (CE_M_ESCAPED | CE_M_HIGH)) != 0 && (why = ce_check_string(s)) != NULL)
		return why;
	return ce_view_which(m) < 0 ? NULL : ce_check_core((enum ce_at)ce_view_which(m), s);
}

const char *
ce_check_value(struct ce_event *ev, int i)
{
	const struct ce_member *m = &ev->members[i];
	int which = ce_view_which(m);

	if (m->kind == CE_JNULL || which == CE_AT_DATA || which == CE_AT_ACKTO)
		return NULL;
	if (m->kind == CE_JSTRING)
		return which == CE_AT_DATA_BASE64 ?
		    ce_check_base64(ce_view_inside(ev, m)) : check_text(ev, i);
	if (which >= 0)
		return "must be a string";
	if (m->kind == CE_JNUMBER)
		return check_number(ce_view_inside(ev, m));
	return m->kind == CE_JBOOL ? NULL : "must not be an object or an array";
}

static const char *
check_member(struct ce_event *ev, int i)
{
	const char *why;

	if (ce_view_which(&ev->members[i]) < 0 && (why = ce_check_name(ce_view_name(ev, i))) != NULL)
		return why;
	return ce_check_value(ev, i);
}

/* Printable ASCII where no other rule holds than not to be empty, or the
 * version, which was checked first: most members of most events. */
static inline bool
plain(const struct ce_member *m)
{
	const unsigned free = 1u << (CE_AT_ID + 1) | 1u << (CE_AT_TYPE + 1) |
	    1u << (CE_AT_SUBJECT + 1) | 1u << (CE_AT_SPECVERSION + 1);

	return m->kind == CE_JSTRING && m->vlen > 2 && (free >> (m->flags >> CE_M_AT) & 1) != 0 &&
	    (m->flags & (CE_M_ESCAPED | CE_M_HIGH | CE_M_BADSURR)) == 0;
}

/* What is asked of the members together. */
static const char *
check_all(struct ce_event *ev)
{
	int data = ev->at[CE_AT_DATA];

	for (int i = CE_AT_ID; i <= CE_AT_TYPE; i++)
		if (ev->at[i] < 0)
			return say(ce_at_name[i], CE_MISSING);
	if (ev->at[CE_AT_DATA_BASE64] >= 0 && data >= 0 && ev->members[data].kind != CE_JNULL)
		return CE_BOTH;
	return NULL;
}

static const char *
check(struct ce_event *ev)
{
	const char *why;

	/* first, because under another version other rules hold */
	if (ev->at[CE_AT_SPECVERSION] >= 0 &&
	    (why = check_member(ev, ev->at[CE_AT_SPECVERSION])) != NULL)
		return say(ce_at_name[CE_AT_SPECVERSION], why);
	for (int i = 0; i < ev->nmembers; i++)
		if (!plain(&ev->members[i]) && (why = check_member(ev, i)) != NULL)
			return say_member(ev, i, why);
	return check_all(ev);
}

/* Where the members of an event lie that is built as the one before; only values
 * that changed are looked at.  False: it has to be parsed. */
static bool
alike(struct ce_event *ev)
{
	uint32_t changed;
	unsigned flags = 0;

	if (!ce_alike(ev, &changed))
		return false;
	for (int i = 0; i < ev->nmembers; i++) {
		const struct ce_member *m = &ev->members[i];
		int which = ce_view_which(m);

		flags |= m->flags;
		if (which >= 0 && (m->kind != CE_JNULL || which == CE_AT_DATA || which == CE_AT_ACKTO))
			ev->at[which] = i;
	}
	if ((flags & CE_M_ESCAPED) != 0)
		ce_view_begin(ev);
	for (int i = 0; changed >> i != 0; i++)
		if ((changed >> i & 1) != 0 && (ce_view_which(&ev->members[i]) == CE_AT_SPECVERSION ||
		    (!plain(&ev->members[i]) && ce_check_value(ev, i) != NULL)))
			return false;
	return check_all(ev) == NULL;
}

/* ---- the whole ---- */

static void
begin(struct ce_event *ev, char *text, size_t len)
{
	ev->text = text;
	ev->len = len;
	ev->nmembers = 0;
	for (int i = 0; i < CE_NAT; i++)
		ev->at[i] = -1;
	if (ev->members == NULL || ev->cap > KEEP_MEMBERS) {
		if (ev->members != ev->inl)
			free(ev->members);
		ev->members = ev->inl;
		ev->cap = CE_INLINE;
	}
	if (ev->scratch != NULL && ev->scratch->cap > KEEP_SCRATCH)
		ce_buf_free(ev->scratch);
}

const char *
ce_event_parse(struct ce_event *ev, char *text, size_t len)
{
	struct seen seen = { .twice = -1 };
	struct ce_marks marks;
	struct ce_str twin;
	const char *why;
	size_t at;

	begin(ev, text, len);
	if (len >= UINT32_MAX) {
		ev->len = 0;
		return "longer than 4 GiB";
	}
	if (alike(ev))
		return NULL;
	begin(ev, text, len);
	marks = (struct ce_marks){ ev->members, 0, ev->cap, ev->inl, 0 };
	why = ce_scan(&marks, text, len, &at);
	ev->members = marks.v;
	ev->cap = marks.cap;
	if (why != NULL)
		return say_json(why, at);
	ev->nmembers = marks.n;
	place(ev, marks.flags, &seen);
	if ((why = check(ev)) != NULL)
		return why;
	if (seen.twice >= 0)
		return say_member(ev, seen.twice, CE_TWICE);
	if (seen.alike && twins(ev, &twin))
		return say_extension(twin, CE_TWICE);
	ce_alike_keep(ev);
	return NULL;
}

void
ce_event_free(struct ce_event *ev)
{
	if (ev->members != ev->inl)
		free(ev->members);
	if (ev->scratch != NULL)
		ce_buf_free(ev->scratch);
	free(ev->scratch);
	ev->members = NULL;
	ev->scratch = NULL;
	ev->nmembers = ev->cap = 0;
	for (int i = 0; i < CE_NAT; i++)
		ev->at[i] = -1;
}
