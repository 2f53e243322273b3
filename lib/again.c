/* again.c -- the pauses of who has lost its server and comes back to it.
 * SPDX-License-Identifier: Apache-2.0 */

#include "flow.h"

bool
ce_again(struct ce_again *a, void (*fn)(void *arg), void *arg)
{
	long ms;

	if (ce_conf.retries >= 0 && a->attempts >= ce_conf.retries)
		return false;
	ms = ce_backoff(++a->attempts);
	ce_say_later(ms);
	a->timer.fn = fn;
	a->timer.arg = arg;
	ce_timer(&a->timer, ms);
	return true;
}

void
ce_again_well(struct ce_again *a)
{
	ce_timer(&a->timer, -1);
	if (a->attempts > 0)
		ce_say_taken();
	a->attempts = 0;
}
