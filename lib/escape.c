/* escape -- values of an event, made fit for the place they go to.
 *
 * A value can neither leave its path component (no slash, no leading dot, so no
 * "..") nor make it too long for a file system; and no two values that differ
 * become the same component but by a collision of 64 bits of SHA-256.
 *
 * SPDX-License-Identifier: Apache-2.0 */

#include <string.h>
#include "template.h"

#define NAME_BYTES 200 /* of 255: the rest is for suffixes and temporary names */
#define LEAST_BYTES 24 /* for one value, however many share the name */
#define MARK "%-"      /* stands in no escaped value: there % is followed by digits */
#define HASH_BYTES 8
#define TIME_MAX 65536

/* Bytes that a fixed piece adds to its component; a time is a guess. */
static size_t
fixed_bytes(const struct ce_piece *p)
{
	return p->kind == CE_P_TEXT ? strlen(p->name) : 4 * strlen(p->format);
}

static bool
is_fixed(const struct ce_piece *p)
{
	return p->kind == CE_P_TEXT || p->format != NULL;
}

static const char *
text_of(const struct ce_piece *p)
{
	return p->kind == CE_P_TEXT ? p->name : p->format;
}

/* From p on: the pieces that share the component, ending with the first text
 * that holds a slash. */
static int
component(struct ce_piece *p, int n, size_t *fixed, size_t *values)
{
	int i;

	*fixed = *values = 0;
	for (i = 0; i < n; i++) {
		if (!is_fixed(&p[i]))
			++*values;
		else if (strchr(text_of(&p[i]), '/') != NULL && i > 0) {
			*fixed += strcspn(text_of(&p[i]), "/");
			return i;
		} else if (strchr(text_of(&p[i]), '/') != NULL)
			*fixed += strlen(strrchr(text_of(&p[i]), '/') + 1);
		else
			*fixed += fixed_bytes(&p[i]);
	}
	return n;
}

void
ce_piece_limits(struct ce_piece *p, int n)
{
	size_t fixed, values, limit;
	int k;

	for (; n > 0; p += k, n -= k) {
		k = component(p, n, &fixed, &values);
		limit = values > 0 && fixed < NAME_BYTES ? (NAME_BYTES - fixed) / values : 0;
		for (int i = 0; i < k; i++)
			p[i].limit = limit > LEAST_BYTES ? limit : LEAST_BYTES;
	}
}

static void
percent(struct ce_buf *out, const char *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		ce_buf_printf(out, "%%%02X", (unsigned char)p[i]);
}

/* Cuts the component at out->p + start to limit bytes: its beginning, and a
 * hash of the whole. */
static void
shorten(struct ce_buf *out, size_t start, size_t limit)
{
	size_t keep = start + limit - strlen(MARK) - 2 * HASH_BYTES;
	unsigned char hash[32];

	ce_sha256(out->p + start, out->len - start, hash);
	while (keep > start && ((unsigned char)out->p[keep] & 0xc0) == 0x80)
		keep--;
	for (size_t back = 1; back <= 2 && keep >= start + back; back++) {
		if (out->p[keep - back] == '%') {
			keep -= back;
			break;
		}
	}
	out->len = keep;
	ce_buf_puts(out, MARK);
	ce_hex(out, hash, HASH_BYTES);
}

static void
escape_path(struct ce_buf *out, struct ce_str v, size_t limit)
{
	size_t start = out->len;
	uint32_t cp;
	int k;

	if (v.len == 0)
		ce_buf_putc(out, '_');
	for (size_t i = 0; i < v.len; i += (size_t)(k > 0 ? k : 1)) {
		k = ce_utf8(v.p + i, v.len - i, &cp);
		if (k == 0 || cp < 0x20 || (cp >= 0x7f && cp <= 0x9f) || cp == '/' || cp == '%' ||
		    (cp == '.' && i == 0))
			percent(out, v.p + i, (size_t)(k > 0 ? k : 1));
		else
			ce_buf_add(out, v.p + i, (size_t)k);
	}
	if (out->len - start > limit)
		shorten(out, start, limit);
}

static bool
unreserved(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	    (c != '\0' && strchr("-._~", c) != NULL);
}

static void
escape_url(struct ce_buf *out, struct ce_str v)
{
	for (size_t i = 0; i < v.len; i++) {
		if (unreserved(v.p[i]))
			ce_buf_putc(out, v.p[i]);
		else
			percent(out, v.p + i, 1);
	}
}

static void
escape_line(struct ce_buf *out, struct ce_str v)
{
	uint32_t cp;
	int k;

	for (size_t i = 0; i < v.len; i += (size_t)(k > 0 ? k : 1)) {
		k = ce_utf8(v.p + i, v.len - i, &cp);
		if (k > 0 && (cp < 0x20 || (cp >= 0x7f && cp <= 0x9f)))
			ce_buf_putc(out, ' ');
		else
			ce_buf_add(out, v.p + i, (size_t)(k > 0 ? k : 1));
	}
}

void
ce_escape(struct ce_buf *out, struct ce_str v, enum ce_escape esc, size_t limit)
{
	switch (esc) {
	case CE_ESC_NONE:
		ce_buf_str(out, v);
		break;
	case CE_ESC_PATH:
		escape_path(out, v, limit);
		break;
	case CE_ESC_URL:
		escape_url(out, v);
		break;
	case CE_ESC_JSON:
	case CE_ESC_VALUE:
		ce_json_escape(out, v.p, v.len);
		break;
	case CE_ESC_LINE:
		escape_line(out, v);
		break;
	}
}

/* Flags, a width of two digits, a modifier, then what C11 and glibc know. */
static const char *
conversion_end(const char *p)
{
	size_t width;

	p += strspn(p, "_-0^#");
	width = strspn(p, "0123456789");
	if (width > 2)
		return NULL;
	p += width;
	if (*p == 'E' || *p == 'O')
		p++;
	if (*p == '\0' || strchr("aAbBcCdDeFgGhHIjklmMnpPrRsStTuUVwWxXyYzZ%", *p) == NULL)
		return NULL;
	return p + 1;
}

const char *
ce_strftime_check(const char *format)
{
	if (*format == '\0')
		return "a time format is empty";
	while ((format = strchr(format, '%')) != NULL)
		if ((format = conversion_end(format + 1)) == NULL)
			return "a time format has a % that strftime(3) does not know";
	return NULL;
}

/* strftime takes %s for local time, so the number is put in before. */
static void
expand_epoch(struct ce_buf *b, const char *format, time_t t)
{
	const char *end;

	for (; *format != '\0'; format = end) {
		end = *format == '%' ? conversion_end(format + 1) : format + 1;
		if (*format == '%' && end[-1] == 's')
			ce_buf_printf(b, "%lld", (long long)t);
		else
			ce_buf_add(b, format, (size_t)(end - format));
	}
}

/* The compiler cannot see that the format was checked when it was given.  A
 * result may be empty, which strftime reports like a lack of room: hence the
 * byte behind it. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
bool
ce_strftime(struct ce_buf *out, const char *format, const struct timespec *ts)
{
	struct ce_buf f = { 0 };
	struct tm tm;
	size_t n = 0;

	gmtime_r(&ts->tv_sec, &tm);
	tm.tm_zone = "UTC";
	expand_epoch(&f, format, ts->tv_sec);
	ce_buf_putc(&f, '.');
	for (size_t room = 256; n == 0 && room <= TIME_MAX; room *= 4) {
		ce_buf_need(out, room);
		n = strftime(out->p + out->len, room, f.p, &tm);
	}
	ce_buf_free(&f);
	if (n > 0)
		out->len += n - 1;
	if (out->p != NULL)
		out->p[out->len] = '\0';
	return n > 0;
}
#pragma GCC diagnostic pop
