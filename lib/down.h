/* down.h -- what stands behind an output: the pipe, the events that were given to
 * it, who acknowledges them, and the stages that read it.  A source has one, its
 * standard output; a program with branches has one for each.
 * SPDX-License-Identifier: Apache-2.0 */

#ifndef CE_DOWN_H
#define CE_DOWN_H

#include "flow.h"

struct ce_down {
	struct ce_down *next_down;
	const char *name; /* for messages */
	int branch;       /* 0: standard output; else it has an address of its own */

	/* out.c */
	struct ce_buf out; /* gathered */
	char *run;         /* behind it, through.c: lines that pass as they came, in memory */
	size_t nrun;
	size_t written;    /* of out */
	size_t much;       /* so much is written before more is taken */
	size_t tried;      /* so long was it when the pipe was found full */
	int given, fd;     /* as it was given; what is written to */
	bool is_pipe, small_steps, watched, waiting, closed;
	bool gone;         /* nobody reads any more */
	void (*left)(void *arg); /* is told so */
	void *arg;

	/* window.c */
	struct ce_entry *ring;
	uint8_t *state;
	uint16_t *votes;   /* --ack-sinks goes to 1000 */
	uint64_t mask, base, next, committed;
	int64_t done_at;

	/* acks.c */
	bool acking;       /* events are stamped */
	struct ce_conn *conns;
	int listener, nconns;
	struct ce_timer later;
	bool forgotten;    /* a sink that had said hello */
	long sinks_ever, sinks_now, needed;
	struct ce_buf address; /* CE_ACKTO TOKEN. */
	struct ce_stamp stamp; /* of the next event */

	/* doubt.c */
	bool trusting, said_stall;
	bool silent;       /* closed: silence may be death */
	int64_t first_at;  /* when the first event was given */
	int64_t looked_at;

	/* chain.c */
	struct ce_stage *stages;
	int nstages;
	bool ours, broken, blind; /* one of ours; a pipe without reader; not all seen */
	bool watching;
	uint64_t mine;     /* the pipe that is written */

	/* source.c */
	bool refused;      /* downstream, and the sink gives up */
	int chain;         /* enum ce_chain, when the pipe was closed */
};

#define CE_MUCH ((size_t)192 << 10) /* not the size of a pipe: a write that fills it waits */
#define CE_DOWN(n, text) { .name = text, .fd = n, .much = CE_MUCH, .base = 1, .next = 1, \
	.committed = 1, .listener = -1 }

extern struct ce_down *ce_downs; /* all of them */
void ce_downs_turn(int64_t ms); /* writes, keeps house, and turns the loop */
int64_t ce_downs_keep(void);    /* what time brings; ms until the next, -1: never */

#endif
