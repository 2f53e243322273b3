/* sink-make.c -- the write that an event becomes.
 *
 * Without --key, _id is "SOURCE ID".  A source holds no space, so two events never
 * share one, and an event that comes again has the same.
 * SPDX-License-Identifier: Apache-2.0 */

#include <stdlib.h>
#include <string.h>
#include "sink.h"

#define LARGEST (16 << 20) /* of a document, by every server */
#define NAMESPACE 255      /* bytes of database and collection, with the dot */

static struct ce_template *op;
static bool json_key;
static struct ce_buf text;

void
make_check(void)
{
	const char *wrong, *db = mongodb_database();

	if (sink_conf.db == NULL && db != NULL && (sink_conf.db = ce_template_new(db, &wrong)) == NULL)
		ce_die(CE_USAGE, "the database of --url: %s", wrong);
	if (sink_conf.db == NULL || sink_conf.coll == NULL)
		ce_die(CE_USAGE, "takes --db, or a database in --url, and --coll");
	if (mongodb_unacknowledged())
		ce_die(CE_USAGE, "--url: w=0 confirms nothing");
	mongodb_journaled();
	if ((op = ce_template_new(sink_conf.op, &wrong)) == NULL)
		ce_die(CE_USAGE, "--op %s: %s", sink_conf.op, wrong);
	if (ce_template_fixed(op) && strcmp(sink_conf.op, "insert") != 0 && strcmp(sink_conf.op, "upsert") != 0 &&
	    strcmp(sink_conf.op, "replace") != 0 && strcmp(sink_conf.op, "delete") != 0)
		ce_die(CE_USAGE, "--op %s: it is none of insert, upsert, replace, delete", sink_conf.op);
	json_key = sink_conf.key != NULL && strncmp(ce_template_text(sink_conf.key), "{{", 2) == 0;
}

static bool CE_PRINTF(2, 3)
cannot(struct write *w, const char *fmt, ...)
{
	struct ce_buf why = { 0 };
	va_list ap;

	va_start(ap, fmt);
	ce_buf_vprintf(&why, fmt, ap);
	va_end(ap);
	w->out.v = CE_NEVER;
	w->out.why = ce_buf_take(&why);
	return false;
}

static bool
fill(struct write *w, struct ce_template *t, const char *opt, enum ce_escape esc, struct ce_buf *out)
{
	const char *missing;

	ce_buf_reset(out);
	if ((missing = ce_template_fill(t, w->ev, esc, out)) != NULL)
		return cannot(w, "--%s needs %s, which it does not have", opt, missing);
	if (memchr(out->p, '\0', out->len) != NULL || !ce_utf8_valid(out->p, out->len))
		return cannot(w, "--%s becomes a name that is no text", opt);
	return true;
}

static bool
make_namespace(struct write *w)
{
	if (!fill(w, sink_conf.db, "db", CE_ESC_NONE, &w->db) || !fill(w, sink_conf.coll, "coll", CE_ESC_NONE, &w->coll))
		return false;
	if (w->db.len == 0 || strpbrk(w->db.p, "/\\. \"$") != NULL)
		return cannot(w, "\"%s\" is no name of a database", w->db.p);
	if (w->coll.len == 0 || strchr(w->coll.p, '$') != NULL || w->coll.p[0] == '.' || w->coll.p[w->coll.len - 1] == '.')
		return cannot(w, "\"%s\" is no name of a collection", w->coll.p);
	if (w->db.len > 63 || w->db.len + w->coll.len + 1 > NAMESPACE)
		return cannot(w, "%.20s...: the name of the collection is too long", w->coll.p);
	return true;
}

static bool
make_op(struct write *w)
{
	if (!fill(w, op, "op", CE_ESC_NONE, &text))
		return false;
	if (strcmp(text.p, "insert") == 0)
		w->op = OP_INSERT;
	else if (strcmp(text.p, "upsert") == 0)
		w->op = OP_UPSERT;
	else if (strcmp(text.p, "replace") == 0)
		w->op = OP_REPLACE;
	else if (strcmp(text.p, "delete") == 0)
		w->op = OP_DELETE;
	else
		return cannot(w, "--op becomes \"%s\", which is none of insert, upsert, replace, delete", text.p);
	return true;
}

static bool
make_key(struct write *w)
{
	struct ce_str source, id;
	size_t at;

	if (sink_conf.key == NULL) {
		ce_attr(w->ev, CE_AT_SOURCE, &source);
		ce_attr(w->ev, CE_AT_ID, &id);
		ce_buf_reset(&text);
		ce_buf_str(&text, source);
		ce_buf_putc(&text, ' ');
		ce_buf_str(&text, id);
		w->own = true;
		return bson_append_utf8(&w->id, "_id", 3, text.p, (int)text.len);
	}
	if (!fill(w, sink_conf.key, "key", json_key ? CE_ESC_JSON : CE_ESC_NONE, &text))
		return false;
	if (!json_key)
		return bson_append_utf8(&w->id, "_id", 3, text.p, (int)text.len);
	if (ce_json_check(text.p, text.len, &at) != NULL ||
	    !tobson_append(&w->id, "_id", 3, (struct ce_str){ text.p, text.len }))
		return cannot(w, "--key becomes %s, which is no Extended JSON", text.p);
	return true;
}

/* The payload; an _id of its own is the key where there is no --key. */
static bool
make_data(struct write *w)
{
	bson_t data = BSON_INITIALIZER;
	bson_iter_t i;
	struct ce_str json;
	bool ok = false;

	if (!ce_data_json(w->ev, &text, &json) || ce_json_kind(json) != CE_JOBJECT)
		cannot(w, "its data is no object, and --data-only stores nothing else");
	else if (!tobson_members(&data, json))
		cannot(w, "its data is no document: too deep, or not Extended JSON");
	else {
		ok = true;
		if (sink_conf.key == NULL && bson_iter_init_find(&i, &data, "_id")) {
			bson_reinit(&w->id);
			bson_append_iter(&w->id, "_id", 3, &i);
			w->own = false;
		}
		bson_concat(&w->doc, &w->id);
		bson_copy_to_excluding_noinit(&data, &w->doc, "_id", NULL);
	}
	bson_destroy(&data);
	return ok;
}

void
make_write(struct write *w, struct ce_event *ev)
{
	w->ev = ev;
	w->out = (struct outcome){ CE_BACK, NULL, 0, false };
	w->own = false;
	bson_init(&w->id);
	bson_init(&w->doc);
	if (!make_namespace(w) || !make_op(w) || !make_key(w) || w->op == OP_DELETE)
		return;
	if (sink_conf.data_only) {
		if (!make_data(w))
			return;
	} else {
		bson_concat(&w->doc, &w->id);
		event_document(ev, &w->doc);
	}
	if (w->doc.len > LARGEST)
		cannot(w, "the document has %u bytes, which is more than 16 MiB", w->doc.len);
}

void
make_free(struct write *w)
{
	free(w->out.why);
	bson_destroy(&w->id);
	bson_destroy(&w->doc);
}
