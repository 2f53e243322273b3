/* doubt.c -- how long a source waits for somebody to acknowledge, and what it
 * makes of silence: a slow sink, a dead stage, or nobody who ever will.
 * SPDX-License-Identifier: Apache-2.0 */

#include <inttypes.h>
#include "chain.h"
#include "doubt.h"
#include "window.h"

static bool trusting, closed, said_stall;
static int64_t looked_at;

bool
ce_trusting(void)
{
	if (ce_acks_any())
		trusting = false;
	return trusting;
}

void
ce_doubt_no_more(void)
{
	closed = true;
}

static void
stalled(void)
{
	bool gone = ce_acks_any() && !ce_acks_live();
	bool simple = ce_conf.ack_count == 0 && ce_conf.ack_sinks <= 1;
	const char *why = "the sink has gone";

	/* A sink that is slow says so itself. */
	if (said_stall || (!gone && simple && !ce_win_full()))
		return;
	said_stall = true;
	if (!gone)
		why = simple ? "a slow sink, or a stage that holds back or removes more than --window?" :
		    ce_conf.ack_count ? "--ack-count exact: does a stage remove events?" :
		    "several sinks: use ce-tee where a branch removes events";
	ce_warn("held up: event %" PRIu64 " was not acknowledged for %ld s (%s)",
	    ce_src_first(), (long)(ce_win_quiet() / 1000), why);
	if (gone)
		ce_stop(CE_TEMPFAIL);
}

/* Nobody speaks any more, or nobody has spoken yet.  True: nobody will. */
static bool
died(void)
{
	if (ce_chain_look() != CE_CHAIN_BROKEN)
		return false;
	ce_warn("a stage behind this one has died");
	ce_stop(CE_TEMPFAIL);
	return true;
}

/* Nobody has said hello for too long: will somebody of ours do so, when the
 * first event reaches it? */
static bool
trust(void)
{
	enum ce_chain chain;

	if (closed) /* what does not speak now may have died */
		return false;
	chain = ce_chain_look();
	if (chain == CE_CHAIN_DIRECT || chain == CE_CHAIN_OURS || chain == CE_CHAIN_BROKEN)
		return false;
	ce_note("nobody acknowledges; from here on an event counts as finished "
	    "when it was written");
	return trusting = true;
}

/* In how many ms somebody has been silent for too long; -1: nobody is waited for. */
int64_t
ce_doubt(int64_t first_at)
{
	bool strangers = ce_conf.ack == CE_ACK_AUTO && !ce_acks_any();
	bool deserted = !closed && ce_acks_any() && !ce_acks_live();
	int64_t left = ce_conf.ack_wait -
	    (strangers ? ce_now() - first_at : ce_win_quiet()) + 1;

	if (ce_win_quiet() < ce_conf.ack_wait)
		said_stall = false;
	if (ce_unfinished() == 0 || (said_stall && !strangers))
		return -1;
	if ((deserted || (strangers && left <= 0 && !closed)) && ce_now() - looked_at > 200) {
		looked_at = ce_now();
		if (died())
			return -1;
		if (strangers && trust())
			return 0;
	}
	if (left > 0)
		return deserted && left > 1000 ? 1000 : left;
	if (ce_acks_any() || ce_win_full())
		stalled();
	return ce_conf.ack_wait;
}
