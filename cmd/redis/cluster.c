/* cluster.c -- which server has a key: the 16384 slots of a cluster.
 *
 * Without a cluster there is one server, and no map.  The map is made when a server
 * sends us elsewhere for the first time.
 * SPDX-License-Identifier: Apache-2.0 */

#include <string.h>
#include "sink.h"

#define MOST 1000 /* servers */

static struct node **nodes;
static int nnodes, any; /* any: whom to ask for a slot that nobody is known to have */
static uint16_t *map;   /* index + 1; 0: unknown */

/* CRC-16/XMODEM of what stands in the first braces, or of all of it. */
int
cluster_slot(const struct ce_buf *key)
{
	const char *p = key->p, *open, *close;
	size_t n = key->len;
	unsigned crc = 0;
	int i;

	if (map == NULL)
		return 0;
	if ((open = memchr(p, '{', n)) != NULL &&
	    (close = memchr(open, '}', n - (size_t)(open - p))) != NULL && close > open + 1) {
		p = open + 1;
		n = (size_t)(close - p);
	}
	for (; n > 0; n--, p++) {
		crc ^= (unsigned)(unsigned char)*p << 8;
		for (i = 0; i < 8; i++)
			crc = (crc & 0x8000) != 0 ? (crc << 1 ^ 0x1021) & 0xffff : crc << 1 & 0xffff;
	}
	return (int)(crc % REDIS_SLOTS);
}

static struct node *
add(const struct ce_addr *a)
{
	struct node *n;

	if (nnodes == MOST)
		return NULL;
	n = CE_NEW(struct node);
	n->link.addr = *a;
	flight_join(n);
	nodes = ce_realloc(nodes, (size_t)(nnodes + 1) * sizeof(struct node *));
	nodes[nnodes++] = n;
	return n;
}

struct node *
cluster_node(int slot)
{
	if (nnodes == 0)
		return add(&redis_conf.addr);
	if (map != NULL && map[slot] != 0)
		return nodes[map[slot] - 1];
	return nodes[any];
}

static bool
same(const char *a, const char *b)
{
	return a != NULL && b != NULL ? strcmp(a, b) == 0 : a == b;
}

static int
index_of(const struct node *n)
{
	int i;

	for (i = 0; i < nnodes && nodes[i] != n; i++)
		;
	return i;
}

/* The node at a, which is ours or freed then; NULL: there are too many. */
static struct node *
node_at(struct ce_addr *a)
{
	struct node *n;
	int i;

	for (i = 0; i < nnodes; i++)
		if (same(nodes[i]->link.addr.host, a->host) && same(nodes[i]->link.addr.port, a->port)) {
			ce_addr_free(a);
			return nodes[i];
		}
	if ((n = add(a)) == NULL)
		ce_addr_free(a);
	return n;
}

static void
make_map(void)
{
	if (map == NULL)
		map = ce_alloc(REDIS_SLOTS * sizeof(*map));
}

struct node *
cluster_follow(const char *said, const struct node *asked, bool moved)
{
	struct ce_addr a;
	struct node *n;
	long s = redis_redirected(said, &a, &asked->link.addr);

	if (s == -1 || (n = node_at(&a)) == NULL || !moved)
		return s == -1 ? NULL : n;
	make_map();
	map[s] = (uint16_t)(index_of(n) + 1);
	return n;
}

/* [[first, last, [host, port, ...], replicas ...], ...] */
void
cluster_learn(const redisReply *slots, const struct node *asked)
{
	size_t i;

	if (slots->type != REDIS_REPLY_ARRAY)
		return;
	make_map();
	for (i = 0; i < slots->elements && i < REDIS_SLOTS; i++) {
		const redisReply *r = slots->element[i], *who;
		struct ce_addr a;
		struct ce_buf port = { 0 };
		struct node *n = NULL;
		long long s;
		int k;

		if (r->type != REDIS_REPLY_ARRAY || r->elements < 3)
			continue;
		who = r->element[2];
		if (who->type != REDIS_REPLY_ARRAY || who->elements < 2 || who->element[1]->type != REDIS_REPLY_INTEGER)
			continue;
		ce_buf_printf(&port, "%lld", who->element[1]->integer);
		if (redis_named(&a, who->element[0]->type == REDIS_REPLY_STRING ? who->element[0]->str : "",
		    who->element[0]->type == REDIS_REPLY_STRING ? who->element[0]->len : 0, port.p, &asked->link.addr))
			n = node_at(&a);
		ce_buf_free(&port);
		s = r->element[0]->type == REDIS_REPLY_INTEGER ? r->element[0]->integer : -1;
		k = index_of(n) + 1;
		for (; n != NULL && s >= 0 && s < REDIS_SLOTS && s <= r->element[1]->integer; s++)
			map[s] = (uint16_t)k;
	}
}

void
cluster_failed(const struct node *n)
{
	int i, at = index_of(n);

	for (i = 0; map != NULL && i < REDIS_SLOTS; i++)
		if (map[i] == at + 1)
			map[i] = 0;
	if (nnodes > 0 && any == at)
		any = (any + 1) % nnodes;
}

void
cluster_each(void (*fn)(struct node *n))
{
	int i;

	for (i = 0; i < nnodes; i++)
		fn(nodes[i]);
}
