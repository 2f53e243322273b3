/* fuzz-rabbitmq -- any bytes as what a RabbitMQ server says
 *
 * What must hold: the frames are the same however the bytes are cut into portions;
 * a message is an event that the parser takes as well, one line, or there is a reason.
 *
 * needs: cmd/rabbitmq/binding.c cmd/rabbitmq/envelope.c cmd/rabbitmq/event.c cmd/rabbitmq/frame.c cmd/rabbitmq/login.c cmd/rabbitmq/message.c cmd/rabbitmq/url.c
 * SPDX-License-Identifier: Apache-2.0 */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "fuzz.h"
#include "../../cmd/rabbitmq/binding.h"
#include "../../cmd/rabbitmq/conn.h"

static struct ce_buf out;
static amqp_pool_t pool;

/* What is read is read again; what is written is a message that holds the same. */
static void
there_and_back(struct ce_event *ev)
{
	static struct ce_event again;
	struct ce_buf line = { 0 };
	const char *why;

	ce_buf_add(&line, ev->text, ev->len);
	must(memchr(line.p, '\n', line.len) == NULL);
	must(ce_event_parse(&again, line.p, line.len) == NULL);
	ce_buf_reset(&out);
	(void)binding_write(&out, &again, true, PREFIX_COLON, FRAME_MAX, &why);
	ce_buf_free(&line);
}

static void
method(const struct frame *f)
{
	amqp_method_number_t id = 0;
	enum ce_verdict v = CE_LATER;
	void *m;
	int i;

	for (i = 0; i < 4; i++)
		id = id << 8 | (uint8_t)f->payload.p[i];
	if (amqp_decode_method(id, &pool, bytes_of((struct ce_str){ f->payload.p + 4, f->payload.len - 4 }), &m) < 0)
		return;
	ce_buf_reset(&out);
	if (f->channel == 0)
		(void)login_step(&out, id, m, &v);
	else if (id == AMQP_BASIC_DELIVER_METHOD || id == AMQP_BASIC_RETURN_METHOD)
		(void)message_begin(id, m);
}

static void
take(const struct frame *f)
{
	struct message *m = NULL;
	struct ce_event *ev;

	if (f->type == AMQP_FRAME_METHOD && f->payload.len >= 4)
		method(f);
	else if ((f->type == AMQP_FRAME_HEADER || f->type == AMQP_FRAME_BODY) && message_frame(f, &m) && m != NULL) {
		must(m->body.len <= m->size);
		if (event_of(m, &ev) == NULL)
			there_and_back(ev);
		message_free(m);
	}
	recycle_amqp_pool(&pool);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct frame f, g;
	size_t at = 0;
	long k;

	if (rabbit_url.addr.host == NULL) {
		init_amqp_pool(&pool, 4096);
		must(rabbit_url_parse(&rabbit_url, "amqp://u@h/v") == NULL);
		wrap.queue = "q";
		ce_conf.max_event = 65536;
	}
	while ((k = frame_get(&f, (const char *)p + at, n - at, FRAME_MAX)) > 0) {
		char *copy = malloc((size_t)k);

		must(copy != NULL && (size_t)k <= n - at && f.payload.len < (size_t)k);
		memcpy(copy, p + at, (size_t)k);
		must(frame_get(&g, copy, (size_t)k - 1, FRAME_MAX) == 0);
		must(frame_get(&f, copy, (size_t)k, FRAME_MAX) == k);
		take(&f);
		free(copy);
		at += (size_t)k;
	}
	message_forget();
	return 0;
}
