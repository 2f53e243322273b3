/* net -- connections to servers over TCP and unix sockets; TLS is in tls.c.
 *
 * Connecting waits in a poll of its own, bounded by its time limit, and serves
 * nothing else meanwhile; reading and writing never wait.
 * SPDX-License-Identifier: Apache-2.0 */

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/un.h>
#include "net_int.h"

bool
net_fail(struct ce_conn *c, const char *verb, const char *cause)
{
	ce_buf_reset(&c->why);
	ce_buf_printf(&c->why, "cannot %s %s: %s", verb, c->peer.p, cause);
	return false;
}

static bool
poll_until(int fd, short events, int64_t until)
{
	struct pollfd p = { fd, events, 0 };
	int64_t left;
	int n;

	do {
		left = until < 0 ? -1 : until - ce_now();
		if (until >= 0 && left < 0)
			left = 0;
		n = poll(&p, 1, left > 3600000 ? 3600000 : (int)left);
		if (n > 0)
			return true;
		if (n < 0 && errno != EINTR)
			return false;
	} while (until < 0 || ce_now() < until);
	errno = ETIMEDOUT;
	return false;
}

/* 0, or the error. */
static int
connect_one(const struct sockaddr *sa, socklen_t n, int64_t until, int *out)
{
	int fd, e = 0, on = 1;
	socklen_t len = sizeof(e);

	fd = socket(sa->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return errno;
	if (connect(fd, sa, n) != 0) {
		if (errno != EINPROGRESS && errno != EINTR)
			e = errno;
		else if (!poll_until(fd, POLLOUT, until))
			e = errno;
		else if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &e, &len) != 0)
			e = errno;
	}
	if (e != 0) {
		close(fd);
		return e;
	}
	if (sa->sa_family != AF_UNIX) {
		/* Buffers are written whole, so Nagle would only delay; a peer that
		 * vanished without a word is noticed by the probes. */
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
		setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
	}
	*out = fd;
	return 0;
}

static bool
connect_unix(struct ce_conn *c, const char *path, int64_t until)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	int e;

	if (strlen(path) >= sizeof(un.sun_path))
		return net_fail(c, "connect to", "the path is too long");
	memcpy(un.sun_path, path, strlen(path) + 1);
	e = connect_one((struct sockaddr *)&un, sizeof(un), until, &c->fd);
	return e == 0 || net_fail(c, "connect to", e == EAGAIN ? "its queue is full" : strerror(e));
}

/* Each address of the name gets its share of the time that is left. */
static bool
connect_tcp(struct ce_conn *c, const struct ce_addr *a, int64_t until)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV | AI_ADDRCONFIG };
	struct addrinfo *all, *ai;
	int e, left = 0;

	e = getaddrinfo(*a->host != '\0' ? a->host : NULL, a->port, &hints, &all);
	if (e == EAI_ADDRFAMILY || e == EAI_NONAME || e == EAI_NODATA) {
		hints.ai_flags = AI_NUMERICSERV; /* a machine with loopback alone has no family configured */
		e = getaddrinfo(*a->host != '\0' ? a->host : NULL, a->port, &hints, &all);
	}
	if (e != 0)
		return net_fail(c, "connect to", e == EAI_SYSTEM ? strerror(errno) : gai_strerror(e));
	for (ai = all; ai != NULL; ai = ai->ai_next)
		left++;
	e = 0;
	for (ai = all; ai != NULL && c->fd < 0; ai = ai->ai_next, left--) {
		int64_t now = ce_now();

		e = connect_one(ai->ai_addr, ai->ai_addrlen, now + (until - now) / left, &c->fd);
	}
	freeaddrinfo(all);
	return c->fd >= 0 || net_fail(c, "connect to", strerror(e));
}

struct ce_conn *
ce_conn_open(const struct ce_addr *a, const struct ce_tls *tls, long timeout, const char **why)
{
	static struct ce_buf said;
	struct ce_conn *c = CE_NEW(struct ce_conn);
	int64_t until = ce_now() + timeout;
	bool good;

	c->fd = -1;
	if (a->path != NULL)
		ce_buf_printf(&c->peer, "unix:%s", a->path);
	else
		ce_buf_printf(&c->peer, strchr(a->host, ':') != NULL ? "[%s]:%s" : "%s:%s",
		    *a->host != '\0' ? a->host : "localhost", a->port);
	ce_buf_puts(&c->host, a->path != NULL ? "" : *a->host != '\0' ? a->host : "localhost");
	good = a->path != NULL ? connect_unix(c, a->path, until) : connect_tcp(c, a, until);
	if (good && tls != NULL) {
		long left = (long)(until - ce_now());

		good = ce_conn_secure(c, tls, NULL, left > 0 ? left : 0);
	}
	if (good)
		return c;
	ce_buf_reset(&said);
	ce_buf_puts(&said, c->why.p);
	*why = said.p;
	ce_conn_close(c);
	return NULL;
}

void
ce_conn_close(struct ce_conn *c)
{
	if (c == NULL)
		return;
	if (c->ssl != NULL)
		tls_close(c);
	if (c->fd >= 0)
		close(c->fd);
	ce_buf_free(&c->why);
	ce_buf_free(&c->peer);
	ce_buf_free(&c->host);
	free(c);
}

static ssize_t
done(struct ce_conn *c, ssize_t n, const char *verb)
{
	int saved = errno;

	if (n < 0 && (saved == EINTR || saved == EWOULDBLOCK))
		saved = EAGAIN;
	if (n < 0 && saved != EAGAIN)
		net_fail(c, verb, strerror(saved));
	errno = saved;
	return n;
}

ssize_t
ce_conn_read(struct ce_conn *c, void *p, size_t n)
{
	if (c->ssl != NULL)
		return tls_read(c, p, n);
	return done(c, recv(c->fd, p, n, 0), "read from");
}

ssize_t
ce_conn_write(struct ce_conn *c, const void *p, size_t n)
{
	if (c->ssl != NULL)
		return tls_write(c, p, n);
	return done(c, send(c->fd, p, n, MSG_NOSIGNAL), "write to");
}

int
ce_conn_fd(const struct ce_conn *c)
{
	return c->fd;
}

short
ce_conn_events(const struct ce_conn *c, short want)
{
	return want == 0 || c->need == 0 ? want : (short)((want & POLLIN) | c->need);
}

bool
ce_conn_pending(const struct ce_conn *c)
{
	return c->ssl != NULL && tls_pending(c);
}

bool
ce_conn_wait(struct ce_conn *c, short want, long timeout)
{
	if ((want & POLLIN) != 0 && ce_conn_pending(c))
		return true;
	if (poll_until(c->fd, c->need != 0 ? c->need : want, timeout < 0 ? -1 : ce_now() + timeout))
		return true;
	net_fail(c, "reach", strerror(errno));
	return false;
}

bool
ce_conn_put(struct ce_conn *c, const void *p, size_t n, long timeout)
{
	int64_t until = ce_now() + timeout;
	const char *at = p;

	while (n > 0) {
		ssize_t k = ce_conn_write(c, at, n);

		if (k > 0) {
			at += k;
			n -= (size_t)k;
			continue;
		}
		if (k == 0 || errno != EAGAIN)
			return false;
		if (!ce_conn_wait(c, POLLOUT, until > ce_now() ? (long)(until - ce_now()) : 0))
			return false;
	}
	return true;
}

const char *
ce_conn_why(const struct ce_conn *c)
{
	return c->why.p != NULL ? c->why.p : "";
}

const char *
ce_conn_peer(const struct ce_conn *c)
{
	return c->peer.p;
}
