/* once.c -- a command for each event, or for each batch of them
 *
 * How it ends is the verdict; whether it read what it was given is its business.
 * A batch that is refused is given again event by event, to find out which one is
 * meant; behind an event that is to come again those of its batch come again, too.
 * SPDX-License-Identifier: Apache-2.0 */

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "exec.h"
#include "launch.h"

#define BLOCK 65536

struct job {
	struct child c;
	struct ce_event **evs;
	int from, to;   /* not settled yet */
	int n;          /* of those, given to the command that runs */
	bool singly;
	struct feed feed;
	struct ce_buf data; /* with --data, what it is given */
	size_t written;
	struct ce_buf out;  /* with --filter, what it printed */
	bool overlong;
};

static struct job *jobs, **idle;
static int nidle;
static struct ce_event **pending; /* for the next command */
static int npending;
static struct ce_timer linger;

static void go(struct job *j);

static void
settle(struct job *j, enum ce_verdict v)
{
	int n = v == CE_TAKEN || v == CE_NEVER ? j->n : j->to - j->from;

	if (v == CE_NEVER && j->n > 1) {
		j->singly = true;
		return;
	}
	for (; n > 0; n--)
		ce_settle(j->evs[j->from++], v);
	if (v == CE_NEVER && ce_conf.dead_letter == NULL) /* we leave; these come again */
		while (j->from < j->to)
			ce_settle(j->evs[j->from++], CE_LATER);
}

/* ---- its standard output, under --filter --------------------------------------- */

/* False: there is no more, at least now. */
static bool
hear(struct job *j)
{
	size_t most = (size_t)ce_conf.max_event + BLOCK;
	ssize_t n;

	ce_buf_need(&j->out, BLOCK);
	n = read(j->c.out, j->out.p + j->out.len, BLOCK);
	if (n > 0) {
		j->out.len += (size_t)n;
		if (j->out.len > most) {
			j->out.len = most;
			j->overlong = true;
		}
		j->out.p[j->out.len] = '\0';
		return true;
	}
	if (n == 0)
		child_shut(&j->c.out);
	return false;
}

static void
prints(void *arg, short revents)
{
	(void)revents;
	hear(arg);
}

static enum ce_verdict
reply(struct job *j)
{
	struct ce_event *ev = j->evs[j->from];

	if (j->overlong)
		return ce_never("%s: its output is refused: longer than --max-event", exec_conf.name);
	if (exec_conf.data)
		return reply_data(ev, (struct ce_str){ j->out.p, j->out.len });
	return reply_event(ev, &j->out);
}

/* ---- its standard input ------------------------------------------------------------ */

static bool
give_data(struct job *j)
{
	while (j->written < j->data.len) {
		ssize_t n = write(j->c.in, j->data.p + j->written, j->data.len - j->written);

		if (n == -1 && errno != EINTR)
			return false;
		if (n > 0)
			j->written += (size_t)n;
	}
	return true;
}

static void
give(void *arg, short revents)
{
	struct job *j = arg;
	bool all = exec_conf.data ? give_data(j) : feed(&j->feed, j->c.in, j->evs, j->from + j->n);

	(void)revents;
	if (all || errno != EAGAIN) /* it may not care for its input */
		child_shut(&j->c.in);
	else
		ce_watch(j->c.in, POLLOUT, give, j);
}

static enum ce_verdict
take_data(struct job *j)
{
	struct ce_event *ev = j->evs[j->from];
	struct ce_buf tmp = { 0 };
	struct ce_str bytes;
	bool json;

	ce_buf_reset(&j->data);
	j->written = 0;
	if (!ce_data_whole(ev))
		return ce_never("the data has a lone surrogate, which no text can hold");
	if (ce_data(ev, &tmp, &bytes, &json))
		ce_buf_str(&j->data, bytes);
	ce_buf_free(&tmp);
	return CE_TAKEN;
}

/* ---- a command ---------------------------------------------------------------------- */

/* CE_TAKEN: it runs. */
static enum ce_verdict
start(struct job *j)
{
	struct ce_event *ev = ce_conf.batch == 1 ? j->evs[j->from] : NULL;
	enum ce_verdict v;
	int error;

	j->n = j->singly ? 1 : j->to - j->from;
	j->feed = (struct feed){ j->from, 0 };
	j->overlong = false;
	ce_buf_reset(&j->out);
	if (exec_conf.data && (v = take_data(j)) != CE_TAKEN)
		return v;
	if ((error = child_start(&j->c, environ_of(ev), exec_conf.filter)) != 0)
		return launch_failed(error);
	child_limit(&j->c, ce_conf.timeout);
	if (exec_conf.filter)
		ce_watch(j->c.out, POLLIN, prints, j);
	give(j, 0);
	return CE_TAKEN;
}

static void
ended(struct child *c)
{
	struct job *j = c->owner;
	enum ce_verdict v;
	int i;

	/* what it wrote is in the pipe; who else may have it open is not waited for */
	for (i = 0; i < 64 && c->out != -1 && hear(j); i++)
		;
	child_shut(&c->out);
	v = c->late ? ce_later("%s: no end after %ld ms: %s", exec_conf.name, ce_conf.timeout,
	    answer_describe(c->status, child_said(c))) : answer_status(c->status, child_said(c));
	if (v == CE_TAKEN && exec_conf.filter)
		v = reply(j);
	settle(j, v);
	go(j);
}

static void
dispatch(void)
{
	while (nidle > 0 && npending > 0 && (npending >= ce_conf.batch || linger.due == 0)) {
		struct job *j = idle[--nidle];
		int n = npending < ce_conf.batch ? npending : (int)ce_conf.batch;

		memcpy(j->evs, pending, (size_t)n * sizeof(struct ce_event *));
		memmove(pending, pending + n, (size_t)(npending - n) * sizeof(struct ce_event *));
		npending -= n;
		j->from = 0;
		j->to = n;
		j->singly = false;
		go(j);
	}
}

/* Until one runs, or nothing is left. */
static void
go(struct job *j)
{
	enum ce_verdict v;

	while (j->from < j->to) {
		if ((v = start(j)) == CE_TAKEN)
			return;
		settle(j, v);
	}
	if (j->out.cap > 16 * BLOCK) /* keep no giants */
		ce_buf_free(&j->out);
	if (j->data.cap > 16 * BLOCK)
		ce_buf_free(&j->data);
	idle[nidle++] = j;
	dispatch();
}

static void
lingered(void *arg)
{
	(void)arg;
	dispatch();
}

/* ---- all of them ----------------------------------------------------------------------- */

static void
prepare(void)
{
	size_t most = (size_t)(exec_conf.jobs * ce_conf.batch);
	long i;

	jobs = ce_alloc((size_t)exec_conf.jobs * sizeof(*jobs));
	idle = ce_alloc((size_t)exec_conf.jobs * sizeof(struct job *));
	pending = ce_alloc(most * sizeof(struct ce_event *));
	for (i = 0; i < exec_conf.jobs; i++) {
		jobs[i].evs = ce_alloc((size_t)ce_conf.batch * sizeof(struct ce_event *));
		jobs[i].c.owner = &jobs[i];
		jobs[i].c.ended = ended;
		idle[nidle++] = &jobs[i];
	}
	linger.fn = lingered;
}

/* One command at a time keeps the order, so nothing is taken ahead of it. */
static void
in_order(void)
{
	int n;

	while ((n = ce_batch(pending, (int)ce_conf.batch)) > 0) {
		npending = n;
		dispatch();
	}
}

static void
in_any_order(void)
{
	struct ce_event *ev;

	while ((ev = ce_next()) != NULL) {
		if (npending == 0 && ce_conf.batch > 1)
			ce_timer(&linger, ce_conf.linger);
		pending[npending++] = ev;
		dispatch();
	}
}

int
once_run(void)
{
	ce_conf.inflight = exec_conf.jobs * ce_conf.batch;
	prepare();
	if (exec_conf.jobs == 1)
		in_order();
	else
		in_any_order();
	return ce_finish();
}
