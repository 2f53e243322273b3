/* branch.c -- a command that is started with a pipe to its standard input, given
 * events, and may die.
 *
 * Its events are known by their numbers alone, unless somebody wants them when it
 * has died: then each is kept until it was finished.
 * SPDX-License-Identifier: Apache-2.0 */

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include "branch.h"

#define PATIENCE 1000 /* ms between the end of reading and the end of the process */

extern char **environ;

struct copy {
	struct branch *of;
	size_t len;
	char text[]; /* and a byte behind it that the parser may write */
};

static void
settled(void *token, enum ce_verdict v)
{
	static struct ce_event ev;
	struct copy *c = token;

	if (v == CE_NEVER) {
		if (ce_event_parse(&ev, c->text, c->len) != NULL)
			ce_bug("a copy that is no event");
		ev.attempts = 1;
		ce_dead(&ev, c->of->why);
	}
	free(c);
}

/* How it ended; how WNOWAIT: and leaves it a zombie. */
static void
reap(struct branch *b, int how)
{
	siginfo_t i = { 0 };

	while (waitid(P_PID, (id_t)b->pid, &i, WEXITED | how) == -1)
		if (errno != EINTR)
			return;
	b->code = i.si_code == CLD_EXITED ? i.si_status : 128 + i.si_status;
	if (how == 0)
		b->pid = 0;
}

/* Its code is that of the whole; without one it has just left off reading. */
static void
lose(struct branch *b)
{
	struct ce_buf why = { 0 };

	if (b->lost)
		return;
	b->lost = true;
	if (b->pid != 0)
		ce_buf_printf(&why, "%s reads no more", b->name);
	else if (b->code > 128)
		ce_buf_printf(&why, "%s was ended by signal %d", b->name, b->code - 128);
	else
		ce_buf_printf(&why, "%s has ended with %d", b->name, b->code);
	b->why = ce_buf_take(&why);
	ce_warn("%s", b->why);
	if (b->keep_going)
		ce_down_give_up(b->down);
	else
		ce_stop(b->code != 0 ? b->code : CE_IOERR);
}

static void
unwatch(struct branch *b)
{
	ce_timer(&b->patience, -1);
	if (b->pidfd == -1)
		return;
	ce_watch(b->pidfd, 0, NULL, NULL);
	close(b->pidfd);
	b->pidfd = -1;
}

static void
ended(void *arg, short revents)
{
	struct branch *b = arg;

	(void)revents;
	unwatch(b);
	reap(b, WNOWAIT);
	if (b->finishing && !b->early && (b->code == 0 || !b->keep_going))
		return; /* the library asks how it ended, and judges */
	reap(b, 0);
	lose(b);
}

static void
out_of_patience(void *arg)
{
	lose(arg);
}

/* It left off reading at the end, when the library does not wait for timers. */
static void
judge(struct branch *b)
{
	struct pollfd p = { b->pidfd, POLLIN, 0 };

	if (b->pidfd == -1) {
		reap(b, 0);
		lose(b);
	} else if (poll(&p, 1, PATIENCE) == 1)
		ended(b, POLLIN);
	else
		lose(b);
}

/* Nobody reads its pipe, which we have not closed yet: mostly because it is ending, and
 * will say with what. */
static void
reads_no_more(void *arg)
{
	struct branch *b = arg;

	b->early = true;
	if (b->finishing) {
		judge(b);
		return;
	}
	b->patience.fn = out_of_patience;
	b->patience.arg = b;
	ce_timer(&b->patience, PATIENCE);
}

/* Signals as a shell gives them to a program: what we ignore or block is ours. */
static void
run(struct branch *b, int in)
{
	char *argv[] = { "sh", "-c", (char *)b->command, NULL };
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attr;
	sigset_t pipe_only;
	int error;

	sigemptyset(&pipe_only);
	sigaddset(&pipe_only, SIGPIPE);
	posix_spawn_file_actions_init(&files);
	posix_spawnattr_init(&attr);
	posix_spawn_file_actions_adddup2(&files, in, 0);
	posix_spawnattr_setsigdefault(&attr, &pipe_only);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGDEF);
	if ((error = posix_spawn(&b->pid, "/bin/sh", &files, &attr, argv, environ)) != 0)
		ce_die(CE_TEMPFAIL, "cannot start %s: %s", b->name, strerror(error));
	posix_spawn_file_actions_destroy(&files);
	posix_spawnattr_destroy(&attr);
}

void
branch_start(struct branch *b, int number, size_t buffer)
{
	struct ce_buf name = { 0 };
	char text[16];
	int fd[2];

	ce_buf_printf(&name, "branch %d (", number);
	ce_buf_visible(&name, b->command, strlen(b->command), 60);
	ce_buf_putc(&name, ')');
	b->name = ce_buf_take(&name);
	snprintf(text, sizeof(text), "%d", number);
	if (setenv("CE_BRANCH", text, 1) == -1 || pipe2(fd, O_CLOEXEC) == -1)
		ce_die(CE_TEMPFAIL, "cannot start %s: %m", b->name);
	run(b, fd[0]);
	close(fd[0]);
	b->down = ce_down_new(fd[1], b->name, buffer, reads_no_more, b);
	b->pidfd = (int)syscall(SYS_pidfd_open, b->pid, 0);
	if (b->pidfd == -1)
		ce_die(CE_TEMPFAIL, "cannot watch %s: %m", b->name);
	ce_watch(b->pidfd, POLLIN, ended, b);
}

void
branch_give(struct branch *b, struct ce_event *ev)
{
	struct copy *c = NULL;

	if (b->lost && b->keep_going) {
		ev->attempts++;
		ce_dead(ev, b->why);
		return;
	}
	if (b->keep_going) {
		c = ce_alloc(sizeof(*c) + ev->len + 1);
		c->of = b;
		c->len = ev->len;
		memcpy(c->text, ev->text, ev->len);
	}
	ce_emit_to(b->down, ev, c != NULL ? settled : NULL, c);
	if (b->lost && b->keep_going) /* it died while we waited for room */
		ce_down_give_up(b->down);
}

void
branch_finishing(struct branch *b)
{
	b->finishing = true;
	if (b->early && !b->lost)
		judge(b);
}

int
branch_wait(struct branch *b)
{
	if (b->pid != 0 && !b->lost) {
		reap(b, 0);
		if (b->code != 0)
			ce_warn("%s has ended with %d", b->name, b->code);
	}
	return b->lost && b->code == 0 ? CE_IOERR : b->code;
}
