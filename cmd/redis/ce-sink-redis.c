/* ce-sink-redis -- write events to a Redis server
 *
 * An event is delivered when the server has answered its command, never when the
 * command was written.  If that answer is lost, the retry writes the event a second
 * time; --once leaves it at the first.
 * SPDX-License-Identifier: Apache-2.0 */

#include "sink.h"

static const struct ce_opt opts[] = {
	CE_FLAG(0, "field-per-attribute", &sink_conf.fields, "a field for each attribute and for the data, not one for all"),
	CE_TEMPLATE(0, "hash", &sink_conf.hash, "template", "set the fields of this hash"),
	CE_TEMPLATE('l', "list", &sink_conf.list, "template", "append to this list"),
	CE_FLAG(0, "lpush", &sink_conf.left, "put at the head of the list, not at its end"),
	CE_STR(0, "maxlen", &sink_conf.maxlen, "n", "trim the stream to so many entries; ~n: about"),
	CE_FLAG(0, "once", &sink_conf.once, "write an event only once, however often it comes"),
	CE_TIME(0, "once-ttl", &sink_conf.once_ttl, "time", 1, 315360000000, "how long --once remembers"),
	CE_TEMPLATE(0, "publish", &sink_conf.publish, "template", "publish to this channel"),
	CE_TEMPLATE(0, "set", &sink_conf.set, "template", "set this key"),
	CE_TEMPLATE('s', "stream", &sink_conf.stream, "template", "append to this stream"),
	CE_TIME(0, "ttl", &sink_conf.ttl, "time", 0, 315360000000, "how long a key that was set lives; 0: for ever"),
	CE_NUM(0, "wait", &sink_conf.replicas, "n", 0, 1000, "replicas that must have it"),
	CE_TIME(0, "wait-timeout", &sink_conf.wait_timeout, "time", 1, 3600000, "how long --wait waits for them"),
	CE_GROUP(redis_opts),
	CE_END
};

static const struct ce_program program = {
	"ce-sink-redis", "write events to a Redis server", CE_SINK, opts, NULL, 0, 0,
	CE_USE_INFLIGHT | CE_USE_ORDER | CE_USE_TIMEOUT
};

int
main(int argc, char *argv[])
{
	struct ce_event *ev;

	ce_conf.inflight = 2048;
	ce_start(argc, argv, &program);
	redis_check();
	command_check();
	flight_start();
	while ((ev = ce_next()) != NULL)
		flight_send(ev);
	return ce_finish();
}
