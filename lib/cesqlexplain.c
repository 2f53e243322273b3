/* cesqlexplain.c -- what a CloudEvents SQL expression was understood to be
 *
 * A node a line, what it is made of below it, two columns to the right; casts
 * that the standard puts in are lines, too.
 * SPDX-License-Identifier: Apache-2.0 */

#include <string.h>
#include "cesql_int.h"

#define MARGIN 200 /* no deeper on paper */

static void show(const struct ce_sql_node *n, int depth, struct ce_buf *out);

static void
indent(struct ce_buf *out, int depth)
{
	ce_buf_printf(out, "%*s", 2 * depth < MARGIN ? 2 * depth : MARGIN, "");
}

static const char *
type_name(int type)
{
	static const char *const names[] = { "Boolean", "Integer", "String", "as the event has it" };

	return names[type];
}

static void
line(struct ce_buf *out, int depth, const char *text, int type)
{
	indent(out, depth);
	ce_buf_printf(out, "%s: %s\n", text, type_name(type));
}

/* The operand of something that wants a type; ANY takes all. */
static void
operand(const struct ce_sql_node *n, int type, int depth, struct ce_buf *out)
{
	if (type == CE_SQL_ANY || n->type == type) {
		show(n, depth, out);
		return;
	}
	line(out, depth, "cast", type);
	show(n, depth + 1, out);
}

/* What an operator's left side is cast to; that of = is the type of the right. */
static int
wants(enum ce_sql_op op, const struct ce_sql_node *right)
{
	if (op == CE_SQL_EQ || op == CE_SQL_NE)
		return right->type;
	return op <= CE_SQL_XOR ? CE_SQL_BOOLEAN : CE_SQL_INTEGER;
}

static const char *
op_of(const struct ce_sql_node *n, int i)
{
	return ce_sql_op_name((enum ce_sql_op)n->op[i]);
}

/* The chain a - b - c + d is ((a - b) - c) + d: runs of one operator are one
 * line, the last run outermost.  Comparisons are never runs, (a = b) = c is not
 * a = b = c. */
static bool
new_run(const struct ce_sql_node *n, int i)
{
	return i == 1 || n->op[i] != n->op[i - 1] || ce_sql_level((enum ce_sql_op)n->op[i]) == 1;
}

static void
chain(const struct ce_sql_node *n, int depth, struct ce_buf *out)
{
	int runs = 0;

	for (int i = n->n - 1; i > 0; i--)
		if (new_run(n, i))
			line(out, depth + runs++, op_of(n, i), n->type);
	for (int i = 1; i < n->n; i++) {
		enum ce_sql_op op = (enum ce_sql_op)n->op[i];

		if (i == 1)
			operand(n->kid[0], wants(op, n->kid[1]), depth + runs, out);
		if (new_run(n, i) && i > 1)
			runs--;
		operand(n->kid[i], wants(op, n->kid[i]), depth + runs, out);
	}
}

static void
value(const struct ce_sql_node *n, struct ce_buf *out)
{
	if (n->type == CE_SQL_BOOLEAN)
		ce_buf_puts(out, n->value.i ? "true" : "false");
	else if (n->type == CE_SQL_INTEGER)
		ce_buf_printf(out, "%d", (int)n->value.i);
	else {
		ce_buf_putc(out, '"');
		ce_buf_visible(out, n->value.s.p, n->value.s.len, SIZE_MAX);
		ce_buf_putc(out, '"');
	}
}

static void
call(const struct ce_sql_node *n, int depth, struct ce_buf *out)
{
	const char *p = n->fn != NULL ? n->fn->params : "a";

	indent(out, depth);
	ce_buf_printf(out, "%s: %s%s\n", n->value.s.p, type_name(n->type),
	    n->fn == NULL ? ", there is no such function" : "");
	for (int i = 0; i < n->n; i++) {
		operand(n->kid[i], *p == 's' ? CE_SQL_STRING : *p == 'i' ? CE_SQL_INTEGER : CE_SQL_ANY,
		    depth + 1, out);
		p += p[1] != '\0';
	}
}

static void
with_text(const struct ce_sql_node *n, const char *what, int depth, struct ce_buf *out)
{
	indent(out, depth);
	ce_buf_printf(out, "%s%s \"", n->negated ? "NOT " : "", what);
	ce_buf_visible(out, n->value.s.p, n->value.s.len, SIZE_MAX);
	ce_buf_puts(out, "\": Boolean\n");
}

static void
show(const struct ce_sql_node *n, int depth, struct ce_buf *out)
{
	switch (n->kind) {
	case CE_SQL_LITERAL:
		indent(out, depth);
		value(n, out);
		ce_buf_printf(out, ": %s\n", type_name(n->type));
		break;
	case CE_SQL_ATTRIBUTE:
		indent(out, depth);
		ce_buf_printf(out, "attribute %s: %s\n", n->value.s.p, type_name(n->type));
		break;
	case CE_SQL_EXISTS:
		indent(out, depth);
		ce_buf_printf(out, "EXISTS %s: Boolean\n", n->value.s.p);
		break;
	case CE_SQL_NOT: case CE_SQL_MINUS:
		line(out, depth, n->kind == CE_SQL_NOT ? "NOT" : "minus", n->type);
		operand(n->kid[0], n->type, depth + 1, out);
		break;
	case CE_SQL_LIKE:
		with_text(n, "LIKE", depth, out);
		operand(n->kid[0], CE_SQL_STRING, depth + 1, out);
		break;
	case CE_SQL_IN:
		line(out, depth, n->negated ? "NOT IN" : "IN", n->type);
		for (int i = 0; i < n->n; i++)
			operand(n->kid[i], i > 0 ? n->kid[0]->type : CE_SQL_ANY, depth + 1, out);
		break;
	case CE_SQL_CHAIN:
		chain(n, depth, out);
		break;
	case CE_SQL_CALL:
		call(n, depth, out);
	}
}

void
ce_sql_explain(const struct ce_sql *q, struct ce_buf *out)
{
	show(q->root, 0, out);
}
