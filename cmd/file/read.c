/* read -- reading a file from where it was left to where it ends at present.
 *
 * What was read is believed only after a look at the file: if it became shorter
 * than the place that was reached, or its first bytes are others, it was
 * truncated (copytruncate), the bytes just read mean nothing, and it starts
 * anew as another struct file with the same descriptor.
 * SPDX-License-Identifier: Apache-2.0 */

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "files.h"
#include "follow.h"

static void
input_forget(struct file *f)
{
	if (f->lines != NULL)
		ce_lines_free(f->lines);
	free(f->lines);
	f->lines = NULL;
	if (f->whole != NULL)
		ce_buf_free(f->whole);
	free(f->whole);
	f->whole = NULL;
}

static void
forget_watch(struct file *f)
{
	if (!f->waits)
		return;
	f->waits = false;
	files_waiting--;
	ce_watch(f->fd, 0, NULL, NULL);
}

/* Closes it; what is known of it stays. */
void
input_close(struct file *f)
{
	forget_watch(f);
	input_forget(f);
	follow_forget(f->wd);
	close(f->fd);
	files_open--;
	f->fd = f->wd = -1;
}

#define STEP ((size_t)256 << 10)

long files_open, files_waiting;

static void
readable(void *arg, short revents)
{
	struct file *f = arg;

	(void)revents;
	forget_watch(f);
	files_ready(f);
}

/* A pipe must not block us (signals and acks come in meanwhile), and the read
 * of a FIFO that nobody has opened yet would look like its end. */
static bool
must_wait(struct file *f)
{
	struct pollfd p = { f->fd, POLLIN, 0 };
	struct timespec now;

	if (poll(&p, 1, 0) != 1) {
		ce_watch(f->fd, POLLIN, readable, f);
		f->waits = true;
		files_waiting++;
		return true;
	}
	clock_gettime(CLOCK_REALTIME, &now);
	input_time(f, &now);
	return false;
}

static enum input
failed(struct file *f)
{
	if (errno == EAGAIN || errno == EINTR) {
		files_ready(f);
		return INPUT_WAIT;
	}
	ce_warn("cannot read %s: %m", f->path);
	files_failed = true;
	input_close(f);
	return INPUT_GONE;
}

/* Another content: another struct file with the same descriptor. */
static void
renew(struct file *f)
{
	char *path = ce_strdup(f->path), *name = f->name;
	int fd = f->fd, wd = f->wd;
	dev_t dev = f->dev;
	ino_t ino = f->ino;

	ce_note("%s was truncated: from its start", path);
	input_forget(f);
	f->fd = f->wd = -1;
	f->name = NULL;
	files_drop(f);
	f = files_add(dev, ino, path);
	f->fd = fd;
	f->wd = wd;
	f->name = name;
	f->met = f->regular = true;
	f->quiet = ce_now();
	follow_moves(wd, f);
	files_ready(f);
	free(path);
}

/* After a read: is it still the content that was being read? */
static bool
current(struct file *f)
{
	const struct ce_lines *l = f->lines;
	uint64_t at = l->offset + l->skipping + (l->to - l->from);
	char head[FILES_HEAD];
	struct stat st;
	ssize_t n;

	if (fstat(f->fd, &st) == -1 || (uint64_t)st.st_size < at)
		return false;
	n = pread(f->fd, head, sizeof(head), 0);
	if (n < (ssize_t)f->print.n || files_hash(0, head, f->print.n) != f->print.hash)
		return false;
	f->print = (struct print){ (uint64_t)n, files_hash(0, head, (size_t)n) };
	input_time(f, &st.st_mtim);
	f->atend = (uint64_t)st.st_size == at;
	return true;
}

enum input
input_fill(struct file *f)
{
	ssize_t n;

	if (!f->regular && must_wait(f))
		return INPUT_WAIT;
	if (f->lines == NULL) {
		f->lines = CE_NEW(struct ce_lines);
		ce_lines_init(f->lines, f->fd, files_how.sep, (size_t)ce_conf.max_event);
		f->lines->offset = f->read;
		if (f->regular && lseek(f->fd, (off_t)f->read, SEEK_SET) == -1)
			return failed(f);
	}
	n = ce_lines_fill(f->lines);
	if (n == -1)
		return failed(f);
	f->atend = n == 0;
	if (f->regular && files_how.follow && !current(f)) {
		renew(f);
		return INPUT_GONE;
	}
	if (n > 0)
		f->quiet = ce_now();
	if (!files_how.follow || !f->regular || f->last || (files_how.done != NULL && f->closed))
		return n > 0 ? INPUT_DATA : INPUT_END;
	f->lines->eof = false;
	return f->atend ? INPUT_WAIT : INPUT_DATA;
}

/* The whole content, in f->whole once END is said. */
enum input
input_whole(struct file *f, bool *toobig)
{
	size_t max = (size_t)ce_conf.max_event, want;
	struct ce_buf *b;
	ssize_t n;

	if (f->whole == NULL)
		f->whole = CE_NEW(struct ce_buf);
	b = f->whole;
	if (f->regular && b->len == 0 && lseek(f->fd, 0, SEEK_SET) == -1)
		return failed(f);
	do {
		if (!f->regular && must_wait(f))
			return INPUT_WAIT;
		want = max + 1 - b->len < STEP ? max + 1 - b->len : STEP;
		ce_buf_need(b, want);
		n = read(f->fd, b->p + b->len, want);
		if (n == -1)
			return failed(f);
		b->len += (size_t)n;
		b->p[b->len] = '\0';
	} while (n > 0 && b->len <= max);
	*toobig = b->len > max;
	if (*toobig)
		b->len = max;
	f->print = (struct print){ b->len, files_hash(0, b->p, b->len) };
	return INPUT_END;
}

/* How much of it that was. */
uint64_t
input_size(struct file *f, bool toobig)
{
	struct stat st;

	if (toobig && f->regular && fstat(f->fd, &st) == 0)
		return (uint64_t)st.st_size;
	return f->whole->len;
}

/* Ids begin with the first line, which stays while the file grows: so two
 * contents that an inode had one after the other do not give the same ids. */
void
input_seed(struct file *f)
{
	char head[FILES_HEAD], *q;
	ssize_t n;

	f->seeded = true;
	if (!f->regular || (n = pread(f->fd, head, sizeof(head), 0)) <= 0)
		return;
	if ((q = memchr(head, files_how.sep, (size_t)n)) != NULL)
		n = q - head;
	f->seed = files_hash(f->ino, head, (size_t)n);
}

/* The writers of a FIFO come and go; its next one is waited for. */
static void
reopen(struct file *f)
{
	f->fd = open(f->name, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (f->fd == -1)
		return;
	files_open++;
	files_ready(f);
}

/* Everything that there is was emitted. */
void
input_rest(struct file *f, enum input in)
{
	struct stat st;
	bool fifo;

	if (in != INPUT_END) {
		if (f->regular && !files_how.watch) {
			f->ended = f->lines->from == f->lines->to;
			files_changed = true;
			input_close(f);
		} else if (f->regular && f->lines != NULL && f->lines->from == f->lines->to) {
			ce_lines_free(f->lines); /* many files may be waiting */
			free(f->lines);
			f->lines = NULL;
		}
		return;
	}
	f->deleted = files_how.follow && f->regular && fstat(f->fd, &st) == 0 && st.st_nlink == 0;
	fifo = files_how.watch && fstat(f->fd, &st) == 0 && S_ISFIFO(st.st_mode) &&
	    strcmp(f->name, "/dev/stdin") != 0;
	input_close(f);
	f->ended = true;
	files_changed = true;
	if (fifo)
		reopen(f);
}
