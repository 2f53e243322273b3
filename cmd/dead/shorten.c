/* shorten.c -- a file of dead letters without those that were struck out.
 *
 * Under the lock of who appends: nobody is in the middle of a letter, and who
 * comes next looks for the file anew.  An empty file stays the file it is; else a
 * shorter one takes its name, whole and durable.
 * SPDX-License-Identifier: Apache-2.0 */

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "read.h"
#include "shorten.h"

#define BLOCK 262144

/* Copies to fd (-1: nowhere) what stays: neither struck out nor empty.  Its
 * length, and in *gone whether anything does not stay; -1: errno. */
static off_t
copy(int from, int to, bool *gone)
{
	char *in = ce_alloc(BLOCK), *p, *nl;
	struct ce_buf out = { 0 };
	bool start = true, drop = false;
	off_t at = 0, kept = 0;
	ssize_t n;

	while ((n = pread(from, in, BLOCK, at)) > 0 || (n == -1 && errno == EINTR)) {
		ce_buf_reset(&out);
		for (p = in; n > 0 && p < in + n; p = nl) {
			nl = memchr(p, '\n', (size_t)(in + n - p));
			nl = nl != NULL ? nl + 1 : in + n;
			if (start)
				drop = *p == STRUCK || *p == '\n';
			*gone = *gone || drop;
			if (!drop)
				ce_buf_add(&out, p, (size_t)(nl - p));
			start = nl[-1] == '\n';
		}
		at += n > 0 ? n : 0;
		kept += (off_t)out.len;
		for (size_t i = 0; to != -1 && i < out.len;) {
			ssize_t k = write(to, out.p + i, out.len - i);

			if (k == -1 && errno != EINTR) {
				n = -1;
				goto out;
			}
			i += k > 0 ? (size_t)k : 0;
		}
	}
out:
	ce_buf_free(&out);
	free(in);
	return n == -1 ? -1 : kept;
}

static bool
sync_directory(const char *path)
{
	char *name = ce_strdup(path);
	int fd = open(dirname(name), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool ok = fd != -1 && fsync(fd) == 0;

	if (fd != -1)
		close(fd);
	free(name);
	return ok;
}

static bool
replace(int fd, const char *path)
{
	struct ce_buf name = { 0 };
	struct stat st;
	bool gone = false, ok;
	int to;

	ce_buf_printf(&name, "%s.tmp", path);
	unlink(name.p); /* of one that was killed: we hold the lock */
	to = open(name.p, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	ok = to != -1 && fstat(fd, &st) == 0 && copy(fd, to, &gone) != -1;
	if (ok && fchown(to, st.st_uid, st.st_gid) == 0)
		fchmod(to, st.st_mode & 07777);
	ok = ok && fsync(to) == 0 && rename(name.p, path) == 0;
	if (!ok && to != -1) {
		int saved = errno;

		unlink(name.p);
		errno = saved;
	}
	if (to != -1)
		close(to);
	ce_buf_free(&name);
	return ok && sync_directory(path);
}

void
shorten(int fd, const char *path)
{
	char *real = realpath(path, NULL); /* a symbolic link stays one */
	bool gone = false, ok = false;
	off_t kept;

	ce_letters_lock(fd, CE_LETTERS_APPEND, true);
	if (real != NULL && ce_letters_named(fd, real)) {
		kept = copy(fd, -1, &gone);
		if (kept == 0)
			ok = ftruncate(fd, 0) == 0 && fsync(fd) == 0;
		else if (kept > 0)
			ok = !gone || replace(fd, real);
	} else
		errno = ESTALE;
	if (!ok)
		ce_warn("cannot shorten %s: %m (what was sent is struck out in it)", path);
	ce_letters_unlock(fd, CE_LETTERS_APPEND);
	free(real);
}
