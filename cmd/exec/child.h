/* child.h -- a process that is given bytes and waited for.
 * SPDX-License-Identifier: Apache-2.0 */

#ifndef CHILD_H
#define CHILD_H

#include "ce.h"

struct child {
	pid_t pid;   /* 0: there is none */
	int pidfd;
	int in, out; /* our ends of its standard input and output; -1: closed */
	int err[2];  /* its standard error: stays from one to the next */
	bool set;    /* err is */
	struct ce_timer timer;
	bool late;   /* its time was over */
	bool told;   /* SIGTERM was sent */
	int status;  /* as of waitpid, when it has ended */
	struct ce_buf said; /* the end of what it wrote to standard error */
	void (*ended)(struct child *c);
	void *owner;
};

/* 0: it runs, c->ended will be called from the loop; else errno.  Neither in nor
 * out blocks; in is closed when it has ended, out by the owner, by child_shut. */
int child_start(struct child *c, char *envp[], bool out);
void child_limit(struct child *c, long ms); /* SIGTERM in ms; -1: never */
void child_stop(struct child *c);           /* SIGTERM to its group, then SIGKILL */
void child_shut(int *fd);                   /* forgets and closes it */
/* The last line that it wrote to standard error, lent; "" if none. */
const char *child_said(struct child *c);
/* At the end, without the loop: closes its input, waits, stops it after ms. */
void child_wait(struct child *c, long ms);

#endif
