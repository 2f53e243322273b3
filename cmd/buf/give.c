/* give.c -- from the spool to standard output, and what was finished there.
 *
 * The reader follows the writer.  Where it has caught up, what was just stored
 * is given from memory, and it steps over it.
 * SPDX-License-Identifier: Apache-2.0 */

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "record.h"
#include "spool.h"

#define SHARE (1 << 20) /* bytes given before the input is looked at again */

static struct segment *at; /* what is read; NULL: nothing that is not passed */
static struct reader reader = { .fd = -1 };
static struct position done; /* all before it is finished */
static bool failed;

/* Where each event that was given ends; they are finished in this order. */
static uint64_t *ends;
static uint64_t mask, oldest, next;

static void
remember(uint64_t end)
{
	uint64_t n = mask == 0 ? 1024 : 2 * (mask + 1), i, *v;

	if (mask == 0 || next - oldest > mask) {
		v = ce_alloc((size_t)n * sizeof(*v));
		for (i = oldest; i < next; i++)
			v[i & (n - 1)] = ends[i & mask];
		free(ends);
		ends = v;
		mask = n - 1;
	}
	ends[next++ & mask] = end;
}

static void
settled(void *token, enum ce_verdict v)
{
	struct segment *s = token;
	uint64_t end = ends[oldest++ & mask];

	if (v == CE_LATER)
		return; /* its segment stays */
	done = (struct position){ s->no, end };
	if (--s->open == 0 && s->passed)
		spool_sweep();
}

bool
give_commit(void)
{
	return position_write(&done);
}

static void
read_from(struct segment *s, uint64_t off)
{
	at = s;
	reader.off = off;
	reader.known = off == 0;
	reader.number = 0;
	reader.losing = false;
}

static struct segment *
unread(void)
{
	struct segment *s = spool_first();

	while (s != NULL && s->passed)
		s = s->next;
	return s;
}

/* To the next segment, if the reader stands at the end of this one and nothing
 * is added to it any more.  False: there is none. */
static bool
move_on(void)
{
	if (at == store_at() && at != NULL)
		return false;
	if (reader.fd != -1)
		close(reader.fd);
	reader.fd = -1;
	reader.block.len = 0;
	if (at != NULL)
		at->passed = true;
	if ((at = unread()) != NULL)
		read_from(at, 0);
	spool_sweep();
	return at != NULL;
}

static bool
at_end(void)
{
	return at == NULL || reader.off == at->size;
}

bool
give_all(void)
{
	return at_end() && (at != NULL ? at->next : unread()) == NULL;
}

void
give_start(const struct position *from)
{
	done = *from;
	if (!move_on() || at->no != from->no)
		return;
	if (from->off > at->size)
		ce_warn("%s: is shorter than what was finished of it", spool_path(at->no));
	read_from(at, from->off < at->size ? from->off : at->size);
}

static void
say_lost(void)
{
	const char *path = spool_path(at->no);

	if (reader.lost.tail) {
		ce_warn("%s: passed over an unfinished record at its end: offset %" PRIu64 ", %" PRIu64
		    " bytes", path, reader.lost.off, reader.lost.bytes);
		return;
	}
	at->damaged = true;
	if (reader.lost.events >= 0)
		ce_warn("%s: damaged: lost %ld event%s: offset %" PRIu64 ", %" PRIu64 " bytes", path,
		    reader.lost.events, reader.lost.events == 1 ? "" : "s", reader.lost.off,
		    reader.lost.bytes);
	else
		ce_warn("%s: damaged: lost what was at offset %" PRIu64 ", %" PRIu64 " bytes", path,
		    reader.lost.off, reader.lost.bytes);
}

/* A file that was removed or cut while we run: what is not in it cannot come
 * back.  Anything else may be right again at the next start. */
static void
cannot_read(void)
{
	ce_warn("cannot read %s from offset %" PRIu64 " on: %s", spool_path(at->no), reader.off,
	    errno == ENODATA ? "it was cut" : strerror(errno));
	if (errno == ENOENT || errno == ENODATA) {
		at->damaged = true;
		reader.off = at->size;
	} else {
		failed = true;
		ce_stop(CE_IOERR);
	}
}

static void
emit(struct ce_event *ev)
{
	remember(reader.off);
	at->open++;
	ce_emit(ev, settled, at);
}

static void
line(struct ce_str text)
{
	static struct ce_event ev;
	const char *wrong = ce_event_parse(&ev, (char *)(uintptr_t)text.p, text.len);

	if (wrong != NULL) {
		ce_warn("%s: lost what ends at offset %" PRIu64 ", it is no event: %s",
		    spool_path(at->no), reader.off, wrong);
		at->damaged = true;
	} else
		emit(&ev);
}

bool
give(void)
{
	uint64_t given = 0;
	struct ce_str text;

	while (!failed && ce_room() && given < SHARE) {
		if (at_end()) {
			if (!move_on())
				return false;
			continue;
		}
		if (reader.fd == -1 && (reader.fd = spool_open(at->no, O_RDONLY)) == -1) {
			cannot_read();
			continue;
		}
		switch (reader_next(&reader, at->size, &text)) {
		case READER_RECORD:
			given += text.len;
			line(text);
			break;
		case READER_LOST:
			say_lost();
			break;
		case READER_ERROR:
			cannot_read();
			break;
		case READER_END:
			break;
		}
	}
	return given >= SHARE;
}

bool
give_stored(struct ce_event *ev)
{
	if (!ce_room())
		return false;
	while (at_end())
		if (!move_on())
			return false;
	reader_skip(&reader, ev->len);
	emit(ev);
	return true;
}

void
give_end(void)
{
	while (at != NULL && at_end() && move_on())
		;
}

void
give_say(void)
{
	uint64_t left = 0;
	struct segment *s;

	for (s = spool_first(); s != NULL; s = s->next)
		left += s->size - (s->no == done.no ? done.off : 0);
	if (left > 0)
		ce_note("%" PRIu64 " bytes stay in the spool, for the next start", left);
}
