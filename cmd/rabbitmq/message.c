/* message -- what the server hands over: a method, a header, and a body in pieces
 * SPDX-License-Identifier: Apache-2.0 */

#include <stdlib.h>
#include "conn.h"

#define HEAD_OF_HEADER 12 /* class, weight, size of the body */

static struct message *coming; /* its header or its body is not all there */
static bool has_header;

void
message_free(struct message *m)
{
	if (m == NULL)
		return;
	ce_buf_free(&m->envelope);
	ce_buf_free(&m->body);
	free(m);
}

struct ce_str
message_exchange(const struct message *m)
{
	return (struct ce_str){ m->envelope.p, m->nexchange };
}

struct ce_str
message_key(const struct message *m)
{
	return (struct ce_str){ m->envelope.p + m->nexchange, m->nkey };
}

struct ce_str
message_text(const struct message *m)
{
	return (struct ce_str){ m->envelope.p + m->nexchange + m->nkey, m->ntext };
}

struct ce_str
message_properties(const struct message *m)
{
	size_t at = m->nexchange + m->nkey + m->ntext;

	return (struct ce_str){ m->envelope.p + at, m->envelope.len - at };
}

void
message_forget(void)
{
	message_free(coming);
	coming = NULL;
}

static struct message *
begin(amqp_method_number_t how, amqp_bytes_t exchange, amqp_bytes_t key, amqp_bytes_t text)
{
	struct message *m = CE_NEW(struct message);

	m->how = how;
	ce_buf_reset(&m->envelope);
	ce_buf_str(&m->envelope, str_of(exchange));
	ce_buf_str(&m->envelope, str_of(key));
	ce_buf_str(&m->envelope, str_of(text));
	m->nexchange = str_of(exchange).len;
	m->nkey = str_of(key).len;
	m->ntext = str_of(text).len;
	return m;
}

bool
message_begin(amqp_method_number_t id, void *method)
{
	if (coming != NULL)
		return false;
	has_header = false;
	if (id == AMQP_BASIC_DELIVER_METHOD) {
		amqp_basic_deliver_t *d = method;

		coming = begin(id, d->exchange, d->routing_key, amqp_empty_bytes);
		coming->tag = d->delivery_tag;
		coming->redelivered = d->redelivered;
	} else {
		amqp_basic_return_t *r = method;

		coming = begin(id, r->exchange, r->routing_key, r->reply_text);
		coming->code = r->reply_code;
	}
	return true;
}

/* A body that is too long is passed over; what there is of it tells whose it was. */
static bool
too_long(const struct message *m)
{
	return m->size > (uint64_t)ce_conf.max_event;
}

static uint64_t
get64(const char *p)
{
	uint64_t v = 0;
	int i;

	for (i = 0; i < 8; i++)
		v = v << 8 | (unsigned char)p[i];
	return v;
}

static uint64_t received;

static struct message *
whole(void)
{
	struct message *m = coming;

	if (received < m->size)
		return NULL;
	coming = NULL;
	return m;
}

bool
message_frame(const struct frame *f, struct message **done)
{
	struct ce_str s = f->payload;

	*done = NULL;
	if (coming == NULL || has_header != (f->type == AMQP_FRAME_BODY))
		return false;
	if (f->type == AMQP_FRAME_HEADER) {
		if (s.len < HEAD_OF_HEADER + 2)
			return false;
		coming->size = get64(s.p + 4);
		ce_buf_add(&coming->envelope, s.p + HEAD_OF_HEADER, s.len - HEAD_OF_HEADER);
		ce_buf_reset(&coming->body);
		if (!too_long(coming))
			ce_buf_need(&coming->body, (size_t)coming->size);
		has_header = true;
		received = 0;
	} else {
		if (s.len > coming->size - received)
			return false;
		received += s.len;
		if (!too_long(coming))
			ce_buf_str(&coming->body, s);
		else if (coming->body.len == 0)
			ce_buf_add(&coming->body, s.p, s.len < 80 ? s.len : 80);
	}
	*done = whole();
	return true;
}
