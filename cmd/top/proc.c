/* proc -- what /proc tells: the pipes of a process, its memory, and the foreign
 * programs that stand between stages of ours.
 * SPDX-License-Identifier: Apache-2.0 */

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "stage.h"

#define MOST_FOREIGN 200

static uint64_t
pipe_of(const struct stat *st)
{
	return S_ISFIFO(st->st_mode) ? (uint64_t)st->st_dev << 40 ^ (uint64_t)st->st_ino : 0;
}

static uint64_t
pipe_at(pid_t pid, int fd)
{
	char path[64];
	struct stat st;

	snprintf(path, sizeof(path), "/proc/%ld/fd/%d", (long)pid, fd);
	return stat(path, &st) == 0 ? pipe_of(&st) : 0;
}

/* Did the process open that descriptor for itself?  Ours set close-on-exec on
 * what they open, which tells it from what a shell left to them: the ends of
 * other branches of a >(...) are among that. */
static bool
is_own(pid_t pid, const char *fd)
{
	char path[64], text[512], *flags;
	ssize_t n;
	int info;

	snprintf(path, sizeof(path), "/proc/%ld/fdinfo/%.20s", (long)pid, fd);
	if ((info = open(path, O_RDONLY | O_CLOEXEC)) == -1)
		return false;
	n = read(info, text, sizeof(text) - 1);
	close(info);
	text[n > 0 ? n : 0] = '\0';
	flags = strstr(text, "flags:");
	return flags != NULL && (strtoul(flags + 6, NULL, 8) & O_CLOEXEC) != 0;
}

/* Standard error is no way that events go. */
static void
add(struct pipes *p, int fd, mode_t how, uint64_t pipe)
{
	if (fd == 0 && (how & 0400) != 0)
		p->in = pipe;
	else if (fd == 1 && (how & 0200) != 0)
		p->out = pipe;
	else if (fd > 2 && (how & 0200) != 0 && p->nout < MOST_PIPES)
		p->more_out[p->nout++] = pipe;
	else if (fd > 2 && (how & 0400) != 0 && p->nin < MOST_PIPES)
		p->more_in[p->nin++] = pipe;
}

/* A pipe of which a process has both ends is its own affair, and so is one that
 * it writes on two descriptors. */
static void
tidy(struct pipes *p)
{
	struct pipes was = *p;
	int i;

	p->nin = p->nout = 0;
	for (i = 0; i < was.nin; i++)
		if (was.more_in[i] != was.in && !pipe_among(was.more_out, was.nout, was.more_in[i]))
			p->more_in[p->nin++] = was.more_in[i];
	for (i = 0; i < was.nout; i++)
		if (was.more_out[i] != was.out && !pipe_among(was.more_in, was.nin, was.more_out[i]))
			p->more_out[p->nout++] = was.more_out[i];
}

/* Of a foreign program a descriptor above 9 is what a shell left to it. */
bool
proc_pipes(pid_t pid, struct pipes *p, dev_t dev, ino_t ino)
{
	char path[64];
	struct dirent *e;
	bool holds = false, foreign = ino == 0;
	DIR *d;

	memset(p, 0, sizeof(*p));
	snprintf(path, sizeof(path), "/proc/%ld/fd", (long)pid);
	if ((d = opendir(path)) == NULL)
		return false;
	while ((e = readdir(d)) != NULL) {
		struct stat st, link;
		long fd = strtol(e->d_name, NULL, 10);

		if (!isdigit((unsigned char)e->d_name[0]) || fstatat(dirfd(d), e->d_name, &st, 0) != 0)
			continue;
		holds |= st.st_dev == dev && st.st_ino == ino;
		/* lstat of such a link shows in its mode how it was opened */
		if (S_ISFIFO(st.st_mode) && (fd < 3 || (foreign ? fd < 10 : is_own(pid, e->d_name))) &&
		    fstatat(dirfd(d), e->d_name, &link, AT_SYMLINK_NOFOLLOW) == 0)
			add(p, (int)fd, link.st_mode, pipe_of(&st));
	}
	closedir(d);
	tidy(p);
	return holds;
}

/* The fields of /proc/PID/stat behind the name, which may hold anything. */
static bool
stat_fields(pid_t pid, char *name, size_t size, pid_t *parent, struct stage *s)
{
	unsigned long user, kernel;
	char path[64], text[1024], *from, *to, state;
	long ppid, rss;
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%ld/stat", (long)pid);
	if ((fd = open(path, O_RDONLY | O_CLOEXEC)) == -1)
		return false;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	text[n > 0 ? n : 0] = '\0';
	if ((from = strchr(text, '(')) == NULL || (to = strrchr(text, ')')) == NULL ||
	    sscanf(to + 1, " %c %ld %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu %*d %*d %*d %*d "
	    "%*d %*d %*u %*u %ld", &state, &ppid, &user, &kernel, &rss) != 5)
		return false;
	*to = '\0';
	snprintf(name, size, "%s", from + 1);
	*parent = (pid_t)ppid;
	s->ticks = user + kernel;
	s->rss = rss > 0 ? (uint64_t)rss * (uint64_t)sysconf(_SC_PAGESIZE) : 0;
	s->stopped = state == 'T' || state == 't';
	return true;
}

void
proc_figures(struct stage *s)
{
	char name[64];
	pid_t parent;

	stat_fields(s->pid, name, sizeof(name), &parent, s);
}

/* Processes that read a pipe on standard input, and are none of ours. */
struct reader {
	pid_t pid, parent;
	uint64_t pipe;
};
static struct reader *readers;
static int nreaders, cap;

static bool
is_ours(const struct view *v, pid_t pid)
{
	int i;

	for (i = 0; i < v->n; i++)
		if (v->v[i].pid == pid && v->v[i].known)
			return true;
	return false;
}

static void
list_readers(const struct view *v)
{
	DIR *d = opendir("/proc");
	struct dirent *e;
	struct stage no;
	char name[64];

	nreaders = 0;
	while (d != NULL && (e = readdir(d)) != NULL) {
		struct reader r = { .pid = (pid_t)strtol(e->d_name, NULL, 10) };

		if (r.pid <= 0 || (r.pipe = pipe_at(r.pid, 0)) == 0 || is_ours(v, r.pid) ||
		    !stat_fields(r.pid, name, sizeof(name), &r.parent, &no))
			continue;
		if (nreaders == cap) {
			cap = cap ? 2 * cap : 64;
			readers = ce_realloc(readers, (size_t)cap * sizeof(*readers));
		}
		readers[nreaders++] = r;
	}
	if (d != NULL)
		closedir(d);
}

/* A shell, or a timeout(1), only holds what its child reads. */
static bool
has_heir(const struct reader *r)
{
	int i;

	for (i = 0; i < nreaders; i++)
		if (readers[i].parent == r->pid && readers[i].pipe == r->pipe)
			return true;
	return false;
}

/* Takes the readers of what stage i writes into the view, unless one of ours
 * reads it already. */
static void
follow(struct view *v, int i, uint64_t pipe)
{
	int k, added = 0;

	for (k = 0; k < v->n; k++)
		if (v->v[k].pipes.in == pipe || pipe_among(v->v[k].pipes.more_in, v->v[k].pipes.nin, pipe))
			return;
	for (k = 0; k < nreaders && added < MOST_FOREIGN; k++) {
		struct reader *r = &readers[k];
		char name[64];
		struct stage *s;

		if (r->pipe != pipe || r->pid == v->v[i].pid || has_heir(r) ||
		    (s = view_add(v)) == NULL)
			continue;
		added++;
		s->foreign = true;
		s->role = CE_TOOL;
		s->pid = r->pid;
		proc_pipes(r->pid, &s->pipes, 0, 0);
		if (stat_fields(r->pid, name, sizeof(name), &r->parent, s))
			name_visible(s->name, name, strlen(name));
	}
}

/* Those from which no way leads to a stage of ours are somebody else's. */
static void
drop_strays(struct view *v)
{
	bool *leads = ce_alloc((size_t)v->n + 1), more = true;
	int i, k, n = 0;

	for (i = 0; i < v->n; i++)
		leads[i] = !v->v[i].foreign;
	while (more) {
		more = false;
		for (i = 0; i < v->n; i++)
			for (k = 0; k < v->n && !leads[i]; k++)
				if (leads[k] && i != k && stage_joins(&v->v[i], &v->v[k]))
					leads[i] = more = true;
	}
	for (i = 0; i < v->n; i++)
		if (leads[i])
			v->v[n++] = v->v[i];
	v->n = n;
	free(leads);
}

void
proc_foreign(struct view *v)
{
	int i, k, ours = v->n;

	if (ours < 2)
		return;
	list_readers(v);
	for (i = 0; i < v->n && v->n < ours + MOST_FOREIGN; i++) {
		/* by value: the view may move */
		struct pipes p = v->v[i].pipes;

		if (p.out != 0)
			follow(v, i, p.out);
		for (k = 0; k < p.nout; k++)
			follow(v, i, p.more_out[k]);
	}
	if (v->n > ours)
		drop_strays(v);
}
