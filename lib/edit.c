/* edit.c -- a line with members taken out, replaced or added
 *
 * A member goes with the comma before it, or the first ones with what is between
 * them and the next that stays; so what was added right before the closing brace
 * goes without a trace.
 *
 * SPDX-License-Identifier: Apache-2.0 */

#include "scan.h"

static size_t
value_end(const struct ce_member *m)
{
	return (size_t)m->value + m->vlen;
}

/* Where the comma before member i > 0 is. */
static size_t
comma(const struct ce_event *ev, int i)
{
	const char *p = ev->text + value_end(&ev->members[i - 1]);

	return (size_t)(ce_scan_space(p, ev->text + ev->len) - ev->text);
}

/* ---- cut ---- */

/* Moves the shorter side over the gap. */
static void
close_gap(struct ce_event *ev, size_t from, size_t to)
{
	size_t gap = to - from, tail = ev->len - to;

	if (tail <= from)
		memmove(ev->text + from, ev->text + to, tail);
	else {
		memmove(ev->text + gap, ev->text, from);
		ev->text += gap;
	}
	ev->len -= gap;
}

void
ce_event_cut(struct ce_event *ev, enum ce_at which)
{
	int at = ev->at[which], i;
	struct ce_member *m = ev->members;
	size_t from, to;

	if (at < 0)
		return;
	from = at > 0 ? comma(ev, at) : m[0].name - 1u;
	to = at > 0 || ev->nmembers == 1 ? value_end(&m[at]) : m[1].name - 1u;
	close_gap(ev, from, to);
	ce_view_drop(ev, at);
	ev->nmembers--;
	for (i = at; i < ev->nmembers; i++) {
		m[i] = m[i + 1];
		m[i].name -= (uint32_t)(to - from);
		m[i].value -= (uint32_t)(to - from);
	}
	for (i = 0; i < CE_NAT; i++)
		if (ev->at[i] > at)
			ev->at[i]--;
	ev->at[which] = -1;
}

/* ---- write ---- */

/* Of several edits of one name the last holds. */
static const struct ce_edit *
edit_of(const struct ce_edit *e, int n, struct ce_str name)
{
	while (n-- > 0)
		if (ce_str_is(name, e[n].name))
			return &e[n];
	return NULL;
}

static void
add_range(struct ce_buf *out, const struct ce_event *ev, size_t from, size_t to)
{
	ce_buf_add(out, ev->text + from, to - from);
}

static bool
has(const struct ce_event *ev, const char *name)
{
	for (int i = 0; i < ev->nmembers; i++)
		if (ce_str_is(ce_view_name(ev, i), name))
			return true;
	return false;
}

bool
ce_event_changes(const struct ce_event *ev, const struct ce_edit *e, int n)
{
	for (int i = 0; i < n; i++)
		if (e[i].json != NULL || has(ev, e[i].name))
			return true;
	return false;
}

static void
append(struct ce_buf *out, const struct ce_event *ev, const struct ce_edit *e, int n, bool kept)
{
	for (int i = 0; i < n; i++) {
		struct ce_str name = { e[i].name, strlen(e[i].name) };

		if (e[i].json == NULL || edit_of(e, n, name) != &e[i] || has(ev, e[i].name))
			continue;
		ce_buf_puts(out, kept ? ",\"" : "\"");
		ce_json_escape(out, name.p, name.len);
		ce_buf_puts(out, "\":");
		ce_buf_puts(out, e[i].json);
		kept = true;
	}
}

void
ce_event_write(struct ce_buf *out, const struct ce_event *ev, const struct ce_edit *e, int n)
{
	const struct ce_member *m = ev->members;
	const char *end = ev->text + ev->len;
	size_t done = 0, brace; /* the text before done is written, or left out */
	bool kept = false;

	ce_buf_need(out, ev->len);
	for (int i = 0; i < ev->nmembers; i++) {
		const struct ce_edit *edit = edit_of(e, n, ce_view_name(ev, i));

		if (edit != NULL && edit->json == NULL) {
			if (kept || i == 0)
				add_range(out, ev, done, i == 0 ? m[0].name - 1u : comma(ev, i));
			done = value_end(&m[i]);
			continue;
		}
		if (!kept && i > 0)
			done = m[i].name - 1u;
		kept = true;
		if (edit == NULL)
			continue;
		add_range(out, ev, done, m[i].value);
		ce_buf_puts(out, edit->json);
		done = value_end(&m[i]);
	}
	brace = ev->nmembers > 0 ? value_end(&m[ev->nmembers - 1]) :
	    (size_t)(ce_scan_space(ev->text, end) + 1 - ev->text);
	brace = (size_t)(ce_scan_space(ev->text + brace, end) - ev->text);
	add_range(out, ev, done, brace);
	append(out, ev, e, n, kept);
	add_range(out, ev, brace, ev->len);
}
