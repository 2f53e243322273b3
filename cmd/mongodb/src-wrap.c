/* src-wrap.c -- a change, or a document, as an event.
 *
 * Source and id are those of the record: the collection, and the token of the change
 * or the key of the document.  A document that is an event is printed as that.
 * SPDX-License-Identifier: Apache-2.0 */

#include <string.h>
#include "src.h"

static struct ce_draft draft;
static struct ce_buf json;

void
wrap_check(void)
{
	const char *s = src_conf.source, *why;

	if (s != NULL && (why = ce_check_attr((struct ce_str){ "source", 6 }, (struct ce_str){ s, strlen(s) })) != NULL)
		ce_die(CE_USAGE, "--source: %s", why);
}

static bool
find(const bson_t *doc, const char *path, bson_iter_t *v)
{
	bson_iter_t i;

	return bson_iter_init(&i, doc) && bson_iter_find_descendant(&i, path, v);
}

static const char *
text(const bson_t *doc, const char *path)
{
	bson_iter_t v;

	return find(doc, path, &v) && BSON_ITER_HOLDS_UTF8(&v) ? bson_iter_utf8(&v, NULL) : NULL;
}

/* A key as text: what is text or an ObjectId as it is, other types as JSON. */
static void
key(struct ce_buf *out, const bson_iter_t *v)
{
	char hex[25];
	const char *p;
	uint32_t n;

	if (BSON_ITER_HOLDS_UTF8(v)) {
		p = bson_iter_utf8(v, &n);
		ce_buf_add(out, p, n);
	} else if (BSON_ITER_HOLDS_OID(v)) {
		bson_oid_to_string(bson_iter_oid(v), hex);
		ce_buf_puts(out, hex);
	} else
		extjson_value(out, v, false);
}

static void
set_source(const char *db, const char *coll)
{
	struct ce_buf b = { 0 };

	if (src_conf.source != NULL)
		ce_set_str(&draft, "source", src_conf.source, strlen(src_conf.source));
	else {
		ce_buf_printf(&b, "mongodb://%s/%s", mongodb_hosts(), db != NULL ? db : src_conf.db);
		if (coll != NULL)
			ce_buf_printf(&b, "/%s", coll);
		ce_set_uri(&draft, "source", b.p, b.len);
	}
	ce_buf_free(&b);
}

static void
set_subject(const bson_iter_t *v)
{
	ce_buf_reset(&json);
	key(&json, v);
	ce_set_str(&draft, "subject", json.p, json.len);
}

/* The token is what a server likes; an event has to have an id in any case. */
static void
set_token(const bson_t *change)
{
	bson_iter_t v;

	ce_buf_reset(&json);
	if (find(change, "_id._data", &v))
		key(&json, &v);
	if (json.len == 0 && find(change, "_id", &v))
		key(&json, &v);
	if (json.len == 0)
		ce_buf_putc(&json, '-');
	ce_set_str(&draft, "id", json.p, json.len);
}

static void
set_time(const bson_t *change)
{
	bson_iter_t v;
	struct timespec ts = { 0, 0 };
	uint32_t t, n;

	if (find(change, "wallTime", &v) && BSON_ITER_HOLDS_DATE_TIME(&v))
		ts = (struct timespec){ bson_iter_date_time(&v) / 1000, bson_iter_date_time(&v) % 1000 * 1000000 };
	else if (find(change, "clusterTime", &v) && BSON_ITER_HOLDS_TIMESTAMP(&v)) {
		bson_iter_timestamp(&v, &t, &n);
		ts.tv_sec = t;
	}
	if (ts.tv_sec > 0)
		ce_set_time(&draft, "time", &ts);
}

/* All but the token, which is the id. */
static void
set_change(const bson_t *change)
{
	bson_t rest = BSON_INITIALIZER;

	bson_copy_to_excluding_noinit(change, &rest, "_id", NULL);
	ce_buf_reset(&json);
	extjson_document(&json, &rest, src_conf.json == 1);
	ce_set_data(&draft, "application/json", json.p, json.len);
	bson_destroy(&rest);
}

static struct ce_event *
change(const bson_t *doc)
{
	const char *op = text(doc, "operationType");
	bson_iter_t v;

	ce_draft_begin(&draft);
	set_token(doc);
	set_source(text(doc, "ns.db"), text(doc, "ns.coll"));
	ce_set(&draft, "type", "%s", op != NULL && *op != '\0' ? op : "change");
	if (find(doc, "documentKey._id", &v))
		set_subject(&v);
	set_time(doc);
	set_change(doc);
	return ce_draft_end(&draft);
}

/* A document that was found, in the form of a change.  One that a query finds again
 * has another value in the field that grows, which is in its id. */
static struct ce_event *
document(const struct item *i)
{
	static const char *const types[] = { "", "snapshot", "found", "insert" };
	bson_t like = BSON_INITIALIZER, part;
	bson_iter_t id, by;
	struct ce_event *ev;
	struct ce_buf b = { 0 };

	BSON_APPEND_UTF8(&like, "operationType", types[i->phase]);
	BSON_APPEND_DOCUMENT_BEGIN(&like, "ns", &part);
	BSON_APPEND_UTF8(&part, "db", src_conf.db);
	BSON_APPEND_UTF8(&part, "coll", src_conf.coll);
	bson_append_document_end(&like, &part);
	BSON_APPEND_DOCUMENT_BEGIN(&like, "documentKey", &part);
	if (find(i->doc, "_id", &id)) {
		bson_append_iter(&part, "_id", 3, &id);
		key(&b, &id);
	}
	bson_append_document_end(&like, &part);
	BSON_APPEND_DOCUMENT(&like, "fullDocument", i->doc);
	ce_draft_begin(&draft);
	ce_set_str(&draft, "subject", b.p, b.len);
	if (i->phase == PHASE_QUERY && strcmp(src_conf.by, "_id") != 0 && find(i->doc, src_conf.by, &by)) {
		ce_buf_putc(&b, '@');
		key(&b, &by);
	}
	if (b.len == 0)
		ce_buf_puts(&b, "-");
	ce_set_str(&draft, "id", b.p, b.len);
	set_source(src_conf.db, src_conf.coll);
	ce_set(&draft, "type", "%s", types[i->phase]);
	set_change(&like);
	ev = ce_draft_end(&draft);
	ce_buf_free(&b);
	bson_destroy(&like);
	return ev;
}

/* The event that was stored, where it is one. */
static struct ce_event *
stored(const struct item *i)
{
	const char *op;
	bson_iter_t v;
	const uint8_t *p;
	uint32_t n;
	bson_t doc;

	if (src_conf.wrap)
		return NULL;
	if (i->kind == ITEM_DOCUMENT)
		return document_event(i->doc);
	op = text(i->doc, "operationType");
	if (op == NULL || (strcmp(op, "insert") != 0 && strcmp(op, "replace") != 0) ||
	    !find(i->doc, "fullDocument", &v) || !BSON_ITER_HOLDS_DOCUMENT(&v))
		return NULL;
	bson_iter_document(&v, &n, &p);
	return bson_init_static(&doc, p, n) ? document_event(&doc) : NULL;
}

struct ce_event *
wrap_item(const struct item *i, ce_settled *settled)
{
	struct ce_event *ev = stored(i);
	struct ce_buf where = { 0 };

	if (ev == NULL)
		ev = i->kind == ITEM_CHANGE ? change(i->doc) : document(i);
	if (ev->len <= (size_t)ce_conf.max_event)
		return ev;
	ce_buf_printf(&where, "%s.%s", src_conf.db, src_conf.coll != NULL ? src_conf.coll : "*");
	ce_refuse(ev->text, ev->len, where.p, "longer than --max-event", settled, i->position);
	ce_buf_free(&where);
	return NULL;
}
