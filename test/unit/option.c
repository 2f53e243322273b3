/* option -- tests of the option parser and of the check of its tables.
 *
 * SPDX-License-Identifier: Apache-2.0 */

#include <limits.h>
#include "opt.h"
#include "tap.h"

static const char *url, *must;
static bool all, brief;
static long number = 3, size = 65536, wait_ms = 1500;
static struct ce_list list;
static struct ce_secret password;
static int sync_mode = 1;
static struct ce_template *topic;

static const struct ce_opt shared[] = {
	CE_STR(0, "tls-ca", &url, "FILE", "PEM file of authorities"),
	CE_END
};
static const struct ce_opt table[] = {
	CE_FLAG('a', "all", &all, "take all"),
	CE_FLAG('b', "brief", &brief, "say less"),
	CE_LIST('H', "header", &list, "'name: value'", "header to add"),
	CE_GROUP(shared),
	CE_NUM('n', "number", &number, "n", -5, 10, "how many"),
	CE_SECRET(0, "password", &password, "secret", "password to use"),
	CE_SIZE(0, "size", &size, "size", 1, 1L << 30, "how much"),
	CE_CHOICE(0, "sync", &sync_mode, "batch|each|none", "when to wait"),
	CE_TEMPLATE('t', "topic", &topic, "template", "where to"),
	CE_STR('u', "url", &url, "url", "server to connect to"),
	CE_TIME('w', "wait", &wait_ms, "time", 0, 0, "how long"),
	CE_END
};

/* Parses words, split at blanks; what is wrong, or "". */
static const char *
parse(const char *words, int *first, char ***rest)
{
	static char text[200], *argv[40];
	const char *why;
	int argc = 1;

	snprintf(text, sizeof(text), "ce-x %s", words);
	argv[0] = text;
	for (char *p = text; *p != '\0'; p++) {
		if (*p == ' ') {
			*p = '\0';
			argv[argc++] = p + 1;
		}
	}
	argv[argc] = NULL;
	if (*words == '\0')
		argc = 1;
	why = ce_opt_parse(table, argc, argv, first);
	*rest = argv;
	return why != NULL ? why : "";
}

static void
good(const char *words, const char *positional)
{
	char got[200] = "", **argv;
	int first;

	is(parse(words, &first, &argv), "", words);
	for (int i = first, n = 0; argv[i] != NULL; i++)
		n += snprintf(got + n, sizeof(got) - (size_t)n, "%s%s", n > 0 ? " " : "", argv[i]);
	is(got, positional, "and its arguments");
}

static void
bad(const char *words, const char *want)
{
	char **argv;
	int first;

	is(parse(words, &first, &argv), want, words);
}

static void
spellings(void)
{
	good("-u A", "");
	is(url, "A", "-x VAL");
	good("-uB x y", "x y");
	is(url, "B", "-xVAL");
	good("x --url C y --url=D", "x y");
	is(url, "D", "--name VAL, --name=VAL, the last one wins");
	good("--url=", "");
	is(url, "", "an empty value");
	good("-ab", "");
	ok(all && brief, "-ab");
	all = brief = false;
	good("-abu-x -n -5", "");
	ok(all && brief && strcmp(url, "-x") == 0 && number == -5, "-abuVAL");
	good("x -- -a --foo", "x -a --foo");
	good("- -a -", "- -");
	good("--", "");
	good("-H a --header=b -Hc", "");
	ok(list.n == 3 && strcmp(list.v[2], "c") == 0, "a list");
	good("--tls-ca x", "");
	is(url, "x", "an option of a group");
}

static void
number_is(const char *words, const long *v, long want)
{
	good(words, "");
	is_int(*v, want, "its value");
}

static void
kinds(void)
{
	number_is("-n 10", &number, 10);
	number_is("--size 1", &size, 1);
	number_is("--size 2k", &size, 2048);
	number_is("--size 2K", &size, 2048);
	number_is("--size 16M", &size, 16L << 20);
	number_is("--size 1G", &size, 1L << 30);
	number_is("-w 5", &wait_ms, 5000);
	number_is("-w 5ms", &wait_ms, 5);
	number_is("-w 5s", &wait_ms, 5000);
	number_is("-w 5m", &wait_ms, 300000);
	number_is("-w 5h", &wait_ms, 18000000);
	number_is("-w 5d", &wait_ms, 432000000);
	number_is("-w 9223372036854775807ms", &wait_ms, LONG_MAX);
	good("--sync none", "");
	is_int(sync_mode, 2, "a choice");
	good("-t {type} -t x/{id}", "");
	is(ce_template_text(topic), "x/{id}", "a template");
	good("--password env:X", "");
	is(password.spec, "env:X", "a secret");
}

static void
mistakes(void)
{
	bad("--foo", "unknown option --foo");
	bad("--foo=bar", "unknown option --foo");
	bad("--ur x", "unknown option --ur");
	bad("-x", "unknown option -x");
	bad("-ax", "unknown option -x");
	bad("-\xc3\xa4", "unknown option -\xc3\xa4");
	bad("--\x1b\xff", "unknown option --\\x1b\\xff");
	bad("--all=1", "option --all takes no value");
	bad("-u", "option --url needs a value: url");
	bad("x --url", "option --url needs a value: url");
	bad("-n 11", "option --number: \"11\" is out of range (-5 to 10)");
	bad("-n -6", "option --number: \"-6\" is out of range (-5 to 10)");
	bad("-n 1x", "option --number: \"1x\" is not a number");
	bad("-n +1", "option --number: \"+1\" is not a number");
	bad("-n=", "option --number: \"=\" is not a number");
	bad("--number=", "option --number: \"\" is not a number");
	bad("-n -", "option --number: \"-\" is not a number");
	bad("--size 0", "option --size: \"0\" is out of range (1 to 1G)");
	bad("--size 2G", "option --size: \"2G\" is out of range (1 to 1G)");
	bad("--size 99999999999999999999", "option --size: \"99999999999999999999\" is out of range (1 to 1G)");
	bad("--size 9223372036854775807G", "option --size: \"9223372036854775807G\" is out of range (1 to 1G)");
	bad("--size 1kk", "option --size: \"1kk\" is not a size such as 512, 64k, 16M, 1G");
	bad("-w -1s", "option --wait: \"-1s\" is out of range (0s or more)");
	bad("-w 1y", "option --wait: \"1y\" is not a time such as 500ms, 30s, 5m, 2h, 1d");
	bad("--sync eac", "option --sync: \"eac\" is none of batch|each|none");
	bad("--sync batch|each", "option --sync: \"batch|each\" is none of batch|each|none");
	bad("-t {", "option --topic: \"{\" a { is not closed ({{ is the brace itself)");
	bad("--password hunter2", "option --password takes a place, not the secret itself, which anybody could "
	    "see: env:NAME, file:PATH or fd:N");
	bad("--password env:", "option --password takes a place, not the secret itself, which anybody could see: "
	    "env:NAME, file:PATH or fd:N");
	bad("--password fd:x", "option --password takes fd:N only with the number of a descriptor that can be read");
	bad("--password fd:1", "option --password takes fd:N only with the number of a descriptor that can be read");
}

static void
table_is(const struct ce_opt *t, const char *want)
{
	char *argv[] = { (char *)"x", NULL };
	int first;

	is(ce_opt_parse(t, 1, argv, &first), want, want != NULL ? want : "a good table");
}

#define TABLE(want, ...) table_is((const struct ce_opt[]){ __VA_ARGS__, CE_END }, want)

static void
tables(void)
{
	TABLE(NULL, CE_STR('a', "aa", &url, "x", "PEM file"), CE_STR('b', "ab", &url, "x", "b"));
	TABLE("option --aa comes after --ab", CE_STR(0, "ab", &url, "x", "b"), CE_STR(0, "aa", &url, "x", "b"));
	TABLE("option --aa is there twice", CE_STR(0, "aa", &url, "x", "b"), CE_STR(0, "aa", &url, "x", "b"));
	TABLE("option --tls-ca is there twice", CE_STR(0, "tls-ca", &url, "x", "b"), CE_GROUP(shared));
	TABLE("option -a is there twice", CE_STR('a', "aa", &url, "x", "b"), CE_STR('a', "ab", &url, "x", "b"));
	TABLE("option --aa has no help", CE_STR(0, "aa", &url, "x", NULL));
	TABLE("option --aa has no help", CE_STR(0, "aa", &url, "x", ""));
	TABLE("option --aa has a full stop behind its help", CE_STR(0, "aa", &url, "x", "b."));
	TABLE("option --aa has a capital letter before its help", CE_STR(0, "aa", &url, "x", "Help"));
	TABLE("option --aa has no name for its argument", CE_STR(0, "aa", &url, NULL, "b"));
	TABLE("option --aa has no variable", CE_STR(0, "aa", NULL, "x", "b"));
	TABLE("option --aA has an illegal name", CE_STR(0, "aA", &url, "x", "b"));
	TABLE("option --aa is a choice of one", CE_CHOICE(0, "aa", &sync_mode, "x", "b"));
	TABLE("option --aa is required", CE_MUST(0, "aa", &must, "x", "b"));
}

int
main(void)
{
	spellings();
	kinds();
	mistakes();
	tables();
	ce_template_free(topic);
	free(list.v);
	return done();
}
