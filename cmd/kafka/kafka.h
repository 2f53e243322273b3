/* kafka.h -- what both ends share: how the brokers are reached, and what they say.
 * SPDX-License-Identifier: Apache-2.0 */

#ifndef KAFKA_H
#define KAFKA_H

#include <librdkafka/rdkafka.h>
#include "ce.h"

/* ---- conf.c: options, and properties of librdkafka ---- */

extern const struct ce_opt kafka_opts[]; /* for CE_GROUP */
/* What the options say.  The program sets its own properties first: what the user
 * has given as one stands. */
rd_kafka_conf_t *kafka_conf(void);
/* Unless the user has set it, by -X or -F. */
void kafka_default(rd_kafka_conf_t *conf, const char *name, const char *value);
/* A property on which a promise of the program hangs: the user must not set it. */
void kafka_fixed(rd_kafka_conf_t *conf, const char *name, const char *value);
bool kafka_given(const char *name);
/* Takes conf.  Ends the program if it cannot be. */
rd_kafka_t *kafka_new(rd_kafka_type_t type, rd_kafka_conf_t *conf);
/* Calls fn from the loop when something is in the queue. */
void kafka_watch(rd_kafka_queue_t *q, void (*fn)(void *arg, short revents));
void kafka_woken(void *arg); /* first in fn */

/* ---- oauth.c: tokens of an issuer ---- */

bool kafka_oauth_conf(rd_kafka_conf_t *conf); /* false: not in use */
/* After kafka_new; failed is told what ends the program. */
void kafka_oauth_begin(rd_kafka_t *rk, void (*failed)(enum ce_verdict v));
bool kafka_oauth_lacks(void); /* one is needed, and there was none yet */
void kafka_oauth_end(void);   /* before rd_kafka_destroy */

/* ---- error.c ---- */

struct ce_str kafka_str(const void *p, size_t n);
/* What an error means for the program: CE_FATAL: it cannot go on; else CE_LATER. */
enum ce_verdict kafka_verdict(rd_kafka_resp_err_t err, const char *what, const char *text);
/* An error that belongs to nothing that was asked for: remembered. */
enum ce_verdict kafka_trouble(rd_kafka_t *rk, rd_kafka_resp_err_t err, const char *text);
const char *kafka_last(void); /* trouble; "" when there is none */
/* Such a trouble of one that did answer: told, once; librdkafka goes on trying. */
bool kafka_away(rd_kafka_resp_err_t err);
bool kafka_missed(void);      /* that was told, and none has answered since */
void kafka_well(void);        /* they answer */
bool kafka_met(void);         /* they have, ever */
/* Asks, for ms at most, whether one of them answers. */
bool kafka_ask(rd_kafka_t *rk, int ms);
void kafka_log(const rd_kafka_t *rk, int level, const char *fac, const char *text);

#endif
