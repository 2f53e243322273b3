/* strict.c -- what is allowed, but not recommended, or known to trouble others:
 * the SHOULDs of the specification, and what its readers in the field refuse.
 * SPDX-License-Identifier: Apache-2.0 */

#include <string.h>
#include "report.h"
#include "strict.h"

#define LONGEST 20       /* spec 3: names of attributes */
#define SURE (64 << 10)  /* spec 5: what every consumer should take */
#define TEXT 200

static void
check_name(struct ce_str name)
{
	struct ce_buf seen = { 0 };

	if (name.len <= LONGEST && !(name.len > 0 && *name.p >= '0' && *name.p <= '9'))
		return;
	ce_buf_visible(&seen, name.p, name.len, 60);
	if (name.len > LONGEST)
		report_warning("extension \"%s\": name is longer than %d", seen.p, LONGEST);
	else
		report_warning("extension \"%s\": name should begin with a letter", seen.p);
	ce_buf_free(&seen);
}

/* Valid with a Z behind it? */
static bool
zoneless(struct ce_str s)
{
	char with[TEXT];

	if (s.len >= sizeof(with) || s.len == 0)
		return false;
	memcpy(with, s.p, s.len);
	with[s.len] = 'Z';
	return ce_check_time((struct ce_str){ with, s.len + 1 }) == NULL;
}

static void
check_time(struct ce_str s)
{
	const char *dot = memchr(s.p, '.', s.len);
	size_t digits = 0;

	if (ce_check_time(s) != NULL) {
		if (zoneless(s))
			report_warning("time: it has no time zone, Z or +hh:mm");
		return;
	}
	if (memchr(s.p, 't', s.len) != NULL || memchr(s.p, 'z', s.len) != NULL)
		report_warning("time: t and z should be capitals");
	if (s.len > 6 && memcmp(s.p + s.len - 6, "-00:00", 6) == 0)
		report_warning("time: -00:00 says that the time zone is not known");
	while (dot != NULL && dot[digits + 1] >= '0' && dot[digits + 1] <= '9')
		digits++;
	if (digits > 9)
		report_warning("time: finer than a nanosecond");
	if (s.len > 18 && memcmp(s.p + 17, "60", 2) == 0)
		report_warning("time: a leap second");
}

/* RFC 3986 6.2.2: forms that mean the same as another one, in which they are
 * compared with success. */
static void
check_form(const char *name, struct ce_str s)
{
	const char *colon = memchr(s.p, ':', s.len), *p, *end = s.p + s.len;

	if (colon != NULL && ce_check_uri(s) == NULL)
		for (p = s.p; p < colon; p++)
			if (*p >= 'A' && *p <= 'Z') {
				report_warning("%s: the scheme should be in lower case", name);
				break;
			}
	for (p = s.p; p < end && (p = memchr(p, '%', (size_t)(end - p))) != NULL; p++)
		if (end - p > 2 && ((p[1] >= 'a' && p[1] <= 'f') || (p[2] >= 'a' && p[2] <= 'f'))) {
			report_warning("%s: percent-encoding should be in capitals", name);
			break;
		}
}

static void
check_uris(struct ce_event *ev)
{
	struct ce_str s;

	if (ce_attr(ev, CE_AT_SOURCE, &s) && ce_check_uriref(s) == NULL && s.len > 0) {
		if (ce_check_uri(s) != NULL)
			report_warning("source: should be an absolute URI");
		check_form("source", s);
	}
	if (ce_attr(ev, CE_AT_DATASCHEMA, &s) && ce_check_uri(s) == NULL) {
		if (memchr(s.p, '#', s.len) != NULL)
			report_warning("dataschema: an absolute URI has no fragment (RFC 3986 4.3)");
		check_form("dataschema", s);
	}
}

/* A whole JSON document, written into a string. */
static bool
inside_string(struct ce_str string)
{
	static struct ce_buf text;
	size_t at;

	ce_buf_reset(&text);
	if (!ce_json_unescape(&text, string.p + 1, string.len - 2))
		return false;
	return text.len > 0 && (*text.p == '{' || *text.p == '[') &&
	    ce_json_check(text.p, text.len, &at) == NULL;
}

static void
check_data(struct ce_event *ev)
{
	struct ce_str type = { NULL, 0 }, data;
	bool typed = ce_attr(ev, CE_AT_DATACONTENTTYPE, &type), json = ce_type_is_json(type);
	enum ce_kind kind;

	if (typed && type.len >= 23 &&
	    ce_str_like((struct ce_str){ type.p, 23 }, "application/cloudevents"))
		report_warning("datacontenttype: an event as data should be application/json");
	if (!ce_raw(ev, CE_AT_DATA, &data))
		return;
	kind = ce_json_kind(data);
	if (json && kind == CE_JSTRING && inside_string(data))
		report_warning("data: a JSON document inside of a string");
	if (!json && kind != CE_JSTRING)
		report_warning("data: not a string, though datacontenttype is not JSON");
}

void
strict_check(struct ce_event *ev)
{
	struct ce_str name, value;
	int i = 0;

	while (ce_each(ev, &i, &name, &value))
		check_name(name);
	if (ce_attr(ev, CE_AT_SPECVERSION, &value) && !ce_str_is(value, "1.0"))
		report_warning("specversion: unknown here; what was checked are the rules of 1.0");
	if (ce_attr(ev, CE_AT_TIME, &value))
		check_time(value);
	if (ce_attr(ev, CE_AT_TYPE, &value) && value.len > 0 && memchr(value.p, '.', value.len) == NULL)
		report_warning("type: should begin with a reverse-DNS name");
	check_uris(ev);
	check_data(ev);
	if (ev->len > SURE)
		report_warning("longer than 64 KiB, which is all that every consumer takes");
}
