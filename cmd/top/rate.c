/* rate -- what happened between two samples.
 *
 * A stage that was not there before is measured from its own start.
 * SPDX-License-Identifier: Apache-2.0 */

#include <string.h>
#include <unistd.h>
#include "stage.h"

/* Of a source what it gives, of others what they take. */
uint64_t
stage_events(const struct stage *s)
{
	return s->role == CE_SOURCE ? s->s.events_out : s->s.events_in;
}

uint64_t
stage_bytes(const struct stage *s)
{
	return s->role == CE_SOURCE ? s->s.bytes_out : s->s.bytes_in;
}

static double
a_second(uint64_t now, uint64_t before, double seconds)
{
	return now > before && seconds > 0 ? (double)(now - before) / seconds : 0;
}

/* The wait that goes on is not yet in the counter. */
double
stage_waited(const struct stage *s, int on, int64_t at)
{
	double us = (double)s->s.waited[on];

	if (s->s.blocked == on && s->s.resting > 0 && s->s.resting < at)
		us += (double)(at - s->s.resting);
	return us / 1e6;
}

static void
shares(struct stage *s, int64_t at, const struct stage *was, int64_t was_at, double seconds)
{
	double left = 1;
	int on;

	for (on = 1; on < 5; on++) {
		double t = stage_waited(s, on, at) -
		    (was != NULL ? stage_waited(was, on, was_at) : 0);

		s->share[on] = t > 0 && seconds > 0 ? t / seconds : 0;
		if (s->share[on] > left)
			s->share[on] = left;
		left -= s->share[on];
	}
	s->share[0] = left;
	s->busy = s->stopped ? 1 : left + s->share[CE_ON_SERVICE];
	for (on = s->waits = 0; on < 5; on++)
		if (s->share[on] > s->share[s->waits])
			s->waits = on;
}

static void
one(struct stage *s, int64_t at, const struct stage *was, int64_t was_at, double seconds)
{
	static const struct ce_stats zero;
	const struct ce_stats *b = was != NULL ? &was->s : &zero;
	double age = ((double)at / 1e3 - (double)s->s.oldest) / 1e3;

	s->age = s->s.open == 0 ? -1 : age > 0 ? age : 0;
	s->events = a_second(stage_events(s), was != NULL ? stage_events(was) : 0, seconds);
	s->bytes = a_second(stage_bytes(s), was != NULL ? stage_bytes(was) : 0, seconds);
	s->out = a_second(s->s.events_out, b->events_out, seconds);
	shares(s, at, was, was_at, seconds);
}

/* Time since the stage began, by the clock of the day that it wrote down. */
static double
uptime(const struct stage *s)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return ((double)ts.tv_sec * 1e3 + (double)ts.tv_nsec / 1e6 - (double)s->s.started) / 1e3;
}

void
view_rates(struct view *v, const struct view *before)
{
	int i, k;

	v->seconds = before->at > 0 ? (double)(v->at - before->at) / 1e6 : 0;
	for (i = 0; i < v->n; i++) {
		struct stage *s = &v->v[i];
		const struct stage *was = NULL;

		for (k = 0; k < before->n && was == NULL; k++)
			if (before->v[k].pid == s->pid && strcmp(before->v[k].token, s->token) == 0)
				was = &before->v[k];
		s->cpu = was != NULL ? a_second(s->ticks, was->ticks, v->seconds) :
		    s->foreign ? 0 : a_second(s->ticks, 0, uptime(s));
		s->cpu /= (double)sysconf(_SC_CLK_TCK);
		if (s->foreign)
			s->age = -1;
		else
			one(s, v->at, was, before->at, was != NULL ? v->seconds : uptime(s));
	}
}
