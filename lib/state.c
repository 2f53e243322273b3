/* state.c -- a position that survives: replaced as a whole or not at all.
 *
 * The lock lies on the state file itself (no second file is left about): each
 * new content is locked before it takes the old one's name, and who gets a lock
 * checks that the file still has its name.
 * SPDX-License-Identifier: Apache-2.0 */

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include "ce.h"

#define MOST ((size_t)64 << 20)

struct ce_state {
	char *path, *tmp;
	int fd, dir;
	bool named; /* its name is known to be on the disk */
};

static bool
write_all(int fd, const char *p, size_t n)
{
	while (n > 0) {
		ssize_t k = write(fd, p, n);

		if (k == -1 && errno == EINTR)
			continue;
		if (k == -1)
			return false;
		p += k;
		n -= (size_t)k;
	}
	return true;
}

static void
read_all(struct ce_state *s, struct ce_buf *content)
{
	ssize_t n;

	ce_buf_reset(content);
	do {
		ce_buf_need(content, 65536);
		n = read(s->fd, content->p + content->len, 65536);
		if (n > 0)
			content->len += (size_t)n;
		if (content->len > MOST)
			ce_die(CE_CONFIG, "cannot use %s: no state file is that large", s->path);
	} while (n > 0 || (n == -1 && errno == EINTR));
	if (n == -1)
		ce_die(CE_CONFIG, "cannot read %s: %m", s->path);
	content->p[content->len] = '\0';
}

/* False: the file was replaced between open and lock; try again. */
static bool
lock(struct ce_state *s)
{
	struct stat mine, named;

	s->fd = open(s->path, O_RDWR | O_CREAT | O_CLOEXEC | O_NONBLOCK, 0600);
	if (s->fd == -1)
		ce_die(CE_CONFIG, "cannot open %s: %m", s->path);
	if (fstat(s->fd, &mine) == -1)
		ce_die(CE_CONFIG, "cannot look at %s: %m", s->path);
	if (!S_ISREG(mine.st_mode))
		ce_die(CE_CONFIG, "cannot use %s: not a regular file", s->path);
	if (flock(s->fd, LOCK_EX | LOCK_NB) == -1) {
		if (errno == EWOULDBLOCK)
			ce_die(CE_TEMPFAIL, "cannot use %s: another process holds it", s->path);
		ce_die(CE_CONFIG, "cannot lock %s: %m", s->path);
	}
	if (stat(s->path, &named) == 0 && named.st_dev == mine.st_dev &&
	    named.st_ino == mine.st_ino)
		return true;
	close(s->fd);
	return false;
}

struct ce_state *
ce_state_open(const char *path, struct ce_buf *content)
{
	struct ce_state *s = CE_NEW(struct ce_state);
	struct ce_buf tmp = { 0 };
	char *real = realpath(path, NULL), *copy;

	s->path = ce_strdup(real != NULL ? real : path); /* a symlink stays one */
	free(real);
	ce_buf_printf(&tmp, "%s.tmp", s->path);
	s->tmp = ce_buf_take(&tmp);
	copy = ce_strdup(s->path);
	s->dir = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (s->dir == -1)
		ce_die(CE_CONFIG, "cannot open the directory of %s: %m", path);
	free(copy);
	while (!lock(s))
		;
	if (content != NULL)
		read_all(s, content);
	return s;
}

int
ce_state_fd(const struct ce_state *s)
{
	return s->fd;
}

bool
ce_state_sync(struct ce_state *s)
{
	if (fdatasync(s->fd) == -1 || (!s->named && fsync(s->dir) == -1))
		return false;
	return s->named = true;
}

bool
ce_state_write(struct ce_state *s, const void *p, size_t n)
{
	int saved, fd = open(s->tmp, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd == -1)
		return false;
	if (flock(fd, LOCK_EX | LOCK_NB) == 0 && write_all(fd, p, n) && fsync(fd) == 0 &&
	    rename(s->tmp, s->path) == 0) {
		close(s->fd);
		s->fd = fd;
		return fsync(s->dir) == 0;
	}
	saved = errno;
	close(fd);
	unlink(s->tmp);
	errno = saved;
	return false;
}

void
ce_state_close(struct ce_state *s)
{
	if (s == NULL)
		return;
	close(s->fd);
	close(s->dir);
	free(s->path);
	free(s->tmp);
	free(s);
}
