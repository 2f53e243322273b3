/* acks.c -- the ack socket of a source: who answers, and what it means.
 *
 * order: an ack covers everything below it, because stages between may remove
 * events and keep the order; with several sinks nothing is finished before
 * the slowest has passed it.  exact: a number is finished when it was named,
 * by as many sinks as there are.
 * SPDX-License-Identifier: Apache-2.0 */

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include "down.h"

#define LINE 512
#define MOST 1024 /* connections kept, closed sinks included */

enum speaker { UNKNOWN, SINK, FILTER };

struct ce_conn {
	struct ce_conn *next;
	struct ce_down *down;
	int fd; /* -1: it has gone; what it finished still counts */
	pid_t pid;
	enum speaker who;
	uint64_t upto;
	struct ce_buf in;
};

bool
ce_acks_any(const struct ce_down *d)
{
	return d->sinks_ever > 0;
}

bool
ce_acks_live(const struct ce_down *d)
{
	return d->sinks_now > 0;
}

bool
ce_acks_from(const struct ce_down *d, pid_t pid)
{
	struct ce_conn *c;

	for (c = d->conns; c != NULL; c = c->next)
		if (c->who == SINK && c->pid == pid)
			return true;
	return false;
}

pid_t
ce_acks_sole(const struct ce_down *d)
{
	struct ce_conn *c;

	for (c = d->conns; c != NULL && d->sinks_ever == 1; c = c->next)
		if (c->who == SINK && c->fd != -1)
			return c->pid;
	return 0;
}

bool
ce_acks_only(const struct ce_down *d, bool (*of)(const struct ce_down *, pid_t))
{
	struct ce_conn *c;

	for (c = d->conns; c != NULL; c = c->next)
		if (c->who == SINK && !of(d, c->pid))
			return false;
	return !d->forgotten;
}

bool
ce_acks_cumulative(const struct ce_down *d)
{
	return d->needed == 1 && ce_conf.ack_count == 0;
}

struct ce_str
ce_acks_address(const struct ce_down *d)
{
	return (struct ce_str){ d->address.p, d->address.len };
}

static void
hang_up(struct ce_conn *c)
{
	if (c->fd == -1)
		return;
	ce_watch(c->fd, 0, NULL, NULL);
	close(c->fd);
	c->fd = -1;
	ce_buf_free(&c->in);
	if (c->who == SINK)
		c->down->sinks_now--;
}

/* Of a closed sink it matters who it was and how far it came; but there may be
 * very many, one after the other. */
static void
sweep(struct ce_down *d)
{
	struct ce_conn **pp = &d->conns, *c;

	while ((c = *pp) != NULL)
		if (c->fd == -1 && (c->who != SINK || (d->needed == 1 && d->nconns >= MOST / 2))) {
			d->forgotten |= c->who == SINK;
			*pp = c->next;
			free(c);
			d->nconns--;
		} else
			pp = &c->next;
}

static uint64_t
slowest(const struct ce_down *d)
{
	uint64_t least = UINT64_MAX;
	struct ce_conn *c;
	long n = 0;

	for (c = d->conns; c != NULL; c = c->next)
		if (c->who == SINK) {
			n++;
			if (c->upto < least)
				least = c->upto;
		}
	return n < d->needed ? 0 : least;
}

static void
hello(struct ce_conn *c, enum speaker who, const char *name)
{
	struct ce_down *d = c->down;

	c->who = who;
	ce_info("%s acknowledges", *name != '\0' ? name : "somebody");
	if (who == SINK) {
		d->sinks_ever++;
		if (++d->sinks_now > d->needed && ce_conf.ack_count == 0) {
			d->needed = d->sinks_now;
			ce_warn("a second sink acknowledges (%s); nothing is finished before "
			    "all have (say so with --ack-sinks %ld)", name, d->needed);
		}
	}
	(void)!send(c->fd, ce_conf.ack_count ? "welcome exact\n" : "welcome order\n", 14,
	    MSG_NOSIGNAL | MSG_DONTWAIT);
}

static void
finished(struct ce_conn *c, uint64_t from, uint64_t to)
{
	struct ce_down *d = c->down;
	uint64_t seq;

	if (from < d->base)
		from = d->base;
	if (ce_conf.ack_count == 0) {
		/* The only sink there ever was: below is what filters removed.
		 * One that follows another knows nothing of what that one had. */
		if (d->needed == 1)
			ce_src_done(d, d->sinks_ever == 1 ? d->base : from, to);
		if (to > c->upto)
			c->upto = to;
		if (d->needed > 1 && (seq = slowest(d)) > 0)
			ce_src_done(d, d->base, seq);
	} else if (d->needed == 1)
		ce_src_done(d, from, to);
	else
		for (seq = from; seq <= to; seq++)
			if (ce_src_mark(d, seq, d->needed))
				ce_src_done(d, seq, seq);
}

/* The number behind word and one space, or behind one space. */
static bool
number(const char **p, const char *word, uint64_t *v)
{
	size_t n = strlen(word);
	int digits = 0;

	if (strncmp(*p, word, n) != 0 || (*p)[n] != ' ')
		return false;
	*v = 0;
	for (*p += n + 1; **p >= '0' && **p <= '9' && digits < 19; (*p)++, digits++)
		*v = *v * 10 + (uint64_t)(**p - '0');
	return digits > 0;
}

static bool
spoken(struct ce_conn *c, const char *line)
{
	const char *p = line;
	uint64_t from, to;

	if (number(&p, "fail", &from) && (*p == ' ' || *p == '\0')) {
		ce_src_failed(c->down, from, *p == ' ' ? p + 1 : p);
		return true;
	}
	if (((p = line, !number(&p, "ack", &from)) && (p = line, !number(&p, "drop", &from))) ||
	    !number(&p, "", &to) || *p != '\0')
		return false;
	if (from == 0 || from > to || to >= c->down->next)
		return false;
	if (line[0] == 'a' && c->who == SINK)
		finished(c, from, to);
	else if (line[0] == 'd' && c->down->needed == 1) /* of which branch? nobody can tell */
		ce_src_done(c->down, from, to);
	return true;
}

static bool
heard(struct ce_conn *c, const char *line)
{
	if (c->who == UNKNOWN) {
		if (strncmp(line, "hello sink", 10) == 0 && (line[10] == ' ' || line[10] == '\0'))
			hello(c, SINK, line + (line[10] != '\0' ? 11 : 10));
		else if (strncmp(line, "hello filter", 12) == 0 &&
		    (line[12] == ' ' || line[12] == '\0'))
			hello(c, FILTER, line + (line[12] != '\0' ? 13 : 12));
		return c->who != UNKNOWN;
	}
	return spoken(c, line);
}

static void
hear(void *arg, short revents)
{
	struct ce_conn *c = arg;
	char *nl, *p;
	ssize_t n;

	(void)revents;
	ce_buf_need(&c->in, 4096);
	n = recv(c->fd, c->in.p + c->in.len, 4096, MSG_DONTWAIT);
	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		hang_up(c);
		return;
	}
	c->in.len += (size_t)n;
	c->in.p[c->in.len] = '\0';
	for (p = c->in.p; (nl = memchr(p, '\n', (size_t)(c->in.p + c->in.len - p))) != NULL;
	    p = nl + 1) {
		*nl = '\0';
		if (nl - p > LINE) /* came at once, and is as wrong as in pieces */
			break;
		if (!heard(c, p)) {
			ce_warn("cannot understand what acknowledges: \"%.60s\"; not listening to it", p);
			hang_up(c);
			return;
		}
	}
	ce_buf_cut(&c->in, (size_t)(p - c->in.p));
	if (c->in.len > LINE) { /* of a whole line, the end is a NUL by now */
		ce_warn("cannot understand what acknowledges: a line of more than %d bytes", LINE);
		hang_up(c);
	}
}

static void greet(void *arg, short revents);

static void
greet_again(void *arg)
{
	struct ce_down *d = arg;

	ce_watch(d->listener, POLLIN, greet, d);
}

/* Out of descriptors: poll would report the same connection without end. */
static void
pause_greeting(struct ce_down *d)
{
	static bool told;

	if (!told)
		ce_warn("cannot hear who acknowledges: %m (trying again)");
	told = true;
	ce_watch(d->listener, 0, NULL, NULL);
	d->later.fn = greet_again;
	d->later.arg = d;
	ce_timer(&d->later, 100);
}

static void
greet(void *arg, short revents)
{
	struct ce_down *d = arg;
	struct ce_conn *c;
	int fd = accept4(d->listener, NULL, NULL, SOCK_CLOEXEC);

	(void)revents;
	if (fd == -1) {
		if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED)
			pause_greeting(d);
		return;
	}
	sweep(d);
	if (!ce_peer_is_us(fd) || d->nconns >= MOST) {
		close(fd);
		return;
	}
	c = CE_NEW(struct ce_conn);
	c->down = d;
	c->fd = fd;
	c->pid = ce_peer_pid(fd);
	c->next = d->conns;
	d->conns = c;
	d->nconns++;
	ce_watch(fd, POLLIN, hear, c);
}

/* Listens before the socket has its name: nobody finds it too early. */
void
ce_acks_open(struct ce_down *d)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	char path[128], token[sizeof(ce_token) + 8];
	const char *why;

	snprintf(token, sizeof(token), d->branch > 0 ? "%s%d" : "%s", ce_token, d->branch);
	if (ce_runtime_dir(&why) == NULL)
		ce_die(CE_CONFIG, "cannot be acknowledged: %s (see CE_RUNTIME_DIR in ce(7), "
		    "or --ack none)", why);
	ce_runtime_path(at.sun_path, sizeof(at.sun_path), "new", token);
	ce_runtime_path(path, sizeof(path), "ack", token);
	unlink(at.sun_path);
	d->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (d->listener == -1 || bind(d->listener, (struct sockaddr *)&at, sizeof(at)) == -1 ||
	    chmod(at.sun_path, 0600) == -1 || listen(d->listener, 64) == -1 ||
	    rename(at.sun_path, path) == -1)
		ce_die(CE_CONFIG, "cannot be acknowledged: %s: %m (see CE_RUNTIME_DIR in ce(7), "
		    "or --ack none)", path);
	ce_watch(d->listener, POLLIN, greet, d);
	ce_buf_printf(&d->address, CE_ACKTO "%s.", token);
	d->needed = ce_conf.ack_sinks > 0 ? ce_conf.ack_sinks : 1;
	d->acking = true;
}

void
ce_acks_close(struct ce_down *d)
{
	if (!d->acking)
		return;
	ce_watch(d->listener, 0, NULL, NULL);
	ce_timer(&d->later, -1);
	close(d->listener);
	while (d->conns != NULL) {
		struct ce_conn *c = d->conns;

		d->conns = c->next;
		hang_up(c);
		free(c);
	}
}
