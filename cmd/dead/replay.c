/* replay.c -- ce-dead replay: letters become events again.
 *
 * A letter leaves the file when its event is finished downstream, delivered or
 * dead once more, and never before.  It is struck out first, by a write of one
 * byte in place, so that a kill at any moment repeats events and loses none; at
 * the end the file is written anew without those.  What is appended meanwhile is
 * left for the next replay, or there would be no end.
 * SPDX-License-Identifier: Apache-2.0 */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "attempts.h"
#include "dead.h"
#include "shorten.h"

/* A letter on its way; they are settled in the order of their emission. */
struct sent {
	uint64_t offset;
	struct attempts_key key;
	long attempts;
};

static const struct replay *how;
static struct letters in;
static struct ce_letters given_up = { NULL, -1 };
static struct sent *ring;
static size_t cap, head, len; /* cap is a power of two */
static uint64_t *done; /* offsets of what is to be struck out */
static size_t ndone, capdone;
static unsigned long left_there, gave_up;

static void
push(struct sent s)
{
	if (len == cap) {
		size_t n = cap > 0 ? 2 * cap : 1024;
		struct sent *r = ce_alloc(n * sizeof(*r));

		for (size_t i = 0; i < len; i++)
			r[i] = ring[(head + i) & (cap - 1)];
		free(ring);
		ring = r;
		cap = n;
		head = 0;
	}
	ring[(head + len++) & (cap - 1)] = s;
}

static void
strike(uint64_t offset)
{
	if (ndone == capdone) {
		capdone = capdone > 0 ? 2 * capdone : 1024;
		done = ce_realloc(done, capdone * sizeof(*done));
	}
	done[ndone++] = offset;
}

static void
settled(void *token, enum ce_verdict v)
{
	struct sent s = ring[head];

	(void)token;
	head = (head + 1) & (cap - 1);
	len--;
	if (v != CE_TAKEN)
		return;
	strike(s.offset);
	if (how->max_attempts > 0)
		attempts_set(s.key, s.attempts);
}

/* In this order: what a crash leaves half done is repeated, not lost. */
static bool
commit(void)
{
	const char struck = STRUCK;

	ce_letters_sync(&given_up);
	if (!attempts_save())
		return false;
	for (size_t i = 0; i < ndone; i++)
		if (pwrite(in.in.fd, &struck, 1, (off_t)done[i]) != 1)
			return false;
	if (ndone > 0 && fdatasync(in.in.fd) == -1 && errno != EINVAL)
		return false;
	ndone = 0;
	return true;
}

/* What was refused as a line and is an event after all (it was too long there,
 * say) is sent as that line. */
static struct ce_event *
refused_line(void)
{
	static struct ce_event ev;
	static struct ce_buf line, tmp;
	struct ce_str type, bytes;
	bool json;

	if (!ce_attr(&in.ev, CE_AT_TYPE, &type) || !ce_str_is(type, "ce.refused"))
		return NULL;
	ce_buf_reset(&tmp);
	if (!ce_data(&in.ev, &tmp, &bytes, &json) || bytes.len > (size_t)ce_conf.max_event)
		return NULL;
	ce_buf_reset(&line);
	ce_buf_str(&line, bytes);
	for (size_t i = 0; i < line.len; i++)
		if (line.p[i] == '\n') /* in an event only between tokens */
			line.p[i] = ' ';
	return ce_event_parse(&ev, line.p, line.len) == NULL ? &ev : NULL;
}

/* The event that the letter in hand was. */
static struct ce_event *
restore(void)
{
	static const struct ce_edit dead[] = { { "deadreason", NULL }, { "deadstage", NULL },
	    { "deadtime", NULL }, { "deadattempts", NULL }, { "ackto", NULL } };
	static struct ce_event ev;
	static struct ce_buf line;
	struct ce_event *whole = refused_line();
	const char *wrong;

	if (whole != NULL) {
		ce_event_cut(whole, CE_AT_ACKTO);
		return whole;
	}
	ce_buf_reset(&line);
	ce_event_write(&line, &in.ev, dead, 5);
	if ((wrong = ce_event_parse(&ev, line.p, line.len)) != NULL)
		ce_bug("a letter that is no event: %s", wrong);
	return &ev;
}

static void
give_up(long attempts)
{
	static struct ce_buf line;
	char number[24];
	struct ce_edit e = { "deadattempts", number };

	snprintf(number, sizeof(number), "%ld", attempts < INT32_MAX ? attempts : INT32_MAX);
	ce_buf_reset(&line);
	ce_event_write(&line, &in.ev, &e, 1);
	ce_buf_putc(&line, '\n');
	ce_letters_add(&given_up, line.p, line.len);
	strike(in.r.offset);
	gave_up++;
}

static void
send(void)
{
	struct sent s = { .offset = in.r.offset };
	struct ce_str id = { "", 0 }, source = { "", 0 };

	if (in.wrong == NULL && how->max_attempts > 0) {
		ce_attr(&in.ev, CE_AT_ID, &id);
		ce_attr(&in.ev, CE_AT_SOURCE, &source);
		s.key = attempts_key(source, id);
		s.attempts = attempts_of(s.key) + letter_attempts(&in);
	}
	if (!matches(&in))
		return;
	if (in.wrong != NULL) {
		ce_warn("cannot send letter %lu: %s (it stays in %s)", in.n, in.wrong, in.path);
		left_there++;
		return;
	}
	if (how->max_attempts > 0 && s.attempts >= how->max_attempts) {
		give_up(s.attempts);
		return;
	}
	push(s);
	ce_emit(restore(), settled, NULL);
}

/* Opens and locks it; where what is there now ends. */
static uint64_t
begin(const char *path)
{
	off_t end;

	for (;; letters_close(&in)) {
		letters_open(&in, path, O_RDWR);
		if (!ce_letters_lock(in.in.fd, CE_LETTERS_REPLAY, false)) {
			if (errno == EAGAIN || errno == EACCES)
				ce_die(CE_TEMPFAIL, "cannot replay %s: another process does", path);
			ce_die(CE_IOERR, "cannot lock %s: %m", path);
		}
		if (ce_letters_named(in.in.fd, path))
			break;
	}
	ce_letters_lock(in.in.fd, CE_LETTERS_APPEND, true);
	end = lseek(in.in.fd, 0, SEEK_END);
	ce_letters_unlock(in.in.fd, CE_LETTERS_APPEND);
	if (end == -1 || lseek(in.in.fd, 0, SEEK_SET) == -1)
		ce_die(CE_IOERR, "cannot read %s: %m", path);
	return (uint64_t)end;
}

static int
finish(bool all, bool removes)
{
	int code = ce_finish();

	if (removes && (!commit() || !attempts_close(all))) {
		ce_warn("cannot take out of %s what was sent: %m", in.path);
		code = code == CE_OK || code == CE_TEMPFAIL ? CE_IOERR : code;
	}
	if (gave_up > 0)
		ce_note("gave up %lu letter%s: in %s", gave_up, gave_up == 1 ? "" : "s", given_up.path);
	if (removes)
		shorten(in.in.fd, in.path);
	letters_close(&in);
	return left_there > 0 && (code == CE_OK || code == CE_TEMPFAIL) ? CE_DATAERR : code;
}

int
replay(const char *path, const struct replay *r)
{
	bool removes = !isatty(1), all = false;
	static struct ce_buf name;
	uint64_t end = begin(path);

	how = r;
	ce_buf_printf(&name, "%s.given-up", path);
	given_up.path = r->give_up != NULL ? r->give_up : name.p;
	if (r->max_attempts > 0)
		attempts_open(path);
	if (removes) {
		ce_on_commit(commit);
		ce_commits();
	} else
		ce_note("standard output is a terminal: nothing is taken out of %s", path);
	while (ce_running()) {
		if (!letters_next(&in) || in.r.offset >= end) {
			all = true;
			break;
		}
		send();
	}
	return finish(all, removes);
}
