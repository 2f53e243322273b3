/* json -- a view as one JSON document, in the shape that ce-top(1) describes.
 * SPDX-License-Identifier: Apache-2.0 */

#include <inttypes.h>
#include <string.h>
#include "stage.h"

static void
put_name(struct ce_buf *out, const char *name, const char *value)
{
	ce_buf_printf(out, "\"%s\":\"", name);
	ce_json_escape(out, value, strlen(value));
	ce_buf_puts(out, "\"");
}

static void
put_time(struct ce_buf *out, const char *name, const struct timespec *ts)
{
	char text[40];

	ce_time_format(text, sizeof(text), ts);
	put_name(out, name, text);
}

static void
put_counters(struct ce_buf *out, const struct stage *s)
{
	const struct ce_stats *t = &s->s;
	struct timespec started = { (time_t)(t->started / 1000), (long)(t->started % 1000) * 1000000 };
	int on;

	if (t->started >= 0 && t->started < 253402300800000) { /* year 10000 */
		ce_buf_putc(out, ',');
		put_time(out, "started", &started);
	}
	ce_buf_printf(out, ",\"events_per_second\":%.3f,\"bytes_per_second\":%.3f"
	    ",\"events_out_per_second\":%.3f", s->events, s->bytes, s->out);
	ce_buf_printf(out, ",\"events\":%" PRIu64 ",\"bytes\":%" PRIu64 ",\"events_in\":%" PRIu64
	    ",\"bytes_in\":%" PRIu64 ",\"events_out\":%" PRIu64 ",\"bytes_out\":%" PRIu64,
	    stage_events(s), stage_bytes(s), t->events_in, t->bytes_in, t->events_out, t->bytes_out);
	ce_buf_printf(out, ",\"finished\":%" PRIu64 ",\"retried\":%" PRIu64 ",\"dead\":%" PRIu64
	    ",\"open\":%" PRIu64, t->acked, t->retried, t->dead, t->open);
	if (s->age >= 0)
		ce_buf_printf(out, ",\"oldest_seconds\":%.3f", s->age);
	else
		ce_buf_puts(out, ",\"oldest_seconds\":null");
	ce_buf_printf(out, ",\"waits\":\"%s\",\"share\":{\"work\":%.3f",
	    s->stopped ? "stopped" : s->waits == CE_ON_NOTHING ? "nothing" : wait_names[s->waits],
	    s->share[0]);
	for (on = 1; on < 5; on++)
		ce_buf_printf(out, ",\"%s\":%.3f", wait_names[on], s->share[on]);
	ce_buf_putc(out, '}');
}

/* Whom it gives its events. */
static void
put_next(struct ce_buf *out, const struct view *v, const struct stage *s)
{
	const char *comma = "";
	int i;

	ce_buf_puts(out, ",\"to\":[");
	for (i = 0; i < v->n; i++)
		if (&v->v[i] != s && stage_joins(s, &v->v[i])) {
			ce_buf_printf(out, "%s%ld", comma, (long)v->v[i].pid);
			comma = ",";
		}
	ce_buf_putc(out, ']');
}

static void
put_stage(struct ce_buf *out, const struct view *v, const struct stage *s)
{
	ce_buf_putc(out, '{');
	put_name(out, "stage", s->name);
	ce_buf_printf(out, ",\"pid\":%ld,\"role\":\"%s\",\"foreign\":%s", (long)s->pid,
	    role_names[s->role], s->foreign ? "true" : "false");
	put_next(out, v, s);
	if (!s->foreign)
		put_counters(out, s);
	ce_buf_printf(out, ",\"cpu\":%.3f", s->cpu);
	if (s->rss > 0)
		ce_buf_printf(out, ",\"resident_bytes\":%" PRIu64, s->rss);
	ce_buf_printf(out, ",\"bottleneck\":%s}", s->bottleneck ? "true" : "false");
}

void
print_json(struct ce_buf *out, const struct view *v)
{
	struct timespec now;
	int i;

	clock_gettime(CLOCK_REALTIME, &now);
	ce_buf_putc(out, '{');
	put_time(out, "time", &now);
	ce_buf_printf(out, ",\"interval_seconds\":%.3f,\"pipelines\":[", v->seconds);
	for (i = 0; i < v->n; i++) {
		bool first = i == 0 || v->v[i - 1].pipeline != v->v[i].pipeline;

		if (first) {
			ce_buf_puts(out, i == 0 ? "{" : ",{");
			put_name(out, "pipeline", view_title(v, v->v[i].pipeline));
			ce_buf_puts(out, ",\"stages\":[");
		} else
			ce_buf_putc(out, ',');
		put_stage(out, v, &v->v[i]);
		if (i + 1 == v->n || v->v[i + 1].pipeline != v->v[i].pipeline)
			ce_buf_puts(out, "]}");
	}
	ce_buf_puts(out, "]}\n");
}
