/* opttable -- the options of the roles, and the check of all tables.
 *
 * An option of a role is spelled here once and means the same in sixty
 * programs; a program gets only those that it can honour.  Tables are checked
 * and not trusted: help, completions and man pages are made from them.
 *
 * SPDX-License-Identifier: Apache-2.0 */

#include <stdlib.h>
#include <string.h>
#include "opt.h"

#define SRC (1 << CE_SOURCE)
#define SINK (1 << CE_SINK)
#define FILTER (1 << CE_FILTER)
#define RELAY (1 << CE_RELAY)
#define TOOL (1 << CE_TOOL)
#define STAGE (SRC | SINK | FILTER | RELAY)
#define ANY (STAGE | TOOL)
#define DAY 86400000L
#define GIB (1L << 30)

struct ce_conf ce_conf = {
	.max_event = 16L << 20,
	.retries = -1,
	.backoff = 500,
	.backoff_max = 60000,
	.batch = 256,
	.inflight = 1,
	.open_bytes = (size_t)16 << 20,
	.timeout = 30000,
	.ack_sinks = 1,
	.ack_wait = 10000,
	.window = 65536,
	.commit_every = 1000,
};

static bool help, options, version;

/* Each belongs to programs of those roles that have all bits of uses and none
 * of unless; sorted by name. */
static const struct {
	int roles, uses, unless;
	struct ce_opt opt;
} table[] = {
	{ SRC | RELAY, CE_USE_COMMIT, 0, CE_CHOICE(0, "ack", &ce_conf.ack, "auto|require|none",
	    "whether to wait until a sink acknowledges") },
	{ SRC | RELAY, CE_USE_COMMIT, 0, CE_CHOICE(0, "ack-count", &ce_conf.ack_count, "order|exact",
	    "how acknowledgements are counted: exact where stages reorder events") },
	{ SRC | RELAY, CE_USE_COMMIT, 0, CE_NUM(0, "ack-sinks", &ce_conf.ack_sinks, "n", 1, 1000,
	    "sinks that must each finish an event") },
	{ SRC | RELAY, CE_USE_COMMIT, 0, CE_TIME(0, "ack-wait", &ce_conf.ack_wait, "time", 1, 7 * DAY,
	    "how long to wait for a first sink under --ack auto") },
	{ SINK, 0, 0, CE_TIME(0, "backoff", &ce_conf.backoff, "time", 1, DAY,
	    "first pause before a retry; doubles from then on") },
	{ SRC, CE_USE_AGAIN, 0, CE_TIME(0, "backoff", &ce_conf.backoff, "time", 1, DAY,
	    "first pause before a retry; doubles from then on") },
	{ SINK, 0, 0, CE_TIME(0, "backoff-max", &ce_conf.backoff_max, "time", 1, DAY,
	    "longest pause between retries") },
	{ SRC, CE_USE_AGAIN, 0, CE_TIME(0, "backoff-max", &ce_conf.backoff_max, "time", 1, DAY,
	    "longest pause between retries") },
	{ SINK, CE_USE_BATCH, 0, CE_NUM(0, "batch", &ce_conf.batch, "n", 1, 1000000,
	    "events delivered together at most") },
	{ SRC, CE_USE_COMMIT, CE_USE_LISTEN, CE_TIME(0, "commit-every", &ce_conf.commit_every,
	    "time", 1, DAY, "pause between two commits of the position") },
	{ RELAY, CE_USE_STATE, 0, CE_TIME(0, "commit-every", &ce_conf.commit_every,
	    "time", 1, DAY, "pause between two writes of the state") },
	{ SRC, 0, 0, CE_NUM(0, "count", &ce_conf.count, "n", 0, 0,
	    "stop after this many events; 0: never") },
	{ SINK | FILTER | RELAY, 0, 0, CE_STR(0, "dead-letter", &ce_conf.dead_letter, "file",
	    "append refused events to this file and go on") },
	{ SRC, CE_USE_DEAD, 0, CE_STR(0, "dead-letter", &ce_conf.dead_letter, "file",
	    "append refused input to this file and go on") },
	{ ANY, 0, 0, CE_FLAG('h', "help", &help, "print this help and exit") },
	{ SINK, CE_USE_INFLIGHT, 0, CE_NUM(0, "inflight", &ce_conf.inflight, "n", 1, 65536,
	    "events under way at the same time") },
	{ SINK, CE_USE_BATCH, 0, CE_TIME(0, "linger", &ce_conf.linger, "time", 0, DAY,
	    "how long to wait for a batch to fill") },
	{ STAGE, 0, 0, CE_SIZE(0, "max-event", &ce_conf.max_event, "size", 1024, GIB,
	    "longest event accepted") },
	{ TOOL, CE_USE_LINES, 0, CE_SIZE(0, "max-event", &ce_conf.max_event, "size", 1024, GIB,
	    "longest event accepted") },
	{ ANY, 0, 0, CE_FLAG(0, "options", &options, "print a table of all options and exit") },
	{ SINK, CE_USE_INFLIGHT, CE_USE_ORDER, CE_TEMPLATE(0, "order-by", &ce_conf.order_by, "template",
	    "keep the order of events that are alike in this") },
	{ ANY, 0, 0, CE_FLAG('q', "quiet", &ce_conf.quiet, "print no notes, only warnings") },
	{ SINK, 0, 0, CE_NUM(0, "retries", &ce_conf.retries, "n", -1, 1000000000,
	    "attempts after the first; -1: for ever") },
	{ SRC, CE_USE_AGAIN, 0, CE_NUM(0, "retries", &ce_conf.retries, "n", -1, 1000000000,
	    "attempts after the first; -1: for ever") },
	{ SRC, CE_USE_STATE, 0, CE_STR(0, "state", &ce_conf.state, "file",
	    "keep the position in this file and go on from there") },
	{ RELAY, CE_USE_STATE, 0, CE_STR(0, "state", &ce_conf.state, "file",
	    "keep in this file what is finished") },
	{ ANY, CE_USE_TIMEOUT, 0, CE_TIME(0, "timeout", &ce_conf.timeout, "time", 1, 7 * DAY,
	    "longest wait for an answer") },
	{ SRC, CE_USE_END, 0, CE_FLAG(0, "until-end", &ce_conf.until_end,
	    "stop at the end of what is there now") },
	{ ANY, 0, 0, CE_FLAG('v', "verbose", &ce_conf.verbose, "say more on standard error") },
	{ ANY, 0, 0, CE_FLAG(0, "version", &version, "print the version and exit") },
	{ SRC | RELAY, CE_USE_COMMIT, 0, CE_NUM(0, "window", &ce_conf.window, "n", 1, 1L << 24,
	    "unfinished events at most") },
};

int
ce_opt_asked(void)
{
	return help ? 'h' : options ? 'o' : version ? 'V' : 0;
}

bool
ce_opt_asks(const struct ce_opt *o)
{
	return o->kind == CE_K_FLAG &&
	    (o->to.flag == &help || o->to.flag == &options || o->to.flag == &version);
}

static void
add(struct ce_optset *s, const struct ce_opt *o)
{
	if (s->n == CE_OPTS_MAX)
		ce_bug("more than %d options", CE_OPTS_MAX);
	s->given[s->n] = false;
	s->opt[s->n++] = *o;
}

static const struct ce_opt *
group(const struct ce_opt *o)
{
	return (const struct ce_opt *)(const void *)o->to.str;
}

void
ce_optset_add(struct ce_optset *s, const struct ce_opt *t)
{
	for (; t->name != NULL || t->kind == CE_K_GROUP; t++) {
		if (t->kind == CE_K_GROUP)
			ce_optset_add(s, group(t));
		else
			add(s, t);
	}
	s->own = s->n;
}

/* An option of the program takes the place of the role's. */
static bool
name_taken(const struct ce_optset *s, const char *name)
{
	for (int i = 0; i < s->own; i++)
		if (strcmp(s->opt[i].name, name) == 0)
			return true;
	return false;
}

static bool
letter_taken(const struct ce_optset *s, char letter)
{
	for (int i = 0; i < s->own; i++)
		if (s->opt[i].letter == letter)
			return true;
	return false;
}

void
ce_optset_role(struct ce_optset *s, const struct ce_program *p)
{
	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
		if ((table[i].roles & 1 << p->role) == 0 || (table[i].unless & p->uses) != 0 ||
		    (table[i].uses & p->uses) != table[i].uses ||
		    name_taken(s, table[i].opt.name))
			continue;
		add(s, &table[i].opt);
		if (letter_taken(s, s->opt[s->n - 1].letter))
			s->opt[s->n - 1].letter = 0;
	}
}

static const char *
check_one(const struct ce_opt *o)
{
	const char *h = o->help;

	if (o->name[strspn(o->name, "abcdefghijklmnopqrstuvwxyz0123456789-")] != '\0' ||
	    *o->name == '-' || *o->name == '\0')
		return "has an illegal name";
	if (o->to.flag == NULL)
		return "has no variable";
	if (h == NULL || *h == '\0')
		return "has no help";
	if (h[strlen(h) - 1] == '.')
		return "has a full stop behind its help";
	if (*h >= 'A' && *h <= 'Z' && !(h[1] >= 'A' && h[1] <= 'Z'))
		return "has a capital letter before its help";
	if (strpbrk(h, "\t\n") != NULL || (o->arg != NULL && strpbrk(o->arg, "\t\n") != NULL))
		return "has a tab or newline that --options cannot print";
	if ((o->kind == CE_K_FLAG) != (o->arg == NULL))
		return o->arg == NULL ? "has no name for its argument" : "is a flag with an argument";
	if (o->kind == CE_K_CHOICE && strchr(o->arg, '|') == NULL)
		return "is a choice of one";
	if (o->kind == CE_K_FLAG && o->required)
		return "is a required flag";
	return NULL;
}

static const char *
check_sorted(const struct ce_opt *t)
{
	const char *before = "", *why;

	for (; t->name != NULL || t->kind == CE_K_GROUP; t++) {
		if (t->kind == CE_K_GROUP) {
			if ((why = check_sorted(group(t))) != NULL)
				return why;
		} else if (strcmp(before, t->name) > 0)
			return ce_opt_wrong("option --%s comes after --%s", t->name, before);
		else
			before = t->name;
	}
	return NULL;
}

const char *
ce_optset_check(const struct ce_optset *s, const struct ce_opt *own)
{
	const char *why;

	for (int i = 0; i < s->n; i++) {
		if ((why = check_one(&s->opt[i])) != NULL)
			return ce_opt_wrong("option --%s %s", s->opt[i].name, why);
		for (int j = 0; j < i; j++) {
			if (strcmp(s->opt[i].name, s->opt[j].name) == 0)
				return ce_opt_wrong("option --%s is there twice", s->opt[i].name);
			if (s->opt[i].letter != 0 && s->opt[i].letter == s->opt[j].letter)
				return ce_opt_wrong("option -%c is there twice", s->opt[i].letter);
		}
	}
	return check_sorted(own);
}
