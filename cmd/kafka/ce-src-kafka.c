/* ce-src-kafka -- print the records of topics of Kafka as events
 *
 * The position, that of the group or in --state, follows what was finished in each
 * partition, never what was only read.
 * SPDX-License-Identifier: Apache-2.0 */

#include <string.h>
#include "src.h"

struct src_conf src_conf = { .type = "org.apache.kafka.record", .revoke_wait = 20000 };

static const struct ce_opt opts[] = {
	CE_STR(0, "content-type", &src_conf.ctype, "type", "media type of values that do not say it (default: guessed)"),
	CE_FLAG(0, "envelope", &src_conf.envelope, "add the extensions kafka* to events, not only to what is wrapped"),
	CE_STR('g', "group", &src_conf.group, "name", "read as a member of this group"),
	CE_STR('o', "offset", &src_conf.offset, "where", "where to begin: beginning, end, N, -N, @TIME"),
	CE_LIST('p', "partition", &src_conf.partitions, "n", "read this partition, without a group (default: all)"),
	CE_FLAG(0, "read-uncommitted", &src_conf.uncommitted, "read what open and aborted transactions have written, too"),
	CE_TIME(0, "revoke-wait", &src_conf.revoke_wait, "time", 0, 3600000, "how long a partition that is revoked waits for what is open"),
	CE_STR(0, "source", &src_conf.source, "uri", "source of what is wrapped (default: kafka://CLUSTER/TOPIC)"),
	CE_LIST('t', "topic", &src_conf.topics, "topic", "topic to read, or a pattern, which begins with ^"),
	CE_STR(0, "type", &src_conf.type, "type", "type of what is wrapped"),
	CE_GROUP(kafka_opts),
	CE_END
};

static const struct ce_program program = {
	"ce-src-kafka", "print the records of topics of Kafka as events", CE_SOURCE, opts, NULL, 0, 0,
	CE_USE_COMMIT | CE_USE_STATE | CE_USE_END | CE_USE_DEAD | CE_USE_TIMEOUT
};

static void
check(void)
{
	const char *o = src_conf.offset;

	event_check();
	if (src_conf.topics.n == 0)
		ce_die(CE_USAGE, "which --topic?");
	if (src_conf.group == NULL)
		alone_check();
	else if (src_conf.partitions.n > 0 || ce_conf.state != NULL)
		ce_die(CE_USAGE, "--partition and --state have no meaning with --group: the group shares the partitions and has the position");
	else if (o != NULL && strcmp(o, "beginning") != 0 && strcmp(o, "end") != 0)
		ce_die(CE_USAGE, "--offset %s: with --group it can only be beginning or end", o);
}

static void
emit(rd_kafka_message_t *m, struct part *p)
{
	struct ce_buf where = { 0 };
	struct ce_event *ev;
	const char *wrong = event_of(m, &ev);

	part_emits(p, m->offset);
	if (wrong == NULL)
		ce_emit(ev, part_settled, NULL);
	else {
		ce_buf_printf(&where, "topic %s, partition %d, offset %lld", p->topic, (int)p->n, (long long)m->offset);
		ce_refuse(m->payload != NULL ? m->payload : "", m->len, where.p, wrong, part_settled, NULL);
		ce_buf_free(&where);
	}
	rd_kafka_message_destroy(m);
}

int
main(int argc, char *argv[])
{
	rd_kafka_message_t *m;
	struct part *p;

	ce_start(argc, argv, &program);
	check();
	if (src_conf.group != NULL)
		ce_commits();
	consume_start();
	while (ce_running() && !consume_over()) {
		if (ce_room() && (m = consume_next(&p)) != NULL)
			emit(m, p);
		else if (!consume_over())
			ce_wait(-1);
	}
	return consume_finish(ce_finish());
}
