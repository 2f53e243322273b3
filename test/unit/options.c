/* options -- tests of a program's start: role options, environment, secrets, help.
 *
 * SPDX-License-Identifier: Apache-2.0 */

#include <fcntl.h>
#include "opt.h"
#include "tap.h"

#ifndef CE_VERSION
#define CE_VERSION "0.1.0"
#endif

static const char *url = "redis://localhost", *must;
static bool quiet;
static struct ce_secret password;

struct run {
	const char *argv[8];
	struct ce_program program;
	void (*then)(void);
};

static void
start(void *arg)
{
	struct run *r = arg;
	int argc = 1, first;
	char *argv[9];

	argv[0] = (char *)r->program.name;
	for (int i = 0; i < 7 && r->argv[i] != NULL; i++)
		argv[argc++] = (char *)r->argv[i];
	argv[argc] = NULL;
	first = ce_options(argc, argv, &r->program);
	if (r->then != NULL)
		r->then();
	for (int i = first; i < argc; i++)
		printf("<%s>", argv[i]);
	fflush(stdout);
}

static void
run(int code, const char *want, struct ce_program p, void (*then)(void), const char *a, const char *b, const char *c)
{
	struct run r = { { a, b, c, NULL }, p, then };

	is_int(child(start, &r), code, want);
	if (code == 0 && *want == '\0')
		is(tap_out, "", "silent");
	else
		has(tap_out, want, "and says so");
	ok(strstr(tap_out, "hunter2") == NULL, "no secret is shown");
}

static const struct ce_opt some[] = {
	CE_SECRET(0, "password", &password, "secret", "password to use"),
	CE_FLAG('q', "queue", &quiet, "be a queue"),
	CE_MUST('s', "stream", &must, "name", "stream to append to"),
	CE_STR('u', "url", &url, "url", "server to connect to"),
	CE_END
};
static const struct ce_program sink = { "ce-sink-red-is", "append events", CE_SINK, some, "PATH", 1, 2,
	CE_USE_BATCH | CE_USE_TIMEOUT };
static const struct ce_program source = { "ce-src-y", "read events", CE_SOURCE, NULL, NULL, 0, 0,
	CE_USE_COMMIT | CE_USE_STATE | CE_USE_LISTEN | CE_USE_DEAD };
static const struct ce_program filter = { "ce-wrap", "wrap", CE_FILTER, NULL, "[FILE ...]", 0, -1, 0 };

static void
show(void)
{
	printf("%s %s %d %ld %ld", must, url, quiet, ce_conf.batch, ce_conf.timeout);
}

static void
use_secret(void)
{
	printf("%zu %d %d\n", password.len, password.p != NULL && strcmp(password.p, "hunter2\nx") == 0,
	    getenv("SECRET") == NULL && getenv("CE_RED_IS_PASSWORD") == NULL);
	fflush(stdout);
	ce_warn("it is %s!", password.p);
}

static void
environ_shows(void)
{
	static char all_of_it[200000];
	int fd = open("/proc/self/environ", O_RDONLY);
	ssize_t n = read(fd, all_of_it, sizeof(all_of_it));

	printf("%d", n > 0 && memmem(all_of_it, (size_t)n, "hunter2", 7) == NULL);
}

static void
whole(void)
{
	run(0, "s redis://localhost 0 256 30000<p>", sink, show, "-s", "s", "p");
	run(0, "<-x>", filter, NULL, "--", "-x", NULL);
	run(64, "ce-sink-red-is: option --stream is required (see ce-sink-red-is --help)\n", sink, NULL, "p", NULL, NULL);
	run(64, "ce-sink-red-is: an argument is missing: PATH (see", sink, NULL, "-ss", NULL, NULL);
	run(64, "ce-src-y: one argument too many: \"a\\x0ab\" (see", source, NULL, "a\nb", NULL, NULL);
	run(64, "ce-src-y: unknown option --foo (see ce-src-y --help)\n", source, NULL, "--foo", NULL, NULL);
	run(64, "unknown option --commit-every", source, NULL, "--commit-every=1", NULL, NULL);
	run(64, "unknown option --inflight", sink, NULL, "--inflight=1", NULL, NULL);
	run(64, "unknown option --retries", filter, NULL, "--retries=1", NULL, NULL);
	run(64, "ce-src-y: option --max-event: \"1\" is out of range (1k to 1G) (see", source, NULL, "--max-event", "1", NULL);
	run(64, "option --password takes a place, not the secret itself", sink, NULL, "--password=hunter2", NULL, NULL);
	run(0, "ce-wrap " CE_VERSION "\n", filter, NULL, "--version", NULL, NULL);
	run(0, "usage: ce-sink-red-is -s name [options] PATH\nappend events\n", sink, NULL, "--help", NULL, NULL);
	has(tap_out, "  -u, --url url               server to connect to (default redis://localhost)\n", "a default");
	has(tap_out, "  -s, --stream name           stream to append to (required)\n", "required");
	has(tap_out, "      --retries n             attempts after the first; -1: for ever (default -1)\n", "a role's option");
	has(tap_out, "      --quiet ", "whose letter the program took");
	has(tap_out, "\n  -v, --verbose ", "and one that is free");
	has(tap_out, "      --backoff-max time      longest pause between retries (default 1m)\n", "a time");
	has(tap_out, "see ce(7)", "the pointer");
	run(0, "-\tcount\tn\t0\tstop after", source, NULL, "--options", NULL, NULL);
	ok(strncmp(tap_out, "-\tack\tauto|require|none\tauto\twhether", 36) == 0, "sorted, the default a word");
	has(tap_out, "\n-\tdead-letter\tfile\t-\tappend", "no default");
	has(tap_out, "\nh\thelp\t-\t-\tprint this help and exit\n", "a letter");
	ok(strstr(tap_out, "timeout") == NULL, "no option that it cannot honour");
}

static void
environment(void)
{
	setenv("CE_RED_IS_STREAM", "env", 1);
	setenv("CE_RED_IS_QUEUE", "yes", 1);
	setenv("CE_RED_IS_BATCH", "7", 1);
	setenv("CE_RED_IS_HELP", "1", 1);
	run(0, "env redis://localhost 1 7 30000<p>", sink, show, "p", NULL, NULL);
	run(0, "arg redis://localhost 1 9 30000<p>", sink, show, "-sarg", "p", "--batch=9");
	setenv("CE_RED_IS_QUEUE", "", 1);
	run(0, "env redis://localhost 0 7", sink, show, "p", NULL, NULL);
	setenv("CE_RED_IS_QUEUE", "maybe", 1);
	run(64, "ce-sink-red-is: CE_RED_IS_QUEUE: \"maybe\" is neither 1, yes, true nor 0, no, false (see", sink, NULL,
	    "p", NULL, NULL);
	run(0, "env redis://localhost 1", sink, show, "p", "-q", NULL);
	unsetenv("CE_RED_IS_QUEUE");
	setenv("CE_RED_IS_BATCH", "0", 1);
	run(64, "CE_RED_IS_BATCH: \"0\" is out of range (1 to 1000000) (see", sink, NULL, "p", NULL, NULL);
	unsetenv("CE_RED_IS_BATCH");
	setenv("CE_RED_IS_PASSWORD", "hunter2\nx", 1);
	run(64, "CE_RED_IS_PASSWORD takes a place", sink, NULL, "p", NULL, NULL);
	run(0, "9 1 1\nce-sink-red-is: it is ***!\n", sink, use_secret, "p", "--password", "env:CE_RED_IS_PASSWORD");
	unsetenv("CE_RED_IS_PASSWORD");
	setenv("CE_WRAP_QUIET", "1", 1);
	run(0, "", filter, NULL, NULL, NULL, NULL);
}

static int
file_with(const char *text, size_t n)
{
	int fd = open("/tmp", O_TMPFILE | O_RDWR, 0600);

	if (fd < 0 || write(fd, text, n) != (ssize_t)n || lseek(fd, 0, SEEK_SET) != 0)
		exit(99);
	return fd;
}

static void
secrets(void)
{
	static char big[65538];
	char spec[40];
	int fd;

	setenv("SECRET", "hunter2\nx", 1);
	run(0, "9 1 1\nce-sink-red-is: it is ***!\n<p>", sink, use_secret, "p", "--password", "env:SECRET");
	unsetenv("SECRET");
	run(78, "cannot read the secret of --password: there is no SECRET in the environment\n", sink, NULL, "p",
	    "--password", "env:SECRET");
	fd = file_with("hunter2\nx\n", 10);
	snprintf(spec, sizeof(spec), "fd:%d", fd);
	run(0, "9 1 1\n", sink, use_secret, "p", "--password", spec);
	snprintf(spec, sizeof(spec), "file:/dev/fd/%d", fd);
	run(0, "9 1 1\n", sink, use_secret, "p", "--password", spec);
	close(fd);
	run(78, "cannot open /nonexistent: No such file or directory\n", sink, NULL, "p", "--password", "file:/nonexistent");
	run(78, "cannot read the secret of --password: cannot read fd:99: Bad file descriptor\n", sink, NULL, "p",
	    "--password", "fd:99");
	run(78, "/dev/null is empty\n", sink, NULL, "p", "--password", "file:/dev/null");
	memset(big, 'x', sizeof(big));
	big[65536] = '\n';
	fd = file_with(big, 65537);
	snprintf(spec, sizeof(spec), "fd:%d", fd);
	run(0, "65536 0 1", sink, use_secret, "p", "--password", spec);
	close(fd);
	fd = file_with(big, 65538);
	snprintf(spec, sizeof(spec), "fd:%d", fd);
	run(78, "holds more than 64 KiB\n", sink, NULL, "p", "--password", spec);
	close(fd);
}

/* /proc shows the environment that a program was started with, so start one. */
static void
secret_environment(void)
{
	int fds[2], status;
	char c = 0;

	setenv("SECRET", "hunter2", 1);
	fflush(stdout);
	if (pipe(fds) != 0)
		exit(99);
	if (fork() == 0) {
		dup2(fds[1], 1);
		execl("/proc/self/exe", "option", "environ", NULL);
		_exit(99);
	}
	ok(read(fds[0], &c, 1) == 1 && c == '1', "/proc/PID/environ does not show it");
	wait(&status);
	close(fds[0]);
	close(fds[1]);
	unsetenv("SECRET");
}

int
main(int argc, char *argv[])
{
	struct run again = { { "p", "--password=env:SECRET", "-ss" }, sink, environ_shows };

	if (argc > 1 && strcmp(argv[1], "environ") == 0) {
		start(&again);
		return 0;
	}
	whole();
	environment();
	secrets();
	secret_environment();
	return done();
}
