/* cesqlfn.c -- the functions of CloudEvents SQL: which there are, numbers, casts
 *
 * A name may stand here several times, with different numbers of arguments.
 * SPDX-License-Identifier: Apache-2.0 */

#include <string.h>
#include "cesql_int.h"

static bool
absolute(struct ce_sql *q, const struct ce_sql_node *n, struct ce_event *ev, struct ce_sql_value *v)
{
	int32_t i = n->args[0].i;

	(void)ev;
	*v = ce_sql_integer(i == INT32_MIN ? INT32_MAX : i < 0 ? -i : i);
	if (i != INT32_MIN)
		return true;
	return ce_sql_fail(q, n, CE_SQL_MATH, "the result does not fit in 32 bits", v->s);
}

static bool
cast(struct ce_sql *q, const struct ce_sql_node *n, struct ce_event *ev, struct ce_sql_value *v)
{
	(void)ev;
	*v = n->args[0];
	return ce_sql_cast(q, n->kid[0], v, n->fn->returns);
}

static const struct ce_sql_fn functions[] = {
	{ "ABS", CE_SQL_INTEGER, "i", false, absolute },
	{ "BOOL", CE_SQL_BOOLEAN, "a", false, cast },
	{ "CONCAT", CE_SQL_STRING, "s", true, ce_sql_concat },
	{ "CONCAT_WS", CE_SQL_STRING, "ss", true, ce_sql_concat_ws },
	{ "DATA", CE_SQL_ANY, "s", false, ce_sql_data },
	{ "INT", CE_SQL_INTEGER, "a", false, cast },
	{ "LEFT", CE_SQL_STRING, "si", false, ce_sql_left },
	{ "LENGTH", CE_SQL_INTEGER, "s", false, ce_sql_length },
	{ "LOWER", CE_SQL_STRING, "s", false, ce_sql_lower },
	{ "RIGHT", CE_SQL_STRING, "si", false, ce_sql_right },
	{ "STRING", CE_SQL_STRING, "a", false, cast },
	{ "SUBSTRING", CE_SQL_STRING, "si", false, ce_sql_substring },
	{ "SUBSTRING", CE_SQL_STRING, "sii", false, ce_sql_substring },
	{ "TRIM", CE_SQL_STRING, "s", false, ce_sql_trim },
	{ "UPPER", CE_SQL_STRING, "s", false, ce_sql_upper },
};
#define FUNCTIONS (sizeof(functions) / sizeof(*functions))

const struct ce_sql_fn *
ce_sql_fn(struct ce_str name, int nargs)
{
	for (const struct ce_sql_fn *f = functions; f < functions + FUNCTIONS; f++) {
		int n = (int)strlen(f->params);

		if (ce_str_is(name, f->name) && (f->variadic ? nargs >= n - 1 : nargs == n))
			return f;
	}
	return NULL;
}

bool
ce_sql_fn_named(struct ce_str name)
{
	for (const struct ce_sql_fn *f = functions; f < functions + FUNCTIONS; f++)
		if (ce_str_is(name, f->name))
			return true;
	return false;
}
