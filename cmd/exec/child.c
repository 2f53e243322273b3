/* child.c -- a process that is given bytes and waited for.
 *
 * It is a group of its own, so that what it starts can be stopped with it and the
 * terminal's ^C reaches only us, who let it finish.  What it says on its standard
 * error goes on, and the end of it is kept: it is the reason of a refusal.
 * SPDX-License-Identifier: Apache-2.0 */

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "child.h"
#include "launch.h"

#define GRACE 5000 /* ms from SIGTERM to SIGKILL */
#define SAID 1024  /* bytes of standard error that are kept */
#define BLOCK 65536

/* ---- standard error ------------------------------------------------------------------ */

/* What it says goes on as it is; its end is kept. */
static bool
relay(struct child *c)
{
	static char block[BLOCK];
	ssize_t n = read(c->err[0], block, sizeof(block));
	size_t k;

	if (n <= 0)
		return false;
	ce_log_raw(block, (size_t)n);
	k = (size_t)n < SAID ? (size_t)n : SAID;
	if (c->said.len + k > SAID)
		ce_buf_cut(&c->said, c->said.len + k - SAID);
	ce_buf_add(&c->said, block + n - k, k);
	return true;
}

static void
says(void *arg, short revents)
{
	(void)revents;
	relay(arg);
}

/* Somebody that it left behind may go on writing: no more than a pipe holds. */
static void
drain(struct child *c)
{
	int i;

	for (i = 0; i < 16 && relay(c); i++)
		;
}

const char *
child_said(struct child *c)
{
	struct ce_buf *b = &c->said;
	char *nl;

	ce_buf_need(b, 1);
	while (b->len > 0 && strchr(" \t\r\n", b->p[b->len - 1]) != NULL)
		b->len--;
	b->p[b->len] = '\0';
	nl = b->len > 0 ? memrchr(b->p, '\n', b->len) : NULL;
	return nl != NULL ? nl + 1 : b->p;
}

/* ---- its life -------------------------------------------------------------------------- */

static bool
make_pipe(int fds[2], int our_end)
{
	if (pipe2(fds, O_CLOEXEC) == -1)
		return false;
	return fcntl(fds[our_end], F_SETFL, O_NONBLOCK) == 0;
}

void
child_shut(int *fd)
{
	if (*fd == -1)
		return;
	ce_watch(*fd, 0, NULL, NULL);
	close(*fd);
	*fd = -1;
}

/* Where it had to be stopped, what it started goes with it. */
static void
reap(struct child *c)
{
	if (c->told)
		kill(-c->pid, SIGKILL);
	c->status = SIGKILL; /* not learned, it is no success */
	while (waitpid(c->pid, &c->status, 0) == -1 && errno == EINTR)
		;
	ce_timer(&c->timer, -1);
	child_shut(&c->pidfd);
	child_shut(&c->in);
	c->pid = 0;
	drain(c);
}

static void
over(void *arg, short revents)
{
	struct child *c = arg;

	(void)revents;
	reap(c);
	c->ended(c);
}

static void
out_of_time(void *arg)
{
	struct child *c = arg;

	c->late = true;
	child_stop(c);
}

static void
out_of_grace(void *arg)
{
	struct child *c = arg;

	if (c->pid > 0)
		kill(-c->pid, SIGKILL);
}

void
child_limit(struct child *c, long ms)
{
	if (c->told)
		return;
	c->timer.fn = out_of_time;
	c->timer.arg = c;
	ce_timer(&c->timer, ms);
}

void
child_stop(struct child *c)
{
	if (c->pid == 0 || c->told)
		return;
	c->told = true;
	kill(-c->pid, SIGTERM);
	kill(-c->pid, SIGCONT); /* one that is stopped would not notice */
	c->timer.fn = out_of_grace;
	c->timer.arg = c;
	ce_timer(&c->timer, GRACE);
}

int
child_start(struct child *c, char *envp[], bool out)
{
	struct launch l = { .envp = envp, .out = -1 };
	int in[2] = { -1, -1 }, o[2] = { -1, -1 }, error;

	c->in = c->out = c->pidfd = -1;
	c->late = c->told = false;
	c->said.len = 0;
	if (!c->set) {
		if (!make_pipe(c->err, 0))
			return errno;
		c->set = true;
		ce_watch(c->err[0], POLLIN, says, c);
	}
	error = !make_pipe(in, 1) || (out && !make_pipe(o, 0)) ? errno : 0;
	if (error == 0) {
		l.in = in[0];
		l.out = o[1];
		l.err = c->err[1];
		error = launch(&l);
	}
	child_shut(&in[0]);
	child_shut(&o[1]);
	c->in = in[1];
	c->out = o[0];
	if (error != 0) {
		child_shut(&c->in);
		child_shut(&c->out);
		return error;
	}
	c->pid = l.pid;
	c->pidfd = l.pidfd;
	ce_watch(c->pidfd, POLLIN, over, c);
	return 0;
}

void
child_wait(struct child *c, long ms)
{
	int64_t until = ce_now() + ms;
	char last[4096]; /* words: nobody asked */
	int left;

	if (c->pid == 0)
		return;
	child_shut(&c->in);
	for (;;) {
		struct pollfd p[3] = { { c->pidfd, POLLIN, 0 }, { c->err[0], POLLIN, 0 },
		    { c->out, POLLIN, 0 } };

		left = until > ce_now() ? (int)(until - ce_now()) : 0;
		if (poll(p, 3, left) == -1 && errno != EINTR)
			break;
		if (p[1].revents != 0)
			relay(c);
		if (p[2].revents != 0 && read(c->out, last, sizeof(last)) == 0)
			child_shut(&c->out);
		if (p[0].revents != 0)
			break;
		if (left > 0)
			continue;
		if (c->told)
			out_of_grace(c);
		else
			child_stop(c);
		until = ce_now() + GRACE;
	}
	reap(c);
	child_shut(&c->out);
}
