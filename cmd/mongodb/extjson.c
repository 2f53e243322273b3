/* extjson.c -- BSON as MongoDB Extended JSON, version 2.
 *
 * Relaxed or canonical, as its specification has them, without white space.  A server
 * keeps no more than 100 levels; what lies deeper than DEPTH is printed as the bytes
 * that it is, so that no document can exhaust the stack.
 * SPDX-License-Identifier: Apache-2.0 */

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "mongodb.h"

#define DEPTH 200

static void value(struct ce_buf *out, const bson_iter_t *i, bool canonical, int depth);

static void
string(struct ce_buf *out, const char *p, size_t n)
{
	ce_buf_putc(out, '"');
	ce_json_escape(out, p, n);
	ce_buf_putc(out, '"');
}

/* The shortest digits that mean this number, with a mark that it is no integer. */
static void
number(struct ce_buf *out, double d)
{
	char text[40];
	int digits;

	for (digits = 15; digits <= 17; digits++) {
		snprintf(text, sizeof(text), "%.*g", digits, d);
		if (strtod(text, NULL) == d)
			break;
	}
	ce_buf_puts(out, text);
	if (strpbrk(text, ".en") == NULL)
		ce_buf_puts(out, ".0");
}

static void
put_double(struct ce_buf *out, double d, bool canonical)
{
	bool plain = !canonical && isfinite(d);

	if (!plain)
		ce_buf_puts(out, "{\"$numberDouble\":\"");
	if (isfinite(d))
		number(out, d);
	else
		ce_buf_puts(out, isnan(d) ? "NaN" : d > 0 ? "Infinity" : "-Infinity");
	if (!plain)
		ce_buf_puts(out, "\"}");
}

static void
put_int(struct ce_buf *out, int64_t n, const char *type)
{
	if (type != NULL)
		ce_buf_printf(out, "{\"%s\":\"%" PRId64 "\"}", type, n);
	else
		ce_buf_printf(out, "%" PRId64, n);
}

static void
put_date(struct ce_buf *out, int64_t ms, bool canonical)
{
	struct timespec ts = { (time_t)(ms / 1000), (long)(ms % 1000) * 1000000 };
	char text[40];

	if (canonical || ms < 0 || ms > 253402300799999) {
		ce_buf_puts(out, "{\"$date\":");
		put_int(out, ms, "$numberLong");
		ce_buf_putc(out, '}');
	} else {
		ce_time_format(text, sizeof(text), &ts);
		ce_buf_printf(out, "{\"$date\":\"%s\"}", text);
	}
}

static void
put_bytes(struct ce_buf *out, const uint8_t *p, uint32_t n, bson_subtype_t type)
{
	ce_buf_puts(out, "{\"$binary\":{\"base64\":\"");
	ce_base64(out, p, n);
	ce_buf_printf(out, "\",\"subType\":\"%02x\"}}", (unsigned)type);
}

static void
put_binary(struct ce_buf *out, const bson_iter_t *i)
{
	bson_subtype_t type;
	uint32_t n;
	const uint8_t *p;

	bson_iter_binary(i, &type, &n, &p);
	put_bytes(out, p, n, type);
}

static void
put_regex(struct ce_buf *out, const bson_iter_t *i)
{
	const char *options, *pattern = bson_iter_regex(i, &options);

	ce_buf_puts(out, "{\"$regularExpression\":{\"pattern\":");
	string(out, pattern, strlen(pattern));
	ce_buf_puts(out, ",\"options\":");
	string(out, options, strlen(options));
	ce_buf_puts(out, "}}");
}

static void
put_oid(struct ce_buf *out, const bson_oid_t *oid)
{
	char hex[25];

	bson_oid_to_string(oid, hex);
	ce_buf_printf(out, "{\"$oid\":\"%s\"}", hex);
}

static void
put_members(struct ce_buf *out, bson_iter_t *i, bool array, bool canonical, int depth)
{
	bool first = true;

	ce_buf_putc(out, array ? '[' : '{');
	while (bson_iter_next(i)) {
		if (!first)
			ce_buf_putc(out, ',');
		first = false;
		if (!array) {
			string(out, bson_iter_key(i), bson_iter_key_len(i));
			ce_buf_putc(out, ':');
		}
		value(out, i, canonical, depth + 1);
	}
	ce_buf_putc(out, array ? ']' : '}');
}

/* A document or an array, of n bytes. */
static void
put_inner(struct ce_buf *out, const uint8_t *p, uint32_t n, bool array, bool canonical, int depth)
{
	bson_iter_t i;

	if (depth >= DEPTH)
		put_bytes(out, p, n, BSON_SUBTYPE_USER);
	else if (bson_iter_init_from_data(&i, p, n))
		put_members(out, &i, array, canonical, depth);
	else
		ce_buf_puts(out, array ? "[]" : "{}");
}

void
extjson_document(struct ce_buf *out, const bson_t *doc, bool canonical)
{
	put_inner(out, bson_get_data(doc), doc->len, false, canonical, 0);
}

static void
put_code(struct ce_buf *out, const bson_iter_t *i, bool canonical, int depth)
{
	uint32_t n, nscope;
	const uint8_t *scope;
	const char *code;

	if (bson_iter_type(i) == BSON_TYPE_CODE) {
		code = bson_iter_code(i, &n);
		ce_buf_puts(out, "{\"$code\":");
		string(out, code, strlen(code));
		ce_buf_putc(out, '}');
		return;
	}
	code = bson_iter_codewscope(i, &n, &nscope, &scope);
	ce_buf_puts(out, "{\"$code\":");
	string(out, code, strlen(code));
	ce_buf_puts(out, ",\"$scope\":");
	put_inner(out, scope, nscope, false, canonical, depth);
	ce_buf_putc(out, '}');
}

/* Kinds that are of old, or seldom. */
static void
put_rare(struct ce_buf *out, const bson_iter_t *i, bool canonical, int depth)
{
	char text[BSON_DECIMAL128_STRING];
	bson_decimal128_t decimal;
	const bson_oid_t *oid;
	const char *name;
	uint32_t a, b;

	switch (bson_iter_type(i)) {
	case BSON_TYPE_DECIMAL128:
		bson_iter_decimal128(i, &decimal);
		bson_decimal128_to_string(&decimal, text);
		ce_buf_printf(out, "{\"$numberDecimal\":\"%s\"}", text);
		break;
	case BSON_TYPE_TIMESTAMP:
		bson_iter_timestamp(i, &a, &b);
		ce_buf_printf(out, "{\"$timestamp\":{\"t\":%u,\"i\":%u}}", a, b);
		break;
	case BSON_TYPE_REGEX:
		put_regex(out, i);
		break;
	case BSON_TYPE_CODE:
	case BSON_TYPE_CODEWSCOPE:
		put_code(out, i, canonical, depth);
		break;
	case BSON_TYPE_SYMBOL:
		name = bson_iter_symbol(i, &a);
		ce_buf_puts(out, "{\"$symbol\":");
		string(out, name, strlen(name));
		ce_buf_putc(out, '}');
		break;
	case BSON_TYPE_DBPOINTER:
		bson_iter_dbpointer(i, &a, &name, &oid);
		ce_buf_puts(out, "{\"$dbPointer\":{\"$ref\":");
		string(out, name, strlen(name));
		ce_buf_puts(out, ",\"$id\":");
		put_oid(out, oid);
		ce_buf_puts(out, "}}");
		break;
	case BSON_TYPE_MINKEY:
		ce_buf_puts(out, "{\"$minKey\":1}");
		break;
	case BSON_TYPE_MAXKEY:
		ce_buf_puts(out, "{\"$maxKey\":1}");
		break;
	default:
		ce_buf_puts(out, "{\"$undefined\":true}");
	}
}

static void
value(struct ce_buf *out, const bson_iter_t *i, bool canonical, int depth)
{
	const uint8_t *p;
	const char *text;
	uint32_t n;

	switch (bson_iter_type(i)) {
	case BSON_TYPE_UTF8:
		text = bson_iter_utf8(i, &n);
		string(out, text, n);
		break;
	case BSON_TYPE_DOCUMENT:
		bson_iter_document(i, &n, &p);
		put_inner(out, p, n, false, canonical, depth);
		break;
	case BSON_TYPE_ARRAY:
		bson_iter_array(i, &n, &p);
		put_inner(out, p, n, true, canonical, depth);
		break;
	case BSON_TYPE_DOUBLE:
		put_double(out, bson_iter_double(i), canonical);
		break;
	case BSON_TYPE_INT32:
		put_int(out, bson_iter_int32(i), canonical ? "$numberInt" : NULL);
		break;
	case BSON_TYPE_INT64:
		put_int(out, bson_iter_int64(i), canonical ? "$numberLong" : NULL);
		break;
	case BSON_TYPE_BOOL:
		ce_buf_puts(out, bson_iter_bool(i) ? "true" : "false");
		break;
	case BSON_TYPE_NULL:
		ce_buf_puts(out, "null");
		break;
	case BSON_TYPE_OID:
		put_oid(out, bson_iter_oid(i));
		break;
	case BSON_TYPE_DATE_TIME:
		put_date(out, bson_iter_date_time(i), canonical);
		break;
	case BSON_TYPE_BINARY:
		put_binary(out, i);
		break;
	default:
		put_rare(out, i, canonical, depth);
	}
}

void
extjson_value(struct ce_buf *out, const bson_iter_t *i, bool canonical)
{
	value(out, i, canonical, 0);
}

static bool
sound(const uint8_t *p, uint32_t n, int depth)
{
	const uint8_t *inner = NULL;
	bson_iter_t i;
	uint32_t len, ncode;

	if (depth >= DEPTH)
		return true;
	if (!bson_iter_init_from_data(&i, p, n))
		return false;
	for (; bson_iter_next(&i); inner = NULL) {
		if (BSON_ITER_HOLDS_DOCUMENT(&i))
			bson_iter_document(&i, &len, &inner);
		else if (BSON_ITER_HOLDS_ARRAY(&i))
			bson_iter_array(&i, &len, &inner);
		else if (BSON_ITER_HOLDS_CODEWSCOPE(&i))
			bson_iter_codewscope(&i, &ncode, &len, &inner);
		if (inner != NULL && !sound(inner, len, depth + 1))
			return false;
	}
	return i.err_off == 0;
}

bool
extjson_sound(const bson_t *doc)
{
	return sound(bson_get_data(doc), doc->len, 0);
}
