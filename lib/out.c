/* out.c -- standard output, gathered: written when there is much or when the
 * program would wait, checked in one place.
 *
 * A pipe is opened anew through /proc, so that it can be non-blocking for us
 * alone: O_NONBLOCK on the descriptor that we were given would reach everybody
 * who shares it.  Where that fails, writes of PIPE_BUF bytes follow POLLOUT,
 * which pipe(7) promises not to block.
 * SPDX-License-Identifier: Apache-2.0 */

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "flow.h"

#define MUCH ((size_t)192 << 10) /* not the size of a pipe, see design of pipes */
#define PIPE_SIZE (1 << 20)

static struct ce_buf out;
static size_t written; /* of out */
static int fd = 1;
static bool is_pipe, small_steps, watched, gone, waiting;

bool
ce_out_is_pipe(void)
{
	return is_pipe;
}

static void
reader_left(void *arg, short revents)
{
	(void)arg;
	if ((revents & POLLERR) == 0)
		return;
	gone = true;
	ce_watch(fd, 0, NULL, NULL); /* or poll would report it without end */
}

void
ce_out_start(void)
{
	struct stat st;
	int own;

	if (fstat(1, &st) == -1 || !(S_ISFIFO(st.st_mode) || S_ISSOCK(st.st_mode)))
		return;
	is_pipe = true;
	(void)!fcntl(1, F_SETPIPE_SZ, PIPE_SIZE);
	own = open("/proc/self/fd/1", O_WRONLY | O_NONBLOCK | O_CLOEXEC);
	if (own != -1)
		fd = own;
	else
		small_steps = true;
	watched = ce_program->role != CE_SINK;
	if (watched)
		ce_watch(fd, POLLRDHUP, reader_left, NULL);
}

struct ce_buf *
ce_out(void)
{
	return &out;
}

bool
ce_out_full(void)
{
	return out.len - written >= MUCH;
}

bool
ce_out_empty(void)
{
	return out.len == written;
}

bool
ce_out_gone(void)
{
	return gone;
}

static void
cannot(void)
{
	if (ce_program->role == CE_SOURCE && errno == EPIPE) {
		gone = true;
		written = out.len;
		ce_warn("cannot write standard output: nobody reads it any more");
		ce_stop(CE_IOERR);
		return;
	}
	ce_die(CE_IOERR, "cannot write standard output: %m");
}

/* One write.  False: it would wait. */
static bool
step(void)
{
	size_t n = out.len - written;
	ssize_t k;

	if (small_steps) {
		struct pollfd p = { fd, POLLOUT, 0 };

		if (n > PIPE_BUF)
			n = PIPE_BUF;
		if (poll(&p, 1, 0) != 1)
			return false;
	}
	k = write(fd, out.p + written, n);
	if (k == -1 && errno == EINTR)
		return true;
	if (k == -1 && errno == EAGAIN)
		return false;
	if (k == -1) {
		cannot();
		return true;
	}
	written += (size_t)k;
	ce_stats->bytes_out += (uint64_t)k;
	return (size_t)k == n || !is_pipe; /* a pipe that took a part is full */
}

static void
writable(void *arg, short revents)
{
	reader_left(arg, revents);
	ce_out_push();
}

static void
wait_for_room(bool want)
{
	if (want == waiting || !is_pipe)
		return;
	waiting = want;
	if (want)
		ce_watch(fd, POLLOUT, writable, NULL);
	else
		ce_watch(fd, watched && !gone ? POLLRDHUP : 0, reader_left, NULL);
}

void
ce_out_push(void)
{
	if (gone && ce_program->role == CE_SOURCE)
		written = out.len; /* it comes again */
	while (written < out.len)
		if (!step()) {
			wait_for_room(true);
			if (written > MUCH && written > out.len / 2) {
				ce_buf_cut(&out, written);
				written = 0;
			}
			return;
		}
	wait_for_room(false);
	if (out.len > 0)
		ce_buf_reset(&out);
	written = 0;
	if (out.cap > 16 * MUCH) /* one long event does not stay in memory */
		ce_buf_free(&out);
}

void
ce_out_flush(void)
{
	int32_t was = ce_stats->blocked;

	ce_out_push();
	while (written < out.len) {
		ce_stats->blocked = CE_ON_OUTPUT;
		ce_turn(is_pipe ? -1 : 10);
		ce_out_push();
	}
	ce_stats->blocked = was;
}

void
ce_out_line(const char *text, size_t len)
{
	ce_buf_add(&out, text, len);
	ce_buf_putc(&out, '\n');
}

static int
digits(uint64_t v)
{
	int n = 1;

	while (v >= 10000) {
		v /= 10000;
		n += 4;
	}
	return n + (v >= 10) + (v >= 100) + (v >= 1000);
}

/* Appends the line, with a return address before its closing brace: what
 * ce_event_cut takes out again to the byte.  All of it is written once, in
 * place: what is put together elsewhere and copied costs a store that the copy
 * has to wait for. */
void
ce_out_stamped(const char *text, size_t len, struct ce_str head, uint64_t seq)
{
	size_t brace = len; /* the length before it */
	int n = digits(seq);
	char *p;

	while (brace > 0 && text[--brace] != '}')
		;
	if (brace == 0)
		ce_bug("a line without a closing brace");
	ce_buf_need(&out, len + head.len + (size_t)n + 2);
	p = (char *)memcpy(out.p + out.len, text, brace) + brace;
	p = (char *)memcpy(p, head.p, head.len) + head.len;
	for (int i = n - 1; i >= 0; i--, seq /= 10)
		p[i] = (char)('0' + seq % 10);
	p[n] = '"';
	p += n + 1;
	memcpy(p, text + brace, len - brace);
	p[len - brace] = '\n';
	out.len = (size_t)(p + (len - brace) + 1 - out.p);
}

void
ce_out_close(void)
{
	if (is_pipe)
		ce_watch(fd, 0, NULL, NULL);
	if (fd != 1)
		close(fd);
	if (close(1) == -1 && errno != EBADF)
		ce_die(CE_IOERR, "cannot write standard output: %m");
}
