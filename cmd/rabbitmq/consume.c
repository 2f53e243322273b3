/* consume -- messages from a queue, and their acknowledgements
 *
 * Delivery tags count from 1 in each connection; what was delivered over one that
 * broke comes again over the next, so its acknowledgement is let go.
 * SPDX-License-Identifier: Apache-2.0 */

#include <stdlib.h>
#include <string.h>
#include "consume.h"

#define HELD (4 << 20) /* bytes of messages that wait to be emitted */
#define LAZY 5         /* ms that an acknowledgement may wait for others */

static struct message *first, **last = &first;
static size_t held;
static uint64_t era = 1;
static uint64_t done, acked, unfinished; /* tags of this era */
static bool begun, finishing;
static struct ce_again again;
static struct ce_timer ack;

static void
send_acks(void)
{
	amqp_basic_ack_t m = { done, 1 };

	ce_timer(&ack, -1);
	if (rabbit_state() != RABBIT_READY || done == acked)
		return;
	rabbit_call(AMQP_BASIC_ACK_METHOD, &m);
	acked = done;
	rabbit_push();
}

static void
on_ack(void *arg)
{
	(void)arg;
	send_acks();
}

/* What cannot be said now needs not be: it comes again. */
static bool
commit(void)
{
	send_acks();
	return true;
}

static void
forget(void)
{
	struct message *m;

	while ((m = first) != NULL) {
		first = m->next;
		message_free(m);
	}
	last = &first;
	held = 0;
}

static void
reconnect(void *arg)
{
	(void)arg;
	rabbit_connect();
}

static void
lost(enum ce_verdict v)
{
	forget();
	era++;
	done = acked = unfinished = 0;
	if (!begun && v == CE_LATER)
		ce_die(CE_UNAVAILABLE, "%s", ce_reason());
	if (!finishing)
		ce_again(&again, v, reconnect, NULL);
}

static void
declare(void)
{
	amqp_table_entry_t quorum = { amqp_cstring_bytes("x-queue-type"),
		{ AMQP_FIELD_KIND_UTF8, { .bytes = amqp_cstring_bytes("quorum") } } };
	amqp_queue_declare_t q = { .queue = amqp_cstring_bytes(consume_conf.queue), .passive = consume_conf.passive };

	q.durable = consume_conf.declare == DECLARE_DURABLE || consume_conf.declare == DECLARE_QUORUM;
	q.exclusive = consume_conf.declare == DECLARE_EXCLUSIVE;
	q.auto_delete = q.exclusive;
	if (consume_conf.declare == DECLARE_QUORUM)
		q.arguments = (amqp_table_t){ 1, &quorum };
	rabbit_call(AMQP_QUEUE_DECLARE_METHOD, &q);
}

/* All is asked for at once: the server answers in turn, and closes the channel over
 * what it cannot do.  No name means the queue that was declared last. */
static void
opened(void)
{
	amqp_basic_qos_t qos = { 0, (uint16_t)consume_conf.prefetch, 0 };
	amqp_basic_consume_t consume = { .queue = amqp_cstring_bytes(consume_conf.queue) };
	amqp_queue_bind_t bind = { .queue = amqp_cstring_bytes(consume_conf.queue) };
	int i;

	begun = true;
	if (consume_conf.declare != DECLARE_NONE || consume_conf.passive)
		declare();
	for (i = 0; consume_conf.exchange != NULL && (i == 0 || i < consume_conf.keys.n); i++) {
		bind.exchange = amqp_cstring_bytes(consume_conf.exchange);
		bind.routing_key = amqp_cstring_bytes(consume_conf.keys.n > 0 ? consume_conf.keys.v[i] : "");
		rabbit_call(AMQP_QUEUE_BIND_METHOD, &bind);
	}
	rabbit_call(AMQP_BASIC_QOS_METHOD, &qos);
	rabbit_call(AMQP_BASIC_CONSUME_METHOD, &consume);
}

static void
keep_name(const amqp_queue_declare_ok_t *m)
{
	static struct ce_buf name;

	ce_info("queue %.*s: %u messages", (int)m->queue.len, (const char *)m->queue.bytes, m->message_count);
	ce_buf_reset(&name);
	ce_buf_str(&name, str_of(m->queue));
	wrap.queue = name.p;
}

static void
method(amqp_method_number_t id, void *m)
{
	if (id == AMQP_QUEUE_DECLARE_OK_METHOD)
		keep_name(m);
	else if (id == AMQP_BASIC_CONSUME_OK_METHOD) {
		rabbit_ready();
		ce_again_well(&again);
	} else if (id == AMQP_BASIC_CANCEL_METHOD)
		rabbit_drop(ce_later("%s has cancelled the consumer of queue %s: it was deleted, or its node is gone",
		    rabbit_peer(), wrap.queue));
}

static void
came(struct message *m)
{
	if (finishing || m->how != AMQP_BASIC_DELIVER_METHOD) {
		message_free(m);
		return;
	}
	*last = m;
	last = &m->next;
	held += m->body.len + m->envelope.len;
	if (held > HELD)
		rabbit_read(false);
}

/* While asking, a refusal is for good; later it is about time: an acknowledgement
 * that took too long, a queue that another has for itself.  One whose node is down is
 * not found either, in other words. */
static enum ce_verdict
refused(int code, struct ce_str text)
{
	if (code == AMQP_ACCESS_REFUSED)
		return ce_fatal(CE_NOPERM, "cannot read queue %s: %s", consume_conf.queue, text.p);
	if ((code == AMQP_NOT_FOUND && strncmp(text.p, "NOT_FOUND - no ", 15) == 0) ||
	    (code == AMQP_PRECONDITION_FAILED && rabbit_state() != RABBIT_READY))
		return ce_fatal(CE_CONFIG, "cannot read queue %s: %s", consume_conf.queue, text.p);
	return ce_later("%s closed the channel: %d %s", rabbit_peer(), code, text.p);
}

void
consume_start(void)
{
	static const struct rabbit_user user = { opened, method, came, lost, refused };

	ack.fn = on_ack;
	wrap.queue = consume_conf.queue;
	ce_on_commit(commit);
	rabbit_start(&user);
	rabbit_connect();
	rabbit_await();
}

struct message *
consume_next(void)
{
	struct message *m = first;

	if (m == NULL)
		return NULL;
	if ((first = m->next) == NULL)
		last = &first;
	held -= m->body.len + m->envelope.len;
	if (held < HELD / 2)
		rabbit_read(true);
	return m;
}

void *
consume_token(const struct message *m)
{
	return (void *)(uintptr_t)((era & 0xffff) << 48 | m->tag);
}

void
consume_settled(void *token, enum ce_verdict v)
{
	uint64_t t = (uint64_t)(uintptr_t)token, tag = t & 0xffffffffffff;

	if (t >> 48 != (era & 0xffff))
		return;
	if (v == CE_LATER) {
		if (unfinished == 0)
			unfinished = tag;
		return;
	}
	done = tag;
	if (done - acked >= (uint64_t)consume_conf.prefetch / 4)
		send_acks();
	else if (ack.due == 0)
		ce_timer(&ack, LAZY);
}

static void
nack(uint64_t tag)
{
	amqp_basic_nack_t m = { tag, 0, 0 };

	rabbit_call(AMQP_BASIC_NACK_METHOD, &m);
	rabbit_push();
}

void
consume_reject(const struct message *m)
{
	if (rabbit_state() == RABBIT_READY)
		nack(m->tag);
}

/* What was refused downstream is the first that is not finished. */
int
consume_finish(int code)
{
	bool owed;

	finishing = true;
	forget();
	ce_timer(&again.timer, -1);
	send_acks();
	if (code == CE_DATAERR && consume_conf.reject && unfinished != 0 && rabbit_state() == RABBIT_READY)
		nack(unfinished);
	owed = rabbit_state() == RABBIT_READY && acked > 0;
	if (!rabbit_close() && owed)
		ce_warn("%s did not confirm the end of the connection: the last messages may come again", rabbit_peer());
	return code;
}
