/* chain.c -- the stages behind a source: who they are, and how they ended.
 *
 * A source has to tell events that a foreign filter removed from events that
 * died with it: neither is ever acknowledged.  While the source lives it walks
 * the pipes through /proc and keeps a pidfd of each stage; when all have ended,
 * those say how (PIDFD_GET_INFO, Linux 6.15).  Where that cannot be learned,
 * nothing is taken for removed.
 * SPDX-License-Identifier: Apache-2.0 */

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include "chain.h"
#include "down.h"

#define MOST 64 /* stages */

/* The first version of struct pidfd_info of <linux/pidfd.h>, which Debian 12's
 * headers do not have. */
struct pidfd_info {
	uint64_t mask, cgroup;
	uint32_t pid, tgid, ppid, ids[8];
	int32_t exit_code;
};
#define PIDFD_GET_INFO_1 _IOWR(0xff, 11, struct pidfd_info)
#define PIDFD_INFO_EXIT_1 8u

struct ce_stage {
	pid_t pid;
	int fd; /* pidfd; -1: none to be had */
	uint64_t in, out; /* the pipes that it reads and writes */
	bool over;
	bool sink;    /* one of ours */
	bool selects; /* a grep */
};

/* What tells a pipe or FIFO from others; 0: that descriptor is none. */
static uint64_t
pipe_of(const struct stat *st)
{
	return S_ISFIFO(st->st_mode) ? (uint64_t)st->st_dev << 40 ^ (uint64_t)st->st_ino : 0;
}

static uint64_t
pipe_at(pid_t pid, const char *fd)
{
	char path[300];
	struct stat st;

	snprintf(path, sizeof(path), "/proc/%ld/fd/%s", (long)pid, fd);
	return stat(path, &st) == 0 ? pipe_of(&st) : 0;
}

static bool
known(const struct ce_down *down, pid_t pid)
{
	int i;

	for (i = 0; i < down->nstages; i++)
		if (down->stages[i].pid == pid)
			return true;
	return false;
}

/* Has pid that pipe open for reading (0400) or writing (0200)?  Standard input
 * is looked at first: nearly all stages read it. */
static bool
holds(pid_t pid, uint64_t pipe, mode_t how)
{
	char path[64];
	struct dirent *e;
	bool yes = how == 0400 && pipe_at(pid, "0") == pipe;
	DIR *d;

	snprintf(path, sizeof(path), "/proc/%ld/fd", (long)pid);
	if (yes || (d = opendir(path)) == NULL)
		return yes;
	while (!yes && (e = readdir(d)) != NULL) {
		struct stat st;

		if (!isdigit((unsigned char)e->d_name[0]) || pipe_at(pid, e->d_name) != pipe)
			continue;
		/* lstat of such a link shows in its mode how it was opened */
		yes = fstatat(dirfd(d), e->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
		    (st.st_mode & how) != 0;
	}
	closedir(d);
	return yes;
}

/* grep says 1 when it selected nothing; of any other program that is a failure. */
static bool
greps(pid_t pid)
{
	char path[64], name[32];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%ld/comm", (long)pid);
	if ((fd = open(path, O_RDONLY | O_CLOEXEC)) == -1)
		return false;
	n = read(fd, name, sizeof(name) - 1);
	close(fd);
	name[n > 0 ? n : 0] = '\0';
	return strcmp(name, "grep\n") == 0 || strcmp(name, "egrep\n") == 0 ||
	    strcmp(name, "fgrep\n") == 0 || strcmp(name, "zgrep\n") == 0 || strcmp(name, "rg\n") == 0;
}

static void walk(struct ce_down *down, pid_t writer, uint64_t pipe);

/* A sink ends the chain, whatever its output goes to. */
static bool
enter(struct ce_down *down, pid_t pid, uint64_t pipe)
{
	int role = ce_runtime_role(pid);
	struct ce_stage *s;

	if (down->nstages == MOST)
		return false;
	s = &down->stages[down->nstages++];
	*s = (struct ce_stage){ .pid = pid, .fd = (int)syscall(SYS_pidfd_open, pid, 0),
	    .in = pipe, .sink = role == CE_SINK || role == CE_RELAY, .selects = greps(pid) };
	down->ours |= role != -1;
	if (!s->sink && !ce_acks_from(down, pid))
		s->out = pipe_at(pid, "1");
	if (s->out != 0 && s->out != pipe)
		walk(down, pid, s->out);
	return true;
}

/* Nobody was seen to read what writer writes.  Opened once more, the pipe says
 * whether it has a reader: if so, one that we may not look at, or a new one. */
static void
nobody_reads(struct ce_down *down, pid_t writer)
{
	struct pollfd p = { -1, POLLOUT, 0 };
	char path[64];

	snprintf(path, sizeof(path), "/proc/%ld/fd/%d", (long)writer,
	    writer == getpid() ? down->given : 1);
	p.fd = open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC);
	if ((p.fd == -1 && errno == ENXIO) || /* a FIFO */
	    (p.fd != -1 && poll(&p, 1, 0) == 1 && (p.revents & POLLERR) != 0))
		down->broken = true;
	else
		down->blind = true;
	if (p.fd != -1)
		close(p.fd);
}

/* How many read it; those not known yet are entered. */
static int
readers(struct ce_down *down, uint64_t pipe)
{
	DIR *d = opendir("/proc");
	struct dirent *e;
	int found = 0;

	if (d == NULL)
		down->blind = true;
	while (d != NULL && (e = readdir(d)) != NULL) {
		pid_t pid = (pid_t)strtol(e->d_name, NULL, 10);

		if (pid <= 0 || pid == getpid() || !holds(pid, pipe, 0400))
			continue;
		found++;
		if (!known(down, pid) && !enter(down, pid, pipe)) {
			down->blind = true;
			break;
		}
	}
	if (d != NULL)
		closedir(d);
	return found;
}

/* Twice, because a shell may hand a pipe on to a process that is younger than the
 * list, before the shell's turn in it comes. */
static void
walk(struct ce_down *down, pid_t writer, uint64_t pipe)
{
	if (readers(down, pipe) == 0 && readers(down, pipe) == 0)
		nobody_reads(down, writer);
}

static void
ended(void *arg, short revents)
{
	struct ce_stage *s = arg;

	(void)revents;
	ce_watch(s->fd, 0, NULL, NULL);
	s->over = true;
}

static void
drop(struct ce_down *down, struct ce_stage *s)
{
	if (s->fd != -1) {
		ce_watch(s->fd, 0, NULL, NULL);
		close(s->fd);
	}
	*s = down->stages[--down->nstages];
	if (s->fd != -1 && s != &down->stages[down->nstages] && down->watching)
		ce_watch(s->fd, s->over ? 0 : POLLIN, ended, s);
}

/* The one sink there ever was reads our pipe itself: then nothing can be removed
 * on the way, and there is no need to look at every process. */
static bool
direct(struct ce_down *down)
{
	pid_t pid = ce_acks_sole(down);

	return pid > 0 && pipe_at(pid, "0") == down->mine && enter(down, pid, down->mine);
}

enum ce_chain
ce_chain_look(struct ce_down *down)
{
	struct stat st;

	if (down->stages == NULL)
		down->stages = ce_alloc(MOST * sizeof(*down->stages));
	while (down->nstages > 0)
		drop(down, &down->stages[down->nstages - 1]);
	down->ours = down->broken = down->blind = down->watching = false;
	if (fstat(down->given, &st) == -1 || !S_ISFIFO(st.st_mode))
		return CE_CHAIN_UNKNOWN;
	down->mine = pipe_of(&st);
	if (!direct(down))
		walk(down, getpid(), down->mine);
	if (down->blind && !down->broken)
		return CE_CHAIN_UNKNOWN;
	return down->broken ? CE_CHAIN_BROKEN : !down->ours ? CE_CHAIN_FOREIGN :
	    down->nstages == 1 ? CE_CHAIN_DIRECT : CE_CHAIN_OURS;
}

void
ce_chain_watch(struct ce_down *down)
{
	int i;

	down->watching = true;
	for (i = 0; i < down->nstages; i++)
		if (down->stages[i].fd != -1)
			ce_watch(down->stages[i].fd, POLLIN, ended, &down->stages[i]);
}

static bool
read_by_one(const struct ce_down *down, uint64_t pipe)
{
	int i;

	for (i = 0; i < down->nstages; i++)
		if (down->stages[i].in == pipe)
			return true;
	return pipe == 0;
}

/* The shell that makes the pipes holds each for a moment, and is no stage: whom it
 * has started since may be one. */
static void
replace_shell(struct ce_down *down, int shell)
{
	int i;

	drop(down, &down->stages[shell]);
	if (!read_by_one(down, down->mine))
		walk(down, getpid(), down->mine);
	for (i = 0; i < down->nstages; i++)
		if (!read_by_one(down, down->stages[i].out))
			walk(down, down->stages[i].pid, down->stages[i].out);
	ce_chain_watch(down);
}

bool
ce_chain_over(struct ce_down *down)
{
	bool over = true;
	int i;

	for (i = down->nstages - 1; i >= 0; i--)
		if (down->stages[i].pid == getppid() && !holds(down->stages[i].pid, down->stages[i].in, 0400)) {
			replace_shell(down, i);
			over = false;
		} else
			over &= down->stages[i].over || (down->stages[i].fd == -1 &&
			    kill(down->stages[i].pid, 0) == -1 && errno == ESRCH);
	return over;
}

pid_t
ce_chain_held(const struct ce_down *down)
{
	DIR *d = down->mine != 0 ? opendir("/proc") : NULL;
	struct dirent *e;
	pid_t pid, found = 0;

	while (d != NULL && found == 0 && (e = readdir(d)) != NULL)
		if ((pid = (pid_t)strtol(e->d_name, NULL, 10)) > 0 && pid != getpid() &&
		    holds(pid, down->mine, 0200))
			found = pid;
	if (d != NULL)
		closedir(d);
	return found;
}

static bool
is_sink(const struct ce_down *down, pid_t pid)
{
	int i;

	for (i = 0; i < down->nstages; i++)
		if (down->stages[i].pid == pid)
			return down->stages[i].sink;
	return false;
}

/* In sinks of ours, which end with 0 only if they have taken all that they
 * read; and nobody else has acknowledged. */
static bool
ends_in_sinks(const struct ce_down *down)
{
	int i, n = 0;

	for (i = 0; i < down->nstages; i++)
		n += down->stages[i].sink;
	return n > 0 && ce_acks_only(down, is_sink);
}

/* How the stage ended, as wait(2) has it; false: that cannot be learned. */
static bool
status(const struct ce_stage *s, int *how)
{
	struct pollfd p = { s->fd, POLLIN, 0 };
	struct pidfd_info info = { .mask = PIDFD_INFO_EXIT_1 };
	int64_t until = ce_now() + 1000;
	siginfo_t child = { 0 };

	if (s->fd == -1 || poll(&p, 1, 5000) != 1)
		return false;
	if (waitid(P_PID, (id_t)s->pid, &child, WEXITED | WNOHANG | WNOWAIT) == 0) {
		*how = child.si_code == CLD_EXITED ? child.si_status << 8 : child.si_status;
		return child.si_pid == s->pid;
	}
	/* it is told when the process was waited for: a moment later */
	while (ioctl(s->fd, PIDFD_GET_INFO_1, &info) == -1 || (info.mask & PIDFD_INFO_EXIT_1) == 0) {
		if (ce_now() > until || errno == ENOTTY)
			return false;
		poll(NULL, 0, 5);
		info.mask = PIDFD_INFO_EXIT_1;
	}
	*how = info.exit_code;
	return true;
}

/* Waits for the stages to end, then asks how.  0 is success, and 1 of a grep
 * as well; a signal or another code may have cost events. */
bool
ce_chain_ended_well(struct ce_down *down)
{
	int i, how;

	if (down->broken || down->blind || !ends_in_sinks(down))
		return false;
	for (i = 0; i < down->nstages; i++)
		if (!status(&down->stages[i], &how) || !WIFEXITED(how) ||
		    WEXITSTATUS(how) > (down->stages[i].selects ? 1 : 0))
			return false;
	return true;
}
