/* peer.c -- the return addresses of events: what a sink or filter tells sources.
 *
 * One connection a token, made when its first event arrives.  Only finished
 * events are told, and of those only an unbroken beginning of what came, so
 * that a source may count cumulatively.  A connection that fails changes
 * nothing for the delivery: the source will send again what it was not told.
 * SPDX-License-Identifier: Apache-2.0 */

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include "peer.h"

#define MOST 1024      /* addresses at a time */
#define EVERY 5        /* ms between acks under load */
#define MANY 256       /* events that were finished in one go: load */
#define LINE 256       /* bytes that a source may answer in a line */

struct ce_peer *ce_peers;
static int count;
static long waiting;   /* peers with something to tell */
static int64_t flushed;

struct ce_str
ce_peer_address(const struct ce_peer *p)
{
	return (struct ce_str){ p->head, p->nhead };
}

static void
hang_up(struct ce_peer *p)
{
	if (p->fd == -1)
		return;
	ce_watch(p->fd, 0, NULL, NULL);
	close(p->fd);
	p->fd = -1;
	ce_buf_free(&p->in);
	ce_buf_free(&p->out);
}

static void
backwards(struct ce_peer *p)
{
	ce_warn("cannot acknowledge to %s: its events came out of order "
	    "(the source needs --ack-count exact)", p->token);
	p->backwards = false;
	if (p->run) { /* under order, an ack would cover what was not received yet */
		p->run = false;
		waiting--;
	}
	hang_up(p);
	ce_leave(CE_DATAERR);
}

static void
answer(struct ce_peer *p, const char *line)
{
	if (strcmp(line, "welcome order") == 0)
		p->known = p->order = true;
	else if (strcmp(line, "welcome exact") == 0)
		p->known = true;
	else {
		ce_note("the source %s says something that is no answer; not acknowledging to it",
		    p->token);
		hang_up(p);
		return;
	}
	if (p->order && p->backwards)
		backwards(p);
}

static void
hear(struct ce_peer *p)
{
	char *nl;
	ssize_t n;

	ce_buf_need(&p->in, LINE);
	n = read(p->fd, p->in.p + p->in.len, LINE);
	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		hang_up(p);
		return;
	}
	p->in.len += (size_t)n;
	p->in.p[p->in.len] = '\0';
	while (p->fd != -1 && (nl = memchr(p->in.p, '\n', p->in.len)) != NULL) {
		*nl = '\0';
		answer(p, p->in.p);
		if (p->fd != -1)
			ce_buf_cut(&p->in, (size_t)(nl + 1 - p->in.p));
	}
	if (p->in.len >= LINE)
		hang_up(p);
}

static void
tell(struct ce_peer *p)
{
	while (p->fd != -1 && p->out.len > 0) {
		ssize_t n = send(p->fd, p->out.p, p->out.len, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1 && errno == EAGAIN)
			break;
		if (n == -1)
			hang_up(p);
		else
			ce_buf_cut(&p->out, (size_t)n);
	}
}

static void
ready(void *arg, short revents)
{
	struct ce_peer *p = arg;
	bool may;

	if (revents & (POLLIN | POLLHUP | POLLERR))
		hear(p);
	may = p->known && (ce_emits() || ce_out_empty(&ce_stdout)); /* what is acknowledged has left */
	if (may)
		tell(p);
	if (p->fd != -1)
		ce_watch(p->fd, may && p->out.len > 0 ? POLLIN | POLLOUT : POLLIN, ready, p);
}

static void
call(struct ce_peer *p)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	const char *why;

	p->fd = -1;
	if (ce_runtime_dir(&why) == NULL)
		return;
	ce_runtime_path(to.sun_path, sizeof(to.sun_path), "ack", p->token);
	p->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (p->fd == -1)
		return;
	if (connect(p->fd, (struct sockaddr *)&to, sizeof(to)) == -1 || !ce_peer_is_us(p->fd)) {
		ce_info("nobody to acknowledge to at %s", to.sun_path);
		close(p->fd);
		p->fd = -1;
		return;
	}
	(void)!fcntl(p->fd, F_SETFL, O_NONBLOCK);
	ce_watch(p->fd, POLLIN, ready, p);
	ce_buf_printf(&p->out, "hello %s %s\n",
	    ce_program->role == CE_FILTER || ce_conf.reply ? "filter" : "sink", ce_name);
	tell(p);
}

/* A place for one more: an address that nobody answers at is given up first. */
static struct ce_peer *
place(void)
{
	struct ce_peer **pp, *p;

	if (count < MOST) {
		count++;
		p = CE_NEW(struct ce_peer);
		p->next = ce_peers;
		return ce_peers = p;
	}
	for (pp = &ce_peers; (p = *pp) != NULL; pp = &p->next)
		if (p->fd == -1 && p->open == 0) {
			struct ce_peer *next = p->next;

			memset(p, 0, sizeof(*p));
			p->next = next;
			return p;
		}
	return NULL;
}

struct ce_peer *
ce_peer_new(const char *token, size_t n)
{
	struct ce_peer *p = place();

	if (p == NULL)
		return NULL;
	memcpy(p->token, token, n);
	p->ntoken = n;
	p->nhead = (size_t)snprintf(p->head, sizeof(p->head), CE_ACKTO "%s.", p->token);
	call(p);
	return p;
}

void
ce_peer_received(struct ce_peer *p, uint64_t seq)
{
	p->open++;
	if (seq < p->last) {
		p->backwards = true;
		if (p->known && p->order)
			backwards(p);
	}
	p->same = seq == p->last ? p->same + 1 : 1;
	p->last = seq;
}

static void
tell_run(struct ce_peer *p)
{
	if (!p->run)
		return;
	p->run = false;
	waiting--;
	p->told = p->to;
	if (p->out.len > 1 << 20) /* it does not listen */
		hang_up(p);
	if (p->fd == -1)
		return;
	ce_buf_printf(&p->out, "%s %" PRIu64 " %" PRIu64 "\n",
	    ce_program->role == CE_FILTER || ce_conf.reply ? "drop" : "ack", p->from, p->to);
}

/* An event that went on, or a copy of one that is still open, tells nothing. */
static bool
one_less(struct ce_peer *p, uint64_t seq)
{
	p->open--;
	return seq != p->last || --p->same == 0;
}

void
ce_peer_passed(struct ce_peer *p, uint64_t seq)
{
	one_less(p, seq);
}

void
ce_peer_done(struct ce_peer *p, uint64_t seq)
{
	bool cumulative;

	if (!one_less(p, seq))
		return;
	if (p->run && seq == p->to + 1) { /* nearly always */
		p->to = seq;
		return;
	}
	cumulative = p->known && p->order && ce_program->role != CE_FILTER && !ce_conf.reply;
	if (p->run && cumulative && seq > p->to) {
		p->to = seq;
		return;
	}
	if (p->run && seq >= p->from && seq <= p->to)
		return;
	tell_run(p);
	p->run = true;
	waiting++;
	p->from = cumulative && p->told > 0 && p->told < seq ? p->told + 1 : seq;
	p->to = seq;
}

void
ce_peer_fail(struct ce_peer *p, uint64_t seq, const char *reason)
{
	tell_run(p);
	if (p->fd == -1)
		return;
	ce_buf_printf(&p->out, "fail %" PRIu64 " ", seq);
	ce_buf_visible(&p->out, reason, strlen(reason), 200);
	ce_buf_putc(&p->out, '\n');
}

void
ce_peers_flush(bool force)
{
	struct ce_peer *p;

	if (waiting == 0 || (!force && ce_now() - flushed < EVERY))
		return;
	flushed = ce_now();
	for (p = ce_peers; p != NULL; p = p->next) {
		if (!p->run || (!p->known && p->fd != -1))
			continue; /* which count the source keeps decides how it is told */
		tell_run(p);
		tell(p);
		if (p->fd != -1 && p->out.len > 0)
			ce_watch(p->fd, POLLIN | POLLOUT, ready, p);
	}
}

/* Where so many were finished at once more input is about to come, and a source
 * that is woken up for each handful has less to do with its time. */
int64_t
ce_peers_due(void)
{
	int64_t left = EVERY - (ce_now() - flushed);
	struct ce_peer *p;

	if (waiting == 0)
		return -1;
	for (p = ce_peers; left > 0 && p != NULL; p = p->next)
		if (p->run && p->to - p->from >= MANY)
			return left;
	return 0;
}

static bool
unsaid(void)
{
	struct ce_peer *p;

	for (p = ce_peers; p != NULL; p = p->next)
		if (p->fd != -1 && (p->run || p->out.len > 0))
			return true;
	return false;
}

void
ce_peers_finish(void)
{
	int64_t until = ce_now() + 5000;
	struct ce_peer *p;

	ce_peers_flush(true);
	for (p = ce_peers; p != NULL; p = p->next)
		if (p->known) /* else the welcome decides first */
			tell(p); /* a fail line */
	while (unsaid() && ce_now() < until) {
		ce_turn(100);
		ce_peers_flush(true);
	}
	for (p = ce_peers; p != NULL; p = p->next)
		hang_up(p);
}
