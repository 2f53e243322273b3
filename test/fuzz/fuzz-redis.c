/* fuzz-redis -- what a server may answer: the map of a cluster and its redirections,
 * entries of a stream, values and their names.  The first byte says which.  Whatever
 * is printed is an event, each slot has a server, and an id stays what it was.
 * needs: cmd/redis/cluster.c cmd/redis/where.c cmd/redis/error.c cmd/redis/ids.c cmd/redis/src-batch.c
 * needs: cmd/redis/src-wrap.c cmd/redis/words.c cmd/redis/link.c
 * SPDX-License-Identifier: Apache-2.0 */

#include <string.h>
#include "../../cmd/redis/sink.h"
#include "../../cmd/redis/src.h"
#include "fuzz.h"

struct redis_conf redis_conf = { .shown = "redis://h:1/0" };
struct src_conf src_conf = { .stream = "s", .group = "g" };

void
flight_join(struct node *n)
{
	n->link.arg = n;
}

enum ce_verdict
link_hello(struct link *l)
{
	(void)l;
	return CE_TAKEN;
}

static void
entries(const redisReply *r)
{
	size_t i;

	if (!entries_sound(r))
		return;
	for (i = 0; i < r->elements; i++)
		if (r->element[i]->type == REDIS_REPLY_ARRAY && r->element[i]->element[1]->type == REDIS_REPLY_ARRAY)
			is_event(wrap_entry(r->element[i]->element[0], r->element[i]->element[1], NULL, NULL));
}

static void
cluster(const redisReply *r, const char *text)
{
	struct node *asked = cluster_node(0);
	redisReply said = { .type = REDIS_REPLY_ERROR, .str = (char *)(uintptr_t)text, .len = strlen(text) };
	struct ce_buf key = { 0 };
	int slot;

	if (r != NULL)
		cluster_learn(r, asked);
	cluster_follow(text, asked, true);
	redis_follow(&said);
	must(!redis_moved() || redis_addr()->host != NULL);
	ce_buf_puts(&key, text);
	slot = cluster_slot(&key);
	must(slot >= 0 && slot < 16384);
	must(cluster_node(slot) != NULL && cluster_node(16383) != NULL);
	cluster_failed(cluster_node(slot));
	ce_buf_free(&key);
}

static void
ids(const char *text)
{
	struct id id, same;
	char out[48];

	if (!id_parse(&id, text))
		return;
	id_print(out, id);
	must(id_parse(&same, out) && same.ms == id.ms && same.seq == id.seq);
	if (id.ms != 0 || id.seq != 0) {
		ids_add(id);
		must(ids_have(id));
		ids_drop(id);
		must(!ids_have(id));
	}
}

/* No number in it is so large that the reader would take memory for it. */
static redisReply *
reply(const char *text, size_t n)
{
	redisReader *reader = redisReaderCreate();
	void *r = NULL;
	size_t i, digits = 0;

	for (i = 0; i < n && digits < 6; i++)
		digits = text[i] >= '0' && text[i] <= '9' ? digits + 1 : 0;
	if (digits < 6 && redisReaderFeed(reader, text, n) == REDIS_OK)
		redisReaderGetReply(reader, &r);
	redisReaderFree(reader);
	return r;
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	char *text = n > 0 ? ce_strndup((const char *)p + 1, n - 1) : ce_strdup("");
	struct ce_str s = { text, n > 0 ? n - 1 : 0 }, half = { text, s.len / 2 };
	redisReply *r = n > 0 && (*p == 'e' || *p == 'c') ? reply(text, s.len) : NULL;

	if (redis_conf.addr.host == NULL)
		must(ce_addr_parse(&redis_conf.addr, "127.0.0.1:1", NULL) == NULL);
	if (r != NULL && *p == 'e')
		entries(r);
	else if (n > 0 && *p == 'c')
		cluster(r, text);
	else if (n > 0 && *p == 'i')
		ids(text);
	else if (n > 0 && *p == 'k')
		is_event(wrap_notice(half, (struct ce_str){ text + half.len, s.len - half.len }));
	else
		is_event(wrap_message("redis.list", half, s, NULL, NULL));
	if (r != NULL)
		freeReplyObject(r);
	free(text);
	return 0;
}
