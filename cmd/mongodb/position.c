/* position.c -- where the reading goes on, as the text of a state file.
 *
 * One object of canonical Extended JSON, which names the collection it is of.
 * SPDX-License-Identifier: Apache-2.0 */

#include <stdlib.h>
#include <string.h>
#include "src.h"

static const char *const phases[] = { "changes", "snapshot", "query", "tail" };

static void
swap(bson_t **slot, bson_t *with)
{
	if (*slot != NULL)
		bson_destroy(*slot);
	*slot = with;
}

void
position_token(struct position *p, const bson_t *token)
{
	swap(&p->token, token != NULL ? bson_copy(token) : NULL);
}

void
position_last(struct position *p, const bson_iter_t *value)
{
	bson_t *last = NULL;

	if (value != NULL) {
		last = bson_new();
		bson_append_iter(last, "v", 1, value);
	}
	swap(&p->last, last);
}

void
position_start(struct position *p)
{
	p->phase = src_conf.snapshot ? PHASE_SNAPSHOT : src_conf.tail ? PHASE_TAIL :
	    src_conf.query != NULL ? PHASE_QUERY : PHASE_CHANGES;
	position_token(p, NULL);
	position_last(p, NULL);
}

char *
position_text(const struct position *p)
{
	struct ce_buf out = { 0 };
	bson_t doc = BSON_INITIALIZER;

	BSON_APPEND_UTF8(&doc, "of", src_conf.db);
	if (src_conf.coll != NULL)
		BSON_APPEND_UTF8(&doc, "coll", src_conf.coll);
	BSON_APPEND_UTF8(&doc, "phase", phases[p->phase]);
	if (p->token != NULL)
		BSON_APPEND_DOCUMENT(&doc, "token", p->token);
	if (p->last != NULL)
		BSON_APPEND_DOCUMENT(&doc, "last", p->last);
	extjson_document(&out, &doc, true);
	ce_buf_putc(&out, '\n');
	bson_destroy(&doc);
	return ce_buf_take(&out);
}

static bson_t *
member(const bson_t *doc, const char *name)
{
	bson_iter_t i;
	const uint8_t *p;
	uint32_t n;

	if (!bson_iter_init_find(&i, doc, name) || !BSON_ITER_HOLDS_DOCUMENT(&i))
		return NULL;
	bson_iter_document(&i, &n, &p);
	return bson_new_from_data(p, n);
}

static bool
is(const bson_t *doc, const char *name, const char *value)
{
	bson_iter_t i;

	if (!bson_iter_init_find(&i, doc, name) || !BSON_ITER_HOLDS_UTF8(&i))
		return value == NULL;
	return value != NULL && strcmp(bson_iter_utf8(&i, NULL), value) == 0;
}

bool
position_parse(struct position *p, const char *text, size_t n)
{
	bson_t doc;
	int k;
	bool ok;

	if (!bson_init_from_json(&doc, text, (ssize_t)n, NULL))
		return false;
	for (k = 0; k < 4 && !is(&doc, "phase", phases[k]); k++)
		;
	ok = k < 4 && is(&doc, "of", src_conf.db) && is(&doc, "coll", src_conf.coll);
	if (ok) {
		p->phase = (enum phase)k;
		swap(&p->token, member(&doc, "token"));
		swap(&p->last, member(&doc, "last"));
	}
	bson_destroy(&doc);
	return ok;
}
