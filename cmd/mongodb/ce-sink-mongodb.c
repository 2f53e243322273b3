/* ce-sink-mongodb -- write events to collections of MongoDB
 *
 * The reply to a bulk write is the delivery, and each document's part of it the
 * verdict of its event.  If that reply is lost the batch is written again, and what
 * is there already is found by its _id.
 * SPDX-License-Identifier: Apache-2.0 */

#include <stdlib.h>
#include <string.h>
#include "sink.h"

#define AT_ONCE 10000 /* documents at most that are surely one command */

struct sink_conf sink_conf = { .op = "insert" };

static const struct ce_opt opts[] = {
	CE_TEMPLATE('c', "coll", &sink_conf.coll, "template", "collection to write to"),
	CE_FLAG(0, "data-only", &sink_conf.data_only, "store the data as the document, not the event"),
	CE_TEMPLATE('d', "db", &sink_conf.db, "template", "database (default: that of the URL)"),
	CE_TEMPLATE('k', "key", &sink_conf.key, "template", "the _id (default: of source and id)"),
	CE_STR('o', "op", &sink_conf.op, "template", "what to do: insert, upsert, replace or delete"),
	CE_FLAG(0, "unordered", &sink_conf.unordered, "let the server write those of a batch in any order"),
	CE_GROUP(mongodb_opts),
	CE_END
};

static const struct ce_program program = {
	"ce-sink-mongodb", "write events to collections of MongoDB", CE_SINK, opts, NULL, 0, 0,
	CE_USE_BATCH | CE_USE_TIMEOUT
};

static struct ce_event **evs;
static struct write *writes, **group;
static struct outcome *outcomes;

/* False: nothing behind it may be written before it. */
static bool
settle(struct ce_event *ev, const struct outcome *o)
{
	enum ce_verdict v = o->v;

	if (v == CE_LATER && o->why != NULL)
		ce_later("%s", o->why);
	else if (v == CE_NEVER)
		ce_never("%s", o->why);
	else if (v == CE_FATAL)
		ce_fatal(o->code, "%s", o->why);
	ce_settle(ev, v);
	return v == CE_TAKEN || (v == CE_NEVER && ce_conf.dead_letter != NULL) ||
	    (v == CE_LATER && sink_conf.unordered);
}

/* Replaces and deletes are commands of their own, and the reply to a bulk write of two
 * commands does not tell what became of the second when the first had errors. */
static bool
alike(const struct write *a, const struct write *b)
{
	return a->op == b->op && strcmp(a->coll.p, b->coll.p) == 0 && strcmp(a->db.p, b->db.p) == 0;
}

/* From the first on that is not settled, those that go to the same collection: the
 * ones right behind it, or all of them where order is free. */
static int
choose(int first, int n)
{
	int i, k = 0;

	for (i = first; i < n && k < AT_ONCE; i++) {
		if (writes[i].ev == NULL)
			continue;
		if (writes[i].why == NULL && alike(&writes[i], &writes[first]))
			group[k++] = &writes[i];
		else if (!sink_conf.unordered)
			break;
	}
	return k;
}

/* False: what is left of the batch has to wait. */
static bool
write_group(int k)
{
	bool on = true;
	int i;

	bulk_write(group, outcomes, k);
	for (i = 0; i < k; i++) {
		if (on && (outcomes[i].v != CE_LATER || outcomes[i].why != NULL)) {
			on = settle(group[i]->ev, &outcomes[i]);
			group[i]->ev = NULL;
		}
		free(outcomes[i].why);
	}
	return on;
}

static void
deliver(int n)
{
	struct outcome never = { CE_NEVER, NULL, 0, false };
	bool on = true;
	int i;

	for (i = 0; i < n; i++)
		make_write(&writes[i], evs[i]);
	for (i = 0; i < n && on; i++) {
		if (writes[i].why != NULL) {
			never.why = writes[i].why;
			on = settle(writes[i].ev, &never);
			writes[i].ev = NULL;
		}
		while (on && writes[i].ev != NULL)
			on = write_group(choose(i, n));
	}
	for (i = 0; i < n; i++) {
		if (writes[i].ev != NULL)
			ce_settle(writes[i].ev, CE_LATER);
		make_free(&writes[i]);
	}
}

int
main(int argc, char *argv[])
{
	int code, n;

	ce_conf.batch = 1000;
	ce_conf.timeout = 30000;
	ce_start(argc, argv, &program);
	mongodb_check("ce-sink-mongodb");
	make_check();
	n = (int)ce_conf.batch;
	evs = ce_alloc((size_t)n * sizeof(struct ce_event *));
	writes = ce_alloc((size_t)n * sizeof(*writes));
	group = ce_alloc((size_t)n * sizeof(struct write *));
	outcomes = ce_alloc((size_t)n * sizeof(*outcomes));
	while ((n = ce_batch(evs, (int)ce_conf.batch)) > 0)
		deliver(n);
	code = ce_finish();
	bulk_close();
	return code;
}
