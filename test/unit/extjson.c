/* extjson.c -- tests of documents as text: of what a server may send
 * needs: cmd/mongodb/extjson.c
 * SPDX-License-Identifier: Apache-2.0 */

#include <stdlib.h>
#include <string.h>
#include "../../cmd/mongodb/mongodb.h"
#include "tap.h"

/* {"a":{"a":...{}}}, so many of them. */
static bson_t *
deep(uint32_t levels)
{
	size_t n = 8 * (size_t)levels + 5;
	uint8_t *p = ce_alloc(n);
	uint32_t i, len;
	bson_t *doc;

	for (i = 0; i <= levels; i++) {
		len = BSON_UINT32_TO_LE(8 * (levels - i) + 5);
		memcpy(p + 7 * (size_t)i, &len, 4);
		if (i < levels)
			memcpy(p + 7 * (size_t)i + 4, "\3a", 3);
	}
	doc = bson_new_from_data(p, n);
	free(p);
	return doc;
}

static char *
text(const bson_t *doc, bool canonical)
{
	struct ce_buf out = { 0 };

	extjson_document(&out, doc, canonical);
	return ce_buf_take(&out);
}

static void
levels(void)
{
	bson_t *doc = deep(2);
	char *s;
	size_t at;

	s = text(doc, false);
	is(s, "{\"a\":{\"a\":{}}}", "what is inside");
	free(s);
	bson_destroy(doc);
	doc = deep(1000000);
	ok(doc != NULL && extjson_sound(doc), "a million levels are a document");
	s = text(doc, false);
	ok(ce_json_check(s, strlen(s), &at) == NULL && strstr(s, "\"$binary\"") != NULL,
	    "they take no stack: those too deep are bytes");
	free(s);
	bson_destroy(doc);
}

static void
unsound(void)
{
	bson_t *doc = deep(3), cut;
	uint8_t *p;
	size_t n = doc->len, i;
	int bad = 0;

	p = memcpy(ce_alloc(n), bson_get_data(doc), n);
	ok(bson_init_static(&cut, p, n) && extjson_sound(&cut), "sound");
	for (i = 4; i + 1 < n; i++) {
		uint8_t was = p[i];

		p[i] = 0x7e; /* no type, and too long */
		if (bson_init_static(&cut, p, n) && !extjson_sound(&cut))
			bad++;
		p[i] = was;
	}
	ok(bad > 10, "what an inner document says of itself is looked at (%d)", bad);
	free(p);
	bson_destroy(doc);
}

static void
numbers(void)
{
	bson_t doc = BSON_INITIALIZER;
	char *s;

	BSON_APPEND_INT32(&doc, "i", 7);
	BSON_APPEND_INT64(&doc, "l", 1LL << 40);
	BSON_APPEND_DOUBLE(&doc, "d", 0.1);
	BSON_APPEND_DATE_TIME(&doc, "t", -1);
	s = text(&doc, false);
	is(s, "{\"i\":7,\"l\":1099511627776,\"d\":0.1,\"t\":{\"$date\":{\"$numberLong\":\"-1\"}}}", "relaxed");
	free(s);
	s = text(&doc, true);
	is(s, "{\"i\":{\"$numberInt\":\"7\"},\"l\":{\"$numberLong\":\"1099511627776\"},"
	    "\"d\":{\"$numberDouble\":\"0.1\"},\"t\":{\"$date\":{\"$numberLong\":\"-1\"}}}", "canonical");
	free(s);
	bson_destroy(&doc);
}

int
main(void)
{
	levels();
	unsound();
	numbers();
	return done();
}
