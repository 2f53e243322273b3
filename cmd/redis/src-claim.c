/* src-claim.c -- what other consumers were given and have not finished for long: they
 * may be dead, and XAUTOCLAIM gives it to us.
 * SPDX-License-Identifier: Apache-2.0 */

#include <string.h>
#include "src.h"

static struct ce_timer timer;
static char cursor[48] = "0-0";
static bool claiming;

static void
claim(void *arg)
{
	long n = wrap_count();

	(void)arg;
	if (claiming || !stream_idle() || batch_counting(NULL) || !teller_up()) {
		ce_timer(&timer, 100);
		return;
	}
	claiming = true;
	link_begin(&teller, 8);
	link_word(&teller, "XAUTOCLAIM");
	link_word(&teller, src_conf.stream);
	link_word(&teller, src_conf.group);
	link_word(&teller, src_conf.consumer);
	link_number(&teller, src_conf.claim_idle);
	link_word(&teller, cursor);
	link_word(&teller, "COUNT");
	link_number(&teller, n < 100 ? n : 100);
	link_push(&teller);
}

static void
again(void)
{
	long pause = src_conf.claim_idle / 2;

	claiming = false;
	ce_timer(&timer, strcmp(cursor, "0-0") != 0 ? 0 : pause < 10 ? 10 : pause > 30000 ? 30000 : pause);
}

/* [cursor, entries, deleted ids] */
static bool
claimed(redisReply *r)
{
	if (r->elements < 2 || r->element[0]->type != REDIS_REPLY_STRING ||
	    r->element[0]->len >= sizeof(cursor) || !entries_sound(r->element[1]))
		return false;
	memcpy(cursor, r->element[0]->str, r->element[0]->len + 1);
	if (r->element[1]->elements == 0)
		return false;
	batch_count(&teller, batch_new(r, r->element[1], true));
	return true;
}

bool
claim_answer(redisReply *r)
{
	bool kept = false;

	if (!claiming)
		return false;
	if (r == NULL)
		batch_uncount(&teller);
	else if (batch_counting(&teller))
		batch_counted(r);
	else
		kept = claimed(r);
	if (!batch_counting(&teller))
		again();
	return kept;
}

void
claim_start(void)
{
	timer.fn = claim;
	if (src_conf.claim_idle > 0)
		ce_timer(&timer, 0);
}
