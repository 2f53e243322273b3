/* sink.h -- the parts of ce-sink-mongodb.
 * SPDX-License-Identifier: Apache-2.0 */

#ifndef MONGODB_SINK_H
#define MONGODB_SINK_H

#include "mongodb.h"

struct sink_conf {
	struct ce_template *db, *coll, *key;
	const char *op;
	bool data_only, unordered;
};
extern struct sink_conf sink_conf;

enum op { OP_INSERT, OP_UPSERT, OP_REPLACE, OP_DELETE };

/* What became of a write. */
struct outcome {
	enum ce_verdict v; /* CE_BACK: it was not tried, because of one before it */
	char *why;  /* owned; or NULL */
	int code;   /* of CE_FATAL */
	bool named; /* the reply has an error for it */
};

/* An event as the write that it becomes. */
struct write {
	struct ce_event *ev;
	enum op op;
	struct ce_buf db, coll;
	bson_t id;  /* {_id: ...} */
	bson_t doc; /* of all but deletes */
	bool own;   /* the _id is made of source and id */
	struct outcome out;
};

/* sink-make.c */
void make_check(void);
void make_write(struct write *w, struct ce_event *ev); /* w->out: CE_BACK, or why it cannot */
void make_free(struct write *w);

/* sink-bulk.c: writes n of one kind to one collection, and says what became of each.
 * One thread at a time. */
void bulk_write(struct write **w, int n);
void bulk_close(void);

#endif
