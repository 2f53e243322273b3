/* group.c -- as a member of a group
 *
 * A partition that is revoked is read no more, but it is given away only when what is
 * open of it has been finished and committed, or --revoke-wait has passed.
 * SPDX-License-Identifier: Apache-2.0 */

#include <errno.h>
#include <string.h>
#include "src.h"

#define PATIENCE 2000 /* ms for a commit; then it is tried again */

static rd_kafka_queue_t *replies;
static rd_kafka_topic_partition_list_t *revoked; /* to be given away; NULL: none */
static struct ce_timer released, deadline;
static bool joined, closing;
static long asked, answered; /* commits */
static rd_kafka_resp_err_t answer;

static void
on_commit(rd_kafka_t *rk, rd_kafka_resp_err_t err, rd_kafka_topic_partition_list_t *l, void *opaque)
{
	int i;

	(void)rk;
	answered = (long)(intptr_t)opaque;
	answer = err;
	for (i = 0; err == 0 && l != NULL && i < l->cnt; i++) {
		struct part *p = part_get(l->elems[i].topic, l->elems[i].partition);

		if (l->elems[i].err == 0 && l->elems[i].offset > p->kept)
			p->kept = l->elems[i].offset;
		else if (l->elems[i].err != 0)
			answer = l->elems[i].err;
	}
}

/* Who is no longer a member cannot commit, and need not: another one has it all. */
static bool
lost_anyway(rd_kafka_resp_err_t err)
{
	return err == RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION || err == RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID ||
	    err == RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID;
}

static bool
is_answered(int64_t until)
{
	while (answered != asked && ce_now() <= until)
		rd_kafka_queue_poll_callback(replies, 50);
	return answered == asked;
}

/* One at a time: an older one that librdkafka sends again would come after a newer one,
 * and put the position back. */
static bool
commit(const rd_kafka_topic_partition_list_t *l)
{
	int64_t until = ce_now() + (ce_running() ? PATIENCE : ce_conf.timeout);
	rd_kafka_resp_err_t err = RD_KAFKA_RESP_ERR__TIMED_OUT;

	if (is_answered(until)) {
		asked++;
		err = rd_kafka_commit_queue(consumer, l, replies, on_commit, (void *)(intptr_t)asked);
		if (err != 0)
			answered = asked;
		else
			err = is_answered(until) ? answer : RD_KAFKA_RESP_ERR__TIMED_OUT;
	}
	if (err == 0)
		return true;
	ce_info("cannot commit: %s", rd_kafka_err2str(err));
	if (lost_anyway(err))
		return true;
	errno = err == RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS ? EAGAIN : ETIMEDOUT;
	consume_failed(kafka_verdict(err, "commit", rd_kafka_err2str(err)));
	return false;
}

/* Of those that are read, or only of those that leave. */
static bool
commit_all(bool leaving)
{
	rd_kafka_topic_partition_list_t *l = rd_kafka_topic_partition_list_new(8);
	struct part *p;
	bool well;
	int i;

	for (i = 0; (p = part_nth(i)) != NULL; i++)
		if (p->mine && p->done > p->kept && (p->leaving || !leaving))
			rd_kafka_topic_partition_list_add(l, p->topic, p->n)->offset = p->done;
	well = l->cnt == 0 || commit(l);
	rd_kafka_topic_partition_list_destroy(l);
	return well;
}

bool
group_commit(void)
{
	return commit_all(false);
}

static bool
cooperative(void)
{
	const char *p = rd_kafka_rebalance_protocol(consumer);

	return p != NULL && strcmp(p, "COOPERATIVE") == 0;
}

static void
told(rd_kafka_error_t *err)
{
	if (err == NULL)
		return;
	ce_warn("cannot take or give partitions: %s", rd_kafka_error_string(err));
	rd_kafka_error_destroy(err);
}

static void
take(const rd_kafka_topic_partition_list_t *l)
{
	int i;

	for (i = 0; i < l->cnt; i++) {
		struct part *p = part_get(l->elems[i].topic, l->elems[i].partition);
		rd_kafka_queue_t *q = rd_kafka_queue_get_partition(consumer, p->topic, p->n);

		if (q != NULL) {
			rd_kafka_queue_forward(q, records);
			rd_kafka_queue_destroy(q);
		}
		part_take(p, -1);
		find_end(p);
		ce_info("takes partition %d of %s", (int)p->n, p->topic);
	}
	if (cooperative())
		told(rd_kafka_incremental_assign(consumer, l));
	else
		rd_kafka_assign(consumer, l);
	joined = true;
}

static void
give(void)
{
	int i;

	ce_timer(&deadline, -1);
	ce_timer(&released, -1);
	for (i = 0; i < revoked->cnt; i++) {
		struct part *p = part_get(revoked->elems[i].topic, revoked->elems[i].partition);

		if (p->open > 0)
			ce_info("gives partition %d of %s away with %ld events open", (int)p->n, p->topic, p->open);
		part_drop(p);
	}
	consume_forget();
	if (cooperative())
		told(rd_kafka_incremental_unassign(consumer, revoked));
	else
		rd_kafka_assign(consumer, NULL);
	rd_kafka_topic_partition_list_destroy(revoked);
	revoked = NULL;
}

static void
on_deadline(void *arg)
{
	(void)arg;
	if (revoked == NULL)
		return;
	commit_all(true);
	give();
}

static void
on_released(void *arg)
{
	int i;

	(void)arg;
	for (i = 0; revoked != NULL && i < revoked->cnt; i++)
		if (part_get(revoked->elems[i].topic, revoked->elems[i].partition)->open > 0)
			return;
	on_deadline(NULL);
}

void
group_released(void)
{
	ce_timer(&released, 0);
}

static void
revoke(const rd_kafka_topic_partition_list_t *l)
{
	int i;

	revoked = rd_kafka_topic_partition_list_copy(l);
	for (i = 0; i < l->cnt; i++)
		part_get(l->elems[i].topic, l->elems[i].partition)->leaving = true;
	if (rd_kafka_assignment_lost(consumer)) {
		ce_note("the group has given our partitions to others");
		give();
	} else if (closing)
		give();
	else {
		ce_timer(&deadline, src_conf.revoke_wait);
		on_released(NULL);
	}
}

void
group_rebalance(rd_kafka_event_t *e)
{
	rd_kafka_topic_partition_list_t *l = rd_kafka_event_topic_partition_list(e);

	if (rd_kafka_event_error(e) == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS && !closing)
		take(l);
	else if (rd_kafka_event_error(e) == RD_KAFKA_RESP_ERR__REVOKE_PARTITIONS && revoked == NULL)
		revoke(l);
	else
		rd_kafka_assign(consumer, NULL);
}

bool
group_joined(void)
{
	return joined && revoked == NULL;
}

void
group_conf(rd_kafka_conf_t *conf)
{
	bool end = src_conf.offset != NULL && strcmp(src_conf.offset, "end") == 0;

	kafka_fixed(conf, "group.id", src_conf.group);
	kafka_default(conf, "auto.offset.reset", end ? "latest" : "earliest");
}

void
group_start(void)
{
	rd_kafka_topic_partition_list_t *l = rd_kafka_topic_partition_list_new(src_conf.topics.n);
	rd_kafka_resp_err_t err;
	int i;

	released.fn = on_released;
	deadline.fn = on_deadline;
	replies = rd_kafka_queue_new(consumer);
	for (i = 0; i < src_conf.topics.n; i++)
		rd_kafka_topic_partition_list_add(l, src_conf.topics.v[i], RD_KAFKA_PARTITION_UA);
	if ((err = rd_kafka_subscribe(consumer, l)) != 0)
		ce_die(CE_USAGE, "cannot read these topics: %s", rd_kafka_err2str(err));
	rd_kafka_topic_partition_list_destroy(l);
}

/* So that the others need not wait until the session ends. */
void
group_leave(void)
{
	rd_kafka_queue_t *q = rd_kafka_queue_get_consumer(consumer);
	int64_t until = ce_now() + 5000;
	rd_kafka_event_t *e;

	closing = true;
	if (revoked != NULL)
		give();
	told(rd_kafka_consumer_close_queue(consumer, q));
	while (!rd_kafka_consumer_closed(consumer) && ce_now() < until)
		if ((e = rd_kafka_queue_poll(q, 100)) != NULL) {
			if (rd_kafka_event_type(e) == RD_KAFKA_EVENT_REBALANCE)
				group_rebalance(e);
			rd_kafka_event_destroy(e);
		}
	rd_kafka_queue_destroy(q);
	if (replies != NULL)
		rd_kafka_queue_destroy(replies);
}
