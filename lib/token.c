/* token.c -- what is rare in JSON strings: escapes, bytes beyond ASCII, errors
 *
 * Apart from token.h so that the way through plain strings stays short.
 *
 * SPDX-License-Identifier: Apache-2.0 */

#include "token.h"

const char ce_scan_ends[] = "the text ends early";

/* The code unit behind \u; -1 with the failure noted. */
static int32_t
unit(struct ce_scan *s, const char *p)
{
	int32_t v = 0;

	for (int i = 0; i < 4; i++, p++) {
		unsigned char c = ce_scan_peek(s, p);

		if (c >= '0' && c <= '9')
			v = v << 4 | (c - '0');
		else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
			v = v << 4 | ((c | 0x20) - 'a' + 10);
		else {
			ce_scan_fail(s, p, "\\u needs four hexadecimal digits");
			return -1;
		}
	}
	return v;
}

/* p is at a backslash. */
static const char *
escape(struct ce_scan *s, const char *p)
{
	unsigned char c = ce_scan_peek(s, p + 1);
	int32_t high, low;

	s->flags |= CE_M_ESCAPED;
	if (c != 'u') {
		if (c == 0 || memchr("\"\\/bfnrt", c, 8) == NULL)
			return ce_scan_fail(s, p + 1, "unknown escape in a string");
		return p + 2;
	}
	if ((high = unit(s, p + 2)) < 0)
		return NULL;
	p += 6;
	if ((high & 0xf800) != 0xd800)
		return p;
	if (high < 0xdc00 && ce_scan_peek(s, p) == '\\' && ce_scan_peek(s, p + 1) == 'u') {
		if ((low = unit(s, p + 2)) < 0)
			return NULL;
		if ((low & 0xfc00) == 0xdc00)
			return p + 6;
	}
	s->flags |= CE_M_BADSURR;
	return p;
}

/* Could more bytes make the sequence at p, which ends with the text, valid? */
static bool
cut_short(const char *p, size_t n)
{
	char low[4], high[4];
	uint32_t cp;

	if (n >= 4)
		return false;
	memset(low, 0x80, sizeof(low));
	memset(high, 0xbf, sizeof(high));
	memcpy(low, p, n);
	memcpy(high, p, n);
	return ce_utf8_step(low, 4, &cp) > (int)n || ce_utf8_step(high, 4, &cp) > (int)n;
}

const char *
ce_scan_odd(struct ce_scan *s, const char *p)
{
	uint32_t cp;
	int step;

	if (p >= s->end)
		return ce_scan_fail(s, p, ce_scan_ends);
	if (*p == '\\')
		return escape(s, p);
	if ((unsigned char)*p < 0x20)
		return ce_scan_fail(s, p, "control character in a string");
	s->flags |= CE_M_HIGH;
	do {
		size_t left = (size_t)(s->end - p);

		if ((step = ce_utf8_step(p, left, &cp)) == 0)
			return ce_scan_fail(s, cut_short(p, left) ? s->end : p, "invalid UTF-8");
		p += step;
	} while (p < s->end && (unsigned char)*p >= 0x7f);
	return p;
}
