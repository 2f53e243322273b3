/* template -- tests of templates: parsing, filling, escaping.
 *
 * SPDX-License-Identifier: Apache-2.0 */

#include "ce.h"
#include "tap.h"

static struct ce_event ev;
static struct ce_buf line, out;

static void
event(const char *members)
{
	const char *why;

	ce_buf_reset(&line);
	ce_buf_printf(&line, "{\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"/s\",\"type\":\"t.x\"%s}", members);
	why = ce_event_parse(&ev, line.p, line.len);
	if (why != NULL)
		ok(false, "%s: %s", members, why);
}

static const char *
fill(const char *text, enum ce_escape esc, const char **missing)
{
	static struct ce_buf name;
	const char *why = NULL;
	struct ce_template *t = ce_template_new(text, &why);

	ce_buf_reset(&out);
	ce_buf_puts(&out, ">");
	if (t == NULL) {
		ok(false, "%s: %s", text, why);
		return NULL;
	}
	ok(strcmp(ce_template_text(t), text) == 0, "the text is kept: %s", text);
	*missing = ce_template_fill(t, &ev, esc, &out);
	if (*missing != NULL) {
		ce_buf_reset(&name);
		ce_buf_puts(&name, *missing);
		*missing = name.p;
	}
	ce_template_free(t);
	return out.p + 1;
}

static void
gives(const char *text, enum ce_escape esc, const char *want)
{
	const char *missing = "?", *got = fill(text, esc, &missing);

	is(got, want, text);
	is(missing, NULL, "nothing is missing");
}

static void
lacks(const char *text, const char *want)
{
	const char *missing = NULL, *got = fill(text, CE_ESC_NONE, &missing);

	is(missing, want, text);
	is(got, "", "what was there stays as it was");
}

static void
mistake(const char *text, const char *want)
{
	const char *why = "";
	struct ce_template *t = ce_template_new(text, &why);

	ok(t == NULL, "a mistake: %s", text);
	has(why, want, "and why");
	ce_template_free(t);
}

static void
values(void)
{
	event(",\"subject\":\"a/b\",\"n\":5,\"b\":true,\"time\":\"2026-11-23T15:58:01.5+01:00\",\"data\":"
	      "{\"s\":\"x\\n\\u00e4\",\"o\":{\"k\":[1.50,null,\"z\"]},\"d:c\":\"dc\",\"n\":null,"
	      "\"at\":\"2026-01-02T03:04:05Z\",\"e\":\"\"}");
	gives("", CE_ESC_NONE, "");
	gives("plain", CE_ESC_NONE, "plain");
	gives("{type}", CE_ESC_NONE, "t.x");
	gives("a{{b}}{{{type}}}", CE_ESC_NONE, "a{b}{t.x}");
	gives("{source}{id}-{n}-{b}-{specversion}", CE_ESC_NONE, "/s1-5-true-1.0");
	gives("{data.s}", CE_ESC_NONE, "x\n\xc3\xa4");
	gives("{data.o}", CE_ESC_NONE, "{\"k\":[1.50,null,\"z\"]}");
	gives("{data.o.k.0}|{data.o.k.1}|{data.o.k.2}", CE_ESC_NONE, "1.50|null|z");
	gives("{data.d:c}", CE_ESC_NONE, "dc");
	gives("{data.at:%d.%m.}", CE_ESC_NONE, "02.01.");
	gives("{data.n|none}{data.nix|no:ne}", CE_ESC_NONE, "noneno:ne");
	gives("[{data.e}]", CE_ESC_NONE, "[]");
	gives("{time:%Y/%m/%d %H:%M:%S %s %Z %z %%}", CE_ESC_NONE, "2026/11/23 14:58:01 1795445881 UTC +0000 %");
	gives("{time:%Y/%m}", CE_ESC_PATH, "2026/11");
	gives("{time:at}", CE_ESC_NONE, "at");
	gives("{time:%-d.%e}", CE_ESC_NONE, "23.23");
	gives("{ext|a b}{ext|}", CE_ESC_NONE, "a b");
	gives("{subject:%Y|none}", CE_ESC_NONE, "none");
	lacks("a{ext}", "ext");
	lacks("{type}{data.nix.x}", "data.nix.x");
	lacks("{data.o.k.3}", "data.o.k.3");
	lacks("{subject:%Y}", "subject");
	lacks("{data.s:%Y}", "data.s");
}

static void
payloads(void)
{
	event("");
	lacks("{data}", "data");
	lacks("{data.x}", "data.x");
	event(",\"datacontenttype\":\"text/plain\",\"data\":\"{\\\"x\\\":1}\"");
	gives("{data}", CE_ESC_NONE, "{\"x\":1}");
	lacks("{data.x}", "data.x");
	event(",\"datacontenttype\":\"application/json\",\"data_base64\":\"eyJ4IjoxfQ==\"");
	gives("{data} {data.x}", CE_ESC_NONE, "{\"x\":1} 1");
	event(",\"datacontenttype\":\"application/json\",\"data_base64\":\"eyJ4Ijo=\"");
	gives("{data}", CE_ESC_NONE, "{\"x\":");
	lacks("{data.x}", "data.x");
	event(",\"data\":{\"x\":1}");
	gives("{data}", CE_ESC_NONE, "{\"x\":1}");
}

static void
escapes(void)
{
	event(",\"subject\":\"../a%b/\xc3\xa4 \\\"\",\"data\":{\"c\":\"a\\n\\u0000\\u0085b\",\"dot\":\".\",\"e\":\"\"}");
	gives("x/{subject}/y", CE_ESC_PATH, "x/%2E.%2Fa%25b%2F\xc3\xa4 \"/y");
	gives("{data.c}", CE_ESC_PATH, "a%0A%00%C2%85b");
	gives("{data.dot}{data.dot}", CE_ESC_PATH, "%2E%2E");
	gives("a/{data.e}/b", CE_ESC_PATH, "a/_/b");
	gives("{subject}", CE_ESC_URL, "..%2Fa%25b%2F%C3%A4%20%22");
	gives("\"{subject}\"", CE_ESC_JSON, "\"../a%b/\xc3\xa4 \\\"\"");
	gives("{data.c}", CE_ESC_LINE, "a   b");
	gives("{data.nix|/..}", CE_ESC_PATH, "/..");
	event(",\"datacontenttype\":\"x/y\",\"data_base64\":\"/y4v\"");
	gives("{data}", CE_ESC_PATH, "%FF.%2F");
	gives("{data}", CE_ESC_URL, "%FF.%2F");
}

/* In JSON text a value keeps its kind, and cannot leave its quotes. */
static void
in_json(void)
{
	event(",\"subject\":\"a\\\"\\u00e4/\",\"n\":5,\"b\":true,\"time\":\"2026-01-02T03:04:05Z\","
	    "\"data\":{\"o\": {\"x\":[1,\"y\"]},\"s\":\"q\\\"\\n\",\"z\":null,\"f\":1.50}");
	gives("[{data.o},{data.f},{data.s},{n},{b},{subject},{data.z},{data.z|0},{nix|[]}]", CE_ESC_VALUE,
	    "[{\"x\":[1,\"y\"]},1.50,\"q\\\"\\n\",5,true,\"a\\\"\\u00e4/\",null,0,[]]");
	gives("{{\"k\":\"<{data.s}|{n}|{data.o.x.1}>\",\"{subject}\":{n}}}", CE_ESC_VALUE,
	    "{\"k\":\"<q\\\"\\n|5|y>\",\"a\\\"\xc3\xa4/\":5}");
	gives("[\"\\\"{n}\",{time:%Y},\"{time:%d}\",{type}]", CE_ESC_VALUE, "[\"\\\"5\",\"2026\",\"02\",\"t.x\"]");
	gives("{data.s:%Y|1}", CE_ESC_VALUE, "1");
	event(",\"datacontenttype\":\"text/plain\",\"data\":\"a\\\"b\"");
	gives("[{data},\"{data}\"]", CE_ESC_VALUE, "[\"a\\\"b\",\"a\\\"b\"]");
	event(",\"data\":[1, 2]");
	gives("[{data},\"{data}\"]", CE_ESC_VALUE, "[[1, 2],\"[1, 2]\"]");
}

/* The longest component of a path. */
static size_t
longest(const char *path)
{
	size_t most = 0, n;

	for (; *path != '\0'; path += n + (path[n] == '/')) {
		n = strcspn(path, "/");
		most = n > most ? n : most;
	}
	return most;
}

static void
lengths(void)
{
	static const char *const templates[] = { "{subject}", "d/{subject}.ndjson", "{subject}{type}",
		"{source}-{subject}-{type}/{time:%Y-%m}/{subject}", "{subject}{subject}{subject}{subject}{subject}" };
	static const char *const chars[] = { "x", "\xc3\xa4", "\xe2\x82\xac", "/", "%", "\xf0\x9f\x98\x80", "y/" };
	struct ce_buf m = { 0 };
	const char *missing;
	char *first;

	for (size_t c = 0; c < sizeof(chars) / sizeof(*chars); c++) {
		for (size_t i = 0; i < sizeof(templates) / sizeof(*templates); i++) {
			ce_buf_reset(&m);
			ce_buf_puts(&m, ",\"time\":\"2026-11-23T14:58:01Z\",\"subject\":\"");
			for (int k = 0; k < 300; k++)
				ce_buf_puts(&m, chars[c]);
			event((ce_buf_puts(&m, "1\""), m.p));
			first = ce_strdup(fill(templates[i], CE_ESC_PATH, &missing));
			ok(longest(first) <= 200, "%s fits in a name: %zu", templates[i], longest(first));
			ok(ce_utf8_valid(first, strlen(first)), "and is not cut inside a character");
			m.p[m.len - 2] = '2';
			event(m.p);
			ok(strcmp(first, fill(templates[i], CE_ESC_PATH, &missing)) != 0, "what differs stays different");
			free(first);
		}
	}
	event(",\"subject\":\"short\"");
	gives("{subject}", CE_ESC_PATH, "short");
	ce_buf_free(&m);
}

static void
mistakes(void)
{
	struct ce_template *t;
	const char *why;

	mistake("{", "not closed");
	mistake("a{type", "not closed");
	mistake("{ty{pe}", "not closed");
	mistake("}", "without");
	mistake("{type}}", "without");
	mistake("{}", "nothing");
	mistake("{Type}", "name");
	mistake("{a.b}", "name");
	mistake("{|x}", "name");
	mistake("{:%Y}", "name");
	mistake("{ type}", "name");
	mistake("{data_base64}", "name");
	mistake("{data:%Y}", "format");
	mistake("{time:}", "format");
	mistake("{time:%}", "format");
	mistake("{time:%Q}", "format");
	mistake("{time:%999d}", "format");
	mistake("{time:%Y%|x}", "format");
	mistake("{data.a:%Q}", "format");
	t = ce_template_new("a{{}}b", &why);
	ok(t != NULL && ce_template_fixed(t), "braces alone leave it fixed");
	ce_template_free(t);
	t = ce_template_new("a{type}b", &why);
	ok(t != NULL && !ce_template_fixed(t), "a field does not");
	ce_template_free(t);
}

static void
long_format(void)
{
	struct ce_buf text = { 0 };
	const char *missing = NULL, *got;

	event(",\"time\":\"2026-11-23T14:58:01Z\"");
	ce_buf_puts(&text, "{time:");
	for (int i = 0; i < 2000; i++)
		ce_buf_puts(&text, "%Y%m%d");
	ce_buf_putc(&text, '}');
	got = fill(text.p, CE_ESC_NONE, &missing);
	ok(missing == NULL && got != NULL && strlen(got) == 16000, "a long time format");
	ce_buf_reset(&text);
	ce_buf_puts(&text, "{time:");
	for (int i = 0; i < 1000; i++)
		ce_buf_puts(&text, "%99Y");
	ce_buf_putc(&text, '}');
	fill(text.p, CE_ESC_NONE, &missing);
	is(missing, "time", "a time of more than 64 KiB is none");
	ce_buf_free(&text);
}

int
main(void)
{
	setenv("TZ", "Asia/Tokyo", 1); /* must not matter */
	values();
	payloads();
	escapes();
	in_json();
	lengths();
	mistakes();
	long_format();
	ce_event_free(&ev);
	ce_buf_free(&line);
	ce_buf_free(&out);
	return done();
}
