/* input.c -- standard input as events: read in blocks, checked, refused if need be.
 * SPDX-License-Identifier: Apache-2.0 */

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include "input.h"
#include "queue.h"

/* After SIGTERM the input is read to its end, because stages before us drain
 * too; but no longer than this without a byte, and than that in all. */
#define QUIET 1000
#define PATIENCE 10000

/* What a return address adds to a line; it is not counted to the event. */
#define ADDRESS 80

/* Lines that are not moved: to write one where it lies is cheaper. */
#define LONG (32 << 10)

static const char too_long[] = "longer than --max-event";

static struct ce_lines in;
static bool started, ready, ended, addressed;
static int64_t last_seen, told_at;

static void
start(void)
{
	started = true;
	ce_lines_init(&in, 0, '\n', (size_t)ce_conf.max_event + ADDRESS);
	(void)!fcntl(0, F_SETPIPE_SZ, 1 << 20);
	ce_through_start();
}

bool
ce_input_ready(void)
{
	return ready;
}

bool
ce_input_ended(void)
{
	return ended;
}

/* A pipe whose writer has left is no news. */
static bool
readable_now(void)
{
	struct pollfd p = { 0, POLLIN, 0 };

	return !in.eof && poll(&p, 1, 0) == 1 && (p.revents & POLLIN) != 0;
}

bool
ce_input_drained(void)
{
	int64_t now = ce_now();

	if (told_at == 0)
		told_at = last_seen = now;
	if (ready || readable_now()) /* it is not silent: we are slow */
		last_seen = now;
	return now - last_seen > QUIET || now - told_at > PATIENCE;
}

bool
ce_input_left(void)
{
	return in.to > in.from || in.skipping > 0 || readable_now();
}

bool
ce_input_addressed(void)
{
	return addressed;
}

bool
ce_input_owed(void)
{
	return addressed && !ended;
}

static void
readable(void *arg, short revents)
{
	ssize_t n;

	(void)arg;
	(void)revents;
	n = ce_through_fill(&in);
	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n == -1)
		ce_die(CE_IOERR, "cannot read standard input: %m");
	ready = true;
	ce_stats->bytes_in += (uint64_t)n;
	if (n == 0)
		ce_watch(0, 0, NULL, NULL);
}

bool
ce_input_watch(bool on)
{
	if (!started)
		start();
	if (in.eof)
		return false;
	ce_watch(0, on ? POLLIN : 0, readable, NULL);
	return on;
}

/* The event is gone after it, unless the program is to have it (true). */
static bool
refuse(struct ce_event *ev, struct ce_str text, enum ce_got got, const char *why)
{
	char where[64];

	snprintf(where, sizeof(where), "line %lu", ev->line);
	/* The end of a stage that died: its source sends the event again. */
	if (got == CE_L_LAST && addressed) {
		ce_say_refused(text.p, text.len, where, "it is not whole (the stage before has died?)");
		ce_leave(CE_TEMPFAIL);
		ce_event_put(ev);
		return false;
	}
	if (ce_program->uses & CE_USE_WRONG) {
		ev->wrong = why;
		return true;
	}
	/* It is told in its turn: what came before may be unfinished. */
	if (ce_dead_line(text.p, text.len, where, why)) {
		ce_q_push_settled(ev);
		return false;
	}
	if (ev->flow[0] != NULL)
		ce_peer_fail(ev->flow[0], ev->seq, why);
	ce_say_refused(text.p, text.len, where, why);
	ce_leave(CE_DATAERR);
	ce_event_put(ev);
	return false;
}

static void
received(struct ce_event *ev, struct ce_peer *p)
{
	addressed = true;
	ev->flow[0] = p;
	if (p != NULL)
		ce_peer_received(p, ev->seq);
}

/* Where nobody touched the line, its address stands right before the end, and
 * the scanner is spared it.  With it and without it the line is equally valid:
 * none of its quotes can be inside a string unless the line ends in one.  The
 * length that is left. */
static size_t
unstamp(struct ce_event *ev, char *line, size_t len)
{
	size_t at;
	struct ce_peer *p = ce_peer_at_end(line, len, &ev->seq, &at);

	if (p == NULL)
		return len;
	received(ev, p);
	line[at] = '}';
	return at + 1;
}

/* Cuts the return address out and remembers it.  What is none a filter passes on. */
static void
address(struct ce_event *ev)
{
	struct ce_str ackto = { "", 0 };

	if (ev->at[CE_AT_ACKTO] < 0)
		return;
	if (ev->flow[0] == NULL) {
		ce_attr(ev, CE_AT_ACKTO, &ackto);
		received(ev, ce_peer_of(ackto, &ev->seq));
	}
	if (ce_program->role != CE_FILTER || ev->flow[0] != NULL) {
		ce_event_cut(ev, CE_AT_ACKTO);
		ev->raw = 0;
	}
}

/* A line moves up to the one before it, over what was cut out between them, so
 * that a sink can write many in one run.  Here it costs next to nothing: the
 * scanner has just brought it into the cache. */
static void
close_up(struct ce_event *ev, const struct ce_record *r)
{
	static char *end;          /* of the one before, with its newline */
	static const char *behind; /* where what was read behind it began */

	if (r->p == behind && ev->text > end && ev->len < LONG)
		ev->text = memmove(end, ev->text, ev->len);
	end = ev->text + ev->len + 1;
	behind = r->p + (r->next - r->offset);
}

static bool
blank(const struct ce_record *r)
{
	size_t i;

	for (i = 0; i < r->len; i++)
		if (r->p[i] != ' ' && r->p[i] != '\t' && r->p[i] != '\r')
			return false;
	return true;
}

/* NULL: an event; else why not, and in text what to keep of it. */
static const char *
parse(struct ce_event *ev, const struct ce_record *r, struct ce_str *text)
{
	const char *wrong;

	text->len = unstamp(ev, r->p, r->len);
	wrong = ce_event_parse(ev, r->p, text->len);
	if (text->len < r->len && ev->at[CE_AT_ACKTO] >= 0 && wrong == NULL)
		wrong = "ackto: given twice";
	address(ev);
	if (ev->len > (size_t)ce_conf.max_event)
		wrong = too_long;
	*text = (struct ce_str){ ev->text, ev->len };
	return wrong;
}

static struct ce_event *
event(struct ce_record *r, enum ce_got got)
{
	struct ce_event *ev = ce_event_get();
	struct ce_str text;
	const char *wrong = too_long, *line = r->p;

	if (r->line == 1 && r->len >= 3 && memcmp(r->p, "\xef\xbb\xbf", 3) == 0) {
		r->p += 3;
		r->len -= 3;
	}
	text = (struct ce_str){ r->p, r->len };
	ev->flow[1] = r->block;
	ev->line = r->line;
	ev->wrong = NULL;
	ev->offset = r->offset;
	ev->raw = got == CE_L_LINE && text.p == line ? (size_t)(r->next - r->offset) : 0;
	if (got != CE_L_LONG)
		wrong = parse(ev, r, &text);
	else {
		ce_event_parse(ev, r->p, 0);
		ev->len = r->len;
	}
	if (wrong != NULL && !refuse(ev, text, got, wrong))
		return NULL;
	if (ce_program->role == CE_SINK)
		close_up(ev, r);
	ce_stats->events_in++;
	return ev;
}

struct ce_event *
ce_input_next(void)
{
	struct ce_record r;
	struct ce_event *ev;
	enum ce_got got;

	if (!started)
		start();
	while (!ce_leaving()) {
		got = ce_lines_get(&in, &r);
		if (got == CE_L_NONE || got == CE_L_END) {
			ce_through_end();
			ready = false;
			ended = got == CE_L_END;
			return NULL;
		}
		if (got != CE_L_LONG && blank(&r)) {
			ce_block_drop(r.block);
			continue;
		}
		if ((ev = event(&r, got)) != NULL)
			return ev;
	}
	return NULL;
}
