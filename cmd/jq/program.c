/* program.c -- a jq program: compiled once, run over one value after the other.
 *
 * What it could see of the process is cut down to what is said: an event is all
 * its input, and of the environment, where other stages may have their secrets,
 * it sees the language, the time zone and what --env names.
 * SPDX-License-Identifier: Apache-2.0 */

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <setjmp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "program.h"

#define LONGEST 500 /* bytes of an error */

struct program_conf program_conf;

static jq_state *jq;
static const char *program;
static jv_parser *parser;
static jq_util_input_state *no_input;
static struct ce_buf said;
static sigjmp_buf before;
static volatile sig_atomic_t running;

char **
program_arguments(int *argc, char *argv[])
{
	static char **out; /* to the end: options are views into it */
	struct ce_buf pair = { 0 };
	int i, n = 0;

	out = ce_alloc(((size_t)*argc + 1) * sizeof(*out));
	for (i = 0; i < *argc && strcmp(argv[i], "--") != 0; i++) {
		out[n++] = argv[i];
		if ((strcmp(argv[i], "--arg") != 0 && strcmp(argv[i], "--argjson") != 0) ||
		    i + 2 >= *argc || strchr(argv[i + 1], '=') != NULL)
			continue;
		ce_buf_printf(&pair, "%s=%s", argv[i + 1], argv[i + 2]);
		out[n++] = ce_buf_take(&pair);
		i += 2;
	}
	while (i < *argc)
		out[n++] = argv[i++];
	*argc = n;
	return out;
}

/* ---- compiling ---- */

static bool
listed(const char *variable, size_t n)
{
	static const char *const always[] = { "HOME", "LANG", "LANGUAGE", "TZ",
		"CE_RUNTIME_DIR", "XDG_RUNTIME_DIR" };
	struct ce_str name = { variable, n };

	for (size_t i = 0; i < sizeof(always) / sizeof(*always); i++)
		if (ce_str_is(name, always[i]))
			return true;
	for (int i = 0; i < program_conf.env.n; i++)
		if (ce_str_is(name, program_conf.env.v[i]))
			return true;
	return n > 3 && memcmp(variable, "LC_", 3) == 0;
}

static void
clean_environment(void)
{
	char **to = environ;

	for (char **from = environ; *from != NULL; from++)
		if (listed(*from, strcspn(*from, "=")))
			*to++ = *from;
	*to = NULL;
}

/* "jq: error: WHAT at <top-level>, line 1:\nTHE LINE", and "jq: 1 compile error". */
static void
compile_error(void *arg, jv msg)
{
	const char *text = jv_get_kind(msg) == JV_KIND_STRING ? jv_string_value(msg) : "?";
	const char *const heads[] = { "jq: ", "error: " };

	(void)arg;
	for (int i = 0; i < 2; i++)
		if (strncmp(text, heads[i], strlen(heads[i])) == 0)
			text += strlen(heads[i]);
	if (strstr(text, " compile error") == NULL) {
		ce_buf_puts(&said, said.len > 0 ? "; " : "");
		for (; *text != '\0'; text++)
			if (*text != '\n')
				ce_buf_putc(&said, *text);
			else if (text[1] != '\0')
				ce_buf_putc(&said, ' ');
	}
	jv_free(msg);
}

static jv
named(const struct ce_list *l, const char *option, bool json, jv args)
{
	for (int i = 0; i < l->n; i++) {
		const char *eq = strchr(l->v[i], '=');
		jv value, name;

		if (eq == NULL || eq == l->v[i])
			ce_die(CE_USAGE, "option %s: takes NAME VALUE, or NAME=VALUE: %s", option, l->v[i]);
		value = json ? jv_parse(eq + 1) : jv_string(eq + 1);
		if (!jv_is_valid(value))
			ce_die(CE_USAGE, "option %s: is no JSON: %s", option, l->v[i]);
		name = jv_string_sized(l->v[i], (int)(eq - l->v[i]));
		if (!jv_object_has(jv_copy(args), jv_copy(name)))
			args = jv_object_set(args, name, value);
		else { /* as in jq, the first one holds */
			jv_free(name);
			jv_free(value);
		}
	}
	return args;
}

static jv
arguments(void)
{
	jv args = named(&program_conf.arg, "--arg", false, jv_object()), all;

	args = named(&program_conf.argjson, "--argjson", true, args);
	all = jv_object_set(jv_object(), jv_string("positional"), jv_array());
	all = jv_object_set(all, jv_string("named"), jv_copy(args));
	return jv_object_set(args, jv_string("ARGS"), all);
}

static jv
real_path(const char *path)
{
	char *real = realpath(path, NULL);
	jv v = jv_string(real != NULL ? real : path);

	free(real);
	return v;
}

/* Where import and include look: as in jq. */
static void
set_paths(void)
{
	char *copy = ce_strdup(program_conf.file != NULL ? program_conf.file : "./x"), *exe;
	jv dirs = jv_array();

	jq_set_attr(jq, jv_string("PROGRAM_ORIGIN"), real_path(dirname(copy)));
	free(copy);
	exe = realpath("/proc/self/exe", NULL);
	jq_set_attr(jq, jv_string("JQ_ORIGIN"), jv_string(exe != NULL ? dirname(exe) : "."));
	free(exe);
	for (int i = 0; i < program_conf.dirs.n; i++)
		dirs = jv_array_append(dirs, real_path(program_conf.dirs.v[i]));
	if (program_conf.dirs.n == 0) {
		dirs = jv_array_append(dirs, jv_string("~/.jq"));
		dirs = jv_array_append(dirs, jv_string("$ORIGIN/../lib/jq"));
		dirs = jv_array_append(dirs, jv_string("$ORIGIN/../lib"));
	}
	jq_set_attr(jq, jv_string("JQ_LIBRARY_PATH"), dirs);
}

/* Without a first line that begins with #!, as if jq were its interpreter. */
static const char *
read_program(struct ce_buf *text)
{
	int fd = open(program_conf.file, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	ssize_t n = 0;

	while (fd != -1 && text->len < INT_MAX) {
		ce_buf_need(text, 65536);
		n = read(fd, text->p + text->len, 65536);
		if (n <= 0)
			break;
		text->len += (size_t)n;
	}
	if (fd == -1 || n == -1)
		ce_die(CE_USAGE, "cannot read %s: %m", program_conf.file);
	close(fd);
	text->p[text->len] = '\0';
	if (strlen(text->p) != text->len)
		ce_die(CE_USAGE, "cannot use %s: it holds a NUL", program_conf.file);
	return strncmp(text->p, "#!", 2) == 0 ? text->p + strcspn(text->p, "\n") : text->p;
}

static void
debug(void *arg, jv msg)
{
	jv text = jv_dump_string(msg, 0);

	(void)arg;
	ce_note("%s", jv_string_value(text));
	jv_free(text);
}

static void
start(void)
{
	if ((jq = jq_init()) == NULL)
		ce_die(CE_TEMPFAIL, "cannot begin: jq_init has failed");
	jq_set_error_cb(jq, compile_error, NULL);
	jq_set_debug_cb(jq, debug, NULL);
	set_paths();
	if (!jq_compile_args(jq, program, arguments()))
		ce_die(CE_USAGE, "cannot compile the program: %s", said.len > 0 ? said.p : "it is none");
	/* input and its like ask this, and there is nothing to be had. */
	jq_set_input_cb(jq, jq_util_input_next_input_cb, no_input);
}

/* Values that jq did not expect are assertions that fail in it.  One event must
 * not end the program again and again: it is refused, and jq begun anew. */
static void
aborted(int sig)
{
	if (running)
		siglongjmp(before, 1);
	signal(sig, SIG_DFL);
}

void
program_open(const char *text)
{
	static struct ce_buf file;
	struct sigaction act = { .sa_handler = aborted, .sa_flags = SA_NODEFER };

	clean_environment();
	program = program_conf.file != NULL ? read_program(&file) : text;
	no_input = jq_util_input_init(NULL, NULL);
	jq_util_input_set_parser(no_input, jv_parser_new(0), 0);
	start();
	parser = jv_parser_new(0);
	sigaction(SIGABRT, &act, NULL);
}

void
program_close(void)
{
	jq_util_input_free(&no_input);
	jv_parser_free(parser);
	jq_teardown(&jq);
}

/* ---- running ---- */

/* The newline ends a number.  One parser for all: to make one costs as much as
 * to parse a short event. */
jv
program_parse(char *p, size_t n)
{
	char was = p[n];
	jv v, rest;

	if (n >= INT_MAX)
		return jv_invalid_with_msg(jv_string("it is too long"));
	p[n] = '\n';
	jv_parser_set_buf(parser, p, (int)n + 1, 1);
	v = jv_parser_next(parser);
	if (jv_is_valid(v)) {
		rest = jv_parser_next(parser);
		if (jv_is_valid(rest) || jv_invalid_has_msg(jv_copy(rest)))
			ce_bug("jq finds two values in one");
		jv_free(rest);
	} else {
		jv_parser_free(parser);
		parser = jv_parser_new(0);
	}
	p[n] = was;
	return v;
}

/* What there is to say of msg, which it takes. */
static const char *
reason(jv msg)
{
	ce_buf_reset(&said);
	if (jv_get_kind(msg) != JV_KIND_STRING)
		msg = jv_dump_string(msg, 0);
	ce_buf_visible(&said, jv_string_value(msg), (size_t)jv_string_length_bytes(jv_copy(msg)), LONGEST);
	while (said.len >= 4 && memcmp(said.p + said.len - 4, "\\x0a", 4) == 0)
		said.p[said.len -= 4] = '\0';
	jv_free(msg);
	return said.len > 0 ? said.p : "an error without a word";
}

static jv
next(void)
{
	jv v;

	running = true;
	v = jq_next(jq);
	running = false;
	return v;
}

static const char *
run(jv v, bool (*out)(void *arg, jv v), void *arg)
{
	const char *why = NULL;
	jv code;

	while (jv_is_valid(v = next()))
		if (!out(arg, v))
			return NULL;
	if (jq_halted(jq)) { /* halt has no exit code, halt_error has */
		code = jq_get_exit_code(jq);
		if (jv_is_valid(code))
			why = reason(jq_get_error_message(jq));
		jv_free(code);
	} else if (jv_invalid_has_msg(jv_copy(v))) {
		why = reason(jv_invalid_get_msg(v));
		v = jv_null();
	}
	jv_free(v);
	return why;
}

const char *
program_run(jv v, bool (*out)(void *arg, jv v), void *arg)
{
	if (sigsetjmp(before, 0) != 0) {
		running = false;
		start(); /* what the old one has is lost */
		return "jq itself has failed with it";
	}
	jq_start(jq, v, 0);
	return run(v, out, arg);
}
