/* meet -- a name, and the file that lies there now.
 *
 * A name passes from one file to the next (rename and create): the old one is
 * read to its end first, and stays open for a while, because its writer may.
 * After a restart, files that lost their names meanwhile are searched for.
 * SPDX-License-Identifier: Apache-2.0 */

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <time.h>
#include "follow.h"

#define SETTLED 2 /* seconds without a change: a file whose close nobody saw is complete */

static bool started; /* the first walk is over */
static struct file **strays; /* met under a name that is not theirs */
static size_t nstrays;
static struct ce_timer recheck;
static bool crowded; /* some wait until others are closed */

static struct file *
by_name(const char *path)
{
	for (size_t i = 0; i < files_count(); i++) {
		struct file *f = files_get(i);

		if (f->fd != -1 && f->name != NULL && strcmp(f->name, path) == 0)
			return f;
	}
	return NULL;
}

/* What was written to it before it lost its name, and what its writer, who may
 * hold it open, still adds is read; follow.c closes it when that ends.  It may
 * have another name that we were given, a second link. */
void
meet_lost(struct file *f)
{
	struct stat st;

	if (started && fstat(f->fd, &st) == 0 && st.st_nlink > 0)
		names_mark_all();
	free(f->name);
	f->name = NULL;
	f->quiet = ce_now();
	files_ready(f);
	follow_linger();
}

static void
wait_behind(struct file *f, struct file *old)
{
	if (f == NULL || old == f || old->fd == -1)
		return;
	f->after = old;
	old->awaited = true;
	files_ready(old);
}

static struct file *
open_now(const char *path, enum met how, bool closed)
{
	struct file *old = started ? by_name(path) : NULL, *f = input_open(path, how);

	if (old != NULL && old != f) {
		meet_lost(old);
		wait_behind(f, old);
	}
	for (size_t i = 0; f != NULL && i < nstrays; i++)
		if (strcmp(strays[i]->path, f->path) == 0)
			wait_behind(f, strays[i]);
	if (f != NULL && closed && !f->closed) {
		f->closed = true;
		if (f->fd != -1)
			files_ready(f);
	}
	return f;
}

static void
walk_again(void *arg)
{
	(void)arg;
	follow_again();
}

void
meet_missing(const char *path)
{
	if (!started)
		ce_note("cannot open %s: %m; waiting for it", path);
}

/* Descriptors are left for what else the program has to open. */
static bool
full(void)
{
	static bool said;

	if (files_open < files_how.most)
		return false;
	if (!said)
		ce_warn("%ld files are open, as many as may be (ulimit -n): the others wait",
		    files_open);
	return said = crowded = true;
}

bool
meet_room(void)
{
	if (!crowded || files_open > files_how.most / 2)
		return false;
	crowded = false;
	names_mark_all();
	return true;
}

/* The path is there, or was; mask 0: whether it is complete must be guessed. */
void
meet_name(struct operand *o, const char *path, uint32_t mask)
{
	bool closed = !started || (mask & (IN_CLOSE_WRITE | IN_MOVED_TO)) != 0;
	struct stat st, link;
	struct file *f;

	if (stat(path, &st) == -1) {
		if (started && (f = by_name(path)) != NULL)
			meet_lost(f);
		else if (!o->wild)
			meet_missing(path);
		return;
	}
	if (S_ISDIR(st.st_mode)) {
		if (!o->wild) {
			names_make_dir(o);
		}
		return;
	}
	if (o->dir && !S_ISREG(st.st_mode))
		return;
	if ((mask & IN_CREATE) != 0 && lstat(path, &link) == 0)
		closed |= link.st_nlink > 1 || S_ISLNK(link.st_mode);
	if (!closed && mask == 0 && (files_how.whole || files_how.done != NULL)) {
		closed = st.st_mtime < time(NULL) - SETTLED;
		if (!closed)
			recheck.fn = walk_again, ce_timer(&recheck, 1000 * (SETTLED + 1));
	}
	if ((closed || !files_how.whole || !S_ISREG(st.st_mode)) && !full())
		open_now(path, started ? MET_LATER : o->wild ? MET_AMONG : MET_FIRST, closed);
}

/* Known from the state, not met yet, and by its first path this part's. */
static bool
missing(const struct file *f, const char *real, const struct part *p)
{
	const char *slash = strrchr(f->path, '/');
	size_t n = (size_t)(slash - f->path);
	struct stat st;

	if (f->met || !f->regular || !names_match(p, slash + 1))
		return false;
	if (n == 0 ? strcmp(real, "/") != 0 : strlen(real) != n || memcmp(real, f->path, n) != 0)
		return false;
	return stat(f->path, &st) == -1 || st.st_ino != f->ino || st.st_dev != f->dev;
}

static void
stray(struct operand *o, const struct part *p, const char *path, const char *name)
{
	struct file *f;

	if (!files_how.watch) {
		names_take(o, path);
		return;
	}
	if ((f = input_open(path, MET_LATER)) == NULL || f->fd == -1)
		return;
	strays = ce_realloc(strays, (nstrays + 1) * sizeof(struct file *));
	strays[nstrays++] = f;
	if (!names_match(p, name))
		meet_lost(f);
}

/* Files that were renamed while nobody looked are searched for, by inode, in
 * the directory where they were; what is not there is gone. */
void
meet_strays(struct operand *o, const struct part *p, const char *dir)
{
	char *real = started ? NULL : realpath(*dir != '\0' ? dir : ".", NULL), *path;
	size_t i = 0;
	struct dirent *e;
	struct file *f;
	struct stat st;
	DIR *d;

	while (real != NULL && i < files_count() && !missing(files_get(i), real, p))
		i++;
	if (real == NULL || i == files_count() || (d = opendir(real)) == NULL) {
		free(real);
		return;
	}
	while (fstat(dirfd(d), &st) == 0 && (e = readdir(d)) != NULL) {
		f = files_find(st.st_dev, e->d_ino);
		if (f == NULL || !missing(f, real, p))
			continue;
		path = names_join(dir, e->d_name);
		f->sought = true;
		stray(o, p, path, e->d_name);
		free(path);
	}
	closedir(d);
	for (i = files_count(); i-- > 0;)
		if (!files_get(i)->sought && missing(files_get(i), real, p))
			files_drop(files_get(i));
	free(real);
}

void
meet_again(struct file *f)
{
	struct stat st;
	char *path;

	if (f->name == NULL)
		return;
	if (stat(f->name, &st) == -1)
		meet_lost(f);
	else if (st.st_ino != f->ino || st.st_dev != f->dev) {
		path = ce_strdup(f->name);
		open_now(path, MET_LATER, false);
		free(path);
	}
}

/* From now on, what is met is new. */
void
meet_started(void)
{
	started = true;
	free(strays);
	strays = NULL;
	nstrays = 0;
}
