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

static struct stage {
	pid_t pid;
	int fd; /* pidfd; -1: none to be had */
	uint64_t in, out; /* the pipes that it reads and writes */
	bool over;
	bool sink;    /* one of ours */
	bool selects; /* a grep */
} stages[MOST];
static int nstages;
static bool ours, broken, blind; /* one of ours; a pipe without reader; not all seen */
static bool watching;
static uint64_t mine; /* the pipe that this process writes */

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
known(pid_t pid)
{
	int i;

	for (i = 0; i < nstages; i++)
		if (stages[i].pid == pid)
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

static void walk(pid_t writer, uint64_t pipe);

/* A sink ends the chain, whatever its output goes to. */
static bool
enter(pid_t pid, uint64_t pipe)
{
	int role = ce_runtime_role(pid);
	struct stage *s;

	if (nstages == MOST)
		return false;
	s = &stages[nstages++];
	*s = (struct stage){ .pid = pid, .fd = (int)syscall(SYS_pidfd_open, pid, 0),
	    .in = pipe, .sink = role == CE_SINK, .selects = greps(pid) };
	ours |= role != -1;
	if (role != CE_SINK && !ce_acks_from(pid))
		s->out = pipe_at(pid, "1");
	if (s->out != 0 && s->out != pipe)
		walk(pid, s->out);
	return true;
}

/* Nobody was seen to read what writer writes.  Opened once more, the pipe says
 * whether it has a reader: if so, one that we may not look at, or a new one. */
static void
nobody_reads(pid_t writer)
{
	struct pollfd p = { -1, POLLOUT, 0 };
	char path[64];

	snprintf(path, sizeof(path), "/proc/%ld/fd/1", (long)writer);
	p.fd = open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC);
	if ((p.fd == -1 && errno == ENXIO) || /* a FIFO */
	    (p.fd != -1 && poll(&p, 1, 0) == 1 && (p.revents & POLLERR) != 0))
		broken = true;
	else
		blind = true;
	if (p.fd != -1)
		close(p.fd);
}

static void
walk(pid_t writer, uint64_t pipe)
{
	DIR *d = opendir("/proc");
	struct dirent *e;
	int found = 0;

	if (d == NULL)
		blind = true;
	while (d != NULL && (e = readdir(d)) != NULL) {
		pid_t pid = (pid_t)strtol(e->d_name, NULL, 10);

		if (pid <= 0 || pid == getpid() || !holds(pid, pipe, 0400))
			continue;
		found++;
		if (!known(pid) && !enter(pid, pipe)) {
			blind = true;
			break;
		}
	}
	if (d != NULL)
		closedir(d);
	if (found == 0)
		nobody_reads(writer);
}

static void
ended(void *arg, short revents)
{
	struct stage *s = arg;

	(void)revents;
	ce_watch(s->fd, 0, NULL, NULL);
	s->over = true;
}

static void
drop(struct stage *s)
{
	if (s->fd != -1) {
		ce_watch(s->fd, 0, NULL, NULL);
		close(s->fd);
	}
	*s = stages[--nstages];
	if (s->fd != -1 && s != &stages[nstages] && watching)
		ce_watch(s->fd, s->over ? 0 : POLLIN, ended, s);
}

/* The one sink there ever was reads our pipe itself: then nothing can be removed
 * on the way, and there is no need to look at every process. */
static bool
direct(void)
{
	pid_t pid = ce_acks_sole();

	return pid > 0 && pipe_at(pid, "0") == mine && enter(pid, mine);
}

enum ce_chain
ce_chain_look(void)
{
	struct stat st;

	while (nstages > 0)
		drop(&stages[nstages - 1]);
	ours = broken = blind = watching = false;
	if (fstat(1, &st) == -1 || !S_ISFIFO(st.st_mode))
		return CE_CHAIN_UNKNOWN;
	mine = pipe_of(&st);
	if (!direct())
		walk(getpid(), mine);
	if (blind && !broken)
		return CE_CHAIN_UNKNOWN;
	return broken ? CE_CHAIN_BROKEN : !ours ? CE_CHAIN_FOREIGN :
	    nstages == 1 ? CE_CHAIN_DIRECT : CE_CHAIN_OURS;
}

void
ce_chain_watch(void)
{
	int i;

	watching = true;
	for (i = 0; i < nstages; i++)
		if (stages[i].fd != -1)
			ce_watch(stages[i].fd, POLLIN, ended, &stages[i]);
}

/* The shell that made the pipe holds it for a moment, and is no stage. */
bool
ce_chain_over(void)
{
	bool over = true;
	int i;

	for (i = nstages - 1; i >= 0; i--)
		if (stages[i].pid == getppid() && !holds(stages[i].pid, stages[i].in, 0400))
			drop(&stages[i]);
		else
			over &= stages[i].over || (stages[i].fd == -1 &&
			    kill(stages[i].pid, 0) == -1 && errno == ESRCH);
	return over;
}

pid_t
ce_chain_held(void)
{
	DIR *d = mine != 0 ? opendir("/proc") : NULL;
	struct dirent *e;
	pid_t pid, found = 0;

	while (d != NULL && found == 0 && (e = readdir(d)) != NULL)
		if ((pid = (pid_t)strtol(e->d_name, NULL, 10)) > 0 && pid != getpid() &&
		    holds(pid, mine, 0200))
			found = pid;
	if (d != NULL)
		closedir(d);
	return found;
}

static bool
is_sink(pid_t pid)
{
	int i;

	for (i = 0; i < nstages; i++)
		if (stages[i].pid == pid)
			return stages[i].sink;
	return false;
}

/* In sinks of ours, which end with 0 only if they have taken all that they
 * read; and nobody else has acknowledged. */
static bool
ends_in_sinks(void)
{
	int i, n = 0;

	for (i = 0; i < nstages; i++)
		n += stages[i].sink;
	return n > 0 && ce_acks_only(is_sink);
}

/* Waits for the stages to end, then asks how.  0 is success, and 1 of a grep
 * as well; a signal or another code may have cost events. */
bool
ce_chain_ended_well(void)
{
	int i;

	if (broken || blind || !ends_in_sinks())
		return false;
	for (i = 0; i < nstages; i++) {
		struct pollfd p = { stages[i].fd, POLLIN, 0 };
		struct pidfd_info info = { .mask = PIDFD_INFO_EXIT_1 };
		int64_t until = ce_now() + 1000;

		if (stages[i].fd == -1 || poll(&p, 1, 5000) != 1)
			return false;
		/* it is told when the process was waited for: a moment later */
		while (ioctl(stages[i].fd, PIDFD_GET_INFO_1, &info) == -1 ||
		    (info.mask & PIDFD_INFO_EXIT_1) == 0) {
			if (ce_now() > until || errno == ENOTTY)
				return false;
			poll(NULL, 0, 5);
			info.mask = PIDFD_INFO_EXIT_1;
		}
		if (!WIFEXITED(info.exit_code) ||
		    WEXITSTATUS(info.exit_code) > (stages[i].selects ? 1 : 0))
			return false;
	}
	return true;
}
