/* launch.c -- the command, and how a process of it begins
 *
 * vfork, because a page table is not copied for each event: between it and execve
 * nothing is called but the kernel, and what is written is the parent's memory.
 * SPDX-License-Identifier: Apache-2.0 */

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include "exec.h"
#include "launch.h"

static char *path; /* of the program */
static char **args;
static char **script; /* the same through a shell, for one without #! */

struct start {
	const struct launch *l;
	pid_t parent;
	sigset_t mask;
	volatile int error;
};

static bool
runs(const char *file)
{
	struct stat st;

	if (access(file, X_OK) == -1 || stat(file, &st) == -1)
		return false;
	if (S_ISREG(st.st_mode))
		return true;
	errno = EACCES;
	return false;
}

/* As execvp looks for it, but once; what cannot be run is passed over. */
static char *
look_up(const char *name)
{
	const char *p = getenv("PATH"), *end;
	struct ce_buf b = { 0 };
	int error = ENOENT;

	if (strchr(name, '/') != NULL)
		return runs(name) ? ce_strdup(name) : NULL;
	for (p = p != NULL ? p : "/bin:/usr/bin"; *name != '\0'; p = end + 1) {
		end = p + strcspn(p, ":");
		ce_buf_reset(&b);
		ce_buf_printf(&b, "%.*s%s%s", (int)(end - p), p, end > p ? "/" : "", name);
		if (runs(b.p))
			return ce_buf_take(&b);
		if (errno == EACCES)
			error = EACCES;
		if (*end == '\0')
			break;
	}
	ce_buf_free(&b);
	errno = error;
	return NULL;
}

static int
code_of(int error)
{
	return error == EACCES || error == EPERM ? CE_NOPERM : CE_CONFIG;
}

void
launch_prepare(char *argv[])
{
	static char shell[] = "/bin/sh";
	int n = 0;

	if ((path = look_up(argv[0])) == NULL)
		ce_die(code_of(errno), "cannot run %s: %m", argv[0]);
	args = argv;
	while (argv[n] != NULL)
		n++;
	script = ce_alloc((size_t)(n + 2) * sizeof(*script));
	memcpy(script + 1, argv, (size_t)(n + 1) * sizeof(*script));
	script[0] = shell;
	script[1] = path;
	signal(SIGCHLD, SIG_DFL); /* ignored, nobody would tell how a process ended */
}

/* Only this event is to blame where its attributes are too long; out of
 * processes or memory, there may be some later; else no event will be taken. */
enum ce_verdict
launch_failed(int err)
{
	errno = err;
	switch (err) {
	case E2BIG:
		return ce_never("cannot run %s: the attributes do not fit in its environment", args[0]);
	case EAGAIN:
	case EMFILE:
	case ENFILE:
	case ENOMEM:
	case ETXTBSY:
		return ce_later("cannot run %s: %m", args[0]);
	}
	return ce_fatal(code_of(err), "cannot run %s: %m%s", args[0],
	    err == ENOENT && access(path, X_OK) == 0 ? " (its interpreter?)" : "");
}

/* In the child, in our memory: the kernel only.  Our handlers must be off before
 * signals are let in again. */
static void __attribute__((noreturn, noinline))
become(struct start *s)
{
	static const int caught[] = { SIGTERM, SIGINT, SIGHUP };
	struct sigaction sa, old;
	size_t i;

	setpgid(0, 0);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != s->parent)
		_exit(127);
	memset(&sa, 0, sizeof(sa));
	sa.sa_handler = SIG_DFL;
	for (i = 0; i < sizeof(caught) / sizeof(*caught); i++)
		if (sigaction(caught[i], NULL, &old) == 0 && old.sa_handler != SIG_IGN)
			sigaction(caught[i], &sa, NULL);
	sigaction(SIGPIPE, &sa, NULL);
	dup2(s->l->in, 0);
	if (s->l->out != -1)
		dup2(s->l->out, 1);
	dup2(s->l->err, 2);
	sigprocmask(SIG_SETMASK, &s->mask, NULL);
	execve(path, args, s->l->envp);
	if (errno == ENOEXEC) {
		execve(script[0], script, s->l->envp);
		errno = ENOEXEC;
	}
	s->error = errno;
	_exit(127);
}

static pid_t __attribute__((noinline))
begin(struct start *s)
{
	pid_t pid = vfork();

	if (pid == 0)
		become(s);
	return pid;
}

static void
wait_for(pid_t pid)
{
	while (waitpid(pid, NULL, 0) == -1 && errno == EINTR)
		;
}

int
launch(struct launch *l)
{
	struct start s = { .l = l, .parent = getpid() };
	sigset_t all;
	int error;

	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &s.mask);
	l->pid = begin(&s);
	error = l->pid == -1 ? errno : s.error;
	sigprocmask(SIG_SETMASK, &s.mask, NULL);
	if (l->pid == -1)
		return error;
	if (error == 0 && (l->pidfd = (int)syscall(SYS_pidfd_open, l->pid, 0)) == -1) {
		error = errno;
		kill(-l->pid, SIGKILL);
	}
	if (error != 0)
		wait_for(l->pid);
	return error;
}
