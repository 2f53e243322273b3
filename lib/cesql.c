/* cesql.c -- CloudEvents SQL: an expression as the programs know it
 * SPDX-License-Identifier: Apache-2.0 */

#include <stdlib.h>
#include <string.h>
#include "cesql_int.h"

/* Strings for which there was no room near by. */
struct ce_sql_far {
	struct ce_sql_far *next;
	char bytes[];
};

char *
ce_sql_room(struct ce_sql *q, size_t n)
{
	struct ce_sql_far *far;

	if (n <= sizeof(q->near) - q->used) {
		q->used += n;
		return q->near + q->used - n;
	}
	if (n > CE_SQL_STRINGS - q->made)
		return NULL;
	q->made += n;
	far = ce_realloc(NULL, sizeof(*far) + n);
	far->next = q->far;
	q->far = far;
	return far->bytes;
}

void
ce_sql_room_reset(struct ce_sql *q)
{
	while (q->far != NULL) {
		struct ce_sql_far *far = q->far;

		q->far = far->next;
		free(far);
	}
	q->used = q->made = 0;
	if (q->data.cap > 65536)
		ce_buf_free(&q->data);
}

static size_t
valid(const char *p, size_t n)
{
	size_t i = 0;
	uint32_t c;

	while (i < n) {
		int k = ce_utf8(p + i, n - i, &c);

		if (k == 0)
			break;
		i += (size_t)k;
	}
	return i;
}

struct ce_sql *
ce_sql_new(const char *text, struct ce_buf *why)
{
	size_t len = strlen(text), good;
	struct ce_sql *q;

	ce_buf_reset(why);
	if (len > CE_SQL_LENGTH) {
		ce_buf_printf(why, "longer than %d bytes", CE_SQL_LENGTH);
		return NULL;
	}
	if ((good = valid(text, len)) < len) {
		ce_sql_where(why, text, len, good, "this is no UTF-8");
		return NULL;
	}
	q = CE_NEW(struct ce_sql);
	q->text = ce_strndup(text, len);
	if ((q->root = ce_sql_parse(q, len, why)) == NULL) {
		ce_sql_free(q);
		return NULL;
	}
	return q;
}

void
ce_sql_free(struct ce_sql *q)
{
	if (q == NULL)
		return;
	while (q->all != NULL) {
		struct ce_sql_node *n = q->all;

		q->all = n->next;
		ce_sql_like_free(n->like);
		free(n->own);
		free(n->kid);
		free(n->op);
		free(n->args);
		free(n);
	}
	ce_sql_room_reset(q);
	ce_buf_free(&q->data);
	ce_buf_free(&q->reason);
	free(q->text);
	free(q);
}

static inline void
run(struct ce_sql *q, struct ce_event *ev, struct ce_sql_value *v)
{
	if (q->used > 0 || q->far != NULL || q->data.cap > 0)
		ce_sql_room_reset(q);
	q->errors = 0;
	ce_sql_value(q, q->root, ev, v);
}

struct ce_sql_value
ce_sql_eval(struct ce_sql *q, struct ce_event *ev, unsigned *errors)
{
	struct ce_sql_value v;

	run(q, ev, &v);
	*errors = q->errors;
	return v;
}

bool
ce_sql_holds(struct ce_sql *q, struct ce_event *ev, unsigned *errors)
{
	struct ce_sql_value v;

	run(q, ev, &v);
	if (v.type != CE_SQL_BOOLEAN && q->errors == 0)
		ce_sql_fail(q, q->root, CE_SQL_GENERIC, v.type == CE_SQL_STRING ?
		    "the result is no Boolean but a String" : "the result is no Boolean but an Integer",
		    v.s);
	*errors = q->errors;
	return *errors == 0 && v.i;
}

bool
ce_sql_never_boolean(const struct ce_sql *q)
{
	return q->root->type == CE_SQL_INTEGER || q->root->type == CE_SQL_STRING;
}

const char *
ce_sql_error_name(unsigned error)
{
	static const char *const names[] = { "parse", "math", "cast", "missingAttribute",
		"missingFunction", "functionEvaluation", "generic" };

	return names[__builtin_ctz(error & CE_SQL_ALL)];
}

static void
quote(struct ce_buf *out, struct ce_str s)
{
	ce_buf_putc(out, '"');
	ce_buf_visible(out, s.p, s.len, 80);
	ce_buf_putc(out, '"');
}

const char *
ce_sql_reason(struct ce_sql *q, unsigned error)
{
	const struct ce_sql_fault *f = &q->first[__builtin_ctz(error)];
	unsigned long line, column;

	ce_buf_reset(&q->reason);
	if ((q->errors & error) == 0)
		return "";
	if (error == CE_SQL_CAST || error == CE_SQL_MISSING_FUNCTION) {
		quote(&q->reason, f->value);
		ce_buf_printf(&q->reason, " %s", f->what);
	} else {
		ce_buf_puts(&q->reason, f->what);
		if (f->value.len > 0) {
			ce_buf_putc(&q->reason, ' ');
			quote(&q->reason, f->value);
		}
	}
	ce_sql_place(q->text, f->at->at, &line, &column);
	if (strchr(q->text, '\n') != NULL)
		ce_buf_printf(&q->reason, " (line %lu, column %lu)", line, column);
	else
		ce_buf_printf(&q->reason, " (column %lu)", column);
	return q->reason.p;
}
