/* sink.h -- the parts of ce-sink-redis.
 * SPDX-License-Identifier: Apache-2.0 */

#ifndef SINK_H
#define SINK_H

#include "redis.h"

/* ---- sink-command.c: an event as a command --------------------------------- */

struct sink_conf {
	struct ce_template *stream, *list, *publish, *set, *hash;
	const char *maxlen;
	bool fields, left, once;
	long ttl, once_ttl;
	long replicas, wait_timeout;
};
extern struct sink_conf sink_conf;

void command_check(void); /* ends the program on a mistake */
const char *command_verb(void); /* "append to", for messages */
/* Fills the name that ev goes to, lent until the next call; NULL: it has none, and
 * ce_never has said why. */
const struct ce_buf *command_key(struct ce_event *ev);
void command_make(struct link *l, struct ce_event *ev, const struct ce_buf *key);
/* What a new connection has to be told first; CE_TAKEN, or the verdict. */
enum ce_verdict command_prepare(struct link *l);

/* ---- cluster.c: which server has a key ------------------------------------- */

struct node;
int cluster_slot(const struct ce_buf *key);
struct node *cluster_node(int slot);
/* The server that a redirection names ("MOVED SLOT HOST:PORT"), known from then on;
 * NULL: it names none.  moved: it has the slot from now on. */
struct node *cluster_follow(const char *said, const struct node *asked, bool moved);
void cluster_learn(const redisReply *slots, const struct node *asked); /* of CLUSTER SLOTS */
void cluster_failed(const struct node *n); /* ask others for what it had */
void cluster_each(void (*fn)(struct node *n));

/* ---- flight.c: what is on its way ------------------------------------------- */

/* A command that waits for its reply. */
struct op {
	struct ce_event *ev; /* NULL: none of ours, or settled already */
	int hops;            /* redirections that it has followed */
	enum { OP_EVENT, OP_ASKING, OP_SLOTS, OP_WAIT } kind;
};
/* A server, and the commands that it has not answered, oldest first. */
struct node {
	struct link link;
	struct op *ring;
	size_t cap, head, len; /* cap is a power of two */
	size_t answered;       /* of the oldest: they wait only for the replicas */
	bool unsure;           /* commands were written since the last WAIT */
};
void flight_start(void);
void flight_send(struct ce_event *ev); /* settles it, sooner or later */
void flight_join(struct node *n); /* a new one */

/* ---- ring.c -------------------------------------------------------------------- */

struct op *ring_at(struct node *n, size_t i); /* the i-th oldest */
void ring_push(struct node *n, const struct op *op);
struct op ring_shift(struct node *n); /* the oldest, which is none of them any more */

#endif
