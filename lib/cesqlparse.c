/* cesqlparse.c -- CloudEvents SQL: from words to a tree
 *
 * Precedence climbing.  NOT and minus bind tightest, as the text of the standard
 * has it; AND, OR and XOR are of one level and go from left to right.
 * SPDX-License-Identifier: Apache-2.0 */

#include <stdio.h>
#include <string.h>
#include "scan.h"
#include "cesql_int.h"

enum { LOGIC, COMPARE, ADD, MULTIPLY, IN, LIKE }; /* as ce_sql_level, and above it */

struct parser {
	struct ce_sql *q;
	struct ce_sql_lex lex;
	struct ce_buf *why;
	int depth;
};

static struct ce_sql_node *expression(struct parser *p, int lowest);

static struct ce_sql_node *
fail_at(struct parser *p, size_t at, const char *expected)
{
	ce_sql_where(p->why, p->lex.text, p->lex.len, at, expected);
	return NULL;
}

/* At the token that should not be there. */
static struct ce_sql_node *
fail(struct parser *p, const char *expected)
{
	if (p->lex.token == CE_SQL_T_WRONG)
		expected = p->lex.wrong;
	return fail_at(p, p->lex.start, expected);
}

static struct ce_sql_node *
node(struct parser *p, enum ce_sql_kind kind, int type, size_t at)
{
	struct ce_sql_node *n = CE_NEW(struct ce_sql_node);

	n->kind = kind;
	n->type = type;
	n->at = at;
	n->next = p->q->all;
	p->q->all = n;
	return n;
}

/* NULL: too deep. */
static struct ce_sql_node *
adopt(struct parser *p, struct ce_sql_node *n, struct ce_sql_node *kid, enum ce_sql_op op)
{
	if ((n->n & (n->n - 1)) == 0) { /* room for the next power of two */
		size_t room = n->n > 0 ? 2 * (size_t)n->n : 1;

		n->kid = ce_realloc(n->kid, room * sizeof(*n->kid));
		n->op = ce_realloc(n->op, room);
	}
	n->op[n->n] = (uint8_t)op;
	n->kid[n->n++] = kid;
	if (n->depth <= kid->depth)
		n->depth = kid->depth + 1;
	if (n->depth > CE_SQL_DEPTH)
		return fail_at(p, n->at, "nested too deeply");
	return n;
}

static struct ce_sql_node *
literal(struct parser *p, struct ce_sql_value v, size_t at)
{
	struct ce_sql_node *n = node(p, CE_SQL_LITERAL, (int)v.type, at);

	n->value = v;
	ce_sql_next(&p->lex);
	return n;
}

static void
text(struct parser *p, struct ce_sql_node *n)
{
	n->own = ce_alloc(p->lex.at - p->lex.start + 1);
	n->value = ce_sql_string(n->own, ce_sql_unquote(&p->lex, n->own));
}

static struct ce_sql_node *
number(struct parser *p, size_t at)
{
	bool negative = p->lex.text[at] == '-';
	int64_t v = 0;

	for (size_t i = p->lex.start; i < p->lex.at; i++)
		if (v <= INT32_MAX)
			v = v * 10 + (p->lex.text[i] - '0');
	if (v - negative > INT32_MAX)
		return fail_at(p, at, "an Integer is from -2147483648 to 2147483647");
	return literal(p, ce_sql_integer((int32_t)(negative ? -v : v)), at);
}

/* In one case, terminated. */
static void
name(struct parser *p, struct ce_sql_node *n, bool upper)
{
	size_t len = p->lex.at - p->lex.start;
	char *s = n->own = ce_strndup(p->lex.text + p->lex.start, len);

	for (size_t i = 0; i < len; i++) {
		if (upper && s[i] >= 'a' && s[i] <= 'z')
			s[i] = (char)(s[i] - 'a' + 'A');
		if (!upper && s[i] >= 'A' && s[i] <= 'Z')
			s[i] = (char)(s[i] - 'A' + 'a');
	}
	n->value.s = (struct ce_str){ s, len };
}

static struct ce_sql_node *
attribute(struct parser *p, enum ce_sql_kind kind, int type, size_t at)
{
	struct ce_sql_node *n;

	if (memchr(p->lex.text + p->lex.start, '_', p->lex.at - p->lex.start) != NULL)
		return fail(p, "attributes have letters and digits in their names only; "
		    "a function is followed by (");
	n = node(p, kind, type, at);
	name(p, n, false);
	n->which = ce_at_find(n->value.s);
	ce_sql_next(&p->lex);
	return n;
}

/* Expressions between commas, up to the bracket that closes; open is where the
 * one before them stands. */
static struct ce_sql_node *
list(struct parser *p, struct ce_sql_node *n, size_t open)
{
	struct ce_sql_node *kid;
	char what[80];

	for (;;) {
		if ((kid = expression(p, LOGIC)) == NULL || adopt(p, n, kid, 0) == NULL)
			return NULL;
		if (p->lex.token == CE_SQL_T_CLOSE)
			break;
		if (p->lex.token != CE_SQL_T_COMMA) {
			unsigned long line, column;

			ce_sql_place(p->lex.text, open, &line, &column);
			snprintf(what, sizeof(what), "expected , or ) for the ( of line %lu, column %lu",
			    line, column);
			return fail(p, what);
		}
		ce_sql_next(&p->lex);
	}
	ce_sql_next(&p->lex);
	return n;
}

/* What can be said now and not at each event. */
static struct ce_sql_node *
check_call(struct parser *p, struct ce_sql_node *n)
{
	struct ce_sql_node *kid = n->n > 0 ? n->kid[0] : NULL;
	const char *why;

	if (n->fn != NULL && n->fn->run == ce_sql_data && kid->kind == CE_SQL_LITERAL &&
	    kid->type == CE_SQL_STRING && (why = ce_json_pointer_check(kid->value.s)) != NULL)
		return fail_at(p, kid->at, why);
	return n;
}

static struct ce_sql_node *
call(struct parser *p)
{
	struct ce_sql_node *n;
	size_t open;

	for (size_t i = p->lex.start; i < p->lex.at; i++)
		if (p->lex.text[i] >= '0' && p->lex.text[i] <= '9')
			return fail(p, "functions have letters and _ in their names only");
	n = node(p, CE_SQL_CALL, CE_SQL_BOOLEAN, p->lex.start);
	name(p, n, true);
	ce_sql_next(&p->lex);
	open = p->lex.start;
	ce_sql_next(&p->lex);
	if (p->lex.token == CE_SQL_T_CLOSE)
		ce_sql_next(&p->lex);
	else if (list(p, n, open) == NULL)
		return NULL;
	if ((n->fn = ce_sql_fn(n->value.s, n->n)) != NULL) {
		n->type = n->fn->returns;
		n->args = ce_alloc(((size_t)n->n + 1) * sizeof(*n->args));
	}
	return check_call(p, n);
}

static bool
calls(const struct parser *p)
{
	struct ce_sql_lex ahead = p->lex;

	if (p->lex.text[p->lex.start] >= '0' && p->lex.text[p->lex.start] <= '9')
		return false;
	ce_sql_next(&ahead);
	return ahead.token == CE_SQL_T_OPEN;
}

static struct ce_sql_node *
bracket(struct parser *p)
{
	size_t open = p->lex.start;
	unsigned long line, column;
	struct ce_sql_node *n;
	char what[80];

	ce_sql_next(&p->lex);
	if ((n = expression(p, LOGIC)) == NULL)
		return NULL;
	if (p->lex.token != CE_SQL_T_CLOSE) {
		ce_sql_place(p->lex.text, open, &line, &column);
		snprintf(what, sizeof(what), "expected an operator, or ) for the ( of line %lu, column %lu",
		    line, column);
		return fail(p, what);
	}
	ce_sql_next(&p->lex);
	return n;
}

static struct ce_sql_node *operand(struct parser *p);

static struct ce_sql_node *
unary(struct parser *p, enum ce_sql_kind kind, int type)
{
	struct ce_sql_node *n = node(p, kind, type, p->lex.start), *kid;

	ce_sql_next(&p->lex);
	kid = operand(p);
	return kid == NULL ? NULL : adopt(p, n, kid, 0);
}

static struct ce_sql_node *
one(struct parser *p)
{
	size_t at = p->lex.start;
	struct ce_sql_node *n;

	switch (p->lex.token) {
	case CE_SQL_T_OPEN:
		return bracket(p);
	case CE_SQL_T_NOT:
		return unary(p, CE_SQL_NOT, CE_SQL_BOOLEAN);
	case CE_SQL_T_EXISTS:
		ce_sql_next(&p->lex);
		if (p->lex.token != CE_SQL_T_WORD && p->lex.token != CE_SQL_T_NUMBER)
			return fail(p, "expected the name of an attribute behind EXISTS");
		return attribute(p, CE_SQL_EXISTS, CE_SQL_BOOLEAN, at);
	case CE_SQL_T_TRUE: case CE_SQL_T_FALSE:
		return literal(p, ce_sql_boolean(p->lex.token == CE_SQL_T_TRUE), at);
	case CE_SQL_T_TEXT:
		text(p, n = node(p, CE_SQL_LITERAL, CE_SQL_STRING, at));
		ce_sql_next(&p->lex);
		return n;
	case CE_SQL_T_NUMBER:
		return number(p, at);
	case CE_SQL_T_WORD:
		return calls(p) ? call(p) : attribute(p, CE_SQL_ATTRIBUTE, CE_SQL_ANY, at);
	case CE_SQL_T_OP:
		if ((p->lex.op == CE_SQL_ADD || p->lex.op == CE_SQL_SUB) && ce_sql_signed(&p->lex)) {
			ce_sql_next(&p->lex);
			return number(p, at);
		}
		if (p->lex.op == CE_SQL_SUB)
			return unary(p, CE_SQL_MINUS, CE_SQL_INTEGER);
		/* fallthrough */
	default:
		return fail(p, "expected a value: an attribute, a literal, a function or (");
	}
}

static struct ce_sql_node *
operand(struct parser *p)
{
	struct ce_sql_node *n;

	if (++p->depth > CE_SQL_DEPTH)
		return fail(p, "nested too deeply");
	n = one(p);
	p->depth--;
	return n;
}

static struct ce_sql_node *
like(struct parser *p, struct ce_sql_node *left, bool negated)
{
	struct ce_sql_node *n = node(p, CE_SQL_LIKE, CE_SQL_BOOLEAN, p->lex.start);

	n->negated = negated;
	ce_sql_next(&p->lex);
	if (p->lex.token != CE_SQL_T_TEXT)
		return fail(p, "expected a pattern behind LIKE: a text in quotes");
	text(p, n);
	n->like = ce_sql_like_new(n->value.s);
	ce_sql_next(&p->lex);
	return adopt(p, n, left, 0);
}

/* kid[0] is the left side. */
static struct ce_sql_node *
in(struct parser *p, struct ce_sql_node *left, bool negated)
{
	struct ce_sql_node *n = node(p, CE_SQL_IN, CE_SQL_BOOLEAN, p->lex.start);
	size_t open;

	n->negated = negated;
	if (adopt(p, n, left, 0) == NULL)
		return NULL;
	ce_sql_next(&p->lex);
	open = p->lex.start;
	if (p->lex.token != CE_SQL_T_OPEN)
		return fail(p, "expected ( and a list of values behind IN");
	ce_sql_next(&p->lex);
	return list(p, n, open);
}

/* LIKE, IN, or NOT before one of them; *n stays where there is none. */
static bool
suffix(struct parser *p, int lowest, struct ce_sql_node **n)
{
	struct ce_sql_lex ahead = p->lex;
	bool negated = p->lex.token == CE_SQL_T_NOT;

	if (negated)
		ce_sql_next(&ahead);
	if (!(ahead.token == CE_SQL_T_LIKE && lowest <= LIKE) &&
	    !(ahead.token == CE_SQL_T_IN && lowest <= IN))
		return false;
	p->lex = ahead;
	*n = ahead.token == CE_SQL_T_LIKE ? like(p, *n, negated) : in(p, *n, negated);
	return true;
}

/* Operators of one level behind left, from left to right. */
static struct ce_sql_node *
chain(struct parser *p, struct ce_sql_node *left, int level)
{
	struct ce_sql_node *n = node(p, CE_SQL_CHAIN, level >= ADD ? CE_SQL_INTEGER : CE_SQL_BOOLEAN,
	    p->lex.start);

	if (adopt(p, n, left, 0) == NULL)
		return NULL;
	while (p->lex.token == CE_SQL_T_OP && ce_sql_level(p->lex.op) == level) {
		enum ce_sql_op op = p->lex.op;
		struct ce_sql_node *right;

		ce_sql_next(&p->lex);
		if ((right = expression(p, level + 1)) == NULL || adopt(p, n, right, op) == NULL)
			return NULL;
	}
	n->plain = n->n == 2 && (n->op[1] == CE_SQL_EQ || n->op[1] == CE_SQL_NE) &&
	    left->kind == CE_SQL_ATTRIBUTE && n->kid[1]->kind == CE_SQL_LITERAL &&
	    n->kid[1]->type == CE_SQL_STRING;
	return n;
}

static struct ce_sql_node *
expression(struct parser *p, int lowest)
{
	struct ce_sql_node *n = operand(p);

	while (n != NULL) {
		if (suffix(p, lowest, &n))
			continue;
		if (p->lex.token != CE_SQL_T_OP || ce_sql_level(p->lex.op) < lowest)
			break;
		n = chain(p, n, ce_sql_level(p->lex.op));
	}
	return n;
}

struct ce_sql_node *
ce_sql_parse(struct ce_sql *q, size_t len, struct ce_buf *why)
{
	struct parser p = { .q = q, .why = why, .lex = { .text = q->text, .len = len } };
	struct ce_sql_node *n;

	ce_sql_next(&p.lex);
	if (p.lex.token == CE_SQL_T_END)
		return fail(&p, "expected an expression, there is nothing");
	if ((n = expression(&p, LOGIC)) == NULL)
		return NULL;
	return p.lex.token == CE_SQL_T_END ? n : fail(&p, p.lex.token == CE_SQL_T_CLOSE ?
	    "no ( is open for this" : "expected an operator or the end");
}
