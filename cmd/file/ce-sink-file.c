/* ce-sink-file -- append events to files.
 *
 * An event is taken when its line is whole in its file and synced (--sync).
 * What fails half-way is cut off again, so a file never holds a torn line for
 * longer than a crash lasts: the next run cuts that one.  The events of a batch
 * go file by file, in their order within each.
 * SPDX-License-Identifier: Apache-2.0 */

#include <signal.h>
#include <string.h>
#include "ce.h"
#include "each.h"
#include "pool.h"

static bool data, null, each;
static struct ce_template *path;
static struct ce_timer period;
static struct ce_event **evs; /* the batch, and by the same index: */
static size_t *sizes;         /* bytes of the record */
static int *next;             /* the next event for the same file; -1: none */

static const struct ce_opt opts[] = {
	CE_FLAG('d', "data", &data, "write only the data of each event"),
	CE_FLAG('e', "each", &each, "write each event to a file of its own"),
	CE_NUM(0, "max-open", &pool_max, "num", 1, 1000000, "files open at once"),
	CE_FLAG('0', "null", &null, "with --data, end each with a NUL instead of a newline"),
	CE_TIME(0, "rotate-every", &out_conf.rotate_every, "time", 1000, 1L << 40,
	    "begin a new file in each period of that length"),
	CE_SIZE(0, "rotate-size", &out_conf.rotate_size, "size", 1, 1L << 60,
	    "begin a new file before one grows beyond that size"),
	CE_CHOICE(0, "sync", &out_conf.sync, "batch|each|none", "when to wait for the disk"),
	CE_END
};

static const struct ce_program program = {
	"ce-sink-file", "append events to files", CE_SINK, opts, "PATH", 1, 1, CE_USE_BATCH
};

/* The bytes to write of ev: its line, newline included (text[len] is ours), or
 * its data without an end.  False: it has no data. */
static bool
record(struct ce_event *ev, struct ce_str *r)
{
	static struct ce_buf tmp;
	bool json;

	if (data) {
		if (tmp.p != NULL)
			ce_buf_reset(&tmp);
		return ce_data(ev, &tmp, r, &json);
	}
	ev->text[ev->len] = '\n';
	*r = (struct ce_str){ ev->text, ev->len + 1 };
	return true;
}

static void
settle(struct ce_event *ev, enum ce_verdict v)
{
	if (v != CE_TAKEN)
		v = (v == CE_LATER ? ce_later : ce_never)("%s", out_why.p);
	ce_settle(ev, v);
}

/* Settles from the event with index i up to, not including, stop. */
static void
settle_run(int i, int stop, enum ce_verdict v)
{
	int then;

	for (; i != stop; i = then) {
		then = next[i];
		settle(evs[i], v);
	}
}

/* What was appended so far is committed: those events are taken. */
static enum ce_verdict
finish(struct out *o, int *from, int stop)
{
	enum ce_verdict v = out_commit(o);

	if (v == CE_TAKEN) {
		settle_run(*from, stop, CE_TAKEN);
		*from = stop;
	}
	return v;
}

static enum ce_verdict
append(struct out *o, int i, int *from)
{
	enum ce_verdict v = CE_TAKEN;
	struct ce_str r;

	sizes[i] = 0;
	if (!record(evs[i], &r))
		return CE_TAKEN;
	sizes[i] = r.len + data;
	if (out_full(o, sizes[i]) && ((v = finish(o, from, i)) != CE_TAKEN ||
	    (v = out_rotate(o)) != CE_TAKEN))
		return v;
	if (!data)
		v = out_lend(o, r.p, r.len);
	else if ((v = out_copy(o, r.p, r.len)) == CE_TAKEN)
		v = out_copy(o, &out_conf.sep, 1);
	if (v == CE_TAKEN && out_conf.sync == OUT_EACH)
		v = finish(o, from, next[i]);
	return v;
}

/* After a failure at event i: those before the torn one are kept and taken. */
static int
salvage(struct out *o, int from, int i)
{
	int stop = from, end = i >= 0 ? next[i] : -1;
	size_t whole = 0;

	while (stop != end && whole + sizes[stop] <= o->wrote) {
		whole += sizes[stop];
		stop = next[stop];
	}
	if (!out_undo(o, whole))
		return from;
	settle_run(from, stop, CE_TAKEN);
	return stop;
}

static void
deliver(struct out *o)
{
	int from = o->first, i = from;
	enum ce_verdict v = pool_begin(o);
	bool begun = v == CE_TAKEN;

	while (v == CE_TAKEN && i >= 0)
		if ((v = append(o, i, &from)) == CE_TAKEN)
			i = next[i];
	if (v == CE_TAKEN)
		v = finish(o, &from, -1);
	if (v != CE_TAKEN && begun && from >= 0)
		from = salvage(o, from, i);
	settle_run(from, -1, v);
	pool_end(o);
}

/* NULL: the event has no place, and is settled. */
static const char *
place(struct ce_event *ev)
{
	static struct ce_buf name;
	const char *missing;

	if (data && ev->text != NULL && !ce_data_whole(ev)) {
		ce_settle(ev, ce_never("the data has a lone surrogate, which no text can hold"));
		return NULL;
	}
	if (ce_template_fixed(path) && name.len > 0)
		return name.p;
	ce_buf_reset(&name);
	if ((missing = ce_template_fill(path, ev, CE_ESC_PATH, &name)) == NULL)
		return name.p;
	ce_settle(ev, ce_never("cannot make a file name: the event has no %s", missing));
	return NULL;
}

static void
deliver_all(int n)
{
	struct out *o = NULL, *first = NULL, **last = &first;
	const char *p;

	for (int i = 0; i < n; i++) {
		next[i] = -1;
		if ((p = place(evs[i])) == NULL)
			continue;
		if (o == NULL || strcmp(o->path, p) != 0)
			o = pool_get(p);
		if (o->first < 0) {
			o->first = i;
			o->touched = NULL;
			*last = o;
			last = &o->touched;
		} else
			next[o->last] = i;
		o->last = i;
	}
	while ((o = first) != NULL) {
		first = o->touched;
		deliver(o);
	}
}

/* After one that has to wait, all wait: two events may have the same name, and
 * the last one is to stay. */
static void
deliver_each(int n)
{
	enum ce_verdict v = CE_TAKEN;
	struct ce_str r;
	const char *p;
	int i, stop;

	for (i = 0; i < n && v != CE_LATER; i++) {
		if ((p = place(evs[i])) == NULL)
			evs[i] = NULL;
		else if (!record(evs[i], &r))
			v = CE_TAKEN;
		else if ((v = each_put(p, r.p, r.len)) == CE_NEVER) {
			settle(evs[i], v);
			evs[i] = NULL;
		} else if (v == CE_TAKEN && out_conf.sync == OUT_EACH)
			v = each_commit();
	}
	stop = v == CE_LATER ? i - 1 : n;
	if (out_conf.sync != OUT_EACH && stop > 0 && each_commit() != CE_TAKEN)
		stop = 0;
	for (i = 0; i < n; i++)
		if (evs[i] != NULL)
			settle(evs[i], i < stop ? CE_TAKEN : CE_LATER);
}

/* Makes it, rotates it, without an event. */
static enum ce_verdict
visit(struct out *o)
{
	enum ce_verdict v = pool_begin(o);

	pool_end(o);
	return v;
}

/* A fixed PATH is there from the start. */
static enum ce_verdict
open_fixed(void)
{
	struct ce_event none = { 0 };

	if (each || !ce_template_fixed(path))
		return CE_TAKEN;
	return visit(pool_get(place(&none)));
}

static void
reopen(void)
{
	pool_close();
	open_fixed();
}

/* A file whose period is over is rotated even when nothing more comes. */
static void
next_period(void *arg)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	if (arg != NULL)
		pool_each(visit);
	ce_timer(&period, out_conf.rotate_every -
	    (now.tv_sec * 1000 + now.tv_nsec / 1000000) % out_conf.rotate_every + 1);
}

static void
prepare(const char *arg)
{
	const char *why;

	if (*arg == '\0')
		ce_die(CE_USAGE, "PATH is empty");
	if ((path = ce_template_new(strcmp(arg, "-") == 0 ? "/dev/stdout" : arg, &why)) == NULL)
		ce_die(CE_USAGE, "PATH %s: %s", arg, why);
	if (null && !data)
		ce_die(CE_USAGE, "--null goes with --data");
	if (each && (null || out_conf.rotate_size > 0 || out_conf.rotate_every > 0))
		ce_die(CE_USAGE, "--each goes without --null and --rotate");
	if (each && ce_template_fixed(path))
		ce_die(CE_USAGE, "--each needs a PATH with {...}, or each event would replace the last");
	if (null)
		out_conf.sep = '\0';
	signal(SIGXFSZ, SIG_IGN); /* EFBIG then, and that is said */
	evs = ce_alloc((size_t)ce_conf.batch * sizeof(*evs));
	sizes = ce_alloc((size_t)ce_conf.batch * sizeof(*sizes));
	next = ce_alloc((size_t)ce_conf.batch * sizeof(*next));
	period = (struct ce_timer){ 0, next_period, &period, NULL };
	ce_on_hangup(reopen);
	if (open_fixed() == CE_NEVER) /* what may pass is said with the first event */
		ce_die(CE_CONFIG, "%s", out_why.p);
	if (out_conf.rotate_every > 0)
		next_period(NULL);
}

int
main(int argc, char *argv[])
{
	int n;

	ce_conf.batch = 2048;
	n = ce_start(argc, argv, &program);
	prepare(argv[n]);
	while ((n = ce_batch(evs, (int)ce_conf.batch)) > 0)
		(each ? deliver_each : deliver_all)(n);
	pool_close();
	return ce_finish();
}
