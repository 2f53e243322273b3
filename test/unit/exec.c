/* exec.c -- tests of ce-exec: answers, exit statuses, variables, replies
 * needs: cmd/exec/answer.c cmd/exec/environ.c cmd/exec/reply.c cmd/exec/feed.c
 * SPDX-License-Identifier: Apache-2.0 */

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include "../../cmd/exec/exec.h"
#include "../../lib/flow.h"
#include "tap.h"

struct exec_conf exec_conf = { .jobs = 1, .name = "cmd" };

static void
answers(void)
{
	static const struct {
		const char *line, *reason;
		enum answer sink, filter;
	} table[] = {
		{ "ok", "", ANSWER_OK, ANSWER_OK },
		{ "ok\r", "", ANSWER_OK, ANSWER_OK },
		{ "taken", "", ANSWER_OK, ANSWER_OK },
		{ "ok then", "", ANSWER_NONE, ANSWER_NONE },
		{ "OK", "", ANSWER_NONE, ANSWER_NONE },
		{ "okay", "", ANSWER_NONE, ANSWER_NONE },
		{ " ok", "", ANSWER_NONE, ANSWER_NONE },
		{ "later", "", ANSWER_LATER, ANSWER_LATER },
		{ "later db is down", "db is down", ANSWER_LATER, ANSWER_LATER },
		{ "later ", "", ANSWER_LATER, ANSWER_LATER },
		{ "laters", "", ANSWER_NONE, ANSWER_NONE },
		{ "never", "", ANSWER_NEVER, ANSWER_NEVER },
		{ "never  two blanks\r", " two blanks", ANSWER_NEVER, ANSWER_NEVER },
		{ "neverending", "", ANSWER_NONE, ANSWER_NONE },
		{ "", "", ANSWER_NONE, ANSWER_DROP },
		{ "\r", "", ANSWER_NONE, ANSWER_DROP },
		{ " \t", "", ANSWER_NONE, ANSWER_DROP },
		{ "{\"id\":1}", "", ANSWER_NONE, ANSWER_EVENT },
		{ "  {", "", ANSWER_NONE, ANSWER_EVENT },
		{ "[1]", "", ANSWER_NONE, ANSWER_NONE },
		{ "Traceback (most recent call last):", "", ANSWER_NONE, ANSWER_NONE },
	};
	struct ce_str reason;
	char text[200];
	size_t i;

	for (i = 0; i < sizeof(table) / sizeof(*table); i++) {
		struct ce_str line = { table[i].line, strlen(table[i].line) };

		is_int(answer_parse(line, false, &reason), table[i].sink, table[i].line);
		snprintf(text, sizeof(text), "%.*s", (int)reason.len, reason.p);
		is(text, table[i].reason, "its reason");
		is_int(answer_parse(line, true, &reason), table[i].filter, "of a filter");
	}
}

static void
statuses(void)
{
	static const struct {
		int status;
		enum ce_verdict want;
		const char *reason;
	} table[] = {
		{ 0, CE_TAKEN, NULL },
		{ 75 << 8, CE_LATER, "cmd: exit status 75: why" },
		{ 69 << 8, CE_LATER, "cmd: exit status 69: why" },
		{ 1 << 8, CE_NEVER, "cmd: exit status 1: why" },
		{ 65 << 8, CE_NEVER, "cmd: exit status 65: why" },
		{ 78 << 8, CE_NEVER, "cmd: exit status 78: why" },
		{ 127 << 8, CE_NEVER, "cmd: exit status 127: why" },
		{ SIGKILL, CE_LATER, "cmd: killed by SIGKILL: why" },
		{ SIGTERM, CE_LATER, "cmd: killed by SIGTERM: why" },
		{ SIGPIPE, CE_LATER, "cmd: killed by SIGPIPE: why" },
		{ SIGSEGV, CE_NEVER, "cmd: killed by SIGSEGV: why" },
		{ SIGSEGV | 0x80, CE_NEVER, "cmd: killed by SIGSEGV: why" },
		{ SIGABRT, CE_NEVER, "cmd: killed by SIGABRT: why" },
	};
	size_t i;

	for (i = 0; i < sizeof(table) / sizeof(*table); i++) {
		is_int(answer_status(table[i].status, "why"), table[i].want, "a status");
		if (table[i].reason != NULL)
			is(ce_reason(), table[i].reason, "its reason");
	}
	is(answer_describe(2 << 8, ""), "exit status 2", "without words");
}

static struct ce_event *
event(const char *extra)
{
	static struct ce_event ev;
	static char text[1000];

	snprintf(text, sizeof(text),
	    "{\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"/s\",\"type\":\"t\"%s}", extra);
	if (ce_event_parse(&ev, text, strlen(text)) != NULL)
		exit(99);
	return &ev;
}

static const char *
value(char **env, const char *name)
{
	size_t n = strlen(name);

	for (; *env != NULL; env++)
		if (strncmp(*env, name, n) == 0 && (*env)[n] == '=')
			return *env + n + 1;
	return NULL;
}

static void
variables(void)
{
	static const char *const ours[] = { "CE_TYPE=x", "CE_RUNTIMEDIR=", "CE_A1=b=c" };
	static const char *const theirs[] = { "CE_RUNTIME_DIR=x", "CE_EXEC_JOBS=1", "CE_=x", "CE_TYPE",
		"CE_type=x", "PATH=x", "XCE_TYPE=x", "", "CE" };
	char many[900] = "", one[40], **env;
	size_t i;

	for (i = 0; i < sizeof(ours) / sizeof(*ours); i++)
		ok(environ_is_attribute(ours[i]), "an attribute: %s", ours[i]);
	for (i = 0; i < sizeof(theirs) / sizeof(*theirs); i++)
		ok(!environ_is_attribute(theirs[i]), "none: %s", theirs[i]);
	setenv("CE_SUBJECT", "of somebody else", 1);
	setenv("CE_RUNTIME_DIR", "/run/x", 1);
	env = environ_of(event(",\"runtimedir\":\"/evil\",\"path\":\"/evil\",\"n\":-7,\"yes\":true,"
	    "\"nil\":null,\"u\":\"\\u00e4 \\\"q\\\"\",\"ackto\":\"abc.1\",\"data\":{\"a\":1}"));
	is(value(env, "CE_ID"), "1", "id");
	is(value(env, "CE_SPECVERSION"), "1.0", "specversion");
	is(value(env, "CE_SUBJECT"), NULL, "what was there before is not the event's");
	is(value(env, "CE_RUNTIME_DIR"), "/run/x", "the runtime directory stays");
	is(value(env, "CE_RUNTIMEDIR"), "/evil", "an extension of that name is another");
	ok(strcmp(value(env, "PATH"), "/evil") != 0, "so is one called path");
	is(value(env, "CE_N"), "-7", "an integer");
	is(value(env, "CE_YES"), "true", "a boolean");
	is(value(env, "CE_NIL"), NULL, "null is absent");
	is(value(env, "CE_U"), "\xc3\xa4 \"q\"", "escapes undone");
	is(value(env, "CE_ACKTO"), NULL, "no return address");
	is(value(env, "CE_DATA"), NULL, "no data");
	for (i = 0; i < 80; i++) {
		snprintf(one, sizeof(one), ",\"x%zu\":%zu", i, i);
		strncat(many, one, sizeof(many) - strlen(many) - 1);
	}
	env = environ_of(event(many));
	is(value(env, "CE_X0"), "0", "the first of many");
	is(value(env, "CE_X79"), "79", "the last of many");
	env = environ_of(NULL);
	is(value(env, "CE_ID"), NULL, "no event, no attributes");
	is(value(env, "CE_RUNTIME_DIR"), "/run/x", "but all else");
}

static const char *
replied(struct ce_event *ev, const char *text)
{
	struct ce_buf b = { 0 };
	enum ce_verdict v;

	ev->reply.len = 0;
	ce_buf_puts(&b, text);
	v = reply_event(ev, &b);
	ce_buf_free(&b);
	return v == CE_NEVER ? ce_reason() : ev->reply.len == 0 ? "" : ev->reply.p;
}

static const char *
with_data(struct ce_event *ev, const char *data, size_t n)
{
	ev->reply.len = 0;
	return reply_data(ev, (struct ce_str){ data, n }) == CE_TAKEN ? strstr(ev->reply.p, "\"type\"") :
	    ce_reason();
}

#define CORE "\"specversion\":\"1.0\",\"id\":\"2\",\"source\":\"/s\",\"type\":\"u\""

static void
replies(void)
{
	struct ce_event *ev = event("");

	is(replied(ev, "{" CORE "}\n"), "{" CORE "}", "a line");
	is(replied(ev, "{" CORE ",\n \"data\": 1 }\n\n"), "{" CORE ",  \"data\": 1 }", "several lines");
	is(replied(ev, "{" CORE ",\"ackto\":\"abc.5\"}"), "{" CORE "}", "an address is not its own");
	is(replied(ev, ""), "", "nothing");
	is(replied(ev, " \r\n\n"), "", "white space");
	has(replied(ev, "{" CORE "}\n{" CORE "}\n"), "cmd: its output is refused: ", "two");
	has(replied(ev, "{\"id\":\"2\"}"), "cmd: its output is refused: ", "no event");
	has(replied(ev, "ok"), "cmd: its output is refused: ", "no JSON");
	is(with_data(event(",\"data\":{\"a\":1},\"x\":\"y\""), "{\"b\":\n2}\n", 9),
	    "\"type\":\"t\",\"data\":{\"b\": 2},\"x\":\"y\"}", "JSON stays JSON");
	is(with_data(event(",\"datacontenttype\":\"text/plain\",\"data\":\"a\""), "b\n", 2),
	    "\"type\":\"t\",\"datacontenttype\":\"text/plain\",\"data\":\"b\\n\"}", "text stays text");
	is(with_data(event(",\"datacontenttype\":\"text/plain\",\"data\":\"a\""), "\xff", 1),
	    "\"type\":\"t\",\"datacontenttype\":\"text/plain\",\"data_base64\":\"/w==\"}", "bytes become base64");
	is(with_data(event(",\"datacontenttype\":\"x/y\",\"data_base64\":\"/w==\""), "", 0),
	    "\"type\":\"t\",\"datacontenttype\":\"x/y\",\"data_base64\":\"\"}", "nothing is empty data");
	is(with_data(event(",\"data\":1"), "no json", 7),
	    "\"type\":\"t\",\"data_base64\":\"bm8ganNvbg==\"}", "no JSON where there was JSON");
	is(with_data(event(""), "{}", 2), "\"type\":\"t\",\"data\":{}}", "data where there was none");
}

static void
feeding(void)
{
	static struct ce_event evs[300];
	struct ce_event *list[300];
	static char texts[300][8], got[4000], want[4000];
	struct feed f = { 0, 0 };
	size_t n = 0, m = 0;
	int fds[2], i;
	ssize_t k;

	for (i = 0; i < 300; i++) {
		evs[i].len = (size_t)snprintf(texts[i], sizeof(texts[i]), "%d ", i);
		evs[i].text = texts[i];
		list[i] = &evs[i];
		m += (size_t)snprintf(want + m, sizeof(want) - m, "%d \n", i);
	}
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds) != 0)
		exit(99);
	ok(feed(&f, fds[1], list, 300), "many lines");
	while ((k = read(fds[0], got + n, sizeof(got) - n)) > 0)
		n += (size_t)k;
	ok(n == m && memcmp(got, want, n) == 0, "arrive as they were, each with a newline");
	f = (struct feed){ 7, 1 };
	ok(feed(&f, fds[1], list, 9), "from the middle of one");
	k = read(fds[0], got, sizeof(got));
	ok(k == 5 && memcmp(got, " \n8 \n", 5) == 0, "goes on there");
}

int
main(void)
{
	answers();
	statuses();
	variables();
	replies();
	feeding();
	return done();
}
