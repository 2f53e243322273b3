/* log -- one line a failure, on standard error.
 *
 * A message is one write of at most 4 KiB, so that the lines of a pipeline's
 * stages do not mix.  Nothing foreign reaches the terminal as a control byte,
 * and no secret that was announced by ce_log_hide reaches it at all: secrets
 * are taken out before bytes are made visible and before the line is cut.
 *
 * SPDX-License-Identifier: Apache-2.0 */

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "ce.h"
#include "guard.h"

#define LINE_MAX_BYTES 4096 /* with its newline; PIPE_BUF */

const char *ce_name = "ce";

static struct ce_str *hidden;
static int nhidden;

static void
hide(const char *p, size_t n)
{
	char *copy;

	for (int i = 0; i < nhidden; i++)
		if (hidden[i].len == n && memcmp(hidden[i].p, p, n) == 0)
			return;
	copy = ce_guard(n);
	memcpy(copy, p, n);
	hidden = ce_realloc(hidden, ((size_t)nhidden + 1) * sizeof(*hidden));
	hidden[nhidden++] = (struct ce_str){ copy, n };
}

/* The visible form is hidden as well: callers may quote foreign bytes by
 * ce_buf_visible before they pass them on. */
void
ce_log_hide(const char *secret, size_t n)
{
	struct ce_buf b = { 0 };

	if (n == 0)
		return;
	hide(secret, n);
	ce_buf_visible(&b, secret, n, n);
	hide(b.p, b.len);
	explicit_bzero(b.p, b.cap);
	ce_buf_free(&b);
}

static size_t
secret_at(const char *p, size_t n)
{
	size_t longest = 0;

	for (int i = 0; i < nhidden; i++)
		if (hidden[i].len <= n && hidden[i].len > longest &&
		    memcmp(hidden[i].p, p, hidden[i].len) == 0)
			longest = hidden[i].len;
	return longest;
}

static void
add_masked(struct ce_buf *out, const char *p, size_t n)
{
	size_t k;

	while (n > 0 && out->len < LINE_MAX_BYTES) {
		if ((k = secret_at(p, n)) > 0)
			ce_buf_puts(out, "***");
		else
			ce_buf_add(out, p, k = 1);
		p += k;
		n -= k;
	}
}

static void
add_visible(struct ce_buf *out, const char *p, size_t n)
{
	const char *end = p + n, *nl;

	while ((nl = memchr(p, '\n', (size_t)(end - p))) != NULL) {
		ce_buf_visible(out, p, (size_t)(nl - p), SIZE_MAX);
		ce_buf_puts(out, "\\n");
		p = nl + 1;
	}
	ce_buf_visible(out, p, (size_t)(end - p), SIZE_MAX);
}

static void
end_line(struct ce_buf *b)
{
	if (b->len > LINE_MAX_BYTES - 1) {
		b->len = LINE_MAX_BYTES - 4;
		while (((unsigned char)b->p[b->len] & 0xc0) == 0x80)
			b->len--;
		ce_buf_puts(b, "...");
	}
	ce_buf_putc(b, '\n');
}

/* Standard error may share its non-blocking flag with somebody's terminal;
 * a reader that is stuck must not hold us for ever. */
void
ce_log_raw(const char *p, size_t n)
{
	struct pollfd pfd = { .fd = 2, .events = POLLOUT };
	ssize_t k;

	while (n > 0) {
		if ((k = write(2, p, n)) >= 0) {
			p += k;
			n -= (size_t)k;
		} else if (errno == EAGAIN) {
			if (poll(&pfd, 1, 1000) == 0)
				return;
		} else if (errno != EINTR)
			return;
	}
}

static void CE_PRINTF(2, 0)
say(const char *prefix, const char *fmt, va_list ap)
{
	struct ce_buf raw = { 0 }, masked = { 0 }, line = { 0 };
	int saved = errno;

	ce_buf_vprintf(&raw, fmt, ap);
	add_masked(&masked, raw.p, raw.len);
	ce_buf_printf(&line, "%s: %s", ce_name, prefix);
	add_visible(&line, masked.p != NULL ? masked.p : "", masked.len);
	end_line(&line);
	ce_log_raw(line.p, line.len);
	if (nhidden > 0)
		explicit_bzero(raw.p, raw.cap);
	ce_buf_free(&raw);
	ce_buf_free(&masked);
	ce_buf_free(&line);
	errno = saved;
}

void
ce_info(const char *fmt, ...)
{
	va_list ap;

	if (!ce_conf.verbose)
		return;
	va_start(ap, fmt);
	say("", fmt, ap);
	va_end(ap);
}

void
ce_note(const char *fmt, ...)
{
	va_list ap;

	if (ce_conf.quiet)
		return;
	va_start(ap, fmt);
	say("", fmt, ap);
	va_end(ap);
}

void
ce_warn(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say("", fmt, ap);
	va_end(ap);
}

/* What runs at exit may fail in turn; exit() must not be entered twice. */
static void __attribute__((noreturn))
leave(int code)
{
	static bool leaving;

	if (leaving)
		_exit(code);
	leaving = true;
	exit(code);
}

void
ce_die(int code, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say("", fmt, ap);
	va_end(ap);
	leave(code);
}

void
ce_bug(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say("bug: ", fmt, ap);
	va_end(ap);
	leave(CE_SOFTWARE);
}

/* Where the userinfo that starts at p ends, at its '@'; NULL: there is none.
 * A password with a raw '/' or '?' makes the URL invalid, and its message is
 * the very one that must not show it: what stands before that character looks
 * like a port then, but is no number. */
static const char *
userinfo_end(const char *p)
{
	size_t n = strcspn(p, "/?#");
	const char *at = memrchr(p, '@', n), *colon = memrchr(p, ':', n);

	if (at != NULL || colon == NULL || memchr(colon, ']', n - (size_t)(colon - p)) != NULL)
		return at;
	if (strspn(colon + 1, "0123456789") == n - (size_t)(colon + 1 - p))
		return NULL;
	return strrchr(p, '@');
}

const char *
ce_log_url(const char *url)
{
	static struct ce_buf b;
	const char *p = strstr(url, "://"), *at, *colon;

	p = p != NULL ? p + 3 : url;
	ce_buf_reset(&b);
	ce_buf_add(&b, url, (size_t)(p - url));
	if ((at = userinfo_end(p)) != NULL) {
		colon = memchr(p, ':', (size_t)(at - p));
		ce_buf_add(&b, p, (size_t)((colon != NULL ? colon : at) - p));
		if (b.len > (size_t)(p - url))
			ce_buf_putc(&b, '@');
		p = at + 1;
	}
	ce_buf_add(&b, p, strcspn(p, "?#"));
	return b.p;
}
