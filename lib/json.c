/* json.c -- looking into JSON text without building a document
 *
 * Walks checked text by skipping values; text that was not checked gives wrong
 * answers at worst.
 *
 * SPDX-License-Identifier: Apache-2.0 */

#include "scan.h"

/* The first place of a container, past its bracket; NULL: it is empty or none. */
static const char *
enter(struct ce_str text, char open)
{
	const char *end = text.p + text.len, *p = ce_scan_space(text.p, end);

	if (p == end || *p != open)
		return NULL;
	p = ce_scan_space(p + 1, end);
	return p == end || *p == ']' || *p == '}' ? NULL : p;
}

/* The place behind a comma; NULL: there is none. */
static const char *
next(const char *p, const char *end)
{
	p = ce_scan_space(p, end);
	return p < end && *p == ',' ? ce_scan_space(p + 1, end) : NULL;
}

static bool
same_name(struct ce_str raw, struct ce_str name)
{
	struct ce_buf plain = { 0 };
	bool same;

	if (raw.len == 0 || memchr(raw.p, '\\', raw.len) == NULL)
		return raw.len == name.len && (raw.len == 0 || memcmp(raw.p, name.p, raw.len) == 0);
	ce_json_unescape(&plain, raw.p, raw.len);
	same = plain.len == name.len && memcmp(plain.p, name.p, name.len) == 0;
	ce_buf_free(&plain);
	return same;
}

/* Of members of one name the last is meant, as everywhere in practice. */
static bool
member(struct ce_str object, struct ce_str name, struct ce_str *value)
{
	const char *end = object.p + object.len, *p = enter(object, '{'), *q;
	bool found = false;

	for (; p != NULL && p < end && *p == '"'; p = next(q, end)) {
		struct ce_str raw = { p + 1, 0 };

		p = ce_scan_quote(raw.p, end);
		raw.len = (size_t)(p - raw.p);
		p = ce_scan_space(p < end ? p + 1 : end, end);
		p = ce_scan_space(p < end ? p + 1 : end, end);
		if ((q = ce_scan_skip(p, end)) == NULL)
			return false;
		if (same_name(raw, name)) {
			*value = (struct ce_str){ p, (size_t)(q - p) };
			found = true;
		}
	}
	return found;
}

static bool
element(struct ce_str array, struct ce_str index, struct ce_str *value)
{
	const char *end = array.p + array.len, *p = enter(array, '['), *q;
	size_t want = 0;

	if (index.len == 0 || index.len > 18 || (index.len > 1 && *index.p == '0'))
		return false;
	for (size_t i = 0; i < index.len; i++) {
		if (index.p[i] < '0' || index.p[i] > '9')
			return false;
		want = want * 10 + (size_t)(index.p[i] - '0');
	}
	for (; p != NULL; p = next(q, end)) {
		if ((q = ce_scan_skip(p, end)) == NULL)
			return false;
		if (want-- == 0) {
			*value = (struct ce_str){ p, (size_t)(q - p) };
			return true;
		}
	}
	return false;
}

/* *value becomes its member or element of that name. */
static bool
step_into(struct ce_str *value, struct ce_str name)
{
	return *value->p == '[' ? element(*value, name, value) : member(*value, name, value);
}

bool
ce_json_find(struct ce_str text, struct ce_str path, struct ce_str *value)
{
	const char *end, *p, *stop;

	if (text.len == 0) /* it may have no address then */
		return false;
	end = text.p + text.len;
	p = ce_scan_space(text.p, end);
	if ((stop = ce_scan_skip(p, end)) == NULL)
		return false;
	*value = (struct ce_str){ p, (size_t)(stop - p) };
	if (path.len == 0)
		return true;
	for (;;) {
		const char *dot = memchr(path.p, '.', path.len);
		struct ce_str step = { path.p, dot != NULL ? (size_t)(dot - path.p) : path.len };

		if (!step_into(value, step))
			return false;
		if (dot == NULL)
			return true;
		path.len -= step.len + 1;
		path.p = dot + 1;
	}
}

const char *
ce_json_pointer_check(struct ce_str pointer)
{
	if (pointer.len > 0 && *pointer.p != '/')
		return "a JSON Pointer is empty or begins with /";
	for (size_t i = 0; i < pointer.len; i++)
		if (pointer.p[i] == '~' && (i + 1 == pointer.len ||
		    (pointer.p[i + 1] != '0' && pointer.p[i + 1] != '1')))
			return "in a JSON Pointer ~ is written ~0, and / in a name ~1";
	return ce_utf8_valid(pointer.p, pointer.len) ? NULL : "is not UTF-8";
}

/* ~1 first would make a slash of ~01. */
static struct ce_str
unescape_step(struct ce_buf *tmp, struct ce_str step)
{
	if (step.len == 0 || memchr(step.p, '~', step.len) == NULL)
		return step;
	ce_buf_reset(tmp);
	for (size_t i = 0; i < step.len; i++) {
		if (step.p[i] == '~' && i + 1 < step.len)
			ce_buf_putc(tmp, step.p[++i] == '1' ? '/' : '~');
		else
			ce_buf_putc(tmp, step.p[i]);
	}
	return (struct ce_str){ tmp->p, tmp->len };
}

bool
ce_json_pointer(struct ce_str text, struct ce_str pointer, struct ce_str *value)
{
	const char *p = pointer.p, *end = p + pointer.len, *slash;
	struct ce_buf tmp = { 0 };
	bool found = true;

	if (pointer.len == 0 || text.len == 0)
		return ce_json_find(text, pointer, value);
	value->p = ce_scan_space(text.p, text.p + text.len);
	value->len = (size_t)(text.p + text.len - value->p);
	for (; found && p < end; p = slash) {
		struct ce_str step = { p + 1, 0 };

		slash = memchr(step.p, '/', (size_t)(end - step.p));
		slash = slash != NULL ? slash : end;
		step.len = (size_t)(slash - step.p);
		step = unescape_step(&tmp, step);
		found = step_into(value, step);
	}
	ce_buf_free(&tmp);
	return found;
}

void
ce_json_each(struct ce_str array, void (*fn)(void *arg, struct ce_str element), void *arg)
{
	const char *end, *p, *q;

	if (array.len == 0)
		return;
	end = array.p + array.len;
	for (p = enter(array, '['); p != NULL; p = next(q, end)) {
		if ((q = ce_scan_skip(p, end)) == NULL)
			return;
		fn(arg, (struct ce_str){ p, (size_t)(q - p) });
	}
}

/* A line break between tokens is white space; inside a string there is none. */
const char *
ce_json_line(struct ce_buf *b)
{
	const char *why;
	size_t i, at;

	if (b->len >= 3 && memcmp(b->p, "\xef\xbb\xbf", 3) == 0)
		ce_buf_cut(b, 3);
	if ((why = ce_json_check(b->p, b->len, &at)) != NULL)
		return why;
	for (i = 0; i < b->len; i++)
		if (b->p[i] == '\n' || b->p[i] == '\r')
			b->p[i] = ' ';
	while (b->len > 0 && b->p[b->len - 1] == ' ')
		b->p[--b->len] = '\0';
	ce_buf_cut(b, strspn(b->p, " \t"));
	return NULL;
}
