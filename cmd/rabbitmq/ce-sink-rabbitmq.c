/* ce-sink-rabbitmq -- publish events to an exchange
 *
 * The server's confirm is the delivery: thousands of messages are on their way at a
 * time, and each event is settled when the server has taken responsibility for it.
 * If the connection breaks, all that was not confirmed is published again, in order.
 * SPDX-License-Identifier: Apache-2.0 */

#include <string.h>
#include "publish.h"

struct publish_conf publish_conf = { .exchange = "" };
static const char *key = "";

static const struct ce_opt opts[] = {
	CE_STR('e', "exchange", &publish_conf.exchange, "name", "exchange to publish to (default: the one without a name)"),
	CE_CHOICE('m', "mode", &publish_conf.mode, "structured|binary", "how an event travels"),
	CE_CHOICE(0, "prefix", &publish_conf.prefix, PREFIX_WORDS, "what stands before the names of attributes in binary mode"),
	CE_STR('r', "routing-key", &key, "template", "routing key; a queue, where the exchange has no name"),
	CE_CHOICE(0, "unroutable", &publish_conf.unroutable, "never|later|drop", "what to do with an event that no queue takes"),
	CE_GROUP(rabbit_opts),
	CE_END
};

static const struct ce_program program = {
	"ce-sink-rabbitmq", "publish events to an exchange of RabbitMQ", CE_SINK, opts, NULL, 0, 0,
	CE_USE_INFLIGHT | CE_USE_ORDER
};

static void
prepare(void)
{
	const char *why;

	rabbit_url_check();
	if (strlen(publish_conf.exchange) > 255)
		ce_die(CE_USAGE, "--exchange: the name is longer than 255 bytes");
	if ((publish_conf.key = ce_template_new(key, &why)) == NULL)
		ce_die(CE_USAGE, "--routing-key %s: %s", key, why);
	if (*publish_conf.exchange == '\0' && *key == '\0')
		ce_die(CE_USAGE, "where to? --exchange, or --routing-key with the name of a queue");
}

int
main(int argc, char *argv[])
{
	struct ce_event *ev;
	int code;

	ce_conf.inflight = 2048; /* with more, a server that is near is slower */
	ce_start(argc, argv, &program);
	prepare();
	publish_start();
	while ((ev = ce_next()) != NULL)
		publish(ev);
	code = ce_finish();
	rabbit_close();
	return code;
}
