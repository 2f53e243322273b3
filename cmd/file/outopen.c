/* outopen.c -- opening what records are appended to, and finding its end.
 * SPDX-License-Identifier: Apache-2.0 */

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "ce.h"
#include "dirs.h"
#include "out.h"

/* Something that is there and is no file: FIFO, terminal, /dev/null.  Without
 * O_NONBLOCK, open would wait for the reader of a FIFO and hear no signal; a
 * socket on standard output can only be duplicated. */
static int
open_stream(const char *path, const struct stat *st)
{
	struct stat own;
	int fd = open(path, O_WRONLY | O_APPEND | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0 && S_ISSOCK(st->st_mode) && fstat(STDOUT_FILENO, &own) == 0 &&
	    own.st_dev == st->st_dev && own.st_ino == st->st_ino)
		return fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
	if (fd >= 0)
		fcntl(fd, F_SETFL, O_APPEND);
	return fd;
}

int
out_open(const char *path, bool *fresh)
{
	const int flags = O_RDWR | O_APPEND | O_CREAT | O_NOCTTY | O_CLOEXEC;
	struct stat st;
	int fd;

	if (stat(path, &st) == 0 && !S_ISREG(st.st_mode))
		return open_stream(path, &st);
	fd = open(path, flags | O_EXCL, 0666);
	if (fd < 0 && errno == ENOENT && dirs_make(path, out_conf.sync != OUT_NONE))
		fd = open(path, flags | O_EXCL, 0666);
	if (fd >= 0)
		*fresh = true;
	else if (errno == EEXIST)
		fd = open(path, flags, 0666);
	return fd;
}

off_t
out_last_end(int fd, off_t size)
{
	char block[16384], *p;
	off_t at = size;

	while (at > 0) {
		size_t n = at < (off_t)sizeof(block) ? (size_t)at : sizeof(block);
		ssize_t got = pread(fd, block, n, at - (off_t)n);

		if (got != (ssize_t)n) {
			if (got >= 0)
				errno = EIO;
			return -1;
		}
		if ((p = memrchr(block, out_conf.sep, n)) != NULL)
			return at - (off_t)n + (p - block) + 1;
		at -= (off_t)n;
		if (size - at > ce_conf.max_event + (off_t)sizeof(block)) {
			errno = EFBIG;
			return -1;
		}
	}
	return 0;
}
