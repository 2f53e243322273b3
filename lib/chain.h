/* chain.h -- the stages behind a source; for source.c.
 * SPDX-License-Identifier: Apache-2.0 */

#ifndef CE_CHAIN_H
#define CE_CHAIN_H

#include "flow.h"

enum ce_chain {
	CE_CHAIN_UNKNOWN, /* no pipe, or /proc does not tell */
	CE_CHAIN_BROKEN,  /* a stage writes to nobody: one has died */
	CE_CHAIN_FOREIGN, /* no program of ours: nobody will say hello */
	CE_CHAIN_DIRECT,  /* a program of ours reads what we write */
	CE_CHAIN_OURS     /* one of ours, and foreign stages before it */
};

/* Who reads, at this moment; remembered for ended_well. */
enum ce_chain ce_chain_look(struct ce_down *d);
void ce_chain_watch(struct ce_down *d); /* the loop wakes when one of them ends */
bool ce_chain_over(struct ce_down *d);  /* all have ended */
/* Another process that has our pipe open for writing, or 0: with it open the
 * stages behind see no end, though we have closed it. */
pid_t ce_chain_held(const struct ce_down *d);
/* All stages that were seen last have ended by themselves, and well: what was
 * never acknowledged was removed by one of them.  Waits for them. */
bool ce_chain_ended_well(struct ce_down *d);

#endif
