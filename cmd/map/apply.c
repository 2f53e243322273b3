/* apply.c -- what the options make of one event: a list of edits.
 *
 * Every value is checked by the rule of its attribute, so that what comes out is
 * an event without being parsed again.
 * SPDX-License-Identifier: Apache-2.0 */

#include <string.h>
#include <time.h>
#include "map.h"

#define KEEP (1 << 20)

static struct ce_str
str(const char *s)
{
	return (struct ce_str){ s, strlen(s) };
}

void
map_edit(struct map *m, const char *name, const char *json, size_t n)
{
	m->edits[m->n] = (struct ce_edit){ name, json };
	m->at[m->n++] = m->values.len;
	if (json == NULL)
		return;
	ce_buf_add(&m->values, json, n);
	ce_buf_putc(&m->values, '\0');
}

static void
edit_string(struct map *m, const char *name, const char *p, size_t n)
{
	m->edits[m->n] = (struct ce_edit){ name, "" };
	m->at[m->n++] = m->values.len;
	ce_buf_putc(&m->values, '"');
	ce_json_escape(&m->values, p, n);
	ce_buf_puts(&m->values, "\"");
	ce_buf_putc(&m->values, '\0');
}

static bool
core(const char *name)
{
	static const char *const names[] = { "id", "source", "type", "subject", "time",
		"datacontenttype", "dataschema" };

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (strcmp(names[i], name) == 0)
			return true;
	return false;
}

static bool
required(const char *name)
{
	return strcmp(name, "id") == 0 || strcmp(name, "source") == 0 || strcmp(name, "type") == 0;
}

/* Nothing, for an attribute that may be absent, means that it is. */
static const char *
set(struct map *m, struct ce_event *ev, const struct map_give *g)
{
	const char *wrong;

	ce_buf_reset(&m->tmp);
	if ((wrong = ce_template_fill(g->value, ev, CE_ESC_NONE, &m->tmp)) != NULL)
		return map_why(m, "cannot set %s: the event has no %s", g->name, wrong);
	if (m->tmp.len == 0 && !required(g->name)) {
		map_edit(m, g->name, NULL, 0);
		return NULL;
	}
	wrong = ce_check_attr(str(g->name), (struct ce_str){ m->tmp.p, m->tmp.len });
	if (wrong != NULL)
		return map_why(m, "cannot set %s: %s", g->name, wrong);
	edit_string(m, g->name, m->tmp.p, m->tmp.len);
	return NULL;
}

static void
set_now(struct map *m, const char *name)
{
	struct timespec now;
	char text[40];

	clock_gettime(CLOCK_REALTIME, &now);
	edit_string(m, name, text, ce_time_format(text, sizeof(text), &now));
}

/* Of source and id, which name the event for good: the same again for a copy,
 * and no two events that were different become alike. */
static void
set_hash(struct map *m, struct ce_event *ev, const char *name)
{
	struct ce_str source = { "", 0 }, id = { "", 0 };
	unsigned char sum[32];

	ce_attr(ev, CE_AT_SOURCE, &source);
	ce_attr(ev, CE_AT_ID, &id);
	ce_buf_reset(&m->tmp);
	ce_buf_str(&m->tmp, source);
	ce_buf_putc(&m->tmp, '\0');
	ce_buf_str(&m->tmp, id);
	ce_sha256(m->tmp.p, m->tmp.len, sum);
	ce_buf_reset(&m->tmp);
	ce_hex(&m->tmp, sum, 16);
	edit_string(m, name, m->tmp.p, m->tmp.len);
}

/* The value keeps its JSON type, where the new name is not one whose type is given. */
static const char *
move(struct map *m, struct ce_event *ev, const struct map_give *g)
{
	struct ce_str json, value;
	const char *wrong;

	if (!ce_get_json(ev, g->from, &json) || !ce_get(ev, g->from, &value))
		return required(g->name) && (map_takes(m, g->name) || !ce_get(ev, g->name, &value)) ?
		    map_why(m, "cannot rename %s: the event has none, and needs %s", g->from, g->name) : NULL;
	if (!map_takes(m, g->name) && ce_get_json(ev, g->name, &json))
		return map_why(m, "cannot rename %s: the event has %s already", g->from, g->name);
	ce_get_json(ev, g->from, &json);
	if ((wrong = ce_check_attr(str(g->name), value)) != NULL)
		return map_why(m, "cannot rename %s to %s: %s", g->from, g->name, wrong);
	if (core(g->name) && *json.p != '"')
		edit_string(m, g->name, value.p, value.len);
	else
		map_edit(m, g->name, json.p, json.len);
	return NULL;
}

static const char *
attributes(struct map *m, struct ce_event *ev)
{
	const char *why = NULL;
	struct ce_str json;

	/* first, because what is renamed may be set anew; a null is not renamed */
	for (int i = 0; i < m->ntakes; i++)
		if (i >= m->nrenamed || ce_get_json(ev, m->takes[i], &json))
			map_edit(m, m->takes[i], NULL, 0);
	for (int i = 0; why == NULL && i < m->ngives; i++) {
		const struct map_give *g = &m->gives[i];

		switch (g->how) {
		case MAP_TEMPLATE:
			why = set(m, ev, g);
			break;
		case MAP_RENAME:
			why = move(m, ev, g);
			break;
		case MAP_HASH:
			set_hash(m, ev, g->name);
			break;
		case MAP_NOW:
			set_now(m, g->name);
		}
	}
	return why;
}

/* The next stage would not take it. */
static bool
too_long(struct map *m, const struct ce_event *ev)
{
	size_t added = m->values.len;

	for (int i = 0; i < m->n; i++)
		added += strlen(m->edits[i].name) + 4;
	if (ev->len + added <= (size_t)ce_conf.max_event)
		return false;
	ce_buf_reset(&m->bytes);
	ce_event_write(&m->bytes, ev, m->edits, m->n);
	return m->bytes.len > (size_t)ce_conf.max_event;
}

/* A long event does not stay in memory. */
static void
forget_giants(struct map *m)
{
	struct ce_buf *const kept[] = { &m->values, &m->tmp, &m->bytes };

	for (int i = 0; i < 3; i++)
		if (kept[i]->cap > KEEP)
			ce_buf_free(kept[i]);
	if (m->draft.text.cap > KEEP)
		ce_draft_free(&m->draft);
}

const char *
map_event(struct map *m, struct ce_event *ev)
{
	const char *why;

	forget_giants(m);
	m->n = 0;
	ce_buf_reset(&m->values);
	if ((why = attributes(m, ev)) == NULL)
		why = map_payload(m, ev);
	if (why != NULL)
		return why;
	for (int i = 0; i < m->n; i++)
		if (m->edits[i].json != NULL)
			m->edits[i].json = m->values.p + m->at[i];
	return too_long(m, ev) ? "the event has become longer than --max-event" : NULL;
}
