/* collect -- one sample: every statistics file whose process lives.
 *
 * What a file holds was written by another process and is not trusted: a name
 * becomes printable, a pid counts only where /proc shows that process with the
 * file open.
 * SPDX-License-Identifier: Apache-2.0 */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include "stage.h"

#define PID_MOST 4194304 /* PID_MAX_LIMIT of the kernel */
#define OLD_SIZE offsetof(struct ce_stats, resting) /* of files without the later members */

struct stage *
view_add(struct view *v)
{
	if (v->n == MOST_STAGES)
		return NULL;
	if (v->n == v->cap) {
		v->cap = v->cap ? 2 * v->cap : 32;
		v->v = ce_realloc(v->v, (size_t)v->cap * sizeof(*v->v));
	}
	memset(&v->v[v->n], 0, sizeof(*v->v));
	return &v->v[v->n++];
}

void
view_free(struct view *v)
{
	free(v->v);
	*v = (struct view){ 0 };
}

/* Wide characters would spoil the columns, and some move the cursor. */
void
name_visible(char out[4 * NAME_BYTES + 1], const char *p, size_t n)
{
	size_t i;

	for (i = 0; i < n && i < NAME_BYTES; i++) {
		unsigned char c = (unsigned char)p[i];

		out += snprintf(out, 5, c > 0x20 && c < 0x7f ? "%c" : "\\x%02x", c);
	}
	*out = '\0';
}

/* A file that can be locked belongs to nobody any more. */
static bool
lives(int fd)
{
	return flock(fd, LOCK_SH | LOCK_NB) == -1 && errno == EWOULDBLOCK;
}

static bool
read_stats(int fd, struct stat *st, struct ce_stats *s)
{
	ssize_t n;

	if (fstat(fd, st) == -1 || !S_ISREG(st->st_mode) || !lives(fd))
		return false;
	memset(s, 0, sizeof(*s));
	n = pread(fd, s, sizeof(*s), 0);
	return n >= (ssize_t)OLD_SIZE && memcmp(s->magic, "cestat1", 8) == 0 && s->pid > 0 &&
	    s->pid <= PID_MOST;
}

/* Pipes that /proc no longer shows, or does not show us, are those of the start. */
static void
look(struct stage *s, const struct stat *st, uint64_t pipefs)
{
	s->known = proc_pipes(s->pid, &s->pipes, st->st_dev, st->st_ino);
	if (!s->known)
		memset(&s->pipes, 0, sizeof(s->pipes));
	if (s->pipes.in == 0 && s->s.in_ino != 0)
		s->pipes.in = pipefs ^ s->s.in_ino;
	if (s->pipes.out == 0 && s->s.out_ino != 0)
		s->pipes.out = pipefs ^ s->s.out_ino;
}

static const struct stage *
find(const struct view *v, const struct stage *s)
{
	int i;

	for (i = 0; i < v->n; i++)
		if (strcmp(v->v[i].token, s->token) == 0 && v->v[i].pid == s->pid)
			return &v->v[i];
	return NULL;
}

/* Descriptors change seldom, and there may be thousands: one that has just
 * started is looked at each time, others now and then. */
static bool
is_due(const struct stage *was, int64_t now)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	/* by doubles: what started says may be anything */
	return was == NULL || !was->known || now - was->looked > 5000000 ||
	    (double)ts.tv_sec * 1e3 - (double)was->s.started < 1e4;
}

static void
take(struct view *v, int fd, const char *token, const struct view *before, uint64_t pipefs)
{
	struct ce_stats stats;
	const struct stage *was;
	struct stage *s;
	struct stat st;

	if (!read_stats(fd, &st, &stats) || (s = view_add(v)) == NULL)
		return;
	s->s = stats;
	s->pid = stats.pid;
	s->role = stats.role >= CE_SOURCE && stats.role <= CE_RELAY ? stats.role : CE_TOOL;
	memcpy(s->token, token, strlen(token) + 1);
	name_visible(s->name, stats.name, strnlen(stats.name, sizeof(stats.name)));
	was = find(before, s);
	if (is_due(was, v->at)) {
		look(s, &st, pipefs);
		s->looked = v->at;
	} else {
		s->pipes = was->pipes;
		s->known = was->known;
		s->looked = was->looked;
	}
	if (s->known)
		proc_figures(s);
}

/* The device of pipes that have no name, as stage.h tells pipes apart. */
static uint64_t
device_of_pipes(void)
{
	static uint64_t dev;
	struct stat st;
	int p[2];

	if (dev != 0 || pipe2(p, O_CLOEXEC) == -1)
		return dev;
	if (fstat(p[0], &st) == 0)
		dev = (uint64_t)st.st_dev << 40;
	close(p[0]);
	close(p[1]);
	return dev;
}

bool
view_collect(struct view *v, const char *dir, const struct view *before)
{
	uint64_t pipefs = device_of_pipes();
	DIR *d = opendir(dir);
	struct dirent *e;
	int fd;

	v->n = 0;
	v->at = ce_now_us();
	if (d == NULL && errno != ENOENT)
		return false;
	while (d != NULL && (e = readdir(d)) != NULL) {
		if (strncmp(e->d_name, "stat-", 5) != 0 ||
		    strlen(e->d_name + 5) >= sizeof(v->v->token) ||
		    (fd = openat(dirfd(d), e->d_name,
		    O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)) == -1)
			continue;
		take(v, fd, e->d_name + 5, before, pipefs);
		close(fd);
	}
	if (d != NULL)
		closedir(d);
	proc_foreign(v);
	return true;
}
