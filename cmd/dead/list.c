/* list.c -- ce-dead list: a line for each letter, in columns.
 * SPDX-License-Identifier: Apache-2.0 */

#include <fcntl.h>
#include <stdio.h>
#include "dead.h"

#define COLUMNS 6
#define REASON 300

static const char *const names[COLUMNS] = { "n", "time", "stage", "attempts", "type", "id" };
static const size_t most[COLUMNS] = { 20, 30, 24, 10, 40, 40 }; /* bytes */

/* Whole seconds are enough to read. */
static void
add_time(struct ce_buf *out, struct ce_str s)
{
	struct timespec ts;
	char text[32];

	if (!ce_time_parse(s, &ts)) {
		add_cell(out, s, most[1]);
		return;
	}
	ts.tv_nsec = 0;
	ce_buf_add(out, text, ce_time_format(text, sizeof(text), &ts));
}

static void
cell(struct ce_buf *out, struct letters *l, int column)
{
	ce_buf_reset(out);
	if (column == 0)
		ce_buf_printf(out, "%lu", l->n);
	else if (column == 1)
		add_time(out, letter_get(l, "time"));
	else
		add_cell(out, letter_get(l, names[column]), most[column]);
}

static void
print(struct letters *l, const size_t *columns)
{
	static struct ce_buf out, one;

	ce_buf_reset(&out);
	for (int i = 0; i < COLUMNS; i++) {
		cell(&one, l, i);
		if (i == 0 || i == 3) /* numbers: to the right */
			for (size_t w = one.len; w < columns[i]; w++)
				ce_buf_putc(&out, ' ');
		add_padded(&out, one.p, one.len, i == 0 || i == 3 ? 0 : columns[i]);
		ce_buf_puts(&out, "  ");
	}
	if (l->wrong != NULL)
		ce_buf_printf(&out, "(no event: %s)", l->wrong);
	else
		add_cell(&out, letter_get(l, "reason"), REASON);
	ce_buf_putc(&out, '\n');
	ce_print(out.p, out.len);
}

/* Twice through the file: the columns are as wide as what is in them. */
void
list(const char *path)
{
	size_t columns[COLUMNS] = { 0 }, w;
	struct ce_buf one = { 0 };
	struct letters l;

	for (int pass = 0; pass < 2; pass++) {
		letters_open(&l, path, O_RDONLY);
		while (ce_running() && letters_next(&l)) {
			if (!matches(&l))
				continue;
			for (int i = 0; pass == 0 && i < COLUMNS; i++) {
				cell(&one, &l, i);
				w = width(one.p, one.len);
				columns[i] = w > columns[i] ? w : columns[i];
			}
			if (pass == 1)
				print(&l, columns);
		}
		letters_close(&l);
	}
	ce_buf_free(&one);
}
