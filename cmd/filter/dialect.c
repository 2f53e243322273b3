/* dialect.c -- filters as the CloudEvents Subscriptions API writes them, in JSON
 *
 * A mistake is told with its place, a JSON pointer into the file: nothing that is
 * not understood is passed over, or events would be lost or leak.
 * SPDX-License-Identifier: Apache-2.0 */

#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include "rule.h"

static const char *file;
static struct ce_buf place;

static void __attribute__((noreturn))
wrong(const char *why)
{
	ce_die(CE_USAGE, "%s: %s: %s", file, place.len > 0 ? place.p : "at the top", why);
}

/* Goes to a member or element; where to come back to. */
static size_t
enter(const char *name, size_t index)
{
	size_t before = place.len;

	if (name == NULL) {
		ce_buf_printf(&place, "/%zu", index);
		return before;
	}
	ce_buf_putc(&place, '/');
	for (; *name != '\0'; name++) {
		if (*name == '~' || *name == '/')
			ce_buf_puts(&place, *name == '~' ? "~0" : "~1");
		else
			ce_buf_putc(&place, *name);
	}
	return before;
}

static void
leave(size_t before)
{
	place.len = before;
	place.p[before] = '\0';
}

static struct rule *filter(const json_t *json);

/* exact, prefix, suffix: all entries must match. */
static struct rule *
attributes(enum rule_kind kind, const json_t *body)
{
	struct rule *all = rule_new(RULE_ALL), *r;
	const char *name, *why;
	json_t *value;

	if (!json_is_object(body) || json_object_size(body) == 0)
		wrong("must be an object of attributes and values");
	json_object_foreach((json_t *)body, name, value) {
		struct ce_str s = { name, strlen(name) };
		size_t before = enter(name, 0);

		if (!json_is_string(value))
			wrong("must be a string");
		if (strlen(json_string_value(value)) != json_string_length(value))
			wrong("no attribute has a NUL");
		if ((r = rule_attribute(kind, s, json_string_value(value), &why)) == NULL)
			wrong(why);
		rule_add(all, r);
		leave(before);
	}
	return all;
}

static struct rule *
filters(enum rule_kind kind, const json_t *body)
{
	struct rule *r = rule_new(kind);
	const json_t *element;
	size_t i;

	json_array_foreach(body, i, element) {
		size_t before = enter(NULL, i);

		rule_add(r, filter(element));
		leave(before);
	}
	return r;
}

static struct rule *
sql(const json_t *body)
{
	struct ce_buf what = { 0 };
	struct rule *r;

	if (!json_is_string(body))
		wrong("must be a string, an expression");
	if (strlen(json_string_value(body)) != json_string_length(body))
		wrong("there is a NUL in it");
	ce_buf_printf(&what, "%s: %s", file, place.p);
	r = rule_sql(ce_sql_need(what.p, json_string_value(body)));
	ce_buf_free(&what);
	return r;
}

static struct rule *
dialect(const char *name, const json_t *body)
{
	struct rule *r;

	if (strcmp(name, "exact") == 0)
		return attributes(RULE_EXACT, body);
	if (strcmp(name, "prefix") == 0)
		return attributes(RULE_PREFIX, body);
	if (strcmp(name, "suffix") == 0)
		return attributes(RULE_SUFFIX, body);
	if (strcmp(name, "sql") == 0 || strcmp(name, "cesql") == 0)
		return sql(body);
	if (strcmp(name, "not") == 0) {
		rule_add(r = rule_new(RULE_NOT), filter(body));
		return r;
	}
	if (strcmp(name, "all") != 0 && strcmp(name, "any") != 0)
		wrong("no dialect of that name: there are all, any, not, exact, prefix, suffix, sql");
	if (!json_is_array(body) || json_array_size(body) == 0)
		wrong("must be an array of filters, one at least");
	return filters(name[1] == 'l' ? RULE_ALL : RULE_ANY, body);
}

static struct rule *
filter(const json_t *json)
{
	const char *name;
	struct rule *r = NULL;
	json_t *body;

	if (!json_is_object(json) || json_object_size(json) != 1)
		wrong("must be a filter: an object with one member, its name a dialect");
	json_object_foreach((json_t *)json, name, body) {
		size_t before = enter(name, 0);

		r = dialect(name, body);
		leave(before);
	}
	return r;
}

struct rule *
dialect_read(const char *path)
{
	json_error_t error;
	struct rule *r;
	json_t *json;
	FILE *f;

	file = path;
	ce_buf_reset(&place);
	if ((f = fopen(path, "re")) == NULL)
		ce_die(CE_CONFIG, "cannot open %s: %m", path);
	json = json_loadf(f, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &error);
	if (ferror(f))
		ce_die(CE_CONFIG, "cannot read %s: %m", path);
	fclose(f);
	if (json == NULL)
		ce_die(CE_USAGE, "%s: line %d, column %d: %s", path, error.line, error.column, error.text);
	r = json_is_array(json) ? filters(RULE_ALL, json) : filter(json);
	json_decref(json);
	return r;
}
