/* src.h -- the parts of ce-src-redis.
 * SPDX-License-Identifier: Apache-2.0 */

#ifndef SRC_H
#define SRC_H

#include "redis.h"

struct src_conf {
	const char *stream, *list, *keyspace;
	struct ce_list channels, patterns;
	const char *group, *consumer, *from, *processing;
	const char *type, *source;
	bool create, rpop;
	long claim_idle, max_deliveries;
};
extern struct src_conf src_conf;

/* What is read: each kind of it is one of these. */
struct reading {
	void (*start)(void); /* connects, or ends the program */
	bool (*next)(void);  /* emits an event; false: there is none now */
	bool (*over)(void);  /* nor will there be: --until-end */
};
extern const struct reading stream_reading, list_reading, channel_reading;

/* ---- src-wrap.c: what is in Redis, as an event ------------------------------- */

void wrap_check(void);
/* Lent until the next call.  NULL: longer than --max-event, and refused with settled
 * and token. */
struct ce_event *wrap_entry(const redisReply *id, const redisReply *fields, ce_settled *settled, void *token);
struct ce_event *wrap_message(const char *kind, struct ce_str name, struct ce_str v, ce_settled *settled,
    void *token);
struct ce_event *wrap_notice(struct ce_str key, struct ce_str what); /* of --keyspace */
long wrap_count(void); /* how many may be asked for at once, by the size of what came */
void wrap_came(bool came); /* a reply; false: the connection broke instead, so smaller ones are asked for */

/* ---- ids.c: entries of a stream that are not finished ------------------------- */

struct id {
	uint64_t ms, seq;
};
bool id_parse(struct id *id, const char *text);
void id_print(char out[48], struct id id);
void ids_add(struct id id);
bool ids_have(struct id id);
void ids_drop(struct id id);
/* While what is pending is asked for, none is forgotten: an entry that the answer holds
 * may be acknowledged, on the other connection, before the answer is here. */
void ids_hold(bool hold);

/* ---- src-ack.c: XACK in bulk ---------------------------------------------------- */

extern struct link teller; /* the connection for all but reading */
/* Told the replies that are not of XACK (true: it keeps r), and NULL when the
 * connection has broken. */
void acks_start(bool (*other)(redisReply *r));
void acks_add(struct id id);
bool acks_commit(void);
bool teller_up(void); /* false: not now */

/* ---- src-batch.c: entries that were read and not yet emitted --------------------- */

struct batch {
	struct batch *next;
	redisReply *r;         /* owns them */
	redisReply **v;        /* [id, [name, value, ...]] each, or nil */
	size_t n, at;
	long long *deliveries; /* of each; NULL: 1 */
	bool *known;           /* of each: it was on its way when it came; NULL: none can be */
	bool lost;             /* given back: they come again */
};
bool entries_sound(const redisReply *v); /* it is a list of entries, as a server that is one sends it */
struct batch *batch_new(redisReply *owner, redisReply *entries, bool again); /* again: see known */
void batch_add(struct batch *b);
struct batch *batch_first(void); /* NULL: there is none */
void batch_drop(void);           /* the first */
void batches_lose(void);
/* Adds it once it is known how often each entry was delivered, where that matters: l
 * is asked then, and its next reply belongs to batch_counted. */
void batch_count(struct link *l, struct batch *b);
bool batch_counting(const struct link *l); /* NULL: of any */
void batch_counted(const redisReply *r);
void batch_uncount(const struct link *l); /* it has broken */

/* ---- src-position.c: what is on its way, and what is finished ---------------------- */

void position_fly(struct id id); /* it is emitted next, with settled */
void position_settled(void *token, enum ce_verdict v);
void position_land(void); /* the last one went elsewhere, and is finished */
void position_start(struct link *l, char after[48]); /* without a group: behind which to begin */

/* ---- src-claim.c: what others have left ---------------------------------------------- */

void claim_start(void);
bool claim_answer(redisReply *r); /* for acks_start */

/* ---- src-stream.c ---------------------------------------------------------------- */

bool stream_idle(void); /* it reads what is new, and has emitted all of it */

#endif
