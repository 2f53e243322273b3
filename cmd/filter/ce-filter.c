/* ce-filter -- pass the events that meet a condition.
 *
 * What passes leaves byte for byte as it came; what does not is told to the source
 * by the library, or it would come again.
 * SPDX-License-Identifier: Apache-2.0 */

#include <stdio.h>
#include <string.h>
#include "rule.h"

enum { DROP, PASS, DEAD };
static const char *dialect;
static struct ce_list exact, prefix, suffix;
static bool explain, invert;
static int on_error;

static const struct ce_opt opts[] = {
	CE_STR(0, "dialect", &dialect, "file", "filters in JSON, as the Subscriptions API has them"),
	CE_LIST(0, "exact", &exact, "name=value", "the attribute must be this"),
	CE_FLAG(0, "explain", &explain, "print what the expression was understood to be and exit"),
	CE_FLAG('v', "invert", &invert, "pass the events that do not meet the condition"),
	CE_CHOICE(0, "on-error", &on_error, "drop|pass|dead", "what becomes of an event on an error"),
	CE_LIST(0, "prefix", &prefix, "name=value", "the attribute must begin with this"),
	CE_LIST(0, "suffix", &suffix, "name=value", "the attribute must end with this"),
	CE_END
};

static const struct ce_program program = {
	"ce-filter", "pass events that meet a condition", CE_FILTER, opts, "[EXPRESSION]", 0, 1, 0
};

static void
add_list(struct rule *all, enum rule_kind kind, const char *option, const struct ce_list *l)
{
	for (int i = 0; i < l->n; i++) {
		const char *name = l->v[i], *value = strchr(name, '='), *why = "must be NAME=VALUE";
		struct rule *r = NULL;

		if (value != NULL)
			r = rule_attribute(kind, (struct ce_str){ name, (size_t)(value - name) },
			    value + 1, &why);
		if (r == NULL)
			ce_die(CE_USAGE, "--%s %s: %s", option, name, why);
		rule_add(all, r);
	}
}

static struct rule *
condition(const char *expression)
{
	struct rule *all = rule_new(RULE_ALL);
	struct ce_sql *q;

	add_list(all, RULE_EXACT, "exact", &exact);
	add_list(all, RULE_PREFIX, "prefix", &prefix);
	add_list(all, RULE_SUFFIX, "suffix", &suffix);
	if (dialect != NULL)
		rule_add(all, dialect_read(dialect));
	if (expression != NULL) {
		rule_add(all, rule_sql(q = ce_sql_need("the expression", expression)));
		if (ce_sql_never_boolean(q) && !explain)
			ce_warn("the expression is never a Boolean, so it is an error for every event");
	}
	if (all->n == 0)
		ce_die(CE_USAGE, "an expression is missing, or --dialect, --exact, --prefix, --suffix");
	return all;
}

static int
print(const struct rule *r)
{
	struct ce_buf out = { 0 };

	rule_explain(r, 0, &out);
	if (fwrite(out.p, 1, out.len, stdout) != out.len || fflush(stdout) != 0)
		ce_die(CE_IOERR, "cannot write standard output: %m");
	ce_buf_free(&out);
	return CE_OK;
}

static bool failed; /* the event at hand, in some expression */

/* Said once for each kind; for a dead letter the first one is the reason. */
static void
error(struct ce_sql *q, unsigned errors, struct ce_event *ev)
{
	static const char *const what[] = { "dropped", "passed", "refused" };
	static unsigned said;
	struct ce_str id = { "", 0 };

	if (on_error == DEAD && !failed)
		ce_never("%s: %s", ce_sql_error_name(errors), ce_sql_reason(q, errors & -errors));
	failed = true;
	for (unsigned bit = 1; bit < CE_SQL_ALL; bit <<= 1) {
		if ((errors & ~said & bit) == 0)
			continue;
		said |= bit;
		ce_attr(ev, CE_AT_ID, &id);
		ce_warn("event %.*s: %s: %s (%s; not said again for this kind)",
		    (int)(id.len < 80 ? id.len : 80), id.p, ce_sql_error_name(bit),
		    ce_sql_reason(q, bit), what[on_error]);
	}
}

int
main(int argc, char *argv[])
{
	static struct rule *r;
	int first = ce_start(argc, argv, &program);
	struct ce_event *ev;

	r = condition(argv[first]);
	if (explain)
		return print(r);
	if (on_error == DEAD && ce_conf.dead_letter == NULL)
		ce_die(CE_USAGE, "--on-error dead needs --dead-letter");
	while ((ev = ce_next()) != NULL) {
		bool holds;

		failed = false;
		holds = rule_holds(r, ev, error);
		if (failed && !holds && on_error == DEAD)
			ce_settle(ev, CE_NEVER);
		else if (failed && !holds ? on_error == PASS : holds != invert)
			ce_pass(ev);
		else
			ce_drop(ev);
	}
	return ce_finish();
}
