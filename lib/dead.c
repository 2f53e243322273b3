/* dead.c -- refused events: kept in a file, durable before anybody is told.
 *
 * A dead letter is the event and why it is there, one line, so that the file
 * can be replayed.  What is no event becomes the data of one.
 * SPDX-License-Identifier: Apache-2.0 */

#include <string.h>
#include "flow.h"

static struct ce_letters letters = { NULL, -1 };

static void
keep(struct ce_buf *line)
{
	letters.path = ce_conf.dead_letter;
	ce_buf_putc(line, '\n');
	ce_letters_add(&letters, line->p, line->len);
	ce_letters_sync(&letters);
	ce_stats->dead++;
	ce_buf_free(line);
}

static void
why(struct ce_draft *d, const char *reason, int attempts)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	ce_set_str(d, "deadreason", reason, strlen(reason));
	ce_set(d, "deadstage", "%s", ce_name);
	ce_set_time(d, "deadtime", &now);
	ce_set_int(d, "deadattempts", attempts);
}

/* False: there is no file for dead letters. */
bool
ce_dead(const struct ce_event *ev, const char *reason)
{
	if (ce_conf.dead_letter != NULL)
		ce_note("%s (to the dead letters)", reason);
	return ce_dead_quietly(ev, reason);
}

bool
ce_dead_quietly(const struct ce_event *ev, const char *reason)
{
	static const struct ce_edit old[] = { { "deadreason", NULL }, { "deadstage", NULL },
	    { "deadtime", NULL }, { "deadattempts", NULL }, { "ackto", NULL } };
	struct ce_buf line = { 0 };
	struct ce_draft d = { 0 };
	size_t head;

	if (ce_conf.dead_letter == NULL)
		return false;
	ce_event_write(&line, ev, old, 5);
	while (line.p[line.len - 1] != '}')
		line.len--;
	line.len--;
	ce_draft_begin(&d);
	head = d.text.len;
	why(&d, reason, ev->attempts);
	ce_buf_add(&line, d.text.p + head, d.text.len - head);
	ce_buf_putc(&line, '}');
	ce_draft_free(&d);
	keep(&line);
	return true;
}

static struct ce_event *
letter(struct ce_draft *d, struct ce_str text, const char *where, const char *reason)
{
	struct ce_buf id = { 0 };
	unsigned char sum[32];

	ce_sha256(text.p, text.len, sum);
	ce_hex(&id, sum, 16);
	ce_draft_begin(d);
	ce_set_str(d, "id", id.p, id.len);
	ce_set(d, "source", "%s", ce_name);
	ce_set(d, "type", "ce.refused");
	ce_set_str(d, "subject", where, strlen(where));
	why(d, reason, 1);
	ce_set_data(d, ce_utf8_valid(text.p, text.len) ? "text/plain" : "application/octet-stream",
	    text.p, text.len);
	ce_buf_free(&id);
	return ce_draft_end(d);
}

bool
ce_dead_line(const char *p, size_t n, const char *where, const char *reason)
{
	if (ce_conf.dead_letter != NULL)
		ce_note("%s: %s (to the dead letters)", where, reason);
	return ce_dead_line_quietly(p, n, where, reason);
}

/* Of a line that is too long only a beginning is there; so much of it is kept
 * that the letter is no longer than an event may be, and can be sent again. */
bool
ce_dead_line_quietly(const char *p, size_t n, const char *where, const char *reason)
{
	size_t most = (size_t)ce_conf.max_event;
	bool part = n >= most;
	struct ce_buf line = { 0 };
	struct ce_draft d = { 0 };
	struct ce_event *ev;

	if (ce_conf.dead_letter == NULL)
		return false;
	while ((ev = letter(&d, (struct ce_str){ p, n }, where, reason))->len > most && part && n > 0) {
		n = (size_t)((double)n * (double)most / (double)ev->len); /* escapes take room */
		for (n = n > 512 ? n - 512 : 0; n > 0 && ((unsigned char)p[n] & 0xc0) == 0x80;)
			n--;
	}
	ce_buf_add(&line, ev->text, ev->len);
	keep(&line);
	ce_draft_free(&d);
	return true;
}

/* The line that says what was refused: the first 80 bytes, made printable. */
void
ce_say_refused(const char *p, size_t n, const char *where, const char *reason)
{
	struct ce_buf seen = { 0 };

	ce_buf_visible(&seen, p, n, 80);
	ce_warn("cannot take %s: %s: %s", where, reason, seen.p != NULL ? seen.p : "");
	ce_buf_free(&seen);
}
