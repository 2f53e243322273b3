/* spool.c -- the directory of a spool: which segments there are.
 *
 * Segments are numbered without gaps; a process begins a new one and never
 * appends to what another has left, which may end in half a record.  What is not
 * the spool's is left alone.
 * SPDX-License-Identifier: Apache-2.0 */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "spool.h"

#define SUFFIX ".spool"

static const char *where;
static int dir = -1;
static struct segment *first, *last;
static uint64_t newest; /* the highest number that was ever seen */
static uint64_t bytes;

void
spool_name(char name[SPOOL_NAME], uint64_t no)
{
	snprintf(name, SPOOL_NAME, "%010" PRIu64 SUFFIX, no);
}

bool
spool_number(const char *name, uint64_t *no)
{
	char again[SPOOL_NAME];

	*no = 0;
	if (*name < '0' || *name > '9')
		return false;
	errno = 0;
	*no = strtoull(name, NULL, 10);
	spool_name(again, *no);
	if (errno == 0 && *no > 0 && *no < UINT64_MAX && strcmp(again, name) == 0)
		return true;
	*no = 0;
	return false;
}

const char *
spool_path(uint64_t no)
{
	static struct ce_buf path;
	char name[SPOOL_NAME];

	spool_name(name, no);
	ce_buf_reset(&path);
	ce_buf_printf(&path, "%s/%s", where, name);
	return path.p;
}

int
spool_open(uint64_t no, int flags)
{
	char name[SPOOL_NAME];

	spool_name(name, no);
	return openat(dir, name, flags | O_CLOEXEC | O_NOFOLLOW, 0600);
}

struct segment *
spool_first(void)
{
	return first;
}

uint64_t
spool_bytes(void)
{
	return bytes;
}

bool
spool_sync_dir(void)
{
	return fsync(dir) == 0;
}

static struct segment *
append(uint64_t no, uint64_t size)
{
	struct segment *s = CE_NEW(struct segment);

	s->no = no;
	s->size = size;
	bytes += size;
	if (last != NULL)
		last->next = s;
	else
		first = s;
	return last = s;
}

int
spool_make(struct segment **s)
{
	int fd = spool_open(newest + 1, O_WRONLY | O_CREAT | O_EXCL);

	if (fd != -1)
		*s = append(++newest, 0);
	return fd;
}

void
spool_grown(struct segment *s, uint64_t size)
{
	bytes += size - s->size;
	s->size = size;
}

/* What was damaged is kept for somebody to look at. */
static void
discard(const struct segment *s)
{
	char name[SPOOL_NAME], aside[SPOOL_NAME + 8];
	bool good;

	spool_name(name, s->no);
	snprintf(aside, sizeof(aside), "%s.damaged", name);
	good = s->damaged ? renameat(dir, name, dir, aside) == 0 : unlinkat(dir, name, 0) == 0;
	if (!good && errno != ENOENT)
		ce_warn("cannot %s %s: %m", s->damaged ? "rename" : "remove", spool_path(s->no));
	if (good && s->damaged)
		ce_note("%s: kept as %s", spool_path(s->no), aside);
}

void
spool_sweep(void)
{
	struct segment *s;

	while ((s = first) != NULL && s->passed && s->open == 0) {
		discard(s);
		bytes -= s->size;
		if ((first = s->next) == NULL)
			last = NULL;
		free(s);
	}
}

struct found {
	uint64_t no, size;
};

static int
by_number(const void *a, const void *b)
{
	const struct found *x = a, *y = b;

	return (x->no > y->no) - (x->no < y->no);
}

/* Names of this directory that are segments; the others are named and left. */
static struct found *
list(size_t *n)
{
	int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd != -1 ? fdopendir(fd) : NULL;
	struct found *all = NULL;
	struct dirent *e;
	struct stat st;
	uint64_t no;
	size_t cap = 0;

	if (d == NULL)
		ce_die(CE_CONFIG, "cannot read %s: %m", where);
	for (*n = 0; (errno = 0, e = readdir(d)) != NULL;) {
		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0 ||
		    strcmp(e->d_name, "position") == 0)
			continue;
		no = 0;
		if (spool_number(e->d_name, &no) && no > newest)
			newest = no; /* its name is taken, whatever it is */
		if (no == 0 || fstatat(dir, e->d_name, &st, AT_SYMLINK_NOFOLLOW) == -1 ||
		    !S_ISREG(st.st_mode)) {
			ce_warn("%s/%s: not of this spool, left alone", where, e->d_name);
			continue;
		}
		if (*n == cap)
			all = ce_realloc(all, (cap = 2 * cap + 64) * sizeof(*all));
		all[(*n)++] = (struct found){ no, (uint64_t)st.st_size };
	}
	if (errno != 0)
		ce_die(CE_IOERR, "cannot read %s: %m", where);
	closedir(d);
	if (*n > 0)
		qsort(all, *n, sizeof(*all), by_number);
	return all;
}

static void
load(const struct position *at)
{
	struct found *all;
	size_t n, i;

	newest = at->no;
	all = list(&n);
	for (i = 0; i < n; i++) {
		struct segment *s = append(all[i].no, all[i].size);

		if (i > 0 && all[i].no > all[i - 1].no + 1)
			ce_warn("%s: %" PRIu64 " segments before this one are missing",
			    spool_path(s->no), all[i].no - all[i - 1].no - 1);
		s->passed = s->no < at->no; /* it was killed before it removed them */
	}
	free(all);
	spool_sweep();
}

void
spool_start(const char *path, struct position *at)
{
	struct ce_buf file = { 0 };
	bool made = mkdir(path, 0700) == 0;
	int up;

	where = path;
	if (!made && errno != EEXIST)
		ce_die(errno == ENOSPC || errno == EDQUOT ? CE_TEMPFAIL : CE_CONFIG,
		    "cannot make %s: %m", path);
	dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir == -1)
		ce_die(CE_CONFIG, "cannot open %s: %m", path);
	if (made && (up = openat(dir, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC)) != -1) {
		fsync(up); /* the name of the directory itself */
		close(up);
	}
	ce_buf_printf(&file, "%s/position", path);
	position_start(dir, file.p, at);
	ce_buf_free(&file);
	if (!spool_sync_dir())
		ce_die(CE_IOERR, "cannot sync %s: %m", path);
	load(at);
}
