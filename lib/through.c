/* through.c -- what a filter lets pass as it came goes from pipe to pipe, not through
 * its hands.
 *
 * Input is looked at, not taken: tee(2) lends its pages to a pipe of our own, which is
 * read.  Lines that pass one behind the other make a run.  When all that was looked at
 * is decided, splice(2) moves the run, and what is before and behind it is thrown away:
 * the beginning of a line whose end has not come is then in memory alone.  Anything
 * else that is written before that copies the run to the output first.
 * SPDX-License-Identifier: Apache-2.0 */

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "down.h"

#define LOOK ((size_t)128 << 10)  /* room that is made for a look */
#define WORTH ((size_t)48 << 10)  /* bytes that are moved rather than copied */
#define IN_VAIN 15 /* reads without a look after one that found no run */

static int lent[2], nowhere;
static bool on;
static int blind;
static size_t looked;  /* bytes that were looked at and are still in the input */
static uint64_t upto;  /* all that was read, as an offset in the input */
static uint64_t next;  /* where the run ends */

void
ce_through_start(void)
{
	struct stat in, out;

	if (ce_program->role != CE_FILTER || !ce_stdout.is_pipe || ce_stdout.small_steps ||
	    fstat(0, &in) == -1 || !S_ISFIFO(in.st_mode) || fstat(ce_stdout.fd, &out) == -1 ||
	    (in.st_dev == out.st_dev && in.st_ino == out.st_ino) || pipe2(lent, O_CLOEXEC) == -1)
		return;
	(void)!fcntl(lent[1], F_SETPIPE_SZ, 1 << 20);
	nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
	on = nowhere != -1;
}

/* False: it cannot be looked at, or there is nothing. */
static bool
look(struct ce_lines *l)
{
	size_t room, got = 0;
	char *p = ce_lines_room(l, LOOK, &room);
	ssize_t n = tee(0, lent[1], room, SPLICE_F_NONBLOCK), k;

	if (n == -1 && errno != EAGAIN && errno != EINTR)
		on = false;
	if (n <= 0)
		return false;
	for (looked = (size_t)n; got < looked; got += (size_t)k)
		if ((k = read(lent[0], p + got, looked - got)) <= 0)
			ce_die(CE_IOERR, "cannot read a pipe of its own: %m");
	l->to += looked;
	return true;
}

ssize_t
ce_through_fill(struct ce_lines *l)
{
	ssize_t n;

	ce_through_end(); /* what was not asked for yet is in memory */
	if (on && blind == 0 && look(l))
		n = (ssize_t)looked;
	else if ((n = ce_lines_fill(l)) > 0 && blind > 0)
		blind--;
	if (n > 0)
		upto += (uint64_t)n;
	return n;
}

/* A line that ends before what was looked at was held back, and lies in older memory.
 * What was cut off of the line is put back: its return address begins where text ends,
 * but for the brace. */
bool
ce_through_pass(struct ce_event *ev)
{
	struct ce_down *d = &ce_stdout;

	if (ev->raw == 0 || ev->offset + ev->raw <= upto - looked || (d->nrun > 0 && ev->offset != next))
		return false;
	if (d->nrun == 0)
		d->run = ev->text;
	if (ev->raw > ev->len + 1)
		memcpy(ev->text + ev->len - 1, CE_ACKTO, 2);
	else
		ev->text[ev->len] = '\n';
	d->nrun += ev->raw;
	next = ev->offset + ev->raw;
	ce_stats->events_out++;
	return true;
}

void
ce_through_copy(void)
{
	struct ce_down *d = &ce_stdout;

	ce_buf_add(&d->out, d->run, d->nrun);
	d->nrun = 0;
}

static void
throw_away(size_t n)
{
	while (n > 0) {
		ssize_t k = splice(0, NULL, nowhere, NULL, n, SPLICE_F_NONBLOCK);

		if (k > 0)
			n -= (size_t)k;
		else if (k == 0 || errno != EINTR)
			ce_die(CE_IOERR, "cannot read standard input again: %m");
	}
}

void
ce_through_end(void)
{
	struct ce_down *d = &ce_stdout;
	uint64_t first = upto - looked, run = next - d->nrun; /* of the input; of the run */
	size_t ours = run < first ? (size_t)(first - run) : 0; /* of the run, in memory alone */

	if (looked == 0)
		return;
	if (d->nrun >= ours + WORTH) {
		if (ours > 0)
			ce_buf_add(&d->out, d->run, ours);
		else
			throw_away((size_t)(run - first));
		d->nrun = 0;
		ce_out_move(d, 0, (size_t)(next - (run < first ? first : run)));
		looked = (size_t)(upto - next);
	} else {
		blind = IN_VAIN;
		if (d->nrun > 0)
			ce_through_copy();
	}
	throw_away(looked);
	looked = 0;
}
