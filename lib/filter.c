/* filter.c -- what a filter promises: an event goes on as it came, return
 * address included, or the source is told that it will not.
 * SPDX-License-Identifier: Apache-2.0 */

#include <stdio.h>
#include "down.h"
#include "queue.h"

static void
settle(struct ce_event *ev)
{
	ev->passed = true;
	ce_settle(ev, CE_TAKEN);
}

static void
passed(struct ce_event *ev)
{
	ce_out_end(ev, (struct ce_str){ ev->text, ev->len });
	settle(ev);
	if (ce_out_full(&ce_stdout))
		ce_out_flush(&ce_stdout);
}

void
ce_pass(struct ce_event *ev)
{
	if (ce_through_pass(ev)) {
		settle(ev);
		return;
	}
	ce_buf_add(ce_out(), ev->text, ev->len);
	passed(ev);
}

void
ce_pass_with(struct ce_event *ev, const struct ce_edit *e, int n)
{
	if (!ce_event_changes(ev, e, n)) {
		ce_pass(ev);
		return;
	}
	ce_event_write(ce_out(), ev, e, n);
	passed(ev);
}

void
ce_drop(struct ce_event *ev)
{
	ce_settle(ev, CE_TAKEN);
}

/* What is no event has no place in the dead letters but as the data of one. */
bool
ce_reject(struct ce_event *ev, const char *why)
{
	char where[64];
	bool kept;

	ev->attempts++;
	snprintf(where, sizeof(where), "line %lu", ev->line);
	kept = ev->wrong != NULL ? ce_dead_line_quietly(ev->text, ev->len, where, why) :
	    ce_dead_quietly(ev, why);
	ce_settle(ev, CE_TAKEN);
	return kept;
}

static void
check_reader(void)
{
	if (ce_stdout.gone)
		ce_die(CE_IOERR, "cannot write standard output: nobody reads it any more");
}

/* It waits as one does that is to be delivered again; but nothing has failed, so
 * nothing is said, and no attempt is counted. */
void
ce_hold(struct ce_event *ev, long ms, const char *why)
{
	check_reader();
	ce_later("%s", why);
	ev->due = ce_now() + ms;
	ce_q_set(ev, CE_Q_WAITING);
}

bool
ce_pause(long ms)
{
	ce_out_push(&ce_stdout);
	check_reader();
	ce_stats->blocked = ce_out_empty(&ce_stdout) ? CE_ON_INPUT : CE_ON_OUTPUT;
	ce_turn(ms);
	ce_stats->blocked = CE_ON_NOTHING;
	return !ce_told_to_leave;
}
