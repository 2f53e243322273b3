/* program.h -- a jq program, and what it makes of a value
 * SPDX-License-Identifier: Apache-2.0 */

#ifndef PROGRAM_H
#define PROGRAM_H

#include <jq.h>
#include "ce.h"

extern struct program_conf {
	struct ce_list arg, argjson; /* NAME=VALUE */
	struct ce_list env;          /* names that the program may see */
	struct ce_list dirs;         /* of modules */
	const char *file;            /* NULL: the program is an argument */
} program_conf;

/* argv with each --arg NAME VALUE, as jq has it, as --arg NAME=VALUE. */
char **program_arguments(int *argc, char *argv[]);
/* Compiles text, or the file; wrong use (64) ends the process. */
void program_open(const char *text);
/* The value of the JSON text p, whose byte behind the end can be written.
 * Invalid with a message where jq cannot take it. */
jv program_parse(char *p, size_t n);
/* Runs over v, which it takes, and calls out with each output, to be freed there,
 * until that is false.  NULL, or the error (lent until the next call). */
const char *program_run(jv v, bool (*out)(void *arg, jv v), void *arg);
void program_close(void);

#endif
