/* cesqldata.c -- DATA(pointer): a value inside the event's JSON data
 *
 * The pointer (RFC 6901) is followed in the text; no document is built.
 * SPDX-License-Identifier: Apache-2.0 */

#include <string.h>
#include "scan.h"
#include "cesql_int.h"

/* A number that fits: digits only, 32 bits. */
static bool
small(struct ce_str s, int32_t *to)
{
	size_t i = *s.p == '-';
	int64_t v = 0;

	if (s.len > 11)
		return false;
	for (; i < s.len; i++) {
		if (s.p[i] < '0' || s.p[i] > '9')
			return false;
		v = v * 10 + (s.p[i] - '0');
	}
	v = *s.p == '-' ? -v : v;
	*to = (int32_t)v;
	return v >= INT32_MIN && v <= INT32_MAX;
}

static bool
string(struct ce_sql *q, const struct ce_sql_node *n, struct ce_str inside, struct ce_sql_value *v)
{
	struct ce_buf text = { 0 };
	char *room;

	if (inside.len == 0 || memchr(inside.p, '\\', inside.len) == NULL) {
		*v = (struct ce_sql_value){ CE_SQL_STRING, 0, inside };
		return true;
	}
	if ((room = ce_sql_room(q, inside.len)) == NULL)
		return ce_sql_fail(q, n, CE_SQL_FUNCTION, "the result is too long", (struct ce_str){ "", 0 });
	ce_json_unescape(&text, inside.p, inside.len);
	memcpy(room, text.p, text.len);
	*v = ce_sql_string(room, text.len);
	ce_buf_free(&text);
	return true;
}

bool
ce_sql_data(struct ce_sql *q, const struct ce_sql_node *n, struct ce_event *ev, struct ce_sql_value *v)
{
	struct ce_str pointer = n->args[0].s, json;
	const char *why = ce_json_pointer_check(pointer);
	int32_t i;

	*v = ce_sql_zero(CE_SQL_ANY);
	if (why != NULL)
		return ce_sql_fail(q, n, CE_SQL_FUNCTION, why, pointer);
	if (!ce_data_json(ev, &q->data, &json))
		return ce_sql_fail(q, n, CE_SQL_MISSING_ATTRIBUTE, "the event has no JSON data for", pointer);
	if (!ce_json_pointer(json, pointer, &json) || ce_json_kind(json) == CE_JNULL)
		return ce_sql_fail(q, n, CE_SQL_MISSING_ATTRIBUTE, "the data has no", pointer);
	switch (ce_json_kind(json)) {
	case CE_JBOOL:
		*v = ce_sql_boolean(*json.p == 't');
		return true;
	case CE_JSTRING:
		return string(q, n, (struct ce_str){ json.p + 1, json.len - 2 }, v);
	case CE_JNUMBER:
		if (small(json, &i)) {
			*v = ce_sql_integer(i);
			return true;
		}
		/* fallthrough */
	default:
		*v = (struct ce_sql_value){ CE_SQL_STRING, 0, json };
		return true;
	}
}
