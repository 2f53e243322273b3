/* branch.h -- one branch of ce-tee: a command line that reads its copy.
 * SPDX-License-Identifier: Apache-2.0 */

#ifndef BRANCH_H
#define BRANCH_H

#include "ce.h"
#include "cesql.h"

struct branch {
	const char *command;
	struct ce_sql *route; /* NULL: what no route takes */
	char *name;           /* "branch 2 (ce-sink-file x)" */
	struct ce_down *down;
	struct ce_timer patience;
	pid_t pid;
	int pidfd;            /* -1: its end is not waited for any more */
	bool finishing;       /* its input ends: so may it */
	bool early;           /* it left off reading before that */
	bool lost;            /* it has died */
	bool keep_going;      /* then its events go to the dead letters */
	int code;             /* that it ended with */
	char *why;            /* it was lost */
};

/* Starts the command; number counts from 1.  Ends the program if it cannot. */
void branch_start(struct branch *b, int number, size_t buffer);
void branch_give(struct branch *b, struct ce_event *ev);
/* From now on its end is no death, unless its events are kept and it fails. */
void branch_finishing(struct branch *b);
/* Waits for it; the code that it ended with, 128 and a signal's number. */
int branch_wait(struct branch *b);

#endif
