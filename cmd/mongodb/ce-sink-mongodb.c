/* ce-sink-mongodb -- write events to collections of MongoDB
 *
 * The reply to a bulk write is the delivery, and each document's part of it the
 * verdict of its event.  If that reply is lost the batch is written again, and what
 * is there already is found by its _id.  While the server writes one batch the next
 * is read and made.
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
	CE_USE_BATCH | CE_USE_AHEAD | CE_USE_TIMEOUT
};

/* A batch; two take turns. */
static struct lot {
	struct ce_event **evs;
	struct write *writes, **group;
	int n;
} lots[2];

static struct lot *ready; /* made, to be written after the one that is */

/* May what is behind it be written? */
static bool
passes(const struct outcome *o)
{
	return o->v == CE_TAKEN || (o->v == CE_NEVER && ce_conf.dead_letter != NULL) ||
	    (o->v == CE_LATER && sink_conf.unordered);
}

/* Replaces and deletes are commands of their own, and the reply to a bulk write of two
 * commands does not tell what became of the second when the first had errors. */
static bool
alike(const struct write *a, const struct write *b)
{
	return a->op == b->op && strcmp(a->coll.p, b->coll.p) == 0 && strcmp(a->db.p, b->db.p) == 0;
}

/* From the first on, those that were not tried and go to the same collection: the
 * ones right behind it, or all of them where order is free. */
static int
choose(struct lot *l, int first)
{
	int i, k = 0;

	for (i = first; i < l->n && k < AT_ONCE; i++) {
		struct write *w = &l->writes[i];

		if (w->out.v == CE_BACK && alike(w, &l->writes[first]))
			l->group[k++] = w;
		else if (!sink_conf.unordered && !passes(&w->out))
			break;
	}
	return k;
}

/* On the thread of its own. */
static void
deliver(void *arg)
{
	struct lot *l = arg;
	bool on = true;
	int i;

	for (i = 0; i < l->n && on; i++) {
		while (on && l->writes[i].out.v == CE_BACK) {
			int k = choose(l, i), j;

			bulk_write(l->group, k);
			for (j = 0; j < k && on; j++)
				on = l->group[j]->out.v == CE_BACK || passes(&l->group[j]->out);
		}
		on = on && passes(&l->writes[i].out);
	}
}

static void
settle(struct ce_event *ev, const struct outcome *o)
{
	if (o->v == CE_LATER)
		ce_later("%s", o->why);
	else if (o->v == CE_NEVER)
		ce_never("%s", o->why);
	else if (o->v == CE_FATAL)
		ce_fatal(o->code, "%s", o->why);
	ce_settle(ev, o->v);
}

static void
give_back(struct lot *l)
{
	int i;

	for (i = 0; i < l->n; i++) {
		ce_settle(l->evs[i], CE_BACK);
		make_free(&l->writes[i]);
	}
}

/* The next one goes before this one is settled: the server waits. */
static void
delivered(void *arg)
{
	struct lot *l = arg, *next = ready;
	int i, n = 0; /* the first that may not be passed */

	while (n < l->n && passes(&l->writes[n].out))
		n++;
	ready = NULL;
	if (next != NULL && n == l->n)
		ce_work(deliver, delivered, next);
	for (i = 0; i < l->n; i++) {
		struct write *w = &l->writes[i];

		if (i > n && w->out.v != CE_TAKEN)
			w->out.v = CE_BACK;
		settle(w->ev, &w->out);
		make_free(w);
	}
	if (next != NULL && n < l->n)
		give_back(next);
}

int
main(int argc, char *argv[])
{
	struct lot *l;
	int code, i;

	ce_conf.batch = 500;
	ce_conf.timeout = 30000;
	ce_start(argc, argv, &program);
	mongodb_check("ce-sink-mongodb");
	make_check();
	for (l = lots; l < lots + 2; l++) {
		l->evs = ce_alloc((size_t)ce_conf.batch * sizeof(struct ce_event *));
		l->writes = ce_alloc((size_t)ce_conf.batch * sizeof(*l->writes));
		l->group = ce_alloc((size_t)ce_conf.batch * sizeof(struct write *));
	}
	for (l = lots; (l->n = ce_batch(l->evs, (int)ce_conf.batch)) > 0; l = l == lots ? lots + 1 : lots) {
		for (i = 0; i < l->n; i++)
			make_write(&l->writes[i], l->evs[i]);
		if (!ce_working()) {
			ce_work(deliver, delivered, l);
			continue;
		}
		ready = l;
		ce_work_wait();
	}
	code = ce_finish();
	bulk_close();
	return code;
}
