/* input.c -- one of the inputs of ce-cat: opened without waiting, read once at a
 * time, printed by whole lines.
 * SPDX-License-Identifier: Apache-2.0 */

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "input.h"

/* What a return address adds to a line; it is not counted to the event. */
#define ADDRESS 80
#define PIPE_SIZE (1 << 20)

int input_open;
bool input_refused;
int64_t input_last;

static void
cannot(const char *name, const char *why)
{
	ce_warn("cannot read %s: %s", strcmp(name, "-") == 0 ? "standard input" : name, why);
	ce_stop(CE_IOERR);
}

/* ---- opening ---- */

/* The number in /dev/fd/N and its like, 0 of -; -1: it is a path.  Such a one is
 * not opened again: a FIFO whose writers have gone would wait for new ones, a
 * socket cannot be. */
static int
number(const char *name)
{
	static const char *const dirs[] = { "/dev/fd/", "/proc/self/fd/" };
	char *end;
	long n;

	if (strcmp(name, "-") == 0 || strcmp(name, "/dev/stdin") == 0)
		return 0;
	for (int i = 0; i < 2; i++)
		if (strncmp(name, dirs[i], strlen(dirs[i])) == 0 && name[strlen(dirs[i])] != '\0') {
			n = strtol(name + strlen(dirs[i]), &end, 10);
			return *end == '\0' && n >= 0 && n < 1 << 20 ? (int)n : -1;
		}
	return -1;
}

/* A FIFO is opened without waiting for its writer; poll tells when one has come
 * and when all have gone, and only then is it read.  What of the descriptors is
 * closed on exec is our own, not the caller's. */
static void
open_it(struct input *in)
{
	int n = number(in->name);

	in->lent = n >= 0;
	if (in->lent) {
		int flags = fcntl(n, F_GETFD);

		if (flags == -1 || (flags & FD_CLOEXEC) != 0)
			errno = EBADF;
		else
			in->fd = n;
	} else
		in->fd = open(in->name, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
}

static bool
same(const struct input *a, const struct input *b)
{
	if (a->lent && b->lent && a->fd == b->fd)
		return true;
	return a->st.st_dev == b->st.st_dev && a->st.st_ino == b->st.st_ino &&
	    (S_ISFIFO(a->st.st_mode) || S_ISSOCK(a->st.st_mode) || (S_ISCHR(a->st.st_mode) && isatty(a->fd)));
}

/* Why it cannot be read after all. */
static const char *
unfit(const struct input *in)
{
	struct stat out;

	if (S_ISDIR(in->st.st_mode))
		return strerror(EISDIR);
	if (S_ISREG(in->st.st_mode) && fstat(1, &out) == 0 && out.st_dev == in->st.st_dev &&
	    out.st_ino == in->st.st_ino)
		return "it is the output as well";
	return NULL;
}

static void
close_it(struct input *in)
{
	ce_watch(in->fd, 0, NULL, NULL);
	ce_lines_free(&in->lines);
	if (!in->lent || in->fd > 2)
		close(in->fd);
	in->fd = -1;
	in->ready = false;
	input_open--;
}

static void
readable(void *arg, short revents)
{
	struct input *in = arg;

	(void)revents;
	in->ready = true;
	ce_watch(in->fd, 0, NULL, NULL); /* until it was read */
}

void
input_start(struct input *inputs, int i, const char *name)
{
	struct input *in = &inputs[i];
	const char *wrong;

	*in = (struct input){ .name = name, .fd = -1 };
	open_it(in);
	if (in->fd == -1 || fstat(in->fd, &in->st) == -1) {
		cannot(name, strerror(errno));
		return;
	}
	for (int k = 0; k < i; k++)
		if (inputs[k].fd != -1 && same(in, &inputs[k]))
			ce_die(CE_USAGE, "%s and %s are the same: two readers would tear its lines",
			    inputs[k].name, name);
	input_open++;
	if ((wrong = unfit(in)) != NULL) {
		cannot(name, wrong);
		close_it(in);
		return;
	}
	if (S_ISFIFO(in->st.st_mode)) {
		(void)!fcntl(in->fd, F_SETPIPE_SZ, PIPE_SIZE);
		if (ce_stats->in_ino == 0)
			ce_stats->in_ino = (uint64_t)in->st.st_ino;
	}
	ce_lines_init(&in->lines, in->fd, '\n', (size_t)ce_conf.max_event + ADDRESS);
	ce_watch(in->fd, POLLIN, readable, in);
}

void
input_leave(struct input *in)
{
	if (in->fd == -1)
		return;
	if (in->addressed && !input_refused)
		ce_stop(CE_TEMPFAIL); /* what is left unread comes again */
	close_it(in);
}

/* ---- copying ---- */

static bool
has_address(struct ce_str line)
{
	return memmem(line.p, line.len, "\"ackto\":", 8) != NULL;
}

static void
refuse(struct input *in, const struct ce_record *r)
{
	struct ce_buf where = { 0 };

	ce_buf_printf(&where, "line %lu of %s", r->line, in->name);
	ce_refuse(r->p, r->len, where.p, "longer than --max-event", NULL, NULL);
	ce_buf_free(&where);
	input_refused = ce_conf.dead_letter == NULL;
}

/* It has no newline.  If a source waits for it and it is no event, then a stage
 * died while it wrote: the event comes again. */
static void
last(struct input *in, struct ce_record *r)
{
	static struct ce_event ev;

	if (in->addressed && ce_event_parse(&ev, r->p, r->len) != NULL) {
		ce_warn("the last line of %s is not whole (the stage before has died?)", in->name);
		ce_stop(CE_TEMPFAIL);
		return;
	}
	ce_print(r->p, r->len);
	ce_print("\n", 1);
}

/* Lines that stand side by side are printed together. */
struct run {
	const char *from, *to;
};

static void
print(struct run *run)
{
	if (run->to > run->from)
		ce_print(run->from, (size_t)(run->to - run->from));
	run->from = run->to;
}

/* A byte order mark is no part of the first event. */
static void
skip_mark(struct ce_record *r)
{
	if (r->line == 1 && r->len >= 3 && memcmp(r->p, "\xef\xbb\xbf", 3) == 0) {
		r->p += 3;
		r->len -= 3;
	}
}

/* False: there is no line any more. */
static bool
line(struct input *in, struct run *run)
{
	struct ce_record r;
	enum ce_got got = ce_lines_get(&in->lines, &r);

	if (got == CE_L_NONE || got == CE_L_END)
		return false;
	if (got != CE_L_LONG)
		skip_mark(&r);
	if (run->to == NULL)
		in->addressed |= has_address((struct ce_str){ r.p, r.len });
	if (r.p != run->to || got != CE_L_LINE) {
		print(run);
		run->from = r.p;
	}
	run->to = r.p;
	if (got == CE_L_LINE)
		run->to += r.len + 1;
	else if (got == CE_L_LONG)
		refuse(in, &r);
	else
		last(in, &r);
	ce_stats->events_in++;
	ce_stats->events_out++;
	ce_block_drop(r.block);
	return !input_refused;
}

void
input_copy(struct input *in)
{
	struct run run = { NULL, NULL };
	ssize_t n = ce_lines_fill(&in->lines);

	in->ready = false;
	if (n == -1 && errno != EAGAIN && errno != EINTR) {
		cannot(in->name, strerror(errno));
		in->lines.eof = true;
	}
	if (n > 0) {
		input_last = ce_now();
		ce_stats->bytes_in += (uint64_t)n;
	}
	while (line(in, &run))
		;
	print(&run);
	if (in->lines.eof) {
		close_it(in);
		return;
	}
	ce_lines_rest(&in->lines);
	if (!input_refused)
		ce_watch(in->fd, POLLIN, readable, in);
}
