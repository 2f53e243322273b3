/* reader.c -- the thread that reads, and what it hands over.
 *
 * It takes no signals and writes no messages.  At the end it is given a moment to
 * leave; when the server does not answer it stays behind in its call, and ends with
 * the process.
 * SPDX-License-Identifier: Apache-2.0 */

#include <poll.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include "src.h"

#define BYTES (1 << 20) /* of items that wait */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static pthread_t thread;
static struct item *first, **last = &first;
static size_t bytes;
static bool stopping, go, resync, started;
static int bell;
static struct position position;

void
item_free(struct item *i)
{
	if (i->doc != NULL)
		bson_destroy(i->doc);
	free(i->position);
	free(i->why);
	free(i);
}

bool
reader_stopping(void)
{
	bool s;

	pthread_mutex_lock(&lock);
	s = stopping;
	pthread_mutex_unlock(&lock);
	return s;
}

static void
ring(void)
{
	uint64_t n = 1;

	(void)!write(bell, &n, sizeof(n));
}

bool
reader_push(struct item *i)
{
	bool on;

	i->size = sizeof(*i) + (i->doc != NULL ? i->doc->len : 0) + 512;
	pthread_mutex_lock(&lock);
	while (bytes > 0 && bytes + i->size > BYTES && !stopping)
		pthread_cond_wait(&changed, &lock);
	on = !stopping;
	if (on) {
		if (first == NULL)
			ring();
		*last = i;
		last = &i->next;
		bytes += i->size;
	}
	pthread_mutex_unlock(&lock);
	if (!on)
		item_free(i);
	return on;
}

static bool
wait_until(const struct timespec *end)
{
	bool ended = false;

	while (!stopping && !go && !ended)
		ended = end == NULL ? pthread_cond_wait(&changed, &lock) != 0 : pthread_cond_timedwait(&changed, &lock, end) != 0;
	return !stopping;
}

void
reader_pause(long ms)
{
	struct timespec end;

	clock_gettime(CLOCK_REALTIME, &end);
	end.tv_sec += ms / 1000;
	end.tv_nsec += ms % 1000 * 1000000;
	if (end.tv_nsec >= 1000000000) {
		end.tv_nsec -= 1000000000;
		end.tv_sec++;
	}
	pthread_mutex_lock(&lock);
	wait_until(&end);
	pthread_mutex_unlock(&lock);
}

static void *
reader(void *arg)
{
	bool on = true;

	(void)arg;
	while (on) {
		session_run(&position);
		pthread_mutex_lock(&lock);
		on = wait_until(NULL);
		go = false;
		if (resync) {
			position_start(&position);
			position.phase = PHASE_SNAPSHOT;
			resync = false;
		}
		pthread_mutex_unlock(&lock);
	}
	return NULL;
}

static void
rang(void *arg, short events)
{
	uint64_t n;

	(void)arg;
	(void)events;
	(void)!read(bell, &n, sizeof(n));
}

void
reader_start(const struct position *p)
{
	position = *p;
	if ((bell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) < 0)
		ce_die(CE_TEMPFAIL, "cannot make an event descriptor: %m");
	ce_watch(bell, POLLIN, rang, NULL);
	thread = ce_thread(reader);
	started = true;
}

struct item *
reader_next(void)
{
	struct item *i;

	pthread_mutex_lock(&lock);
	if ((i = first) != NULL) {
		if ((first = i->next) == NULL)
			last = &first;
		bytes -= i->size;
		pthread_cond_signal(&changed);
	}
	pthread_mutex_unlock(&lock);
	return i;
}

void
reader_go(bool anew)
{
	pthread_mutex_lock(&lock);
	go = true;
	resync = anew;
	pthread_cond_signal(&changed);
	pthread_mutex_unlock(&lock);
}

void
reader_stop(void)
{
	struct timespec end;
	struct item *i;

	if (!started)
		return;
	pthread_mutex_lock(&lock);
	stopping = true;
	pthread_cond_signal(&changed);
	pthread_mutex_unlock(&lock);
	clock_gettime(CLOCK_REALTIME, &end);
	end.tv_sec += 1;
	if (pthread_timedjoin_np(thread, NULL, &end) != 0)
		return;
	while ((i = reader_next()) != NULL)
		item_free(i);
	position_token(&position, NULL);
	position_last(&position, NULL);
}
