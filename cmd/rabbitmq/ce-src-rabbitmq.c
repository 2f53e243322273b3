/* ce-src-rabbitmq -- messages of a RabbitMQ queue
 *
 * A message is acknowledged when its event was finished at the far end of the
 * pipeline, and not before: until then the queue has it.
 * SPDX-License-Identifier: Apache-2.0 */

#include <string.h>
#include "consume.h"

struct consume_conf consume_conf = { .queue = "", .prefetch = 1000 };

static const struct ce_opt opts[] = {
	CE_CHOICE(0, "declare", &consume_conf.declare, "none|durable|quorum|exclusive", "make the queue unless it is there"),
	CE_FLAG(0, "envelope", &wrap.envelope, "add the extensions amqp* to events, not only to what is wrapped"),
	CE_STR('e', "exchange", &consume_conf.exchange, "name", "bind the queue to this exchange"),
	CE_FLAG(0, "passive", &consume_conf.passive, "check that the queue is there before anything else"),
	CE_NUM(0, "prefetch", &consume_conf.prefetch, "n", 1, 65535, "messages that are not acknowledged, at most"),
	CE_STR('q', "queue", &consume_conf.queue, "name", "queue to read"),
	CE_FLAG(0, "reject-refused", &consume_conf.reject, "give what was refused to the dead-letter exchange of the queue"),
	CE_LIST('r', "routing-key", &consume_conf.keys, "key", "key to bind it with"),
	CE_STR(0, "source", &wrap.source, "uri", "source of what is wrapped (default: rabbitmq://CLUSTER/VHOST/QUEUE)"),
	CE_STR(0, "type", &wrap.type, "type", "type of what is wrapped"),
	CE_GROUP(rabbit_opts),
	CE_END
};

static const struct ce_program program = {
	"ce-src-rabbitmq", "print the messages of a RabbitMQ queue as events", CE_SOURCE, opts, NULL, 0, 0,
	CE_USE_COMMIT | CE_USE_DEAD | CE_USE_AGAIN
};

static void
check_attribute(const char *name, const char *value)
{
	const char *why = NULL;

	if (value != NULL)
		why = ce_check_attr((struct ce_str){ name, strlen(name) }, (struct ce_str){ value, strlen(value) });
	if (why != NULL)
		ce_die(CE_USAGE, "--%s: %s", name, why);
}

static void
prepare(void)
{
	struct consume_conf *c = &consume_conf;
	int i;

	rabbit_url_check();
	check_attribute("source", wrap.source);
	check_attribute("type", wrap.type);
	if (*c->queue == '\0' && c->declare != DECLARE_EXCLUSIVE)
		ce_die(CE_USAGE, "which --queue?  Only --declare exclusive makes one of its own");
	if (c->passive && c->declare != DECLARE_NONE)
		ce_die(CE_USAGE, "--passive and --declare exclude each other");
	if (c->keys.n > 0 && c->exchange == NULL)
		ce_die(CE_USAGE, "--routing-key needs --exchange");
	if (strlen(c->queue) > 255 || (c->exchange != NULL && strlen(c->exchange) > 255))
		ce_die(CE_USAGE, "a name is longer than 255 bytes");
	for (i = 0; i < c->keys.n; i++)
		if (strlen(c->keys.v[i]) > 255)
			ce_die(CE_USAGE, "--routing-key: it is longer than 255 bytes");
}

static void
refuse(struct message *m, const char *why)
{
	struct ce_buf where = { 0 };

	ce_buf_printf(&where, "queue %s, message %llu", wrap.queue, (unsigned long long)m->tag);
	if (consume_conf.reject) {
		ce_warn("%s is rejected: %s", where.p, why);
		consume_reject(m);
	} else
		ce_refuse(m->body.p, m->body.len, where.p, why, consume_settled, consume_token(m));
	ce_buf_free(&where);
}

static void
emit(struct message *m)
{
	struct ce_event *ev;
	const char *why = event_of(m, &ev);

	if (why != NULL)
		refuse(m, why);
	else
		ce_emit(ev, consume_settled, consume_token(m));
	message_free(m);
}

int
main(int argc, char *argv[])
{
	struct message *m;

	ce_start(argc, argv, &program);
	prepare();
	ce_commits();
	consume_start();
	while (ce_running()) {
		if ((m = consume_next()) != NULL)
			emit(m);
		else
			ce_wait(-1);
	}
	return consume_finish(ce_finish());
}
