/* binary.c -- an event in binary mode: its attributes come one by one, as the headers
 * of a message.
 *
 * Each is checked by the same rules as a line, so that what is made here can always be
 * ended.  Names are compared by their hashes: few of them each with all before it, many
 * (which nobody sends who means well) all at once at the end.
 * SPDX-License-Identifier: Apache-2.0 */

#include <stdlib.h>
#include <string.h>
#include "scan.h"

#define FEW 64

static const char *const required[] = { "specversion", "id", "source", "type" };
#define NREQUIRED (sizeof(required) / sizeof(required[0]))

static const char *prefix; /* of their headers */
static unsigned have;      /* of those that are required */
static uint64_t *hashes;
static size_t n, cap;
static struct ce_buf lower, why;

void
ce_binary_begin(struct ce_draft *d, const char *prefix_)
{
	prefix = prefix_;
	have = 0;
	n = 0;
	ce_draft_begin(d);
}

static const char *
broken(const char *name, size_t len, const char *rule)
{
	ce_buf_reset(&why);
	ce_buf_printf(&why, "header %s", prefix);
	ce_buf_visible(&why, name, len, 60);
	ce_buf_printf(&why, ": %s", rule);
	return why.p;
}

static bool
seen(struct ce_str name)
{
	uint64_t h = 14695981039346656037u;
	size_t i;

	for (i = 0; i < name.len; i++)
		h = (h ^ (unsigned char)name.p[i]) * 1099511628211u;
	for (i = 0; n < FEW && i < n; i++)
		if (hashes[i] == h)
			return true;
	if (n == cap) {
		cap = cap ? 2 * cap : FEW;
		hashes = ce_realloc(hashes, cap * sizeof(*hashes));
	}
	hashes[n++] = h;
	return false;
}

static int
by_value(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static bool
twice(void)
{
	size_t i;

	if (n <= FEW)
		return false;
	qsort(hashes, n, sizeof(*hashes), by_value);
	for (i = 1; i < n; i++)
		if (hashes[i] == hashes[i - 1])
			return true;
	return false;
}

static void
note(struct ce_str name)
{
	size_t i;

	for (i = 0; i < NREQUIRED; i++)
		if (ce_str_is(name, required[i]))
			have |= 1u << i;
}

const char *
ce_binary_set(struct ce_draft *d, struct ce_str name, struct ce_str v, bool bare)
{
	const char *rule;
	size_t i;

	ce_buf_reset(&lower);
	ce_buf_str(&lower, name);
	for (i = 0; i < lower.len; i++)
		if (lower.p[i] >= 'A' && lower.p[i] <= 'Z')
			lower.p[i] |= 0x20;
	name.p = lower.p;
	if (ce_str_is(name, "ackto") || ce_str_is(name, "datacontenttype"))
		return NULL;
	if (ce_str_is(name, "data") || ce_str_is(name, "data_base64"))
		rule = "is not allowed in binary mode";
	else if (v.p == NULL)
		rule = "its value is none that an attribute can have";
	else if ((rule = ce_check_attr(name, v)) == NULL && seen(name))
		rule = "is there twice";
	if (rule != NULL)
		return broken(name.p, name.len, rule);
	note(name);
	bare = bare && ce_at_find(name) < 0;
	if (ce_str_is(name, "specversion"))
		return NULL; /* ce_draft_begin has written it */
	ce_buf_puts(&d->text, ",\"");
	ce_buf_str(&d->text, name);
	ce_buf_puts(&d->text, bare ? "\":" : "\":\"");
	if (bare)
		ce_buf_str(&d->text, v);
	else {
		ce_json_escape(&d->text, v.p, v.len);
		ce_buf_putc(&d->text, '"');
	}
	return NULL;
}

const char *
ce_binary_end(void)
{
	size_t i;

	for (i = 0; i < NREQUIRED; i++)
		if ((have & 1u << i) == 0)
			return broken(required[i], strlen(required[i]), "is required");
	return twice() ? "a header is there twice" : NULL;
}
