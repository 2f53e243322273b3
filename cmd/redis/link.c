/* link.c -- one connection: what was gathered is written in bulk, replies are read in
 * bulk, in the order of the commands.
 *
 * A link that breaks is closed at once and says so; what was due then has no
 * answer, and whoever asked must take it for unfinished.
 * SPDX-License-Identifier: Apache-2.0 */

#include <errno.h>
#include <poll.h>
#include <string.h>
#include "redis.h"

#define BLOCK 65536
#define TURN 16          /* blocks that are read before others have their turn */
#define ELEMENTS 1048576 /* of an array, more than any command of ours asks for */

static redisReplyObjectFunctions bounded;
static void *(*create_array)(const redisReadTask *, int);

/* An announced length costs the server nothing, and us memory. */
static void *
small_array(const redisReadTask *task, int n)
{
	return n > ELEMENTS ? NULL : create_array(task, n);
}

static redisReader *
reader(void)
{
	redisReader *r = redisReaderCreate();

	if (r == NULL)
		ce_die(CE_TEMPFAIL, "no memory for a reader");
	if (create_array == NULL) {
		bounded = *r->fn;
		create_array = bounded.createArray;
		bounded.createArray = small_array;
	}
	r->fn = &bounded;
	r->maxbuf = 4 * BLOCK;
	return r;
}

void
link_close(struct link *l)
{
	if (l->conn == NULL)
		return;
	ce_watch(ce_conn_fd(l->conn), 0, NULL, NULL);
	ce_timer(&l->timer, -1);
	ce_conn_close(l->conn);
	redisReaderFree(l->reader);
	l->conn = NULL;
	l->reader = NULL;
	l->out.len = 0;
	l->gone = 0;
	l->due = 0;
	l->broken = false;
}

static void
bury(struct link *l)
{
	link_close(l);
	if (l->down != NULL)
		l->down(l, l->why.p);
}

/* Inside the reader it cannot be closed yet. */
static void
fail(struct link *l, const char *why)
{
	if (l->broken)
		return;
	ce_buf_reset(&l->why);
	ce_buf_puts(&l->why, why);
	l->broken = true;
	if (!l->reading)
		bury(l);
}

void
link_leave(struct link *l, const char *why)
{
	fail(l, why);
}

static void ready(void *arg, short revents);

static void
watch(struct link *l)
{
	short want = l->paused ? 0 : POLLIN;

	if (l->gone < l->out.len)
		want |= POLLOUT;
	want = ce_conn_events(l->conn, want);
	ce_watch(ce_conn_fd(l->conn), want, ready, l);
}

static void
patience(struct link *l)
{
	if (l->quiet > 0)
		ce_timer(&l->timer, l->due > 0 && !l->paused ? l->quiet : -1);
}

static void
overdue(void *arg)
{
	struct link *l = arg;
	struct ce_buf why = { 0 };

	ce_buf_printf(&why, "no answer from %s in %ld s", ce_conn_peer(l->conn), l->quiet / 1000);
	fail(l, why.p);
	ce_buf_free(&why);
}

static bool
put(struct link *l)
{
	ssize_t n;

	while (l->gone < l->out.len) {
		n = ce_conn_write(l->conn, l->out.p + l->gone, l->out.len - l->gone);
		if (n < 0 && errno == EAGAIN)
			break;
		if (n <= 0) {
			fail(l, ce_conn_why(l->conn));
			return false;
		}
		l->gone += (size_t)n;
	}
	if (l->gone == l->out.len)
		l->out.len = l->gone = 0;
	else if (l->gone > 16 * BLOCK) {
		ce_buf_cut(&l->out, l->gone);
		l->gone = 0;
	}
	return true;
}

void
link_push(struct link *l)
{
	if (l->conn == NULL || l->broken || l->out.len == 0)
		return;
	if (l->timer.due == 0)
		patience(l);
	if (put(l) && l->conn != NULL)
		watch(l);
}

/* A block into the reader: 1, 0 nothing there now, -1 broken. */
static int
feed(struct link *l)
{
	static char block[BLOCK];
	ssize_t n = ce_conn_read(l->conn, block, sizeof(block));
	struct ce_buf why = { 0 };

	if (n > 0) {
		if (redisReaderFeed(l->reader, block, (size_t)n) != REDIS_OK)
			ce_die(CE_TEMPFAIL, "no memory for replies");
		return 1;
	}
	if (n < 0 && errno == EAGAIN)
		return 0;
	if (n < 0)
		fail(l, ce_conn_why(l->conn));
	else {
		ce_buf_printf(&why, "%s has closed the connection", ce_conn_peer(l->conn));
		fail(l, why.p);
		ce_buf_free(&why);
	}
	return -1;
}

/* The next whole reply; NULL: none yet, or broken. */
static redisReply *
next(struct link *l)
{
	void *r = NULL;
	struct ce_buf why = { 0 };

	if (redisReaderGetReply(l->reader, &r) == REDIS_OK &&
	    l->reader->len < 4 * (size_t)ce_conf.max_event + BLOCK)
		return r;
	ce_buf_printf(&why, "%s does not speak as Redis does: ", ce_conn_peer(l->conn));
	if (l->reader->err != 0)
		ce_buf_visible(&why, l->reader->errstr, strlen(l->reader->errstr), 100);
	else
		ce_buf_puts(&why, "a reply is too long");
	if (r != NULL)
		freeReplyObject(r);
	fail(l, why.p);
	ce_buf_free(&why);
	return NULL;
}

static void
take(struct link *l)
{
	redisReply *r;
	bool any = false;

	while (!l->broken && !l->paused && (r = next(l)) != NULL) {
		any = true;
		if (l->due > 0)
			l->due--;
		if (!l->reply(l, r))
			freeReplyObject(r);
	}
	if (any && !l->broken)
		patience(l);
}

static void
suck(struct link *l)
{
	int i, got = 1;

	l->reading = true;
	take(l);
	for (i = 0; !l->broken && !l->paused && got > 0 && (i < TURN || ce_conn_pending(l->conn)); i++)
		if ((got = feed(l)) > 0)
			take(l);
	l->reading = false;
}

static void
after(struct link *l)
{
	if (l->broken)
		bury(l);
	else
		watch(l);
}

static void
ready(void *arg, short revents)
{
	struct link *l = arg;

	if ((revents & (POLLIN | POLLHUP | POLLERR)) != 0 || ce_conn_events(l->conn, POLLIN) != POLLIN)
		suck(l);
	if (!l->broken && l->gone < l->out.len)
		put(l);
	if (l->conn != NULL)
		after(l);
}

void
link_pause(struct link *l, bool pause)
{
	if (l->paused == pause)
		return;
	l->paused = pause;
	if (l->conn == NULL || l->reading)
		return;
	patience(l);
	if (!pause)
		suck(l); /* what the reader holds already, poll does not see */
	if (l->conn != NULL)
		after(l);
}

bool
link_drain(struct link *l, long ms)
{
	int64_t until = ce_now() + ms;

	link_push(l);
	while (l->conn != NULL && l->due > 0) {
		long left = (long)(until - ce_now());
		short want = l->gone < l->out.len ? POLLIN | POLLOUT : POLLIN;

		if (left <= 0 || !ce_conn_wait(l->conn, want, left)) {
			errno = ETIMEDOUT;
			return false;
		}
		ready(l, POLLIN);
	}
	if (l->conn == NULL)
		errno = ENOTCONN;
	return l->conn != NULL;
}

redisReply *
link_answer(struct link *l, long timeout, const char **why)
{
	int64_t until = ce_now() + timeout;
	redisReply *r = NULL;

	l->reading = true;
	while (!l->broken && put(l) && (r = next(l)) == NULL && !l->broken) {
		long left = (long)(until - ce_now());
		int got = feed(l);

		if (got < 0 || (got == 0 && (left <= 0 || !ce_conn_wait(l->conn,
		    l->out.len > 0 ? POLLIN | POLLOUT : POLLIN, left))))
			fail(l, left > 0 ? ce_conn_why(l->conn) : "no answer in time");
	}
	l->reading = false;
	if (r != NULL) {
		l->due = 0;
		return r;
	}
	*why = l->why.p;
	link_close(l);
	return NULL;
}

enum ce_verdict
link_open(struct link *l)
{
	const char *why;
	enum ce_verdict v;
	bool own = l->addr.host != NULL || l->addr.path != NULL;

	if (l->conn != NULL)
		return CE_TAKEN;
	l->conn = ce_conn_open(own ? &l->addr : redis_addr(), redis_conf.tls ? &ce_tls : NULL,
	    redis_conf.connect_timeout, &why);
	if (l->conn == NULL) {
		if (!own)
			redis_unreachable();
		return ce_later("%s", why);
	}
	l->reader = reader();
	l->timer.fn = overdue;
	l->timer.arg = l;
	l->paused = l->broken = false;
	if ((v = link_hello(l)) == CE_TAKEN)
		watch(l);
	return v;
}
