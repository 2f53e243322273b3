/* rule.c -- what an event must meet
 * SPDX-License-Identifier: Apache-2.0 */

#include <string.h>
#include "rule.h"

static const char *const names[] = { "all", "any", "not", "exact", "prefix", "suffix", "sql" };

struct rule *
rule_new(enum rule_kind kind)
{
	struct rule *r = CE_NEW(struct rule);

	r->kind = kind;
	return r;
}

void
rule_add(struct rule *parent, struct rule *kid)
{
	parent->kid = ce_realloc(parent->kid, ((size_t)parent->n + 1) * sizeof(*parent->kid));
	parent->kid[parent->n++] = kid;
}

struct rule *
rule_attribute(enum rule_kind kind, struct ce_str name, const char *value, const char **why)
{
	struct rule *r;

	*why = ce_check_name(name);
	if (*why == NULL && ce_str_is(name, "ackto"))
		*why = "ackto is not the event's own";
	if (*why == NULL && *value == '\0')
		*why = "its value must not be empty";
	if (*why != NULL)
		return NULL;
	r = rule_new(kind);
	r->name = ce_strndup(name.p, name.len);
	r->value = ce_strdup(value);
	r->len = strlen(value);
	return r;
}

struct rule *
rule_sql(struct ce_sql *q)
{
	struct rule *r = rule_new(RULE_SQL);

	r->sql = q;
	return r;
}

static bool
attribute_holds(const struct rule *r, struct ce_event *ev)
{
	struct ce_str v;

	if (!ce_get(ev, r->name, &v) || v.len < r->len || (r->kind == RULE_EXACT && v.len > r->len))
		return false;
	return memcmp(r->kind == RULE_SUFFIX ? v.p + v.len - r->len : v.p, r->value, r->len) == 0;
}

bool
rule_holds(const struct rule *r, struct ce_event *ev,
    void (*error)(struct ce_sql *q, unsigned errors, struct ce_event *ev))
{
	unsigned errors;
	bool holds;

	switch (r->kind) {
	case RULE_NOT:
		return !rule_holds(r->kid[0], ev, error);
	case RULE_ALL: case RULE_ANY:
		for (int i = 0; i < r->n; i++)
			if (rule_holds(r->kid[i], ev, error) == (r->kind == RULE_ANY))
				return r->kind == RULE_ANY;
		return r->kind == RULE_ALL;
	case RULE_SQL:
		holds = ce_sql_holds(r->sql, ev, &errors);
		if (errors != 0)
			error(r->sql, errors, ev);
		return holds;
	default:
		return attribute_holds(r, ev);
	}
}

void
rule_explain(const struct rule *r, int depth, struct ce_buf *out)
{
	if (r->kind == RULE_ALL && r->n == 1) {
		rule_explain(r->kid[0], depth, out);
		return;
	}
	if (r->kind == RULE_SQL && depth == 0) {
		ce_sql_explain(r->sql, out);
		return;
	}
	ce_buf_printf(out, "%*s%s", 2 * depth, "", names[r->kind]);
	if (r->name != NULL) {
		ce_buf_printf(out, " %s \"", r->name);
		ce_buf_visible(out, r->value, r->len, SIZE_MAX);
		ce_buf_putc(out, '"');
	}
	ce_buf_putc(out, '\n');
	if (r->kind == RULE_SQL) {
		struct ce_buf tree = { 0 };
		char *p, *nl;

		ce_sql_explain(r->sql, &tree);
		for (p = tree.p; (nl = strchr(p, '\n')) != NULL; p = nl + 1)
			ce_buf_printf(out, "%*s%.*s\n", 2 * depth + 2, "", (int)(nl - p), p);
		ce_buf_free(&tree);
	}
	for (int i = 0; i < r->n; i++)
		rule_explain(r->kid[i], depth + 1, out);
}
