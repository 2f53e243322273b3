/* fuzz-kafka -- any record: headers, key, value, and how it is to be read.
 *
 * The first byte holds options, the second how many headers there are; then each of
 * them, and the key, as a length and so many bytes (255: none); the rest is the value.
 * What must hold: a record is an event, one line that the parser takes as well, or
 * there is a reason; the envelope names the place; the value's bytes are in it.
 * needs: cmd/kafka/error.c cmd/kafka/event.c cmd/kafka/extra.c
 * SPDX-License-Identifier: Apache-2.0 */

#include <stdlib.h>
#include <string.h>
#include "../../cmd/kafka/src.h"
#include "fuzz.h"

struct src_conf src_conf = { .type = "kafka.record" };

static rd_kafka_headers_t *headers;
static bool append_time;

/* What librdkafka knows of a message beside what is in it, said in its place. */
rd_kafka_resp_err_t
rd_kafka_message_headers(const rd_kafka_message_t *m, rd_kafka_headers_t **h)
{
	(void)m;
	*h = headers;
	return headers != NULL ? RD_KAFKA_RESP_ERR_NO_ERROR : RD_KAFKA_RESP_ERR__NOENT;
}

int64_t
rd_kafka_message_timestamp(const rd_kafka_message_t *m, rd_kafka_timestamp_type_t *type)
{
	if (type != NULL)
		*type = append_time ? RD_KAFKA_TIMESTAMP_LOG_APPEND_TIME : RD_KAFKA_TIMESTAMP_CREATE_TIME;
	return m->offset * 1000003;
}

const char *
rd_kafka_topic_name(const rd_kafka_topic_t *t)
{
	(void)t;
	return "topic";
}

/* The next portion of the input, NULL where it says none; 255 bytes are too many. */
static struct ce_str
portion(const uint8_t **p, size_t *n)
{
	struct ce_str s = { NULL, 0 };

	if (*n == 0)
		return s;
	s.len = *(*p)++;
	--*n;
	if (s.len == 255)
		return (struct ce_str){ NULL, 0 };
	if (s.len > *n)
		s.len = *n;
	s.p = (const char *)*p;
	*p += s.len;
	*n -= s.len;
	return s;
}

static void
holds(struct ce_event *ev, const rd_kafka_message_t *m)
{
	struct ce_buf value = { 0 };
	struct ce_str data;
	bool json;

	is_event(ev);
	if (src_conf.envelope)
		must(ce_get(ev, "kafkatopic", &data) && ce_str_is(data, "topic"));
	if (headers == NULL && m->len > 0 && *(const char *)m->payload != '{') {
		must(ce_data(ev, &value, &data, &json));
		must(json || (data.len == m->len && memcmp(data.p, m->payload, m->len) == 0));
	}
	ce_buf_free(&value);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	rd_kafka_message_t m = { .partition = 3 };
	struct ce_str name, key;
	struct ce_event *ev = NULL;
	char *value = NULL, *k = NULL;
	int flags, count;

	if (n < 2)
		return 0;
	ce_conf.max_event = 1 << 24;
	flags = p[0];
	count = p[1] % 16;
	p += 2;
	n -= 2;
	headers = count > 0 ? rd_kafka_headers_new(1) : NULL;
	while (count-- > 0) {
		name = portion(&p, &n);
		key = portion(&p, &n);
		if (name.p != NULL)
			rd_kafka_header_add(headers, name.p, (ssize_t)name.len, key.p, (ssize_t)key.len);
	}
	key = portion(&p, &n);
	if (key.p != NULL)
		m.key = k = ce_strndup(key.p, key.len);
	m.key_len = key.len;
	if ((flags & 1) == 0 || n > 0)
		m.payload = value = memcpy(malloc(n > 0 ? n : 1), p, n); /* no NUL behind it */
	m.len = n;
	m.offset = flags;
	append_time = (flags & 2) != 0;
	src_conf.envelope = (flags & 4) != 0;
	src_conf.ctype = (flags & 8) != 0 ? "text/plain" : NULL;
	if (event_of(&m, &ev) == NULL)
		holds(ev, &m);
	if (headers != NULL)
		rd_kafka_headers_destroy(headers);
	free(value);
	free(k);
	return 0;
}
