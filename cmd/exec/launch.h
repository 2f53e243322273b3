/* launch.h -- the command, and how a process of it begins.
 * SPDX-License-Identifier: Apache-2.0 */

#ifndef LAUNCH_H
#define LAUNCH_H

#include "ce.h"

struct launch {
	char **envp;
	int in, out, err; /* what it gets as these; -1: ours */
	pid_t pid;
	int pidfd;
};

/* Before the first: what to run; ends the program if it cannot be. */
void launch_prepare(char *argv[]);
/* It leads a group of its own, and the kernel kills it if we end.  0, or errno. */
int launch(struct launch *l);
/* The verdict on an event whose command could not be started. */
enum ce_verdict launch_failed(int err);

#endif
