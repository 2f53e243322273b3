/* token.h -- the smallest pieces of JSON, for scan.c
 *
 * Each returns the place behind what it accepted, or NULL with why and at set.
 *
 * SPDX-License-Identifier: Apache-2.0 */

#ifndef CE_TOKEN_H
#define CE_TOKEN_H

#include "scan.h"

extern const char ce_scan_ends[]; /* why, where text is missing */

struct ce_scan {
	const char *end;
	const char *why, *at;
	unsigned flags; /* CE_M_ of the string read last */
};

/* A byte of a string, at p, that is not plain and not its end; it may be the
 * first of several such. */
const char *ce_scan_odd(struct ce_scan *s, const char *p);

/* Whatever is missing at the end is only missing: ce_json_first tells text that
 * may go on from text that is wrong by this. */
static inline const char *
ce_scan_fail(struct ce_scan *s, const char *at, const char *why)
{
	s->at = at;
	s->why = at >= s->end ? ce_scan_ends : why;
	return NULL;
}

/* NUL, which is no token, stands for the end. */
static inline unsigned char
ce_scan_peek(const struct ce_scan *s, const char *p)
{
	return p < s->end ? (unsigned char)*p : 0;
}

static inline const char *
ce_scan_blanks(const struct ce_scan *s, const char *p)
{
	while (p < s->end && (unsigned char)*p <= ' ' &&
	    (*p == ' ' || *p == '\t' || *p == '\n' || *p == '\r'))
		p++;
	return p;
}

/* p is behind the opening quote. */
static inline const char *
ce_scan_string(struct ce_scan *s, const char *p)
{
	s->flags = 0;
	for (;;) {
		p = ce_plain_run(p, s->end);
		if (p < s->end && *p == '"')
			return p + 1;
		if ((p = ce_scan_odd(s, p)) == NULL)
			return NULL;
	}
}

static inline const char *
ce_scan_digits(struct ce_scan *s, const char *p)
{
	const char *start = p;

	while (p < s->end && *p >= '0' && *p <= '9')
		p++;
	return p == start ? ce_scan_fail(s, p, "expected a digit") : p;
}

static inline const char *
ce_scan_number(struct ce_scan *s, const char *p)
{
	unsigned char c;

	p += *p == '-';
	if (ce_scan_peek(s, p) == '0')
		p++;
	else if ((p = ce_scan_digits(s, p)) == NULL)
		return NULL;
	if (ce_scan_peek(s, p) == '.' && (p = ce_scan_digits(s, p + 1)) == NULL)
		return NULL;
	if ((ce_scan_peek(s, p) | 0x20) == 'e') {
		c = ce_scan_peek(s, p + 1);
		p = ce_scan_digits(s, p + 1 + (c == '+' || c == '-'));
	}
	return p;
}

static inline const char *
ce_scan_literal(struct ce_scan *s, const char *p, const char *word)
{
	for (; *word != '\0'; word++, p++)
		if (p >= s->end || *p != *word)
			return ce_scan_fail(s, p, "expected a value");
	return p;
}

static inline const char *
ce_scan_scalar(struct ce_scan *s, const char *p)
{
	switch (ce_scan_peek(s, p)) {
	case '"':
		return ce_scan_string(s, p + 1);
	case 't':
		return ce_scan_literal(s, p, "true");
	case 'f':
		return ce_scan_literal(s, p, "false");
	case 'n':
		return ce_scan_literal(s, p, "null");
	case '-': case '0': case '1': case '2': case '3': case '4':
	case '5': case '6': case '7': case '8': case '9':
		return ce_scan_number(s, p);
	default:
		return ce_scan_fail(s, p, "expected a value");
	}
}

#endif
