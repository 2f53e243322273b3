/* src.h -- the parts of ce-src-mongodb.
 *
 * The library waits for the server in calls that nothing interrupts, so a thread of
 * its own reads; events, positions and acknowledgements are the main one's.
 * SPDX-License-Identifier: Apache-2.0 */

#ifndef MONGODB_SRC_H
#define MONGODB_SRC_H

#include "mongodb.h"

enum { LOST_FAIL, LOST_RESYNC };

struct src_conf {
	const char *db, *coll; /* coll NULL: all of the database */
	const char *from, *pipeline, *query, *by, *source;
	bool full_document, snapshot, tail, wrap;
	int json; /* 0 relaxed, 1 canonical */
	int on_lost;
	long every;
};
extern struct src_conf src_conf;

/* What is read next, and after what.  Its text (position.c) is the state file. */
enum phase { PHASE_CHANGES, PHASE_SNAPSHOT, PHASE_QUERY, PHASE_TAIL };
struct position {
	enum phase phase;
	bson_t *token; /* of changes, also those after a snapshot; NULL: --from */
	bson_t *last;  /* {v: ...}, the field that grows; NULL: from the first on */
};
char *position_text(const struct position *p); /* the caller frees */
bool position_parse(struct position *p, const char *text, size_t n);
void position_start(struct position *p); /* by the options */
void position_token(struct position *p, const bson_t *token);
void position_last(struct position *p, const bson_iter_t *value);

enum item_kind {
	ITEM_CHANGE, ITEM_DOCUMENT,
	ITEM_IDLE,   /* there is nothing more now; position only */
	ITEM_FAILED, /* why, how; the reader rests until reader_go */
	ITEM_LOST,   /* why; the changes behind the position are not there any more */
	ITEM_END     /* with --until-end */
};
struct item {
	enum item_kind kind;
	enum phase phase;
	bson_t *doc;
	char *position; /* when it is finished */
	char *why;
	enum mongodb_kind how;
	size_t size;
	struct item *next;
};

/* reader.c: the main thread's side.  Items wait in memory, a bounded amount. */
void reader_start(const struct position *p); /* came is watched by the loop */
struct item *reader_next(void);              /* NULL: none yet */
void reader_go(bool resync);                 /* after ITEM_FAILED; or, after ITEM_LOST, anew */
void reader_stop(void);
void item_free(struct item *i);

/* session.c: in the reader's thread.  Returns when something failed or at the end. */
void session_run(struct position *p);
bool reader_push(struct item *i); /* waits for room; false: to stop */
bool reader_stopping(void);
void reader_pause(long ms);

/* src-wrap.c: NULL: it was refused, and is settled. */
struct ce_event *wrap_item(const struct item *i, ce_settled *settled);
void wrap_check(void);

#endif
