/* src-ack.c -- XACK of finished entries, in bulk, on a connection of their own,
 * because the other one waits for entries most of the time.
 *
 * An entry counts as acknowledged when the server has answered; what had no answer
 * is acknowledged again on the next connection.
 * SPDX-License-Identifier: Apache-2.0 */

#include <errno.h>
#include <string.h>
#include "src.h"

#define BULK 512 /* entries in one command */

struct link teller;

static bool (*other)(redisReply *r);
static struct id *acks;   /* finished, oldest first */
static size_t n, cap;
static size_t sent;       /* of them; the server has not answered */
static size_t owed[1024]; /* to each XACK that was sent: its entries; a ring */
static unsigned asked, told;

static void
confirmed(size_t k)
{
	size_t i;

	for (i = 0; i < k; i++)
		ids_drop(acks[i]);
	sent -= k;
	n -= k;
	memmove(acks, acks + k, n * sizeof(*acks));
}

static bool
reply(struct link *l, redisReply *r)
{
	if (r->type == REDIS_REPLY_INTEGER && told != asked)
		confirmed(owed[told++ % 1024]);
	else if (r->type != REDIS_REPLY_ERROR)
		return other(r);
	else
		redis_refused(l, r, "acknowledge or claim entries of", src_conf.stream, false);
	return false;
}

static void
down(struct link *l, const char *why)
{
	(void)l;
	(void)why;
	sent = asked = told = 0;
	other(NULL);
}

void
acks_start(bool (*fn)(redisReply *r))
{
	other = fn;
	teller.reply = reply;
	teller.down = down;
	teller.quiet = ce_conf.timeout;
}

bool
teller_up(void)
{
	return link_open(&teller) == CE_TAKEN;
}

static void
send(void)
{
	char text[48];
	size_t k;

	while (sent < n && asked - told < 1024) {
		k = n - sent < BULK ? n - sent : BULK;
		owed[asked++ % 1024] = k;
		link_begin(&teller, 3 + (int)k);
		link_word(&teller, "XACK");
		link_word(&teller, src_conf.stream);
		link_word(&teller, src_conf.group);
		while (k-- > 0) {
			id_print(text, acks[sent++]);
			link_word(&teller, text);
		}
	}
	link_push(&teller);
}

void
acks_add(struct id id)
{
	if (n == cap) {
		cap = cap ? 2 * cap : 1024;
		acks = ce_realloc(acks, cap * sizeof(*acks));
	}
	acks[n++] = id;
	if (n - sent >= BULK && teller.conn != NULL)
		send();
}

bool
acks_commit(void)
{
	int64_t until = ce_now() + ce_conf.timeout;

	while (n > 0) {
		if (!teller_up()) {
			errno = ENOTCONN;
			return false;
		}
		send();
		if (!link_drain(&teller, (long)(until - ce_now())))
			return false;
	}
	return true;
}
