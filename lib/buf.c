/* buf -- bytes that grow, and views of bytes.
 *
 * p is NULL or has a NUL behind its len bytes at all times, so that a buffer
 * of text can be lent as a C string.
 *
 * SPDX-License-Identifier: Apache-2.0 */

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "ce.h"

void
ce_buf_need(struct ce_buf *b, size_t more)
{
	size_t cap;

	if (more >= SIZE_MAX / 4 - b->len)
		ce_bug("a buffer of %zu bytes cannot grow by %zu", b->len, more);
	if (b->p != NULL && b->len + more < b->cap)
		return;
	cap = b->len + more + 1;
	if (cap < b->cap + b->cap / 2)
		cap = b->cap + b->cap / 2;
	if (cap < 64)
		cap = 64;
	b->p = ce_realloc(b->p, cap);
	b->cap = cap;
	b->p[b->len] = '\0';
}

void
ce_buf_add(struct ce_buf *b, const void *p, size_t n)
{
	ce_buf_need(b, n);
	if (n > 0)
		memcpy(b->p + b->len, p, n);
	b->len += n;
	b->p[b->len] = '\0';
}

void
ce_buf_puts(struct ce_buf *b, const char *s)
{
	ce_buf_add(b, s, strlen(s));
}

void
ce_buf_putc(struct ce_buf *b, char c)
{
	ce_buf_need(b, 1);
	b->p[b->len++] = c;
	b->p[b->len] = '\0';
}

void
ce_buf_vprintf(struct ce_buf *b, const char *fmt, va_list ap)
{
	int saved = errno, n;
	va_list again;

	va_copy(again, ap);
	ce_buf_need(b, 64);
	errno = saved; /* for %m */
	n = vsnprintf(b->p + b->len, b->cap - b->len, fmt, ap);
	if (n >= 0 && (size_t)n >= b->cap - b->len) {
		ce_buf_need(b, (size_t)n);
		errno = saved;
		n = vsnprintf(b->p + b->len, b->cap - b->len, fmt, again);
	}
	va_end(again);
	if (n < 0) {
		b->p[b->len] = '\0';
		ce_bug("cannot format \"%s\"", fmt);
	}
	b->len += (size_t)n;
	errno = saved;
}

void
ce_buf_printf(struct ce_buf *b, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	ce_buf_vprintf(b, fmt, ap);
	va_end(ap);
}

void
ce_buf_reset(struct ce_buf *b)
{
	b->len = 0;
	ce_buf_need(b, 0);
	b->p[0] = '\0';
}

void
ce_buf_cut(struct ce_buf *b, size_t n)
{
	if (n == 0)
		return;
	if (n > b->len)
		ce_bug("cut of %zu bytes from a buffer of %zu", n, b->len);
	memmove(b->p, b->p + n, b->len - n + 1);
	b->len -= n;
}

void
ce_buf_free(struct ce_buf *b)
{
	free(b->p);
	*b = (struct ce_buf){ 0 };
}

char *
ce_buf_take(struct ce_buf *b)
{
	char *p;

	ce_buf_need(b, 0);
	p = b->p;
	*b = (struct ce_buf){ 0 };
	return p;
}

bool
ce_str_is(struct ce_str s, const char *text)
{
	return s.len == strlen(text) && (s.len == 0 || memcmp(s.p, text, s.len) == 0);
}

/* strncasecmp follows the locale, which no program here sets: the C locale
 * folds ASCII alone. */
bool
ce_str_like(struct ce_str s, const char *text)
{
	return s.len == strlen(text) && (s.len == 0 || strncasecmp(s.p, text, s.len) == 0);
}

void
ce_buf_str(struct ce_buf *b, struct ce_str s)
{
	ce_buf_add(b, s.p, s.len);
}

/* C1 controls are well-formed UTF-8, but a terminal obeys them all the same. */
void
ce_buf_visible(struct ce_buf *b, const char *p, size_t n, size_t max)
{
	size_t end = n < max ? n : max, i = 0;
	uint32_t cp;
	int k;

	while (i < end) {
		k = ce_utf8(p + i, n - i, &cp);
		if (k > 0 && cp >= 0x20 && !(cp >= 0x7f && cp <= 0x9f)) {
			if (i + (size_t)k > end)
				break;
			ce_buf_add(b, p + i, (size_t)k);
			i += (size_t)k;
		} else
			ce_buf_printf(b, "\\x%02x", (unsigned char)p[i++]);
	}
	if (i < n)
		ce_buf_puts(b, "...");
}
