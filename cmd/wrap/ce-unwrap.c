/* ce-unwrap -- print the data of each event.
 *
 * An event is taken when its data was written: the library writes what was
 * printed before it acknowledges anything.
 * SPDX-License-Identifier: Apache-2.0 */

#include <stdio.h>
#include "ce.h"

enum { LINE, NUL, LENGTH };
static int frame;
static bool null;
static struct ce_template *format;

static const struct ce_opt opts[] = {
	CE_TEMPLATE('f', "format", &format, "template", "what to print of an event instead of its data"),
	CE_CHOICE(0, "frame", &frame, "line|null|length",
	    "what tells one from the next: newline, NUL, netstrings"),
	CE_FLAG('0', "null", &null, "as --frame null"),
	CE_END
};

static const struct ce_program program = {
	"ce-unwrap", "print the data of events", CE_SINK, opts, NULL, 0, 0, 0
};

static void
print(const char *p, size_t n)
{
	char length[24];

	if (frame == LENGTH)
		ce_print(length, (size_t)snprintf(length, sizeof(length), "%zu:", n));
	ce_print(p, n);
	ce_print(frame == LENGTH ? "," : frame == NUL ? "" : "\n", 1);
}

/* With a newline as the frame, control bytes in what the template takes from
 * the event become spaces, so that an event is one line. */
static enum ce_verdict
print_format(struct ce_event *ev)
{
	static struct ce_buf text;
	const char *missing;

	ce_buf_reset(&text);
	missing = ce_template_fill(format, ev, frame == LINE ? CE_ESC_LINE : CE_ESC_NONE, &text);
	if (missing != NULL)
		return ce_never("cannot print it: the event has no %s", missing);
	print(text.p, text.len);
	return CE_TAKEN;
}

static enum ce_verdict
print_data(struct ce_event *ev)
{
	static struct ce_buf tmp;
	struct ce_str bytes;
	bool json;

	if (!ce_data_whole(ev))
		return ce_never("the data has a lone surrogate, which no text can hold");
	ce_buf_reset(&tmp);
	if (ce_data(ev, &tmp, &bytes, &json))
		print(bytes.p, bytes.len);
	return CE_TAKEN;
}

int
main(int argc, char *argv[])
{
	struct ce_event *ev;

	ce_start(argc, argv, &program);
	if (null)
		frame = NUL;
	while ((ev = ce_next()) != NULL)
		ce_settle(ev, (format != NULL ? print_format : print_data)(ev));
	return ce_finish();
}
