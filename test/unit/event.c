/* event -- tests of the rules, the views and the edits of events
 *
 * SPDX-License-Identifier: Apache-2.0 */

#include "wall.h"

#define EV(rest) "{\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"/s\",\"type\":\"t\"" rest "}"

/* ---- the rules ---- */

static const struct {
	const char *what;
	struct ce_str line;
	const char *why; /* NULL: an event; else part of the message */
} events[] = {
#include "event-cases.h"
};

static void
test_rules(void)
{
	struct ce_event ev = { 0 };

	for (size_t i = 0; i < N(events); i++) {
		struct ce_str l = events[i].line;
		const char *why = ce_event_parse(&ev, at_wall(l.p, l.len, 1), l.len);
		bool good = events[i].why == NULL ? why == NULL :
		    why != NULL && strstr(why, events[i].why) != NULL;

		ok(good, "%s: %s", events[i].what, why != NULL ? shown(why, strlen(why)) : "an event");
	}
	ce_event_free(&ev);
}

struct told {
	const char *why; /* what is looked for; NULL: nothing */
	int n, found;
	char all[2048];
};

static void
tell(void *arg, const char *rule)
{
	struct told *t = arg;
	size_t n = strlen(t->all);

	t->n++;
	t->found += t->why != NULL && strstr(rule, t->why) != NULL;
	snprintf(t->all + n, sizeof(t->all) - n, "%s%s", n > 0 ? "; " : "", rule);
}

/* The walk over all rules finds what the parse stops at, and nothing where it
 * does not stop. */
static void
test_walk(void)
{
	struct ce_event ev = { 0 };

	for (size_t i = 0; i < N(events); i++) {
		struct ce_str l = events[i].line;
		struct told t = { .why = events[i].why };
		const char *why = ce_event_parse(&ev, at_wall(l.p, l.len, 1), l.len);
		bool json = why == NULL || strncmp(why, "invalid JSON", 12) != 0;

		ce_event_rules(&ev, tell, &t);
		ok(t.why == NULL || !json ? t.n == 0 : t.found == 1, "the rules of %s: %s",
		    events[i].what, shown(t.all, strlen(t.all)));
	}
	ce_event_free(&ev);
}

static const char *const walks[][2] = {
	{ "{}", "id: required, but missing; source: required, but missing; "
	    "specversion: required, but missing; type: required, but missing" },
	{ " { } ", "id: required, but missing; source: required, but missing; "
	    "specversion: required, but missing; type: required, but missing" },
	{ "{\"id\":7,\"time\":\"now\",\"my_ext\":1.5,\"specversion\":\"0.3\",\"type\":\"\",\"type\":\"t\"}",
	    "id: must be a string; time: not an RFC 3339 timestamp; "
	    "extension \"my_ext\": name must be a-z and 0-9 only; "
	    "extension \"my_ext\": must be an integer, without fraction or exponent; "
	    "specversion: unsupported version, must be \"1.0\"; type: must not be empty; "
	    "source: required, but missing; type: given twice" },
	{ EV(",\"a\":1,\"b\":1,\"a\":1,\"b\":1,\"a\":1,\"data\":1,\"data_base64\":\"?\""),
	    "data_base64: not base64 (RFC 4648 4); "
	    "data and data_base64: only one of them may be present; "
	    "extension \"a\": given twice; extension \"b\": given twice" },
	{ EV(",\"x\":null,\"Y\":null"), "extension \"Y\": name must be a-z and 0-9 only" },
	{ EV(",\"x\":\"\\u0001\\uffff\",\"y\":\"\\ud800\""),
	    "extension \"x\": control character (spec 3.1 String); "
	    "extension \"y\": lone surrogate (spec 3.1 String)" },
	{ "{}x", "" }, { "[]", "" }, { "{\"id\":1", "" }, { "", "" }, { "{", "" },
};

static void
test_walks(void)
{
	struct ce_event ev = { 0 };

	for (size_t i = 0; i < N(walks); i++) {
		struct told t = { .why = NULL };
		size_t n = strlen(walks[i][0]);

		ce_event_parse(&ev, at_wall(walks[i][0], n, 1), n);
		ce_event_rules(&ev, tell, &t);
		is(t.all, walks[i][1], walks[i][0]);
	}
	ce_event_free(&ev);
}

static void
test_syntax(const char *what, const char *(*check)(struct ce_str), const char *const *t)
{
	bool want = true; /* the good ones, NULL, the bad ones, NULL */

	for (int ends = 0; ends < 2; t++) {
		struct ce_str s;

		if (*t == NULL) {
			want = false;
			ends++;
			continue;
		}
		s = (struct ce_str){ at_wall(*t, strlen(*t), 0), strlen(*t) };
		ok((check(s) == NULL) == want, "%s %s: %s", want ? "a" : "no", what, shown(*t, s.len));
	}
}

static const char *const urirefs[] = {
	"/", "a", "1-555-123-4567", "urn:event:from:myapi/resource/123", "mailto:a@b.c",
	"https://github.com/cloudevents", "/cloudevents/spec/pull/123", "?q", "#f", "//h", "//h:80/",
	"http://u:p@h/", "http://[::1]:8080/x", "http://[v1.a:b]/", "http://[2001:db8::192.0.2.1]",
	"x:", "a/b:c", "./a:b", "%20", "%c3%A9", "a?b?c/d#e?f/", "http://h?x", "http://h#x", "file:///x",
	"http:///", "http://h:", "//@h", "a!$&'()*+,;=~_-.", "", ";a=b", "http://1.2.3.4:0/", NULL,
	"a b", " a", "a ", "<a>", "\"", "a\\b", "a^b", "a`b", "{a}", "a|b", "\xc3\xa9", "%", "%2", "%zz",
	"%2g", "1-555:x", ":a", "a#b#c", "http://[::1", "http://[::1]x/", "http://[1.2.3.4]/", "http://h:8a/",
	"http://u@v@h/", "http://[v1.]/", "http://[v.a]/", "http://[::1%25eth0]/", "http://a[b]/", "[",
	"http://h/[", "//a:b:c", "\x7f", "http://[:::]/", "http://[]/", "a\tb", "//h:%30", NULL
};
static const char *const uris[] = {
	"a:", "urn:x", "http://h/p?q#f", "HTTP://H", "a+b-c.1:x", "http://h#", NULL,
	"", "a", "/a", "//h", "1a:b", ":", "a_b:c", "a:b c", "+a:b", "a b:c", NULL
};
static const char *const times[] = {
	"2018-04-05T17:31:00Z", "2018-04-05t17:31:00z", "2018-04-05T17:31:00.1234567890123+23:59",
	"2016-12-31T23:59:60Z", "1937-01-01T12:00:27.87-00:20", "2020-02-29T00:00:00-00:00", NULL,
	"", "2018-04-05", "2018-04-05T17:31:00", "2018-04-05 17:31:00Z", "2018-13-05T17:31:00Z",
	"2019-02-29T00:00:00Z", "2018-04-05T24:00:00Z", "2018-04-05T17:31Z", "2018-04-05T17:31:00.Z",
	"2018-04-05T17:31:00+0100", "2018-04-05T17:31:00Zx", "2018-04-05T17:31:61Z", NULL
};
static const char *const mediatypes[] = {
	"application/json", "text/plain", "TEXT/Plain;CharSet=utf-8", "text/plain; charset=utf-8",
	"text/plain ;\tcharset=\"a b;\\\"c\"", "a/b;c=d;e=f", "application/vnd.x.y+json", "image/svg+xml",
	"multipart/mixed; boundary=\"--=_x/?:\"", "*/*", "a/b;c=\"\"", NULL,
	"", "text", "text/", "/plain", "text/plain;", "text/plain;charset", "text/plain;charset=",
	"text/plain;charset=a b", "text/plain; =x", "te xt/plain", "text/plain x", "text/pl@in", "text/plain,a/b",
	"text/plain;a=\"b", "text/plain;a=\"b\\", "text/plain;a=\"b\"c", "text/plain;a =b", " text/plain",
	"text/plain ", "text/plain;;a=b", "text/a/b", "text/plain;a=\"\x01\"", "text/\xc3\xa9", "text/plain;a=(b)", NULL
};
static const char *const attr_names[] = {
	"a", "0", "1a", "traceparent", "opcuametadatamajorversion", "datacontenttype", NULL,
	"", "A", "traceId", "a_b", "a-b", "a.b", "\xc3\xa9", "a ", "data", "data_base64", NULL
};
static const char *const strings[] = {
	"", "a", "\xc3\xa9", "\xc2\xa0", "\xef\xbf\xbd", "\xf0\x9f\x98\x80", "\xef\xb7\x8f", "\xef\xb7\xb0", NULL,
	"\n", "\x01", "\x7f", "\xc2\x80", "\xc2\x9f", "\xef\xb7\x90", "\xef\xb7\xaf", "\xef\xbf\xbe",
	"\xef\xbf\xbf", "\xf0\x9f\xbf\xbe", "\xf4\x8f\xbf\xbf", "\xff", "\xed\xa0\x80", NULL
};

static void
test_by_name(void)
{
	static const struct {
		const char *name, *value;
		bool good;
	} t[] = {
		{ "id", "x", true }, { "id", "", false }, { "type", "", false }, { "subject", "", false },
		{ "subject", "a b", true }, { "source", "", false }, { "source", "a b", false },
		{ "specversion", "1.0", true }, { "specversion", "1.1", false }, { "time", "now", false },
		{ "dataschema", "/x", false }, { "datacontenttype", "json", false }, { "ext", "", true },
		{ "ext", "a\nb", false }, { "Ext", "x", false }, { "data", "x", false },
		{ "data_base64", "eA==", false }, { "ackto", "a.1", true }, { "source", "/\xc3\xa9", false },
	};

	for (size_t i = 0; i < N(t); i++) {
		struct ce_str name = { t[i].name, strlen(t[i].name) };
		struct ce_str value = { t[i].value, strlen(t[i].value) };

		ok((ce_check_attr(name, value) == NULL) == t[i].good, "%s = %s: %s", t[i].name,
		    shown(value.p, value.len), t[i].good ? "legal" : "not");
	}
}

/* ---- views ---- */

static const char rich[] = EV(",\"subject\":\"a\\u0062\\n\",\"n\":-12,\"yes\":true,\"gone\":null,"
    "\"\\u0065xt\":\"\\/v\",\"time\":null,\"ackto\":\"tok\\u002e7\",\"data\":\"\\\\d\",\"last\":\"\xc3\xa9\"");
/* The subject has a newline, which is against the rules; this one is not. */
static const char legal[] = EV(",\"subject\":\"a\\u0062!\",\"n\":-12,\"yes\":true,\"gone\":null,"
    "\"\\u0065xt\":\"\\/v\",\"time\":null,\"ackto\":\"tok\\u002e7\",\"data\":\"\\\\d\",\"l\\u0061st\":\"\\u00e9\"");

static bool
get_is(struct ce_event *ev, const char *name, const char *want)
{
	struct ce_str v;

	return want == NULL ? !ce_get(ev, name, &v) : ce_get(ev, name, &v) && ce_str_is(v, want);
}

static void
list(struct ce_event *ev, struct ce_buf *out)
{
	struct ce_str name, value;
	int i = 0;

	ce_buf_reset(out);
	while (ce_each(ev, &i, &name, &value)) {
		ce_buf_str(out, name);
		ce_buf_putc(out, '=');
		ce_buf_str(out, value);
		ce_buf_putc(out, ' ');
	}
}

static void
test_views(void)
{
	struct ce_event ev = { 0 };
	struct ce_buf b = { 0 };
	struct ce_str v, early;
	char *text = at_wall(legal, sizeof(legal) - 1, 1);
	const char *why = ce_event_parse(&ev, text, sizeof(legal) - 1);

	ok(why == NULL && ev.nmembers == 13, "a rich event: %s", why != NULL ? why : "parsed");
	ok(ce_attr(&ev, CE_AT_ID, &v) && v.p > text && v.p < text + ev.len, "no copy without escapes");
	ok(ce_attr(&ev, CE_AT_SUBJECT, &early) && ce_str_is(early, "ab!"), "escapes undone");
	ok(get_is(&ev, "n", "-12") && get_is(&ev, "yes", "true"), "canonical strings");
	ok(get_is(&ev, "gone", NULL) && get_is(&ev, "time", NULL) && get_is(&ev, "dataschema", NULL) &&
	    !ce_attr(&ev, CE_AT_TIME, &v) && get_is(&ev, "nosuch", NULL), "null and absent");
	ok(get_is(&ev, "ext", "/v"), "a name with an escape");
	ok(get_is(&ev, "ackto", "tok.7") && get_is(&ev, "data", NULL), "ackto, and no data");
	ok(get_is(&ev, "last", "\xc3\xa9") && get_is(&ev, "specversion", "1.0"), "the ends");
	list(&ev, &b);
	ok(strcmp(b.p, "specversion=1.0 id=1 source=/s type=t subject=ab! n=-12 yes=true ext=/v "
	    "last=\xc3\xa9 ") == 0, "each: %s", b.p);
	ok(ce_raw(&ev, CE_AT_SUBJECT, &v) && ce_str_is(v, "\"a\\u0062!\"") && !ce_raw(&ev, CE_AT_TIME, &v) &&
	    !ce_raw(&ev, CE_AT_DATA_BASE64, &v), "raw");
	ce_event_cut(&ev, CE_AT_ACKTO);
	list(&ev, &b);
	ok(strcmp(b.p, "specversion=1.0 id=1 source=/s type=t subject=ab! n=-12 yes=true ext=/v "
	    "last=\xc3\xa9 ") == 0 && ce_str_is(early, "ab!"), "each, after a cut");
	ok(get_is(&ev, "ackto", NULL) && ce_raw(&ev, CE_AT_DATA, &v) && ce_str_is(v, "\"\\\\d\""),
	    "data, after a cut");
	why = ce_event_parse(&ev, at_wall(rich, sizeof(rich) - 1, 1), sizeof(rich) - 1);
	ok(why != NULL && ev.at[CE_AT_ACKTO] >= 0 && get_is(&ev, "ackto", "tok.7"),
	    "the address of a refused event");
	ce_event_free(&ev);
	ce_event_free(&ev);
	ce_buf_free(&b);
}

static void
test_cut(void)
{
	static const struct {
		const char *line;
		enum ce_at which;
		const char *want;
	} t[] = {
		{ EV(",\"ackto\":\"x.1\""), CE_AT_ACKTO, EV("") },
		{ EV(" ,\"ackto\":\"x.1\""), CE_AT_ACKTO, EV(" ") },
		{ EV(",\"ackto\":\"x.1\" "), CE_AT_ACKTO, EV(" ") },
		{ EV(",\"a\":-12\t ,\"ackto\":\"x.1\""), CE_AT_ACKTO, EV(",\"a\":-12\t ") },
		{ " { \"ackto\" : 5 , \"id\":\"1\", \"source\":\"/s\",\"type\":\"t\",\"specversion\":\"1.0\"}\r",
		  CE_AT_ACKTO, " { \"id\":\"1\", \"source\":\"/s\",\"type\":\"t\",\"specversion\":\"1.0\"}\r" },
		{ "{\"id\":\"1\",\"\\u0061ckto\":null,\"source\":\"/s\",\"type\":\"t\",\"specversion\":\"1.0\"}",
		  CE_AT_ACKTO, "{\"id\":\"1\",\"source\":\"/s\",\"type\":\"t\",\"specversion\":\"1.0\"}" },
		{ EV(", \"ackto\":{\"a\":1},\"data\":\"}\""), CE_AT_ACKTO, EV(",\"data\":\"}\"") },
		{ EV(",\"data\":{\"id\":2},\"x\":\"y\""), CE_AT_DATA, EV(",\"x\":\"y\"") },
		{ EV(""), CE_AT_ACKTO, EV("") }, { EV(",\"subject\":null"), CE_AT_SUBJECT, EV(",\"subject\":null") },
		{ EV(",\"subject\":\"s\",\"n\":1"), CE_AT_SUBJECT, EV(",\"n\":1") },
	};
	struct ce_event ev = { 0 }, again = { 0 };
	struct ce_buf a = { 0 }, b = { 0 };

	for (size_t i = 0; i < N(t); i++) {
		size_t len = strlen(t[i].line);
		const char *why = ce_event_parse(&ev, at_wall(t[i].line, len, 1), len);
		bool good = why == NULL;

		ce_event_cut(&ev, t[i].which);
		good = good && same((struct ce_str){ ev.text, ev.len }, t[i].want, strlen(t[i].want));
		list(&ev, &a);
		good = good && ce_event_parse(&again, ev.text, ev.len) == NULL;
		list(&again, &b);
		good = good && strcmp(a.p, b.p) == 0 && again.nmembers == ev.nmembers;
		for (int k = 0; k < CE_NAT; k++)
			good = good && ev.at[k] == again.at[k];
		ok(good, "cut: %s", shown(ev.text, ev.len));
	}
	ce_event_free(&ev);
	ce_event_free(&again);
	ce_buf_free(&a);
	ce_buf_free(&b);
}

/* Any event may be cut until nothing is left of it. */
static void
test_cut_all(void)
{
	struct ce_event ev = { 0 };
	const char *why = ce_event_parse(&ev, at_wall(EV(""), sizeof(EV("")) - 1, 1), sizeof(EV("")) - 1);

	ce_event_cut(&ev, CE_AT_SPECVERSION);
	ce_event_cut(&ev, CE_AT_SOURCE);
	ce_event_cut(&ev, CE_AT_TYPE);
	ok(why == NULL && same((struct ce_str){ ev.text, ev.len }, "{\"id\":\"1\"}", 10), "all but one cut");
	ce_event_cut(&ev, CE_AT_ID);
	ce_event_cut(&ev, CE_AT_ID);
	ok(same((struct ce_str){ ev.text, ev.len }, "{}", 2) && ev.nmembers == 0, "and that one, too");
	ce_event_free(&ev);
}

static void
test_write(void)
{
#define LONE "{ \"id\":\"1\" , \"source\":\"/s\" ,\"type\":\"t\",\"specversion\":\"1.0\" } "
	static const struct {
		const char *line;
		struct ce_edit e[4];
		int n;
		const char *want;
	} t[] = {
		{ EV(""), { { NULL, NULL } }, 0, EV("") },
		{ EV(""), { { "x", "1" } }, 1, EV(",\"x\":1") },
		{ EV(" "), { { "x", "1" }, { "y", "\"z\"" } }, 2, EV(" ,\"x\":1,\"y\":\"z\"") },
		{ EV(",\"x\" : 1 , \"y\":2"), { { "x", "3" } }, 1, EV(",\"x\" : 3 , \"y\":2") },
		{ EV(",\"x\" : 1 , \"y\":2"), { { "x", NULL } }, 1, EV(" , \"y\":2") },
		{ EV(",\"x\":1,\"y\":2"), { { "y", NULL }, { "x", NULL } }, 2, EV("") },
		{ EV(",\"\\u0078\":null"), { { "x", "5" } }, 1, EV(",\"\\u0078\":5") },
		{ EV(",\"x\":1"), { { "x", "2" }, { "x", "3" } }, 2, EV(",\"x\":3") },
		{ EV(""), { { "x", "2" }, { "x", "3" } }, 2, EV(",\"x\":3") },
		{ EV(""), { { "x", "2" }, { "x", NULL } }, 2, EV("") },
		{ EV(""), { { "nosuch", NULL } }, 1, EV("") },
		{ LONE, { { "id", NULL } }, 1, "{ \"source\":\"/s\" ,\"type\":\"t\",\"specversion\":\"1.0\" } " },
		{ LONE, { { "id", NULL }, { "source", NULL }, { "x", "1" } }, 3,
		  "{ \"type\":\"t\",\"specversion\":\"1.0\" ,\"x\":1} " },
		{ LONE, { { "id", NULL }, { "type", NULL } }, 2, "{ \"source\":\"/s\" ,\"specversion\":\"1.0\" } " },
		{ LONE, { { "id", NULL }, { "type", NULL }, { "source", NULL }, { "specversion", NULL } }, 4, "{  } " },
		{ LONE, { { "source", "\"/r\"" }, { "type", NULL } }, 2,
		  "{ \"id\":\"1\" , \"source\":\"/r\" ,\"specversion\":\"1.0\" } " },
	};
	struct ce_event ev = { 0 };
	struct ce_buf b = { 0 };

	for (size_t i = 0; i < N(t); i++) {
		size_t len = strlen(t[i].line);
		bool good = ce_event_parse(&ev, at_wall(t[i].line, len, 1), len) == NULL;

		ce_buf_reset(&b);
		ce_buf_puts(&b, "before ");
		ce_event_write(&b, &ev, t[i].e, t[i].n);
		ok(good && strncmp(b.p, "before ", 7) == 0 && strcmp(b.p + 7, t[i].want) == 0,
		    "written: %s", shown(b.p, b.len));
	}
	ce_event_free(&ev);
	ce_buf_free(&b);
}

static void
test_data(void)
{
	static const struct {
		const char *line;
		bool some, json;
		struct ce_str bytes;
	} t[] = {
		{ EV(""), false, false, S("") }, { EV(",\"data\":{\"a\" : 1.0}"), true, true, S("{\"a\" : 1.0}") },
		{ EV(",\"data\":\"a\\n\""), true, true, S("\"a\\n\"") }, { EV(",\"data\":null"), true, true, S("null") },
		{ EV(",\"datacontenttype\":\"text/plain\",\"data\":\"a\\n\""), true, false, S("a\n") },
		{ EV(",\"datacontenttype\":\"text/plain\",\"data\":\"\""), true, false, S("") },
		{ EV(",\"datacontenttype\":\"text/plain\",\"data\":\"\\u0000\\ud800\""), true, false, S("\0\xef\xbf\xbd") },
		{ EV(",\"datacontenttype\":\"text/plain\",\"data\":[1]"), true, true, S("[1]") },
		{ EV(",\"datacontenttype\":\"text/plain\",\"data\":null"), false, true, S("") },
		{ EV(",\"datacontenttype\":\"a\\/X+JSON;q=1\",\"data\":\"x\""), true, true, S("\"x\"") },
		{ EV(",\"data_base64\":\"AP8=\""), true, false, S("\0\xff") }, { EV(",\"data_base64\":\"\""), true, false, S("") },
		{ EV(",\"data_base64\":\"\\/\\/\\u0038\\u003d\""), true, false, S("\xff\xff") },
		{ EV(",\"data_base64\":null,\"data\":1"), true, true, S("1") },
		{ EV(",\"data_base64\":\"eA==\",\"data\":null"), true, false, S("x") },
		{ EV(",\"d\\u0061ta\":2"), true, true, S("2") },
	};
	struct ce_event ev = { 0 };
	struct ce_buf tmp = { 0 };

	for (size_t i = 0; i < N(t); i++) {
		size_t len = strlen(t[i].line);
		const char *why = ce_event_parse(&ev, at_wall(t[i].line, len, 1), len);
		struct ce_str bytes = { NULL, 0 };
		bool json, some = ce_data(&ev, &tmp, &bytes, &json);

		ok(why == NULL && some == t[i].some &&
		    (!some || (json == t[i].json && same(bytes, t[i].bytes.p, t[i].bytes.len))),
		    "payload of %s: %s", t[i].line + sizeof(EV("")) - 2, some ? shown(bytes.p, bytes.len) : "none");
	}
	ce_event_free(&ev);
	ce_buf_free(&tmp);
	ok(ce_type_is_json(S("")) && ce_type_is_json(S("application/json")) && ce_type_is_json(S("Text/JSON ; a=b")) &&
	    ce_type_is_json(S("application/vnd.x-y+json")) && !ce_type_is_json(S("text/plain")) &&
	    !ce_type_is_json(S("json")) && !ce_type_is_json(S("application/jsonx")) &&
	    !ce_type_is_json(S("application/xjson")) && !ce_type_is_json(S("text/plain;a=/json")), "JSON types");
}

/* ---- size ---- */

static void
extensions(struct ce_buf *b, int n, const char *last)
{
	ce_buf_reset(b);
	ce_buf_puts(b, "{");
	for (int i = 0; i < n; i++)
		ce_buf_printf(b, "\"x%d\":%d,", i, i);
	ce_buf_printf(b, "%s\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"/s\",\"type\":\"t\"}", last);
}

static void
test_many(void)
{
	static const int sizes[] = { 15, 16, 17, 63, 64, 65, 1000, 40000, 1000000 };
	struct ce_event ev = { 0 };
	struct ce_buf b = { 0 };
	const char *why;

	for (size_t i = 0; i < N(sizes); i++) {
		int64_t start = ce_now_us();

		extensions(&b, sizes[i], "");
		why = ce_event_parse(&ev, b.p, b.len);
		ok(why == NULL && ev.nmembers == sizes[i] + 4 && get_is(&ev, "type", "t") &&
		    ce_now_us() - start < 20000000, "%d extensions: %s", sizes[i], why != NULL ? why : "an event");
		extensions(&b, sizes[i], "\"x\\u0037\":1,");
		why = ce_event_parse(&ev, b.p, b.len);
		ok(why != NULL && strcmp(why, "extension \"x7\": given twice") == 0,
		    "%d extensions and a twin: %s", sizes[i], why != NULL ? why : "an event");
	}
	why = ce_event_parse(&ev, b.p, UINT32_MAX);
	ok(why != NULL && strstr(why, "4 GiB") != NULL && ev.nmembers == 0, "offsets end at 4 GiB");
	extensions(&b, 0, "");
	why = ce_event_parse(&ev, b.p, b.len);
	ok(why == NULL && ev.members == ev.inl && ev.nmembers == 4, "room is given back after a large event");
	ce_event_free(&ev);
	ce_buf_free(&b);
}

static void
test_long_names(void)
{
	static const size_t lens[] = { 65533, 65534, 65535, 65536, 200000 };
	struct ce_event ev = { 0 };
	struct ce_buf b = { 0 };
	struct ce_str v;
	const char *why;

	for (size_t i = 0; i < N(lens); i++) {
		char *name = ce_alloc(lens[i] + 1);

		memset(name, 'n', lens[i]);
		ce_buf_reset(&b);
		ce_buf_printf(&b, EV(",\"%s\":\"v\",\"z\":1"), name);
		why = ce_event_parse(&ev, b.p, b.len);
		ok(why == NULL && ce_get(&ev, name, &v) && ce_str_is(v, "v") && get_is(&ev, "z", "1"),
		    "a name of %zu bytes", lens[i]);
		free(name);
	}
	ce_buf_reset(&b);
	ce_buf_puts(&b, "{\"\\u001b");
	for (int i = 0; i < 100000; i++)
		ce_buf_puts(&b, "\xc3\xa9");
	ce_buf_puts(&b, "\":1}");
	why = ce_event_parse(&ev, b.p, b.len);
	ok(why != NULL && strlen(why) < 200 && strchr(why, '\x1b') == NULL && strstr(why, "extension \"") == why,
	    "a message is short and visible: %s", why != NULL ? why : "none");
	ce_event_free(&ev);
	ce_buf_free(&b);
}

int
main(void)
{
	build_wall();
	test_rules();
	test_walk();
	test_walks();
	test_syntax("URI-reference", ce_check_uriref, urirefs);
	test_syntax("URI", ce_check_uri, uris);
	test_syntax("time", ce_check_time, times);
	test_syntax("media type", ce_check_mediatype, mediatypes);
	test_syntax("name", ce_check_name, attr_names);
	test_syntax("String", ce_check_string, strings);
	test_by_name();
	test_views();
	test_cut();
	test_cut_all();
	test_write();
	test_data();
	test_many();
	test_long_names();
	return done();
}
