/* stats.c -- the counters of this process, where ce-top finds them.
 *
 * A mapped file: counting is a plain store.  Without a runtime directory the
 * counters are in private memory, and nobody looks.
 * SPDX-License-Identifier: Apache-2.0 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include "flow.h"

static struct ce_stats none;
struct ce_stats *ce_stats = &none;

static uint64_t
pipe_inode(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISFIFO(st.st_mode) ? (uint64_t)st.st_ino : 0;
}

/* How many events there were when: a mark for each turn of the loop that saw
 * more of them, thinned out when there are many.  So the age of the oldest
 * unfinished event is known without a time for each. */
static struct {
	uint64_t upto;
	int64_t at;
} marks[64];
static size_t nmarks;

/* What is open was emitted, not taken in. */
static bool
emits(void)
{
	return ce_program != NULL && ce_emits();
}

static void
thin_out(void)
{
	size_t i;

	for (i = 1; i < nmarks / 2; i++)
		marks[i] = marks[2 * i];
	nmarks /= 2;
}

static void
mark(int64_t now)
{
	struct ce_stats *s = ce_stats;
	uint64_t seen = emits() ? s->events_out : s->events_in;
	uint64_t done = s->open < seen ? seen - s->open : 0;
	size_t first = 0;

	if (s->open == 0)
		nmarks = 0;
	if (nmarks > 0 && marks[nmarks - 1].upto == seen)
		marks[nmarks - 1].at = now; /* the next one is younger still */
	else if (nmarks == 0 || marks[nmarks - 1].at < now) {
		if (nmarks == sizeof(marks) / sizeof(*marks))
			thin_out();
		marks[nmarks].upto = seen;
		marks[nmarks++].at = now;
	}
	while (first + 1 < nmarks && marks[first + 1].upto <= done)
		first++;
	if (first > 0) {
		nmarks -= first;
		memmove(marks, marks + first, nmarks * sizeof(*marks));
	}
	s->oldest = marks[0].at;
}

/* What a wait is for, where who waits did not say, or did not know better: a
 * sink that has no event handed out may be pausing before it tries again. */
static int
reason(void)
{
	int it = ce_stats->blocked;

	if (it == CE_ON_OUTPUT || it == CE_ON_SERVICE || it == CE_ON_ACKS)
		return it;
	if (!emits())
		return ce_stats->open > 0 ? CE_ON_SERVICE : CE_ON_INPUT;
	if (it == CE_ON_INPUT)
		return ce_out_empty(&ce_stdout) ? CE_ON_INPUT : CE_ON_OUTPUT;
	return ce_stats->open > 0 ? CE_ON_ACKS : CE_ON_INPUT;
}

/* Of the present wait.  Kept here too, because others can write to that file. */
static int64_t since;
static int said, on;

void
ce_stats_rest(void)
{
	mark(ce_now());
	said = ce_stats->blocked;
	on = reason();
	since = ce_now_us();
	ce_stats->blocked = on;
	ce_stats->resting = since;
}

void
ce_stats_wake(void)
{
	if (since != 0) {
		ce_stats->waited[on] += (uint64_t)(ce_now_us() - since);
		ce_stats->resting = since = 0;
		ce_stats->blocked = said;
	}
	mark(ce_now());
}

void
ce_stats_start(const struct ce_program *p)
{
	struct timespec now;
	int fd = ce_runtime_claim(sizeof(*ce_stats));
	void *map;

	if (fd != -1) {
		map = mmap(NULL, sizeof(*ce_stats), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		if (map != MAP_FAILED)
			ce_stats = map;
		atexit(ce_runtime_forget);
	}
	clock_gettime(CLOCK_REALTIME, &now);
	ce_stats->pid = getpid();
	ce_stats->role = (int32_t)p->role;
	snprintf(ce_stats->name, sizeof(ce_stats->name), "%s", p->name);
	ce_stats->in_ino = pipe_inode(0);
	ce_stats->out_ino = pipe_inode(1);
	ce_stats->started = (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
	memcpy(ce_stats->magic, "cestat1", 8);
}
