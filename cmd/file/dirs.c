/* dirs.c -- the directories above a file.
 *
 * A file's name is durable only when its directory is: fdatasync of a new file
 * keeps the bytes, fsync of the directory keeps the way to them.
 * SPDX-License-Identifier: Apache-2.0 */

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "ce.h"
#include "dirs.h"

bool
dirs_make(const char *path, bool durable)
{
	char *copy = ce_strdup(path), *p;
	bool good = true;

	for (p = copy + 1; good && (p = strchr(p, '/')) != NULL; p++) {
		if (p[-1] == '/')
			continue;
		*p = '\0';
		if (mkdir(copy, 0777) == 0)
			good = !durable || dirs_sync(copy);
		else
			good = errno == EEXIST;
		*p = '/';
	}
	free(copy);
	return good;
}

/* A directory that may be written but not read cannot be opened for fsync, and
 * some file systems know no fsync of a directory: there is nothing more to do. */
bool
dirs_sync(const char *path)
{
	const char *slash = strrchr(path, '/');
	char *dir;
	bool good;
	int fd, saved;

	if (slash == NULL)
		dir = ce_strdup(".");
	else
		dir = ce_strndup(path, slash == path ? 1 : (size_t)(slash - path));
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	free(dir);
	if (fd < 0)
		return errno == EACCES;
	good = fsync(fd) == 0 || errno == EINVAL || errno == ENOTSUP;
	saved = errno;
	close(fd);
	errno = saved;
	return good;
}
