/* secret -- secrets come from a place that only the program can read.
 *
 * argv is public (ps) and the environment is inherited, so a literal is
 * refused and a variable is removed once it was read.  The value is held in
 * guarded memory and never in a message.
 *
 * SPDX-License-Identifier: Apache-2.0 */

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>
#include "guard.h"
#include "secret.h"

#define SECRET_MAX 65536

static struct ce_buf reason;

static const char * CE_PRINTF(1, 2)
wrong(const char *fmt, ...)
{
	int saved = errno;
	va_list ap;

	ce_buf_reset(&reason);
	errno = saved;
	va_start(ap, fmt);
	ce_buf_vprintf(&reason, fmt, ap);
	va_end(ap);
	return reason.p;
}

/* What follows the prefix; NULL when spec does not begin with it. */
static const char *
after(const char *spec, const char *prefix)
{
	size_t n = strlen(prefix);

	return strncmp(spec, prefix, n) == 0 && spec[n] != '\0' ? spec + n : NULL;
}

/* The descriptor of fd:N, -1 if N is none.  1 and 2 are where output goes. */
static int
descriptor(const char *digits)
{
	size_t n = strlen(digits);
	int fd;

	if (n > 6 || strspn(digits, "0123456789") != n)
		return -1;
	fd = (int)strtol(digits, NULL, 10);
	return fd == 1 || fd == 2 ? -1 : fd;
}

const char *
ce_secret_check(const char *spec)
{
	const char *p;

	if ((p = after(spec, "fd:")) != NULL && descriptor(p) < 0)
		return "takes fd:N only with the number of a descriptor that can be read";
	if (p != NULL || after(spec, "env:") != NULL || after(spec, "file:") != NULL)
		return NULL;
	return "takes a place, not the secret itself, which anybody could see: "
	    "env:NAME, file:PATH or fd:N";
}

static void
keep(struct ce_secret *s, const char *p, size_t n)
{
	s->p = ce_guard(n + 1);
	s->len = n;
	memcpy(s->p, p, n);
	ce_log_hide(s->p, n);
}

static const char *
read_env(struct ce_secret *s, const char *name)
{
	const char *v = getenv(name);

	if (v == NULL)
		return wrong("there is no %s in the environment", name);
	if (*v == '\0')
		return wrong("%s is empty in the environment", name);
	if (strlen(v) > SECRET_MAX)
		return wrong("%s holds more than 64 KiB", name);
	keep(s, v, strlen(v));
	return NULL;
}

static const char *
read_fd(struct ce_secret *s, int fd, const char *what)
{
	static char *page;
	const char *why = NULL;
	size_t n = 0;
	ssize_t k;

	if (page == NULL)
		page = ce_guard(SECRET_MAX + 2);
	while (n < SECRET_MAX + 2) {
		if ((k = read(fd, page + n, SECRET_MAX + 2 - n)) == 0)
			break;
		if (k > 0)
			n += (size_t)k;
		else if (errno != EINTR) {
			why = wrong("cannot read %s: %m", what);
			break;
		}
	}
	if (n > 0 && page[n - 1] == '\n')
		n--;
	if (why == NULL && n == 0)
		why = wrong("%s is empty", what);
	if (why == NULL && n > SECRET_MAX)
		why = wrong("%s holds more than 64 KiB", what);
	if (why == NULL)
		keep(s, page, n);
	explicit_bzero(page, SECRET_MAX + 2);
	return why;
}

static const char *
read_file(struct ce_secret *s, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	const char *why;

	if (fd < 0)
		return wrong("cannot open %s: %m", path);
	why = read_fd(s, fd, path);
	close(fd);
	return why;
}

const char *
ce_secret_read(struct ce_secret *s)
{
	const char *p, *why = ce_secret_check(s->spec);
	int fd;

	if (why != NULL)
		return why;
	if ((p = after(s->spec, "env:")) != NULL)
		return read_env(s, p);
	if ((p = after(s->spec, "file:")) != NULL)
		return read_file(s, p);
	fd = descriptor(s->spec + strlen("fd:"));
	why = read_fd(s, fd, s->spec);
	close(fd);
	return why;
}

/* unsetenv alone leaves the bytes where /proc/PID/environ finds them. */
void
ce_secret_forget(const struct ce_secret *s)
{
	const char *name = after(s->spec, "env:");
	char *v = name != NULL ? getenv(name) : NULL;

	if (v == NULL)
		return;
	explicit_bzero(v, strlen(v));
	unsetenv(name);
}

/* One byte is less than any core, and it is the limit at which the kernel gives none
 * to a program either (core(5): 0 does not keep it from that).  What stays readable,
 * unlike after PR_SET_DUMPABLE, is /proc/PID, in which a source looks for its sink. */
void
ce_no_core(void)
{
	struct rlimit r;

	if (getrlimit(RLIMIT_CORE, &r) == 0 && r.rlim_max > 1) {
		r.rlim_cur = r.rlim_max = 1;
		setrlimit(RLIMIT_CORE, &r);
	}
}
