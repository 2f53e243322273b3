/* screen -- the terminal, taken and given back whatever happens.
 *
 * The alternate screen, no echo, keys one by one; signals of the keyboard stay
 * signals.  SIGWINCH, SIGTSTP and SIGCONT come through a descriptor, to the loop
 * as everything else.  Given back at exit, before stopping, and on a crash.
 *
 *	ESC [?1049h, l   to the alternate screen and back
 *	ESC [?25l, h     without and with the cursor
 *	ESC [H  [K  [J   home; erase the rest of the line, of the screen
 * SPDX-License-Identifier: Apache-2.0 */

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <termios.h>
#include <unistd.h>
#include "screen.h"

#define ENTER "\033[?1049h\033[?25l\033[H\033[J"
#define LEAVE "\033[?25h\033[?1049l"

static const int crashes[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGQUIT };
static struct sigaction before[sizeof(crashes) / sizeof(*crashes)];
static struct termios saved;
static bool keys;                       /* standard input is a terminal */
static volatile sig_atomic_t taken;
static int signals = -1, scrolled;
static void (*redraw)(void);

static void
size(int *rows, int *columns)
{
	struct winsize w = { 0 };

	if (ioctl(1, TIOCGWINSZ, &w) == -1)
		w.ws_col = 0;
	*rows = w.ws_row > 0 ? w.ws_row : 24;
	*columns = w.ws_col > 0 ? w.ws_col : 80;
}

int
screen_width(void)
{
	int rows, columns;

	if (!isatty(1))
		return 0;
	size(&rows, &columns);
	return columns;
}

/* A terminal that does not control us has no foreground to be in. */
static bool
in_front(void)
{
	pid_t group = tcgetpgrp(1);

	return group == -1 || group == getpgrp();
}

static void
put(const char *p, size_t n)
{
	struct pollfd pfd = { 1, POLLOUT, 0 };
	ssize_t k;

	while (n > 0) {
		if ((k = write(1, p, n)) >= 0) {
			p += k;
			n -= (size_t)k;
		} else if (errno == EAGAIN)
			poll(&pfd, 1, 1000);
		else if (errno != EINTR)
			return;
	}
}

/* Only what a signal handler may call.  In the background the terminal is
 * somebody else's already. */
static void
give_back(void)
{
	if (!taken)
		return;
	taken = 0;
	if (!in_front())
		return;
	(void)!write(1, LEAVE, sizeof(LEAVE) - 1);
	if (keys)
		tcsetattr(0, TCSADRAIN, &saved);
}

static void
take(void)
{
	struct termios t;

	if (keys && tcgetattr(0, &saved) == 0) {
		t = saved;
		t.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
		t.c_cc[VMIN] = 1;
		t.c_cc[VTIME] = 0;
		tcsetattr(0, TCSADRAIN, &t);
	}
	taken = 1;
	put(ENTER, sizeof(ENTER) - 1);
}

static void
crash(int sig)
{
	size_t i;

	give_back();
	for (i = 0; i < sizeof(crashes) / sizeof(*crashes); i++)
		if (crashes[i] == sig)
			sigaction(sig, &before[i], NULL);
	raise(sig); /* pends until this handler returns */
}

/* Stops as the key would have stopped it: an orphan goes on. */
static void
stop(void)
{
	sigset_t set;

	give_back();
	sigemptyset(&set);
	sigaddset(&set, SIGTSTP);
	raise(SIGTSTP);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	sigprocmask(SIG_BLOCK, &set, NULL);
	take();
}

static void
signalled(void *arg, short revents)
{
	struct signalfd_siginfo s;

	(void)arg;
	(void)revents;
	while (read(signals, &s, sizeof(s)) == sizeof(s)) {
		if (s.ssi_signo == SIGTSTP)
			stop();
		else if (s.ssi_signo == SIGCONT && in_front()) {
			give_back(); /* the shell may have changed it since */
			take();
		}
	}
	redraw();
}

/* A key, or an arrow: ESC [ A. */
static void
pressed(char c)
{
	static int escape;

	if (escape == 1 && (c == '[' || c == 'O')) {
		escape = 2;
		return;
	}
	if (c == 'q' || c == 'Q')
		ce_stop(CE_OK);
	else if (c == 'k' || (escape == 2 && c == 'A'))
		scrolled--;
	else if (c == 'j' || (escape == 2 && c == 'B'))
		scrolled++;
	escape = c == '\033';
}

static void
typed(void *arg, short revents)
{
	char text[64];
	ssize_t n = read(0, text, sizeof(text)), i;

	(void)arg;
	(void)revents;
	if (n == -1 && (errno == EINTR || errno == EAGAIN))
		return;
	if (n <= 0) { /* the terminal is gone */
		ce_watch(0, 0, NULL, NULL);
		ce_stop(CE_OK);
		return;
	}
	for (i = 0; i < n; i++)
		pressed(text[i]);
	redraw();
}

void
screen_start(void (*draw)(void))
{
	struct sigaction sa = { .sa_handler = crash };
	sigset_t set;
	size_t i;

	redraw = draw;
	keys = isatty(0);
	sigemptyset(&set);
	sigaddset(&set, SIGWINCH);
	sigaddset(&set, SIGTSTP);
	sigaddset(&set, SIGCONT);
	sigprocmask(SIG_BLOCK, &set, NULL);
	if ((signals = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC)) == -1)
		ce_die(CE_TEMPFAIL, "cannot make a signal descriptor: %m");
	ce_watch(signals, POLLIN, signalled, NULL);
	for (i = 0; i < sizeof(crashes) / sizeof(*crashes); i++)
		sigaction(crashes[i], &sa, &before[i]);
	atexit(give_back);
	take();
	if (keys)
		ce_watch(0, POLLIN, typed, NULL);
}

/* One line, in bold where it begins with a star.  Erasing comes first: behind a
 * line of full width it would take its last character. */
static void
put_line(struct ce_buf *out, const char *p, int n, int columns, const char *look)
{
	ce_buf_puts(out, "\033[K");
	if (look == NULL && n > 0 && *p == '*')
		look = "\033[1m";
	ce_buf_printf(out, "%s%.*s%s", look != NULL ? look : "", n < columns ? n : columns, p,
	    look != NULL ? "\033[m" : "");
}

void
screen_draw(const char *title, const struct ce_buf *text)
{
	static struct ce_buf out;
	int rows, columns, lines = 0, row = 1, i;
	const char *p, *end, *nl;

	if (!taken || !in_front())
		return;
	size(&rows, &columns);
	for (i = 0; i < (int)text->len; i++)
		lines += text->p[i] == '\n';
	if (scrolled > lines - (rows - 1))
		scrolled = lines - (rows - 1);
	if (scrolled < 0)
		scrolled = 0;
	ce_buf_reset(&out);
	ce_buf_puts(&out, "\033[H");
	put_line(&out, title, (int)strlen(title), columns, "\033[7m");
	p = text->p;
	end = p + text->len;
	for (i = 0; p < end && row < rows && (nl = memchr(p, '\n', (size_t)(end - p))) != NULL; i++) {
		/* the heading stays */
		if (i == 0 || i > scrolled) {
			ce_buf_puts(&out, "\n");
			put_line(&out, p, (int)(nl - p), columns, i == 0 ? "\033[4m" : NULL);
			row++;
		}
		p = nl + 1;
	}
	if (row < rows)
		ce_buf_puts(&out, "\n\033[J");
	put(out.p, out.len);
}

void
screen_stop(void)
{
	give_back();
}
