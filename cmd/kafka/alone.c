/* alone.c -- partitions of one's own choice, without a group
 *
 * The state file:
 *
 *     ce-src-kafka state 1
 *     TOPIC PARTITION OFFSET
 *
 * OFFSET: all records before it are finished.  Anything else in it is an error and
 * ends the program: to start over in silence would be to send everything again.
 * SPDX-License-Identifier: Apache-2.0 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "src.h"

#define TITLE "ce-src-kafka state 1\n"
#define PARTITIONS 1000000 /* nobody has as many */

static struct ce_state *state;
static int64_t start = RD_KAFKA_OFFSET_BEGINNING; /* or a time, ms */
static bool by_time;
static rd_kafka_topic_t **topics;
static int ntopics;

static bool
number(const char *s, char behind, int64_t max, int64_t *n)
{
	char *end;

	errno = 0;
	*n = strtoll(s, &end, 10);
	return *s >= '0' && *s <= '9' && *end == behind && errno == 0 && *n <= max;
}

static void
parse_offset(const char *s)
{
	struct timespec ts;

	if (strcmp(s, "end") == 0)
		start = RD_KAFKA_OFFSET_END;
	else if (*s == '@') {
		by_time = true;
		if (ce_time_parse(kafka_str(s + 1, strlen(s + 1)), &ts))
			start = (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
		else if (!number(s + 1, '\0', INT64_MAX, &start))
			ce_die(CE_USAGE, "--offset %s: neither a time of RFC 3339 nor milliseconds behind the @", s);
	} else if (*s == '-' && number(s + 1, '\0', 1000000000000, &start))
		start = RD_KAFKA_OFFSET_TAIL(start);
	else if (strcmp(s, "beginning") != 0 && !number(s, '\0', INT64_MAX, &start))
		ce_die(CE_USAGE, "--offset %s: neither beginning, end, a number, -number nor @time", s);
}

void
alone_check(void)
{
	int64_t n;
	int i;

	if (src_conf.offset != NULL)
		parse_offset(src_conf.offset);
	for (i = 0; i < src_conf.topics.n; i++)
		if (*src_conf.topics.v[i] == '^')
			ce_die(CE_USAGE, "--topic %s: a pattern needs --group", src_conf.topics.v[i]);
	for (i = 0; i < src_conf.partitions.n; i++)
		if (!number(src_conf.partitions.v[i], '\0', PARTITIONS, &n))
			ce_die(CE_USAGE, "--partition %s: no number of a partition", src_conf.partitions.v[i]);
}

/* A line, terminated.  False: it is none. */
static bool
entry(char *p)
{
	char *space = strchr(p, ' '), *second = space != NULL ? strchr(space + 1, ' ') : NULL;
	int64_t partition, offset;

	if (second == NULL || !number(space + 1, ' ', PARTITIONS, &partition) ||
	    !number(second + 1, '\0', INT64_MAX, &offset) || space == p)
		return false;
	*space = '\0';
	part_get(p, (int32_t)partition)->kept = offset;
	return true;
}

static void
load(void)
{
	struct ce_buf b = { 0 };
	unsigned long line = 2;
	char *p, *end;

	state = ce_state_open(ce_conf.state, &b);
	if (b.len > 0 && (strlen(b.p) != b.len || strncmp(b.p, TITLE, strlen(TITLE)) != 0))
		ce_die(CE_CONFIG, "cannot use %s: not a state file of this program", ce_conf.state);
	for (p = b.p + (b.len > 0 ? strlen(TITLE) : 0); p < b.p + b.len; p = end + 1, line++) {
		if ((end = strchr(p, '\n')) != NULL)
			*end = '\0';
		if (end == NULL || !entry(p))
			ce_die(CE_CONFIG, "cannot use %s: line %lu is damaged; mend it, or remove the file to start over",
			    ce_conf.state, line);
	}
	ce_buf_free(&b);
}

bool
alone_commit(void)
{
	static struct ce_buf b;
	struct part *p;
	int i;

	if (state == NULL)
		return true;
	ce_buf_reset(&b);
	ce_buf_puts(&b, TITLE);
	for (i = 0; (p = part_nth(i)) != NULL; i++)
		if (p->done >= 0 || p->kept >= 0)
			ce_buf_printf(&b, "%s %d %lld\n", p->topic, (int)p->n, (long long)(p->done >= 0 ? p->done : p->kept));
	return ce_state_write(state, b.p, b.len);
}

/* Now, as a number: after a crash it must be the same. */
static int64_t
end_of(const char *topic, int32_t n)
{
	int64_t low, high;
	rd_kafka_resp_err_t err = rd_kafka_query_watermark_offsets(consumer, topic, n, &low, &high, (int)ce_conf.timeout);

	if (err != 0)
		ce_die(CE_UNAVAILABLE, "cannot ask for the end of partition %d of %s: %s", (int)n, topic, rd_kafka_err2str(err));
	return high;
}

static int64_t
at_time(const char *topic, int32_t n)
{
	rd_kafka_topic_partition_list_t *l = rd_kafka_topic_partition_list_new(1);
	rd_kafka_resp_err_t err;
	int64_t offset;

	rd_kafka_topic_partition_list_add(l, topic, n)->offset = start;
	if ((err = rd_kafka_offsets_for_times(consumer, l, (int)ce_conf.timeout)) != 0)
		ce_die(CE_UNAVAILABLE, "cannot ask for a time in partition %d of %s: %s", (int)n, topic, rd_kafka_err2str(err));
	offset = l->elems[0].offset;
	rd_kafka_topic_partition_list_destroy(l);
	return offset >= 0 ? offset : end_of(topic, n);
}

static void
begin(rd_kafka_topic_t *t, int32_t n)
{
	const char *topic = rd_kafka_topic_name(t);
	struct part *p = part_get(topic, n);
	int64_t offset = p->kept;

	if (p->mine)
		return; /* it was asked for twice */
	if (offset < 0)
		offset = by_time ? at_time(topic, n) : start == RD_KAFKA_OFFSET_END ? end_of(topic, n) : start;
	part_take(p, offset >= 0 ? offset : -1);
	p->done = offset >= 0 ? offset : -1;
	find_end(p);
	if (rd_kafka_consume_start_queue(t, n, offset, records) == -1)
		ce_die(CE_UNAVAILABLE, "cannot read partition %d of %s: %s", (int)n, topic, rd_kafka_err2str(rd_kafka_last_error()));
}

static void
begin_topic(const char *name)
{
	rd_kafka_topic_t *t = rd_kafka_topic_new(consumer, name, NULL);
	const struct rd_kafka_metadata *md;
	rd_kafka_resp_err_t err = rd_kafka_metadata(consumer, 0, t, &md, (int)ce_conf.timeout);
	int i, count;

	if (err != 0)
		ce_die(CE_UNAVAILABLE, "cannot read topic %s: %s", name, rd_kafka_err2str(err));
	count = md->topics[0].partition_cnt;
	rd_kafka_metadata_destroy(md);
	topics = ce_realloc(topics, (size_t)(ntopics + 1) * sizeof(*topics));
	topics[ntopics++] = t;
	for (i = 0; i < src_conf.partitions.n; i++) {
		long n = strtol(src_conf.partitions.v[i], NULL, 10);

		if (n >= count)
			ce_die(CE_CONFIG, "topic %s has no partition %ld", name, n);
		begin(t, (int32_t)n);
	}
	for (i = 0; src_conf.partitions.n == 0 && i < count; i++)
		begin(t, i);
}

void
alone_start(void)
{
	int i;

	if (ce_conf.state != NULL)
		load();
	for (i = 0; i < src_conf.topics.n; i++)
		begin_topic(src_conf.topics.v[i]);
	if (!alone_commit())
		ce_die(CE_IOERR, "cannot write %s: %m", ce_conf.state);
}

void
alone_leave(void)
{
	struct part *p;
	int i, k;

	for (i = 0; i < ntopics; i++) {
		for (k = 0; (p = part_nth(k)) != NULL; k++)
			if (p->mine && strcmp(p->topic, rd_kafka_topic_name(topics[i])) == 0)
				rd_kafka_consume_stop(topics[i], p->n);
		rd_kafka_topic_destroy(topics[i]);
	}
	ce_state_close(state);
}
