/* dump.c -- a jq value as JSON text, as jq -c prints it.
 *
 * jv_dump_string appends a byte at a time, and takes longer than the program.
 * SPDX-License-Identifier: Apache-2.0 */

#include <inttypes.h>
#include <math.h>
#include "dump.h"

#define DEEP 10000
#define EXACT 1e15 /* integers below it are the same in any spelling of doubles */

/* jq 1.7 keeps how a number was spelled; 1.6 has no such function. */
int jv_number_has_literal(jv n) __attribute__((weak));

static void
number(struct ce_buf *out, jv v)
{
	double d = jv_number_value(v);
	jv text;

	if (fabs(d) < EXACT && d == (double)(int64_t)d && !(d == 0 && signbit(d)) &&
	    (jv_number_has_literal == NULL || !jv_number_has_literal(v))) {
		ce_buf_printf(out, "%" PRId64, (int64_t)d);
		jv_free(v);
		return;
	}
	text = jv_dump_string(v, 0);
	ce_buf_puts(out, jv_string_value(text));
	jv_free(text);
}

static void
string(struct ce_buf *out, jv v)
{
	ce_buf_putc(out, '"');
	ce_json_escape(out, jv_string_value(v), (size_t)jv_string_length_bytes(jv_copy(v)));
	ce_buf_putc(out, '"');
	jv_free(v);
}

static void value(struct ce_buf *out, jv v, int depth);

static void
array(struct ce_buf *out, jv v, int depth)
{
	int n = jv_array_length(jv_copy(v));

	ce_buf_putc(out, '[');
	for (int i = 0; i < n; i++) {
		if (i > 0)
			ce_buf_putc(out, ',');
		value(out, jv_array_get(jv_copy(v), i), depth + 1);
	}
	ce_buf_putc(out, ']');
	jv_free(v);
}

static void
object(struct ce_buf *out, jv v, int depth)
{
	bool first = true;

	ce_buf_putc(out, '{');
	for (int i = jv_object_iter(v); jv_object_iter_valid(v, i); i = jv_object_iter_next(v, i)) {
		if (!first)
			ce_buf_putc(out, ',');
		first = false;
		string(out, jv_object_iter_key(v, i));
		ce_buf_putc(out, ':');
		value(out, jv_object_iter_value(v, i), depth + 1);
	}
	ce_buf_putc(out, '}');
	jv_free(v);
}

static void
value(struct ce_buf *out, jv v, int depth)
{
	jv_kind kind = depth > DEEP ? JV_KIND_INVALID : jv_get_kind(v);

	if (kind == JV_KIND_NUMBER)
		number(out, v);
	else if (kind == JV_KIND_STRING)
		string(out, v);
	else if (kind == JV_KIND_ARRAY)
		array(out, v, depth);
	else if (kind == JV_KIND_OBJECT)
		object(out, v, depth);
	else {
		ce_buf_puts(out, kind == JV_KIND_NULL ? "null" : kind == JV_KIND_TRUE ? "true" :
		    kind == JV_KIND_FALSE ? "false" : "?");
		jv_free(v);
	}
}

void
dump(struct ce_buf *out, jv v)
{
	value(out, v, 0);
}
