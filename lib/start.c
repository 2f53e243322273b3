/* start.c -- the beginning and the end of every program.
 * SPDX-License-Identifier: Apache-2.0 */

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "flow.h"
#include "opt.h"

const struct ce_program *ce_program;
int ce_code;

/* The first code that says "fix me" stays; 75, try again, gives way to it. */
void
ce_worse(int code)
{
	if (code != CE_OK && (ce_code == CE_OK || ce_code == CE_TEMPFAIL))
		ce_code = code;
}

/* A standard descriptor that is closed is taken, so that no file gets its
 * number; the wrong way round, so that using it still is an error. */
static void
take_standard(int fd, int flags)
{
	if (fcntl(fd, F_GETFD) == -1 && errno == EBADF && open("/dev/null", flags) != fd)
		_exit(CE_IOERR);
}

int
ce_start(int argc, char *argv[], const struct ce_program *program)
{
	int first;

	ce_program = program;
	ce_name = program->name;
	take_standard(0, O_WRONLY);
	take_standard(1, O_RDONLY);
	take_standard(2, O_WRONLY);
	ce_loop_start();
	first = ce_options(argc, argv, program);
	if (program->role == CE_TOOL)
		return first;
	ce_stats_start(program);
	ce_out_start(&ce_stdout);
	if (ce_emits())
		ce_source_start();
	return first;
}

int
ce_finish(void)
{
	if (ce_program->role == CE_TOOL)
		return ce_code;
	return ce_program->role == CE_SOURCE ? ce_source_finish() : ce_sink_finish();
}
