/* ce-jq -- a jq program over the data of each event, or over the whole of it.
 *
 * All outputs of an event are made before the first is given: an error in the
 * middle gives none, and the event as it was goes to the dead letters.  The
 * event is acknowledged when all of its outputs were finished.
 * SPDX-License-Identifier: Apache-2.0 */

#include <stdio.h>
#include <string.h>
#include "dump.h"
#include "program.h"

#define TOGETHER 4 /* times --max-event: the outputs of an event */

static bool whole;

static const struct ce_opt opts[] = {
	CE_LIST(0, "arg", &program_conf.arg, "name=value", "string that is $name in the program"),
	CE_LIST(0, "argjson", &program_conf.argjson, "name=json", "value that is $name in the program"),
	CE_LIST(0, "env", &program_conf.env, "name", "let the program see this variable in $ENV"),
	CE_FLAG(0, "event", &whole, "run over the whole event, not its data"),
	CE_STR('f', "from-file", &program_conf.file, "file", "read the program from this file"),
	CE_LIST('L', "library-path", &program_conf.dirs, "dir", "look for modules here"),
	CE_END
};

static const struct ce_program program = {
	"ce-jq", "run a jq program over events", CE_RELAY, opts, "[PROGRAM]", 0, 1, CE_USE_COMMIT
};

enum form { NONE, JSON, TEXT, JSON64, BYTES };

/* The event at hand and its outputs: lines, of which the last is held back until
 * it is known whether it is the only one. */
static struct {
	struct ce_event *ev;
	enum form form;      /* of its data */
	struct ce_buf lines;
	int n;
	jv held;
	bool holds;
	const char *wrong;   /* with an output; then there are no more */
} at;

static struct ce_buf tmp;

static const char * CE_PRINTF(1, 2)
wrong(const char *fmt, ...)
{
	static struct ce_buf text;
	va_list ap;

	ce_buf_reset(&text);
	va_start(ap, fmt);
	ce_buf_vprintf(&text, fmt, ap);
	va_end(ap);
	return text.p;
}

static jv
whole_data(struct ce_event *ev)
{
	struct ce_str type = { "", 0 }, v;
	bool typed = ce_attr(ev, CE_AT_DATACONTENTTYPE, &type);

	at.form = NONE;
	if (ce_raw(ev, CE_AT_DATA, &v)) {
		at.form = (typed && !ce_type_is_json(type)) && *v.p == '"' ? TEXT : JSON;
		return program_parse(ev->text + (v.p - ev->text), v.len);
	}
	if (!ce_raw(ev, CE_AT_DATA_BASE64, &v))
		return jv_null();
	ce_buf_reset(&tmp);
	at.form = BYTES;
	if (typed && ce_type_is_json(type) && ce_unbase64(&tmp, v.p + 1, v.len - 2) &&
	    ce_json_check(tmp.p, tmp.len, &(size_t){ 0 }) == NULL) {
		at.form = JSON64;
		return program_parse(tmp.p, tmp.len);
	}
	return program_parse(ev->text + (v.p - ev->text), v.len);
}

static bool
is_base64(jv v)
{
	ce_buf_reset(&tmp);
	return jv_get_kind(v) == JV_KIND_STRING && ce_unbase64(&tmp, jv_string_value(v),
	    (size_t)jv_string_length_bytes(jv_copy(v)));
}

/* "ID-3", from "ID" as it stands in the event. */
static const char *
id_of_output(void)
{
	static struct ce_buf id;
	struct ce_str raw = { "\"\"", 2 };

	ce_raw(at.ev, CE_AT_ID, &raw);
	ce_buf_reset(&id);
	ce_buf_add(&id, raw.p, raw.len - 1);
	ce_buf_printf(&id, "-%d\"", at.n);
	return id.p;
}

/* The event with other data; only what has to change does. */
static void
write_data(jv v, bool only)
{
	static struct ce_buf text;
	struct ce_edit e[4];
	bool string = jv_get_kind(v) == JV_KIND_STRING, bytes = at.form == BYTES && is_base64(v),
	    null = jv_get_kind(v) == JV_KIND_NULL;
	int n = 0;

	ce_buf_reset(&text);
	dump(&text, v);
	if (!only)
		e[n++] = (struct ce_edit){ "id", id_of_output() };
	if (bytes)
		e[n++] = (struct ce_edit){ "data_base64", text.p };
	else if (at.form != NONE || !null)
		e[n++] = (struct ce_edit){ "data", text.p };
	if (!bytes && (at.form == BYTES || at.form == JSON64))
		e[n++] = (struct ce_edit){ "data_base64", NULL };
	if ((at.form == TEXT && !string) || (at.form == BYTES && !bytes))
		e[n++] = (struct ce_edit){ "datacontenttype", "\"application/json\"" };
	ce_event_write(&at.lines, at.ev, e, n);
}

/* The output is the event.  Its id is that of the event it was made from, but
 * where the program says another. */
static void
write_whole(jv v, bool only)
{
	struct ce_str id = { "", 0 };
	jv was, own;

	if (jv_get_kind(v) != JV_KIND_OBJECT) {
		at.wrong = "the output is no object";
		jv_free(v);
		return;
	}
	ce_attr(at.ev, CE_AT_ID, &id);
	was = jv_string_sized(id.p, (int)id.len);
	own = jv_object_get(jv_copy(v), jv_string("id"));
	if (!jv_is_valid(own) || (!only && jv_equal(jv_copy(own), jv_copy(was))))
		v = jv_object_set(v, jv_string("id"), only ? jv_copy(was) :
		    jv_string_fmt("%s-%d", jv_string_value(was), at.n));
	jv_free(own);
	jv_free(was);
	dump(&at.lines, v);
}

/* Takes v; only: no other output came or will. */
static void
write_output(jv v, bool only)
{
	static struct ce_event made;
	size_t from = at.lines.len, len;
	const char *why;

	at.n++;
	(whole ? write_whole : write_data)(v, only);
	len = at.lines.len - from;
	if (at.wrong != NULL)
		return;
	if (len > (size_t)ce_conf.max_event || at.lines.len > (size_t)ce_conf.max_event * TOGETHER)
		at.wrong = "its outputs are longer than --max-event";
	else if ((why = ce_event_parse(&made, at.lines.p + from, len)) != NULL)
		at.wrong = wrong("output %d is no event: %s", at.n, why);
	ce_buf_putc(&at.lines, '\n');
}

static bool
output(void *arg, jv v)
{
	(void)arg;
	if (at.holds)
		write_output(at.held, false);
	at.held = v;
	at.holds = true;
	return at.wrong == NULL;
}

static void
emit_all(void)
{
	static struct ce_event made;
	char *p = at.lines.p, *end;

	for (int i = 0; i < at.n; i++, p = end + 1) {
		end = memchr(p, '\n', (size_t)(at.lines.p + at.lines.len - p));
		if (ce_event_parse(&made, p, (size_t)(end - p)) != NULL)
			ce_bug("an event is none any more");
		if (made.at[CE_AT_ACKTO] >= 0)
			ce_event_cut(&made, CE_AT_ACKTO);
		ce_emit(&made, NULL, NULL);
	}
}

static enum ce_verdict
run(struct ce_event *ev)
{
	const char *why;
	jv v;

	at.ev = ev;
	ce_buf_reset(&at.lines);
	at.n = 0;
	at.wrong = NULL;
	v = whole ? program_parse(ev->text, ev->len) : whole_data(ev);
	if (!jv_is_valid(v)) {
		v = jv_invalid_get_msg(v);
		why = jv_get_kind(v) == JV_KIND_STRING ? wrong("%s", jv_string_value(v)) : "it is no value";
		jv_free(v);
		return ce_never("jq cannot parse it: %s", why);
	}
	why = program_run(v, output, NULL);
	if (at.holds && why == NULL && at.wrong == NULL)
		write_output(at.held, at.n == 0);
	else if (at.holds)
		jv_free(at.held);
	at.holds = false;
	if (why != NULL || at.wrong != NULL)
		return ce_never("%s", why != NULL ? why : at.wrong);
	emit_all();
	if (at.lines.cap > 1 << 20) /* keep no giants */
		ce_buf_free(&at.lines);
	return CE_TAKEN;
}

int
main(int argc, char *argv[])
{
	struct ce_event *ev;
	int first;

	argv = program_arguments(&argc, argv);
	first = ce_start(argc, argv, &program);
	if ((program_conf.file != NULL) == (first < argc))
		ce_die(CE_USAGE, "%s", first < argc ? "a program and --from-file: which?" :
		    "there is no program");
	program_open(program_conf.file != NULL ? NULL : argv[first]);
	while ((ev = ce_next()) != NULL)
		ce_settle(ev, run(ev));
	program_close();
	return ce_finish();
}
