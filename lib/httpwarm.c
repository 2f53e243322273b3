/* httpwarm.c -- plain HTTP/1.1 requests on connections that libcurl has made
 *
 * libcurl spends 9 us a request on itself, more than a small receiver on its
 * answer: sinks reached 0.35 of what wrk does.  So it makes the connections (names,
 * addresses, time limits, unix sockets), does TLS, proxies and whatever is not
 * plain, and the first request; the next ones go here, on a copy of the descriptor.
 * Where a kept connection turns out dead before a byte of the answer came, the
 * request goes through libcurl again: once, as libcurl would do it.
 * SPDX-License-Identifier: Apache-2.0 */

#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "httpwarm.h"

#define MAX_IDLE (118 * 1000) /* ms; libcurl's limit */

/* Idle in the list of those, or with the request that it carries. */
struct conn {
	TAILQ_ENTRY(conn) in;
	int fd;
	int64_t since;
	char *to; /* the authority of the URL */
	struct ce_http *h;
};

static TAILQ_HEAD(conns, conn) idle = TAILQ_HEAD_INITIALIZER(idle);
static TAILQ_HEAD(warms, warm) busy = TAILQ_HEAD_INITIALIZER(busy);
static struct ce_timer limit;
static long nidle, most;

static void
hang_up(struct conn *c)
{
	ce_watch(c->fd, 0, NULL, NULL);
	close(c->fd);
	free(c->to);
	free(c);
}

static void
drop_idle(struct conn *c)
{
	TAILQ_REMOVE(&idle, c, in);
	nidle--;
	hang_up(c);
}

static void
set_idle(struct conn *c)
{
	c->h = NULL;
	c->since = ce_now();
	TAILQ_INSERT_HEAD(&idle, c, in);
	if (++nidle > most)
		drop_idle(TAILQ_LAST(&idle, conns));
}

/* Ends the exchange; the connection stays where it is good for another. */
static void
leave(struct warm *w, bool keep)
{
	struct conn *c = w->conn;

	w->conn = NULL;
	TAILQ_REMOVE(&busy, w, in);
	if (keep)
		set_idle(c);
	else
		hang_up(c);
}

/* A refusal counts though the connection broke after its header. */
static void
finish(struct warm *w, bool keep, const char *why)
{
	struct ce_http *h = w->h;

	leave(w, keep);
	w->here = true;
	if (w->answer.status >= 300)
		why = NULL;
	h->trouble = why == NULL ? CE_HTTP_NONE : CE_HTTP_FAILED;
	h->status = why == NULL ? w->answer.status : 0;
	h->error = why;
	ce_http_retry_after(h, 0);
	h->done(h);
}

static void
on_limit(void *arg)
{
	struct warm *w;

	(void)arg;
	while ((w = TAILQ_FIRST(&busy)) != NULL && w->due <= ce_now()) {
		snprintf(w->h->errbuf, sizeof(w->h->errbuf),
		    "Operation timed out after %ld milliseconds with %zu bytes received",
		    ce_conf.timeout, w->answer.seen);
		finish(w, false, w->h->errbuf);
	}
	if (w != NULL)
		ce_timer(&limit, (long)(w->due - ce_now()));
}

/* What cannot be sent is no failure yet: an answer may have come before. */
static void
push(struct warm *w)
{
	struct iovec v[2] = { { w->head.p, w->head.len }, { (void *)(uintptr_t)w->body, w->n } };
	struct msghdr m = { .msg_iov = v, .msg_iovlen = 2 };
	size_t done = w->sent < w->head.len ? w->sent : w->head.len;
	ssize_t k;

	v[0].iov_base = w->head.p + done;
	v[0].iov_len -= done;
	done = w->sent - done;
	v[1].iov_base = (char *)v[1].iov_base + done;
	v[1].iov_len -= done;
	k = sendmsg(w->conn->fd, &m, MSG_NOSIGNAL | MSG_DONTWAIT);
	if (k > 0)
		w->sent += (size_t)k;
	else if (k < 0 && errno != EAGAIN && errno != EINTR)
		w->deaf = true;
}

static bool
sent_all(const struct warm *w)
{
	return w->sent == w->head.len + w->n;
}

/* Dead since the last request, as far as one can tell. */
static void
again(struct warm *w)
{
	leave(w, false);
	ce_http_send_cold(w->h);
}

static void
broken(struct warm *w, const char *why)
{
	if (w->answer.seen == 0)
		again(w);
	else
		finish(w, false, why);
}

static void
pull(struct warm *w)
{
	static char some[16 * 1024];
	ssize_t k = recv(w->conn->fd, some, sizeof(some), MSG_DONTWAIT);
	size_t used = k > 0 ? (size_t)k : 0;
	enum http1_result r;

	if (k < 0) {
		if (errno != EAGAIN && errno != EINTR)
			broken(w, strerror(errno));
		return;
	}
	r = k == 0 ? http1_end(&w->answer) :
		     http1_take(&w->answer, some, &used, ce_http_take, w->h);
	if (k == 0 && r == HTTP1_BAD)
		broken(w, w->answer.why);
	else if (r != HTTP1_MORE)
		finish(w, r == HTTP1_DONE && w->answer.keep && used == (size_t)k && !w->deaf && sent_all(w),
		    w->answer.why);
}

static void
ready(void *arg, short revents)
{
	struct conn *c = arg;
	struct warm *w;

	if (c->h == NULL) {
		drop_idle(c); /* closed, or says what nobody asked */
		return;
	}
	w = c->h->warm;
	if (revents & POLLOUT) {
		push(w);
		if (w->deaf || sent_all(w))
			ce_watch(c->fd, POLLIN, ready, c);
	}
	if (revents & (POLLIN | POLLHUP | POLLERR))
		pull(w);
}

void
warm_start(long n)
{
	most = n + 2;
	limit.fn = on_limit;
}

void
warm_free(struct ce_http *h)
{
	struct warm *w = h->warm;

	if (w->conn != NULL)
		leave(w, false);
	if (w->copy >= 0)
		close(w->copy);
	http1_free(&w->answer);
	warm_forget(w);
	free(w);
}

static struct conn *
find(struct warm *w)
{
	struct conn *c, *next;

	for (c = TAILQ_FIRST(&idle); c != NULL; c = next) {
		next = TAILQ_NEXT(c, in);
		if (c->since + MAX_IDLE < ce_now())
			drop_idle(c);
		else if (strcmp(c->to, w->to.p) == 0)
			return c;
	}
	return NULL;
}

bool
warm_send(struct ce_http *h)
{
	struct warm *w = h->warm;
	struct conn *c;

	w->here = false;
	if (!warm_possible(h) || (c = find(w)) == NULL)
		return false;
	TAILQ_REMOVE(&idle, c, in);
	nidle--;
	c->h = h;
	w->conn = c;
	w->sent = 0;
	w->deaf = false;
	w->due = ce_conf.timeout > 0 ? ce_now() + ce_conf.timeout : INT64_MAX;
	TAILQ_INSERT_TAIL(&busy, w, in);
	if (limit.due == 0 && ce_conf.timeout > 0)
		ce_timer(&limit, ce_conf.timeout);
	http1_begin(&w->answer);
	ce_buf_reset(&h->body);
	h->cut = false;
	h->errbuf[0] = '\0';
	warm_complete(w);
	push(w);
	if (!sent_all(w) && !w->deaf)
		ce_watch(c->fd, POLLIN | POLLOUT, ready, c);
	return true;
}

/* ---- from libcurl ---- */

void
warm_socket(struct ce_http *h, int fd)
{
	h->warm->fd = fd;
}

/* libcurl waits for others too: a resolver, an address that was too slow. */
static bool
is_connection(struct ce_http *h, int fd)
{
	struct sockaddr_storage sa;
	socklen_t n = sizeof(sa);
	long port = 0;

	if (fd < 0 || getsockname(fd, (struct sockaddr *)&sa, &n) != 0)
		return false;
	if (ce_http_conf.unix_socket != NULL)
		return sa.ss_family == AF_UNIX;
	curl_easy_getinfo(h->easy, CURLINFO_LOCAL_PORT, &port);
	return port != 0 && ((sa.ss_family == AF_INET &&
	    ntohs(((struct sockaddr_in *)&sa)->sin_port) == port) ||
	    (sa.ss_family == AF_INET6 && ntohs(((struct sockaddr_in6 *)&sa)->sin6_port) == port));
}

void
warm_copy(struct ce_http *h)
{
	struct warm *w = h->warm;

	if (w->copy < 0 && warm_possible(h) && is_connection(h, w->fd))
		w->copy = fcntl(w->fd, F_DUPFD_CLOEXEC, 3);
}

void
warm_made(struct ce_http *h, bool good, uint64_t sent)
{
	struct warm *w = h->warm;
	struct conn *c;

	if (w->copy < 0)
		return;
	if (good && sent == w->n) {
		c = CE_NEW(struct conn);
		c->fd = w->copy;
		c->to = ce_strdup(w->to.p);
		ce_watch(c->fd, POLLIN, ready, c);
		set_idle(c);
	} else
		close(w->copy);
	w->copy = -1;
}
