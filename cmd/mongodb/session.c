/* session.c -- one connection's reading: a snapshot, a query, a tail, changes.
 *
 * The token of a snapshot is taken before its first document is read, so the changes
 * made meanwhile come after it, and there is no gap.
 * SPDX-License-Identifier: Apache-2.0 */

#include <stdlib.h>
#include <string.h>
#include "src.h"

#define AWAIT 500      /* ms that the server holds a request for changes */
#define AWAIT_END 100  /* with --until-end */
#define HISTORY_LOST 286
#define FATAL_STREAM 280

static mongoc_client_t *client;
static mongoc_collection_t *coll;

static struct item *
make(enum item_kind kind, const struct position *p, const bson_t *doc)
{
	struct item *i = CE_NEW(struct item);

	i->kind = kind;
	i->phase = p->phase;
	i->doc = doc != NULL ? bson_copy(doc) : NULL;
	i->position = position_text(p);
	return i;
}

static void
failed(const struct position *p, const bson_error_t *e, const bson_t *reply)
{
	bool lost = e->domain == MONGOC_ERROR_SERVER && (e->code == HISTORY_LOST || e->code == FATAL_STREAM);
	struct item *i = make(lost ? ITEM_LOST : ITEM_FAILED, p, NULL);

	i->why = mongodb_why(e);
	i->how = mongodb_kind(e, reply);
	reader_push(i);
}

static bool
sound(const struct position *p, const bson_t *doc)
{
	bson_error_t e = { .domain = MONGOC_ERROR_BSON, .message = "the server sent a document that is none" };

	if (extjson_sound(doc))
		return true;
	failed(p, &e, NULL);
	return false;
}

static void
append_json(bson_t *to, const char *name, const char *json)
{
	struct ce_str text = { json, strlen(json) };

	tobson_append(to, name, -1, text);
}

static void
append_start(bson_t *opts, const struct position *p)
{
	struct timespec ts;
	const char *from = src_conf.from;

	if (p->token != NULL)
		BSON_APPEND_DOCUMENT(opts, "startAfter", p->token);
	else if (from != NULL && ce_time_parse((struct ce_str){ from, strlen(from) }, &ts))
		BSON_APPEND_TIMESTAMP(opts, "startAtOperationTime", (uint32_t)ts.tv_sec, 1);
	else if (from != NULL && *from == '{')
		append_json(opts, "startAfter", from);
	else if (from != NULL && strcmp(from, "now") != 0) {
		bson_t token = BSON_INITIALIZER;

		BSON_APPEND_UTF8(&token, "_data", from);
		BSON_APPEND_DOCUMENT(opts, "startAfter", &token);
		bson_destroy(&token);
	}
}

static mongoc_change_stream_t *
watch(const struct position *p)
{
	bson_t pipeline = BSON_INITIALIZER, opts = BSON_INITIALIZER;
	mongoc_change_stream_t *s;
	mongoc_database_t *db;

	if (src_conf.pipeline != NULL)
		append_json(&pipeline, "pipeline", src_conf.pipeline);
	append_start(&opts, p);
	if (src_conf.full_document)
		BSON_APPEND_UTF8(&opts, "fullDocument", "updateLookup");
	BSON_APPEND_INT64(&opts, "maxAwaitTimeMS", ce_conf.until_end ? AWAIT_END : AWAIT);
	if (coll != NULL)
		s = mongoc_collection_watch(coll, &pipeline, &opts);
	else {
		db = mongoc_client_get_database(client, src_conf.db);
		s = mongoc_database_watch(db, &pipeline, &opts);
		mongoc_database_destroy(db);
	}
	bson_destroy(&pipeline);
	bson_destroy(&opts);
	return s;
}

static bool
is_invalidate(const bson_t *change)
{
	bson_iter_t i;

	return bson_iter_init_find(&i, change, "operationType") && BSON_ITER_HOLDS_UTF8(&i) &&
	    strcmp(bson_iter_utf8(&i, NULL), "invalidate") == 0;
}

/* True: open it anew behind the position, because the stream was closed. */
static bool
changes(struct position *p)
{
	mongoc_change_stream_t *s = watch(p);
	const bson_t *doc, *reply, *token;
	bson_error_t e;
	bool on = true, again = false;

	while (on && !again) {
		if (mongoc_change_stream_next(s, &doc)) {
			if (!(on = sound(p, doc)))
				break;
			position_token(p, mongoc_change_stream_get_resume_token(s));
			again = is_invalidate(doc);
			on = reader_push(make(ITEM_CHANGE, p, doc));
		} else if (mongoc_change_stream_error_document(s, &e, &reply)) {
			failed(p, &e, reply);
			on = false;
		} else {
			if ((token = mongoc_change_stream_get_resume_token(s)) != NULL)
				position_token(p, token);
			on = reader_push(make(ITEM_IDLE, p, NULL));
			if (on && ce_conf.until_end) {
				reader_push(make(ITEM_END, p, NULL));
				on = false;
			}
		}
	}
	mongoc_change_stream_destroy(s);
	return on && again;
}

/* From where on changes follow what is read now. */
static bool
take_token(struct position *p)
{
	mongoc_change_stream_t *s;
	const bson_t *doc, *reply, *token;
	bson_error_t e = { .domain = MONGOC_ERROR_SERVER, .message = "the server gives no token to go on from" };
	bool ok;

	if (p->token != NULL)
		return true;
	s = watch(p);
	if ((token = mongoc_change_stream_get_resume_token(s)) == NULL) {
		mongoc_change_stream_next(s, &doc);
		token = mongoc_change_stream_get_resume_token(s);
	}
	ok = token != NULL;
	if (ok) {
		position_token(p, token);
		ok = reader_push(make(ITEM_IDLE, p, NULL));
	} else if (mongoc_change_stream_error_document(s, &e, &reply))
		failed(p, &e, reply);
	else
		failed(p, &e, NULL);
	mongoc_change_stream_destroy(s);
	return ok;
}

/* {$and: [QUERY, {BY: {$gt: LAST}}]} */
static void
append_query(bson_t *filter, const struct position *p)
{
	bson_t and, one, gt;
	bson_iter_t v;

	BSON_APPEND_ARRAY_BEGIN(filter, "$and", &and);
	BSON_APPEND_DOCUMENT_BEGIN(&and, "0", &one);
	if (p->phase == PHASE_QUERY)
		tobson_members(&one, (struct ce_str){ src_conf.query, strlen(src_conf.query) });
	bson_append_document_end(&and, &one);
	if (p->last != NULL && p->phase != PHASE_TAIL && bson_iter_init_find(&v, p->last, "v")) {
		BSON_APPEND_DOCUMENT_BEGIN(&and, "1", &one);
		BSON_APPEND_DOCUMENT_BEGIN(&one, p->phase == PHASE_QUERY ? src_conf.by : "_id", &gt);
		bson_append_iter(&gt, "$gt", 3, &v);
		bson_append_document_end(&one, &gt);
		bson_append_document_end(&and, &one);
	}
	bson_append_array_end(filter, &and);
}

static mongoc_cursor_t *
find(const struct position *p)
{
	bson_t filter = BSON_INITIALIZER, opts = BSON_INITIALIZER, sort;
	mongoc_cursor_t *c;

	append_query(&filter, p);
	if (p->phase == PHASE_TAIL) {
		BSON_APPEND_BOOL(&opts, "tailable", true);
		BSON_APPEND_BOOL(&opts, "awaitData", true);
	} else {
		BSON_APPEND_DOCUMENT_BEGIN(&opts, "sort", &sort);
		bson_append_int32(&sort, p->phase == PHASE_QUERY ? src_conf.by : "_id", -1, 1);
		bson_append_document_end(&opts, &sort);
	}
	c = mongoc_collection_find_with_opts(coll, &filter, &opts, NULL);
	if (p->phase == PHASE_TAIL)
		mongoc_cursor_set_max_await_time_ms(c, ce_conf.until_end ? AWAIT_END : AWAIT);
	bson_destroy(&filter);
	bson_destroy(&opts);
	return c;
}

static bool
emit(struct position *p, const bson_t *doc)
{
	const char *by = p->phase == PHASE_QUERY ? src_conf.by : "_id";
	bson_iter_t i, v;

	if (!sound(p, doc))
		return false;
	if (!bson_iter_init(&i, doc) || !bson_iter_find_descendant(&i, by, &v))
		return true; /* a document without the field cannot be asked for again */
	position_last(p, &v);
	return reader_push(make(ITEM_DOCUMENT, p, doc));
}

/* True: all that there is was read. */
static bool
documents(struct position *p)
{
	mongoc_cursor_t *c = find(p);
	const bson_t *doc, *reply;
	bson_error_t e;
	bool on = true;

	while (on && mongoc_cursor_next(c, &doc))
		on = emit(p, doc);
	if (on && mongoc_cursor_error_document(c, &e, &reply)) {
		failed(p, &e, reply);
		on = false;
	}
	mongoc_cursor_destroy(c);
	return on;
}

static bool
same(const bson_t *last, const bson_t *doc)
{
	bson_t id = BSON_INITIALIZER;
	bson_iter_t i;
	bool equal;

	if (bson_iter_init_find(&i, doc, "_id"))
		bson_append_iter(&id, "v", 1, &i);
	equal = bson_equal(&id, last);
	bson_destroy(&id);
	return equal;
}

/* A capped collection has the order of insertion and no other: what was read before
 * is passed over, if it is still there.  True: open it anew. */
static bool
tail(struct position *p)
{
	bool skip = p->last != NULL, on = true, any = false;
	bson_t *before = skip ? bson_copy(p->last) : NULL;
	mongoc_cursor_t *c = find(p), *probe;
	const bson_t *doc, *reply;
	bson_error_t e;

	if (skip) { /* is it still there? */
		bson_t q = BSON_INITIALIZER;
		bson_iter_t v;

		if (bson_iter_init_find(&v, before, "v"))
			bson_append_iter(&q, "_id", 3, &v);
		probe = mongoc_collection_find_with_opts(coll, &q, NULL, NULL);
		skip = mongoc_cursor_next(probe, &doc);
		mongoc_cursor_destroy(probe);
		bson_destroy(&q);
	}
	while (on) {
		if (mongoc_cursor_next(c, &doc)) {
			any = true;
			if (skip)
				skip = !same(before, doc);
			else
				on = emit(p, doc);
		} else if (mongoc_cursor_error_document(c, &e, &reply)) {
			failed(p, &e, reply);
			on = false;
		} else {
			if (ce_conf.until_end)
				reader_push(make(ITEM_END, p, NULL));
			if (ce_conf.until_end || !mongoc_cursor_more(c))
				break;
			on = !reader_stopping();
		}
	}
	mongoc_cursor_destroy(c);
	if (before != NULL)
		bson_destroy(before);
	if (on && !any && !ce_conf.until_end)
		reader_pause(AWAIT); /* an empty one has nothing to wait at */
	return on && !ce_conf.until_end;
}

/* Is there a server?  Its answer says best why not. */
static bool
ping(const struct position *p)
{
	bson_t command = BSON_INITIALIZER, reply;
	bson_error_t e;
	bool ok;

	BSON_APPEND_INT32(&command, "ping", 1);
	ok = mongoc_client_command_simple(client, src_conf.db, &command, NULL, &reply, &e);
	if (!ok)
		failed(p, &e, &reply);
	bson_destroy(&command);
	bson_destroy(&reply);
	return ok;
}

void
session_run(struct position *p)
{
	bool on;

	client = mongodb_client(ce_conf.timeout);
	coll = src_conf.coll != NULL ? mongoc_client_get_collection(client, src_conf.db, src_conf.coll) : NULL;
	on = ping(p);
	while (on && !reader_stopping()) {
		switch (p->phase) {
		case PHASE_CHANGES:
			on = changes(p);
			break;
		case PHASE_TAIL:
			on = tail(p);
			break;
		case PHASE_SNAPSHOT:
			if ((on = take_token(p) && documents(p))) {
				p->phase = PHASE_CHANGES;
				position_last(p, NULL);
			}
			break;
		case PHASE_QUERY:
			if ((on = documents(p) && reader_push(make(ce_conf.until_end ? ITEM_END : ITEM_IDLE, p, NULL)) &&
			    !ce_conf.until_end))
				reader_pause(src_conf.every);
		}
	}
	if (coll != NULL)
		mongoc_collection_destroy(coll);
	mongoc_client_destroy(client);
}
