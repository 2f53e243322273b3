/* stay.c -- commands that stay: a line in, a line out
 *
 * Answers come in the order of the lines, so several may be under way.  Only an
 * answer is a verdict: what a command leaves unanswered when it ends, or answers
 * with something else, comes again, to a new one.  If that were several, they are
 * then given one by one, so that only the one that ends it pays for it.
 * SPDX-License-Identifier: Apache-2.0 */

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include "exec.h"
#include "launch.h"

#define PIPE_SIZE (1 << 20)
#define REST 5000 /* ms for one that has closed its output to end */
#define MANY 1024 /* filters: they keep the order whatever comes */

struct worker {
	struct child c;
	struct ce_event **evs; /* those from first to n are not answered */
	int first, n, cap;
	struct feed feed;      /* what of them was sent */
	struct ce_lines lines;
	int careful;           /* so many are sent one by one */
	bool answered;         /* anything since it was started */
	struct ce_buf broken;  /* what was wrong with its answer */
	int64_t since;         /* the last answer, or the first line without one */
	struct ce_timer timer; /* for an answer; before the next start */
	bool pausing;
};

static struct worker *workers;

static void send_lines(struct worker *w);

static int
given(const struct worker *w)
{
	return w->feed.at + (w->feed.off > 0) - w->first;
}

static void
settle_first(struct worker *w, enum ce_verdict v)
{
	struct ce_event *ev = w->evs[w->first++];

	if (w->feed.at < w->first)
		w->feed = (struct feed){ w->first, 0 };
	ce_settle(ev, v);
}

/* ---- answers ---------------------------------------------------------------------- */

static void
wrong(struct worker *w, const char *what, struct ce_str line)
{
	ce_buf_reset(&w->broken);
	ce_buf_printf(&w->broken, "%s: ", what);
	ce_buf_visible(&w->broken, line.p, line.len, 80);
	child_stop(&w->c);
}

static enum ce_verdict
verdict(struct worker *w, struct ce_event *ev, char *line, size_t n)
{
	struct ce_str text = { line, n }, why;

	switch (answer_parse(text, exec_conf.filter, &why)) {
	case ANSWER_OK:
		if (exec_conf.filter)
			ce_reply(ev, ev->text, ev->len);
		return CE_TAKEN;
	case ANSWER_DROP:
		return CE_TAKEN;
	case ANSWER_EVENT:
		return reply_line(ev, line, n);
	case ANSWER_LATER:
	case ANSWER_NEVER:
		if (why.len == 0)
			why = text;
		if (why.len > 1000)
			why.len = 1000;
		return line[0] == 'l' ? ce_later("%s: %.*s", exec_conf.name, (int)why.len, why.p) :
		    ce_never("%s: %.*s", exec_conf.name, (int)why.len, why.p);
	case ANSWER_NONE:
		break;
	}
	wrong(w, "that is no answer", text);
	return CE_FATAL;
}

static void
answer(struct worker *w, const struct ce_record *r, enum ce_got got)
{
	struct ce_str line = { r->p, r->len };
	enum ce_verdict v;

	if (w->broken.len > 0)
		return;
	if (got == CE_L_LONG) {
		wrong(w, "its answer is longer than --max-event", line);
		return;
	}
	if (w->first == w->feed.at) {
		wrong(w, "it answers what was not asked", line);
		return;
	}
	if ((v = verdict(w, w->evs[w->first], r->p, r->len)) == CE_FATAL)
		return;
	w->answered = true;
	w->careful -= w->careful > 0;
	w->since = ce_now();
	settle_first(w, v);
}

/* The last line without its end is no answer: it may be cut off. */
static bool
hear(struct worker *w)
{
	ssize_t n = ce_lines_fill(&w->lines);
	struct ce_record r;
	enum ce_got got;

	while ((got = ce_lines_get(&w->lines, &r)) != CE_L_NONE && got != CE_L_END) {
		if (got != CE_L_LAST)
			answer(w, &r, got);
		ce_block_drop(r.block);
	}
	if (n == 0) {
		child_shut(&w->c.out);
		child_shut(&w->c.in);
		child_limit(&w->c, REST);
	}
	return n > 0;
}

static void
answers(void *arg, short revents)
{
	struct worker *w = arg;

	(void)revents;
	hear(w);
	send_lines(w);
}

/* ---- how long it may take ----------------------------------------------------------- */

static void
wait_for_answer(struct worker *w, long ms)
{
	ce_timer(&w->timer, ms);
}

static void
look_at_clock(void *arg)
{
	struct worker *w = arg;
	int64_t left = w->since + ce_conf.timeout - ce_now();

	if (w->pausing) {
		w->pausing = false;
		send_lines(w);
	} else if (w->c.pid == 0 || given(w) == 0)
		return;
	else if (left > 0)
		wait_for_answer(w, (long)left);
	else {
		w->c.late = true;
		child_stop(&w->c);
	}
}

/* ---- the end of one, and the next ------------------------------------------------------- */

static enum ce_verdict
why_unanswered(struct worker *w)
{
	if (w->broken.len > 0)
		return ce_later("%s: %s", exec_conf.name, w->broken.p);
	if (w->c.late)
		return ce_later("%s: no answer in time", exec_conf.name);
	return ce_later("%s ended without an answer: %s", exec_conf.name,
	    answer_describe(w->c.status, child_said(&w->c)));
}

static void
ended(struct child *c)
{
	struct worker *w = c->owner;
	enum ce_verdict v;
	int i;

	/* what it wrote is in the pipe; who else may have it open is not waited for */
	for (i = 0; i < 64 && c->out != -1 && hear(w); i++)
		;
	child_shut(&c->out);
	child_limit(c, -1);
	ce_lines_free(&w->lines);
	ce_timer(&w->timer, -1);
	i = given(w);
	if (i > 1)
		w->careful = i;
	v = why_unanswered(w);
	if (i == 0 && w->broken.len > 0)
		ce_warn("%s: %s", exec_conf.name, w->broken.p);
	while (i-- > 0)
		settle_first(w, v);
	w->feed = (struct feed){ w->first, 0 };
	w->pausing = !w->answered;
	if (w->pausing)
		ce_timer(&w->timer, ce_conf.backoff);
	else
		send_lines(w);
}

static bool
start(struct worker *w)
{
	int error = child_start(&w->c, environ_of(NULL), true);
	enum ce_verdict v;

	if (error != 0) {
		v = error == E2BIG ? ce_fatal(CE_CONFIG, "cannot run %s: the environment is too long",
		    exec_conf.name) : launch_failed(error);
		while (w->first < w->n)
			settle_first(w, v);
		return false;
	}
	(void)!fcntl(w->c.in, F_SETPIPE_SZ, PIPE_SIZE);
	(void)!fcntl(w->c.out, F_SETPIPE_SZ, PIPE_SIZE);
	ce_lines_init(&w->lines, w->c.out, '\n', (size_t)ce_conf.max_event);
	ce_watch(w->c.out, POLLIN, answers, w);
	ce_buf_reset(&w->broken);
	w->answered = false;
	return true;
}

/* ---- lines -------------------------------------------------------------------------------- */

static void
writable(void *arg, short revents)
{
	(void)revents;
	send_lines(arg);
}

static void
send_lines(struct worker *w)
{
	int to = w->careful > 0 && w->first < w->n ? w->first + 1 : w->n, before = given(w);

	if (w->feed.at >= to || w->pausing || (w->c.pid == 0 && !start(w)) || w->c.in == -1 ||
	    w->c.told)
		return;
	if (feed(&w->feed, w->c.in, w->evs, to))
		ce_watch(w->c.in, 0, NULL, NULL);
	else if (errno == EAGAIN)
		ce_watch(w->c.in, POLLOUT, writable, w);
	else { /* it reads no more, so it will end */
		child_shut(&w->c.in);
		child_limit(&w->c, REST);
	}
	if (before == 0) {
		w->since = ce_now();
		if (w->timer.due == 0)
			wait_for_answer(w, ce_conf.timeout);
	}
}

static struct worker *
least_busy(void)
{
	struct worker *w, *best = workers;

	for (w = workers; w < workers + exec_conf.jobs; w++)
		if (w->n - w->first < best->n - best->first)
			best = w;
	return best;
}

/* Lines are gathered while there are more to come: a line that is sent alone
 * wakes the command up for it. */
static void
add(struct ce_event *ev)
{
	struct worker *w = least_busy();

	if (w->n == w->cap) {
		memmove(w->evs, w->evs + w->first, (size_t)(w->n - w->first) * sizeof(*w->evs));
		w->feed.at -= w->first;
		w->n -= w->first;
		w->first = 0;
	}
	w->evs[w->n++] = ev;
	if (ce_open() < ce_conf.inflight && w->c.pid > 0 && w->c.in != -1) {
		ce_watch(w->c.in, POLLOUT, writable, w);
		return;
	}
	for (w = workers; w < workers + exec_conf.jobs; w++)
		send_lines(w);
}

static void
prepare(void)
{
	long i;

	if (ce_conf.inflight == 0)
		ce_conf.inflight = exec_conf.filter ? MANY : exec_conf.jobs;
	workers = ce_alloc((size_t)exec_conf.jobs * sizeof(*workers));
	for (i = 0; i < exec_conf.jobs; i++) {
		struct worker *w = &workers[i];

		w->cap = (int)(2 * ce_conf.inflight);
		w->evs = ce_alloc((size_t)w->cap * sizeof(struct ce_event *));
		w->c.in = w->c.out = -1;
		w->c.owner = w;
		w->c.ended = ended;
		w->timer.fn = look_at_clock;
		w->timer.arg = w;
	}
}

int
stay_run(void)
{
	struct ce_event *ev;
	int code;
	long i;

	prepare();
	while ((ev = ce_next()) != NULL)
		add(ev);
	code = ce_finish(); /* whoever waits for us need not wait for them */
	for (i = 0; i < exec_conf.jobs; i++)
		child_shut(&workers[i].c.in);
	for (i = 0; i < exec_conf.jobs; i++)
		child_wait(&workers[i].c, ce_conf.timeout);
	return code;
}
