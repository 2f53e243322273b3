/* out.c -- a file that records are appended to, whole or not at all.
 *
 * While it is written the file is locked (flock), so that several sinks may
 * share it and a torn tail is never another's record on its way.  The lock
 * holds for the inode that the name stands for, looked at after locking:
 * whoever rotates or deletes the file meanwhile gets nothing of ours lost in a
 * file that nobody will find.
 * SPDX-License-Identifier: Apache-2.0 */

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>
#include "ce.h"
#include "dirs.h"
#include "out.h"

#define GATHER (256 << 10) /* bytes that are worth a write */
#define DIRECT (32 << 10)  /* bytes that are cheaper written than copied */

struct out_conf out_conf = { OUT_BATCH, '\n', 0, 0 };
struct ce_buf out_why;

/* What is not yet written: gather, then run, which lies in somebody's memory. */
static struct ce_buf gather;
static struct ce_str run;

enum ce_verdict
out_failed(const char *act, const char *path)
{
	int e = errno;

	ce_buf_reset(&out_why);
	ce_buf_printf(&out_why, "cannot %s %s: %s", act, path, strerror(e));
	errno = e;
	switch (e) {
	case EISDIR:
	case ENOTDIR:
	case ENAMETOOLONG:
	case ELOOP:
		return CE_NEVER;
	default:
		return CE_LATER;
	}
}

static enum ce_verdict
failed(struct out *o, const char *act)
{
	o->err = errno;
	return out_failed(act, o->path);
}

void
out_close(struct out *o)
{
	if (o->fd >= 0)
		close(o->fd);
	o->fd = -1;
	o->base = -1;
	o->put = o->wrote = 0;
}

static bool
open_out(struct out *o)
{
	struct stat st, own;

	if ((o->fd = out_open(o->path, &o->fresh)) < 0 || fstat(o->fd, &st) != 0)
		return false;
	o->regular = S_ISREG(st.st_mode);
	o->rotates = o->regular && lstat(o->path, &own) == 0 && S_ISREG(own.st_mode);
	o->dev = st.st_dev;
	o->ino = st.st_ino;
	o->base = -1;
	o->put = o->wrote = 0;
	return true;
}

/* Another sink has it only for as long as it writes.  A signal to leave ends
 * the waiting; a file system without locks has none to wait for. */
static enum ce_verdict
lock(struct out *o)
{
	static bool told;

	if (flock(o->fd, LOCK_EX | LOCK_NB) == 0)
		return CE_TAKEN;
	if (errno == EWOULDBLOCK) {
		if (!told)
			ce_note("%s is in use by another process: waiting", o->path);
		told = true;
		if (flock(o->fd, LOCK_EX) == 0)
			return CE_TAKEN;
	}
	if (errno == ENOLCK || errno == EOPNOTSUPP || errno == ENOSYS)
		return CE_TAKEN;
	return failed(o, "lock");
}

static enum ce_verdict
cut_tail(struct out *o, off_t size)
{
	off_t end = out_last_end(o->fd, size);

	if (end < 0 && errno == EFBIG) {
		ce_buf_reset(&out_why);
		ce_buf_printf(&out_why, "%s does not end in a record: its last line is "
		    "unfinished and longer than --max-event", o->path);
		return CE_NEVER;
	}
	if (end < 0)
		return failed(o, "read");
	if (end < size) {
		if (ftruncate(o->fd, end) != 0)
			return failed(o, "truncate");
		ce_note("cut an unfinished record of %lld bytes off the end of %s",
		    (long long)(size - end), o->path);
	}
	o->base = end;
	return CE_TAKEN;
}

/* The last write was in an earlier period (they begin at multiples of
 * --rotate-every since 1970, so 1d is midnight UTC), maybe before a restart. */
static bool
outdated(const struct stat *st)
{
	struct timespec now;
	int64_t then = (int64_t)st->st_mtim.tv_sec * 1000 + st->st_mtim.tv_nsec / 1000000;

	if (out_conf.rotate_every == 0 || st->st_size == 0)
		return false;
	clock_gettime(CLOCK_REALTIME, &now);
	return ((int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000) / out_conf.rotate_every >
	    then / out_conf.rotate_every;
}

static enum ce_verdict
rename_away(struct out *o)
{
	struct ce_buf to = { 0 };
	char stamp[32];
	time_t now = time(NULL);
	struct tm tm;
	int n, rc = -1;

	strftime(stamp, sizeof(stamp), "%Y%m%dT%H%M%S", gmtime_r(&now, &tm));
	for (n = 0, errno = EEXIST; rc != 0 && errno == EEXIST && n < 100000; n++) {
		ce_buf_reset(&to);
		ce_buf_printf(&to, n ? "%s.%s.%d" : "%s.%s", o->path, stamp, n);
		rc = renameat2(AT_FDCWD, o->path, AT_FDCWD, to.p, RENAME_NOREPLACE);
		if (rc != 0 && (errno == EINVAL || errno == ENOSYS)) {
			errno = EEXIST; /* no such flag on this file system */
			if (access(to.p, F_OK) != 0)
				rc = rename(o->path, to.p);
		}
	}
	ce_buf_free(&to);
	if (rc != 0)
		return failed(o, "rotate");
	out_close(o);
	return CE_TAKEN;
}

enum ce_verdict
out_begin(struct out *o)
{
	enum ce_verdict v;
	struct stat st;
	int tries;

	for (tries = 0; tries < 1000; tries++) {
		if (o->fd < 0 && !open_out(o))
			return failed(o, "open");
		if (!o->regular)
			return CE_TAKEN;
		if ((v = lock(o)) != CE_TAKEN) {
			out_close(o);
			return v;
		}
		if (stat(o->path, &st) != 0 || st.st_dev != o->dev || st.st_ino != o->ino) {
			out_close(o);
			continue;
		}
		if (st.st_size != o->base && (v = cut_tail(o, st.st_size)) != CE_TAKEN) {
			out_close(o);
			return v;
		}
		if (!o->rotates || !outdated(&st))
			return CE_TAKEN;
		if ((v = rename_away(o)) != CE_TAKEN)
			return v;
	}
	errno = EBUSY;
	return failed(o, "open");
}

void
out_end(struct out *o)
{
	if (o->fd >= 0 && o->regular)
		flock(o->fd, LOCK_UN);
}

static enum ce_verdict
write_out(struct out *o)
{
	struct iovec v[2] = { { gather.p, gather.len }, { (char *)run.p, run.len } };
	struct pollfd room = { o->fd, POLLOUT, 0 };
	ssize_t n;
	int i = 0;

	while (i < 2) {
		if (v[i].iov_len == 0) {
			i++;
			continue;
		}
		n = writev(o->fd, v + i, 2 - i);
		if (n < 0 && errno == EAGAIN)
			poll(&room, 1, -1);
		else if (n < 0 && errno != EINTR)
			return failed(o, "write");
		for (o->wrote += n > 0 ? (size_t)n : 0; n > 0; i += v[i].iov_len == 0) {
			size_t part = (size_t)n < v[i].iov_len ? (size_t)n : v[i].iov_len;

			v[i].iov_base = (char *)v[i].iov_base + part;
			v[i].iov_len -= part;
			n -= (ssize_t)part;
		}
	}
	gather.len = run.len = 0;
	return CE_TAKEN;
}

/* Small runs are gathered, long ones written from where they lie. */
static enum ce_verdict
spill(struct out *o)
{
	if (run.len < DIRECT) {
		ce_buf_add(&gather, run.p, run.len);
		run.len = 0;
	}
	return gather.len >= GATHER || run.len > 0 ? write_out(o) : CE_TAKEN;
}

enum ce_verdict
out_lend(struct out *o, const char *p, size_t n)
{
	enum ce_verdict v = CE_TAKEN;

	o->put += n;
	if (run.len > 0 && run.p + run.len == p) {
		run.len += n;
		return CE_TAKEN;
	}
	if (run.len > 0)
		v = spill(o);
	if (v == CE_TAKEN)
		run = (struct ce_str){ p, n };
	return v;
}

enum ce_verdict
out_copy(struct out *o, const char *p, size_t n)
{
	o->put += n;
	run = (struct ce_str){ p, n };
	return spill(o);
}

static bool
sync_out(struct out *o)
{
	if (out_conf.sync == OUT_NONE)
		return true;
	if (fdatasync(o->fd) != 0 && (o->regular || (errno != EINVAL && errno != EROFS)))
		return false;
	if (o->fresh && o->regular && !dirs_sync(o->path))
		return false;
	o->fresh = false;
	return true;
}

enum ce_verdict
out_commit(struct out *o)
{
	enum ce_verdict v = write_out(o);

	if (v != CE_TAKEN || o->wrote == 0)
		return v;
	if (!sync_out(o)) {
		v = failed(o, "sync");
		out_undo(o, 0);
		return v;
	}
	o->base += (off_t)o->wrote;
	o->put = o->wrote = 0;
	return CE_TAKEN;
}

/* Cut only where our last byte is the file's last byte: a program that appends
 * without the lock may have come in between. */
bool
out_undo(struct out *o, size_t keep)
{
	struct stat st;
	off_t pos;
	bool good = o->fd >= 0;

	gather.len = run.len = 0;
	if (good && o->regular && o->wrote > keep) {
		pos = lseek(o->fd, 0, SEEK_CUR);
		if (fstat(o->fd, &st) == 0 && st.st_size == pos)
			good = ftruncate(o->fd, pos - (off_t)(o->wrote - keep)) == 0;
	}
	if (good && keep > 0)
		good = sync_out(o);
	out_close(o);
	return good;
}

bool
out_full(const struct out *o, size_t n)
{
	off_t now = o->base + (off_t)o->put;

	return out_conf.rotate_size > 0 && o->rotates && now > 0 &&
	    now + (off_t)n > out_conf.rotate_size;
}

enum ce_verdict
out_rotate(struct out *o)
{
	enum ce_verdict v = rename_away(o);

	return v == CE_TAKEN ? out_begin(o) : v;
}
