/* loop.c -- waiting, in one place: descriptors, timers, signals.
 *
 * Everything that a program waits for is a watch, so one poll sees it all.  A
 * callback may add and forget watches: descriptors that poll reported are
 * looked up again before each call.
 * SPDX-License-Identifier: Apache-2.0 */

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include "flow.h"

struct watch {
	void (*fn)(void *, short);
	void *arg;
};

static struct pollfd *fds;
static struct watch *watches; /* same index */
static int nfds, capfds;
static int *slot; /* by descriptor: index + 1 */
static int nslot;
static struct ce_timer *timers; /* soonest first */
static int wakeup = -1;
static void (*hangup)(void);
static volatile sig_atomic_t hungup;

volatile sig_atomic_t ce_told_to_leave;

static void
grow(int fd)
{
	if (fd >= nslot) {
		int n = fd + 64;

		slot = ce_realloc(slot, (size_t)n * sizeof(*slot));
		memset(slot + nslot, 0, (size_t)(n - nslot) * sizeof(*slot));
		nslot = n;
	}
	if (nfds == capfds) {
		capfds = capfds ? 2 * capfds : 16;
		fds = ce_realloc(fds, (size_t)capfds * sizeof(*fds));
		watches = ce_realloc(watches, (size_t)capfds * sizeof(*watches));
	}
}

static void
forget(int fd)
{
	int i = fd < nslot ? slot[fd] - 1 : -1;

	if (i < 0)
		return;
	slot[fd] = 0;
	if (i != --nfds) {
		fds[i] = fds[nfds];
		watches[i] = watches[nfds];
		slot[fds[i].fd] = i + 1;
	}
}

void
ce_watch(int fd, short events, void (*fn)(void *arg, short revents), void *arg)
{
	int i;

	if (events == 0) {
		forget(fd);
		return;
	}
	grow(fd);
	if ((i = slot[fd] - 1) < 0) {
		i = nfds++;
		slot[fd] = i + 1;
	}
	fds[i] = (struct pollfd){ fd, events, 0 };
	watches[i] = (struct watch){ fn, arg };
}

void
ce_timer(struct ce_timer *t, long ms)
{
	struct ce_timer **p;

	for (p = &timers; *p != NULL; p = &(*p)->next)
		if (*p == t) {
			*p = t->next;
			break;
		}
	t->due = 0;
	if (ms < 0)
		return;
	t->due = ce_now() + ms;
	for (p = &timers; *p != NULL && (*p)->due <= t->due; p = &(*p)->next)
		;
	t->next = *p;
	*p = t;
}

void
ce_on_hangup(void (*fn)(void))
{
	hangup = fn;
}

static void
wake(void)
{
	int saved = errno;
	uint64_t one = 1;

	(void)!write(wakeup, &one, sizeof(one));
	errno = saved;
}

static void
on_leave(int sig)
{
	(void)sig;
	ce_told_to_leave = 1;
	wake();
}

static void
on_hup(int sig)
{
	(void)sig;
	if (hangup == NULL)
		ce_told_to_leave = 1;
	hungup = 1;
	wake();
}

static void
woken(void *arg, short revents)
{
	uint64_t n;

	(void)arg;
	(void)revents;
	(void)!read(wakeup, &n, sizeof(n));
}

/* A second SIGTERM or SIGINT ends the program at once: SA_RESETHAND.  No
 * SA_RESTART, so that a blocking call of a connector is interrupted too.
 * What was ignored when we started (nohup, a shell's background job) stays so. */
static void
catch(int sig, void (*fn)(int), int flags)
{
	struct sigaction sa, old;

	memset(&sa, 0, sizeof(sa));
	sa.sa_handler = fn;
	sa.sa_flags = flags;
	sigemptyset(&sa.sa_mask);
	if (sigaction(sig, NULL, &old) == 0 && old.sa_handler == SIG_IGN)
		return;
	sigaction(sig, &sa, NULL);
}

void
ce_loop_start(void)
{
	wakeup = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (wakeup == -1)
		ce_die(CE_TEMPFAIL, "cannot make an event descriptor: %m");
	ce_watch(wakeup, POLLIN, woken, NULL);
	signal(SIGPIPE, SIG_IGN);
	catch(SIGTERM, on_leave, (int)SA_RESETHAND);
	catch(SIGINT, on_leave, (int)SA_RESETHAND);
	catch(SIGHUP, on_hup, 0);
}

static void
run_timers(void)
{
	struct ce_timer *t;

	while ((t = timers) != NULL && t->due <= ce_now()) {
		timers = t->next;
		t->due = 0;
		t->fn(t->arg);
	}
}

static void
dispatch(int ready)
{
	struct pollfd few[64], *hot = few;
	int i, n = 0;

	if (ready > 64)
		hot = ce_alloc((size_t)ready * sizeof(*hot));
	for (i = 0; i < nfds && n < ready; i++)
		if (fds[i].revents != 0)
			hot[n++] = fds[i];
	while (n-- > 0) {
		int at = hot[n].fd < nslot ? slot[hot[n].fd] - 1 : -1;
		short want = POLLERR | POLLHUP | POLLNVAL;

		if (at >= 0 && (hot[n].revents & (fds[at].events | want)) != 0)
			watches[at].fn(watches[at].arg, hot[n].revents);
	}
	if (hot != few)
		free(hot);
}

void
ce_turn(int64_t ms)
{
	int ready;

	if (timers != NULL) {
		int64_t left = timers->due - ce_now();

		left = left <= 0 ? 0 : left + 1;
		if (ms < 0 || left < ms)
			ms = left;
	}
	if (ms > 3600000)
		ms = 3600000;
	if (ms != 0)
		ce_stats_rest();
	ready = poll(fds, (nfds_t)nfds, (int)ms);
	ce_stats_wake();
	if (ready == -1 && errno != EINTR && errno != EAGAIN)
		ce_die(CE_IOERR, "cannot poll: %m");
	if (ready > 0)
		dispatch(ready);
	run_timers();
	if (hungup && hangup != NULL) {
		hungup = 0;
		hangup();
	}
}
