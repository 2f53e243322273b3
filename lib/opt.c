/* opt -- options from one table: arguments first, then the environment.
 *
 * An argument wins over the environment, and the environment over the
 * variable's initial value.  The environment is looked at only for options that
 * were not given, so that `--password env:CE_REDIS_PASSWORD` works although
 * that variable is also the option's own name there.
 *
 * SPDX-License-Identifier: Apache-2.0 */

#include <stdlib.h>
#include <string.h>
#include "opt.h"
#include "secret.h"

struct parser {
	struct ce_optset *set;
	char **argv;
	int argc, at;
	char **used, **rest; /* the two halves of argv to be */
	int nused, nrest;
};

static char *
next_value(struct parser *p)
{
	if (p->at + 1 >= p->argc)
		return NULL;
	return p->used[p->nused++] = p->argv[++p->at];
}

static const char *
put(struct parser *p, int i, const char *value)
{
	const struct ce_opt *o = &p->set->opt[i];
	struct ce_buf what = { 0 };
	const char *why;

	if (o->kind == CE_K_FLAG) {
		*o->to.flag = true;
		p->set->given[i] = true;
		return NULL;
	}
	if (value == NULL && (value = next_value(p)) == NULL)
		return ce_opt_wrong("option --%s needs a value: %s", o->name, o->arg);
	ce_buf_printf(&what, "option --%s", o->name);
	why = ce_opt_set(o, what.p, value, !p->set->given[i]);
	ce_buf_free(&what);
	p->set->given[i] = true;
	return why;
}

static const char *
unknown(const char *dashes, const char *name, size_t n)
{
	struct ce_buf b = { 0 };
	const char *why;

	ce_buf_visible(&b, name, n, 80);
	why = ce_opt_wrong("unknown option %s%s", dashes, b.p != NULL ? b.p : "");
	ce_buf_free(&b);
	return why;
}

static const char *
long_option(struct parser *p, const char *name)
{
	const char *value = strchr(name, '=');
	size_t n = value != NULL ? (size_t)(value - name) : strlen(name);
	const struct ce_opt *o = p->set->opt;

	for (int i = 0; i < p->set->n; i++) {
		if (strlen(o[i].name) != n || memcmp(o[i].name, name, n) != 0)
			continue;
		if (value != NULL && o[i].kind == CE_K_FLAG)
			return ce_opt_wrong("option --%s takes no value", o[i].name);
		return put(p, i, value != NULL ? value + 1 : NULL);
	}
	return unknown("--", name, n);
}

static int
by_letter(const struct ce_optset *s, char letter)
{
	for (int i = 0; i < s->n; i++)
		if (s->opt[i].letter == letter)
			return i;
	return -1;
}

/* -x, -xVALUE, -x VALUE, -abc and all of these together: -abxVALUE. */
static const char *
letters(struct parser *p, const char *s)
{
	const char *why;
	int i;

	for (; *s != '\0'; s++) {
		if ((i = by_letter(p->set, *s)) < 0)
			return unknown("-", s, (*s & 0x80) != 0 ? strlen(s) : 1);
		if (p->set->opt[i].kind != CE_K_FLAG)
			return put(p, i, s[1] != '\0' ? s + 1 : NULL);
		if ((why = put(p, i, NULL)) != NULL)
			return why;
	}
	return NULL;
}

static const char *
arguments(struct parser *p)
{
	const char *why = NULL;
	char *a;

	for (p->at = 1; p->at < p->argc && why == NULL; p->at++) {
		a = p->argv[p->at];
		if (a[0] != '-' || a[1] == '\0') {
			p->rest[p->nrest++] = a;
			continue;
		}
		p->used[p->nused++] = a;
		if (strcmp(a, "--") == 0) {
			while (++p->at < p->argc)
				p->rest[p->nrest++] = p->argv[p->at];
			break;
		}
		why = a[1] == '-' ? long_option(p, a + 2) : letters(p, a + 1);
	}
	return why;
}

static const char *
parse(struct ce_optset *s, int argc, char **argv, int *first)
{
	size_t room = (size_t)(argc > 0 ? argc : 1) * sizeof(*argv);
	struct parser p = { .set = s, .argv = argv, .argc = argc };
	const char *why;

	p.used = ce_alloc(room);
	p.rest = ce_alloc(room);
	why = arguments(&p);
	if (why == NULL && argc > 0) {
		memcpy(argv + 1, p.used, (size_t)p.nused * sizeof(*argv));
		memcpy(argv + 1 + p.nused, p.rest, (size_t)p.nrest * sizeof(*argv));
	}
	*first = argc > 0 ? 1 + p.nused : 0;
	free(p.used);
	free(p.rest);
	return why;
}

static const char *
required(const struct ce_optset *s)
{
	for (int i = 0; i < s->n; i++)
		if (s->opt[i].required && !s->given[i])
			return ce_opt_wrong("option --%s is required", s->opt[i].name);
	return NULL;
}

const char *
ce_opt_parse(const struct ce_opt *table, int argc, char **argv, int *first)
{
	struct ce_optset *s = CE_NEW(struct ce_optset);
	const char *why;

	ce_optset_add(s, table);
	why = ce_optset_check(s, table);
	if (why == NULL)
		why = parse(s, argc, argv, first);
	if (why == NULL)
		why = required(s);
	free(s);
	return why;
}

/* ce-sink-redis and --url: CE_REDIS_URL. */
static void
environment_name(struct ce_buf *b, const char *program, const char *option)
{
	static const char *const before[] = { "ce-src-", "ce-sink-", "ce-" };

	for (size_t i = 0; i < sizeof(before) / sizeof(*before); i++) {
		if (strncmp(program, before[i], strlen(before[i])) == 0) {
			program += strlen(before[i]);
			break;
		}
	}
	ce_buf_reset(b);
	ce_buf_printf(b, "CE_%s_%s", program, option);
	for (char *c = b->p; *c != '\0'; c++)
		*c = *c == '-' ? '_' : (char)(*c >= 'a' && *c <= 'z' ? *c - 'a' + 'A' : *c);
}

static const char *
environment(struct ce_optset *s, const char *program)
{
	struct ce_buf name = { 0 };
	const char *why = NULL, *value;

	for (int i = 0; i < s->n && why == NULL; i++) {
		if (s->given[i] || ce_opt_asks(&s->opt[i]))
			continue;
		environment_name(&name, program, s->opt[i].name);
		if ((value = getenv(name.p)) == NULL)
			continue;
		why = ce_opt_set(&s->opt[i], name.p, value, true);
		s->given[i] = true;
	}
	ce_buf_free(&name);
	return why;
}

static const char *
count(const struct ce_program *p, int n, const char *last)
{
	struct ce_buf b = { 0 };
	const char *why;

	if (n < p->min_args)
		return ce_opt_wrong("an argument is missing: %s", p->args != NULL ? p->args : "");
	if (p->max_args < 0 || n <= p->max_args)
		return NULL;
	ce_buf_visible(&b, last, strlen(last), 80);
	why = ce_opt_wrong("one argument too many: \"%s\"", b.p);
	ce_buf_free(&b);
	return why;
}

/* Two options may name one variable, so none is forgotten before all were read. */
static void
secrets(const struct ce_optset *s)
{
	const char *why;

	for (int i = 0; i < s->n; i++) {
		if (s->opt[i].kind != CE_K_SECRET || s->opt[i].to.secret->spec == NULL)
			continue;
		why = ce_secret_read(s->opt[i].to.secret);
		if (why != NULL)
			ce_die(CE_CONFIG, "cannot read the secret of --%s: %s", s->opt[i].name, why);
	}
	for (int i = 0; i < s->n; i++)
		if (s->opt[i].kind == CE_K_SECRET && s->opt[i].to.secret->spec != NULL)
			ce_secret_forget(s->opt[i].to.secret);
}

static void
answer(const struct ce_optset *s, const struct ce_program *p)
{
	switch (ce_opt_asked()) {
	case 'h':
		ce_opt_help(s, p);
		exit(CE_OK);
	case 'o':
		ce_opt_list(s);
		exit(CE_OK);
	case 'V':
		ce_opt_version(p);
		exit(CE_OK);
	}
}

int
ce_options(int argc, char *argv[], const struct ce_program *p)
{
	static const struct ce_opt none[] = { CE_END };
	static struct ce_optset set;
	const struct ce_opt *own = p->opts != NULL ? p->opts : none;
	const char *why;
	int first;

	ce_name = p->name;
	ce_optset_add(&set, own);
	ce_optset_role(&set, p);
	if ((why = ce_optset_check(&set, own)) != NULL)
		ce_bug("%s", why);
	why = parse(&set, argc, argv, &first);
	if (why == NULL) {
		answer(&set, p);
		why = environment(&set, p->name);
	}
	if (why == NULL)
		why = required(&set);
	if (why == NULL)
		why = count(p, argc - first, argc > 0 ? argv[argc - 1] : "");
	if (why != NULL)
		ce_die(CE_USAGE, "%s (see %s --help)", why, p->name);
	secrets(&set);
	return first;
}
