/* done -- what becomes of a file whose events are all finished.
 *
 * It goes only after the positions were written, and only if it still is the
 * file that was read, at the size that was read.  Nothing is ever overwritten:
 * a name that is taken gets a number; on another file system the copy is
 * durable before the original goes.
 * SPDX-License-Identifier: Apache-2.0 */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "files.h"

static int dir = -1; /* -1: delete */

void
done_check(void)
{
	if (files_how.done == NULL || strcmp(files_how.done, "delete") == 0)
		return;
	dir = open(files_how.done, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir == -1)
		ce_die(CE_CONFIG, "cannot open the directory %s: %m", files_how.done);
}

/* Gives from (in fromdir) the name to in dir, unless that is taken. */
static bool
give_name(int fromdir, const char *from, const char *to)
{
	if (renameat2(fromdir, from, dir, to, RENAME_NOREPLACE) == 0)
		return true;
	if (errno != EINVAL && errno != ENOSYS)
		return false;
	return linkat(fromdir, from, dir, to, 0) == 0 && unlinkat(fromdir, from, 0) == 0;
}

/* base, base.1, base.2, whichever is free. */
static bool
place(int fromdir, const char *from, const char *base)
{
	struct ce_buf b = { 0 };
	bool ok = false;

	errno = EEXIST;
	for (int i = 0; !ok && errno == EEXIST && i < 100000; i++) {
		ce_buf_reset(&b);
		ce_buf_puts(&b, base);
		if (i > 0)
			ce_buf_printf(&b, ".%d", i);
		ok = give_name(fromdir, from, b.p);
	}
	ce_buf_free(&b);
	return ok;
}

static bool
copy_bytes(int from, int to)
{
	static char block[65536];
	ssize_t n, k, at;

	while ((n = read(from, block, sizeof(block))) != 0) {
		if (n == -1)
			return false;
		for (at = 0; at < n; at += k)
			if ((k = write(to, block + at, (size_t)(n - at))) == -1)
				return false;
	}
	return true;
}

static bool
copy_away(const char *path, const char *base, const struct stat *st)
{
	struct timespec times[2] = { st->st_atim, st->st_mtim };
	char tmp[64];
	int from, to, saved;
	bool ok;

	snprintf(tmp, sizeof(tmp), ".ce-src-file.%ld.tmp", (long)getpid());
	from = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	unlinkat(dir, tmp, 0);
	to = openat(dir, tmp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, st->st_mode & 0777);
	ok = from != -1 && to != -1 && copy_bytes(from, to) && futimens(to, times) == 0 &&
	    fsync(to) == 0 && place(dir, tmp, base) && fsync(dir) == 0 && unlink(path) == 0;
	saved = errno;
	if (from != -1)
		close(from);
	if (to != -1)
		close(to);
	if (!ok)
		unlinkat(dir, tmp, 0);
	errno = saved;
	return ok;
}

static bool
move_away(const char *path, const struct stat *st)
{
	const char *slash = strrchr(path, '/'), *base = slash != NULL ? slash + 1 : path;

	if (dir == -1)
		return unlink(path) == 0;
	if (place(AT_FDCWD, path, base))
		return true;
	return errno == EXDEV && copy_away(path, base, st);
}

static bool
lies_there(const char *path)
{
	char *copy = ce_strdup(path), *slash = strrchr(copy, '/');
	struct stat there, here;
	bool same;

	if (slash != NULL)
		slash[slash == copy] = '\0';
	same = dir != -1 && fstat(dir, &there) == 0 &&
	    stat(slash != NULL ? copy : ".", &here) == 0 && there.st_dev == here.st_dev &&
	    there.st_ino == here.st_ino;
	free(copy);
	return same;
}

/* True: f is no longer of interest. */
static bool
do_away(struct file *f)
{
	char *path = f->name != NULL ? realpath(f->name, NULL) : NULL;
	struct stat st;
	bool ok = false;

	f->kept = true;
	if (path == NULL || stat(path, &st) == -1 || st.st_ino != f->ino || st.st_dev != f->dev)
		ce_info("%s is not where it was: left alone", f->path);
	else if ((uint64_t)st.st_size != f->done) {
		if (files_how.watch && !files_how.whole) {
			f->kept = false;
			input_open(f->name, MET_LATER);
		} else
			ce_warn("%s changed after it was read: left alone", path);
	} else if (!lies_there(path) && !(ok = move_away(path, &st))) {
		ce_warn("cannot %s %s: %m", dir == -1 ? "delete" : "move away", path);
		files_failed = true;
	}
	free(path);
	return ok;
}

void
done_sweep(void)
{
	for (size_t i = files_count(); i-- > 0;) {
		struct file *f = files_get(i);

		if (!f->ended || f->open > 0 || !f->regular || f->done != f->read)
			continue;
		if (f->deleted || (files_how.done != NULL && !f->kept && do_away(f)))
			files_drop(f);
	}
}
