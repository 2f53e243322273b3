/* prom -- a view in the text format of Prometheus, version 0.0.4.
 *
 * Lines of a family stand together behind its HELP and TYPE, and no two have
 * the same labels: of several files that claim to be one process the first is
 * printed.
 * SPDX-License-Identifier: Apache-2.0 */

#include <inttypes.h>
#include <stddef.h>
#include <string.h>
#include "stage.h"

enum how { INTEGER, EVENTS, BYTES, AGE, WAITED, MEMORY, STARTED, BOTTLENECK };

static const struct {
	const char *name, *type, *help;
	enum how how;
	size_t at; /* INTEGER: in struct ce_stats */
} families[] = {
	{ "ce_events_total", "counter", "Events given by a source, taken by a sink or filter.", EVENTS, 0 },
	{ "ce_bytes_total", "counter", "Bytes written by a source, read by a sink or filter.", BYTES, 0 },
	{ "ce_events_in_total", "counter", "Events read.", INTEGER, offsetof(struct ce_stats, events_in) },
	{ "ce_events_out_total", "counter", "Events written.", INTEGER,
	    offsetof(struct ce_stats, events_out) },
	{ "ce_bytes_in_total", "counter", "Bytes read.", INTEGER, offsetof(struct ce_stats, bytes_in) },
	{ "ce_bytes_out_total", "counter", "Bytes written.", INTEGER,
	    offsetof(struct ce_stats, bytes_out) },
	{ "ce_events_finished_total", "counter", "Events that are finished for this stage.", INTEGER,
	    offsetof(struct ce_stats, acked) },
	{ "ce_events_retried_total", "counter", "Attempts that failed and were repeated.", INTEGER,
	    offsetof(struct ce_stats, retried) },
	{ "ce_events_dead_total", "counter", "Events that went to the dead letters.", INTEGER,
	    offsetof(struct ce_stats, dead) },
	{ "ce_events_open", "gauge", "Events that are begun and not finished.", INTEGER,
	    offsetof(struct ce_stats, open) },
	{ "ce_oldest_event_age_seconds", "gauge", "Age of the oldest unfinished event, 0 for none.",
	    AGE, 0 },
	{ "ce_waited_seconds_total", "counter", "Time spent waiting, by what for.", WAITED, 0 },
	{ "ce_start_time_seconds", "gauge", "When the stage started, in seconds since 1970.", STARTED, 0 },
	{ "ce_resident_memory_bytes", "gauge", "Resident memory.", MEMORY, 0 },
	{ "ce_bottleneck", "gauge", "1 for the stage that holds its pipeline up.", BOTTLENECK, 0 },
};

static void
put_label(struct ce_buf *out, const char *value)
{
	for (; *value != '\0'; value++) {
		if (*value == '\\' || *value == '"')
			ce_buf_putc(out, '\\');
		ce_buf_putc(out, *value);
	}
}

static void
put_labels(struct ce_buf *out, const char *name, const struct stage *s, const char *title,
    const char *on)
{
	ce_buf_printf(out, "%s{stage=\"", name);
	put_label(out, s->name);
	ce_buf_printf(out, "\",pid=\"%ld\",pipeline=\"", (long)s->pid);
	put_label(out, title);
	ce_buf_puts(out, "\"");
	if (on != NULL)
		ce_buf_printf(out, ",on=\"%s\"", on);
	ce_buf_puts(out, "} ");
}

static uint64_t
member(const struct stage *s, size_t at)
{
	uint64_t v;

	memcpy(&v, (const char *)&s->s + at, sizeof(v));
	return v;
}

static void
put_waited(struct ce_buf *out, const char *name, const struct stage *s, const char *title, int64_t at)
{
	int on;

	for (on = 1; on < 5; on++) {
		put_labels(out, name, s, title, wait_names[on]);
		ce_buf_printf(out, "%.6f\n", stage_waited(s, on, at));
	}
}

static void
put(struct ce_buf *out, size_t f, const struct stage *s, const char *title, int64_t at)
{
	enum how how = families[f].how;

	if ((s->foreign && how != MEMORY && how != BOTTLENECK) || (how == MEMORY && s->rss == 0))
		return;
	if (how == WAITED) {
		put_waited(out, families[f].name, s, title, at);
		return;
	}
	put_labels(out, families[f].name, s, title, NULL);
	switch (how) {
	case INTEGER: ce_buf_printf(out, "%" PRIu64, member(s, families[f].at)); break;
	case EVENTS: ce_buf_printf(out, "%" PRIu64, stage_events(s)); break;
	case BYTES: ce_buf_printf(out, "%" PRIu64, stage_bytes(s)); break;
	case AGE: ce_buf_printf(out, "%.3f", s->age > 0 ? s->age : 0); break;
	case STARTED: ce_buf_printf(out, "%.3f", (double)s->s.started / 1e3); break;
	case MEMORY: ce_buf_printf(out, "%" PRIu64, s->rss); break;
	case BOTTLENECK: ce_buf_puts(out, s->bottleneck ? "1" : "0"); break;
	case WAITED: break;
	}
	ce_buf_putc(out, '\n');
}

static bool
is_double(const struct view *v, int i)
{
	int k;

	for (k = 0; k < i; k++)
		if (v->v[k].pid == v->v[i].pid && strcmp(v->v[k].name, v->v[i].name) == 0)
			return true;
	return false;
}

void
print_prom(struct ce_buf *out, const struct view *v)
{
	struct ce_buf title = { 0 };
	size_t f;
	int i;

	for (f = 0; f < sizeof(families) / sizeof(*families); f++) {
		ce_buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n", families[f].name, families[f].help,
		    families[f].name, families[f].type);
		for (i = 0; i < v->n; i++) {
			if (is_double(v, i))
				continue;
			ce_buf_reset(&title);
			ce_buf_puts(&title, view_title(v, v->v[i].pipeline));
			put(out, f, &v->v[i], title.p, v->at);
		}
	}
	ce_buf_free(&title);
}
