/* cesql.h -- CloudEvents SQL v1: an expression over the attributes of an event.
 *
 * Compiled once; evaluation looks at views into the line and builds nothing but
 * the strings that functions make.  What the standard leaves open is decided in
 * ce-filter(1).
 * SPDX-License-Identifier: Apache-2.0 */

#ifndef CESQL_H
#define CESQL_H

#include "ce.h"

enum ce_sql_type { CE_SQL_BOOLEAN, CE_SQL_INTEGER, CE_SQL_STRING };

struct ce_sql_value {
	enum ce_sql_type type;
	int32_t i;       /* an Integer; a Boolean as 0 or 1 */
	struct ce_str s; /* a String; lent until the next evaluation or the event's end */
};

/* Kinds of errors: bits, because an evaluation has a set of them. */
enum ce_sql_error {
	CE_SQL_PARSE = 1,
	CE_SQL_MATH = 2,
	CE_SQL_CAST = 4,
	CE_SQL_MISSING_ATTRIBUTE = 8,
	CE_SQL_MISSING_FUNCTION = 16,
	CE_SQL_FUNCTION = 32, /* functionEvaluation */
	CE_SQL_GENERIC = 64,
	CE_SQL_ALL = 127
};
const char *ce_sql_error_name(unsigned error); /* of one bit, as the standard spells it */

struct ce_sql;
/* NULL on a mistake (a parse error); why then holds what was expected where, the
 * line, and a line with a caret under the place, with newlines between them. */
struct ce_sql *ce_sql_new(const char *text, struct ce_buf *why);
/* The same for a program's start: a mistake in what (an option, "the expression")
 * is said on standard error and ends the program with 64. */
struct ce_sql *ce_sql_need(const char *what, const char *text);
void ce_sql_free(struct ce_sql *q);

/* The value, which there is even with errors: the zero value of its type then,
 * mostly.  *errors becomes the set of them. */
struct ce_sql_value ce_sql_eval(struct ce_sql *q, struct ce_event *ev, unsigned *errors);
/* Is it true, without any error?  A value that is no Boolean is a generic one. */
bool ce_sql_holds(struct ce_sql *q, struct ce_event *ev, unsigned *errors);
/* What was wrong in the last evaluation: of the first error of that kind (one
 * bit), a phrase; lent until the next call.  The event must still be there. */
const char *ce_sql_reason(struct ce_sql *q, unsigned error);
/* True: the value has that type, or none (false as often), whatever the event. */
bool ce_sql_never_boolean(const struct ce_sql *q);
/* Appends the compiled tree, a node a line. */
void ce_sql_explain(const struct ce_sql *q, struct ce_buf *out);

#endif
