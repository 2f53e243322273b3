/* json -- tests of the JSON grammar, of UTF-8 and of escapes
 *
 * SPDX-License-Identifier: Apache-2.0 */

#include "wall.h"

static const struct ce_str good_json[] = {
	S("null"), S(" true\t"), S("false\r\n"), S("0"), S("-0"), S("-0.0e-0"), S("1E+9"),
	S("12345678901234567890.5e400"), S("\"\""), S("[]"), S("{}"), S("[ ]"), S("{ }"),
	S("[1 , 2]"), S("[[],{},[[]]]"), S("{\"\":0}"), S("{\"a\":{\"a\":[{\"a\":1}]}}"),
	S("{\"a\":1,\"a\":2}"), S("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00fF\""), S("\"\\ud83d\\ude00\""),
	S("\"\\ud83d\""), S("\"\\ude00x\""), S("\"\\ud83d\\n\""), S("\"\x7f\""), S("\"\xc2\x80\""),
	S("\"\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80\xef\xbf\xbf\""),
	S("\"\xf0\x90\x80\x80\xf4\x8f\xbf\xbf\""), S("\"\\u0000\""),
	S("\"sixteen bytes...sixteen bytes...and some\""), S("[\"\xe6\x97\xa5\xe6\x9c\xac\", \"x\"]"),
};

static const struct {
	struct ce_str text;
	size_t at;
	const char *why;
} bad_json[] = {
	{ S(""), 0, "ends early" }, { S("  "), 2, "ends early" }, { S("nul"), 3, "ends early" },
	{ S("nulL"), 3, "expected a value" }, { S("True"), 0, "expected a value" },
	{ S("01"), 1, "behind" }, { S("-"), 1, "ends early" }, { S("-x"), 1, "digit" },
	{ S("+1"), 0, "expected a value" }, { S(".5"), 0, "expected a value" },
	{ S("1."), 2, "ends early" }, { S("1.e5"), 2, "digit" }, { S("1e"), 2, "ends early" },
	{ S("1e+"), 3, "ends early" }, { S("1e+x"), 3, "digit" }, { S("0x10"), 1, "behind" },
	{ S("NaN"), 0, "expected a value" }, { S("-Infinity"), 1, "digit" },
	{ S("1 2"), 2, "behind" }, { S("[1,]"), 3, "expected a value" },
	{ S("[,1]"), 1, "expected a value" }, { S("[1 2]"), 3, "',' or ']'" },
	{ S("[1"), 2, "ends early" }, { S("[1}"), 2, "',' or ']'" }, { S("{\"a\":1]"), 6, "',' or '}'" },
	{ S("]"), 0, "expected a value" }, { S("{,}"), 1, "member name" },
	{ S("{\"a\"}"), 4, "':'" }, { S("{\"a\":}"), 5, "expected a value" },
	{ S("{\"a\":1,}"), 7, "member name" }, { S("{a:1}"), 1, "member name" },
	{ S("{1:1}"), 1, "member name" }, { S("{'a':1}"), 1, "member name" },
	{ S("{\"a\" 1}"), 5, "':'" }, { S("{\"a\":1 \"b\":2}"), 7, "',' or '}'" },
	{ S("{\"a\":[1,{\"b\" 2}]}"), 13, "':'" }, { S("[{]"), 2, "member name" },
	{ S("\""), 1, "ends early" }, { S("\"abc"), 4, "ends early" }, { S("\"a\\"), 3, "ends early" },
	{ S("\"\\x\""), 2, "escape" }, { S("\"\\\0\""), 2, "escape" }, { S("\"\\u12G4\""), 5, "hexadecimal" },
	{ S("\"\\u12"), 5, "ends early" }, { S("\"\\u123\""), 6, "hexadecimal" },
	{ S("\"\\ud83d\\u12x\""), 11, "hexadecimal" },
	{ S("\"a\nb\""), 2, "control" }, { S("\"\t\""), 1, "control" }, { S("\"\0\""), 1, "control" },
	{ S("\"\x1f\""), 1, "control" }, { S("\0"), 0, "expected a value" }, { S("1\0"), 1, "behind" },
	{ S("\"\x80\""), 1, "UTF-8" }, { S("\"\xc0\xaf\""), 1, "UTF-8" }, { S("\"\xc1\xbf\""), 1, "UTF-8" },
	{ S("\"\xc3\""), 1, "UTF-8" }, { S("\"\xe0\x9f\xbf\""), 1, "UTF-8" },
	{ S("\"\xed\xa0\x80\""), 1, "UTF-8" }, { S("\"\xed\xbf\xbf\""), 1, "UTF-8" },
	{ S("\"\xf0\x8f\xbf\xbf\""), 1, "UTF-8" }, { S("\"\xf4\x90\x80\x80\""), 1, "UTF-8" },
	{ S("\"\xf5\x80\x80\x80\""), 1, "UTF-8" }, { S("\"\xff\""), 1, "UTF-8" },
	{ S("\"\xe2\x82\""), 1, "UTF-8" }, { S("\"\xe2\x82"), 3, "ends early" },
	{ S("\"\xed\xa0"), 1, "UTF-8" }, { S("\"\xf0"), 2, "ends early" },
	{ S("\xef\xbb\xbf{}"), 0, "expected a value" }, { S("{\"\xff\":1}"), 2, "UTF-8" },
	{ S("\xc2\xa0" "1"), 0, "expected a value" }, { S("\v1"), 0, "expected a value" },
	{ S("//x\n1"), 0, "expected a value" }, { S("[1,/**/2]"), 3, "expected a value" },
};

static void
test_check(void)
{
	for (size_t i = 0; i < N(good_json); i++) {
		size_t at = 99, n = good_json[i].len;
		const char *why = ce_json_check(at_wall(good_json[i].p, n, 0), n, &at);

		ok(why == NULL, "JSON: %s: %s", shown(good_json[i].p, n), why != NULL ? why : "yes");
	}
	for (size_t i = 0; i < N(bad_json); i++) {
		size_t at = 99, n = bad_json[i].text.len;
		const char *why = ce_json_check(at_wall(bad_json[i].text.p, n, 0), n, &at);

		ok(why != NULL && strstr(why, bad_json[i].why) != NULL && at == bad_json[i].at,
		    "no JSON: %s: %s at %zu", shown(bad_json[i].text.p, n),
		    why != NULL ? why : "accepted", at);
	}
}

/* A special byte at every place of strings of all lengths that matter to a
 * scanner which takes many bytes at once. */
static void
test_positions(void)
{
	static const struct {
		const char *bytes;
		bool good;
	} put[] = {
		{ "\"", false }, { "\\", false }, { "\x1f", false }, { "\0", false }, { "\x80", false },
		{ "\xff", false }, { "\x7f", true }, { " ", true }, { "!", true }, { "#", true },
		{ "[", true }, { "]", true }, { "~", true }, { "a", true }
	};
	int wrong = 0;

	for (size_t k = 0; k < N(put); k++)
		for (size_t n = 1; n < 70; n++)
			for (size_t i = 0; i < n; i++) {
				char text[80];
				size_t at;

				memset(text, 'x', sizeof(text));
				text[0] = text[n + 1] = '"';
				text[1 + i] = put[k].bytes[0];
				/* the byte behind is never special, so an escape is unknown */
				if (ce_json_check(at_wall(text, n + 2, 0), n + 2, &at) == NULL)
					wrong += !put[k].good && !(*put[k].bytes == '\\' && i == n - 1);
				else
					wrong += put[k].good || at < 1 + i || at > 2 + i + (i == n - 1);
			}
	ok(wrong == 0, "special bytes at all places of a string (%d wrong)", wrong);
}

static const char *
nested(int depth, size_t *at)
{
	char *text = ce_alloc((size_t)depth * 2);
	const char *why;

	for (int i = 0; i < depth; i++) {
		text[i] = '[';
		text[depth * 2 - 1 - i] = ']';
	}
	why = ce_json_check(text, (size_t)depth * 2, at);
	free(text);
	return why;
}

static void
test_depth(void)
{
	const char *why;
	size_t at;

	ok(nested(10000, &at) == NULL, "10000 open brackets");
	why = nested(10001, &at);
	ok(why != NULL && strstr(why, "deep") != NULL && at == 10000, "10001 are too many");
	why = nested(1000000, &at);
	ok(why != NULL && at == 10000, "a million are too many");
	ok(ce_json_check("[{\"a\":[{\"b\":[]}]}]", 18, &at) == NULL, "brackets of both kinds");
	ok(ce_json_check("[{\"a\":[{\"b\":[}]}]}]", 19, &at) != NULL && at == 13, "and crossed");
}

static void
test_first(void)
{
	static const struct {
		struct ce_str text;
		size_t start, end;
		bool wrong;
	} t[] = {
		{ S(" {\"a\":1} {\"b\"}"), 1, 8, false }, { S("{}x"), 0, 2, false },
		{ S("12"), 0, 0, false }, { S("12 "), 0, 2, false }, { S("1,"), 0, 1, false },
		{ S("\n\ntrue"), 2, 6, false }, { S("\"a\"\"b\""), 0, 3, false }, { S("tru"), 0, 0, false },
		{ S("[1"), 0, 0, false }, { S("[1.5e"), 0, 0, false }, { S(""), 0, 0, false },
		{ S("   "), 3, 0, false }, { S("\"\\u00"), 0, 0, false }, { S("\"\xf0\x9f"), 0, 0, false },
		{ S("\"\xc0"), 0, 0, true }, { S("[1 2"), 0, 0, true }, { S("}"), 0, 0, true },
		{ S("-"), 0, 0, false }, { S("tx"), 0, 0, true }, { S("{\"a\":\"\\"), 0, 0, false },
	};

	for (size_t i = 0; i < N(t); i++) {
		const char *why = "untouched";
		size_t start = 99, end;

		end = ce_json_first(at_wall(t[i].text.p, t[i].text.len, 0), t[i].text.len, &start, &why);
		ok(end == t[i].end && start == t[i].start && (why != NULL) == t[i].wrong,
		    "first document of %s: %zu to %zu", shown(t[i].text.p, t[i].text.len), start, end);
	}
}

static void
test_find(void)
{
	static const char doc[] = " {\"a\":{\"b\":[10,{\"c\":\"x\"},[true]],\"b2\" : null },"
	    "\"\\u0061\\\"\":7,\"dup\":1,\"dup\":{\"z\":2},\"\":{\"\":3},\"0\":\"zero\",\"x\":[]}\n";
	static const struct {
		const char *path, *want;
	} t[] = {
		{ "a.b.0", "10" }, { "a.b.1.c", "\"x\"" }, { "a.b.2", "[true]" }, { "a.b.2.0", "true" },
		{ "a.b2", "null" }, { "a\"", "7" }, { "dup.z", "2" }, { ".", "3" }, { "0", "\"zero\"" },
		{ "a.b.3", NULL }, { "a.b.01", NULL }, { "a.b.-1", NULL }, { "a.b.", NULL }, { "x.0", NULL },
		{ "a.b.99999999999999999999", NULL }, { "b", NULL }, { "a.b2.c", NULL }, { "a.b.0.x", NULL },
		{ "\\u0061\\\"", NULL }, { "x", "[]" }, { "a.c", NULL }, { "dup.z.", NULL },
	};
	struct ce_str text = { at_wall(doc, sizeof(doc) - 1, 0), sizeof(doc) - 1 }, v;

	for (size_t i = 0; i < N(t); i++) {
		struct ce_str path = { t[i].path, strlen(t[i].path) };
		bool found = ce_json_find(text, path, &v);

		ok(t[i].want == NULL ? !found : found && ce_str_is(v, t[i].want),
		    "path %s is %s", shown(t[i].path, path.len), t[i].want != NULL ? t[i].want : "not there");
	}
	ok(ce_json_find(text, S(""), &v) && v.len == text.len - 2 && v.p == text.p + 1,
	    "the empty path is the whole");
	ok(ce_json_find(S("5"), S(""), &v) && ce_str_is(v, "5") && !ce_json_find(S("5"), S("a"), &v),
	    "a scalar has no members");
}

static void
gather(void *arg, struct ce_str element)
{
	ce_buf_str(arg, element);
	ce_buf_putc(arg, ';');
}

static void
test_each_element(void)
{
	struct ce_buf b = { 0 };

	ce_json_each(S(" [1 , {\"a\":[2,3]},\"],\",[] ] "), gather, &b);
	ok(b.p != NULL && strcmp(b.p, "1;{\"a\":[2,3]};\"],\";[];") == 0, "elements: %s", b.p);
	ce_buf_reset(&b);
	ce_json_each(S("[]"), gather, &b);
	ce_json_each(S("{\"a\":1}"), gather, &b);
	ce_json_each(S("3"), gather, &b);
	ok(b.len == 0, "no elements in an empty array, an object, a number");
	ok(ce_json_kind(S("{}")) == CE_JOBJECT && ce_json_kind(S("[1]")) == CE_JARRAY &&
	    ce_json_kind(S("\"\"")) == CE_JSTRING && ce_json_kind(S("-1")) == CE_JNUMBER &&
	    ce_json_kind(S("true")) == CE_JBOOL && ce_json_kind(S("false")) == CE_JBOOL &&
	    ce_json_kind(S("null")) == CE_JNULL, "kinds");
	ce_buf_free(&b);
}

/* ---- text ---- */

static void
test_escape(void)
{
	static const struct {
		struct ce_str raw, json;
	} t[] = {
		{ S(""), S("") }, { S("plain"), S("plain") }, { S("a\"b\\c/"), S("a\\\"b\\\\c/") },
		{ S("\b\f\n\r\t"), S("\\b\\f\\n\\r\\t") }, { S("\0\x01\x1f"), S("\\u0000\\u0001\\u001f") },
		{ S("\x7f\xc3\xa9\xf0\x9f\x98\x80"), S("\x7f\xc3\xa9\xf0\x9f\x98\x80") },
		{ S("a\xff" "b"), S("a\xef\xbf\xbd" "b") }, { S("\xe2\x82"), S("\xef\xbf\xbd\xef\xbf\xbd") },
		{ S("twenty plain bytes..\ntwenty plain bytes.."), S("twenty plain bytes..\\ntwenty plain bytes..") },
	};

	for (size_t i = 0; i < N(t); i++) {
		struct ce_buf b = { 0 };

		ce_json_escape(&b, at_wall(t[i].raw.p, t[i].raw.len, 0), t[i].raw.len);
		ok(same((struct ce_str){ b.p, b.len }, t[i].json.p, t[i].json.len),
		    "escaped: %s", shown(b.p, b.len));
		ce_buf_free(&b);
	}
}

static void
test_unescape(void)
{
	static const struct {
		struct ce_str json, raw;
		bool whole;
	} t[] = {
		{ S(""), S(""), true }, { S("abc"), S("abc"), true },
		{ S("\\\"\\\\\\/\\b\\f\\n\\r\\t"), S("\"\\/\b\f\n\r\t"), true },
		{ S("\\u0000\\u0041\\u00e9\\u20aC"), S("\0A\xc3\xa9\xe2\x82\xac"), true },
		{ S("<\\ud83d\\ude00>"), S("<\xf0\x9f\x98\x80>"), true },
		{ S("\\udbff\\udfff"), S("\xf4\x8f\xbf\xbf"), true },
		{ S("\\ud83d"), S("\xef\xbf\xbd"), false }, { S("\\ude00x"), S("\xef\xbf\xbdx"), false },
		{ S("\\ud83d\\ud83d\\ude00"), S("\xef\xbf\xbd\xf0\x9f\x98\x80"), false },
		{ S("\\ude00\\ude00"), S("\xef\xbf\xbd\xef\xbf\xbd"), false },
		{ S("\\ud83d\\u0041"), S("\xef\xbf\xbd" "A"), false },
	};

	for (size_t i = 0; i < N(t); i++) {
		struct ce_buf b = { 0 };
		bool whole = ce_json_unescape(&b, at_wall(t[i].json.p, t[i].json.len, 0), t[i].json.len);

		ok(same((struct ce_str){ b.p, b.len }, t[i].raw.p, t[i].raw.len) && whole == t[i].whole,
		    "unescaped: %s", t[i].json.p);
		ce_buf_free(&b);
	}
}

/* Against the definition, over all code points and all pairs of bytes. */
static void
test_utf8(void)
{
	int wrong = 0;
	uint32_t cp, got = 0;
	char p[8];

	for (cp = 0; cp < 0x120000; cp++) {
		int n = cp < 0x80 ? 1 : cp < 0x800 ? 2 : cp < 0x10000 ? 3 : 4, i;
		bool legal = cp < 0xd800 || (cp > 0xdfff && cp < 0x110000);
		uint32_t rest = cp;

		for (i = n - 1; i > 0; i--, rest >>= 6)
			p[i] = (char)(0x80 | (rest & 0x3f));
		p[0] = (char)(n == 1 ? rest : (0xf00u >> n & 0xf0) | rest);
		i = ce_utf8(at_wall(p, (size_t)n, 0), (size_t)n, &got);
		wrong += legal ? i != n || got != cp : i != 0;
		wrong += n > 1 && ce_utf8(at_wall(p, (size_t)n - 1, 0), (size_t)n - 1, &got) != 0;
	}
	ok(wrong == 0, "all code points, whole and cut short (%d wrong)", wrong);
	ok(ce_utf8("\xc0\x80", 2, &got) == 0 && ce_utf8("\xe0\x80\x80", 3, &got) == 0 &&
	    ce_utf8("\xf0\x80\x80\x80", 4, &got) == 0 && ce_utf8("", 0, &got) == 0 &&
	    ce_utf8("\xf8\x88\x80\x80\x80", 5, &got) == 0, "no overlong sequences");
	ok(ce_utf8_valid("", 0) && ce_utf8_valid("0123456789\0 \xc3\xa9 0123456789", 25) &&
	    !ce_utf8_valid("0123456789abcde\xc3", 16) && !ce_utf8_valid("\xed\xa0\x80", 3), "validity");
}

/* An empty view may be a null pointer, everywhere. */
static void
test_nothing(void)
{
	struct ce_str none = { NULL, 0 }, v;
	struct ce_buf b = { 0 };
	const char *why;
	size_t at;

	ok(ce_json_check(NULL, 0, &at) != NULL && at == 0, "no text is no JSON");
	ok(ce_json_first(NULL, 0, &at, &why) == 0 && why == NULL, "but may become some");
	ok(!ce_json_find(none, none, &v) && ce_json_kind(none) == CE_JNULL, "nothing is in it");
	ce_json_each(none, gather, &b);
	ce_json_escape(&b, NULL, 0);
	ok(ce_json_unescape(&b, NULL, 0) && b.len == 0 && ce_utf8_valid(NULL, 0), "no text is UTF-8");
	ok(ce_check_uriref(none) == NULL && ce_check_uri(none) != NULL && ce_check_name(none) != NULL &&
	    ce_check_mediatype(none) != NULL && ce_check_time(none) != NULL && ce_check_string(none) == NULL &&
	    ce_type_is_json(none), "the rules for nothing");
	ce_buf_free(&b);
}

/* RFC 6901, section 5, and what is none. */
static void
test_pointer(void)
{
	static const struct ce_str doc = S("{\"foo\":[\"bar\", \"baz\"],\"\":0,\"a/b\":1,\"c%d\":2,\"e^f\":3,"
	    "\"g|h\":4,\"i\\\\j\":5,\"k\\\"l\":6,\" \":7,\"m~n\":8,\"\\u00e4\":9,\"x\":{\"\":{\"~1\":10}},\"x\":{\"0\":11}}");
	static const struct {
		const char *pointer, *want;
	} t[] = {
		{ "/foo", "[\"bar\", \"baz\"]" }, { "/foo/0", "\"bar\"" }, { "/foo/1", "\"baz\"" }, { "/", "0" },
		{ "/a~1b", "1" }, { "/c%d", "2" }, { "/e^f", "3" }, { "/g|h", "4" }, { "/i\\j", "5" },
		{ "/k\"l", "6" }, { "/ ", "7" }, { "/m~0n", "8" }, { "/\xc3\xa4", "9" }, { "/x/0", "11" },
		{ "/foo/2", NULL }, { "/foo/-", NULL }, { "/foo/00", NULL }, { "/foo/0/", NULL }, { "/foo/", NULL },
		{ "/nix", NULL }, { "/foo/0/x", NULL }, { "/x//~01", NULL }, { "/foo.0", NULL }, { "/foo/4294967296", NULL },
	};
	struct ce_str v;

	for (size_t i = 0; i < N(t); i++) {
		struct ce_str p = { t[i].pointer, strlen(t[i].pointer) };
		bool found = ce_json_pointer(doc, p, &v);

		ok(ce_json_pointer_check(p) == NULL && found == (t[i].want != NULL) &&
		    (!found || ce_str_is(v, t[i].want)), "pointer %s", t[i].pointer);
	}
	ok(ce_json_pointer(doc, S(""), &v) && v.len == doc.len, "the whole");
	ok(ce_json_pointer(S("{\"a\":{\"\":{\"~1\":5}}}"), S("/a//~01"), &v) && ce_str_is(v, "5"), "~01 is ~1");
	ok(!ce_json_pointer(S("5"), S("/0"), &v) && !ce_json_pointer(S("\"a\""), S("/0"), &v), "nothing is in a scalar");
	ok(ce_json_pointer_check(S("foo")) && ce_json_pointer_check(S("/~")) && ce_json_pointer_check(S("/~2")) &&
	    ce_json_pointer_check(S("/\xff")) && !ce_json_pointer_check(S("")), "what is no pointer");
}

int
main(void)
{
	build_wall();
	test_check();
	test_pointer();
	test_positions();
	test_depth();
	test_first();
	test_find();
	test_each_element();
	test_escape();
	test_unescape();
	test_utf8();
	test_nothing();
	return done();
}
