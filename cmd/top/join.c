/* join -- stages into pipelines, and which stage of each holds it up.
 *
 * Events go from a standard output, or to a standard input: a pipe that is
 * neither on both its ends is something else.
 * SPDX-License-Identifier: Apache-2.0 */

#include <stdlib.h>
#include <string.h>
#include "stage.h"

bool
pipe_among(const uint64_t *v, int many, uint64_t pipe)
{
	while (many-- > 0)
		if (v[many] == pipe)
			return true;
	return false;
}

bool
stage_joins(const struct stage *a, const struct stage *b)
{
	const struct pipes *from = &a->pipes, *to = &b->pipes;

	if (from->out != 0 && (from->out == to->in || pipe_among(to->more_in, to->nin, from->out)))
		return true;
	return to->in != 0 && pipe_among(from->more_out, from->nout, to->in);
}

/* The joins of a view, by index. */
static bool *joined;
static int *nbefore, *nafter;
static int n;
#define JOINED(i, k) joined[(size_t)(i) * (size_t)n + (size_t)(k)]

static void
find_joins(const struct view *v)
{
	int i, k;

	n = v->n;
	free(joined);
	joined = ce_alloc((size_t)n * (size_t)n + 1);
	free(nbefore);
	free(nafter);
	nbefore = ce_alloc(((size_t)n + 1) * sizeof(*nbefore));
	nafter = ce_alloc(((size_t)n + 1) * sizeof(*nafter));
	for (i = 0; i < n; i++)
		for (k = 0; k < n; k++) {
			JOINED(i, k) = i != k && stage_joins(&v->v[i], &v->v[k]);
			nafter[i] += JOINED(i, k);
			nbefore[k] += JOINED(i, k);
		}
}

/* Stages in the order in which events pass them, backwards: each branch of a
 * fan-out as a whole. */
static void
visit(int i, int *order, int *len, bool *seen)
{
	int k;

	seen[i] = true;
	for (k = n - 1; k >= 0; k--)
		if (JOINED(i, k) && !seen[k])
			visit(k, order, len, seen);
	order[(*len)++] = i;
}

static void
spread(struct view *v, int i, int pipeline)
{
	int k;

	v->v[i].pipeline = pipeline;
	for (k = 0; k < n; k++)
		if ((JOINED(i, k) || JOINED(k, i)) && v->v[k].pipeline != pipeline)
			spread(v, k, pipeline);
}

/* Does what this one gives meet that of others? */
static bool
is_inlet(int i)
{
	int k, steps;

	for (steps = 0; steps < n && nafter[i] == 1; steps++) {
		for (k = 0; !JOINED(i, k); k++)
			;
		if (nbefore[k] > 1)
			return true;
		i = k;
	}
	return false;
}

static void
indents(struct view *v, const int *order, int len)
{
	int at, k;

	for (at = len - 1; at >= 0; at--) {
		int i = order[at], least = -1, before = nbefore[i];

		for (k = 0; k < n; k++) {
			int in = v->v[k].indent + (nafter[k] > 1) - (before > 1);

			if (JOINED(k, i) && (least == -1 || in < least))
				least = in > 0 ? in : 0;
		}
		v->v[i].indent = before == 0 ? is_inlet(i) : least;
	}
}

static int
by_name(const void *a, const void *b)
{
	const struct stage *x = a, *y = b;

	return x->foreign != y->foreign ? x->foreign - y->foreign :
	    x->s.started != y->s.started ? (x->s.started < y->s.started ? -1 : 1) :
	    x->pid != y->pid ? (x->pid < y->pid ? -1 : 1) : strcmp(x->token, y->token);
}

static int
by_pipeline(const void *a, const void *b)
{
	const struct stage *x = a, *y = b;

	return x->pipeline != y->pipeline ? x->pipeline - y->pipeline : x->place - y->place;
}

/* A foreign stage has no counters; that it is the slow one shows in those
 * before it, which wait for it, and those behind it, which wait for input. */
static void
guess_foreign(struct view *v)
{
	int i, k;

	for (i = 0; i < n; i++) {
		double before = 0, behind = 0;
		struct stage *s = &v->v[i];

		if (!s->foreign)
			continue;
		for (k = 0; k < n; k++) {
			const struct stage *o = &v->v[k];
			double held = o->share[CE_ON_OUTPUT] + o->share[CE_ON_ACKS];

			if (o->foreign || o->pipeline != s->pipeline)
				continue;
			if (k < i && held > before)
				before = held;
			if (k > i && o->share[CE_ON_INPUT] > behind)
				behind = o->share[CE_ON_INPUT];
		}
		s->busy = before < behind ? before : behind;
		if (s->stopped)
			s->busy = 1;
		else if (s->cpu > s->busy)
			s->busy = s->cpu < 1 ? s->cpu : 1;
		s->waits = s->busy > 0.5 ? CE_ON_NOTHING : CE_ON_INPUT;
	}
}

/* The stage that works, or waits for its service, while the others wait for
 * it.  Where all wait for input nothing is held up. */
static void
mark_bottlenecks(struct view *v)
{
	int i, k;

	for (i = 0; i < v->n; i = k) {
		struct stage *most = NULL;

		for (k = i; k < v->n && v->v[k].pipeline == v->v[i].pipeline; k++) {
			struct stage *s = &v->v[k];

			if (most == NULL || s->busy + s->cpu / 1e3 > most->busy + most->cpu / 1e3)
				most = s;
		}
		most->bottleneck = k - i > 1 && most->busy >= 0.5;
	}
}

void
view_join(struct view *v)
{
	int *order, len = 0, i;
	bool *seen;

	v->npipelines = 0;
	if (v->n == 0)
		return;
	qsort(v->v, (size_t)v->n, sizeof(*v->v), by_name);
	find_joins(v);
	order = ce_alloc(((size_t)n + 1) * sizeof(*order));
	seen = ce_alloc((size_t)n + 1);
	for (i = 0; i < n; i++)
		v->v[i].pipeline = -1;
	for (i = 0; i < n; i++)
		if (v->v[i].pipeline == -1)
			spread(v, i, v->npipelines++);
	for (i = n - 1; i >= 0; i--)
		if (!seen[i] && nbefore[i] == 0)
			visit(i, order, &len, seen);
	for (i = n - 1; i >= 0; i--) /* what is joined in a ring */
		if (!seen[i])
			visit(i, order, &len, seen);
	indents(v, order, len);
	for (i = 0; i < len; i++)
		v->v[order[i]].place = len - i;
	qsort(v->v, (size_t)v->n, sizeof(*v->v), by_pipeline);
	guess_foreign(v);
	mark_bottlenecks(v);
	free(order);
	free(seen);
}

const char *
view_title(const struct view *v, int pipeline)
{
	static struct ce_buf b;
	int i;

	ce_buf_reset(&b);
	for (i = 0; i < v->n && b.len < 400; i++)
		if (v->v[i].pipeline == pipeline)
			ce_buf_printf(&b, "%s%s", b.len > 0 ? "|" : "", v->v[i].name);
	for (; i < v->n; i++)
		if (v->v[i].pipeline == pipeline) {
			ce_buf_puts(&b, "|...");
			break;
		}
	return b.p;
}
