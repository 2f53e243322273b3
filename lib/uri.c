/* uri -- any bytes as an attribute that must be a URI reference.
 *
 * What RFC 3986 allows stays as it is, so a well-formed reference is never
 * changed; everything else is percent-encoded.  The result is checked by the
 * rule itself, and encoded more where the parts are legal and the whole is not
 * (a port that is no number).
 *
 * SPDX-License-Identifier: Apache-2.0 */

#include <string.h>
#include "ce.h"

static bool
alpha(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool
digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool
hex(char c)
{
	return digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static bool
unreserved(char c)
{
	return alpha(c) || digit(c) || c == '-' || c == '.' || c == '_' || c == '~';
}

static void
percent(struct ce_buf *b, char c)
{
	ce_buf_printf(b, "%%%02X", (unsigned char)c);
}

/* Length of "scheme:", 0 if p does not begin so. */
static size_t
scheme(const char *p, size_t n)
{
	size_t i = 1;

	if (n == 0 || !alpha(*p))
		return 0;
	while (i < n && (alpha(p[i]) || digit(p[i]) || memchr("+-.", p[i], 3) != NULL))
		i++;
	return i < n && p[i] == ':' ? i + 1 : 0;
}

/* End of the authority that "//" opens at from; from if there is none. */
static size_t
authority(const char *p, size_t n, size_t from)
{
	size_t i = from;

	if (n - from < 2 || p[from] != '/' || p[from + 1] != '/')
		return from;
	for (i += 2; i < n && p[i] != '/' && p[i] != '?' && p[i] != '#';)
		i++;
	return i;
}

static void
encode(struct ce_buf *b, const char *p, size_t n)
{
	size_t colons = scheme(p, n), host = authority(p, n, colons);
	bool fragment = false, relative = colons == 0 && host == 0, keep;

	for (size_t i = 0; i < n; i++) {
		if (p[i] == '/' || p[i] == '?')
			relative = false; /* past the first segment a colon is harmless */
		if (p[i] == '%')
			keep = i + 2 < n && hex(p[i + 1]) && hex(p[i + 2]);
		else if (p[i] == '[' || p[i] == ']')
			keep = i < host;
		else if (p[i] == '#')
			keep = !fragment;
		else if (p[i] == ':')
			keep = !relative;
		else
			keep = unreserved(p[i]) || (p[i] != '\0' && strchr("!$&'()*+,;=@/?", p[i]));
		if (p[i] == '#')
			fragment = true, relative = false;
		if (keep)
			ce_buf_putc(b, p[i]);
		else
			percent(b, p[i]);
	}
}

static void
encode_all(struct ce_buf *b, const char *p, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (unreserved(p[i]) || (p[i] == '/' && i > 0))
			ce_buf_putc(b, p[i]);
		else
			percent(b, p[i]);
	}
}

void
ce_set_uri(struct ce_draft *d, const char *name, const char *p, size_t n)
{
	struct ce_buf b = { 0 };

	if (n == 0)
		return;
	encode(&b, p, n);
	if (ce_check_uriref((struct ce_str){ b.p, b.len }) != NULL) {
		ce_buf_reset(&b);
		encode_all(&b, p, n);
	}
	ce_set_str(d, name, b.p, b.len);
	ce_buf_free(&b);
}
