/* ce-sink-kafka -- write events to topics of Kafka
 *
 * A delivery report is the delivery: an event is settled when the brokers have its
 * record, as many of them as acks asks for.  The producer is idempotent, so what it
 * sends again by itself is there once.
 * SPDX-License-Identifier: Apache-2.0 */

#include <stdlib.h>
#include "sink.h"

#define TOGETHER 16384 /* records without a report: some requests of 1 MB to each broker */

struct sink_conf sink_conf;

static const struct ce_opt opts[] = {
	CE_LIST(0, "header", &sink_conf.headers, "name=template", "header to add"),
	CE_TEMPLATE('k', "key", &sink_conf.key, "template", "key of the record (default: the extension partitionkey)"),
	CE_CHOICE('m', "mode", &sink_conf.mode, "structured|binary", "how an event travels"),
	CE_FLAG(0, "tombstone", &sink_conf.tombstone, "write an event without data as a record without a value"),
	CE_TEMPLATE('t', "topic", &sink_conf.topic, "template", "topic to write to"),
	CE_STR(0, "transactional-id", &sink_conf.transactional_id, "id", "write each batch in a transaction, as this producer"),
	CE_GROUP(kafka_opts),
	CE_END
};

static const struct ce_program program = {
	"ce-sink-kafka", "write events to topics of Kafka", CE_SINK, opts, NULL, 0, 0,
	CE_USE_INFLIGHT | CE_USE_BATCH | CE_USE_ORDER | CE_USE_TIMEOUT
};

static void
in_transactions(void)
{
	struct ce_event **evs = ce_alloc((size_t)ce_conf.batch * sizeof(*evs));
	int n;

	while ((n = ce_batch(evs, (int)ce_conf.batch)) > 0)
		transact(evs, n);
	free(evs);
}

int
main(int argc, char *argv[])
{
	struct ce_event *ev;
	int code;

	ce_conf.inflight = TOGETHER;
	ce_conf.batch = 1000;
	ce_start(argc, argv, &program);
	if (sink_conf.topic == NULL)
		ce_die(CE_USAGE, "where to? --topic");
	record_check();
	produce_start();
	if (sink_conf.transactional_id != NULL)
		in_transactions();
	else
		while ((ev = ce_next()) != NULL)
			produce(ev);
	code = ce_finish();
	produce_stop();
	return code;
}
