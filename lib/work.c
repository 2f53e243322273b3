/* work.c -- what blocks, on a thread of its own beside the loop.
 *
 * For libraries of services that only know calls which return when the server
 * has answered: meanwhile the loop reads on, acknowledges and hears signals.
 * SPDX-License-Identifier: Apache-2.0 */

#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include "flow.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t given = PTHREAD_COND_INITIALIZER;
static void (*work)(void *); /* under lock: to be begun; NULL: none */
static void (*done)(void *);
static void *what;
static bool started, working;
static unsigned long over; /* how many are */
static int bell;

static void *
worker(void *arg)
{
	uint64_t one = 1;

	(void)arg;
	for (;;) {
		void (*fn)(void *);

		pthread_mutex_lock(&lock);
		while (work == NULL)
			pthread_cond_wait(&given, &lock);
		fn = work;
		work = NULL;
		pthread_mutex_unlock(&lock);
		fn(what);
		(void)!write(bell, &one, sizeof(one));
	}
	return NULL;
}

static void
rang(void *arg, short revents)
{
	uint64_t n;

	(void)arg;
	(void)revents;
	if (read(bell, &n, sizeof(n)) != sizeof(n))
		return;
	working = false;
	over++;
	done(what);
}

pthread_t
ce_thread(void *(*fn)(void *))
{
	sigset_t all, before;
	pthread_t thread;
	int e;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	e = pthread_create(&thread, NULL, fn, NULL);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (e != 0)
		ce_die(CE_TEMPFAIL, "cannot start a thread: %s", strerror(e));
	return thread;
}

static void
start(void)
{
	if ((bell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) == -1)
		ce_die(CE_TEMPFAIL, "cannot make an event descriptor: %m");
	ce_watch(bell, POLLIN, rang, NULL);
	pthread_detach(ce_thread(worker));
	started = true;
}

void
ce_work(void (*fn)(void *), void (*then)(void *), void *arg)
{
	if (!started)
		start();
	pthread_mutex_lock(&lock);
	what = arg;
	done = then;
	working = true;
	work = fn;
	pthread_cond_signal(&given);
	pthread_mutex_unlock(&lock);
}

bool
ce_working(void)
{
	return working;
}

void
ce_work_wait(void)
{
	unsigned long was = over;

	if (working)
		ce_stats->blocked = CE_ON_SERVICE;
	while (working && over == was)
		ce_turn(-1);
	ce_stats->blocked = CE_ON_NOTHING;
}
