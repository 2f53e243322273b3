/* runtime.c -- the runtime directory, and the name of this process in it.
 *
 * Every process has a token; stat-TOKEN is locked as long as it lives, so that
 * what a killed process left behind is told from what is in use, without pids
 * and without talking to anybody.
 * SPDX-License-Identifier: Apache-2.0 */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include "flow.h"

char ce_token[9];
int ce_branches;

/* Of letters that stand in every event anyway (specversion, source, type, id):
 * a grep -v x between must not happen to match the address. */
static void
make_token(void)
{
	unsigned char raw[sizeof(ce_token) - 1];
	size_t i;

	ce_random(raw, sizeof(raw));
	for (i = 0; i < sizeof(raw); i++)
		ce_token[i] = "cdeinoprstuvy"[raw[i] % 13];
}

static const char *
where(void)
{
	static char own[4096];
	const char *d;

	if ((d = getenv("CE_RUNTIME_DIR")) != NULL && *d != '\0')
		snprintf(own, sizeof(own), "%s", d);
	else if ((d = getenv("XDG_RUNTIME_DIR")) != NULL && *d != '\0')
		snprintf(own, sizeof(own), "%s/ce", d);
	else
		snprintf(own, sizeof(own), "/tmp/ce-%lu", (unsigned long)geteuid());
	return own;
}

const char *
ce_runtime_dir(const char **why)
{
	static char text[512];
	const char *d = where();
	struct stat st;

	*why = text;
	if (strlen(d) > 80) { /* sun_path holds 108 bytes */
		snprintf(text, sizeof(text), "%.80s...: the name is too long for a socket", d);
		return NULL;
	}
	if (mkdir(d, 0700) == -1 && errno != EEXIST) {
		snprintf(text, sizeof(text), "%s: %s", d, strerror(errno));
		return NULL;
	}
	if (lstat(d, &st) == -1) {
		snprintf(text, sizeof(text), "%s: %s", d, strerror(errno));
		return NULL;
	}
	if (!S_ISDIR(st.st_mode) || st.st_uid != geteuid() || (st.st_mode & 077) != 0) {
		snprintf(text, sizeof(text), "%s: %s", d,
		    !S_ISDIR(st.st_mode) ? "not a directory" :
		    st.st_uid != geteuid() ? "belongs to another user" :
		    "open to other users (its mode must be 0700)");
		return NULL;
	}
	*why = NULL;
	return d;
}

void
ce_runtime_path(char *out, size_t n, const char *kind, const char *token)
{
	snprintf(out, n, "%s/%s-%s", where(), kind, token);
}

pid_t
ce_peer_pid(int fd)
{
	struct ucred who;
	socklen_t n = sizeof(who);

	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &n) == 0 ? who.pid : -1;
}

bool
ce_peer_is_us(int fd)
{
	struct ucred who;
	socklen_t n = sizeof(who);

	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &n) == 0 &&
	    (who.uid == geteuid() || who.uid == 0);
}

void
ce_runtime_forget(void)
{
	char path[128], token[sizeof(ce_token) + 12];
	int i;

	if (ce_token[0] == '\0')
		return;
	ce_runtime_path(path, sizeof(path), "ack", ce_token);
	unlink(path);
	for (i = 1; i <= ce_branches; i++) {
		snprintf(token, sizeof(token), "%s%d", ce_token, i);
		ce_runtime_path(path, sizeof(path), "ack", token);
		unlink(path);
	}
	ce_runtime_path(path, sizeof(path), "stat", ce_token);
	unlink(path);
}

/* ack-TOKEN, and those of branches: ack-TOKEN1 and up. */
static void
unlink_sockets(const char *dir, const char *token)
{
	DIR *d = opendir(dir);
	struct dirent *e;

	while (d != NULL && (e = readdir(d)) != NULL)
		if (strncmp(e->d_name, "ack-", 4) == 0 &&
		    strncmp(e->d_name + 4, token, strlen(token)) == 0)
			unlinkat(dirfd(d), e->d_name, 0);
	if (d != NULL)
		closedir(d);
}

/* Takes away what the dead left: their lock is free. */
static void
sweep(const char *dir)
{
	DIR *d = opendir(dir);
	struct dirent *e;
	char path[128];
	int fd;

	while (d != NULL && (e = readdir(d)) != NULL) {
		if (strncmp(e->d_name, "stat-", 5) != 0 || strlen(e->d_name) > 20)
			continue;
		ce_runtime_path(path, sizeof(path), "stat", e->d_name + 5);
		if ((fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW)) == -1)
			continue;
		if (flock(fd, LOCK_EX | LOCK_NB) == 0) {
			unlink(path);
			unlink_sockets(dir, e->d_name + 5);
		}
		close(fd);
	}
	if (d != NULL)
		closedir(d);
}

/* The role of the process pid, if it is one of ours; else -1. */
int
ce_runtime_role(pid_t pid)
{
	const char *why, *dir = ce_runtime_dir(&why);
	DIR *d = dir != NULL ? opendir(dir) : NULL;
	struct ce_stats s;
	struct dirent *e;
	int role = -1;

	while (d != NULL && role == -1 && (e = readdir(d)) != NULL) {
		int fd;

		if (strncmp(e->d_name, "stat-", 5) != 0 ||
		    (fd = openat(dirfd(d), e->d_name, O_RDONLY | O_CLOEXEC)) == -1)
			continue;
		if (read(fd, &s, sizeof(s)) == sizeof(s) && s.pid == pid)
			role = s.role;
		close(fd);
	}
	if (d != NULL)
		closedir(d);
	return role;
}

/* Makes stat-TOKEN, locked before it has its name; -1 when there is no
 * directory for it.  The descriptor stays open: it is the lock. */
int
ce_runtime_claim(size_t size)
{
	const char *why, *dir = ce_runtime_dir(&why);
	char tmp[128], path[128];
	int fd;

	make_token();
	if (dir == NULL)
		return -1;
	sweep(dir);
	ce_runtime_path(tmp, sizeof(tmp), "new", ce_token);
	ce_runtime_path(path, sizeof(path), "stat", ce_token);
	fd = open(tmp, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd == -1)
		return -1;
	if (flock(fd, LOCK_EX | LOCK_NB) == 0 && ftruncate(fd, (off_t)size) == 0 &&
	    rename(tmp, path) == 0)
		return fd;
	close(fd);
	unlink(tmp);
	return -1;
}
