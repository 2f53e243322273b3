/* consume.c -- records from librdkafka
 *
 * All partitions put their records into one queue of ours.  The other queue tells of
 * the group and of errors; it is served from the loop, also while the pipe is full, so
 * that a slow sink does not cost the membership.
 * SPDX-License-Identifier: Apache-2.0 */

#include <string.h>
#include "src.h"

#define MANY 1000 /* records that are taken at once */
#define MUCH (1 << 20) /* bytes of records */
#define SOON 2    /* ms until, and between, requests that only wake up */
#define TEND 1000 /* ms between two looks at the other queue, at most */
#define LONG 3200 /* ms that one question waits for its answer, at most */

rd_kafka_t *consumer;
rd_kafka_queue_t *records;
static rd_kafka_queue_t *events;
static rd_kafka_message_t *got[MANY];
static ssize_t ngot, at;
static struct ce_timer tend, wake;
static bool begun, finishing;

void
consume_failed(enum ce_verdict v)
{
	if (v != CE_FATAL)
		return;
	if (!begun)
		ce_die(ce_reason_code(), "%s", ce_reason());
	if (!finishing)
		ce_warn("%s", ce_reason());
	ce_stop(ce_reason_code());
}

static void
failed(rd_kafka_resp_err_t err, const char *text)
{
	if (err == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET)
		consume_failed(ce_fatal(CE_DATAERR, "cannot go on where it stopped: the records there are gone: %s", text));
	else {
		consume_failed(kafka_trouble(consumer, err, text));
		kafka_away(err);
	}
}

static void
serve_events(void)
{
	rd_kafka_event_t *e;
	const char *fac, *text;
	int level;

	while ((e = rd_kafka_queue_poll(events, 0)) != NULL) {
		switch (rd_kafka_event_type(e)) {
		case RD_KAFKA_EVENT_REBALANCE:
			group_rebalance(e);
			break;
		case RD_KAFKA_EVENT_ERROR:
			failed(rd_kafka_event_error(e), rd_kafka_event_error_string(e));
			break;
		case RD_KAFKA_EVENT_LOG:
			if (rd_kafka_event_log(e, &fac, &text, &level) == 0)
				kafka_log(consumer, level, fac, text);
			break;
		default:
			break;
		}
		rd_kafka_event_destroy(e);
	}
}

static void
on_events(void *arg, short revents)
{
	(void)revents;
	kafka_woken(arg);
	serve_events();
}

static void
on_records(void *arg, short revents)
{
	(void)revents;
	kafka_woken(arg);
}

/* Whether they answer.  They may be far away: each time it waits longer, up to MOST ms. */
static bool
ask(int64_t most)
{
	static int ms = 100;

	if (kafka_ask(consumer, ms < most ? ms : most > 0 ? (int)most : 1)) {
		ms = 100;
		return true;
	}
	if (ms < LONG)
		ms *= 2;
	return false;
}

static void
on_tend(void *arg)
{
	(void)arg;
	serve_events();
	if (kafka_missed())
		ask(TEND / 2);
	ce_timer(&tend, TEND);
}

/* What an error in the place of a record means. */
static void
no_record(const rd_kafka_message_t *m)
{
	struct part *p;

	if (m->err != RD_KAFKA_RESP_ERR__PARTITION_EOF) {
		failed(m->err, rd_kafka_message_errstr(m));
		return;
	}
	p = part_get(rd_kafka_topic_name(m->rkt), m->partition);
	if (p->mine && !p->leaving)
		part_at_end(p, m->offset);
}

static bool
wanted(const struct part *p, const rd_kafka_message_t *m)
{
	return p->mine && !p->leaving && !(ce_conf.until_end && p->over) && m->offset >= p->next;
}

static void
on_wake(void *arg)
{
	(void)arg;
	part_ask_leaders();
}

/* A full queue stops the fetching, and librdkafka before 2.2 (later: fetch.queue.backoff.ms)
 * looks only once a second whether there is room again, but whenever something else is to
 * be sent to that broker, too.  So when a good part of what was there is gone, all leaders
 * get a small request. */
static void
hasten(void)
{
	static size_t taken, bytes, peak;
	size_t left = rd_kafka_queue_length(records);
	ssize_t i;

	taken += (size_t)ngot;
	for (i = 0; i < ngot; i++)
		bytes += got[i]->len;
	if (left > peak)
		peak = left;
	if ((taken < MANY && bytes < MUCH) || left > peak / 4)
		return;
	taken = bytes = 0;
	peak = left;
	if (wake.due == 0)
		ce_timer(&wake, SOON);
}

/* The next records; false: there are none now. */
static bool
take(void)
{
	at = 0;
	ngot = rd_kafka_consume_batch_queue(records, 0, got, MANY);
	if (ngot <= 0) {
		ngot = 0;
		return false;
	}
	hasten();
	return true;
}

rd_kafka_message_t *
consume_next(struct part **part)
{
	rd_kafka_message_t *m;

	for (;;) {
		if (at == ngot && !take())
			return NULL;
		m = got[at++];
		if (m->err != 0)
			no_record(m);
		else {
			*part = part_get(rd_kafka_topic_name(m->rkt), m->partition);
			if (wanted(*part, m))
				return m;
		}
		rd_kafka_message_destroy(m);
	}
}

void
consume_forget(void)
{
	ssize_t i, n = at;

	for (i = at; i < ngot; i++)
		if (part_get(rd_kafka_topic_name(got[i]->rkt), got[i]->partition)->mine)
			got[n++] = got[i];
		else
			rd_kafka_message_destroy(got[i]);
	ngot = n;
}

bool
consume_over(void)
{
	return ce_conf.until_end && (src_conf.group == NULL || group_joined()) && part_all_over();
}

void
find_end(struct part *p)
{
	int64_t low, high;

	if (ce_conf.until_end && rd_kafka_query_watermark_offsets(consumer, p->topic, p->n, &low, &high,
	    (int)ce_conf.timeout) == RD_KAFKA_RESP_ERR_NO_ERROR)
		p->end = high;
}

/* A topic that is not there is the end, unless it may come: ^regex. */
static void
check_topic(const char *name)
{
	rd_kafka_topic_t *t = rd_kafka_topic_new(consumer, name, NULL);
	const struct rd_kafka_metadata *md;
	rd_kafka_resp_err_t err = RD_KAFKA_RESP_ERR__INVALID_ARG;

	if (t != NULL)
		err = rd_kafka_metadata(consumer, 0, t, &md, (int)ce_conf.timeout);
	if (err == 0) {
		err = md->topic_cnt > 0 ? md->topics[0].err : RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC;
		rd_kafka_metadata_destroy(md);
	}
	if (t != NULL)
		rd_kafka_topic_destroy(t);
	if (err == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED)
		ce_die(CE_NOPERM, "cannot read topic %s: %s", name, rd_kafka_err2str(err));
	if (err != 0 && err != RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE)
		ce_die(CE_CONFIG, "cannot read topic %s: %s", name, rd_kafka_err2str(err));
}

static bool
answered(int64_t most)
{
	if (!kafka_oauth_lacks())
		return ask(most);
	ce_wait(100);
	return false;
}

static void
meet(void)
{
	int64_t until = ce_now() + ce_conf.timeout;
	char *id;
	int i;

	while (ce_running() && !answered(until - ce_now())) {
		serve_events();
		if (ce_now() >= until)
			ce_die(CE_UNAVAILABLE, "cannot reach the brokers: %s",
			    *kafka_last() != '\0' ? kafka_last() : "no answer within --timeout");
	}
	if (!ce_running())
		return;
	if ((id = rd_kafka_clusterid(consumer, (int)ce_conf.timeout)) != NULL) {
		event_cluster(id);
		rd_kafka_mem_free(consumer, id);
	}
	for (i = 0; i < src_conf.topics.n; i++)
		if (*src_conf.topics.v[i] != '^')
			check_topic(src_conf.topics.v[i]);
}

void
consume_start(void)
{
	rd_kafka_conf_t *conf = kafka_conf();

	kafka_fixed(conf, "enable.auto.commit", "false");
	kafka_fixed(conf, "enable.auto.offset.store", "false");
	kafka_fixed(conf, "enable.partition.eof", "true");
	kafka_default(conf, "isolation.level", src_conf.uncommitted ? "read_uncommitted" : "read_committed");
	kafka_default(conf, "queued.max.messages.kbytes", "16384");
	if (!kafka_given("fetch.queue.backoff.ms"))
		rd_kafka_conf_set(conf, "fetch.queue.backoff.ms", "10", NULL, 0); /* where it is known */
	if (src_conf.group != NULL)
		group_conf(conf);
	else
		kafka_fixed(conf, "auto.offset.reset", "error");
	rd_kafka_conf_set_events(conf, RD_KAFKA_EVENT_REBALANCE | RD_KAFKA_EVENT_ERROR | RD_KAFKA_EVENT_LOG);
	consumer = kafka_new(RD_KAFKA_CONSUMER, conf);
	rd_kafka_set_log_queue(consumer, NULL);
	if (src_conf.group != NULL)
		rd_kafka_poll_set_consumer(consumer);
	events = src_conf.group != NULL ? rd_kafka_queue_get_consumer(consumer) : rd_kafka_queue_get_main(consumer);
	records = rd_kafka_queue_new(consumer);
	kafka_watch(events, on_events);
	kafka_watch(records, on_records);
	kafka_oauth_begin(consumer, consume_failed);
	meet();
	tend.fn = on_tend;
	wake.fn = on_wake;
	ce_timer(&tend, TEND);
	ce_on_commit(src_conf.group != NULL ? group_commit : alone_commit);
	if (!ce_running())
		return;
	if (src_conf.group != NULL)
		group_start();
	else
		alone_start();
	begun = true;
}

/* The last commit has been made: the partitions are free. */
int
consume_finish(int code)
{
	finishing = true;
	ce_timer(&tend, -1);
	ce_timer(&wake, -1);
	while (at < ngot)
		rd_kafka_message_destroy(got[at++]);
	if (src_conf.group != NULL)
		group_leave();
	else
		alone_leave();
	rd_kafka_queue_destroy(records);
	rd_kafka_queue_destroy(events);
	kafka_oauth_end();
	rd_kafka_destroy_flags(consumer, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
	return code;
}
