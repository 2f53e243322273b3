/* src.h -- what the files of ce-src-kafka share.
 * SPDX-License-Identifier: Apache-2.0 */

#ifndef SRC_H
#define SRC_H

#include "kafka.h"

struct src_conf {
	const char *group, *offset, *source, *type, *ctype;
	struct ce_list topics, partitions;
	bool envelope, uncommitted;
	long revoke_wait;
};
extern struct src_conf src_conf;

/* A partition that is read, or was. */
struct part {
	char *topic;
	int32_t n;
	bool mine;    /* it is read */
	bool leaving; /* it is going to be given away */
	bool over;    /* --until-end: its end was met */
	int64_t end;  /* --until-end: of the first record that is not wanted; -1: not known */
	int64_t next; /* all before it was emitted, or is none of our business */
	int64_t done; /* all before it is finished; -1: not known */
	int64_t kept; /* committed, or in the state */
	long open;    /* emitted and not finished */
	unsigned era; /* how often it was taken and given away */
};

/* ---- part.c: the partitions, and what is open of them ---- */

struct part *part_get(const char *topic, int32_t n); /* made when it is new */
struct part *part_nth(int i); /* NULL: there are no more */
void part_take(struct part *p, int64_t next); /* it is read from now on */
void part_drop(struct part *p);               /* it is read no more; what is open is forgotten */
/* The event that is emitted now is this record's. */
void part_emits(struct part *p, int64_t offset);
void part_settled(void *token, enum ce_verdict v); /* for ce_emit */
void part_at_end(struct part *p, int64_t offset);
bool part_all_over(void);
void part_ask_leaders(void); /* the leaders of all of them get a request, which is not waited for */

/* ---- consume.c: records from librdkafka ---- */

void consume_start(void);
/* The next record that is wanted, or NULL.  It is the caller's. */
rd_kafka_message_t *consume_next(struct part **p);
bool consume_over(void);
void consume_forget(void); /* records of partitions that are no longer read */
int consume_finish(int code);
/* Before the first record, an error is the end. */
void consume_failed(enum ce_verdict v);
extern rd_kafka_t *consumer;
extern rd_kafka_queue_t *records;
void find_end(struct part *p); /* for --until-end */

/* ---- group.c: as a member of a group ---- */

void group_conf(rd_kafka_conf_t *conf);
void group_start(void);
void group_rebalance(rd_kafka_event_t *e);
bool group_commit(void);
void group_released(void); /* nothing is open of a partition that leaves */
void group_leave(void);
bool group_joined(void);

/* ---- alone.c: partitions of one's own choice ---- */

void alone_check(void);
void alone_start(void);
bool alone_commit(void);
void alone_leave(void);

/* ---- event.c: a record as an event ---- */

void event_check(void);
void event_cluster(const char *id);
/* NULL and the event, lent until the next call; or why the record holds none. */
const char *event_of(const rd_kafka_message_t *m, struct ce_event **ev);

/* ---- extra.c: what a record says beside its value, as extensions ---- */

struct extra {
	const char *name;
	struct ce_buf value;
	bool number;
};
/* How many there are, lent until the next call; foreign: key and headers too. */
int extra_of(const rd_kafka_message_t *m, const rd_kafka_headers_t *h, bool foreign, struct extra **list);

#endif
