/* cesqleval.c -- CloudEvents SQL: the value of a tree for an event
 *
 * An operand with an error makes its operator give the zero value, with that
 * error; the other operands are looked at nevertheless, for their errors.
 * SPDX-License-Identifier: Apache-2.0 */

#include <string.h>
#include "scan.h"
#include "cesql_int.h"

bool
ce_sql_fail(struct ce_sql *q, const struct ce_sql_node *n, unsigned error, const char *what,
    struct ce_str value)
{
	if ((q->errors & error) == 0)
		q->first[__builtin_ctz(error)] = (struct ce_sql_fault){ n, what, value };
	q->errors |= error;
	return false;
}

/* ---- casts ---- */

static bool
integer(struct ce_str s, int32_t *to)
{
	bool negative = s.len > 0 && *s.p == '-';
	size_t i = s.len > 0 && (*s.p == '-' || *s.p == '+');
	int64_t v = 0;

	if (i == s.len)
		return false;
	for (; i < s.len; i++) {
		if (s.p[i] < '0' || s.p[i] > '9')
			return false;
		if (v <= INT32_MAX)
			v = v * 10 + (s.p[i] - '0');
	}
	if (v - negative > INT32_MAX)
		return false;
	*to = (int32_t)(negative ? -v : v);
	return true;
}

static bool
to_string(struct ce_sql *q, const struct ce_sql_node *n, struct ce_sql_value *v)
{
	char *p, *end;
	uint32_t u = v->i < 0 ? 0u - (uint32_t)v->i : (uint32_t)v->i;
	bool negative = v->i < 0;

	if (v->type == CE_SQL_BOOLEAN) {
		*v = v->i ? ce_sql_string("true", 4) : ce_sql_string("false", 5);
		return true;
	}
	*v = ce_sql_zero(CE_SQL_STRING);
	if ((p = ce_sql_room(q, 11)) == NULL)
		return ce_sql_fail(q, n, CE_SQL_GENERIC, "too many strings", v->s);
	end = p + 11;
	p = end;
	do
		*--p = (char)('0' + u % 10);
	while ((u /= 10) > 0);
	if (negative)
		*--p = '-';
	*v = ce_sql_string(p, (size_t)(end - p));
	return true;
}

bool
ce_sql_cast(struct ce_sql *q, const struct ce_sql_node *n, struct ce_sql_value *v, int type)
{
	struct ce_str s = v->s;
	int32_t i = 0;

	if (type == (int)v->type || type == CE_SQL_ANY)
		return true;
	if (type == CE_SQL_STRING)
		return to_string(q, n, v);
	if (v->type != CE_SQL_STRING) {
		*v = type == CE_SQL_BOOLEAN ? ce_sql_boolean(v->i != 0) : ce_sql_integer(v->i);
		return true;
	}
	*v = ce_sql_zero(type);
	if (type == CE_SQL_BOOLEAN && (ce_str_like(s, "true") || ce_str_like(s, "false"))) {
		v->i = s.len == 4;
		return true;
	}
	if (type == CE_SQL_INTEGER && integer(s, &i)) {
		v->i = i;
		return true;
	}
	return ce_sql_fail(q, n, CE_SQL_CAST, type == CE_SQL_BOOLEAN ? "is no Boolean" : "is no Integer", s);
}

static bool
value_as(struct ce_sql *q, const struct ce_sql_node *n, struct ce_event *ev,
    struct ce_sql_value *v, int type)
{
	if (ce_sql_value(q, n, ev, v))
		return ce_sql_cast(q, n, v, type);
	*v = ce_sql_zero(type);
	return false;
}

/* ---- attributes ---- */

/* The member that is this attribute; -1: there is none. */
static int
member(const struct ce_sql_node *n, const struct ce_event *ev)
{
	int i;

	if (n->which >= 0) /* data is no attribute, ackto not the event's own */
		return n->which >= CE_AT_DATA ? -1 : ev->at[n->which];
	for (i = ev->nmembers - 1; i >= 0; i--) {
		struct ce_str s = ce_view_name(ev, i);

		if (s.len == n->value.s.len && memcmp(s.p, n->value.s.p, s.len) == 0)
			break;
	}
	return i >= 0 && ev->members[i].kind == CE_JNULL ? -1 : i;
}

static bool
attribute(struct ce_sql *q, const struct ce_sql_node *n, struct ce_event *ev, struct ce_sql_value *v)
{
	int i = member(n, ev);
	struct ce_str s;

	if (i < 0) {
		*v = ce_sql_zero(CE_SQL_ANY);
		return ce_sql_fail(q, n, CE_SQL_MISSING_ATTRIBUTE, "the event has no attribute", n->value.s);
	}
	s = ce_view_value(ev, i);
	switch (ev->members[i].kind) {
	case CE_JBOOL:
		*v = ce_sql_boolean(*s.p == 't');
		break;
	case CE_JNUMBER:
		*v = ce_sql_integer(0);
		integer(s, &v->i); /* checked by the parse of the event */
		break;
	default:
		*v = (struct ce_sql_value){ CE_SQL_STRING, 0, s };
	}
	return true;
}

/* ---- operators ---- */

static bool
equal(const struct ce_sql_value *a, const struct ce_sql_value *b)
{
	if (a->type != CE_SQL_STRING)
		return a->i == b->i;
	return a->s.len == b->s.len && memcmp(a->s.p, b->s.p, a->s.len) == 0;
}

/* op is from ADD on. */
static bool
arithmetic(struct ce_sql *q, const struct ce_sql_node *n, enum ce_sql_op op, struct ce_sql_value *v,
    int32_t right)
{
	int64_t a = v->i, b = right;

	v->i = 0;
	if ((op == CE_SQL_DIV || op == CE_SQL_MOD) && b == 0)
		return ce_sql_fail(q, n, CE_SQL_MATH, "division by zero", v->s);
	a = op == CE_SQL_ADD ? a + b : op == CE_SQL_SUB ? a - b : op == CE_SQL_MUL ? a * b :
	    op == CE_SQL_DIV ? a / b : a % b;
	if (a < INT32_MIN || a > INT32_MAX)
		return ce_sql_fail(q, n, CE_SQL_MATH, "the result does not fit in 32 bits", v->s);
	v->i = (int32_t)a;
	return true;
}

static bool
ordered(enum ce_sql_op op, int32_t a, int32_t b)
{
	return op == CE_SQL_LT ? a < b : op == CE_SQL_LE ? a <= b : op == CE_SQL_GT ? a > b : a >= b;
}

/* *v, which is of no error if good, op right; of one operator that is no AND, OR. */
static bool
apply(struct ce_sql *q, const struct ce_sql_node *n, int i, struct ce_event *ev,
    struct ce_sql_value *v, bool good)
{
	enum ce_sql_op op = (enum ce_sql_op)n->op[i];
	bool same = op == CE_SQL_EQ || op == CE_SQL_NE;
	int type = same ? CE_SQL_ANY : op == CE_SQL_XOR ? CE_SQL_BOOLEAN : CE_SQL_INTEGER;
	struct ce_sql_value right;

	if (good)
		good = ce_sql_cast(q, n->kid[i - 1], v, type);
	if (!value_as(q, n->kid[i], ev, &right, type))
		good = false;
	/* What the left side becomes is decided by the right one. */
	if (good && same)
		good = ce_sql_cast(q, n->kid[i - 1], v, (int)right.type);
	if (!good) {
		*v = ce_sql_zero(n->type);
		return false;
	}
	if (op >= CE_SQL_ADD)
		return arithmetic(q, n, op, v, right.i);
	*v = ce_sql_boolean(same ? equal(v, &right) == (op == CE_SQL_EQ) :
	    op == CE_SQL_XOR ? v->i != right.i : ordered(op, v->i, right.i));
	return true;
}

static bool
chain(struct ce_sql *q, const struct ce_sql_node *n, struct ce_event *ev, struct ce_sql_value *v)
{
	bool good = ce_sql_value(q, n->kid[0], ev, v);

	for (int i = 1; i < n->n; i++) {
		struct ce_sql_value right;

		if (n->op[i] > CE_SQL_OR) {
			good = apply(q, n, i, ev, v, good);
			continue;
		}
		if (good)
			good = ce_sql_cast(q, n->kid[i - 1], v, CE_SQL_BOOLEAN);
		if (!good)
			*v = ce_sql_boolean(false);
		if (v->i == (n->op[i] == CE_SQL_OR)) /* decided */
			continue;
		good = value_as(q, n->kid[i], ev, &right, CE_SQL_BOOLEAN) && good;
		*v = ce_sql_boolean(good && right.i);
	}
	return good;
}

/* What most filters are, without detours; false: it is not that simple. */
static inline bool
plainly(const struct ce_sql_node *n, const struct ce_event *ev, struct ce_sql_value *v)
{
	struct ce_str want = n->kid[1]->value.s, s;
	int i = member(n->kid[0], ev);

	if (i < 0 || ev->members[i].kind != CE_JSTRING)
		return false;
	s = ce_view_value(ev, i);
	*v = ce_sql_boolean((s.len == want.len && memcmp(s.p, want.p, s.len) == 0) ==
	    (n->op[1] == CE_SQL_EQ));
	return true;
}

static bool
in(struct ce_sql *q, const struct ce_sql_node *n, struct ce_event *ev, struct ce_sql_value *v)
{
	struct ce_sql_value left, element;

	*v = ce_sql_boolean(false);
	if (!ce_sql_value(q, n->kid[0], ev, &left))
		return false;
	for (int i = 1; i < n->n; i++) {
		if (!value_as(q, n->kid[i], ev, &element, (int)left.type))
			return false;
		if (equal(&left, &element)) {
			v->i = !n->negated;
			return true;
		}
	}
	v->i = n->negated;
	return true;
}

static bool
like(struct ce_sql *q, const struct ce_sql_node *n, struct ce_event *ev, struct ce_sql_value *v)
{
	struct ce_sql_value left;

	*v = ce_sql_boolean(false);
	if (!value_as(q, n->kid[0], ev, &left, CE_SQL_STRING))
		return false;
	v->i = ce_sql_like(n->like, left.s) != n->negated;
	return true;
}

static bool
unary(struct ce_sql *q, const struct ce_sql_node *n, struct ce_event *ev, struct ce_sql_value *v)
{
	if (!value_as(q, n->kid[0], ev, v, n->type))
		return false;
	if (n->kind == CE_SQL_NOT) {
		v->i = !v->i;
		return true;
	}
	if (v->i == INT32_MIN) {
		v->i = 0;
		return ce_sql_fail(q, n, CE_SQL_MATH, "the result does not fit in 32 bits", v->s);
	}
	v->i = -v->i;
	return true;
}

static bool
call(struct ce_sql *q, const struct ce_sql_node *n, struct ce_event *ev, struct ce_sql_value *v)
{
	const char *p;
	bool good = true;

	*v = ce_sql_zero(n->type);
	if (n->fn == NULL)
		return ce_sql_fail(q, n, CE_SQL_MISSING_FUNCTION,
		    ce_sql_fn_named(n->value.s) ? "has another number of arguments" : "is no function",
		    n->value.s);
	p = n->fn->params;
	for (int i = 0; i < n->n; i++) {
		int type = *p == 's' ? CE_SQL_STRING : *p == 'i' ? CE_SQL_INTEGER :
		    *p == 'b' ? CE_SQL_BOOLEAN : CE_SQL_ANY;

		good = value_as(q, n->kid[i], ev, &n->args[i], type) && good;
		p += p[1] != '\0';
	}
	return good && n->fn->run(q, n, ev, v);
}

bool
ce_sql_value(struct ce_sql *q, const struct ce_sql_node *n, struct ce_event *ev, struct ce_sql_value *v)
{
	switch (n->kind) {
	case CE_SQL_LITERAL:
		*v = n->value;
		return true;
	case CE_SQL_ATTRIBUTE:
		return attribute(q, n, ev, v);
	case CE_SQL_EXISTS:
		*v = ce_sql_boolean(member(n, ev) >= 0);
		return true;
	case CE_SQL_NOT: case CE_SQL_MINUS:
		return unary(q, n, ev, v);
	case CE_SQL_CHAIN:
		return (n->plain && plainly(n, ev, v)) || chain(q, n, ev, v);
	case CE_SQL_LIKE:
		return like(q, n, ev, v);
	case CE_SQL_IN:
		return in(q, n, ev, v);
	default:
		return call(q, n, ev, v);
	}
}
