/* utf8.c -- text inside JSON: UTF-8, escapes and their undoing
 *
 * What ce_json_escape appends is always valid inside a JSON string, and
 * ce_json_unescape never appends more bytes than it was given.
 *
 * SPDX-License-Identifier: Apache-2.0 */

#include "scan.h"

#define REPLACEMENT "\xef\xbf\xbd" /* U+FFFD */

int
ce_utf8(const char *p, size_t n, uint32_t *cp)
{
	return n == 0 ? 0 : ce_utf8_step(p, n, cp);
}

bool
ce_utf8_valid(const char *p, size_t n)
{
	const char *end;
	uint64_t w;
	uint32_t cp;
	int step;

	if (n == 0) /* p may be NULL then, here and below */
		return true;
	end = p + n;
	while (p < end) {
		while (end - p >= 8 && (memcpy(&w, p, 8), (w & CE_TOPS) == 0))
			p += 8;
		if (p == end)
			break;
		if ((step = ce_utf8_step(p, (size_t)(end - p), &cp)) == 0)
			return false;
		p += step;
	}
	return true;
}

static void
escape_byte(struct ce_buf *out, unsigned char c)
{
	static const char hex[] = "0123456789abcdef";
	static const char shorts[] = "\b\t\n\f\r\"\\", letters[] = "btnfr\"\\";
	const char *s = memchr(shorts, c, sizeof(shorts) - 1);

	ce_buf_putc(out, '\\');
	if (s != NULL) {
		ce_buf_putc(out, letters[s - shorts]);
		return;
	}
	ce_buf_add(out, "u00", 3);
	ce_buf_putc(out, hex[c >> 4]);
	ce_buf_putc(out, hex[c & 15]);
}

void
ce_json_escape(struct ce_buf *out, const char *p, size_t n)
{
	const char *end, *run;
	uint32_t cp;
	int step;

	ce_buf_need(out, n);
	if (n == 0)
		return;
	end = p + n;
	while (p < end) {
		run = p;
		p = ce_plain_run(p, end);
		ce_buf_add(out, run, (size_t)(p - run));
		if (p == end)
			break;
		if ((unsigned char)*p < 0x7f) {
			escape_byte(out, (unsigned char)*p++);
			continue;
		}
		step = ce_utf8_step(p, (size_t)(end - p), &cp);
		if (step == 0)
			ce_buf_add(out, REPLACEMENT, 3);
		else
			ce_buf_add(out, p, (size_t)step);
		p += step == 0 ? 1 : step;
	}
}

static void
add_utf8(struct ce_buf *out, uint32_t cp)
{
	if (cp < 0x80) {
		ce_buf_putc(out, (char)cp);
		return;
	}
	if (cp < 0x800)
		ce_buf_putc(out, (char)(0xc0 | cp >> 6));
	else if (cp < 0x10000)
		ce_buf_putc(out, (char)(0xe0 | cp >> 12));
	else {
		ce_buf_putc(out, (char)(0xf0 | cp >> 18));
		ce_buf_putc(out, (char)(0x80 | (cp >> 12 & 0x3f)));
	}
	if (cp >= 0x800)
		ce_buf_putc(out, (char)(0x80 | (cp >> 6 & 0x3f)));
	ce_buf_putc(out, (char)(0x80 | (cp & 0x3f)));
}

/* The code unit of the four digits at p; -1 if they are none or end before. */
static int32_t
hex4(const char *p, const char *end)
{
	int32_t v = 0;

	if (end - p < 4)
		return -1;
	for (int i = 0; i < 4; i++) {
		int c = p[i] | 0x20;

		if (p[i] >= '0' && p[i] <= '9')
			v = v << 4 | (p[i] - '0');
		else if (c >= 'a' && c <= 'f')
			v = v << 4 | (c - 'a' + 10);
		else
			return -1;
	}
	return v;
}

/* p is behind \u; returns what follows the character. */
static const char *
unescape_unit(struct ce_buf *out, const char *p, const char *end, bool *whole)
{
	int32_t unit = hex4(p, end), low;

	if (unit < 0) { /* never in checked text */
		*whole = false;
		return end;
	}
	p += 4;
	if ((unit & 0xf800) != 0xd800) {
		add_utf8(out, (uint32_t)unit);
		return p;
	}
	if (unit < 0xdc00 && end - p >= 6 && p[0] == '\\' && p[1] == 'u' &&
	    ((low = hex4(p + 2, end)) & ~0x3ff) == 0xdc00) {
		add_utf8(out, 0x10000u + (uint32_t)((unit & 0x3ff) << 10 | (low & 0x3ff)));
		return p + 6;
	}
	ce_buf_add(out, REPLACEMENT, 3);
	*whole = false;
	return p;
}

bool
ce_json_unescape(struct ce_buf *out, const char *raw, size_t n)
{
	static const char letters[] = "btnfr\"\\/", bytes[] = "\b\t\n\f\r\"\\/";
	const char *end, *slash, *l;
	bool whole = true;

	ce_buf_need(out, n);
	if (n == 0)
		return true;
	end = raw + n;
	while (raw < end) {
		slash = memchr(raw, '\\', (size_t)(end - raw));
		if (slash == NULL)
			slash = end;
		ce_buf_add(out, raw, (size_t)(slash - raw));
		if (end - slash < 2)
			break;
		raw = slash + 2;
		if (slash[1] == 'u')
			raw = unescape_unit(out, raw, end, &whole);
		else if ((l = memchr(letters, slash[1], sizeof(letters) - 1)) != NULL)
			ce_buf_putc(out, bytes[l - letters]);
	}
	return whole;
}
