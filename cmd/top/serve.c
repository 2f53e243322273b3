/* serve -- just enough of HTTP/1.1 to be scraped: one request a connection.
 *
 * Own code, so that ce-top, which everybody wants, needs no HTTP library.  Bounded:
 * so many connections, so long a head, so many seconds; who comes when all places
 * are taken has one when the oldest is thrown out.
 * SPDX-License-Identifier: Apache-2.0 */

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "net.h"
#include "serve.h"

#define MOST 16
#define HEAD 8192
#define PATIENCE 5000 /* ms */

static struct client {
	int fd; /* -1: none */
	int64_t since;
	struct ce_buf in, out;
	size_t written;
	bool answered, half; /* half: all is written, and we wait for its end */
} clients[MOST];
static struct ce_addr address;
static struct ce_timer timer;
static int listener = -1;
static void (*make_page)(struct ce_buf *out);

static bool
word_is(const char *p, const char *end, const char *word)
{
	return (size_t)(end - p) == strlen(word) && memcmp(p, word, (size_t)(end - p)) == 0;
}

/* The first line alone decides: the fields behind it change nothing. */
int
serve_status(const char *head, size_t n, bool *bodiless)
{
	const char *end = memmem(head, n, "\r\n\r\n", 4), *method = head, *target, *version, *line;

	*bodiless = false;
	if (end == NULL)
		return n >= HEAD ? 431 : 0;
	line = memchr(head, '\r', (size_t)(end + 1 - head));
	if ((target = memchr(head, ' ', (size_t)(line - head))) == NULL ||
	    (version = memchr(target + 1, ' ', (size_t)(line - target - 1))) == NULL ||
	    line - version != 9 || memcmp(version + 1, "HTTP/1.", 7) != 0)
		return 400;
	if (!word_is(method, target, "GET") && !word_is(method, target, "HEAD"))
		return 405;
	*bodiless = word_is(method, target, "HEAD");
	target++;
	if ((end = memchr(target, '?', (size_t)(version - target))) == NULL)
		end = version;
	return word_is(target, end, "/metrics") ? 200 : 404;
}

static const char *
phrase(int status)
{
	switch (status) {
	case 200: return "OK";
	case 400: return "Bad Request";
	case 404: return "Not Found";
	case 405: return "Method Not Allowed";
	default: return "Request Header Fields Too Large";
	}
}

static void
answer(struct client *c, int status, bool bodiless)
{
	struct ce_buf body = { 0 };

	if (status == 200)
		make_page(&body);
	else
		ce_buf_printf(&body, "%s; the metrics are at /metrics\n", phrase(status));
	ce_buf_printf(&c->out, "HTTP/1.1 %d %s\r\nContent-Type: text/plain; %scharset=utf-8\r\n"
	    "Content-Length: %zu\r\n%sConnection: close\r\n\r\n", status, phrase(status),
	    status == 200 ? "version=0.0.4; " : "", body.len, status == 405 ? "Allow: GET, HEAD\r\n" : "");
	if (!bodiless)
		ce_buf_add(&c->out, body.p, body.len);
	ce_buf_free(&body);
	c->answered = true;
}

static void
drop(struct client *c)
{
	ce_watch(c->fd, 0, NULL, NULL);
	close(c->fd);
	ce_buf_free(&c->in);
	ce_buf_free(&c->out);
	*c = (struct client){ .fd = -1 };
}

static void ready(void *arg, short revents);

static void
write_some(struct client *c)
{
	ssize_t k = send(c->fd, c->out.p + c->written, c->out.len - c->written, MSG_NOSIGNAL);

	if (k == -1 && errno != EAGAIN && errno != EINTR) {
		drop(c);
		return;
	}
	c->written += k > 0 ? (size_t)k : 0;
	if (c->written < c->out.len) {
		ce_watch(c->fd, POLLOUT, ready, c);
		return;
	}
	/* Closing at once, with something of the client's unread, would take the
	 * answer away from it. */
	shutdown(c->fd, SHUT_WR);
	c->half = true;
	ce_watch(c->fd, POLLIN, ready, c);
}

static void
read_some(struct client *c)
{
	char block[4096];
	bool bodiless;
	ssize_t k = recv(c->fd, block, sizeof(block), 0);
	int status;

	if (k == -1 && (errno == EAGAIN || errno == EINTR))
		return;
	if (k <= 0) {
		drop(c);
		return;
	}
	if (c->half)
		return;
	ce_buf_add(&c->in, block, (size_t)k);
	status = serve_status(c->in.p, c->in.len, &bodiless);
	if (status != 0) {
		answer(c, status, bodiless);
		write_some(c);
	}
}

static void
ready(void *arg, short revents)
{
	struct client *c = arg;

	(void)revents;
	if (c->answered && !c->half)
		write_some(c);
	else
		read_some(c);
}

static void
impatient(void *arg)
{
	bool some = false;
	int i;

	(void)arg;
	for (i = 0; i < MOST; i++) {
		if (clients[i].fd != -1 && ce_now() - clients[i].since > PATIENCE)
			drop(&clients[i]);
		some |= clients[i].fd != -1;
	}
	if (some)
		ce_timer(&timer, 1000);
}

static void
knock(void *arg, short revents)
{
	struct client *c = &clients[0];
	int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC), i;

	(void)arg;
	(void)revents;
	if (fd == -1)
		return;
	for (i = 1; i < MOST && c->fd != -1; i++)
		if (clients[i].fd == -1 || clients[i].since < c->since)
			c = &clients[i];
	if (c->fd != -1)
		drop(c);
	*c = (struct client){ .fd = fd, .since = ce_now() };
	ce_watch(fd, POLLIN, ready, c);
	if (timer.due == 0)
		ce_timer(&timer, 1000);
}

void
serve_start(const char *where, void (*page)(struct ce_buf *out))
{
	struct ce_buf taken = { 0 };
	const char *why;
	int i;

	if ((why = ce_addr_parse(&address, where, NULL)) != NULL)
		ce_die(CE_USAGE, "--metrics %s: %s", where, why);
	if ((listener = ce_listen(&address, 64, &taken, &why)) == -1)
		ce_die(CE_UNAVAILABLE, "cannot listen on %s: %s", where, why);
	for (i = 0; i < MOST; i++)
		clients[i].fd = -1;
	make_page = page;
	timer.fn = impatient;
	ce_watch(listener, POLLIN, knock, NULL);
	ce_note("listening on %s%s%s", address.path == NULL ? "http://" : "", taken.p,
	    address.path == NULL ? "/metrics" : "");
	ce_buf_free(&taken);
}

void
serve_stop(void)
{
	int i;

	if (listener == -1)
		return;
	for (i = 0; i < MOST; i++)
		if (clients[i].fd != -1)
			drop(&clients[i]);
	ce_watch(listener, 0, NULL, NULL);
	close(listener);
	if (address.path != NULL)
		unlink(address.path);
	ce_addr_free(&address);
}
