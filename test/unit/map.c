/* map -- tests of what ce-map makes of an event, and of what it refuses.
 * needs: cmd/map/plan.c cmd/map/apply.c cmd/map/payload.c
 * SPDX-License-Identifier: Apache-2.0 */

#include "../../cmd/map/map.h"
#include "tap.h"

#define E "{\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"/s\",\"type\":\"t\""
#define HASH "f8367ecadcd04ac0e0df60440a61004d" /* sha256 of /s NUL 1 */

/* Options are words: -s set, -n rename, -r remove, -d data, -c type, -t time, -i. */
static struct map *
options(const char *words, struct ce_buf *why, const char **v)
{
	static struct ce_template *ctype;
	static const char *lists[3][9];
	struct map_conf c = { .set = { lists[0], 0 }, .rename = { lists[1], 0 }, .remove = { lists[2], 0 } };
	const char *wrong = NULL;
	struct map *m;
	char *p = ce_strdup(words);

	*v = p;
	ce_template_free(ctype);
	ctype = NULL;
	for (char *w = p, *end; *w != '\0'; w = end) {
		char option = w[1];

		w += 3;
		end = w + strcspn(w, "\t");
		if (*end == '\t')
			*end++ = '\0';
		if (option == 's')
			lists[0][c.set.n++] = w;
		else if (option == 'n')
			lists[1][c.rename.n++] = w;
		else if (option == 'r')
			lists[2][c.remove.n++] = w;
		else if (option == 'd')
			c.data = w;
		else if (option == 't')
			c.time = w;
		else if (option == 'c')
			c.ctype = ctype = ce_template_new(w, &wrong);
		else
			c.hash = true;
	}
	m = map_new(&c, &wrong);
	ce_buf_reset(why);
	ce_buf_puts(why, wrong != NULL ? wrong : "");
	return m;
}

/* want begins with '!': the reason must hold the rest. */
static void
gives(const char *words, const char *members, const char *want)
{
	static struct ce_event ev, after;
	static struct ce_buf line, out, why;
	const char *wrong, *args;
	struct map *m = options(words, &why, &args);

	ce_buf_reset(&line);
	ce_buf_printf(&line, E "%s", members);
	if (m == NULL || (wrong = ce_event_parse(&ev, line.p, line.len)) != NULL) {
		ok(false, "%s: %s", words, m == NULL ? why.p : wrong);
		return;
	}
	wrong = map_event(m, &ev);
	if (*want == '!' || wrong != NULL)
		has(wrong != NULL ? wrong : "(none)", *want == '!' ? want + 1 : want, words);
	else {
		ce_buf_reset(&out);
		ce_event_write(&out, &ev, m->edits, m->n);
		ce_buf_reset(&line);
		ce_buf_printf(&line, *want == '{' ? "%s" : E "%s", want);
		is(out.p, line.p, words);
		wrong = ce_event_parse(&after, out.p, out.len);
		ok(wrong == NULL, "an event: %s", wrong != NULL ? wrong : "yes");
	}
	map_free(m);
	free((void *)(uintptr_t)args);
}

static void
refuses(const char *words, const char *want)
{
	static struct ce_buf why;
	const char *args;
	struct map *m = options(words, &why, &args);

	ok(m == NULL, "%s is refused", words);
	has(why.p, want, words);
	if (m != NULL)
		map_free(m);
	free((void *)(uintptr_t)args);
}

static void
wrong_use(void)
{
	refuses("-s a", "not NAME=TEMPLATE");
	refuses("-s A=1", "a-z and 0-9");
	refuses("-s =1", "empty");
	refuses("-s ackto=1", "return address");
	refuses("-n a=ackto", "return address");
	refuses("-n ackto=a", "return address");
	refuses("-r ackto", "return address");
	refuses("-s specversion=1.0", "always 1.0");
	refuses("-s data=1", "--data");
	refuses("-n a=data", "--data");
	refuses("-n data=a", "--data");
	refuses("-r data_base64", "--data");
	refuses("-s a=1\t-s a=2", "twice");
	refuses("-s a=1\t-n b=a", "twice");
	refuses("-s id=1\t-i -", "twice");
	refuses("-s time=\t-t now", "twice");
	refuses("-c x/y\t-s datacontenttype=x/z", "twice");
	refuses("-n a=b\t-n a=c", "twice");
	refuses("-n a=b\t-r a", "twice");
	refuses("-r a\t-r a", "twice");
	refuses("-n a=a", "same name");
	refuses("-n a", "OLD=NEW");
	refuses("-n a=", "empty");
	refuses("-s a=1\t-r a", "set, too");
	refuses("-r id", "without id");
	refuses("-r source", "without source");
	refuses("-n type=old", "without type");
	refuses("-s time=noon", "RFC 3339");
	refuses("-t noon", "RFC 3339");
	refuses("-s dataschema=x", "URI");
	refuses("-s source=%", "URI");
	refuses("-c text", "media type");
	refuses("-s a={", "not closed");
	refuses("-d {", "not closed");
	refuses("-d @a", "begins with /");
	refuses("-d @/~2", "~0");
	refuses("-d x\t-r data", "together");
	refuses("-s a=\001", "control");
}

static void
attributes(void)
{
	gives("", ",\"x\" : 1 }", ",\"x\" : 1 }");
	gives("-s subject=a/{type}", " }", " ,\"subject\":\"a/t\"}");
	gives("-s subject=a", ", \"subject\" : \"b\" ,\"x\":1}", ", \"subject\" : \"a\" ,\"x\":1}");
	gives("-s x={id}{data.n}", ",\"data\":{\"n\":\"\\u00e4\\\"\"}}", ",\"data\":{\"n\":\"\\u00e4\\\"\"},\"x\":\"1\xc3\xa4\\\"\"}");
	gives("-s x={data.n}", "}", "!cannot set x: the event has no data.n");
	gives("-s x={data.n|}", ",\"x\":1,\"y\":2}", ",\"y\":2}");
	gives("-s id={data.n|}", "}", "!cannot set id: must not be empty");
	gives("-s x={data.n}", ",\"data\":{\"n\":\"a\\nb\"}}", "!cannot set x: control");
	gives("-s source={data.n}", ",\"data\":{\"n\":\"a b\"}}", "!URI-reference");
	gives("-t {data.n}", ",\"data\":{\"n\":\"noon\"}}", "!RFC 3339");
	gives("-t {data.n}", ",\"data\":{\"n\":\"2026-01-01T00:00:00Z\"}}", ",\"data\":{\"n\":\"2026-01-01T00:00:00Z\"},\"time\":\"2026-01-01T00:00:00Z\"}");
	gives("-r x\t-r subject", ",\"x\":5,\"subject\":\"s\",\"y\":6}", ",\"y\":6}");
	gives("-r x", "}", "}");
	gives("-i -", "}", "{\"specversion\":\"1.0\",\"id\":\"" HASH "\",\"source\":\"/s\",\"type\":\"t\"}");
	gives("-i -\t-s source=/all", "}", "{\"specversion\":\"1.0\",\"id\":\"" HASH "\",\"source\":\"/all\",\"type\":\"t\"}");
}

static void
renames(void)
{
	gives("-n x=y", ",\"x\":5,\"z\":true}", ",\"z\":true,\"y\":5}");
	gives("-n z=y", ",\"x\":5,\"z\":true}", ",\"x\":5,\"y\":true}");
	gives("-n x=y", ",\"x\":\"\\u00e4\"}", ",\"y\":\"\\u00e4\"}");
	gives("-n x=y", ",\"z\":1}", ",\"z\":1}");
	gives("-n x=y", ",\"x\":1,\"y\":2}", "!the event has y already");
	gives("-n x=y", ",\"x\":1,\"y\":null}", ",\"y\":1}");
	gives("-n x=y\t-n y=x", ",\"x\":1,\"y\":true}", ",\"x\":true,\"y\":1}");
	gives("-n x=y\t-n y=x", ",\"x\":1}", ",\"y\":1}");
	gives("-n x=y\t-r y", ",\"x\":1,\"y\":true}", ",\"y\":1}");
	gives("-n x=y\t-s x=new", ",\"x\":1}", ",\"x\":\"new\",\"y\":1}");
	gives("-n x=subject", ",\"x\":-7}", ",\"subject\":\"-7\"}");
	gives("-n x=subject", ",\"x\":\"\"}", "!must not be empty");
	gives("-n x=time", ",\"x\":\"noon\"}", "!cannot rename x to time: not an RFC 3339");
	gives("-n x=y", ",\"x\":null,\"y\":null}", ",\"x\":null,\"y\":null}");
	gives("-r x", ",\"x\":null}", "}");
	gives("-n subject=x", ",\"subject\":\"a\"}", ",\"x\":\"a\"}");
	gives("-n type=old\t-s type=new.{type}", "}", "{\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"/s\",\"type\":\"new.t\",\"old\":\"t\"}");
	gives("-n id=x\t-n x=id", ",\"x\":7}", "{\"specversion\":\"1.0\",\"id\":\"7\",\"source\":\"/s\",\"type\":\"t\",\"x\":\"1\"}");
	gives("-n id=x\t-n x=id", "}", "!needs id");
	gives("-n x=type", ",\"x\":\"n\"}", "!has type already");
	gives("-n x=type", "}", "}");
	gives("-n x=type\t-n type=x", ",\"x\":\"n\"}", "{\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"/s\",\"type\":\"n\",\"x\":\"t\"}");
}

static void
payloads(void)
{
	gives("-r data", ",\"data\":{\"a\":1}}", "}");
	gives("-r data", ",\"data_base64\":\"AA==\",\"x\":1}", ",\"x\":1}");
	gives("-d @/a", ",\"data\": {\"a\": 1.50},\"x\":1}", ",\"data\": 1.50,\"x\":1}");
	gives("-d @/a", ",\"data\":{\"a\":{\"b\": \"\\u00e4\"}}}", ",\"data\":{\"b\": \"\\u00e4\"}}");
	gives("-d @/a", ",\"data\":{\"a\":null}}", ",\"data\":null}");
	gives("-d @/x", ",\"data\":{\"a\":1}}", "!the data has no /x");
	gives("-d @/x", "}", "!no JSON");
	gives("-d @", ",\"data\":[1 ]}", ",\"data\":[1 ]}");
	gives("-d @/a", ",\"datacontenttype\":\"text/plain\",\"data\":\"{\\\"a\\\":1}\"}", "!no JSON");
	gives("-d @/a", ",\"datacontenttype\":\"application/json\",\"data_base64\":\"eyJhIjpbMSwKMl19\"}", ",\"datacontenttype\":\"application/json\",\"data\":[1, 2]}");
	gives("-d @/a\t-c text/plain", ",\"data\":{\"a\":\"x\\\"\\n\"}}", ",\"data\":\"x\\\"\\n\",\"datacontenttype\":\"text/plain\"}");
	gives("-d @/a\t-c text/plain", ",\"data\":{\"a\":[1]}}", ",\"data\":\"[1]\",\"datacontenttype\":\"text/plain\"}");
	gives("-d @/a\t-c x/y", ",\"data\":{\"a\":\"\\u0000\"}}", ",\"datacontenttype\":\"x/y\",\"data_base64\":\"AA==\"}");
	gives("-d @/a\t-c text/plain", ",\"data\":{\"a\":\"\\ud800\"}}", "!lone surrogate");
	gives("-d {{\"i\":\"{id}\",\"d\":{data},\"x\":{x}}}", ",\"x\":5,\"data\":{\"a\":1}}", ",\"x\":5,\"data\":{\"i\":\"1\",\"d\":{\"a\":1},\"x\":5}}");
	gives("-d {{\"i\":\"{subject}\"}}", ",\"subject\":\"\\\",\\\"x\\\":\\\"\"}", ",\"subject\":\"\\\",\\\"x\\\":\\\"\",\"data\":{\"i\":\"\\\",\\\"x\\\":\\\"\"}}");
	gives("-d hello", "}", "!no JSON");
	gives("-d hello {id}\t-c text/plain", ",\"data_base64\":\"AA==\"}", ",\"datacontenttype\":\"text/plain\",\"data\":\"hello 1\"}");
	gives("-d hello {id}\t-c x/y", ",\"data\":5}", ",\"datacontenttype\":\"x/y\",\"data_base64\":\"aGVsbG8gMQ==\"}");
	gives("-d @@{id}\t-c text/plain", "}", ",\"datacontenttype\":\"text/plain\",\"data\":\"@1\"}");
	gives("-d {data.n}\t-c text/plain", "}", "!cannot make the data: the event has no data.n");
	gives("-d [1,\r2]", "}", ",\"data\":[1, 2]}");
	gives("-d null", ",\"data\":1}", ",\"data\":null}");
	gives("-d {data}", ",\"datacontenttype\":\"text/plain\",\"data\":\"\\u00e4\"}", ",\"datacontenttype\":\"text/plain\",\"data\":\"\xc3\xa4\"}");
}

static void
types(void)
{
	gives("-c application/x+json", ",\"data\":{\"a\": 1}}", ",\"data\":{\"a\": 1},\"datacontenttype\":\"application/x+json\"}");
	gives("-c text/plain", ",\"data\":{\"a\": 1}}", ",\"data\":\"{\\\"a\\\": 1}\",\"datacontenttype\":\"text/plain\"}");
	gives("-c application/json", ",\"datacontenttype\":\"text/plain\",\"data\":\"{\\\"a\\\": 1}\"}", ",\"datacontenttype\":\"application/json\",\"data\":{\"a\": 1}}");
	gives("-c application/json", ",\"datacontenttype\":\"text/plain\",\"data\":\"hello\"}", "!the data would be no JSON");
	gives("-c application/json", ",\"data_base64\":\"AA==\"}", ",\"data_base64\":\"AA==\",\"datacontenttype\":\"application/json\"}");
	gives("-c text/csv", ",\"datacontenttype\":\"text/plain\",\"data\":\"\\u0061\"}", ",\"datacontenttype\":\"text/csv\",\"data\":\"\\u0061\"}");
	gives("-r datacontenttype", ",\"datacontenttype\":\"text/plain\",\"data\":\"hello\"}", "!no JSON: expected a value (and there is no datacontenttype)");
	gives("-r datacontenttype", ",\"datacontenttype\":\"text/plain\",\"data\":\"5\"}", ",\"data\":5}");
	gives("-r datacontenttype", ",\"datacontenttype\":\"application/json\",\"data\":5 }", ",\"data\":5 }");
	gives("-n datacontenttype=x\t-n y=datacontenttype", ",\"datacontenttype\":\"text/plain\",\"y\":\"text/\\u0078\",\"data\":\"5\"}",
	    ",\"datacontenttype\":\"text/\\u0078\",\"data\":\"5\",\"x\":\"text/plain\"}");
	gives("-c {data.t}", ",\"data\":{\"t\":\"nonsense\"}}", "!media type");
	gives("-s datacontenttype={x|}", ",\"datacontenttype\":\"text/plain\",\"data\":\"5\"}", ",\"data\":5}");
	gives("-c text/plain", ",\"data\":\"\\ud800\"}", ",\"data\":\"\\\"\\\\ud800\\\"\",\"datacontenttype\":\"text/plain\"}");
	gives("-c application/json", ",\"datacontenttype\":\"text/plain\",\"data\":\"\\ud800\"}", "!lone surrogate");
}

static void
addressed(void)
{
	gives("-s x=1", ",\"ackto\":\"abc.1\"}", ",\"ackto\":\"abc.1\",\"x\":\"1\"}");
	gives("-s x={ackto}", ",\"ackto\":\"abc.1\"}", ",\"ackto\":\"abc.1\",\"x\":\"abc.1\"}");
}

int
main(void)
{
	ce_name = "map";
	wrong_use();
	attributes();
	renames();
	payloads();
	types();
	addressed();
	return done();
}
