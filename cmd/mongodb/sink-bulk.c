/* sink-bulk.c -- one bulk write, and what its reply says about each document.
 *
 * Without a reply nothing is known, and all come again: _id makes that harmless.
 * An error of the write concern is none of a document, but the server has not
 * promised what it was asked for: they come again, too, and the promise is asked
 * for again with them.
 * SPDX-License-Identifier: Apache-2.0 */

#include <stdlib.h>
#include <string.h>
#include "sink.h"

static mongoc_client_t *client;

void
bulk_close(void)
{
	if (client != NULL)
		mongoc_client_destroy(client);
	client = NULL;
}

static void CE_PRINTF(3, 4)
set(struct outcome *o, enum ce_verdict v, const char *fmt, ...)
{
	struct ce_buf b = { 0 };
	va_list ap;

	va_start(ap, fmt);
	ce_buf_vprintf(&b, fmt, ap);
	va_end(ap);
	free(o->why);
	o->v = v;
	o->why = ce_buf_take(&b);
}

static const char *
place(const struct write *w)
{
	static struct ce_buf b;

	ce_buf_reset(&b);
	ce_buf_printf(&b, "cannot write to %s.%s", w->db.p, w->coll.p);
	return b.p;
}

static mongoc_bulk_operation_t *
gather(mongoc_collection_t *coll, struct write **w, int n, bool ordered)
{
	bson_t how = BSON_INITIALIZER, insert = BSON_INITIALIZER, replace = BSON_INITIALIZER, upsert = BSON_INITIALIZER;
	mongoc_bulk_operation_t *bulk;
	bson_error_t e;
	bool ok = true;
	int i;

	BSON_APPEND_BOOL(&how, "ordered", ordered);
	BSON_APPEND_BOOL(&insert, "validate", false);
	BSON_APPEND_BOOL(&replace, "validate", false);
	BSON_APPEND_BOOL(&upsert, "validate", false);
	BSON_APPEND_BOOL(&upsert, "upsert", true);
	bulk = mongoc_collection_create_bulk_operation_with_opts(coll, &how);
	for (i = 0; i < n && ok; i++) {
		if (w[i]->op == OP_INSERT)
			ok = mongoc_bulk_operation_insert_with_opts(bulk, &w[i]->doc, &insert, &e);
		else if (w[i]->op == OP_DELETE)
			ok = mongoc_bulk_operation_remove_one_with_opts(bulk, &w[i]->id, NULL, &e);
		else
			ok = mongoc_bulk_operation_replace_one_with_opts(bulk, &w[i]->id, &w[i]->doc,
			    w[i]->op == OP_UPSERT ? &upsert : &replace, &e);
	}
	if (!ok)
		ce_bug("a write that the library refuses: %s", e.message);
	bson_destroy(&how);
	bson_destroy(&insert);
	bson_destroy(&replace);
	bson_destroy(&upsert);
	return bulk;
}

/* Is it in the collection already?  Of an _id that others may have, too, the document
 * must be the same. */
static bool
is_there(mongoc_collection_t *coll, const struct write *w)
{
	mongoc_cursor_t *c = mongoc_collection_find_with_opts(coll, &w->id, NULL, NULL);
	const bson_t *doc;
	bool same = mongoc_cursor_next(c, &doc) && (w->own || bson_equal(doc, &w->doc));

	mongoc_cursor_destroy(c);
	return same;
}

static bool
by_id(const bson_t *error, const char *message)
{
	bson_iter_t i, k;

	if (bson_iter_init_find(&i, error, "keyPattern") && bson_iter_recurse(&i, &k))
		return bson_iter_next(&k) && strcmp(bson_iter_key(&k), "_id") == 0 && !bson_iter_next(&k);
	return strstr(message, "index: _id_") != NULL || strstr(message, "$_id_") != NULL;
}

static void
judge(mongoc_collection_t *coll, struct write *w, const bson_t *error)
{
	struct outcome *o = &w->out;
	bson_iter_t i;
	const char *message = "";
	int code = 0;

	if (bson_iter_init_find(&i, error, "errmsg") && BSON_ITER_HOLDS_UTF8(&i))
		message = bson_iter_utf8(&i, NULL);
	if (bson_iter_init_find(&i, error, "code"))
		code = (int)bson_iter_as_int64(&i);
	if (code == MONGOC_ERROR_DUPLICATE_KEY && w->op == OP_UPSERT && by_id(error, message))
		set(o, CE_LATER, "%s: %s", place(w), message); /* two at once: the next finds it */
	else if (code == MONGOC_ERROR_DUPLICATE_KEY && w->op == OP_INSERT &&
	    ((w->own && by_id(error, message)) || is_there(coll, w)))
		o->v = CE_TAKEN;
	else if (code == MONGOC_ERROR_DUPLICATE_KEY && w->op == OP_INSERT && by_id(error, message))
		set(o, CE_NEVER, "%s: another document has its _id: %s", place(w), message);
	else if (mongodb_passes(code))
		set(o, CE_LATER, "%s: %s (%d)", place(w), message, code);
	else if (code == 13) {
		set(o, CE_FATAL, "%s: %s", place(w), message);
		o->code = CE_NOPERM;
	} else
		set(o, CE_NEVER, "%s: %s (%d)", place(w), message, code);
}

/* The place of the first; -1: there are none. */
static int
write_errors(mongoc_collection_t *coll, const bson_t *reply, struct write **w, int n)
{
	bson_iter_t i, each, at;
	const uint8_t *p;
	uint32_t len;
	bson_t error;
	int64_t k;
	int first = -1;

	if (!bson_iter_init_find(&i, reply, "writeErrors") || !BSON_ITER_HOLDS_ARRAY(&i) || !bson_iter_recurse(&i, &each))
		return -1;
	while (bson_iter_next(&each)) {
		if (!BSON_ITER_HOLDS_DOCUMENT(&each))
			continue;
		bson_iter_document(&each, &len, &p);
		if (!bson_init_static(&error, p, len) || !bson_iter_init_find(&at, &error, "index"))
			continue;
		k = bson_iter_as_int64(&at);
		if (k < 0 || k >= n)
			continue;
		judge(coll, w[k], &error);
		w[k]->out.named = true;
		if (first < 0 || k < first)
			first = (int)k;
	}
	return first;
}

/* What it said, or NULL. */
static const char *
concern(const bson_t *reply)
{
	static struct ce_buf b;
	bson_iter_t i, each, at;

	if (!bson_iter_init_find(&i, reply, "writeConcernErrors") || !bson_iter_recurse(&i, &each) ||
	    !bson_iter_next(&each))
		return NULL;
	ce_buf_reset(&b);
	if (bson_iter_recurse(&each, &at) && bson_iter_find(&at, "errmsg") && BSON_ITER_HOLDS_UTF8(&at))
		ce_buf_puts(&b, bson_iter_utf8(&at, NULL));
	return b.p;
}

static void
all(struct write **w, int n, enum ce_verdict v, const bson_error_t *e)
{
	char *why = mongodb_why(e);
	int i;

	for (i = 0; i < n; i++) {
		set(&w[i]->out, v, "%s: %s", place(w[i]), why);
		w[i]->out.code = CE_NOPERM;
	}
	free(why);
}

static void
one_by_one(struct write **w, int n)
{
	int i;

	for (i = 0; i < n; i++) {
		free(w[i]->out.why);
		w[i]->out = (struct outcome){ CE_BACK, NULL, 0, false };
	}
	for (i = 0; i < n; i++) {
		bulk_write(w + i, 1);
		if (w[i]->out.v != CE_TAKEN && !sink_conf.unordered)
			break;
	}
}

/* Fewer documents were inserted than have no error: there are servers that give up a
 * whole insert for one that is not valid. */
static bool
too_few(struct write **w, int n, const bson_t *reply)
{
	bson_iter_t i;
	int k, clean = 0;

	for (k = 0; k < n; k++)
		clean += w[k]->out.v == CE_TAKEN && !w[k]->out.named;
	return w[0]->op == OP_INSERT && bson_iter_init_find(&i, reply, "nInserted") &&
	    bson_iter_as_int64(&i) < clean;
}

static void
failed(struct write **w, int n, const bson_error_t *e, const bson_t *reply)
{
	switch (mongodb_kind(e, reply)) {
	case MONGODB_GONE:
		all(w, n, CE_LATER, e);
		bulk_close(); /* a new one does not wait to try that server again */
		break;
	case MONGODB_LATER:
		all(w, n, CE_LATER, e);
		break;
	case MONGODB_DENIED:
		all(w, n, CE_FATAL, e);
		break;
	case MONGODB_OTHER:
		if (n == 1)
			all(w, n, CE_NEVER, e);
		else
			one_by_one(w, n);
	}
}

/* What follows one that is there already is likely to be there, too: after a crash a
 * whole window comes again.  Then it is not worth a round trip each to stop there. */
static void
run(struct write **w, int n, bool ordered)
{
	mongoc_collection_t *coll = mongoc_client_get_collection(client, w[0]->db.p, w[0]->coll.p);
	mongoc_bulk_operation_t *bulk = gather(coll, w, n, ordered);
	bson_error_t e;
	bson_t reply;
	const char *wc;
	bool ok, rest = false;
	int i, first;

	for (i = 0; i < n; i++)
		w[i]->out = (struct outcome){ CE_TAKEN, NULL, 0, false };
	ok = mongoc_bulk_operation_execute(bulk, &reply, &e) != 0;
	first = write_errors(coll, &reply, w, n);
	wc = concern(&reply);
	mongoc_bulk_operation_destroy(bulk);
	mongoc_collection_destroy(coll);
	for (i = first + 1; first >= 0 && ordered && i < n; i++)
		w[i]->out.v = CE_BACK;
	if (!ok && first < 0 && wc == NULL)
		failed(w, n, &e, &reply);
	else if (n > 1 && too_few(w, n, &reply))
		one_by_one(w, n);
	else if (wc != NULL)
		for (i = 0; i < n; i++) {
			if (w[i]->out.v == CE_TAKEN)
				set(&w[i]->out, CE_LATER, "%s: written, but not as was asked for: %s", place(w[i]), wc);
		}
	else
		rest = ordered && first >= 0 && first + 1 < n && w[first]->out.v == CE_TAKEN;
	bson_destroy(&reply);
	if (rest)
		run(w + first + 1, n - first - 1, false);
}

void
bulk_write(struct write **w, int n)
{
	if (client == NULL)
		client = mongodb_client(ce_conf.timeout);
	run(w, n, !sink_conf.unordered);
}
