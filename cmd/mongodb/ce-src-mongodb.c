/* ce-src-mongodb -- print an event for each change in MongoDB
 *
 * The position, a resume token, follows the finished events, so what is read again
 * after a crash is what may not have arrived.
 * SPDX-License-Identifier: Apache-2.0 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "src.h"

#define REST 10000 /* ms between positions of a collection where nothing happens */

struct src_conf src_conf = { .by = "_id", .every = 1000 };

static const struct ce_opt opts[] = {
	CE_STR(0, "by", &src_conf.by, "field", "field that grows, by which --query asks for more"),
	CE_STR('c', "coll", &src_conf.coll, "name", "collection (default: all of the database)"),
	CE_STR('d', "db", &src_conf.db, "name", "database (default: that of the URL)"),
	CE_TIME(0, "every", &src_conf.every, "time", 1, 86400000, "pause between two queries"),
	CE_STR(0, "from", &src_conf.from, "place", "where changes begin: now, a time or a resume token"),
	CE_FLAG(0, "full-document", &src_conf.full_document, "fetch the document of an update"),
	CE_CHOICE(0, "json", &src_conf.json, "relaxed|canonical", "how Extended JSON spells types"),
	CE_CHOICE(0, "on-lost", &src_conf.on_lost, "fail|resync", "what to do when changes are not kept any more"),
	CE_STR(0, "pipeline", &src_conf.pipeline, "json", "aggregation stages for the changes, an array"),
	CE_STR(0, "query", &src_conf.query, "json", "ask for documents again and again, without changes"),
	CE_FLAG(0, "snapshot", &src_conf.snapshot, "begin with the documents that are there"),
	CE_STR(0, "source", &src_conf.source, "uri", "source of the events (default: server, database, collection)"),
	CE_FLAG(0, "tail", &src_conf.tail, "follow a capped collection, without changes"),
	CE_FLAG(0, "wrap", &src_conf.wrap, "wrap documents that are events, too"),
	CE_GROUP(mongodb_opts),
	CE_END
};

static const struct ce_program program = {
	"ce-src-mongodb", "print an event for each change in MongoDB", CE_SOURCE, opts, NULL, 0, 0,
	CE_USE_COMMIT | CE_USE_STATE | CE_USE_END | CE_USE_DEAD | CE_USE_TIMEOUT | CE_USE_AGAIN
};

static struct ce_state *state;
static char *finished; /* the position behind all that is finished */
static bool kept;      /* there is a position in the file */
static struct ce_again again;
static bool begun;
static struct ce_timer rest;

static bool
commit(void)
{
	if (state == NULL || finished == NULL)
		return true;
	kept = ce_state_write(state, finished, strlen(finished)) || kept;
	return kept;
}

static void
settled(void *position, enum ce_verdict v)
{
	if (v == CE_LATER) {
		free(position);
		return;
	}
	free(finished);
	finished = position;
}

static void
rested(void *arg)
{
	(void)arg;
	if (!commit())
		ce_warn("cannot keep the position in %s: %m", ce_conf.state);
}

/* Nothing came, but the position moves on: it must not fall out of the history. */
static void
idle(struct item *i)
{
	if (ce_unfinished() > 0)
		return;
	free(finished);
	finished = i->position;
	i->position = NULL;
	if (!kept)
		rested(NULL);
	else if (rest.due == 0)
		ce_timer(&rest, REST);
}

static void
go(void *arg)
{
	(void)arg;
	reader_go(false);
}

/* What is wrong at the beginning is likely to be wrong here. */
static void
failed(const struct item *i)
{
	const char *db = src_conf.db, *coll = src_conf.coll != NULL ? src_conf.coll : "*";
	int code = i->how == MONGODB_DENIED ? CE_NOPERM : i->how == MONGODB_OTHER ? CE_CONFIG : CE_UNAVAILABLE;
	bool passes = i->how == MONGODB_LATER || (i->how == MONGODB_GONE && begun);

	ce_again(&again, passes ? ce_later("cannot read %s.%s: %s", db, coll, i->why) :
	    ce_fatal(code, "cannot read %s.%s: %s", db, coll, i->why), go, NULL);
}

static void
lost(const struct item *i)
{
	if (src_conf.on_lost == LOST_RESYNC) {
		ce_warn("the changes behind the position are lost, so %s.%s is read as a whole: %s", src_conf.db,
		    src_conf.coll, i->why);
		reader_go(true);
	} else {
		ce_warn("cannot go on in %s.%s: the changes behind the position are lost: %s", src_conf.db,
		    src_conf.coll != NULL ? src_conf.coll : "*", i->why);
		ce_stop(CE_DATAERR);
	}
}

static void
take(struct item *i)
{
	struct ce_event *ev;

	switch (i->kind) {
	case ITEM_CHANGE:
	case ITEM_DOCUMENT:
		if ((ev = wrap_item(i, settled)) != NULL)
			ce_emit(ev, settled, i->position);
		i->position = NULL;
		break;
	case ITEM_IDLE:
		idle(i);
		break;
	case ITEM_FAILED:
		failed(i);
		item_free(i);
		return;
	case ITEM_LOST:
		lost(i);
		break;
	case ITEM_END:
		ce_stop(CE_OK);
	}
	begun = true;
	ce_again_well(&again);
	item_free(i);
}

static void
check_json(const char *name, const char *json, enum ce_kind kind)
{
	bson_t doc = BSON_INITIALIZER;
	struct ce_str s = { json, json != NULL ? strlen(json) : 0 };
	size_t at;

	if (json != NULL && (ce_json_check(json, s.len, &at) != NULL || ce_json_kind(s) != kind ||
	    !tobson_append(&doc, name, -1, s)))
		ce_die(CE_USAGE, "--%s: it is no %s of Extended JSON", name, kind == CE_JARRAY ? "array" : "object");
	bson_destroy(&doc);
}

static void
check_from(void)
{
	const char *from = src_conf.from;
	struct timespec ts;

	if (from == NULL || strcmp(from, "now") == 0)
		return;
	if (*from == '{')
		check_json("from", from, CE_JOBJECT);
	else if (!ce_time_parse((struct ce_str){ from, strlen(from) }, &ts) &&
	    (strlen(from) < 16 || strspn(from, "0123456789abcdefABCDEF") != strlen(from)))
		ce_die(CE_USAGE, "--from %s: neither now, a time (RFC 3339) nor a token", from);
}

static void
check(void)
{
	struct src_conf *c = &src_conf;
	bool documents = c->query != NULL || c->tail;

	mongodb_check("ce-src-mongodb");
	wrap_check();
	if (c->db == NULL && (c->db = mongodb_database()) == NULL)
		ce_die(CE_USAGE, "takes --db, or a database in --url");
	if (c->coll == NULL && (documents || c->snapshot || c->on_lost == LOST_RESYNC))
		ce_die(CE_USAGE, "--snapshot, --query, --tail and --on-lost resync need --coll");
	if (c->snapshot + c->tail + (c->query != NULL) > 1)
		ce_die(CE_USAGE, "--snapshot, --query and --tail exclude each other");
	if (documents && (c->from != NULL || c->pipeline != NULL || c->full_document || c->on_lost != LOST_FAIL))
		ce_die(CE_USAGE, "--from, --pipeline, --full-document and --on-lost are for changes");
	if (c->snapshot && c->from != NULL)
		ce_die(CE_USAGE, "--snapshot and --from exclude each other");
	check_json("pipeline", c->pipeline, CE_JARRAY);
	check_json("query", c->query, CE_JOBJECT);
	check_from();
}

static void
start(void)
{
	struct ce_buf content = { 0 };
	struct position p = { 0 };

	position_start(&p);
	if (ce_conf.state != NULL) {
		ce_on_commit(commit);
		ce_commits();
		state = ce_state_open(ce_conf.state, &content);
		if (content.len > 0 && !position_parse(&p, content.p, content.len))
			ce_die(CE_CONFIG, "%s: it is no position in %s.%s", ce_conf.state, src_conf.db,
			    src_conf.coll != NULL ? src_conf.coll : "*");
		kept = content.len > 0;
	}
	ce_buf_free(&content);
	rest.fn = rested;
	reader_start(&p);
}

int
main(int argc, char *argv[])
{
	struct item *i;
	int code;

	ce_conf.timeout = 30000;
	ce_start(argc, argv, &program);
	check();
	start();
	while (ce_running()) {
		if ((i = reader_next()) != NULL)
			take(i);
		else
			ce_wait(-1);
	}
	code = ce_finish();
	reader_stop();
	free(finished);
	return code;
}
