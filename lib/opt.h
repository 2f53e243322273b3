/* opt.h -- the parts of the option parser, and its way in for start.c and tests.
 *
 * SPDX-License-Identifier: Apache-2.0 */

#ifndef CE_OPT_H
#define CE_OPT_H

#include "ce.h"

#define CE_OPTS_MAX 160

/* Every option of a program in one row: its own, then those of its role. */
struct ce_optset {
	struct ce_opt opt[CE_OPTS_MAX];
	bool given[CE_OPTS_MAX];
	int n, own; /* opt[0..own) are the program's */
};

/* All that ce_start needs of this: fills the variables of the program and of
 * ce_conf from arguments and environment, answers --help, --version and
 * --options, reads secrets, ends the program on wrong use. Moves the positional
 * arguments to the end of argv and returns the index of the first. */
int ce_options(int argc, char *argv[], const struct ce_program *p);

/* The same for one table and without a process to end: NULL and *first, or
 * what is wrong (lent until the next call).  Secrets are checked, not read. */
const char *ce_opt_parse(const struct ce_opt *table, int argc, char **argv, int *first);

/* opttable.c */
void ce_optset_add(struct ce_optset *s, const struct ce_opt *table);
void ce_optset_role(struct ce_optset *s, const struct ce_program *p);
/* A mistake in the tables, which is a bug of the program; NULL: none. */
const char *ce_optset_check(const struct ce_optset *s, const struct ce_opt *table);
/* What was asked for instead of work: 'h' help, 'o' options, 'V' version, 0. */
int ce_opt_asked(void);
bool ce_opt_asks(const struct ce_opt *o); /* is o one of those three? */

/* optvalue.c */
const char *ce_opt_wrong(const char *fmt, ...) CE_PRINTF(1, 2); /* formats what is wrong */
/* Fills o's variable from text; what names the place in messages. first: the
 * option is given for the first time.  NULL or what is wrong. */
const char *ce_opt_set(const struct ce_opt *o, const char *what, const char *text, bool first);
const char *ce_opt_flag(const struct ce_opt *o, const char *what, const char *text);
/* Appends o's present value as a user would write it; nothing if there is none. */
void ce_opt_show(struct ce_buf *b, const struct ce_opt *o);

/* help.c */
void ce_opt_help(const struct ce_optset *s, const struct ce_program *p);
void ce_opt_list(const struct ce_optset *s);
void ce_opt_version(const struct ce_program *p);

#endif
