/* build -- tests of events in the making: whatever goes in, a valid event comes out.
 *
 * SPDX-License-Identifier: Apache-2.0 */

#include "ce.h"
#include "tap.h"

#define HEAD "{\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"/s\",\"type\":\"t\""

static struct ce_draft d;

static void
begin(void)
{
	ce_draft_begin(&d);
	ce_set(&d, "id", "%d", 1);
	ce_set(&d, "source", "/s");
	ce_set(&d, "type", "t");
}

/* The line without the members that all have, and its braces. */
static const char *
rest(void)
{
	static struct ce_buf b;
	struct ce_event *ev = ce_draft_end(&d);

	ce_buf_reset(&b);
	ce_buf_add(&b, ev->text + strlen(HEAD), ev->len - strlen(HEAD) - 1);
	return b.p;
}

static void
data(const char *ctype, const char *p, size_t n, const char *want, const char *title)
{
	struct ce_buf tmp = { 0 };
	struct ce_str got;
	bool json;

	begin();
	ce_set_data(&d, ctype, p, n);
	is(rest(), want, title);
	if (p != NULL && strcspn(want, "\n") == strlen(want) && memchr(p, '\n', n) == NULL &&
	    (n == 0 || (*p != ' ' && p[n - 1] != ' ')))
		ok(ce_data(&d.ev, &tmp, &got, &json) && got.len == n && (n == 0 || memcmp(got.p, p, n) == 0),
		    "and back: %s", title);
	ce_buf_free(&tmp);
}

#define DATA(ctype, text, want) data(ctype, text, sizeof(text) - 1, want, ctype " " #text)
#define TYPE(t) ",\"datacontenttype\":\"" t "\""

/* The decision table: rule 54 of the JSON format. */
static void
decisions(void)
{
	DATA("application/json", "{\"a\":1.50}", TYPE("application/json") ",\"data\":{\"a\":1.50}");
	DATA("application/json", " {\"a\":\n1,\r\n\t\"b\":\"x\\n\"}\n",
	    TYPE("application/json") ",\"data\":{\"a\": 1,  \t\"b\":\"x\\n\"}");
	DATA("application/json", "null", TYPE("application/json") ",\"data\":null");
	DATA("application/json", "\"a\"", TYPE("application/json") ",\"data\":\"a\"");
	DATA("application/json", "{\"a\":", TYPE("application/json") ",\"data_base64\":\"eyJhIjo=\"");
	DATA("application/json", "", TYPE("application/json") ",\"data_base64\":\"\"");
	DATA("application/json", "\xff", TYPE("application/json") ",\"data_base64\":\"/w==\"");
	DATA("application/json", "1 2", TYPE("application/json") ",\"data_base64\":\"MSAy\"");
	DATA("Text/JSON; charset=utf-8", "[1]", TYPE("Text/JSON; charset=utf-8") ",\"data\":[1]");
	DATA("application/vnd.x.y+json", "0", TYPE("application/vnd.x.y+json") ",\"data\":0");
	DATA("text/plain", "a\"\\\n\t\x01\xc3\xa4", TYPE("text/plain") ",\"data\":\"a\\\"\\\\\\n\\t\\u0001\xc3\xa4\"");
	DATA("text/plain", "", TYPE("text/plain") ",\"data\":\"\"");
	DATA("text/plain", "{\"a\":1}", TYPE("text/plain") ",\"data\":\"{\\\"a\\\":1}\"");
	DATA("text/plain", "a\0b", TYPE("text/plain") ",\"data\":\"a\\u0000b\"");
	DATA("text/plain", "a\xff", TYPE("text/plain") ",\"data_base64\":\"Yf8=\"");
	DATA("text/plain;charset=\"UTF-8\"", "a", TYPE("text/plain;charset=\\\"UTF-8\\\"") ",\"data\":\"a\"");
	DATA("text/plain; charset=US-ASCII", "a", TYPE("text/plain; charset=US-ASCII") ",\"data\":\"a\"");
	DATA("text/plain; Charset=iso-8859-1", "a", TYPE("text/plain; Charset=iso-8859-1") ",\"data_base64\":\"YQ==\"");
	DATA("text/plain; x=\"; charset=y\"", "a", TYPE("text/plain; x=\\\"; charset=y\\\"") ",\"data\":\"a\"");
	DATA("application/xml", "<a/>", TYPE("application/xml") ",\"data\":\"<a/>\"");
	DATA("image/svg+xml", "<a/>", TYPE("image/svg+xml") ",\"data\":\"<a/>\"");
	DATA("application/octet-stream", "a", TYPE("application/octet-stream") ",\"data_base64\":\"YQ==\"");
	data(NULL, "{}", 2, ",\"data_base64\":\"e30=\"", "no type: nothing is assumed");
	data("text/plain", NULL, 0, TYPE("text/plain"), "no data");
	data(NULL, NULL, 0, "", "neither type nor data");
	data("no type\n", "a", 1, ",\"data_base64\":\"YQ==\"", "a type that is none");
	data("", "a", 1, ",\"data_base64\":\"YQ==\"", "an empty type");
}

static void
deep(void)
{
	for (int levels = 9985; levels < 10005; levels++) {
		char *p = ce_alloc((size_t)levels * 2);
		bool json;
		struct ce_buf tmp = { 0 };
		struct ce_str got;

		memset(p, '[', (size_t)levels);
		memset(p + levels, ']', (size_t)levels);
		begin();
		ce_set_data(&d, "application/json", p, (size_t)levels * 2);
		ce_draft_end(&d);
		ok(ce_data(&d.ev, &tmp, &got, &json) && got.len == (size_t)levels * 2 &&
		    memcmp(got.p, p, got.len) == 0, "%d levels", levels);
		ce_buf_free(&tmp);
		free(p);
	}
}

static void
attribute(const char *p, size_t n, const char *want, const char *title)
{
	begin();
	ce_set_str(&d, "x", p, n);
	is(rest(), want, title);
}

static void
attributes(void)
{
	struct timespec ts = { 1795445881, 5000000 };
	struct ce_str v;

	attribute("", 0, "", "an empty value sets nothing");
	attribute("a\"b\\", 4, ",\"x\":\"a\\\"b\\\\\"", "quotes");
	attribute("a\n\0\x7f", 4, ",\"x\":\"a\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"", "controls");
	attribute("\xc2\x85|\xc2\xa0", 5, ",\"x\":\"\xef\xbf\xbd|\xc2\xa0\"", "C1");
	attribute("\xef\xb7\x90\xef\xbf\xbe\xf4\x8f\xbf\xbf|\xef\xb7\x8f", 14,
	    ",\"x\":\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd|\xef\xb7\x8f\"", "noncharacters");
	attribute("\xff\xed\xa0\x80", 4, ",\"x\":\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"", "invalid UTF-8");
	begin();
	ce_set_int(&d, "n", INT32_MIN);
	ce_set_time(&d, "time", &ts);
	ce_set_json(&d, "data", "[1]", 3);
	is(rest(), ",\"n\":-2147483648,\"time\":\"2026-11-23T14:58:01.005Z\",\"data\":[1]", "other types");
	ok(ce_get(&d.ev, "n", &v) && ce_str_is(v, "-2147483648"), "the event can be asked");
}

static void
uris(void)
{
	static const char *const t[][2] = {
		{ "http://h:80/a?b=c#d", "http://h:80/a?b=c#d" },
		{ "/a b\"\xc3\xa4<>\\^`{|}", "/a%20b%22%C3%A4%3C%3E%5C%5E%60%7B%7C%7D" },
		{ "/a%20b%2", "/a%20b%252" },
		{ "%zz%", "%25zz%25" },
		{ "a:b/c", "a:b/c" },
		{ "1a:b/c:d", "1a%3Ab/c:d" },
		{ "a b:c", "a%20b%3Ac" },
		{ "http://[::1]:8080/x[1]", "http://[::1]:8080/x%5B1%5D" },
		{ "/a#b#c", "/a#b%23c" },
		{ "urn:a[0]", "urn:a%5B0%5D" },
		{ "?a:b", "?a:b" },
		{ "#a:b", "#a:b" },
		{ "..", ".." },
	};
	static const char *const odd[] = { "http://h:port/", "http://[x/", "//[", "http://a@b@c/", "::", ":",
		"//h:1:2", "http://[v.]/", "[", "]://", "http:", "http://", "//", "/", "http://[::1", "\x01" };
	struct ce_buf want = { 0 };
	unsigned seed = 1;
	char any[12];

	for (size_t i = 0; i < sizeof(t) / sizeof(*t); i++) {
		ce_buf_reset(&want);
		ce_buf_printf(&want, ",\"x\":\"%s\"", t[i][1]);
		begin();
		ce_set_uri(&d, "x", t[i][0], strlen(t[i][0]));
		is(rest(), want.p, t[i][0]);
		ok(ce_check_uriref((struct ce_str){ t[i][1], strlen(t[i][1]) }) == NULL, "valid: %s", t[i][1]);
	}
	ce_buf_free(&want);
	for (size_t i = 0; i < sizeof(odd) / sizeof(*odd); i++) {
		ce_draft_begin(&d);
		ce_set(&d, "id", "1");
		ce_set(&d, "type", "t");
		ce_set_uri(&d, "source", odd[i], strlen(odd[i]));
		ok(ce_draft_end(&d) != NULL, "a valid source: %s", d.text.p);
	}
	for (int round = 0; round < 300000; round++) { /* ce_draft_end ends the program on a bad one */
		static const char some[] = "a1:/?#[]@%.-v\x01\xc3 ";

		for (size_t i = 0; i < sizeof(any); i++)
			any[i] = some[(seed = seed * 1103515245 + 12345) / 65536 % (sizeof(some) - 1)];
		ce_draft_begin(&d);
		ce_set(&d, "id", "1");
		ce_set(&d, "type", "t");
		ce_set_uri(&d, "source", any, 1 + seed / 7 % sizeof(any));
		ce_draft_end(&d);
	}
	ok(true, "300000 random sources");
}

static const char *
header(const char *name, const char *value, bool bare)
{
	struct ce_str v = { value, value != NULL ? strlen(value) : 0 };

	return ce_binary_set(&d, (struct ce_str){ name, strlen(name) }, v, bare);
}

static void
binary_begin(void)
{
	ce_binary_begin(&d, "x-");
	header("specversion", "1.0", false);
	header("Id", "1", true);
	header("source", "/s", false);
	header("type", "t", false);
}

static void
binary(void)
{
	char name[16];

	binary_begin();
	is(header("ackto", "a.1", false), NULL, "an address is left out");
	is(header("Num", "7", true), NULL, "a number");
	is(ce_binary_end(), NULL, "all is there");
	is(ce_draft_end(&d)->text, "{\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"/s\",\"type\":\"t\",\"num\":7}",
	    "no core attribute is bare, and names are in lower case");
	is(header("ID", "2", false), "header x-id: is there twice", "a name in another case");
	is(header("data", "2", false), "header x-data: is not allowed in binary mode", "data");
	is(header("a_b", "2", false), "header x-a_b: name must be a-z and 0-9 only", "an illegal name");
	is(header("a", NULL, false), "header x-a: its value is none that an attribute can have", "no value");
	ok(header("a", "\xff", false) != NULL && header("a", "\n", false) != NULL, "no text");
	ok(header("time", "now", false) != NULL, "a rule of an attribute");
	ce_binary_begin(&d, "x-");
	header("specversion", "1.0", false);
	is(ce_binary_end(), "header x-id: is required", "one is missing");
	for (int twice = 0; twice < 2; twice++) {
		binary_begin();
		for (int i = 0; i < 1000; i++) {
			snprintf(name, sizeof(name), "n%d", twice && i == 990 ? 100 : i);
			if (header(name, "v", false) != NULL)
				ok(false, "an extension");
		}
		is(ce_binary_end(), twice ? "a header is there twice" : NULL, "many");
		if (!twice)
			ce_draft_end(&d);
	}
}

static void
illegal_name(void *unused)
{
	(void)unused;
	begin();
	ce_set(&d, "A", "x");
}

static void
twice(void *unused)
{
	(void)unused;
	begin();
	ce_set(&d, "id", "2");
	ce_draft_end(&d);
}

static void
incomplete(void *unused)
{
	(void)unused;
	ce_draft_begin(&d);
	ce_draft_end(&d);
}

int
main(void)
{
	attributes();
	decisions();
	deep();
	uris();
	binary();
	is_int(child(illegal_name, NULL), 70, "an illegal name is a bug");
	is_int(child(twice, NULL), 70, "so is a name set twice");
	is_int(child(incomplete, NULL), 70, "so is an event without its attributes");
	ce_draft_free(&d);
	return done();
}
