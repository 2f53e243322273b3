/* trace.c -- W3C Trace Context, the two headers as attributes.
 *
 * Keys of tracestate are taken by the rule of level 2, which allows what level 1
 * does and a little more.
 * SPDX-License-Identifier: Apache-2.0 */

#include <string.h>
#include "trace.h"

#define MEMBERS 32 /* of tracestate */

static bool
digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool
lower(char c)
{
	return c >= 'a' && c <= 'z';
}

/* n lower-case hexadecimal digits; zero: whether they are all 0. */
static bool
hex(const char *p, size_t n, bool *zero)
{
	*zero = true;
	for (size_t i = 0; i < n; i++) {
		if (!digit(p[i]) && !(p[i] >= 'a' && p[i] <= 'f'))
			return false;
		*zero = *zero && p[i] == '0';
	}
	return true;
}

const char *
trace_parent(struct ce_str s)
{
	bool no_trace, no_parent, zero;

	if (s.len < 55 || s.p[2] != '-' || s.p[35] != '-' || s.p[52] != '-' ||
	    !hex(s.p, 2, &zero) || !hex(s.p + 3, 32, &no_trace) ||
	    !hex(s.p + 36, 16, &no_parent) || !hex(s.p + 53, 2, &zero))
		return "not a W3C traceparent (00-TRACE-PARENT-FLAGS in lower-case hex)";
	if (memcmp(s.p, "ff", 2) == 0)
		return "version ff is not allowed (W3C Trace Context)";
	if (s.len > 55 && (memcmp(s.p, "00", 2) == 0 || s.p[55] != '-'))
		return "not a W3C traceparent: too long";
	if (no_trace)
		return "the trace id must not be all zeros (W3C Trace Context)";
	return no_parent ? "the parent id must not be all zeros (W3C Trace Context)" : NULL;
}

static bool
key_ok(const char *p, size_t n)
{
	if (n == 0 || n > 256 || !(lower(*p) || digit(*p)))
		return false;
	for (size_t i = 1; i < n; i++)
		if (!lower(p[i]) && !digit(p[i]) && (p[i] == '\0' || strchr("_-*/@", p[i]) == NULL))
			return false;
	return true;
}

static bool
value_ok(const char *p, size_t n)
{
	if (n == 0 || n > 256 || p[n - 1] == ' ')
		return false;
	for (size_t i = 0; i < n; i++)
		if (p[i] < ' ' || p[i] > '~' || p[i] == ',' || p[i] == '=')
			return false;
	return true;
}

static struct ce_str
trim(const char *p, const char *end)
{
	while (p < end && (*p == ' ' || *p == '\t'))
		p++;
	while (p < end && (end[-1] == ' ' || end[-1] == '\t'))
		end--;
	return (struct ce_str){ p, (size_t)(end - p) };
}

const char *
trace_state(struct ce_str s)
{
	struct ce_str keys[MEMBERS];
	const char *p = s.p, *end = p + s.len;
	int n = 0;

	for (const char *comma = p; p <= end && comma != NULL; p = comma + 1) {
		struct ce_str m;
		const char *eq;
		size_t key;

		comma = memchr(p, ',', (size_t)(end - p));
		m = trim(p, comma != NULL ? comma : end);
		if (m.len > 0) {
			if ((eq = memchr(m.p, '=', m.len)) == NULL)
				return "not a W3C tracestate (key=value,key=value)";
			key = (size_t)(eq - m.p);
			if (!key_ok(m.p, key) || !value_ok(eq + 1, m.len - key - 1))
				return "not a W3C tracestate (key=value,key=value)";
			if (n == MEMBERS)
				return "more than 32 members (W3C Trace Context)";
			for (int i = 0; i < n; i++)
				if (keys[i].len == key && memcmp(keys[i].p, m.p, key) == 0)
					return "a key is there twice (W3C Trace Context)";
			keys[n++] = (struct ce_str){ m.p, key };
		}
		if (comma == NULL)
			break;
	}
	return NULL; /* an empty one says nothing, and is allowed */
}
