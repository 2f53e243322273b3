/* ce-src-redis -- print an event for what is in Redis
 *
 * What the server or --state takes for done follows the finished events, so what is
 * read again after a crash is what may not have arrived.  What is published comes once,
 * and nothing can make it come again.
 * SPDX-License-Identifier: Apache-2.0 */

#include <string.h>
#include <unistd.h>
#include "src.h"

struct src_conf src_conf;

static const struct ce_opt opts[] = {
	CE_TIME(0, "claim-idle", &src_conf.claim_idle, "time", 0, 315360000000, "take over what other consumers have not finished for so long; 0: never"),
	CE_STR('c', "consumer", &src_conf.consumer, "name", "name in the group, or of who takes from a list (default: the host's)"),
	CE_FLAG(0, "create", &src_conf.create, "make the group, and the stream, where they are missing"),
	CE_STR(0, "from", &src_conf.from, "id", "where to begin: 0, $ or an id"),
	CE_STR('g', "group", &src_conf.group, "name", "read as a member of this consumer group"),
	CE_STR(0, "keyspace", &src_conf.keyspace, "pattern", "what happens to keys of such a name"),
	CE_STR('l', "list", &src_conf.list, "name", "take from this list"),
	CE_NUM(0, "max-deliveries", &src_conf.max_deliveries, "n", 0, 1000000, "to the dead letters with what was delivered more often; 0: never"),
	CE_STR(0, "processing", &src_conf.processing, "name", "list of what is not finished (default: LIST:processing:CONSUMER)"),
	CE_LIST(0, "psubscribe", &src_conf.patterns, "pattern", "what is published to channels of such a name"),
	CE_FLAG(0, "rpop", &src_conf.rpop, "take from the end of the list, not from its head"),
	CE_STR(0, "source", &src_conf.source, "uri", "source of what is wrapped (default: the server and the name)"),
	CE_STR('s', "stream", &src_conf.stream, "name", "read this stream"),
	CE_LIST(0, "subscribe", &src_conf.channels, "channel", "what is published to this channel"),
	CE_STR(0, "type", &src_conf.type, "type", "type of what is wrapped"),
	CE_GROUP(redis_opts),
	CE_END
};

static const struct ce_program program = {
	"ce-src-redis", "print an event for what is in Redis", CE_SOURCE, opts, NULL, 0, 0,
	CE_USE_COMMIT | CE_USE_STATE | CE_USE_END | CE_USE_DEAD | CE_USE_TIMEOUT | CE_USE_AGAIN
};

static const struct reading *
check(void)
{
	static char host[256];
	struct src_conf *c = &src_conf;
	bool channels = c->channels.n > 0 || c->patterns.n > 0;
	struct id id;

	redis_check();
	wrap_check();
	if ((c->stream != NULL) + (c->list != NULL) + channels + (c->keyspace != NULL) != 1)
		ce_die(CE_USAGE, "takes one of --stream, --list, --subscribe or --psubscribe, and --keyspace");
	if (c->stream == NULL && (c->group != NULL || c->from != NULL || ce_conf.state != NULL))
		ce_die(CE_USAGE, "--group, --from and --state need --stream");
	if (c->list == NULL && (c->processing != NULL || c->rpop))
		ce_die(CE_USAGE, "--processing and --rpop need --list");
	if (c->group == NULL && (c->claim_idle > 0 || c->max_deliveries > 0 || c->create))
		ce_die(CE_USAGE, "--claim-idle, --max-deliveries and --create need --group");
	if (c->group == NULL && c->list == NULL && c->consumer != NULL)
		ce_die(CE_USAGE, "--consumer needs --group or --list");
	if (c->stream == NULL && c->list == NULL && ce_conf.until_end)
		ce_die(CE_USAGE, "--until-end has no meaning here: what is published has no end");
	if (c->group != NULL && ce_conf.state != NULL)
		ce_die(CE_USAGE, "--state has no meaning with --group: the server keeps the position");
	if (c->group != NULL && c->from != NULL && !c->create)
		ce_die(CE_USAGE, "--from needs --create with --group: the group has a position");
	if (c->from != NULL && strcmp(c->from, "$") != 0 && !id_parse(&id, c->from))
		ce_die(CE_USAGE, "--from %s: neither 0, $ nor an id", c->from);
	if (c->max_deliveries > 0 && ce_conf.dead_letter == NULL)
		ce_die(CE_USAGE, "--max-deliveries needs --dead-letter");
	if (c->consumer == NULL && gethostname(host, sizeof(host) - 1) == 0)
		c->consumer = host;
	return c->stream != NULL ? &stream_reading : c->list != NULL ? &list_reading : &channel_reading;
}

int
main(int argc, char *argv[])
{
	const struct reading *in;

	ce_start(argc, argv, &program);
	in = check();
	in->start();
	while (ce_running() && !in->over())
		if (!in->next())
			ce_wait(-1);
	return ce_finish();
}
