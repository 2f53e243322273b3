/* help -- what a program tells about itself, all from its option table.
 *
 * --help shows the variables as they are: defaults, because nothing of this run
 * has been taken from the environment yet; an option on the command line before
 * --help shows what it would set.
 *
 * SPDX-License-Identifier: Apache-2.0 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "opt.h"

#ifndef CE_VERSION
#define CE_VERSION "0.1.0"
#endif

#define COLUMN 30 /* where the help of an option begins */

static void
print(struct ce_buf *b)
{
	size_t done = 0;
	ssize_t k;

	while (done < b->len) {
		if ((k = write(STDOUT_FILENO, b->p + done, b->len - done)) >= 0)
			done += (size_t)k;
		else if (errno != EINTR)
			ce_die(CE_IOERR, "cannot write to standard output: %m");
	}
	ce_buf_free(b);
}

static int
by_name(const void *a, const void *b)
{
	return strcmp(((const struct ce_opt *)a)->name, ((const struct ce_opt *)b)->name);
}

static void
usage(struct ce_buf *b, const struct ce_optset *s, const struct ce_program *p)
{
	ce_buf_printf(b, "usage: %s", p->name);
	for (int i = 0; i < s->n; i++) {
		if (!s->opt[i].required)
			continue;
		if (s->opt[i].letter != 0)
			ce_buf_printf(b, " -%c %s", s->opt[i].letter, s->opt[i].arg);
		else
			ce_buf_printf(b, " --%s %s", s->opt[i].name, s->opt[i].arg);
	}
	ce_buf_printf(b, " [options]%s%s\n", p->args != NULL ? " " : "", p->args != NULL ? p->args : "");
}

static void
describe(struct ce_buf *b, const struct ce_opt *o)
{
	size_t start = b->len;
	struct ce_buf v = { 0 };

	if (o->letter != 0)
		ce_buf_printf(b, "  -%c, --%s", o->letter, o->name);
	else
		ce_buf_printf(b, "      --%s", o->name);
	if (o->arg != NULL)
		ce_buf_printf(b, " %s", o->arg);
	if (b->len - start > COLUMN - 2)
		ce_buf_printf(b, "\n%*s", COLUMN, "");
	else
		ce_buf_printf(b, "%*s", (int)(COLUMN - (b->len - start)), "");
	ce_buf_puts(b, o->help);
	ce_opt_show(&v, o);
	if (o->required)
		ce_buf_puts(b, " (required)");
	else if (v.len > 0)
		ce_buf_printf(b, " (default %s)", v.p);
	ce_buf_putc(b, '\n');
	ce_buf_free(&v);
}

static void
section(struct ce_buf *b, const char *title, const struct ce_opt *from, int n)
{
	struct ce_opt sorted[CE_OPTS_MAX];

	if (n == 0)
		return;
	memcpy(sorted, from, (size_t)n * sizeof(*from));
	qsort(sorted, (size_t)n, sizeof(*sorted), by_name);
	ce_buf_printf(b, "\n%s\n", title);
	for (int i = 0; i < n; i++)
		describe(b, &sorted[i]);
}

void
ce_opt_help(const struct ce_optset *s, const struct ce_program *p)
{
	static const char *const roles[] = {
		"Options of every source:", "Options of every sink:", "Options of every filter:",
		"Options of every relay:", "Options of every program:"
	};
	struct ce_buf b = { 0 };

	usage(&b, s, p);
	ce_buf_printf(&b, "%s\n", p->help);
	section(&b, "Options:", s->opt, s->own);
	section(&b, roles[p->role], s->opt + s->own, s->n - s->own);
	ce_buf_puts(&b, "\nExit codes and names in the environment: see ce(7).\n");
	print(&b);
}

/* A field is never empty, because shells join neighbouring tabs. */
static void
list_one(struct ce_buf *b, const struct ce_opt *o)
{
	struct ce_buf v = { 0 };

	ce_opt_show(&v, o);
	ce_buf_printf(b, "%c\t%s\t%s\t", o->letter != 0 ? o->letter : '-', o->name,
	    o->arg != NULL ? o->arg : "-");
	if (v.len > 0)
		ce_buf_visible(b, v.p, v.len, SIZE_MAX);
	else
		ce_buf_putc(b, '-');
	ce_buf_printf(b, "\t%s\n", o->help);
	ce_buf_free(&v);
}

void
ce_opt_list(const struct ce_optset *s)
{
	struct ce_opt sorted[CE_OPTS_MAX];
	struct ce_buf b = { 0 };

	memcpy(sorted, s->opt, (size_t)s->n * sizeof(*sorted));
	qsort(sorted, (size_t)s->n, sizeof(*sorted), by_name);
	for (int i = 0; i < s->n; i++)
		list_one(&b, &sorted[i]);
	print(&b);
}

void
ce_opt_version(const struct ce_program *p)
{
	struct ce_buf b = { 0 };

	ce_buf_printf(&b, "%s %s\n", p->name, CE_VERSION);
	print(&b);
}
