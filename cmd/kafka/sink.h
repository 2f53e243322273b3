/* sink.h -- what the files of ce-sink-kafka share.
 * SPDX-License-Identifier: Apache-2.0 */

#ifndef SINK_H
#define SINK_H

#include "kafka.h"

enum { MODE_STRUCTURED, MODE_BINARY };

struct sink_conf {
	struct ce_template *topic, *key;
	const char *transactional_id;
	struct ce_list headers;
	int mode;
	bool tombstone;
};
extern struct sink_conf sink_conf;

/* ---- record.c: an event as a record ---- */

struct record {
	const char *topic;
	struct ce_str key, value; /* p NULL: none */
	bool lent;                /* value lies in the event */
	size_t size;              /* bytes of all, about */
	rd_kafka_headers_t *headers; /* the caller's */
};
void record_check(void);
/* Lent until the next call, but for the headers.  CE_TAKEN, or why it cannot be. */
enum ce_verdict record_make(struct record *r, struct ce_event *ev);

/* ---- partitioner.c: which partition takes a record without a key ---- */

/* Before the producer is made.  batch: bytes of a batch. */
void partitioner_start(rd_kafka_conf_t *conf, size_t batch);
/* A record of so many bytes is produced next. */
void partitioner_record(size_t size);

/* ---- produce.c: records to the brokers, each with its report ---- */

void produce_start(void);
/* Each event is settled when its record was reported. */
void produce(struct ce_event *ev);
void produce_stop(void);
/* For transact.c: the producer, and a record for it.  CE_TAKEN: its report comes. */
rd_kafka_t *producer(void);
enum ce_verdict produce_record(struct ce_event *ev);
/* What an error of a record means. */
enum ce_verdict produce_verdict(rd_kafka_resp_err_t err, const char *topic);
/* What all of them wait for cannot be had: CE_FATAL; else CE_TAKEN. */
enum ce_verdict produce_state(void);

/* ---- transact.c: batches, each in a transaction ---- */

void transact(struct ce_event **evs, int n);
/* produce.c calls it with each report in a transaction. */
void transact_report(struct ce_event *ev, rd_kafka_resp_err_t err, const char *topic);

#endif
