/* environ.c -- the attributes of an event as environment variables
 *
 * CE_ and the name in capitals.  A name has letters and digits only, so that no
 * event can set a variable that a ce-* program reads (they all have a second
 * underscore), nor PATH or LD_PRELOAD.
 * SPDX-License-Identifier: Apache-2.0 */

#include <string.h>
#include <unistd.h>
#include "exec.h"

static char **list; /* what we were given, then the event's, then NULL */
static size_t given, cap;
static struct ce_buf text;

bool
environ_is_attribute(const char *entry)
{
	size_t n;

	if (strncmp(entry, "CE_", 3) != 0)
		return false;
	n = strspn(entry + 3, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789");
	return n > 0 && entry[3 + n] == '=';
}

static void
start(void)
{
	size_t i, n = 0;

	while (environ[n] != NULL)
		n++;
	cap = n + 64;
	list = ce_alloc(cap * sizeof(*list));
	for (i = 0; i < n; i++)
		if (!environ_is_attribute(environ[i]))
			list[given++] = environ[i];
}

static void
add_name(struct ce_str name)
{
	size_t i;

	ce_buf_puts(&text, "CE_");
	for (i = 0; i < name.len; i++)
		ce_buf_putc(&text, (char)(name.p[i] >= 'a' && name.p[i] <= 'z' ?
		    name.p[i] - 'a' + 'A' : name.p[i]));
}

char **
environ_of(struct ce_event *ev)
{
	struct ce_str name, value;
	size_t n = 0, at = 0;
	int i = 0;

	if (list == NULL)
		start();
	ce_buf_reset(&text);
	while (ev != NULL && ce_each(ev, &i, &name, &value)) {
		add_name(name);
		ce_buf_putc(&text, '=');
		ce_buf_str(&text, value);
		ce_buf_putc(&text, '\0');
		n++;
	}
	if (given + n + 1 > cap) {
		cap = 2 * (given + n + 1);
		list = ce_realloc(list, cap * sizeof(*list));
	}
	/* only now, since the text moves while it grows */
	for (i = 0; (size_t)i < n; i++) {
		list[given + (size_t)i] = text.p + at;
		at += strlen(text.p + at) + 1;
	}
	list[given + n] = NULL;
	return list;
}
