/* publish -- from an event to its confirm
 *
 * Delivery tags count from 1 in each connection, so the event of tag n is number
 * n - 1 of those that were sent in it.
 * SPDX-License-Identifier: Apache-2.0 */

#include <string.h>
#include "publish.h"

#define AHEAD (512 * 1024) /* bytes that are written and have not left */
#define WRITE (64 * 1024)  /* so much is written at once */

static struct ring sent, todo;
static uint64_t returned; /* number in sent of what may come back next */
static size_t careful;    /* so many are published one by one: one of them is refused */
static bool begun;        /* events are taken */
static struct ce_buf key;

static struct ce_event *
next(struct ring *r)
{
	return ring_take(r, r->head);
}

/* All come again, in their order (CE_USE_ORDER). */
static void
lost(enum ce_verdict v)
{
	struct ce_event *ev;

	if (v == CE_FATAL && !begun)
		ce_die(ce_reason_code(), "%s", ce_reason());
	while ((ev = next(&sent)) != NULL || (ev = next(&todo)) != NULL)
		ce_settle(ev, v);
	sent.head = sent.tail = returned = 0;
}

static void
settle(uint64_t number, enum ce_verdict v)
{
	struct ce_event *ev = ring_take(&sent, number);

	if (ev == NULL) /* it came back before */
		return;
	if (careful > 0)
		careful--;
	ce_settle(ev, v);
}

static void
confirmed(uint64_t tag, bool multiple, bool taken)
{
	uint64_t i = multiple ? sent.head : tag - 1, end = tag == 0 ? sent.tail : tag;

	for (; i < end && i < sent.tail; i++)
		settle(i, taken ? CE_TAKEN : ce_later("%s refuses a message (nack): a queue is full, or in trouble", rabbit_peer()));
}

static void
method(amqp_method_number_t id, void *m)
{
	amqp_confirm_select_t select = { 0 };

	if (id == AMQP_EXCHANGE_DECLARE_OK_METHOD) {
		rabbit_call(AMQP_CONFIRM_SELECT_METHOD, &select);
		rabbit_push();
	} else if (id == AMQP_CONFIRM_SELECT_OK_METHOD)
		rabbit_ready();
	else if (id == AMQP_BASIC_ACK_METHOD)
		confirmed(((amqp_basic_ack_t *)m)->delivery_tag, ((amqp_basic_ack_t *)m)->multiple, true);
	else if (id == AMQP_BASIC_NACK_METHOD)
		confirmed(((amqp_basic_nack_t *)m)->delivery_tag, ((amqp_basic_nack_t *)m)->multiple, false);
}

/* An exchange that is not there shows before anything is published to it; the one
 * without a name always is. */
static void
opened(void)
{
	amqp_exchange_declare_t declare = { .exchange = amqp_cstring_bytes(publish_conf.exchange),
		.type = amqp_cstring_bytes("direct"), .passive = 1 };

	if (*publish_conf.exchange == '\0')
		method(AMQP_EXCHANGE_DECLARE_OK_METHOD, NULL);
	else
		rabbit_call(AMQP_EXCHANGE_DECLARE_METHOD, &declare);
}

static const char *
make_key(struct ce_event *ev)
{
	ce_buf_reset(&key);
	return ce_template_fill(publish_conf.key, ev, CE_ESC_NONE, &key);
}

/* Messages come back in the order in which they were published, each before its
 * confirm; so it is the first that looks like this one. */
static bool
is_that(uint64_t i, struct ce_str wanted, struct ce_str id)
{
	struct ce_event *ev = ring_at(&sent, i);
	struct ce_str mine;

	if (ev == NULL)
		return false;
	mine = binding_message_id(ev);
	return mine.len == id.len && memcmp(mine.p, id.p, id.len) == 0 && make_key(ev) == NULL &&
	    key.len == wanted.len && memcmp(key.p, wanted.p, key.len) == 0;
}

static enum ce_verdict
unroutable(const struct message *m)
{
	struct ce_buf k = { 0 }, text = { 0 };
	enum ce_verdict v;

	ce_buf_visible(&k, message_key(m).p, message_key(m).len, 80);
	ce_buf_visible(&text, message_text(m).p, message_text(m).len, 80);
	v = (publish_conf.unroutable == UNROUTABLE_LATER ? ce_later : ce_never)
	    ("no queue takes routing key %s of exchange %s: %d %s", k.p,
	    *publish_conf.exchange != '\0' ? publish_conf.exchange : "\"\"", m->code, text.p);
	ce_buf_free(&k);
	ce_buf_free(&text);
	return v;
}

static void
came_back(struct message *m)
{
	static amqp_pool_t pool;
	amqp_basic_properties_t *p;
	void *decoded;

	if (pool.pagesize == 0)
		init_amqp_pool(&pool, 4096);
	if (m->how == AMQP_BASIC_RETURN_METHOD &&
	    amqp_decode_properties(AMQP_BASIC_CLASS, &pool, bytes_of(message_properties(m)), &decoded) >= 0) {
		p = decoded;
		for (; returned < sent.tail; returned++)
			if (is_that(returned, message_key(m), str_of(p->message_id))) {
				settle(returned++, unroutable(m));
				break;
			}
	}
	recycle_amqp_pool(&pool);
	message_free(m);
}

/* The server closes the channel over one message and does not say which: it is found
 * by sending those that were on their way one by one. */
static enum ce_verdict
refused(int code, struct ce_str text)
{
	if (code == AMQP_NOT_FOUND && strncmp(text.p, "NOT_FOUND - no ", 15) == 0)
		return ce_fatal(CE_CONFIG, "cannot publish: %s", text.p);
	if (code == AMQP_ACCESS_REFUSED)
		return ce_fatal(CE_NOPERM, "cannot publish: %s", text.p);
	if (code == AMQP_PRECONDITION_FAILED && sent.n == 1)
		settle(sent.head, ce_never("%s refuses the message: %s", rabbit_peer(), text.p));
	else if (code == AMQP_PRECONDITION_FAILED)
		careful = sent.n;
	return ce_later("%s closed the channel: %d %s", rabbit_peer(), code, text.p);
}

/* False: it cannot be written at all. */
static bool
write_out(struct ce_event *ev, const char **why)
{
	amqp_basic_publish_t p = { .exchange = amqp_cstring_bytes(publish_conf.exchange),
		.mandatory = publish_conf.unroutable != UNROUTABLE_DROP };
	struct ce_buf *out = rabbit_out();
	size_t was = out->len;

	p.routing_key = (amqp_bytes_t){ key.len, key.p };
	frame_method(out, 1, AMQP_BASIC_PUBLISH_METHOD, &p);
	if (binding_write(out, ev, publish_conf.mode == MODE_BINARY, publish_conf.prefix, rabbit_frame_max(), why))
		return true;
	out->len = was;
	return false;
}

static enum ce_verdict
send_one(struct ce_event *ev)
{
	const char *why = make_key(ev);

	if (why != NULL)
		return ce_never("the routing key needs %s, which the event does not have", why);
	if (key.len > 255)
		return ce_never("the routing key is longer than 255 bytes");
	if (!write_out(ev, &why))
		return ce_never("it is no message: %s", why);
	return CE_TAKEN;
}

static void
pump(void)
{
	while (rabbit_state() == RABBIT_READY && todo.n > 0 && rabbit_waiting() < AHEAD &&
	    (careful == 0 || sent.n == 0)) {
		struct ce_event *ev = next(&todo);
		enum ce_verdict v = send_one(ev);

		if (v == CE_TAKEN)
			ring_add(&sent, ev);
		else
			ce_settle(ev, v);
		if (rabbit_waiting() >= WRITE)
			rabbit_push();
	}
}

static bool
before_wait(void)
{
	if (rabbit_state() == RABBIT_DOWN && todo.n > 0)
		rabbit_connect();
	pump();
	rabbit_push();
	return false;
}

void
publish(struct ce_event *ev)
{
	ring_add(&todo, ev);
	pump();
}

void
publish_start(void)
{
	static const struct rabbit_user user = { opened, method, came_back, lost, refused };

	rabbit_start(&user);
	ce_on_wait(before_wait);
	rabbit_connect();
	rabbit_await();
	begun = true;
}
