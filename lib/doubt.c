/* doubt.c -- how long a source waits for somebody to acknowledge, and what it
 * makes of silence: a slow sink, a dead stage, or nobody who ever will.
 * SPDX-License-Identifier: Apache-2.0 */

#include <inttypes.h>
#include "chain.h"
#include "doubt.h"
#include "window.h"

bool
ce_trusting(struct ce_down *d)
{
	if (ce_acks_any(d))
		d->trusting = false;
	return d->trusting;
}

void
ce_doubt_no_more(struct ce_down *d)
{
	d->silent = true;
}

static void
stalled(struct ce_down *d)
{
	bool gone = ce_acks_any(d) && !ce_acks_live(d);
	bool simple = ce_conf.ack_count == 0 && ce_conf.ack_sinks <= 1;
	const char *why = "the sink has gone";

	/* A sink that is slow says so itself. */
	if (d->said_stall || (!gone && simple && !ce_win_full(d)))
		return;
	d->said_stall = true;
	if (!gone)
		why = simple ? "a slow sink, or a stage that holds back or removes more than --window?" :
		    ce_conf.ack_count ? "--ack-count exact: does a stage remove events?" :
		    "several sinks: use ce-tee where a branch removes events";
	ce_warn("held up: event %" PRIu64 " was not acknowledged for %ld s (%s)",
	    d->base, (long)(ce_win_quiet(d) / 1000), why);
	if (gone)
		ce_stop(CE_TEMPFAIL);
}

/* Nobody speaks any more, or nobody has spoken yet.  True: nobody will. */
static bool
died(struct ce_down *d)
{
	if (ce_chain_look(d) != CE_CHAIN_BROKEN)
		return false;
	ce_warn("a stage behind %s has died", d->branch > 0 ? d->name : "this one");
	ce_stop(CE_TEMPFAIL);
	return true;
}

/* Nobody has said hello for too long: will somebody of ours do so, when the
 * first event reaches it? */
static bool
trust(struct ce_down *d)
{
	enum ce_chain chain;

	if (d->silent) /* what does not speak now may have died */
		return false;
	chain = ce_chain_look(d);
	if (chain == CE_CHAIN_DIRECT || chain == CE_CHAIN_OURS || chain == CE_CHAIN_BROKEN)
		return false;
	ce_note("%s%snobody acknowledges; from here on an event counts as finished "
	    "when it was written", d->branch > 0 ? d->name : "", d->branch > 0 ? ": " : "");
	return d->trusting = true;
}

/* In how many ms somebody has been silent for too long; -1: nobody is waited for. */
int64_t
ce_doubt(struct ce_down *d)
{
	bool strangers = ce_conf.ack == CE_ACK_AUTO && !ce_acks_any(d);
	bool deserted = !d->silent && ce_acks_any(d) && !ce_acks_live(d);
	int64_t left = ce_conf.ack_wait -
	    (strangers ? ce_now() - d->first_at : ce_win_quiet(d)) + 1;

	if (ce_win_quiet(d) < ce_conf.ack_wait)
		d->said_stall = false;
	if (d->base == d->next || (d->said_stall && !strangers))
		return -1;
	if ((deserted || (strangers && left <= 0 && !d->silent)) && ce_now() - d->looked_at > 200) {
		d->looked_at = ce_now();
		if (died(d))
			return -1;
		if (strangers && trust(d))
			return 0;
	}
	if (left > 0)
		return deserted && left > 1000 ? 1000 : left;
	if (ce_acks_any(d) || ce_win_full(d))
		stalled(d);
	return ce_conf.ack_wait;
}
