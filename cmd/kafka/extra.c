/* extra.c -- what a record says beside its value, as extensions
 * SPDX-License-Identifier: Apache-2.0 */

#include "src.h"

#define MOST 8

static struct extra list[MOST];
static int n;

static struct ce_buf *
next(const char *name, bool number)
{
	struct extra *e = &list[n++];

	e->name = name;
	e->number = number;
	ce_buf_reset(&e->value);
	return &e->value;
}

static void
quote(struct ce_buf *b, const char *p, size_t len)
{
	ce_buf_putc(b, '"');
	ce_json_escape(b, p, len);
	ce_buf_putc(b, '"');
}

/* [["name","value"],...]; bytes that are no text as {"base64":"..."}. */
static void
headers(const rd_kafka_headers_t *h)
{
	struct ce_buf *b = next("kafkaheaders", false);
	const char *name;
	const void *v;
	size_t len, i;

	for (i = 0; rd_kafka_header_get_all(h, i, &name, &v, &len) == 0; i++) {
		struct ce_str s = kafka_str(name, __builtin_strlen(name));

		ce_buf_puts(b, i > 0 ? ",[" : "[[");
		quote(b, s.p, s.len);
		ce_buf_putc(b, ',');
		if (v == NULL)
			ce_buf_puts(b, "null");
		else if (ce_utf8_valid(v, len))
			quote(b, v, len);
		else {
			ce_buf_puts(b, "{\"base64\":\"");
			ce_base64(b, v, len);
			ce_buf_puts(b, "\"}");
		}
		ce_buf_putc(b, ']');
	}
	ce_buf_putc(b, ']');
}

static void
key(struct ce_str k)
{
	if (k.len > 0 && ce_check_attr(kafka_str("partitionkey", 12), k) == NULL)
		ce_buf_str(next("partitionkey", false), k);
	else if (k.len > 0)
		ce_base64(next("kafkakey64", false), k.p, k.len);
}

int
extra_of(const rd_kafka_message_t *m, const rd_kafka_headers_t *h, bool foreign, struct extra **out)
{
	rd_kafka_timestamp_type_t type;

	n = 0;
	ce_buf_puts(next("kafkatopic", false), rd_kafka_topic_name(m->rkt));
	ce_buf_printf(next("kafkapartition", true), "%d", (int)m->partition);
	ce_buf_printf(next("kafkaoffset", false), "%lld", (long long)m->offset);
	if (rd_kafka_message_timestamp(m, &type) >= 0 && type == RD_KAFKA_TIMESTAMP_LOG_APPEND_TIME)
		ce_buf_puts(next("kafkatimestamptype", false), "append");
	if (foreign)
		key(kafka_str(m->key, m->key_len));
	if (foreign && h != NULL && rd_kafka_header_cnt(h) > 0)
		headers(h);
	*out = list;
	return n;
}
