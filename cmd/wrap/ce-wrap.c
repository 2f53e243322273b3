/* ce-wrap -- make events of anything on standard input.
 *
 * The input cannot be read again, so there is no position to keep and nothing
 * is stamped: what was read is emitted or refused, in order, before more is read.
 * SPDX-License-Identifier: Apache-2.0 */

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "ce.h"
#include "csv.h"
#include "make.h"
#include "split.h"

#define BLOCK (256 << 10)

enum { LINES, NUL, JSON, CSV, WHOLE };
static int as;
static bool each, bare;
static const char *delimiter = ",";

static const struct ce_opt opts[] = {
	CE_CHOICE('a', "as", &as, "lines|nul|json|csv|whole", "what a record of the input is"),
	CE_STR(0, "content-type", &make_conf.ctype, "type", "media type of the data"),
	CE_STR(0, "delimiter", &delimiter, "char", "what separates the fields of CSV; \\t is a tab"),
	CE_FLAG(0, "each", &each, "with json, make an event of each element of an array"),
	CE_LIST(0, "ext", &make_conf.ext, "name=template", "extension attribute to set"),
	CE_STR(0, "id", &make_conf.id, "hash|uuid|template", "where the id comes from"),
	CE_FLAG(0, "no-header", &bare, "the first row of CSV is data: make arrays"),
	CE_MUST('s', "source", &make_conf.source, "uri", "source attribute"),
	CE_TEMPLATE(0, "subject", &make_conf.subject, "template", "subject attribute"),
	CE_STR(0, "time", &make_conf.time, "now|none|template", "where the time comes from"),
	CE_MUST('t', "type", &make_conf.type, "type", "type attribute"),
	CE_END
};

static const struct ce_program program = {
	"ce-wrap", "make events of lines, JSON, CSV", CE_SOURCE, opts, NULL, 0, 0, CE_USE_DEAD
};

static bool ready, stopped;

static void
readable(void *arg, short revents)
{
	(void)arg;
	(void)revents;
	ready = true;
	ce_watch(0, 0, NULL, NULL);
}

/* Only here is the input watched: a record must not move while it is emitted. */
static bool
wait_for_input(void)
{
	ready = false;
	ce_watch(0, POLLIN, readable, NULL);
	while (ce_running() && !ready)
		ce_wait(-1);
	ce_watch(0, 0, NULL, NULL);
	return ready && ce_running();
}

static void
check_read(ssize_t n)
{
	if (n < 0 && errno != EAGAIN && errno != EINTR)
		ce_die(CE_IOERR, "cannot read standard input: %m");
	if (n > 0)
		ce_stats->bytes_in += (uint64_t)n;
}

static void
separated(char sep)
{
	const char *what = as == NUL ? "record" : "line";
	struct make_place at = { 0, -1, NULL };
	struct ce_record r;
	struct ce_lines in;
	enum ce_got got = CE_L_NONE;
	char where[48];

	ce_lines_init(&in, 0, sep, (size_t)ce_conf.max_event);
	while (got != CE_L_END && wait_for_input()) {
		check_read(ce_lines_fill(&in));
		while (!stopped && (got = ce_lines_get(&in, &r)) != CE_L_NONE && got != CE_L_END) {
			snprintf(where, sizeof(where), "%s %lu", what, r.line);
			at.offset = r.offset;
			at.where = where;
			if (got == CE_L_LONG)
				stopped = !make_refuse(r.p, r.len, where, "longer than --max-event");
			else
				stopped = !make_event(r.p, r.len, "text/plain", &at);
			ce_block_drop(r.block);
		}
	}
	ce_lines_free(&in);
}

static void
element(void *arg, struct ce_str json)
{
	struct make_place *at = arg;

	at->element++;
	if (!stopped)
		stopped = !make_event(json.p, json.len, "application/json", at);
}

static bool
json_record(const char *p, size_t n, struct make_place *at)
{
	size_t bad;

	if (!each || *p != '[' || ce_json_check(p, n, &bad) != NULL)
		return make_event(p, n, "application/json", at);
	ce_json_each((struct ce_str){ p, n }, element, at);
	return !stopped;
}

static bool
csv_record(const char *p, size_t n, struct make_place *at)
{
	static struct csv_row head, row;
	static struct ce_buf json;
	static bool headed;
	struct ce_str twice;
	const char *why;

	if (n == 0 && head.n != 1) /* an empty line is a row only where rows have one field */
		return true;
	why = csv_parse(headed ? &row : &head, p, n, *delimiter);
	if (why != NULL && !headed && !bare)
		ce_die(CE_DATAERR, "cannot take the header, %s: %s", at->where, why);
	if (why != NULL)
		return make_refuse(p, n, at->where, why);
	if (!headed && !bare) {
		if (csv_twice(&head, &twice))
			ce_die(CE_DATAERR, "the header names column %.*s twice: use --no-header",
			    (int)(twice.len < 80 ? twice.len : 80), twice.p);
		return headed = true;
	}
	if (!bare && row.n != head.n) {
		ce_buf_reset(&json);
		ce_buf_printf(&json, "%zu fields where the header has %zu", row.n, head.n);
		return make_refuse(p, n, at->where, json.p);
	}
	ce_buf_reset(&json);
	csv_json(&json, bare ? NULL : &head, bare ? &head : &row);
	return make_event(json.p, json.len, "application/json", at);
}

static bool
whole_record(const char *p, size_t n, struct make_place *at)
{
	bool text = ce_utf8_valid(p, n) && memchr(p, '\0', n) == NULL;

	return make_event(p, n, text ? "text/plain" : "application/octet-stream", at);
}

/* The input behind a splitter, from the beginning of the record in the making. */
static struct {
	struct ce_buf buf;
	size_t from;
	uint64_t offset;
	unsigned long line;
	bool eof, overlong;
	struct ce_buf head; /* the first bytes of an overlong record */
	uint64_t start;     /* where it began */
	unsigned long start_line;
} in = { .line = 1 };

static void
pass_over(size_t n)
{
	const char *p = in.buf.p + in.from, *end = p + n;

	for (; (p = memchr(p, '\n', (size_t)(end - p))) != NULL; p++)
		in.line++;
	in.from += n;
	in.offset += n;
}

/* A byte order mark is passed over; false: more will tell whether it is one. */
static bool
fill(void)
{
	ssize_t n;

	ce_buf_cut(&in.buf, in.from);
	in.from = 0;
	ce_buf_need(&in.buf, BLOCK);
	n = read(0, in.buf.p + in.buf.len, BLOCK);
	check_read(n);
	if (n > 0)
		in.buf.len += (size_t)n;
	in.eof = n == 0;
	if (in.offset > 0 || as == WHOLE || in.buf.len == 0 ||
	    memcmp(in.buf.p, "\xef\xbb\xbf", in.buf.len < 3 ? in.buf.len : 3) != 0)
		return true;
	if (in.buf.len >= 3)
		pass_over(3);
	return in.buf.len >= 3 || in.eof;
}

/* One that is too long is passed over as it comes, all but its first bytes. */
static void
drop(struct split *s)
{
	if (!in.overlong) {
		ce_buf_reset(&in.head);
		ce_buf_add(&in.head, in.buf.p + in.from, s->at < 80 ? s->at : 80);
		in.start = in.offset;
		in.start_line = in.line;
	}
	in.overlong = true;
	pass_over(s->at);
	s->at = 0;
}

/* An unfinished row may end with the two bytes of its line end. */
static bool
too_long(const struct split *s, enum split_what what)
{
	size_t max = (size_t)ce_conf.max_event;

	return in.overlong || (what == SPLIT_MORE && s->at > max + 2) ||
	    (what == SPLIT_RECORD && s->len > max);
}

static void
records(splitter *split, bool (*take)(const char *p, size_t n, struct make_place *at))
{
	struct split s = { .delim = *delimiter };
	struct make_place at = { 0, -1, NULL };
	enum split_what what;
	char where[48];

	while (!stopped && !in.eof && wait_for_input()) {
		if (!fill())
			continue;
		while (!stopped && (in.from < in.buf.len || in.eof)) {
			const char *p = in.buf.p + in.from;

			what = split(&s, p, in.buf.len - in.from, in.eof);
			if (too_long(&s, what))
				drop(&s);
			if (what == SPLIT_MORE)
				break;
			at = (struct make_place){ in.offset, -1, where };
			snprintf(where, sizeof(where), "line %lu", in.overlong ? in.start_line : in.line);
			if (in.overlong)
				stopped = !make_refuse(in.head.p, in.head.len, where, "longer than --max-event");
			else if (what == SPLIT_RECORD)
				stopped = !take(p, s.len, &at);
			else if (what == SPLIT_BROKEN)
				stopped = !make_refuse(p, s.len, where, s.why);
			pass_over(s.at);
			in.overlong = false;
			s = (struct split){ .delim = *delimiter };
			if (in.eof && in.from == in.buf.len)
				break;
		}
	}
}

int
main(int argc, char *argv[])
{
	ce_start(argc, argv, &program);
	if (strcmp(delimiter, "\\t") == 0)
		delimiter = "\t";
	if (strlen(delimiter) != 1 || strchr("\"\r\n", *delimiter) != NULL || (*delimiter & 0x80) != 0)
		ce_die(CE_USAGE, "--delimiter %s: must be one ASCII character, no quote or newline", delimiter);
	if (each && as != JSON)
		ce_die(CE_USAGE, "--each goes with --as json");
	make_start();
	if (as == JSON)
		records(split_json, json_record);
	else if (as == CSV)
		records(split_csv, csv_record);
	else if (as == WHOLE)
		records(split_whole, whole_record);
	else
		separated(as == NUL ? '\0' : '\n');
	return ce_finish();
}
