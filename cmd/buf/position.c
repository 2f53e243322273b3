/* position.c -- up to where everything was finished, in two copies that are
 * written in turns.
 *
 * The file has its size from the start and is written in place: a full disk,
 * of all things, must not keep a spool from being emptied.  What a crash tears
 * is one copy; the other is one interval old.
 * SPDX-License-Identifier: Apache-2.0 */

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>
#include "spool.h"

#define APART 512 /* a sector each */

static int fd = -1;
static uint64_t serial; /* of the newer copy */

void
position_text(char text[POSITION_LEN + 1], uint64_t n, const struct position *at)
{
	int len = snprintf(text, POSITION_LEN, "%" PRIu64 " %" PRIu64 " %" PRIu64, n, at->no, at->off);

	snprintf(text + len, (size_t)(POSITION_LEN + 1 - len), " %08lx\n",
	    crc32_z(0, (const unsigned char *)text, (size_t)len));
}

bool
position_parse(const char *text, uint64_t *n, struct position *at)
{
	char again[POSITION_LEN + 1];

	if (sscanf(text, "%20" SCNu64 " %20" SCNu64 " %20" SCNu64 " ", n, &at->no, &at->off) != 3)
		return false;
	position_text(again, *n, at);
	return strncmp(again, text, strlen(again)) == 0;
}

/* Of two copies the newer; what is neither blank nor right is said. */
static void
choose(const char *path, const char *content, struct position *at)
{
	int bad = 0, good = 0;

	for (int i = 0; i < 2; i++) {
		const char *text = content + i * APART;
		struct position p;
		uint64_t n;

		if (position_parse(text, &n, &p)) {
			good++;
			if (n > serial || good == 1) {
				serial = n;
				*at = p;
			}
		} else
			bad += *text != '\n';
	}
	if (bad > 0 && good > 0)
		ce_warn("%s: one of two copies is damaged: some events may come again", path);
	else if (bad > 0)
		ce_warn("%s: damaged: all events that are there come again", path);
}

static void
lock(const char *path)
{
	struct stat st;

	if (fstat(fd, &st) == -1)
		ce_die(CE_CONFIG, "cannot look at %s: %m", path);
	if (!S_ISREG(st.st_mode))
		ce_die(CE_CONFIG, "cannot use %s: not a regular file", path);
	if (flock(fd, LOCK_EX | LOCK_NB) == 0)
		return;
	if (errno == EWOULDBLOCK)
		ce_die(CE_TEMPFAIL, "cannot use %s: another process holds it", path);
	ce_die(CE_CONFIG, "cannot lock %s: %m", path);
}

/* No space: 75, as for an event. */
static void
fill(const char *path, const char *content, size_t n)
{
	ssize_t k = pwrite(fd, content, n, 0);

	if (k == (ssize_t)n && fdatasync(fd) == 0)
		return;
	if (k >= 0)
		errno = ENOSPC;
	ce_die(errno == ENOSPC || errno == EDQUOT ? CE_TEMPFAIL : CE_IOERR,
	    "cannot write %s: %m", path);
}

void
position_start(int dir, const char *path, struct position *at)
{
	char content[2 * APART + 1];
	ssize_t n;

	*at = (struct position){ 0, 0 };
	fd = openat(dir, "position", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
	if (fd == -1)
		ce_die(errno == ENOSPC || errno == EDQUOT ? CE_TEMPFAIL : CE_CONFIG,
		    "cannot open %s: %m", path);
	lock(path);
	if ((n = pread(fd, content, 2 * APART, 0)) == -1)
		ce_die(CE_IOERR, "cannot read %s: %m", path);
	memset(content + n, '\n', (size_t)(2 * APART - n));
	content[2 * APART] = '\0';
	choose(path, content, at);
	if (n < 2 * APART)
		fill(path, content, 2 * APART);
}

bool
position_write(const struct position *at)
{
	char text[POSITION_LEN + 1];
	size_t n;

	position_text(text, serial + 1, at);
	n = strlen(text);
	if (pwrite(fd, text, n, (off_t)((serial + 1) % 2 * APART)) != (ssize_t)n || fdatasync(fd) == -1)
		return false;
	serial++;
	return true;
}
