/* fuzz-event -- any bytes as a line: parsed, read, cut, edited, parsed again
 *
 * What must hold for every input is written as must(); the sanitizers watch the
 * rest, with the text in memory of exactly its size.
 *
 * SPDX-License-Identifier: Apache-2.0 */

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "fuzz.h"
#include "ce.h"

static struct ce_event ev, again; /* used before, as in a stream */

/* n bytes and spare ones, no more. */
static char *
exact(const void *p, size_t n, size_t spare)
{
	char *copy = malloc(n + spare > 0 ? n + spare : 1);

	must(copy != NULL);
	if (n > 0)
		memcpy(copy, p, n);
	return copy;
}

static void
look(void *arg, struct ce_str value)
{
	struct ce_str found;
	size_t at;

	must(ce_json_check(value.p, value.len, &at) == NULL);
	must(ce_json_find(value, (struct ce_str){ "", 0 }, &found));
	must(found.p == value.p && found.len == value.len);
	++*(size_t *)arg;
}

static void
check_paths(const char *text, size_t n)
{
	static const char *const paths[] = { "a", "data", "0", "a.b.1", "data.0.x", ".", "1" };
	struct ce_str whole = { text, n }, value;
	size_t elements = 0, at;
	char last[24];

	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
		if (ce_json_find(whole, (struct ce_str){ paths[i], strlen(paths[i]) }, &value))
			must(value.len > 0 && ce_json_check(value.p, value.len, &at) == NULL);
	ce_json_each(whole, look, &elements);
	if (elements == 0)
		return;
	snprintf(last, sizeof(last), "%zu", elements - 1);
	must(ce_json_find(whole, (struct ce_str){ last, strlen(last) }, &value));
	snprintf(last, sizeof(last), "%zu", elements);
	must(!ce_json_find(whole, (struct ce_str){ last, strlen(last) }, &value));
}

/* The same grammar by two ways, and at every place where a stream may break. */
static void
check_json(const uint8_t *p, size_t n)
{
	char *text = exact(p, n, 0), *part;
	size_t at = 0, start, end, half, s2;
	const char *bad = ce_json_check(text, n, &at), *why;

	must(at <= n);
	end = ce_json_first(text, n, &start, &why);
	must(start <= n && end <= n);
	must(end == 0 || (why == NULL && end > start));
	if (bad == NULL) {
		must(why == NULL);
		must(end != 0 || ce_json_kind((struct ce_str){ text, n }) == CE_JNUMBER);
		must(ce_utf8_valid(text, n));
		check_paths(text, n);
	}
	if (end != 0) {
		must(ce_json_check(text, end, &at) == NULL);
		half = start + (end - start) / 2;
		part = exact(text, half, 0);
		must(ce_json_first(part, half, &s2, &why) == 0 || ce_json_kind(
		    (struct ce_str){ text + start, 1 }) == CE_JNUMBER);
		must(why == NULL);
		free(part);
	}
	free(text);
}

static void
check_text(const uint8_t *p, size_t n)
{
	struct ce_buf inside = { 0 }, back = { 0 };
	char *text = exact(p, n, 0);
	size_t at;

	ce_buf_putc(&inside, '"');
	ce_json_escape(&inside, text, n);
	ce_buf_putc(&inside, '"');
	must(ce_json_check(inside.p, inside.len, &at) == NULL);
	must(ce_json_unescape(&back, inside.p + 1, inside.len - 2));
	if (ce_utf8_valid(text, n))
		must(back.len == n && (n == 0 || memcmp(back.p, text, n) == 0));
	else
		must(ce_utf8_valid(back.p, back.len));
	ce_json_unescape(&back, text, n); /* of anything at all */
	ce_buf_free(&inside);
	ce_buf_free(&back);
	free(text);
}

static void
check_rules(const uint8_t *p, size_t n)
{
	static const char *(*const rules[])(struct ce_str) = {
		ce_check_name, ce_check_string, ce_check_uri, ce_check_uriref, ce_check_time,
		ce_check_mediatype
	};
	char *text = exact(p, n, 0);
	struct ce_str s = { text, n };

	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
		rules[i](s);
	must(ce_check_uri(s) != NULL || ce_check_uriref(s) == NULL);
	ce_type_is_json(s);
	free(text);
}

/* Both of one event: the same members, attributes and values. */
static void
check_alike(struct ce_event *a, struct ce_event *b)
{
	struct ce_str name[2], value[2];
	int i = 0, j = 0;

	must(a->nmembers == b->nmembers);
	for (int k = 0; k < CE_NAT; k++)
		must(a->at[k] == b->at[k]);
	for (;;) {
		bool more = ce_each(a, &i, &name[0], &value[0]);

		must(ce_each(b, &j, &name[1], &value[1]) == more);
		if (!more)
			return;
		must(name[0].len == name[1].len && memcmp(name[0].p, name[1].p, name[0].len) == 0);
		must(value[0].len == value[1].len && (value[0].len == 0 ||
		    memcmp(value[0].p, value[1].p, value[0].len) == 0));
	}
}

static void
check_views(void)
{
	struct ce_str name, value, got;
	struct ce_buf tmp = { 0 };
	size_t at;
	bool json;
	int i = 0;

	while (ce_each(&ev, &i, &name, &value)) {
		char *copy = ce_strndup(name.p, name.len);

		must(ce_check_attr(name, value) == NULL);
		must(ce_get(&ev, copy, &got) && got.p == value.p && got.len == value.len);
		free(copy);
	}
	for (i = CE_AT_ID; i <= CE_AT_TYPE; i++)
		must(ce_attr(&ev, (enum ce_at)i, &got) && got.len > 0);
	for (i = 0; i < CE_NAT; i++)
		if (ce_raw(&ev, (enum ce_at)i, &got))
			must(ce_json_check(got.p, got.len, &at) == NULL);
	if (ce_data(&ev, &tmp, &got, &json))
		must(!json || ce_json_check(got.p, got.len, &at) == NULL);
	else
		must(ev.at[CE_AT_DATA_BASE64] < 0 && !ce_raw(&ev, CE_AT_DATA, &got));
	ce_buf_free(&tmp);
}

/* Stamping right before the brace and cutting again leaves no trace. */
static void
check_stamp(void)
{
	static const struct ce_edit stamp = { "ackto", "\"x.1\"" }, none = { "ackto", NULL };
	struct ce_buf plain = { 0 }, stamped = { 0 }, line = { 0 };
	char *text;

	ce_event_write(&plain, &ev, &none, 1);
	text = exact(plain.p, plain.len, 1);
	must(ce_event_parse(&again, text, plain.len) == NULL);
	must(again.at[CE_AT_ACKTO] < 0);
	ce_event_write(&stamped, &again, &stamp, 1);
	free(text);
	text = exact(stamped.p, stamped.len, 1);
	must(ce_event_parse(&again, text, stamped.len) == NULL);
	ce_event_write(&line, &again, NULL, 0);
	must(line.len == stamped.len && memcmp(line.p, stamped.p, line.len) == 0);
	ce_event_cut(&again, CE_AT_ACKTO);
	must(again.len == plain.len && memcmp(again.text, plain.p, plain.len) == 0);
	free(text);
	ce_buf_free(&plain);
	ce_buf_free(&stamped);
	ce_buf_free(&line);
}

static void
check_edits(void)
{
	static const struct ce_edit edits[] = {
		{ "subject", "\"edited\"" }, { "time", NULL }, { "data", NULL }, { "data_base64", NULL },
		{ "id", "\"\\u0031\"" }, { "x", "-5" }, { "n", NULL }, { "x", "true" },
	};
	struct ce_buf line = { 0 };
	struct ce_str s;
	char *text;

	ce_event_write(&line, &ev, edits, sizeof(edits) / sizeof(edits[0]));
	text = exact(line.p, line.len, 1);
	must(ce_event_parse(&again, text, line.len) == NULL);
	must(ce_get(&again, "subject", &s) && ce_str_is(s, "edited"));
	must(ce_get(&again, "id", &s) && ce_str_is(s, "1"));
	must(ce_get(&again, "x", &s) && ce_str_is(s, "true"));
	must(!ce_get(&again, "time", &s) && !ce_get(&again, "n", &s));
	must(again.at[CE_AT_DATA] < 0 && again.at[CE_AT_DATA_BASE64] < 0);
	free(text);
	ce_buf_free(&line);
}

static void
check_cuts(void)
{
	static const enum ce_at order[] = { CE_AT_ACKTO, CE_AT_DATA, CE_AT_DATA_BASE64, CE_AT_SUBJECT,
	    CE_AT_TIME, CE_AT_DATASCHEMA, CE_AT_DATACONTENTTYPE };
	char *text;

	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
		ce_event_cut(&ev, order[i]);
		must(ev.at[order[i]] < 0);
		text = exact(ev.text, ev.len, 1);
		must(ce_event_parse(&again, text, ev.len) == NULL);
		check_alike(&ev, &again);
		free(text);
	}
}

static void
check_event(const uint8_t *p, size_t n)
{
	char *text = exact(p, n, 1);
	const char *why = ce_event_parse(&ev, text, n);
	size_t at;

	must(n == 0 || memcmp(text, p, n) == 0);
	if (why == NULL) {
		must(ce_json_check(text, n, &at) == NULL);
		check_views();
		check_stamp();
		check_edits();
		check_cuts();
	} else {
		must(strlen(why) < 400 && strpbrk(why, "\n\r\x1b\x7f") == NULL);
		must(ce_utf8_valid(why, strlen(why)));
		for (int i = 0; i < CE_NAT; i++)
			ce_event_cut(&ev, (enum ce_at)i); /* a refused event may be handled, too */
	}
	free(text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	check_json(p, n);
	check_text(p, n);
	check_rules(p, n);
	check_event(p, n);
	if (n % 8 == 0) { /* and used for the first time */
		ce_event_free(&ev);
		ce_event_free(&again);
	}
	return 0;
}
