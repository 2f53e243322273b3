/* input -- opening a file, and finding the place where it was left.
 *
 * A file is known by device and inode as long as it still begins with the bytes
 * that it began with; under whichever name it is met, it goes on where it was.
 * SPDX-License-Identifier: Apache-2.0 */

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "files.h"
#include "follow.h"

#define STEP ((size_t)64 << 10)

static size_t
most(void)
{
	return (size_t)ce_conf.max_event;
}

bool
input_print(int fd, size_t n, struct print *p)
{
	char small[FILES_HEAD] = { 0 }, *q = n > sizeof(small) ? ce_realloc(NULL, n) : small;
	size_t got = 0;
	ssize_t k = 1;

	while (got < n && k > 0)
		if ((k = pread(fd, q + got, n - got, (off_t)got)) > 0)
			got += (size_t)k;
	*p = (struct print){ got, files_hash(0, q, got) };
	if (q != small)
		free(q);
	return got == n;
}

/* Where the descriptor's file lies, symbolic links resolved; as it was named
 * if it is no file in a file system, or was deleted meanwhile. */
static char *
path_of(int fd, const char *name)
{
	char link[64], real[PATH_MAX];
	struct ce_buf b = { 0 };
	struct stat st, named;
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, real, sizeof(real) - 1);
	if (n > 0) {
		real[n] = '\0';
		if (*real == '/' && fstat(fd, &st) == 0 && stat(real, &named) == 0 &&
		    st.st_ino == named.st_ino && st.st_dev == named.st_dev)
			return ce_strdup(real);
	}
	if (*name != '/' && getcwd(real, sizeof(real)) != NULL)
		ce_buf_printf(&b, "%s/", strcmp(real, "/") == 0 ? "" : real);
	ce_buf_puts(&b, name);
	return ce_buf_take(&b);
}

void
input_time(struct file *f, const struct timespec *ts)
{
	ce_time_format(f->time, sizeof(f->time), ts);
}

/* Where the last line that is not finished begins: what follows --from end is
 * whole lines. */
static uint64_t
last_line(int fd, uint64_t size)
{
	char *p = ce_alloc(STEP), *q;
	uint64_t at = size, n, least = size > most() ? size - most() : 0;

	while (at > least) {
		n = at - least < STEP ? at - least : STEP;
		if (pread(fd, p, n, (off_t)(at - n)) != (ssize_t)n)
			break;
		at -= n;
		if ((q = memrchr(p, files_how.sep, n)) != NULL) {
			least = at = at + (uint64_t)(q - p) + 1;
			break;
		}
	}
	free(p);
	return at == least && (at > 0 || size <= most()) ? at : size;
}

/* Is f, which was closed or comes from the state, what lies open here? */
static bool
same(struct file *f, int fd, const struct stat *st)
{
	struct print p;
	uint64_t size = (uint64_t)st->st_size;

	if (f->print.n == 0 && f->read == 0 && !files_how.whole)
		return false; /* was empty: nothing to tell it by, nothing to lose */
	if (size < f->read) {
		ce_note("%s is shorter than what was read of it: from its start", f->path);
		return false;
	}
	if (f->print.n > size || !input_print(fd, f->print.n, &p) || p.hash != f->print.hash)
		return false;
	return !files_how.whole || size == f->read;
}

static void
begin(struct file *f, const struct stat *st, const char *name)
{
	free(f->name);
	f->name = ce_strdup(name);
	f->met = true;
	f->ended = f->last = f->kept = false;
	f->seen = (int64_t)time(NULL);
	f->quiet = ce_now();
	f->regular = S_ISREG(st->st_mode);
	if (f->regular)
		input_time(f, &st->st_mtim);
	if (f->regular && !files_how.whole)
		input_print(f->fd, FILES_HEAD, &f->print);
	if (files_how.watch && f->regular && !files_how.whole)
		f->wd = follow_file(f->fd, f);
	files_ready(f);
}

/* What lies before --from end is passed over. */
static void
pass_over(struct file *f, int fd, uint64_t size)
{
	if (files_how.whole)
		input_print(fd, size < most() ? size : most(), &f->print);
	f->read = f->done = files_how.whole ? size : last_line(fd, size);
	files_changed = true;
}

static struct file *
add(int fd, const struct stat *st, const char *name, enum met how)
{
	bool regular = S_ISREG(st->st_mode);
	char *path = path_of(fd, name);
	struct file *f = files_add(regular ? st->st_dev : 0, regular ? st->st_ino : 0, path);

	f->regular = regular;
	files_changed |= regular && files_how.state; /* its path goes on record soon */
	if (regular && files_how.from_end && how != MET_LATER &&
	    !position_had(path, how == MET_AMONG)) {
		pass_over(f, fd, (uint64_t)st->st_size);
		f->met = files_how.whole;
	}
	free(path);
	return f;
}

static struct file *
adopt(int fd, const struct stat *st, const char *name, enum met how)
{
	struct file *f = S_ISREG(st->st_mode) ? files_find(st->st_dev, st->st_ino) : NULL;

	if (f != NULL && f->fd == -1 && !same(f, fd, st)) {
		files_drop(f);
		f = NULL;
		how = MET_LATER;
	}
	if (f != NULL && files_how.whole)
		f->ended = f->met = true;
	if (f == NULL)
		f = add(fd, st, name, how);
	if (f->fd != -1 || (f->met && !(files_how.follow && !files_how.whole))) {
		if (f->name == NULL)
			f->name = ce_strdup(name);
		f->ended |= files_how.whole && f->fd == -1;
		close(fd); /* named twice, or known as a whole: read once */
		return f;
	}
	f->fd = fd;
	files_open++;
	begin(f, st, name);
	return f;
}

static int
open_file(const char *name, struct stat *st)
{
	int fd = open(name, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);

	if (fd == -1)
		return -1;
	if (fstat(fd, st) == 0 && !S_ISDIR(st->st_mode))
		return fd;
	if (S_ISDIR(st->st_mode))
		errno = EISDIR;
	close(fd);
	return -1;
}

static bool
is(const struct stat *st, const char *path)
{
	struct stat other;

	return path != NULL && stat(path, &other) == 0 && other.st_ino == st->st_ino &&
	    other.st_dev == st->st_dev;
}

/* What this process itself writes, in the directory that it reads, would make
 * it read for ever. */
static bool
is_ours(const struct stat *st, const char *name)
{
	static char *tmp;
	struct ce_buf b = { 0 };
	struct stat out;

	if (!S_ISREG(st->st_mode))
		return false;
	if (fstat(1, &out) == 0 && out.st_ino == st->st_ino && out.st_dev == st->st_dev) {
		ce_warn("cannot read %s: it is the output", name);
		files_failed = true;
		return true;
	}
	if (tmp == NULL && ce_conf.state != NULL) {
		ce_buf_printf(&b, "%s.tmp", ce_conf.state);
		tmp = ce_buf_take(&b);
	}
	return is(st, ce_conf.state) || is(st, tmp) || is(st, ce_conf.dead_letter);
}

/* NULL: it cannot be, which was said. */
struct file *
input_open(const char *name, enum met how)
{
	struct stat st = { 0 };
	int fd = open_file(name, &st);
	struct file *f;

	if (fd == -1) {
		if (errno == ENOENT && files_how.watch)
			return NULL;
		ce_warn("cannot open %s: %m", name);
		files_failed = true;
		return NULL;
	}
	if (is_ours(&st, name)) {
		close(fd);
		return NULL;
	}
	for (size_t i = 0; !S_ISREG(st.st_mode) && i < files_count(); i++) {
		f = files_get(i);
		if (f->fd != -1 && f->name != NULL && strcmp(f->name, name) == 0) {
			close(fd); /* a FIFO that is being read */
			return f;
		}
	}
	return adopt(fd, &st, name, how);
}

struct file *
input_stdin(void)
{
	struct stat st;
	struct file *f;
	off_t at;
	int fd = fcntl(0, F_DUPFD_CLOEXEC, 3);

	if (fd == -1 || fstat(fd, &st) == -1)
		ce_die(CE_IOERR, "cannot read standard input: %m");
	at = lseek(fd, 0, SEEK_CUR);
	f = adopt(fd, &st, "/dev/stdin", MET_FIRST);
	if (f->regular && f->read == 0 && at > 0)
		f->read = f->done = (uint64_t)at; /* as cat: from where it stands */
	return f;
}
