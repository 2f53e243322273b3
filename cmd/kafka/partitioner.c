/* partitioner.c -- the partition of a record without a key
 *
 * Such records stay together, so that requests are full: they go to one partition
 * until it has a whole batch, or for STICKY ms, and then to the next, as those of the
 * Java clients do (KIP-794).  librdkafka's own partitioner knows the time alone; but
 * its idempotent producer has one request under way in a partition, and its thread
 * spins as long as another is ready behind it.
 * SPDX-License-Identifier: Apache-2.0 */

#include <stdatomic.h>
#include <stdlib.h>
#include "sink.h"

#define STICKY 10 /* ms: that of librdkafka */

static _Atomic uint32_t turn; /* records that wait for metadata are met by a thread of librdkafka */
static size_t filled, whole;
static int64_t until;

/* Keys go where librdkafka's default sends them. */
static int32_t
choose(const rd_kafka_topic_t *topic, const void *key, size_t len, int32_t count, void *opaque, void *event)
{
	uint32_t i, n = (uint32_t)count, first = turn;

	if (len > 0)
		return rd_kafka_msg_partitioner_consistent(topic, key, len, count, opaque, event);
	for (i = 0; i < n; i++)
		if (rd_kafka_topic_partition_available(topic, (int32_t)((first + i) % n)))
			return (int32_t)((first + i) % n);
	return (int32_t)(first % n);
}

void
partitioner_record(size_t size)
{
	int64_t now = ce_now();

	if (filled >= whole || now >= until) {
		turn++;
		filled = 0;
		until = now + STICKY;
	}
	filled += size;
}

void
partitioner_start(rd_kafka_conf_t *conf, size_t batch)
{
	rd_kafka_topic_conf_t *topic;
	uint32_t first;

	if (kafka_given("partitioner") || kafka_given("sticky.partitioning.linger.ms"))
		return;
	kafka_default(conf, "sticky.partitioning.linger.ms", "0"); /* or choose is not asked */
	if ((topic = rd_kafka_conf_get_default_topic_conf(conf)) == NULL) {
		topic = rd_kafka_topic_conf_new();
		rd_kafka_conf_set_default_topic_conf(conf, topic);
	}
	rd_kafka_topic_conf_set_partitioner_cb(topic, choose);
	ce_random(&first, sizeof(first));
	turn = first;
	whole = batch;
}
