/* validate.c -- the rules of CloudEvents 1.0.2, one by one
 *
 * Each check answers NULL or a static phrase that names the violated rule, reads
 * its value once and allocates nothing.
 *
 * SPDX-License-Identifier: Apache-2.0 */

#include <arpa/inet.h>
#include "scan.h"

#define NO_URI "not an absolute URI (RFC 3986 4.3)"
#define NO_REF "not a URI-reference (RFC 3986 4.1)"
#define NO_TYPE "not a media type (RFC 2046)"

enum {
	ALPHA = 1, DIGIT = 2, HEX = 4,
	MARK = 8,    /* - . _ ~ */
	SUB = 16,    /* sub-delims */
	PCHAR = 32,  /* : @ */
	QUERY = 64,  /* / ? */
	TOKEN = 128  /* RFC 2045 token */
};

#define T TOKEN
#define D (DIGIT | HEX | T)
#define X (ALPHA | HEX | T)
#define A (ALPHA | T)
#define S (SUB | T)
static const unsigned char class[256] = {
	['0'] = D, D, D, D, D, D, D, D, D, D,
	['A'] = X, X, X, X, X, X, ['G'] = A, A, A, A, A, A, A, A, A, A, A, A, A, A, A, A, A, A, A, A,
	['a'] = X, X, X, X, X, X, ['g'] = A, A, A, A, A, A, A, A, A, A, A, A, A, A, A, A, A, A, A, A,
	['-'] = MARK | T, ['.'] = MARK | T, ['_'] = MARK | T, ['~'] = MARK | T,
	['!'] = S, ['$'] = S, ['&'] = S, ['\''] = S, ['*'] = S, ['+'] = S,
	['('] = SUB, [')'] = SUB, [','] = SUB, [';'] = SUB, ['='] = SUB,
	[':'] = PCHAR, ['@'] = PCHAR, ['/'] = QUERY, ['?'] = QUERY,
	['#'] = T, ['%'] = T, ['^'] = T, ['`'] = T, ['{'] = T, ['|'] = T, ['}'] = T
};
#undef T
#undef D
#undef X
#undef A
#undef S

#define REGNAME (ALPHA | DIGIT | MARK | SUB)

static inline bool
is(char c, int set)
{
	return (class[(unsigned char)c] & set) != 0;
}

const char *
ce_check_name(struct ce_str name)
{
	if (name.len == 0)
		return "name must not be empty";
	for (size_t i = 0; i < name.len; i++)
		if (!(name.p[i] >= 'a' && name.p[i] <= 'z') &&
		    !(name.p[i] >= '0' && name.p[i] <= '9'))
			return "name must be a-z and 0-9 only";
	return ce_str_is(name, "data") ? "data is not the name of an attribute" : NULL;
}

const char *
ce_check_string(struct ce_str s)
{
	uint32_t cp;
	int step;

	for (size_t i = 0; i < s.len; i += (size_t)step) {
		if ((step = ce_utf8_step(s.p + i, s.len - i, &cp)) == 0)
			return "invalid UTF-8";
		if (cp < 0x20 || (cp >= 0x7f && cp <= 0x9f))
			return "control character (spec 3.1 String)";
		if ((cp >= 0xfdd0 && cp <= 0xfdef) || (cp & 0xfffe) == 0xfffe)
			return "noncharacter (spec 3.1 String)";
	}
	return NULL;
}

/* ---- RFC 3986 ---- */

/* Where p stops being characters of the set and triplets; NULL: broken triplet. */
static const char *
uri_run(const char *p, const char *end, int set)
{
	for (; p < end; p++) {
		if (is(*p, set))
			continue;
		if (*p != '%')
			break;
		if (end - p < 3 || !is(p[1], HEX) || !is(p[2], HEX))
			return NULL;
		p += 2;
	}
	return p;
}

/* [IPv6] or [vX.anything]; p is behind the bracket, the answer too. */
static const char *
uri_literal(const char *p, const char *end)
{
	const char *close = memchr(p, ']', (size_t)(end - p));
	char text[INET6_ADDRSTRLEN];
	struct in6_addr addr;
	size_t n;

	if (close == NULL)
		return NULL;
	n = (size_t)(close - p);
	if (n > 0 && (*p == 'v' || *p == 'V')) {
		const char *dot = ++p;

		while (is(*dot, HEX))
			dot++;
		if (dot == p || *dot != '.' || dot + 1 == close)
			return NULL;
		for (p = dot + 1; is(*p, REGNAME) || *p == ':'; p++)
			;
		return p == close ? close + 1 : NULL;
	}
	if (n >= sizeof(text))
		return NULL;
	memcpy(text, p, n);
	text[n] = '\0';
	return strlen(text) == n && inet_pton(AF_INET6, text, &addr) == 1 ? close + 1 : NULL;
}

/* [userinfo @] host [: port], up to / ? # or the end. */
static const char *
uri_authority(const char *p, const char *end)
{
	const char *stop = p, *at;

	while (stop < end && *stop != '/' && *stop != '?' && *stop != '#')
		stop++;
	at = memchr(p, '@', (size_t)(stop - p));
	if (at != NULL) {
		while (p != NULL && p < at)
			if ((p = uri_run(p, at, REGNAME)) != NULL && p < at && *p++ != ':')
				return NULL;
		if (p == NULL)
			return NULL;
		p = at + 1;
	}
	p = p < stop && *p == '[' ? uri_literal(p + 1, stop) : uri_run(p, stop, REGNAME);
	if (p != NULL && p < stop && *p == ':')
		for (p++; p < stop && is(*p, DIGIT); p++)
			;
	return p == stop ? p : NULL;
}

static bool
uri(struct ce_str s, bool absolute)
{
	const char *p = s.p, *end, *colon = p;

	if (s.len == 0)
		return !absolute;
	end = p + s.len;
	while (colon < end && (is(*colon, ALPHA | DIGIT) ||
	    *colon == '+' || *colon == '-' || *colon == '.'))
		colon++;
	if (colon < end && *colon == ':' && is(*p, ALPHA))
		p = colon + 1;
	else if (absolute)
		return false;
	else { /* RFC 3986 4.2: no colon in the first segment without a scheme */
		colon = uri_run(p, end, REGNAME | PCHAR);
		if (colon == NULL || memchr(p, ':', (size_t)(colon - p)) != NULL)
			return false;
	}
	if (end - p >= 2 && p[0] == '/' && p[1] == '/' &&
	    (p = uri_authority(p + 2, end)) == NULL)
		return false;
	/* the path, then the query: a ? is in the set of both, as is / */
	p = uri_run(p, end, REGNAME | PCHAR | QUERY);
	if (p != NULL && p < end && *p == '#')
		p = uri_run(p + 1, end, REGNAME | PCHAR | QUERY);
	return p == end;
}

const char *
ce_check_uri(struct ce_str s)
{
	return uri(s, true) ? NULL : NO_URI;
}

const char *
ce_check_uriref(struct ce_str s)
{
	return uri(s, false) ? NULL : NO_REF;
}

const char *
ce_check_time(struct ce_str s)
{
	struct timespec ts;

	return ce_time_parse(s, &ts) ? NULL : "not an RFC 3339 timestamp";
}

/* ---- RFC 2046 ---- */

static const char *
token(const char *p, const char *end)
{
	const char *start = p;

	while (p < end && is(*p, TOKEN))
		p++;
	return p == start ? NULL : p;
}

static const char *
blanks(const char *p, const char *end)
{
	while (p < end && (*p == ' ' || *p == '\t'))
		p++;
	return p;
}

/* p is behind the opening quote. */
static const char *
quoted(const char *p, const char *end)
{
	for (; p < end && *p != '"'; p++) {
		if (*p == '\\' && ++p == end)
			return NULL;
		if ((unsigned char)(*p - ' ') >= 0x7f - ' ' && *p != '\t')
			return NULL;
	}
	return p < end ? p + 1 : NULL;
}

const char *
ce_check_mediatype(struct ce_str s)
{
	const char *p = s.p, *end;

	if (s.len == 0)
		return NO_TYPE;
	if (ce_str_is(s, "application/json"))
		return NULL;
	end = p + s.len;
	if ((p = token(p, end)) == NULL || p == end || *p != '/' ||
	    (p = token(p + 1, end)) == NULL)
		return NO_TYPE;
	while (p < end) {
		p = blanks(p, end);
		if (p == end || *p != ';')
			return NO_TYPE;
		p = token(blanks(p + 1, end), end);
		if (p == NULL || p == end || *p++ != '=')
			return NO_TYPE;
		p = p < end && *p == '"' ? quoted(p + 1, end) : token(p, end);
		if (p == NULL)
			return NO_TYPE;
	}
	return NULL;
}

/* ---- by attribute ---- */

/* Most events of a stream share their source, their schema, their content type:
 * what was found valid last is known again. */
static struct {
	char p[96];
	size_t len;
} last[CE_NAT];

static inline bool
valid_before(enum ce_at which, struct ce_str value)
{
	return value.len == last[which].len && value.len > 0 &&
	    memcmp(value.p, last[which].p, value.len) == 0;
}

static const char *
remember(enum ce_at which, struct ce_str value, const char *why)
{
	if (why == NULL && value.len <= sizeof(last[which].p)) {
		memcpy(last[which].p, value.p, value.len);
		last[which].len = value.len;
	}
	return why;
}

const char *
ce_check_core(enum ce_at which, struct ce_str value)
{
	if (valid_before(which, value))
		return NULL;
	switch (which) {
	case CE_AT_SPECVERSION:
		return ce_str_is(value, "1.0") ? NULL :
		    value.len == 0 ? "must not be empty" : "unsupported version, must be \"1.0\"";
	case CE_AT_ID: case CE_AT_TYPE: case CE_AT_SUBJECT:
		return value.len > 0 ? NULL : "must not be empty";
	case CE_AT_SOURCE:
		return value.len > 0 ? remember(which, value, ce_check_uriref(value)) : "must not be empty";
	case CE_AT_DATASCHEMA:
		return value.len > 0 ? remember(which, value, ce_check_uri(value)) : "must not be empty";
	case CE_AT_TIME:
		return ce_check_time(value);
	case CE_AT_DATACONTENTTYPE:
		return remember(which, value, ce_check_mediatype(value));
	default:
		return NULL;
	}
}

const char *
ce_check_attr(struct ce_str name, struct ce_str value)
{
	int which = ce_at_find(name);
	const char *why;

	if (which == CE_AT_ACKTO)
		return NULL;
	if (which == CE_AT_DATA_BASE64)
		return "not an attribute";
	if ((why = ce_check_name(name)) != NULL || (why = ce_check_string(value)) != NULL)
		return why;
	return which < 0 ? NULL : ce_check_core((enum ce_at)which, value);
}
