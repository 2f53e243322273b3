/* tobson.c -- JSON text as BSON.
 *
 * The text was checked, so this only takes it apart.  Integers that fit become
 * integers, other numbers doubles; what Extended JSON means is left to the library.
 * SPDX-License-Identifier: Apache-2.0 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "mongodb.h"

#define DEPTH 90 /* a server takes 100 levels, the document itself is some */

struct text {
	const char *p, *end;
	struct ce_buf name, value; /* without their escapes */
};

static bool append(struct text *t, bson_t *doc, struct ce_str name, int depth);

static void
space(struct text *t)
{
	while (t->p < t->end && (*t->p == ' ' || *t->p == '\t' || *t->p == '\r' || *t->p == '\n'))
		t->p++;
}

/* The string that begins here, in buf if it has escapes. */
static struct ce_str
string(struct text *t, struct ce_buf *buf)
{
	const char *from = ++t->p;
	bool escaped = false;
	size_t n;

	for (; *t->p != '"'; t->p++)
		if (*t->p == '\\') {
			escaped = true;
			t->p++;
		}
	n = (size_t)(t->p++ - from);
	if (!escaped)
		return (struct ce_str){ from, n };
	ce_buf_reset(buf);
	ce_json_unescape(buf, from, n);
	return (struct ce_str){ buf->p, buf->len };
}

static bool
number(struct text *t, bson_t *doc, struct ce_str name)
{
	const char *from = t->p;
	bool whole = true;
	long long n;

	for (; t->p < t->end && strchr("+-.eE0123456789", *t->p) != NULL && *t->p != '\0'; t->p++)
		if (strchr(".eE", *t->p) != NULL)
			whole = false;
	errno = 0;
	if (whole && (n = strtoll(from, NULL, 10), errno == 0))
		return n >= INT32_MIN && n <= INT32_MAX ?
		    bson_append_int32(doc, name.p, (int)name.len, (int32_t)n) :
		    bson_append_int64(doc, name.p, (int)name.len, n);
	return bson_append_double(doc, name.p, (int)name.len, strtod(from, NULL));
}

static bool
extended(struct text *t, bson_t *doc, struct ce_str name)
{
	struct ce_buf whole = { 0 };
	const char *why;
	bson_t some;
	bson_iter_t i;
	size_t start, n = ce_json_first(t->p, (size_t)(t->end - t->p), &start, &why);
	bool ok = false;

	ce_buf_puts(&whole, "{\"v\":");
	ce_buf_add(&whole, t->p, n);
	ce_buf_putc(&whole, '}');
	t->p += n;
	if (bson_init_from_json(&some, whole.p, (ssize_t)whole.len, NULL)) {
		ok = bson_iter_init_find(&i, &some, "v") && bson_append_iter(doc, name.p, (int)name.len, &i);
		bson_destroy(&some);
	}
	ce_buf_free(&whole);
	return ok;
}

/* Members of one name are in BSON for the taking, but no server need keep them. */
static int
by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static bool
twins(const bson_t *doc)
{
	const char **names;
	bson_iter_t i;
	size_t n = 0, k;
	bool twice = false;

	names = ce_alloc((bson_count_keys(doc) + 1) * sizeof(char *));
	for (bson_iter_init(&i, doc); bson_iter_next(&i);)
		names[n++] = bson_iter_key(&i);
	qsort(names, n, sizeof(char *), by_name);
	for (k = 1; k < n && !twice; k++)
		twice = strcmp(names[k - 1], names[k]) == 0;
	free(names);
	return twice;
}

static bool
members(struct text *t, bson_t *doc, int depth)
{
	struct ce_str name;

	for (t->p++, space(t); *t->p != '}'; space(t)) {
		if (*t->p == ',') {
			t->p++;
			space(t);
		}
		name = string(t, &t->name);
		if (memchr(name.p, '\0', name.len) != NULL)
			return false;
		space(t);
		t->p++; /* : */
		if (!append(t, doc, name, depth))
			return false;
	}
	t->p++;
	return !twins(doc);
}

static bool
elements(struct text *t, bson_t *doc, int depth)
{
	char digits[16];
	const char *key;
	struct ce_str name;
	uint32_t n;

	t->p++;
	space(t);
	for (n = 0; *t->p != ']'; n++, space(t)) {
		if (*t->p == ',')
			t->p++;
		name.len = bson_uint32_to_string(n, &key, digits, sizeof(digits));
		name.p = key;
		if (!append(t, doc, name, depth))
			return false;
	}
	t->p++;
	return true;
}

static bool
is_extended(const struct text *t)
{
	struct text look = *t;

	look.p++;
	space(&look);
	return look.p[0] == '"' && look.p[1] == '$';
}

static bool
append(struct text *t, bson_t *doc, struct ce_str name, int depth)
{
	struct ce_str s;
	bson_t child;
	bool ok;

	space(t);
	if (depth > DEPTH)
		return false;
	switch (*t->p) {
	case '"':
		s = string(t, &t->value);
		return bson_append_utf8(doc, name.p, (int)name.len, s.p, (int)s.len);
	case '{':
		if (is_extended(t))
			return extended(t, doc, name);
		ok = bson_append_document_begin(doc, name.p, (int)name.len, &child) &&
		    members(t, &child, depth + 1);
		return bson_append_document_end(doc, &child) && ok;
	case '[':
		ok = bson_append_array_begin(doc, name.p, (int)name.len, &child) &&
		    elements(t, &child, depth + 1);
		return bson_append_array_end(doc, &child) && ok;
	case 't':
		t->p += 4;
		return bson_append_bool(doc, name.p, (int)name.len, true);
	case 'f':
		t->p += 5;
		return bson_append_bool(doc, name.p, (int)name.len, false);
	case 'n':
		t->p += 4;
		return bson_append_null(doc, name.p, (int)name.len);
	default:
		return number(t, doc, name);
	}
}

static _Thread_local struct text text; /* its buffers are kept */

bool
tobson_append(bson_t *doc, const char *name, int nname, struct ce_str json)
{
	text.p = json.p;
	text.end = json.p + json.len;
	return append(&text, doc, (struct ce_str){ name, nname < 0 ? strlen(name) : (size_t)nname }, 1);
}

bool
tobson_members(bson_t *doc, struct ce_str json)
{
	text.p = json.p;
	text.end = json.p + json.len;
	space(&text);
	return members(&text, doc, 1);
}
