/* cesql.c -- CloudEvents SQL: a table of expressions, events, values and errors.
 * With arguments: the value of an EXPRESSION for the event on standard input, for
 * suites that are not here.
 * SPDX-License-Identifier: Apache-2.0 */

#include "cesql.h"
#include "tap.h"
#include "cesql-cases.h"

#define HEAD "{\"specversion\":\"1.0\",\"id\":\"n1\",\"source\":\"/s\",\"type\":\"t.a\""

/* On one line, as TAP wants it. */
static const char *
title(const char *expression)
{
	static struct ce_buf b;

	ce_buf_reset(&b);
	ce_buf_visible(&b, expression, strlen(expression), 120);
	return b.p;
}

static void
add_errors(struct ce_buf *out, unsigned errors)
{
	for (unsigned bit = 1; bit <= CE_SQL_GENERIC; bit <<= 1)
		if ((errors & bit) != 0)
			ce_buf_printf(out, " %s", ce_sql_error_name(bit));
}

static void
add_value(struct ce_buf *out, struct ce_sql_value v)
{
	if (v.type == CE_SQL_BOOLEAN)
		ce_buf_puts(out, v.i ? "true" : "false");
	else if (v.type == CE_SQL_INTEGER)
		ce_buf_printf(out, "%d", (int)v.i);
	else {
		ce_buf_putc(out, '\'');
		ce_buf_add(out, v.s.p, v.s.len);
		ce_buf_putc(out, '\'');
	}
}

/* VALUE ERROR ...; "parse" for a mistake. */
static void
answer(const char *expression, struct ce_event *ev, struct ce_buf *out)
{
	struct ce_buf why = { 0 };
	struct ce_sql *q = ce_sql_new(expression, &why);
	struct ce_sql_value v;
	unsigned errors;

	if (q == NULL)
		ce_buf_puts(out, "false parse");
	else {
		v = ce_sql_eval(q, ev, &errors);
		add_value(out, v);
		add_errors(out, errors);
		for (unsigned bit = 1; bit <= CE_SQL_GENERIC; bit <<= 1)
			if (((errors & bit) != 0) != (*ce_sql_reason(q, bit) != '\0'))
				ce_buf_puts(out, " (a reason is missing, or too much)");
	}
	ce_sql_free(q);
	ce_buf_free(&why);
}

static void
try(const struct sql_case *c)
{
	struct ce_buf line = { 0 }, out = { 0 };
	struct ce_event ev = { 0 };
	const char *wrong;

	ce_buf_printf(&line, HEAD "%s%s}", *c->members != '\0' ? "," : "", c->members);
	if ((wrong = ce_event_parse(&ev, line.p, line.len)) != NULL)
		ok(false, "%s: no event: %s", c->members, wrong);
	answer(c->expression, &ev, &out);
	is(out.p, c->want, title(c->expression));
	ce_event_free(&ev);
	ce_buf_free(&line);
	ce_buf_free(&out);
}

static void
mistakes(void)
{
	for (size_t i = 0; i < sizeof(sql_mistakes) / sizeof(*sql_mistakes); i++) {
		struct ce_buf why = { 0 };
		struct ce_sql *q = ce_sql_new(sql_mistakes[i].expression, &why);

		ok(q == NULL, "refused: %s", title(sql_mistakes[i].expression));
		is(why.p, sql_mistakes[i].why, "and why");
		ce_sql_free(q);
		ce_buf_free(&why);
	}
}

static void
trees(void)
{
	for (size_t i = 0; i < sizeof(sql_trees) / sizeof(*sql_trees); i++) {
		struct ce_buf why = { 0 }, out = { 0 };
		struct ce_sql *q = ce_sql_new(sql_trees[i].expression, &why);

		if (ok(q != NULL, "a tree: %s", sql_trees[i].expression)) {
			ce_sql_explain(q, &out);
			is(out.p, sql_trees[i].why, "and which");
		}
		ce_sql_free(q);
		ce_buf_free(&why);
		ce_buf_free(&out);
	}
}

/* n times the same, between a head and a tail. */
static void
repeated(const char *head, const char *part, const char *tail, int n, bool good, const char *want)
{
	struct ce_buf text = { 0 }, out = { 0 };
	char line[] = HEAD "}";
	struct ce_event ev = { 0 };

	ce_event_parse(&ev, line, strlen(line));
	ce_buf_puts(&text, head);
	for (int i = 0; i < n; i++)
		ce_buf_puts(&text, part);
	ce_buf_puts(&text, tail);
	for (int i = 0; i < n && *part == '('; i++)
		ce_buf_putc(&text, ')');
	answer(text.p, &ev, &out);
	if (good)
		is(out.p, want, part);
	else
		is(out.p, "false parse", part);
	ce_event_free(&ev);
	ce_buf_free(&text);
	ce_buf_free(&out);
}

static void
limits(void)
{
	repeated("", "(", "1", 200, true, "1");
	repeated("", "(", "1", 300, false, NULL);
	repeated("", "(", "1", 300000, false, NULL);
	repeated("", "-", "'1'", 200, true, "1");
	repeated("", "-", "1", 100000, false, NULL);
	repeated("", "NOT ", "true", 100000, false, NULL);
	repeated("", "ABS(", "1", 100000, false, NULL);
	repeated("'a'", " LIKE 'a'", "", 100000, false, NULL);
	repeated("1", "+1", "", 100000, true, "100001");
	repeated("false", " OR false", " OR true", 100000, true, "true");
	repeated("1 = 1", " = true", "", 100000, true, "true");
	repeated("7 IN (0", ",1", ",7)", 100000, true, "true");
	repeated("LENGTH(CONCAT('a'", ",'b'", "))", 100000, true, "100001");
	repeated("", "1+", "1", 600000, false, NULL);
	/* what would take for ever if a choice were ever taken back */
	repeated("'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa' LIKE '",
	    "%a", "b'", 30, true, "false");
	repeated("'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa' LIKE '",
	    "%a_", "%b%'", 20, true, "false");
}

static void
predicates(void)
{
	static const struct {
		const char *expression;
		bool holds, never;
		unsigned errors;
	} t[] = {
		{ "type = 't.a'", true, false, 0 },
		{ "type = 'x'", false, false, 0 },
		{ "'true'", false, true, CE_SQL_GENERIC },
		{ "1 + 1", false, true, CE_SQL_GENERIC },
		{ "type", false, false, CE_SQL_GENERIC },
		{ "nothing", false, false, CE_SQL_MISSING_ATTRIBUTE },
		{ "BOOL(1)", true, false, 0 },
		{ "LEFT('a', -1) = 'a'", false, false, CE_SQL_FUNCTION },
	};
	char line[] = HEAD "}";
	struct ce_event ev = { 0 };
	unsigned errors;

	ce_event_parse(&ev, line, strlen(line));
	for (size_t i = 0; i < sizeof(t) / sizeof(*t); i++) {
		struct ce_buf why = { 0 };
		struct ce_sql *q = ce_sql_new(t[i].expression, &why);

		ok(ce_sql_holds(q, &ev, &errors) == t[i].holds, "holds: %s", t[i].expression);
		is_int((long)errors, (long)t[i].errors, "with these errors");
		ok(ce_sql_never_boolean(q) == t[i].never, "and the type that it has");
		ce_sql_free(q);
		ce_buf_free(&why);
	}
	ce_event_free(&ev);
}

static void
reasons(void)
{
	static const char *const t[][2] = {
		{ "1 = nothing", "the event has no attribute \"nothing\" (column 5)" },
		{ "1\n = nothing", "the event has no attribute \"nothing\" (line 2, column 4)" },
		{ "type = 1", "\"t.a\" is no Integer (column 1)" },
		{ "type AND true", "\"t.a\" is no Boolean (column 1)" },
		{ "1 / 0", "division by zero (column 3)" },
		{ "2147483647 + 1", "the result does not fit in 32 bits (column 12)" },
		{ "FOO(1)", "\"FOO\" is no function (column 1)" },
		{ "concat_ws()", "\"CONCAT_WS\" has another number of arguments (column 1)" },
		{ "LEFT(type, -1)", "LEFT of a negative length \"t.a\" (column 1)" },
		{ "DATA('/a')", "the event has no JSON data for \"/a\" (column 1)" },
	};
	char line[] = HEAD "}";
	struct ce_event ev = { 0 };
	unsigned errors;

	ce_event_parse(&ev, line, strlen(line));
	for (size_t i = 0; i < sizeof(t) / sizeof(*t); i++) {
		struct ce_buf why = { 0 };
		struct ce_sql *q = ce_sql_new(t[i][0], &why);

		ce_sql_eval(q, &ev, &errors);
		is(ce_sql_reason(q, errors), t[i][1], title(t[i][0]));
		ce_sql_free(q);
		ce_buf_free(&why);
	}
	ce_event_free(&ev);
}

static int
ask(const char *expression)
{
	struct ce_buf line = { 0 }, out = { 0 };
	struct ce_event ev = { 0 };
	const char *wrong;
	ssize_t n;

	do {
		ce_buf_need(&line, 65536);
		n = read(0, line.p + line.len, 65536);
		line.len += n > 0 ? (size_t)n : 0;
	} while (n > 0);
	if ((wrong = ce_event_parse(&ev, line.p, line.len)) != NULL)
		return fprintf(stderr, "%s\n", wrong), 65;
	answer(expression, &ev, &out);
	puts(out.p);
	ce_event_free(&ev);
	ce_buf_free(&line);
	ce_buf_free(&out);
	return 0;
}

int
main(int argc, char *argv[])
{
	if (argc > 1)
		return ask(argv[1]);
	for (size_t i = 0; i < sizeof(sql_cases) / sizeof(*sql_cases); i++)
		try(&sql_cases[i]);
	mistakes();
	trees();
	limits();
	predicates();
	reasons();
	return done();
}
