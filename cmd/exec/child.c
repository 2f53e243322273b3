/* child.c -- a process that is given bytes and waited for.
 *
 * It is a group of its own, so that what it starts can be stopped with it and the
 * terminal's ^C reaches only us, who let it finish.  It does not outlive us: the
 * kernel kills it.  vfork, because a page table is not copied for each event:
 * between vfork and execve nothing is called but the kernel.
 * SPDX-License-Identifier: Apache-2.0 */

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include "exec.h"

#define GRACE 5000 /* ms from SIGTERM to SIGKILL */
#define SAID 1024  /* bytes of standard error that are kept */
#define BLOCK 65536

static char *path;    /* of the program */
static char **args;
static char **script; /* the same through a shell, for one without #! */

struct launch {
	char **envp;
	int in, out, err; /* -1: ours */
	pid_t parent;
	sigset_t mask;
	volatile int error;
};

/* ---- the program ------------------------------------------------------------------ */

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
child_prepare(char *argv[])
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
}

/* Only this event is to blame where its attributes are too long; out of
 * processes or memory, there may be some later; else no event will be taken. */
enum ce_verdict
child_failed(int err)
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

/* ---- standard error ------------------------------------------------------------------ */

static void
write_error(const char *p, size_t n)
{
	struct pollfd pfd = { .fd = 2, .events = POLLOUT };
	ssize_t k;

	while (n > 0) {
		if ((k = write(2, p, n)) >= 0) {
			p += k;
			n -= (size_t)k;
		} else if ((errno != EINTR && errno != EAGAIN) ||
		    (errno == EAGAIN && poll(&pfd, 1, 1000) == 0))
			return;
	}
}

/* What it says goes on as it is; its end is kept. */
static bool
relay(struct child *c)
{
	static char block[BLOCK];
	ssize_t n = read(c->err[0], block, sizeof(block));
	size_t k;

	if (n <= 0)
		return false;
	write_error(block, (size_t)n);
	k = (size_t)n < SAID ? (size_t)n : SAID;
	if (c->said.len + k > SAID)
		ce_buf_cut(&c->said, c->said.len + k - SAID);
	ce_buf_add(&c->said, block + n - k, k);
	return true;
}

static void
says(void *arg, short revents)
{
	(void)revents;
	relay(arg);
}

/* Somebody that it left behind may go on writing: no more than a pipe holds. */
static void
drain(struct child *c)
{
	int i;

	for (i = 0; i < 16 && relay(c); i++)
		;
}

const char *
child_said(struct child *c)
{
	struct ce_buf *b = &c->said;
	char *nl;

	ce_buf_need(b, 1);
	while (b->len > 0 && strchr(" \t\r\n", b->p[b->len - 1]) != NULL)
		b->len--;
	b->p[b->len] = '\0';
	nl = b->len > 0 ? memrchr(b->p, '\n', b->len) : NULL;
	return nl != NULL ? nl + 1 : b->p;
}

/* ---- its life -------------------------------------------------------------------------- */

/* In the child, in our memory: the kernel only.  Our handlers must be off before
 * signals are let in again. */
static void __attribute__((noreturn, noinline))
become(struct launch *l)
{
	static const int caught[] = { SIGTERM, SIGINT, SIGHUP };
	struct sigaction sa, old;
	size_t i;

	setpgid(0, 0);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != l->parent)
		_exit(127);
	memset(&sa, 0, sizeof(sa));
	sa.sa_handler = SIG_DFL;
	for (i = 0; i < sizeof(caught) / sizeof(*caught); i++)
		if (sigaction(caught[i], NULL, &old) == 0 && old.sa_handler != SIG_IGN)
			sigaction(caught[i], &sa, NULL);
	sigaction(SIGPIPE, &sa, NULL);
	dup2(l->in, 0);
	if (l->out != -1)
		dup2(l->out, 1);
	dup2(l->err, 2);
	sigprocmask(SIG_SETMASK, &l->mask, NULL);
	execve(path, args, l->envp);
	if (errno == ENOEXEC) {
		execve(script[0], script, l->envp);
		errno = ENOEXEC;
	}
	l->error = errno;
	_exit(127);
}

static pid_t __attribute__((noinline))
launch(struct launch *l)
{
	pid_t pid = vfork();

	if (pid == 0)
		become(l);
	return pid;
}

static bool
make_pipe(int fds[2], int our_end)
{
	if (pipe2(fds, O_CLOEXEC) == -1)
		return false;
	return fcntl(fds[our_end], F_SETFL, O_NONBLOCK) == 0;
}

void
child_shut(int *fd)
{
	if (*fd == -1)
		return;
	ce_watch(*fd, 0, NULL, NULL);
	close(*fd);
	*fd = -1;
}

/* Where it had to be stopped, what it started goes with it. */
static void
reap(struct child *c)
{
	if (c->told)
		kill(-c->pid, SIGKILL);
	while (waitpid(c->pid, &c->status, 0) == -1 && errno == EINTR)
		;
	ce_timer(&c->timer, -1);
	child_shut(&c->pidfd);
	child_shut(&c->in);
	c->pid = 0;
	drain(c);
}

static void
over(void *arg, short revents)
{
	struct child *c = arg;

	(void)revents;
	reap(c);
	c->ended(c);
}

static void
out_of_time(void *arg)
{
	struct child *c = arg;

	c->late = true;
	child_stop(c);
}

static void
out_of_grace(void *arg)
{
	struct child *c = arg;

	if (c->pid > 0)
		kill(-c->pid, SIGKILL);
}

void
child_limit(struct child *c, long ms)
{
	if (c->told)
		return;
	c->timer.fn = out_of_time;
	c->timer.arg = c;
	ce_timer(&c->timer, ms);
}

void
child_stop(struct child *c)
{
	if (c->pid == 0 || c->told)
		return;
	c->told = true;
	kill(-c->pid, SIGTERM);
	kill(-c->pid, SIGCONT); /* one that is stopped would not notice */
	c->timer.fn = out_of_grace;
	c->timer.arg = c;
	ce_timer(&c->timer, GRACE);
}

/* 0, or errno. */
static int
spawn(struct child *c, struct launch *l)
{
	sigset_t all;
	int error = 0;

	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &l->mask);
	if ((c->pid = launch(l)) == -1) {
		error = errno;
		c->pid = 0;
	}
	sigprocmask(SIG_SETMASK, &l->mask, NULL);
	if (error != 0)
		return error;
	if (l->error == 0 && (c->pidfd = (int)syscall(SYS_pidfd_open, c->pid, 0)) == -1) {
		l->error = errno;
		kill(-c->pid, SIGKILL);
	}
	if (l->error != 0) {
		while (waitpid(c->pid, NULL, 0) == -1 && errno == EINTR)
			;
		c->pid = 0;
	}
	return l->error;
}

int
child_start(struct child *c, char *envp[], bool out)
{
	struct launch l = { .envp = envp, .out = -1, .parent = getpid() };
	int in[2] = { -1, -1 }, o[2] = { -1, -1 }, error;

	c->in = c->out = c->pidfd = -1;
	c->late = c->told = false;
	c->said.len = 0;
	if (!c->set) {
		if (!make_pipe(c->err, 0))
			return errno;
		c->set = true;
		ce_watch(c->err[0], POLLIN, says, c);
	}
	error = !make_pipe(in, 1) || (out && !make_pipe(o, 0)) ? errno : 0;
	if (error == 0) {
		l.in = in[0];
		l.out = o[1];
		l.err = c->err[1];
		error = spawn(c, &l);
	}
	child_shut(&in[0]);
	child_shut(&o[1]);
	c->in = in[1];
	c->out = o[0];
	if (error != 0) {
		child_shut(&c->in);
		child_shut(&c->out);
	} else
		ce_watch(c->pidfd, POLLIN, over, c);
	return error;
}

void
child_wait(struct child *c, long ms)
{
	int64_t until = ce_now() + ms;
	char last[4096]; /* words: nobody asked */
	int left;

	if (c->pid == 0)
		return;
	child_shut(&c->in);
	for (;;) {
		struct pollfd p[3] = { { c->pidfd, POLLIN, 0 }, { c->err[0], POLLIN, 0 },
		    { c->out, POLLIN, 0 } };

		left = until > ce_now() ? (int)(until - ce_now()) : 0;
		if (poll(p, 3, left) == -1 && errno != EINTR)
			break;
		if (p[1].revents != 0)
			relay(c);
		if (p[2].revents != 0 && read(c->out, last, sizeof(last)) == 0)
			child_shut(&c->out);
		if (p[0].revents != 0)
			break;
		if (left > 0)
			continue;
		if (c->told)
			out_of_grace(c);
		else
			child_stop(c);
		until = ce_now() + GRACE;
	}
	reap(c);
	child_shut(&c->out);
}
