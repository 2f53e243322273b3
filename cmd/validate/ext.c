/* ext.c -- the extensions that the CloudEvents project documents, as a table:
 * what each attribute is, and which of them go together.
 *
 * A value may come in the type of JSON that fits or as its canonical string, in
 * which it is after a binding that has only text.
 * SPDX-License-Identifier: Apache-2.0 */

#include <string.h>
#include "ext.h"
#include "report.h"
#include "trace.h"

enum kind { STRING, NONEMPTY, INTEGER, BOOLEAN, TIME, URI, REF, BINARY };
enum group { /* attributes of one extension */
	ALONE, AUTH, BAM, CLASS, DEPRECATION, SEQUENCE, SEVERITY, TRACE, NGROUPS
};

static const char *
positive(struct ce_str s)
{
	return *s.p == '-' || ce_str_is(s, "0") ? "must be greater than 0" : NULL;
}

static const char *
natural(struct ce_str s)
{
	return *s.p == '-' ? "must not be negative" : NULL;
}

static const char *
is_true(struct ce_str s)
{
	return ce_str_is(s, "true") ? NULL : "must be true where it is present";
}

static const char *
json(struct ce_str s)
{
	size_t at;

	return ce_json_check(s.p, s.len, &at) == NULL ? NULL : "must hold JSON";
}

/* Commas with spaces around them, but no space inside of an entry. */
static const char *
regulations(struct ce_str s)
{
	bool inside = false, gap = false;

	for (size_t i = 0; i < s.len; i++) {
		if (s.p[i] == ',')
			inside = gap = false;
		else if (s.p[i] == ' ')
			gap = inside;
		else if (gap)
			return "an entry must not hold spaces";
		else
			inside = true;
	}
	return NULL;
}

/* Sorted by length, for the search. */
static const struct ext {
	const char *name;
	enum kind kind;
	enum group group;
	bool required; /* where one of its group is */
	const char *(*check)(struct ce_str);
} table[] = {
	{ "authid", STRING, AUTH, false, NULL },
	{ "bampid", NONEMPTY, BAM, true, NULL },
	{ "bamtxid", NONEMPTY, BAM, true, NULL },
	{ "dataref", REF, ALONE, false, NULL },
	{ "authtype", NONEMPTY, AUTH, true, NULL },
	{ "bamptxid", NONEMPTY, BAM, true, NULL },
	{ "sequence", NONEMPTY, SEQUENCE, true, NULL },
	{ "bamptxsid", NONEMPTY, BAM, true, NULL },
	{ "authclaims", STRING, AUTH, false, json },
	{ "deprecated", BOOLEAN, DEPRECATION, true, is_true },
	{ "expirytime", TIME, ALONE, false, NULL },
	{ "tracestate", STRING, TRACE, false, trace_state },
	{ "causationid", NONEMPTY, ALONE, false, NULL },
	{ "opcuastatus", INTEGER, ALONE, false, NULL },
	{ "sampledrate", INTEGER, ALONE, false, positive },
	{ "traceparent", NONEMPTY, TRACE, true, trace_parent },
	{ "datacategory", NONEMPTY, CLASS, false, NULL },
	{ "dssematerial", BINARY, ALONE, false, NULL },
	{ "partitionkey", NONEMPTY, ALONE, false, NULL },
	{ "recordedtime", TIME, ALONE, false, NULL },
	{ "sequencetype", NONEMPTY, SEQUENCE, false, NULL },
	{ "severitytext", NONEMPTY, SEVERITY, false, NULL },
	{ "bamptxsstatus", NONEMPTY, BAM, false, NULL },
	{ "correlationid", NONEMPTY, ALONE, false, NULL },
	{ "dataregulation", NONEMPTY, CLASS, false, regulations },
	{ "severitynumber", INTEGER, SEVERITY, true, natural },
	{ "bamptxcompleted", BOOLEAN, BAM, false, NULL },
	{ "deprecationfrom", TIME, DEPRECATION, false, NULL },
	{ "deprecationsunset", TIME, DEPRECATION, false, NULL },
	{ "dataclassification", STRING, CLASS, true, NULL },
	{ "deprecationmigration", URI, DEPRECATION, false, NULL },
	{ "opcuametadatamajorversion", INTEGER, ALONE, false, NULL },
	{ "opcuametadataminorversion", INTEGER, ALONE, false, NULL },
};
#define N (sizeof(table) / sizeof(table[0]))
#define LONGEST 25

/* Those of this event; stamp tells them from those of the one before. */
static struct {
	struct ce_str value;
	unsigned long stamp;
	bool good;
} got[N];
static unsigned long now;
static const char *member_of[NGROUPS]; /* the first one met of each group */

static const struct ext *
find(struct ce_str name)
{
	static uint8_t first[LONGEST + 2];

	if (first[LONGEST + 1] == 0)
		for (size_t len = 0, i = 0; len <= LONGEST + 1; len++) {
			while (i < N && strlen(table[i].name) < len)
				i++;
			first[len] = (uint8_t)i;
		}
	if (name.len > LONGEST)
		return NULL;
	for (size_t i = first[name.len]; i < first[name.len + 1]; i++)
		if (memcmp(table[i].name, name.p, name.len) == 0)
			return &table[i];
	return NULL;
}

/* The value of an attribute that is there and is what it should be. */
static const struct ce_str *
value_of(const char *name)
{
	size_t i = (size_t)(find((struct ce_str){ name, strlen(name) }) - table);

	return got[i].stamp == now && got[i].good ? &got[i].value : NULL;
}

static bool
integer(struct ce_str s, bool padded)
{
	size_t i = s.len > 0 && *s.p == '-';
	int64_t v = 0;

	if (i == s.len || (!padded && s.p[i] == '0' && s.len > i + 1))
		return false;
	for (; i < s.len; i++) {
		if (s.p[i] < '0' || s.p[i] > '9' || (v = v * 10 + (s.p[i] - '0')) > INT64_C(1) << 31)
			return false;
	}
	return v - (*s.p == '-') <= INT32_MAX;
}

static bool
base64(struct ce_str s)
{
	static struct ce_buf bytes;

	ce_buf_reset(&bytes);
	return ce_unbase64(&bytes, s.p, s.len);
}

static const char *
check(const struct ext *x, struct ce_str s, enum ce_kind as)
{
	bool text = as == CE_JSTRING;

	switch (x->kind) {
	case STRING:
		return text ? NULL : "must be a string";
	case NONEMPTY:
		return !text ? "must be a string" : s.len > 0 ? NULL : "must not be empty";
	case INTEGER:
		return as != CE_JBOOL && integer(s, false) ? NULL : "must be an integer of 32 bits";
	case BOOLEAN:
		return as != CE_JNUMBER && (ce_str_is(s, "true") || ce_str_is(s, "false")) ? NULL :
		    "must be true or false";
	case TIME:
		return text ? ce_check_time(s) : "must be a timestamp";
	case URI:
		return text ? ce_check_uri(s) : "must be a URI";
	case REF:
		return !text ? "must be a URI-reference" :
		    s.len > 0 ? ce_check_uriref(s) : "must not be empty";
	default:
		return text && base64(s) ? NULL : "not base64 (RFC 4648 4)";
	}
}

static void
one(const struct ext *x, struct ce_str value, enum ce_kind as)
{
	size_t i = (size_t)(x - table);
	const char *why = check(x, value, as);

	if (why == NULL && x->check != NULL)
		why = x->check(value);
	if (why != NULL)
		report_rule("%s: %s", x->name, why);
	got[i].value = value;
	got[i].good = why == NULL;
	got[i].stamp = now;
	if (member_of[x->group] == NULL)
		member_of[x->group] = x->name;
}

/* Whether the first of two timestamps is the earlier one. */
static bool
before(const struct ce_str *a, const struct ce_str *b)
{
	struct timespec s, t;

	return a != NULL && b != NULL && ce_time_parse(*a, &s) && ce_time_parse(*b, &t) &&
	    (s.tv_sec < t.tv_sec || (s.tv_sec == t.tv_sec && s.tv_nsec < t.tv_nsec));
}

static void
together(struct ce_event *ev)
{
	const struct ce_str *s = value_of("sequence"), *t = value_of("sequencetype");

	for (size_t i = 0; i < N; i++)
		if (table[i].required && got[i].stamp != now && member_of[table[i].group] != NULL)
			report_rule("%s: required beside %s, but missing", table[i].name,
			    member_of[table[i].group]);
	if (s != NULL && t != NULL && ce_str_is(*t, "Integer") && !integer(*s, true))
		report_rule("sequence: must be an integer of 32 bits, as sequencetype says");
	if (before(value_of("deprecationsunset"), value_of("deprecationfrom")))
		report_rule("deprecationsunset: must not be before deprecationfrom");
	if (ev->at[CE_AT_DATASCHEMA] >= 0 && (value_of("opcuametadatamajorversion") != NULL ||
	    value_of("opcuametadataminorversion") != NULL))
		report_rule("dataschema: must not stand beside the versions of OPC UA metadata");
}

static bool
listed(struct ce_str s, const char *const *words)
{
	while (*words != NULL)
		if (ce_str_is(s, *words++))
			return true;
	return false;
}

static void
recommended(struct ce_event *ev)
{
	static const char *const types[] = { "app_user", "user", "service_account", "api_key",
	    "system", "unauthenticated", "unknown", NULL };
	const struct ce_str *s;
	struct ce_str time;
	bool timed = ce_attr(ev, CE_AT_TIME, &time);

	if (timed && before(value_of("expirytime"), &time))
		report_warning("expirytime: before time");
	if (timed && before(value_of("recordedtime"), &time))
		report_warning("recordedtime: before time");
	if ((s = value_of("authtype")) != NULL && !listed(*s, types))
		report_warning("authtype: none of the listed types");
	if ((s = value_of("severitynumber")) != NULL && (s->len > 2 || (s->len == 2 &&
	    memcmp(s->p, "24", 2) > 0)))
		report_warning("severitynumber: above 24, where the scale of OpenTelemetry ends");
	if ((s = value_of("severitytext")) != NULL)
		for (size_t i = 0; i < s->len; i++)
			if (s->p[i] >= 'a' && s->p[i] <= 'z') {
				report_warning("severitytext: not in upper case");
				break;
			}
}

void
ext_check(struct ce_event *ev, bool strict)
{
	const struct ext *x;
	struct ce_str name, value;
	bool any = false;
	int i = 0;

	now++;
	while (ce_each(ev, &i, &name, &value)) {
		if ((x = find(name)) == NULL)
			continue;
		if (!any)
			memset(member_of, 0, sizeof(member_of));
		any = true;
		one(x, value, (enum ce_kind)ev->members[i - 1].kind);
		member_of[ALONE] = NULL;
	}
	if (!any)
		return;
	together(ev);
	if (strict)
		recommended(ev);
}
