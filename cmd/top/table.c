/* table -- a view as text, in as many columns as there is room for.
 *
 * Lines: a heading, one for each stage, an empty one between pipelines.  A
 * stage that holds its pipeline up has a star in front.
 * SPDX-License-Identifier: Apache-2.0 */

#include <stdio.h>
#include <string.h>
#include "stage.h"

#define NAME_LEAST 9 /* columns of a name beside which others may stand */
#define NAME_ENOUGH 13

const char *const wait_names[5] = { "-", "input", "output", "service", "acks" };
const char *const role_names[5] = { "source", "sink", "filter", "relay", "other" };

enum column {
	ROLE, PID, EVENTS, BYTES, OUT, TOTAL, SUM, OPEN, OLDEST, RETRIED, DEAD, WAITS, INPUT, OUTPUT,
	SERVICE, ACKS, WORK, CPU, MEMORY, COLUMNS
};

/* In the order in which they stand; the lower the rank the longer one stays. */
static const struct {
	const char *head;
	int width, rank;
} columns[COLUMNS] = {
	{ "ROLE", 6, 13 }, { "PID", 7, 9 }, { "EV/S", 5, 1 }, { "B/S", 5, 5 }, { "OUT/S", 5, 12 },
	{ "TOTAL", 5, 3 }, { "BYTES", 5, 14 }, { "OPEN", 5, 2 }, { "OLDEST", 6, 6 },
	{ "RETRY", 5, 7 }, { "DEAD", 5, 4 }, { "WAITS", 7, 0 }, { "IN%", 4, 15 }, { "OUT%", 4, 16 },
	{ "SVC%", 4, 17 }, { "ACK%", 4, 18 }, { "WORK%", 5, 19 }, { "CPU%", 4, 10 },
	{ "MEM", 5, 8 },
};

/* At most five characters, decimal steps. */
void
show_number(char out[8], double v)
{
	static const char units[] = " kMGTPEZY";
	size_t u = 0;

	if (!(v > 0))
		v = 0;
	if (v > 1e26)
		v = 1e26;
	if (v < 9999.5) {
		snprintf(out, 8, v > 0 && v < 9.95 && v != (double)(int)v ? "%.1f" : "%.0f", v);
		return;
	}
	for (; v >= 999.5 && u < sizeof(units) - 2; u++)
		v /= 1000;
	snprintf(out, 8, v < 9.95 ? "%.1f%c" : "%.0f%c", v, units[u]);
}

/* At most five characters. */
void
show_age(char out[8], double s)
{
	if (s < 0)
		snprintf(out, 8, "-");
	else if (s < 0.9995)
		snprintf(out, 8, "%.0fms", s * 1e3);
	else if (s < 9.95)
		snprintf(out, 8, "%.1fs", s);
	else if (s < 119.5)
		snprintf(out, 8, "%.0fs", s);
	else if (s < 7200)
		snprintf(out, 8, "%.0fm", s / 60);
	else if (s < 48 * 3600.0)
		snprintf(out, 8, "%.0fh", s / 3600);
	else
		snprintf(out, 8, "%.0fd", s < 9999 * 86400.0 ? s / 86400 : 9999);
}

static void
share(char out[8], const struct stage *s, int on)
{
	if (s->foreign)
		snprintf(out, 8, "-");
	else
		snprintf(out, 8, "%.0f", s->share[on] * 100);
}

static void
counted(char out[16], const struct stage *s, double v)
{
	if (s->foreign)
		snprintf(out, 16, "-");
	else
		show_number(out, v);
}

static const char *
waits(const struct stage *s)
{
	if (s->stopped)
		return "stopped";
	if (s->foreign)
		return s->waits == CE_ON_NOTHING ? "(busy)" : "-";
	return s->waits == CE_ON_NOTHING ? "(busy)" : wait_names[s->waits];
}

static void
cell(char out[16], const struct stage *s, enum column c)
{
	const struct ce_stats *t = &s->s;

	switch (c) {
	case ROLE: snprintf(out, 16, "%s", role_names[s->role]); break;
	case PID: snprintf(out, 16, "%ld", (long)s->pid); break;
	case EVENTS: counted(out, s, s->events); break;
	case BYTES: counted(out, s, s->bytes); break;
	case OUT: counted(out, s, s->out); break;
	case TOTAL: counted(out, s, (double)stage_events(s)); break;
	case SUM: counted(out, s, (double)stage_bytes(s)); break;
	case OPEN: counted(out, s, (double)t->open); break;
	case OLDEST: show_age(out, s->age); break;
	case RETRIED: counted(out, s, (double)t->retried); break;
	case DEAD: counted(out, s, (double)t->dead); break;
	case WAITS: snprintf(out, 16, "%s", waits(s)); break;
	case INPUT: share(out, s, CE_ON_INPUT); break;
	case OUTPUT: share(out, s, CE_ON_OUTPUT); break;
	case SERVICE: share(out, s, CE_ON_SERVICE); break;
	case ACKS: share(out, s, CE_ON_ACKS); break;
	case WORK: share(out, s, CE_ON_NOTHING); break;
	case CPU: snprintf(out, 16, "%.0f", s->cpu < 99 ? s->cpu * 100 : 9999.0); break;
	case MEMORY:
		if (s->rss > 0)
			show_number(out, (double)s->rss);
		else
			snprintf(out, 16, "-");
		break;
	case COLUMNS: break;
	}
}

/* Which columns fit beside names of that width, and what is left for those. */
static int
choose(bool use[COLUMNS], int names, int width)
{
	int left = width - 1, rank, c;

	memset(use, 0, COLUMNS * sizeof(*use));
	for (rank = 0; rank < 20; rank++)
		for (c = 0; c < COLUMNS; c++) {
			int least = rank < 2 ? NAME_LEAST : NAME_ENOUGH;

			if (least > names)
				least = names;
			if (columns[c].rank != rank)
				continue;
			if (width > 0 && left - columns[c].width - 1 < least)
				return left < names ? left : names;
			use[c] = true;
			left -= columns[c].width + 1;
		}
	return width > 0 && left < names ? left : names;
}

static void
put_name(struct ce_buf *out, const struct stage *s, int width, bool brief)
{
	const char *name = s->name;
	int indent = 2 * s->indent, len;

	if (indent > width / 2)
		indent = width / 2;
	if (brief && strncmp(name, "ce-", 3) == 0)
		name += 3;
	len = (int)strlen(name);
	ce_buf_printf(out, "%c%*s", s->bottleneck ? '*' : ' ', indent, "");
	width -= indent;
	if (len > width && width > 0)
		ce_buf_printf(out, "%.*s~", width - 1, name);
	else
		ce_buf_printf(out, "%-*s", width, name);
}

static void
put_line(struct ce_buf *out, const struct stage *s, const bool use[COLUMNS], int names, bool brief)
{
	char text[16] = "";
	int c;

	if (s == NULL)
		ce_buf_printf(out, " %-*.*s", names, names, "STAGE");
	else
		put_name(out, s, names, brief);
	for (c = 0; c < COLUMNS; c++) {
		if (!use[c])
			continue;
		if (s != NULL)
			cell(text, s, (enum column)c);
		ce_buf_printf(out, c == WAITS || c == ROLE ? " %-*s" : " %*s", columns[c].width,
		    s == NULL ? columns[c].head : text);
	}
	while (out->len > 0 && out->p[out->len - 1] == ' ')
		out->p[--out->len] = '\0';
	ce_buf_putc(out, '\n');
}

void
print_table(struct ce_buf *out, const struct view *v, int width)
{
	bool use[COLUMNS], brief;
	int longest = 5, names, i;

	for (i = 0; i < v->n; i++) {
		int len = (int)strlen(v->v[i].name) + 2 * v->v[i].indent;

		if (len > longest)
			longest = len;
	}
	if (longest > 40)
		longest = 40;
	names = choose(use, longest, width);
	if (names < 1)
		names = 1;
	brief = names < longest;
	put_line(out, NULL, use, names, brief);
	for (i = 0; i < v->n; i++) {
		if (i > 0 && v->v[i].pipeline != v->v[i - 1].pipeline)
			ce_buf_putc(out, '\n');
		put_line(out, &v->v[i], use, names, brief);
	}
}
