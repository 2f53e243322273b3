/* transact.c -- batches, each in a transaction: readers that ask for committed records
 * see all of it or nothing.
 * SPDX-License-Identifier: Apache-2.0 */

#include "sink.h"

static bool ready;
static struct ce_event *culprit; /* the first whose record was refused */
static enum ce_verdict fault;
static struct ce_buf why;
static int code;

static void
remember(enum ce_verdict v)
{
	fault = v;
	ce_buf_reset(&why);
	ce_buf_puts(&why, ce_reason());
	code = v == CE_FATAL ? ce_reason_code() : 0;
}

static enum ce_verdict
recall(void)
{
	return fault == CE_FATAL ? ce_fatal(code, "%s", why.p) :
	    fault == CE_NEVER ? ce_never("%s", why.p) : ce_later("%s", why.p);
}

void
transact_report(struct ce_event *ev, rd_kafka_resp_err_t err, const char *topic)
{
	if (err == 0 || err == RD_KAFKA_RESP_ERR__PURGE_QUEUE || err == RD_KAFKA_RESP_ERR__PURGE_INFLIGHT || fault != CE_TAKEN)
		return;
	remember(produce_verdict(err, topic));
	if (fault == CE_NEVER)
		culprit = ev;
}

/* Takes err.  What it means is remembered, unless a record has said more. */
static void
failed(const char *act, rd_kafka_error_t *err)
{
	rd_kafka_resp_err_t e = rd_kafka_error_code(err);

	if (fault == CE_TAKEN || rd_kafka_error_is_fatal(err)) {
		if (rd_kafka_error_is_fatal(err) && e != RD_KAFKA_RESP_ERR__FENCED)
			remember(kafka_trouble(producer(), RD_KAFKA_RESP_ERR__FATAL, ""));
		else
			remember(kafka_verdict(e, act, e == RD_KAFKA_RESP_ERR__TIMED_OUT && *kafka_last() != '\0' ?
			    kafka_last() : rd_kafka_error_string(err)));
	}
	rd_kafka_error_destroy(err);
}

static bool
begin(void)
{
	rd_kafka_error_t *err;

	if (!ready && (err = rd_kafka_init_transactions(producer(), (int)ce_conf.timeout)) != NULL) {
		failed("begin transactions", err);
		return false;
	}
	ready = true;
	if ((err = rd_kafka_begin_transaction(producer())) != NULL) {
		failed("begin a transaction", err);
		return false;
	}
	return true;
}

static void
undo(void)
{
	rd_kafka_error_t *err = rd_kafka_abort_transaction(producer(), (int)ce_conf.timeout);

	if (err != NULL) {
		failed("abort a transaction", err);
		if (fault != CE_FATAL)
			remember(ce_fatal(CE_UNAVAILABLE, "%s", why.p));
	}
}

/* A commit that is only late is asked about once more. */
static void
commit(void)
{
	rd_kafka_error_t *err = rd_kafka_commit_transaction(producer(), (int)ce_conf.timeout);
	bool undone;

	if (err != NULL && rd_kafka_error_is_retriable(err)) {
		rd_kafka_error_destroy(err);
		err = rd_kafka_commit_transaction(producer(), (int)ce_conf.timeout);
	}
	if (err == NULL)
		return;
	undone = rd_kafka_error_txn_requires_abort(err);
	failed("commit a transaction", err);
	if (undone)
		undo();
	else if (fault != CE_FATAL)
		remember(ce_fatal(CE_UNAVAILABLE, "%s: nobody knows whether it is", why.p));
}

/* All of them that are not NULL, or none. */
static void
attempt(struct ce_event **evs, int n)
{
	enum ce_verdict v;
	int i;

	fault = CE_TAKEN;
	culprit = NULL;
	if ((v = produce_state()) != CE_TAKEN)
		remember(v);
	else if (!begin())
		return;
	for (i = 0; i < n && fault == CE_TAKEN; i++)
		if (evs[i] != NULL && (v = produce_record(evs[i])) != CE_TAKEN) {
			remember(v);
			culprit = evs[i];
		}
	if (fault == CE_TAKEN)
		commit();
	else if (v != CE_FATAL)
		undo();
}

/* One that is refused is left out, and the others are tried again; if that is the end,
 * only those before it are. */
void
transact(struct ce_event **evs, int n)
{
	static struct ce_buf refusal;
	int end = n, i;

	for (;;) {
		attempt(evs, end);
		if (fault != CE_NEVER)
			break;
		for (i = 0; evs[i] != culprit; i++)
			;
		if (ce_conf.dead_letter != NULL) {
			ce_settle(evs[i], recall());
			evs[i] = NULL;
			continue;
		}
		end = i;
		ce_buf_reset(&refusal);
		ce_buf_add(&refusal, why.p, why.len);
	}
	for (i = 0; i < end; i++)
		if (evs[i] != NULL)
			ce_settle(evs[i], fault == CE_TAKEN ? CE_TAKEN : recall());
	for (; i < n; i++)
		if (evs[i] != NULL)
			ce_settle(evs[i], i == end && fault == CE_TAKEN ? ce_never("%s", refusal.p) :
			    fault == CE_TAKEN ? ce_later("an event before it was refused") : recall());
}
