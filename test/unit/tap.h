/* tap.h -- TAP from a plain C program: ok(), is(), output of a child, the plan at the end.
 *
 * SPDX-License-Identifier: Apache-2.0 */

#ifndef TAP_H
#define TAP_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static int tap_run, tap_failed;

static inline bool __attribute__((format(printf, 2, 3)))
ok(bool good, const char *fmt, ...)
{
	va_list ap;

	printf("%sok %d - ", good ? "" : "not ", ++tap_run);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	printf("\n");
	tap_failed += !good;
	return good;
}

/* Text; NULL is equal to NULL alone. */
static inline void
is(const char *got, const char *want, const char *title)
{
	bool same = got == want || (got != NULL && want != NULL && strcmp(got, want) == 0);

	if (!ok(same, "%s", title)) {
		printf("#   got: %s\n", got != NULL ? got : "(null)");
		printf("#  want: %s\n", want != NULL ? want : "(null)");
	}
}

static inline void
is_int(long got, long want, const char *title)
{
	if (!ok(got == want, "%s", title))
		printf("#   got: %ld\n#  want: %ld\n", got, want);
}

static inline void
has(const char *got, const char *want, const char *title)
{
	if (!ok(strstr(got, want) != NULL, "%s", title))
		printf("#   got: %s\n#  with: %s\n", got, want);
}

static char tap_out[65536]; /* what the last child printed */

/* Runs fn in a child with both outputs caught; its exit code, -1 for a signal. */
static inline int
child(void (*fn)(void *), void *arg)
{
	int fds[2], status;
	size_t n = 0;
	ssize_t k;
	pid_t pid;

	fflush(stdout);
	if (pipe(fds) != 0 || (pid = fork()) < 0)
		exit(99);
	if (pid == 0) {
		dup2(fds[1], 1);
		dup2(fds[1], 2);
		close(fds[0]);
		close(fds[1]);
		fn(arg);
		exit(0);
	}
	close(fds[1]);
	while ((k = read(fds[0], tap_out + n, sizeof(tap_out) - 1 - n)) > 0)
		n += (size_t)k;
	tap_out[n] = '\0';
	close(fds[0]);
	if (waitpid(pid, &status, 0) != pid)
		exit(99);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static inline int
done(void)
{
	printf("1..%d\n", tap_run);
	return tap_failed > 0;
}

#endif
