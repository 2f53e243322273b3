/* each.c -- every record in a file of its own, whole under its name or not there.
 *
 * Written beside its place under a hidden name, synced, renamed.  The hidden
 * name follows from the final one, so what a crash left behind is taken up
 * again when the event comes again; a lock on it keeps two sinks apart.
 * SPDX-License-Identifier: Apache-2.0 */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include "ce.h"
#include "dirs.h"
#include "each.h"

static char **dirs; /* of the files since the last commit: dir/, one name each */
static size_t ndirs, capdirs;

/* A file name may be as long as the file system takes: a hash has a length
 * that fits where the name does. */
static void
hidden_name(struct ce_buf *out, const char *path)
{
	const char *slash = strrchr(path, '/'), *name = slash != NULL ? slash + 1 : path;
	unsigned char sum[32];

	ce_sha256(name, strlen(name), sum);
	ce_buf_reset(out);
	ce_buf_add(out, path, (size_t)(name - path));
	ce_buf_puts(out, ".ce-");
	ce_hex(out, sum, 12);
}

/* The lock counts only while the name still stands for what was locked: the
 * one who had it may have renamed it into its place. */
static int
open_hidden(const char *tmp)
{
	struct stat ours, named;
	int fd;

	for (;;) {
		fd = open(tmp, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0666);
		if (fd < 0)
			return -1;
		if (flock(fd, LOCK_EX) != 0 && errno == EINTR)
			break;
		if (fstat(fd, &ours) != 0)
			break;
		if (stat(tmp, &named) == 0 && ours.st_dev == named.st_dev &&
		    ours.st_ino == named.st_ino)
			return fd;
		close(fd);
	}
	close(fd);
	return -1;
}

static bool
fill(int fd, const char *p, size_t n)
{
	ssize_t wrote;

	if (ftruncate(fd, 0) != 0)
		return false;
	while (n > 0) {
		wrote = write(fd, p, n);
		if (wrote < 0 && errno != EINTR)
			return false;
		if (wrote > 0) {
			p += wrote;
			n -= (size_t)wrote;
		}
	}
	return out_conf.sync == OUT_NONE || fdatasync(fd) == 0;
}

static void
remember(const char *path)
{
	const char *slash = strrchr(path, '/');
	size_t n = slash != NULL ? (size_t)(slash - path) + 1 : 0;

	if (out_conf.sync == OUT_NONE)
		return;
	if (ndirs > 0 && strncmp(dirs[ndirs - 1], path, n) == 0 && dirs[ndirs - 1][n] == '\0')
		return;
	if (ndirs == capdirs) {
		capdirs = capdirs ? 2 * capdirs : 64;
		dirs = ce_realloc(dirs, capdirs * sizeof(*dirs));
	}
	dirs[ndirs++] = ce_strndup(path, n);
}

enum ce_verdict
each_put(const char *path, const char *p, size_t n)
{
	struct ce_buf tmp = { 0 };
	enum ce_verdict v = CE_TAKEN;
	int fd;

	hidden_name(&tmp, path);
	fd = open_hidden(tmp.p);
	if (fd < 0 && errno == ENOENT && dirs_make(path, out_conf.sync != OUT_NONE))
		fd = open_hidden(tmp.p);
	if (fd < 0)
		v = out_failed("open", path);
	else if (!fill(fd, p, n) || rename(tmp.p, path) != 0) {
		v = out_failed("write", path);
		unlink(tmp.p);
	} else
		remember(path);
	if (fd >= 0)
		close(fd);
	ce_buf_free(&tmp);
	return v;
}

static int
by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

enum ce_verdict
each_commit(void)
{
	enum ce_verdict v = CE_TAKEN;
	size_t i;

	if (ndirs > 1)
		qsort(dirs, ndirs, sizeof(*dirs), by_name);
	for (i = 0; i < ndirs; i++)
		if ((i == 0 || strcmp(dirs[i], dirs[i - 1]) != 0) && !dirs_sync(dirs[i]))
			v = out_failed("sync", dirs[i]);
	for (i = 0; i < ndirs; i++)
		free(dirs[i]);
	ndirs = 0;
	return v;
}
