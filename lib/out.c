/* out.c -- an output, gathered: written when there is much or when the
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
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "down.h"
#include "input.h"

#define PIPE_SIZE (1 << 20)

struct ce_down ce_stdout = CE_DOWN(1, "standard output");

struct ce_buf *
ce_out(void)
{
	if (ce_stdout.nrun > 0)
		ce_through_copy();
	return &ce_stdout.out;
}

/* A filter does not wait for its next write: what comes before it may wait for the
 * acknowledgement of what was lost behind it. */
static void
reader_left(void *arg, short revents)
{
	struct ce_down *d = arg;

	if ((revents & POLLERR) == 0)
		return;
	d->gone = true;
	ce_watch(d->fd, 0, NULL, NULL); /* or poll would report it without end */
	if (d->left != NULL)
		d->left(d->arg);
	else if (ce_program->role == CE_FILTER && ce_input_addressed() && !ce_told_to_leave)
		ce_die(CE_IOERR, "cannot write %s: nobody reads it any more", d->name);
}

void
ce_out_start(struct ce_down *d)
{
	char path[32];
	struct stat st;
	int own;

	d->given = d->fd;
	if (fstat(d->fd, &st) == -1 || !(S_ISFIFO(st.st_mode) || S_ISSOCK(st.st_mode)))
		return;
	d->is_pipe = true;
	(void)!fcntl(d->fd, F_SETPIPE_SZ, PIPE_SIZE);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", d->fd);
	own = open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC);
	if (own != -1)
		d->fd = own;
	else
		d->small_steps = true;
	d->watched = ce_program->role != CE_SINK;
	if (d->watched)
		ce_watch(d->fd, POLLRDHUP, reader_left, d);
}

/* More was gathered since the last try than a write needs. */
void
ce_out_stream(struct ce_down *d)
{
	if (d->out.len - (d->waiting ? d->tried : d->written) >= CE_MUCH)
		ce_out_push(d);
}

bool
ce_out_full(const struct ce_down *d)
{
	return d->out.len - d->written >= d->much;
}

bool
ce_out_empty(const struct ce_down *d)
{
	return d->out.len == d->written && d->nrun == 0;
}

static void
cannot(struct ce_down *d)
{
	if (ce_emits() && errno == EPIPE) {
		d->gone = true;
		d->written = d->out.len;
		ce_down_left(d);
		return;
	}
	ce_die(CE_IOERR, "cannot write %s: %m", d->name);
}

/* One write.  False: it would wait. */
static bool
step(struct ce_down *d)
{
	size_t n = d->out.len - d->written;
	ssize_t k;

	if (d->small_steps) {
		struct pollfd p = { d->fd, POLLOUT, 0 };

		if (n > PIPE_BUF)
			n = PIPE_BUF;
		if (poll(&p, 1, 0) != 1)
			return false;
	}
	k = write(d->fd, d->out.p + d->written, n);
	if (k == -1 && errno == EINTR)
		return true;
	if (k == -1 && errno == EAGAIN)
		return false;
	if (k == -1) {
		cannot(d);
		return true;
	}
	d->written += (size_t)k;
	ce_stats->bytes_out += (uint64_t)k;
	return (size_t)k == n || !d->is_pipe; /* a pipe that took a part is full */
}

static void
writable(void *arg, short revents)
{
	reader_left(arg, revents);
	ce_out_push(arg);
}

static void
wait_for_room(struct ce_down *d, bool want)
{
	if (want == d->waiting || !d->is_pipe)
		return;
	d->waiting = want;
	if (want)
		ce_watch(d->fd, POLLOUT, writable, d);
	else
		ce_watch(d->fd, d->watched && !d->gone ? POLLRDHUP : 0, reader_left, d);
}

static void
emptied(struct ce_down *d)
{
	wait_for_room(d, false);
	if (d->out.len > 0)
		ce_buf_reset(&d->out);
	d->written = 0;
	if (d->out.cap > 16 * CE_MUCH) /* one long event does not stay in memory */
		ce_buf_free(&d->out);
}

void
ce_out_push(struct ce_down *d)
{
	if (d->nrun > 0)
		ce_through_copy();
	if (d->gone && ce_emits())
		d->written = d->out.len; /* it comes again */
	while (d->written < d->out.len)
		if (!step(d)) {
			wait_for_room(d, true);
			if (d->written > CE_MUCH && d->written > d->out.len / 2) {
				ce_buf_cut(&d->out, d->written);
				d->written = 0;
			}
			d->tried = d->out.len;
			return;
		}
	emptied(d);
}

/* Nothing else happens meanwhile. */
static void
wait_alone(struct ce_down *d)
{
	struct pollfd p = { d->fd, POLLOUT, 0 };
	int32_t was = ce_stats->blocked;

	ce_stats->blocked = CE_ON_OUTPUT;
	ce_stats_rest();
	(void)!poll(&p, 1, -1);
	ce_stats_wake();
	ce_stats->blocked = was;
}

void
ce_out_move(struct ce_down *d, int in, size_t n)
{
	while (d->written < d->out.len)
		if (!step(d))
			wait_alone(d);
	emptied(d);
	while (n > 0) {
		ssize_t k = splice(in, NULL, d->fd, NULL, n, SPLICE_F_NONBLOCK);
		struct pollfd p = { in, POLLIN, 0 };

		if (k > 0) {
			n -= (size_t)k;
			ce_stats->bytes_out += (uint64_t)k;
		} else if (k == 0 || (errno == EAGAIN && poll(&p, 1, 0) == 0))
			ce_die(CE_IOERR, "cannot read standard input: somebody else has read it, too");
		else if (errno == EAGAIN)
			wait_alone(d);
		else if (errno != EINTR)
			cannot(d);
	}
}

void
ce_out_flush(struct ce_down *d)
{
	int32_t was = ce_stats->blocked;

	ce_out_push(d);
	while (d->written < d->out.len) {
		ce_stats->blocked = CE_ON_OUTPUT;
		ce_turn(d->is_pipe ? -1 : 10);
		ce_out_push(d);
	}
	ce_stats->blocked = was;
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

/* What ce_event_cut takes out again to the byte.  All is written in place, and
 * nothing is read there: what was just copied would have to arrive first. */
void
ce_out_stamp(struct ce_down *d, struct ce_str text, struct ce_str head, uint64_t seq)
{
	size_t len = d->out.len, behind = 1; /* white space, with the brace */
	int n = digits(seq);
	char *p;

	while (behind <= text.len && text.p[text.len - behind] != '}')
		behind++;
	if (behind > text.len || behind > len)
		ce_bug("a line without a closing brace");
	ce_buf_need(&d->out, head.len + (size_t)n + 2);
	p = d->out.p + len - behind;
	if (behind > 1)
		memmove(p + head.len + (size_t)n + 1, p, behind);
	p = (char *)memcpy(p, head.p, head.len) + head.len;
	for (int i = n - 1; i >= 0; i--, seq /= 10)
		p[i] = (char)('0' + seq % 10);
	p[n] = '"';
	p[n + 1] = '}';
	p[n + 1 + (int)behind] = '\n';
	d->out.len = len + head.len + (size_t)n + 2;
}

/* Nearly all lines end in their brace: what follows there is copied as a whole. */
void
ce_out_line(struct ce_down *d, struct ce_str text, uint64_t seq)
{
	struct ce_stamp *s = &d->stamp;
	char *p;

	if (seq == 0 || text.p[text.len - 1] != '}') {
		ce_buf_add(&d->out, text.p, text.len);
		if (seq == 0)
			ce_buf_putc(&d->out, '\n');
		else
			ce_out_stamp(d, text, ce_acks_address(d), seq);
		return;
	}
	if (s->len == 0 || s->seq != seq)
		ce_stamp_set(s, ce_acks_address(d), seq);
	ce_buf_need(&d->out, text.len + sizeof(s->text));
	p = (char *)memcpy(d->out.p + d->out.len, text.p, text.len - 1) + text.len - 1;
	memcpy(p, s->text, sizeof(s->text));
	d->out.len += text.len + s->len;
	p[s->len + 1] = '\0';
	ce_stamp_next(s);
}

void
ce_out_end(struct ce_event *ev, struct ce_str text)
{
	if (ev->flow[0] != NULL)
		ce_out_stamp(&ce_stdout, text, ce_peer_address(ev->flow[0]), ev->seq);
	else
		ce_buf_putc(&ce_stdout.out, '\n');
	ce_stats->events_out++;
}

void
ce_print(const void *p, size_t n)
{
	ce_buf_add(ce_out(), p, n);
	if (ce_out_full(&ce_stdout))
		ce_out_flush(&ce_stdout);
}

void
ce_out_close(struct ce_down *d)
{
	if (d->closed)
		return;
	d->closed = true;
	if (d->is_pipe)
		ce_watch(d->fd, 0, NULL, NULL);
	if (d->fd != d->given)
		close(d->fd);
	if (close(d->given) == -1 && errno != EBADF)
		ce_die(CE_IOERR, "cannot write %s: %m", d->name);
}
