/* input.h -- one of the inputs of ce-cat.
 * SPDX-License-Identifier: Apache-2.0 */

#ifndef INPUT_H
#define INPUT_H

#include <sys/stat.h>
#include "ce.h"

struct input {
	const char *name;
	int fd;         /* -1: at its end, or it could not be opened */
	bool lent;      /* by the caller: a descriptor that we have not opened */
	bool ready;     /* there is something to read */
	bool addressed; /* a source waits for what becomes of it */
	struct stat st;
	struct ce_lines lines;
};

extern int input_open;      /* how many are not at their end */
extern bool input_refused;  /* a line, and there are no dead letters: stop */
extern int64_t input_last;  /* when something was read */

/* Opens inputs[i]; what cannot be is said, and the exit code will tell. */
void input_start(struct input *inputs, int i, const char *name);
void input_copy(struct input *in); /* reads once and prints the lines that are whole */
void input_leave(struct input *in);

#endif
