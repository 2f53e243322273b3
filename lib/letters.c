/* letters.c -- a file of dead letters, to which several programs append while
 * another takes letters out.
 *
 * Who appends, or puts a shorter file in its place, holds a lock for that moment;
 * who gets it looks whether the file still has its name.  Who takes letters out
 * holds a second lock all the while.  The locks lie on bytes that no file has.
 * SPDX-License-Identifier: Apache-2.0 */

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "ce.h"

#define BEHIND ((off_t)1 << 62)

static bool
lock(int fd, int which, int cmd, short type)
{
	struct flock f = { .l_type = type, .l_whence = SEEK_SET, .l_start = BEHIND + which, .l_len = 1 };
	int rc;

	while ((rc = fcntl(fd, cmd, &f)) == -1 && errno == EINTR)
		;
	return rc == 0;
}

bool
ce_letters_lock(int fd, int which, bool wait)
{
	return lock(fd, which, wait ? F_OFD_SETLKW : F_OFD_SETLK, F_WRLCK);
}

void
ce_letters_unlock(int fd, int which)
{
	lock(fd, which, F_OFD_SETLK, F_UNLCK);
}

static bool
regular(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
}

bool
ce_letters_named(int fd, const char *path)
{
	struct stat mine, named;

	return fstat(fd, &mine) == 0 && stat(path, &named) == 0 && mine.st_dev == named.st_dev && mine.st_ino == named.st_ino;
}

/* Of what is no file (a pipe, /dev/null) nobody takes letters out, and its locks
 * would be everybody's. */
static void
claim(struct ce_letters *l)
{
	for (;;) {
		if (l->fd == -1)
			l->fd = open(l->path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
		if (l->fd == -1)
			ce_die(CE_IOERR, "cannot open the dead letters %s: %m", l->path);
		if (!regular(l->fd))
			return;
		ce_letters_lock(l->fd, CE_LETTERS_APPEND, true);
		if (ce_letters_named(l->fd, l->path))
			return;
		close(l->fd);
		l->fd = -1;
	}
}

static void
put(struct ce_letters *l, const char *p, size_t n)
{
	while (n > 0) {
		ssize_t k = write(l->fd, p, n);

		if (k == -1 && errno != EINTR)
			ce_die(CE_IOERR, "cannot write the dead letters %s: %m", l->path);
		if (k > 0) {
			p += k;
			n -= (size_t)k;
		}
	}
}

/* A torn end, left by a crash, is closed with a newline first, so that it spoils
 * no other line. */
void
ce_letters_add(struct ce_letters *l, const char *line, size_t n)
{
	char last = '\n';
	off_t end;

	claim(l);
	if ((end = lseek(l->fd, 0, SEEK_END)) > 0 && pread(l->fd, &last, 1, end - 1) == 1 &&
	    last != '\n')
		put(l, "\n", 1);
	put(l, line, n);
	ce_letters_unlock(l->fd, CE_LETTERS_APPEND);
}

void
ce_letters_sync(struct ce_letters *l)
{
	if (l->fd != -1 && fdatasync(l->fd) == -1 && errno != EINVAL && errno != EROFS)
		ce_die(CE_IOERR, "cannot write the dead letters %s: %m", l->path);
}
