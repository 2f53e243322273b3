/* stats -- what the loop notes of its waits and of the oldest unfinished event
 *
 * SPDX-License-Identifier: Apache-2.0 */

#include <poll.h>
#include "flow.h"
#include "tap.h"

static void
turn(int ms)
{
	ce_stats_rest();
	poll(NULL, 0, ms);
	ce_stats_wake();
}

/* As a sink: nothing else is said of this process. */
static void
ages(void)
{
	int64_t before, began, second, half = 0;
	int i;

	before = ce_now();
	turn(20);
	began = ce_now();
	ce_stats->events_in = 10;
	ce_stats->open = 10;
	turn(60);
	ok(ce_stats->oldest >= before && ce_stats->oldest <= began, "read at the beginning");
	second = ce_now();
	ce_stats->events_in = 20;
	ce_stats->open = 20;
	turn(60);
	ok(ce_stats->oldest <= began, "the oldest is still the first");
	ce_stats->open = 11;
	turn(1);
	ok(ce_stats->oldest <= began, "nine of the first ten are finished");
	ce_stats->open = 10;
	turn(1);
	ok(ce_stats->oldest > began && ce_stats->oldest <= second, "and the tenth");
	ce_stats->open = 0;
	before = ce_now();
	turn(10);
	ok(ce_stats->oldest >= before, "none is open: the next one is young");
	/* More marks than are kept: right within a part of the time. */
	began = ce_now();
	for (i = 0; i < 200; i++) {
		if (i == 100)
			half = ce_now();
		ce_stats->events_in += 5;
		ce_stats->open += 5;
		turn(5);
	}
	ok(ce_stats->oldest >= before && ce_stats->oldest <= began, "thinned out, the first stays");
	ce_stats->open = 500; /* the first half is finished */
	turn(1);
	ok(ce_stats->oldest > began && ce_stats->oldest <= half, "and a later one is later");
}

static void
waits(void)
{
	struct ce_stats was = *ce_stats;

	ce_stats->open = 1;
	ce_stats->blocked = CE_ON_OUTPUT;
	ce_stats_rest();
	ok(ce_stats->resting > 0 && ce_stats->blocked == CE_ON_OUTPUT, "while it waits, it says so");
	poll(NULL, 0, 50);
	ce_stats_wake();
	ok(ce_stats->resting == 0, "and no more then");
	ok(ce_stats->waited[CE_ON_OUTPUT] - was.waited[CE_ON_OUTPUT] >= 45000, "its time is counted");
	ce_stats->blocked = CE_ON_INPUT;
	turn(20);
	ok(ce_stats->waited[CE_ON_SERVICE] - was.waited[CE_ON_SERVICE] >= 15000,
	    "a pause before the next attempt is not for input");
	is_int(ce_stats->blocked, CE_ON_INPUT, "what was said stays");
	ce_stats->open = 0;
	turn(20);
	ok(ce_stats->waited[CE_ON_INPUT] - was.waited[CE_ON_INPUT] >= 15000, "input");
	/* Somebody wrote nonsense into the file that others can write to. */
	ce_stats->blocked = 1000000;
	ce_stats->resting = -1;
	turn(1);
	ok(true, "nonsense does no harm");
}

int
main(void)
{
	ages();
	waits();
	return done();
}
