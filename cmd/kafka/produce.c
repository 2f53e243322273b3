/* produce.c -- records to the brokers, each with its report
 *
 * librdkafka bridges an outage for --timeout and keeps the order.  When it gives a
 * record up, those behind it are taken back as well, and all come again together: so
 * none overtakes another.
 * SPDX-License-Identifier: Apache-2.0 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "sink.h"

static rd_kafka_t *rk;
static rd_kafka_queue_t *reports;
static rd_kafka_topic_t *last_topic;
static long open;              /* records without a report */
static bool draining;          /* nothing is produced until all are back */
static enum ce_verdict drained; /* what becomes of them */
static struct ce_buf why;
static int why_code;
static bool down;              /* it was said that no broker can be reached */
static bool begun;             /* an event has come */
static struct ce_timer doubt;

#define BATCHES 6 /* that are open at most: more is slower, it all goes through the caches */
#define LEAST ((size_t)1 << 20) /* bytes that may be open, however small batches are */
#define DOUBT 500 /* ms after which one looks whether there are brokers at all */

rd_kafka_t *
producer(void)
{
	return rk;
}

/* The verdict that drain was told, with its reason. */
static enum ce_verdict
again(void)
{
	return drained == CE_FATAL ? ce_fatal(why_code, "%s", why.p) : ce_later("%s", why.p);
}

static void
look_whether_drained(void)
{
	if (open == 0 && drained != CE_FATAL)
		draining = false;
}

/* After ce_later or ce_fatal. */
static void
drain(enum ce_verdict v, bool take_back)
{
	if (draining && (drained == CE_FATAL || v != CE_FATAL))
		return;
	draining = true;
	drained = v;
	ce_buf_reset(&why);
	ce_buf_puts(&why, ce_reason());
	why_code = v == CE_FATAL ? ce_reason_code() : 0;
	if (take_back && open > 0)
		rd_kafka_purge(rk, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
}

enum ce_verdict
produce_verdict(rd_kafka_resp_err_t err, const char *topic)
{
	struct ce_buf what = { 0 };
	const char *text = rd_kafka_err2str(err);
	enum ce_verdict v;

	switch (err) {
	case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
	case RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE:
	case RD_KAFKA_RESP_ERR_INVALID_MSG:
	case RD_KAFKA_RESP_ERR_INVALID_MSG_SIZE:
	case RD_KAFKA_RESP_ERR_INVALID_RECORD:
	case RD_KAFKA_RESP_ERR__INVALID_ARG:
	case RD_KAFKA_RESP_ERR__BAD_MSG:
		return ce_never("topic %s does not take it: %s", topic, text);
	case RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION:
	case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
	case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
	case RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION:
		if (ce_template_fixed(sink_conf.topic))
			return ce_fatal(CE_CONFIG, "cannot write to topic %s: %s", topic, text);
		return ce_never("cannot write to topic %s: %s", topic, text);
	case RD_KAFKA_RESP_ERR__FATAL:
		return kafka_trouble(rk, err, text);
	case RD_KAFKA_RESP_ERR__MSG_TIMED_OUT:
		if (*kafka_last() != '\0')
			return ce_later("cannot reach the brokers: %s", kafka_last());
		return ce_later("no report for a record of topic %s within --timeout", topic);
	default:
		ce_buf_printf(&what, "write to topic %s", topic);
		v = kafka_verdict(err, what.p, text);
		ce_buf_free(&what);
		return v;
	}
}

static bool
purged(rd_kafka_resp_err_t err)
{
	return err == RD_KAFKA_RESP_ERR__PURGE_QUEUE || err == RD_KAFKA_RESP_ERR__PURGE_INFLIGHT;
}

static void
report(rd_kafka_t *k, const rd_kafka_message_t *m, void *arg)
{
	const char *topic = rd_kafka_topic_name(m->rkt);
	struct ce_event *ev = m->_private;
	enum ce_verdict v;

	(void)k;
	(void)arg;
	open--;
	if (m->err == 0)
		kafka_well();
	if (sink_conf.transactional_id != NULL) {
		transact_report(ev, m->err, topic);
		return;
	}
	v = m->err == 0 ? CE_TAKEN : purged(m->err) && draining ? drained : produce_verdict(m->err, topic);
	if (v == CE_LATER || v == CE_FATAL) {
		drain(v, true);
		v = again();
	}
	ce_settle(ev, v);
	look_whether_drained();
}

static void
trouble(rd_kafka_t *k, int err, const char *text, void *arg)
{
	enum ce_verdict v = kafka_trouble(k, (rd_kafka_resp_err_t)err, text);

	(void)arg;
	if (v == CE_FATAL && !begun)
		ce_die(ce_reason_code(), "%s", ce_reason());
	if (v == CE_FATAL)
		drain(v, true);
	else if (!kafka_away((rd_kafka_resp_err_t)err) && err == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN) {
		down = true;
		if (open > 0 && sink_conf.transactional_id == NULL)
			drain(v, true);
	}
	look_whether_drained();
}

static void
no_token(enum ce_verdict v)
{
	if (!begun)
		ce_die(ce_reason_code(), "%s", ce_reason());
	drain(v, true);
	look_whether_drained();
}

/* It says so only once. */
static void
on_doubt(void *arg)
{
	(void)arg;
	if (open == 0 || kafka_met() || kafka_ask(rk, 100) || !down)
		return;
	drain(ce_later("cannot reach the brokers: %s", kafka_last()), true);
	look_whether_drained();
}

static void
on_queue(void *arg, short revents)
{
	(void)revents;
	kafka_woken(arg);
	rd_kafka_poll(rk, 0);
}

static bool
before_wait(void)
{
	look_whether_drained();
	rd_kafka_poll(rk, 0);
	return false;
}

static rd_kafka_topic_t *
topic_of(const char *name)
{
	if (last_topic != NULL && strcmp(rd_kafka_topic_name(last_topic), name) == 0)
		return last_topic;
	if (last_topic != NULL)
		rd_kafka_topic_destroy(last_topic);
	return last_topic = rd_kafka_topic_new(rk, name, NULL);
}

/* What lies in the event is not copied: the event stays until its report. */
enum ce_verdict
produce_record(struct ce_event *ev)
{
	rd_kafka_vu_t v[6];
	struct record r;
	rd_kafka_resp_err_t code;
	rd_kafka_error_t *err;
	enum ce_verdict verdict = record_make(&r, ev);
	rd_kafka_topic_t *topic;
	size_t n = 0;

	if (verdict != CE_TAKEN)
		return verdict;
	if ((topic = topic_of(r.topic)) == NULL) {
		rd_kafka_headers_destroy(r.headers);
		return produce_verdict(rd_kafka_last_error(), r.topic);
	}
	partitioner_record(r.size);
	v[n].vtype = RD_KAFKA_VTYPE_RKT;
	v[n++].u.rkt = topic;
	v[n].vtype = RD_KAFKA_VTYPE_KEY;
	v[n].u.mem.ptr = (void *)(uintptr_t)r.key.p;
	v[n++].u.mem.size = r.key.len;
	v[n].vtype = RD_KAFKA_VTYPE_VALUE;
	v[n].u.mem.ptr = (void *)(uintptr_t)r.value.p;
	v[n++].u.mem.size = r.value.len;
	v[n].vtype = RD_KAFKA_VTYPE_MSGFLAGS;
	v[n++].u.i = r.lent ? 0 : RD_KAFKA_MSG_F_COPY;
	v[n].vtype = RD_KAFKA_VTYPE_OPAQUE;
	v[n++].u.ptr = ev;
	if (r.headers != NULL) {
		v[n].vtype = RD_KAFKA_VTYPE_HEADERS;
		v[n++].u.headers = r.headers;
	}
	if ((err = rd_kafka_produceva(rk, v, n)) == NULL) {
		open++;
		return CE_TAKEN;
	}
	code = rd_kafka_error_code(err);
	rd_kafka_error_destroy(err);
	if (r.headers != NULL)
		rd_kafka_headers_destroy(r.headers);
	return produce_verdict(code, r.topic);
}

void
produce(struct ce_event *ev)
{
	enum ce_verdict v;

	begun = true;
	if (draining) {
		ce_settle(ev, again());
		return;
	}
	if (!kafka_met() && doubt.due == 0)
		ce_timer(&doubt, DOUBT);
	if ((v = produce_record(ev)) == CE_TAKEN)
		return;
	if (v != CE_NEVER) {
		drain(v, v == CE_FATAL);
		v = again();
	}
	ce_settle(ev, v);
	look_whether_drained();
}

enum ce_verdict
produce_state(void)
{
	return draining && drained == CE_FATAL ? again() : CE_TAKEN;
}

void
produce_start(void)
{
	rd_kafka_conf_t *conf = kafka_conf();
	char ms[32], text[32] = "";
	size_t len = sizeof(text), batch;

	snprintf(ms, sizeof(ms), "%ld", ce_conf.timeout);
	kafka_fixed(conf, "message.timeout.ms", ms);
	kafka_default(conf, "enable.idempotence", "true");
	kafka_default(conf, "acks", "all");
	kafka_default(conf, "batch.size", "524288");
	rd_kafka_conf_get(conf, "batch.size", text, &len);
	batch = strtoul(text, NULL, 10);
	if (sink_conf.transactional_id != NULL) {
		kafka_fixed(conf, "transactional.id", sink_conf.transactional_id);
		kafka_default(conf, "transaction.timeout.ms", ce_conf.timeout > 60000 ? ms : "60000");
	} else
		ce_conf.open_bytes = batch < LEAST / BATCHES ? LEAST : BATCHES * batch;
	partitioner_start(conf, batch);
	rd_kafka_conf_set_dr_msg_cb(conf, report);
	rd_kafka_conf_set_error_cb(conf, trouble);
	rd_kafka_conf_set_log_cb(conf, kafka_log);
	rk = kafka_new(RD_KAFKA_PRODUCER, conf);
	rd_kafka_set_log_queue(rk, NULL);
	reports = rd_kafka_queue_get_main(rk);
	kafka_watch(reports, on_queue);
	kafka_oauth_begin(rk, no_token);
	ce_on_wait(before_wait);
	doubt.fn = on_doubt;
}

/* All have their report; the rest is librdkafka's. */
void
produce_stop(void)
{
	if (open > 0)
		rd_kafka_purge(rk, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
	if (last_topic != NULL)
		rd_kafka_topic_destroy(last_topic);
	rd_kafka_queue_destroy(reports);
	kafka_oauth_end();
	rd_kafka_destroy(rk);
}
