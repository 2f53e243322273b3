/* show.c -- ce-dead show: whole letters, to be read.
 * SPDX-License-Identifier: Apache-2.0 */

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include "dead.h"

#define VALUE 4000

static void
add_attribute(struct ce_buf *out, struct ce_str name, struct ce_str value)
{
	static struct ce_buf seen;

	ce_buf_reset(&seen);
	ce_buf_visible(&seen, name.p, name.len, 100);
	ce_buf_puts(out, "  ");
	add_padded(out, seen.p, seen.len, 16);
	ce_buf_putc(out, ' ');
	add_cell(out, value, VALUE);
	ce_buf_putc(out, '\n');
}

/* First why it is here, then what it is. */
static void
print(struct letters *l)
{
	static const char *const first[] = { "reason", "stage", "time", "attempts" };
	static struct ce_buf out;
	struct ce_str name, value;
	int i = 0;

	ce_buf_reset(&out);
	ce_buf_printf(&out, "letter %lu\n", l->n);
	if (l->wrong != NULL) {
		ce_buf_printf(&out, "  no event: %s\n    ", l->wrong);
		ce_buf_visible(&out, l->r.p, l->r.len, VALUE);
		ce_buf_putc(&out, '\n');
		ce_print(out.p, out.len);
		return;
	}
	for (size_t k = 0; k < 4; k++)
		if ((value = letter_get(l, first[k])).len > 0)
			add_attribute(&out, (struct ce_str){ letter_name(first[k]),
			    strlen(letter_name(first[k])) }, value);
	while (ce_each(&l->ev, &i, &name, &value)) {
		bool shown = false;

		for (size_t k = 0; k < 4; k++)
			shown = shown || ce_str_is(name, letter_name(first[k]));
		if (!shown)
			add_attribute(&out, name, value);
	}
	add_data(&out, &l->ev, "    ");
	ce_print(out.p, out.len);
}

/* A number is a position, anything else an id. */
static bool
wanted(struct letters *l, char *const *which, int n, bool *found)
{
	bool any = n == 0;
	char *end;

	for (int i = 0; i < n; i++) {
		unsigned long at = strtoul(which[i], &end, 10);

		if (*end == '\0' && *which[i] != '\0' ? at == l->n :
		    ce_str_is(letter_get(l, "id"), which[i]))
			any = found[i] = true;
	}
	return any;
}

int
show(const char *path, char *const *which, int n)
{
	bool *found = ce_alloc((size_t)n + 1), some = false;
	int code = CE_OK;
	struct letters l;

	letters_open(&l, path, O_RDONLY);
	while (ce_running() && letters_next(&l)) {
		if (!matches(&l) || !wanted(&l, which, n, found))
			continue;
		if (some)
			ce_print("\n", 1);
		print(&l);
		some = true;
	}
	letters_close(&l);
	for (int i = 0; i < n; i++)
		if (!found[i] && ce_running()) {
			ce_warn("no letter %s in %s", which[i], path);
			code = CE_DATAERR;
		}
	free(found);
	return code;
}
