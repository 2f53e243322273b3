/* fuzz-ack -- any bytes as what sinks say to a source
 *
 * The first four bytes choose how it counts and how many events are out.  Each
 * line after them begins with a letter: a to c speak on one of three
 * connections, A to C hang one up, + emits more events.  A model with an array
 * says which events may be finished; nothing else is, each was settled once,
 * and without clients that wait in the order of emission.
 *
 * SPDX-License-Identifier: Apache-2.0 */

#include <ctype.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>
#include "fuzz.h"

static long fed(char *to);
static void quiet(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
struct ce_down;
static void failed(struct ce_down *down, unsigned long seq, const char *reason);
#define ce_src_failed failed_for_real
#include "flow.h"
#undef ce_src_failed
#define ce_src_failed failed
#define ce_warn quiet
#define ce_info quiet
#define close(fd) ((void)(fd))
#define recv(fd, p, n, flags) fed(p)
#define send(fd, p, n, flags) ((void)(fd), 0)
#include "window.c"
#include "acks.c"

#define EVENTS 64
#define PEERS 3
#define NOFD 1000000

static struct ce_down *d = &ce_stdout;
static const char *feed;
static size_t nfeed, chunk;
static uint64_t settled_to;
static int settled[EVENTS + 1];
static unsigned long last_failed;

/* The model: what each sink has said, and what follows. */
static bool model[EVENTS + 1];
static long named[EVENTS + 1], ever, now, want;
static uint64_t came[PEERS * EVENTS], first;
static int seat[PEERS]; /* the place in came; -1: no sink */
static enum speaker role[PEERS];

static void
quiet(const char *fmt, ...)
{
	(void)fmt;
}

static void
failed(struct ce_down *down, unsigned long seq, const char *reason)
{
	must(down == d);
	last_failed = seq;
	must(reason[strlen(reason)] == '\0');
}

static long
fed(char *to)
{
	size_t n = nfeed < chunk ? nfeed : chunk;

	memcpy(to, feed, n);
	feed += n;
	nfeed -= n;
	return (long)n;
}

static void
finish(void *token, enum ce_verdict v)
{
	uint64_t seq = (uint64_t)(uintptr_t)token;

	must(seq >= 1 && seq <= EVENTS);
	must(settled[seq]++ == 0);
	if (v == CE_LATER)
		return;
	must(v == CE_TAKEN && model[seq]);
	if (!ce_listens())
		must(seq == ++settled_to);
}

static void
emit(void)
{
	uint64_t seq = d->next;

	if (seq <= EVENTS)
		must(ce_win_enter(d, finish, (void *)(uintptr_t)seq, CE_W_OPEN) == seq);
}

/* Another way to read a line than that of acks.c: NULL or the rest. */
static const char *
field(const char *p, uint64_t *v)
{
	size_t n = p != NULL ? strspn(p, "0123456789") : 0;

	*v = 0;
	if (n == 0 || n > 19)
		return NULL;
	for (; n > 0; n--)
		*v = 10 * *v + (uint64_t)(*p++ - '0');
	return p;
}

static void
allow(uint64_t from, uint64_t to)
{
	for (uint64_t s = from > 0 ? from : 1; s <= to; s++)
		model[s] = true;
}

static void
acked(int who, uint64_t from, uint64_t to)
{
	uint64_t least = UINT64_MAX;

	if (to > came[seat[who]])
		came[seat[who]] = to;
	if (ce_conf.ack_count == 0 && want == 1)
		allow(ever == 1 ? 1 : from, to);
	else if (ce_conf.ack_count == 0) {
		for (long i = 0; i < ever; i++)
			least = came[i] < least ? came[i] : least;
		if (ever >= want)
			allow(1, least);
	} else
		for (uint64_t s = from < first ? first : from; s <= to; s++)
			if (++named[s] >= want)
				model[s] = true;
}

/* False: no line of the protocol; who said it is not heard any more. */
static bool
understood(int who, const char *line)
{
	size_t n = strcspn(line, " ");
	uint64_t from = 0, to = 0;
	const char *p = line[n] == ' ' ? field(line + n + 1, &from) : NULL;
	bool ack = strncmp(line, "ack ", 4) == 0, drop = strncmp(line, "drop ", 5) == 0;

	if (role[who] == UNKNOWN) {
		bool sink = strcmp(line, "hello sink") == 0 || strncmp(line, "hello sink ", 11) == 0;

		if (sink) {
			role[who] = SINK;
			came[seat[who] = (int)ever++] = 0;
			if (++now > want && ce_conf.ack_count == 0)
				want = now;
		} else if (strcmp(line, "hello filter") == 0 || strncmp(line, "hello filter ", 13) == 0)
			role[who] = FILTER;
		return role[who] != UNKNOWN;
	}
	if (strncmp(line, "fail ", 5) == 0 && p != NULL && (*p == ' ' || *p == '\0')) {
		must(last_failed == from);
		return true;
	}
	if ((!ack && !drop) || p == NULL || *p++ != ' ' || (p = field(p, &to)) == NULL || *p != '\0' ||
	    from == 0 || from > to || to >= d->next)
		return false;
	if (ack && role[who] == SINK)
		acked(who, from, to);
	else if (drop && want == 1)
		allow(from, to);
	return true;
}

static void
same(void)
{
	uint64_t seq = 1;

	must(d->base >= first && d->base <= d->next);
	while (seq < d->next && model[seq])
		seq++;
	must(d->base == seq);
	for (; seq < d->next; seq++)
		must((d->state[seq & d->mask] == CE_W_DONE) == model[seq]);
	must(ce_listens() || settled_to == d->base - 1);
	first = d->base;
}

static void
meet(struct ce_conn *c[], int who)
{
	for (int i = 0; i < PEERS; i++)
		if (c[i] != NULL && c[i]->fd == -1)
			c[i] = NULL; /* sweep may free it */
	sweep(d);
	c[who] = CE_NEW(struct ce_conn);
	c[who]->down = d;
	c[who]->fd = NOFD + who;
	c[who]->next = d->conns;
	d->conns = c[who];
	d->nconns++;
	role[who] = UNKNOWN;
}

static void
gone(int who)
{
	if (role[who] == SINK)
		now--;
	role[who] = UNKNOWN;
}

/* One line to one connection, in pieces; the model must hear it first, because
 * what it allows is checked while it is settled. */
static void
say(struct ce_conn *c, int who, const uint8_t *p, size_t n)
{
	char *line = ce_strndup((const char *)p, n);
	struct ce_buf whole = { 0 };
	bool ok;

	ce_buf_add(&whole, line, n);
	ce_buf_putc(&whole, '\n');
	feed = whole.p;
	nfeed = whole.len;
	last_failed = strncmp(line, "fail ", 5) == 0 ? strtoul(line + 5, NULL, 10) : 0;
	ok = n <= LINE && understood(who, line);
	while (c->fd != -1 && nfeed > 0)
		hear(c, POLLIN);
	must((c->fd != -1) == ok);
	if (c->fd == -1)
		gone(who);
	ce_buf_free(&whole);
	free(line);
}

static void
reset(const uint8_t *p)
{
	static struct ce_program program = { .role = CE_SOURCE };

	ce_program = &program;
	program.uses = CE_USE_COMMIT | (p[0] & 1 ? CE_USE_LISTEN : 0);
	ce_conf.ack_count = p[0] >> 1 & 1;
	ce_conf.ack_sinks = p[1] % PEERS + 1;
	chunk = p[2] % 40 + 1;
	d->needed = want = ce_conf.ack_sinks;
	d->sinks_ever = d->sinks_now = ever = now = 0;
	d->base = d->next = d->committed = first = 1;
	settled_to = 0;
	memset(settled, 0, sizeof(settled));
	memset(model, 0, sizeof(model));
	memset(named, 0, sizeof(named));
	for (int i = p[3] % EVENTS; i >= 0; i--)
		emit();
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct ce_conn *c[PEERS] = { NULL };
	const uint8_t *end = p + n, *nl;

	if (n < 4 || n > 4096)
		return 0;
	reset(p);
	for (p += 4; p < end; p = nl + 1) {
		int who = *p >= 'a' && *p < 'a' + PEERS ? *p - 'a' : *p - 'A';

		if ((nl = memchr(p, '\n', (size_t)(end - p))) == NULL)
			nl = end;
		if (*p == '+')
			emit();
		if (*p == '+' || who < 0 || who >= PEERS || ever >= PEERS * EVENTS - 1)
			continue;
		if (c[who] == NULL || c[who]->fd == -1)
			meet(c, who);
		if (islower(*p))
			say(c[who], who, p + 1, (size_t)(nl - p - 1));
		else {
			hang_up(c[who]);
			gone(who);
		}
		same();
	}
	ce_win_leave(d);
	for (uint64_t s = 1; s < d->next; s++)
		must(settled[s] == 1);
	while (d->conns != NULL) {
		struct ce_conn *old = d->conns;

		d->conns = old->next;
		hang_up(old);
		free(old);
	}
	d->nconns = 0;
	return 0;
}
