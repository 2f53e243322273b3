/* fuzz-peer -- any bytes as return addresses, and as what sources answer
 *
 * Each line of the input begins with a letter.  r: an event with that ackto
 * arrives; d: the first open one is finished; p: it went on; w: the source of
 * the last one says that; t: what is due is told; e: the sockets take nothing
 * until the next e; l: a line, whose address is found from its end exactly if
 * the parser finds it, and which is the same without it.  What is told must be
 * true: under order nothing that came is open up to the number, under exact
 * every number named was finished.
 *
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
#include "fuzz.h"

static ssize_t fed(void *to, size_t n);
static ssize_t sent(int fd, const char *p, size_t n);
static void quiet(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
static void leave(int code);
#include "flow.h"
#define ce_warn quiet
#define ce_note quiet
#define ce_info quiet
#define ce_leave leave
#define ce_watch(fd, events, fn, arg) ((void)(fd), (void)(fn), (void)(arg))
#define ce_peer_is_us(fd) true
#define ce_runtime_dir(why) (*(why) = "", "/nowhere")
#define close(fd) ((void)(fd))
#define fcntl(...) 0
#define socket(...) (PEERS + nfds++)
#define connect(...) 0
#define read(fd, p, n) fed(p, n)
#define send(fd, p, n, flags) sent(fd, p, n)
#define PEERS 100
#define EVENTS 512
static int nfds;
#include "peer.c"
#include "ackto.c"

static struct { struct ce_peer *p; uint64_t seq; bool done, gone; } all[EVENTS];
static int nall, first;
static struct ce_buf heard[EVENTS];
static const char *feed;
static size_t nfeed;
static bool full, left;

static void
quiet(const char *fmt, ...)
{
	(void)fmt;
}

static void
leave(int code)
{
	must(code == CE_DATAERR);
	left = true;
}

static ssize_t
fed(void *to, size_t n)
{
	if (n > nfeed)
		n = nfeed;
	memcpy(to, feed, n);
	feed += n;
	nfeed -= n;
	return (ssize_t)n;
}

static bool
was_done(const struct ce_peer *p, uint64_t seq)
{
	for (int i = 0; i < first; i++)
		if (all[i].p == p && all[i].seq == seq && all[i].done)
			return true;
	return false;
}

/* A line that a sink says. */
static void
check(const struct ce_peer *p, char *line)
{
	char word[8], rest;
	uint64_t from, to;

	if (strncmp(line, "hello ", 6) == 0 || strncmp(line, "fail ", 5) == 0)
		return;
	must(sscanf(line, "%7s %" SCNu64 " %" SCNu64 "%c", word, &from, &to, &rest) == 3);
	must(strcmp(word, ce_program->role == CE_FILTER ? "drop" : "ack") == 0);
	must(from >= 1 && from <= to && p->known);
	if (p->order && ce_program->role == CE_SINK)
		for (int i = first; i < nall; i++)
			must(all[i].p != p || all[i].seq > to || was_done(p, all[i].seq));
	else
		for (uint64_t s = from; s <= to && s - from < EVENTS; s++)
			must(was_done(p, s));
}

static ssize_t
sent(int fd, const char *p, size_t n)
{
	struct ce_buf *b = &heard[fd - PEERS];
	struct ce_peer *peer = ce_peers;
	char *nl;

	if (full && strncmp(p, "hello ", 6) != 0) {
		errno = EAGAIN;
		return -1;
	}
	while (peer != NULL && peer->fd != fd)
		peer = peer->next;
	must(peer != NULL);
	ce_buf_add(b, p, n);
	while ((nl = memchr(b->p, '\n', b->len)) != NULL) {
		*nl = '\0';
		check(peer, b->p);
		ce_buf_cut(b, (size_t)(nl + 1 - b->p));
	}
	return (ssize_t)n;
}

static void
arrives(const char *p, size_t n)
{
	struct ce_peer *peer;
	uint64_t seq;

	if (nall == EVENTS || left || (peer = ce_peer_of((struct ce_str){ p, n }, &seq)) == NULL)
		return;
	must(seq > 0 && peer->ntoken < n && memcmp(peer->token, p, peer->ntoken) == 0);
	all[nall].p = peer;
	all[nall].done = all[nall].gone = false;
	all[nall++].seq = seq;
	ce_peer_received(peer, seq);
}

static void
line(const char *p, size_t n)
{
	static struct ce_event whole, rest;
	struct ce_buf a = { 0 }, b = { 0 };
	struct ce_str ackto;
	struct ce_peer *peer;
	const char *wrong;
	uint64_t seq, same;
	size_t at;

	ce_buf_add(&a, p, n);
	ce_buf_add(&b, p, n);
	if ((peer = ce_peer_at_end(b.p, n, &seq, &at)) != NULL) {
		b.p[at] = '}';
		wrong = ce_event_parse(&rest, b.p, at + 1);
		must(ce_event_parse(&whole, a.p, n) == NULL ? wrong == NULL :
		    wrong != NULL || rest.at[CE_AT_ACKTO] >= 0);
		if (wrong == NULL && rest.at[CE_AT_ACKTO] < 0) {
			must(ce_attr(&whole, CE_AT_ACKTO, &ackto));
			must(seq > 0 && ce_peer_of(ackto, &same) == peer && same == seq);
			ce_event_cut(&whole, CE_AT_ACKTO);
			must(whole.len == rest.len && memcmp(whole.text, rest.text, rest.len) == 0);
		}
	}
	ce_buf_free(&a);
	ce_buf_free(&b);
}

static void
finish(bool done)
{
	if (first == nall)
		return;
	all[first].done = done;
	all[first].gone = !done;
	first++;
	if (done)
		ce_peer_done(all[first - 1].p, all[first - 1].seq);
	else
		ce_peer_passed(all[first - 1].p, all[first - 1].seq);
}

static void
answers(const char *p, size_t n)
{
	struct ce_peer *peer = nall > 0 ? all[nall - 1].p : NULL;
	struct ce_buf line = { 0 };

	ce_buf_add(&line, p, n);
	ce_buf_putc(&line, '\n');
	feed = line.p;
	nfeed = line.len;
	while (peer != NULL && peer->fd != -1 && nfeed > 0)
		ready(peer, POLLIN);
	ce_buf_free(&line);
}

/* Nothing of the one before is left. */
static void
reset(const uint8_t *p)
{
	static struct ce_program program;

	program.role = p[0] & 1 ? CE_FILTER : CE_SINK;
	ce_program = &program;
	while (ce_peers != NULL) {
		struct ce_peer *old = ce_peers;

		ce_peers = old->next;
		hang_up(old);
		free(old);
	}
	while (nfds > 0)
		ce_buf_free(&heard[--nfds]);
	recent = NULL;
	count = nall = first = 0;
	waiting = 0;
	full = left = false;
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	const uint8_t *end = p + n, *nl;

	if (n < 1 || n > 4096)
		return 0;
	reset(p);
	for (p++; p < end; p = nl + 1) {
		if ((nl = memchr(p, '\n', (size_t)(end - p))) == NULL)
			nl = end;
		switch (*p) {
		case 'r': arrives((const char *)p + 1, (size_t)(nl - p - 1)); break;
		case 'd': finish(true); break;
		case 'l': line((const char *)p + 1, (size_t)(nl - p - 1)); break;
		case 'p': finish(ce_program->role == CE_SINK); break;
		case 'w': answers((const char *)p + 1, (size_t)(nl - p - 1)); break;
		case 'e': full = !full; break;
		case 't': ce_peers_flush(true);
		}
	}
	full = false;
	while (first < nall)
		finish(true);
	ce_peers_flush(true);
	for (struct ce_peer *q = ce_peers; q != NULL; q = q->next)
		if (q->fd != -1)
			ready(q, POLLOUT);
	for (struct ce_peer *q = ce_peers; q != NULL; q = q->next)
		must(q->fd == -1 || !q->known || (!q->run && q->out.len == 0));
	return 0;
}
