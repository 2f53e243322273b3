/* plan.c -- the options of ce-map, checked for all that can be known before an
 * event comes.
 * SPDX-License-Identifier: Apache-2.0 */

#include <stdlib.h>
#include <string.h>
#include "map.h"

static struct ce_str
str(const char *s)
{
	return (struct ce_str){ s, strlen(s) };
}

const char *
map_why(struct map *m, const char *fmt, ...)
{
	va_list ap;

	ce_buf_reset(&m->why);
	va_start(ap, fmt);
	ce_buf_vprintf(&m->why, fmt, ap);
	va_end(ap);
	return m->why.p;
}

bool
map_takes(const struct map *m, const char *name)
{
	for (int i = 0; i < m->ntakes; i++)
		if (strcmp(m->takes[i], name) == 0)
			return true;
	return false;
}

const struct map_give *
map_gives(const struct map *m, const char *name)
{
	for (int i = 0; i < m->ngives; i++)
		if (strcmp(m->gives[i].name, name) == 0)
			return &m->gives[i];
	return NULL;
}

/* Why no option may touch an attribute of that name. */
static const char *
untouchable(const char *name)
{
	if (strcmp(name, "ackto") == 0)
		return "ackto is the return address, see ce-ack(5)";
	if (strcmp(name, "specversion") == 0)
		return "specversion is always 1.0";
	if (strcmp(name, "data") == 0 || strcmp(name, "data_base64") == 0)
		return "for that there are --data and --remove data";
	return ce_check_name(str(name));
}

/* Takes name and value. */
static const char *
give(struct map *m, const char *option, char *name, enum map_how how, struct ce_template *value)
{
	const char *wrong = untouchable(name);

	if (wrong == NULL && map_gives(m, name) != NULL)
		wrong = "it is set twice";
	m->gives[m->ngives++] = (struct map_give){ .name = name, .how = how, .value = value };
	return wrong == NULL ? NULL : map_why(m, "--%s %s: %s", option, name, wrong);
}

static const char *
take(struct map *m, const char *option, char *name)
{
	bool again = map_takes(m, name);

	m->takes[m->ntakes++] = name;
	return again ? map_why(m, "--%s %s: it is removed or renamed twice", option, name) : NULL;
}

/* A value that is the same for every event is looked at now. */
static const char *
check_value(struct map *m, const struct map_give *g)
{
	struct ce_event none = { .at = { -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1 } };
	const char *wrong;

	if (g->how != MAP_TEMPLATE || !ce_template_fixed(g->value))
		return NULL;
	ce_buf_reset(&m->tmp);
	ce_template_fill(g->value, &none, CE_ESC_NONE, &m->tmp);
	if (m->tmp.len == 0)
		return NULL;
	wrong = ce_check_attr(str(g->name), (struct ce_str){ m->tmp.p, m->tmp.len });
	return wrong == NULL ? NULL : map_why(m, "cannot set %s to %s: %s", g->name, m->tmp.p, wrong);
}

static const char *
template(struct map *m, const char *option, const char *text, struct ce_template **t)
{
	const char *wrong = NULL;

	*t = ce_template_new(text, &wrong);
	return *t != NULL ? NULL : map_why(m, "--%s %s: %s", option, text, wrong);
}

static const char *
add_set(struct map *m, const char *text)
{
	const char *eq = strchr(text, '='), *why;
	struct ce_template *t;

	if (eq == NULL)
		return map_why(m, "--set %s: not NAME=TEMPLATE", text);
	if ((why = template(m, "set", eq + 1, &t)) != NULL)
		return why;
	why = give(m, "set", ce_strndup(text, (size_t)(eq - text)), MAP_TEMPLATE, t);
	m->gives[m->ngives - 1].owned = true;
	return why;
}

static const char *
add_rename(struct map *m, const char *text)
{
	const char *eq = strchr(text, '='), *why;
	char *from;

	if (eq == NULL)
		return map_why(m, "--rename %s: not OLD=NEW", text);
	from = ce_strndup(text, (size_t)(eq - text));
	why = untouchable(from);
	if (why == NULL && strcmp(from, eq + 1) == 0)
		why = "that is the same name";
	if (why != NULL)
		why = map_why(m, "--rename %s: %s", text, why);
	else
		why = give(m, "rename", ce_strdup(eq + 1), MAP_RENAME, NULL);
	if (why != NULL) {
		free(from);
		return why;
	}
	m->gives[m->ngives - 1].from = ce_strdup(from);
	return take(m, "rename", from);
}

/* What is renamed may be set to something new, what is removed may be the new
 * name of another; but who removes and sets the same does not know what he wants. */
static const char *
add_remove(struct map *m, const char *name)
{
	const struct map_give *g = map_gives(m, name);
	const char *wrong;

	if (strcmp(name, "data") == 0) {
		wrong = m->bare ? "given twice" : NULL;
		m->bare = true;
	} else if ((wrong = untouchable(name)) == NULL && g != NULL && g->how != MAP_RENAME)
		wrong = "it is set, too";
	if (wrong != NULL)
		return map_why(m, "--remove %s: %s", name, wrong);
	return m->bare && strcmp(name, "data") == 0 ? NULL : take(m, "remove", ce_strdup(name));
}

/* @@ is a template that begins with an @. */
static const char *
add_data(struct map *m, const char *text)
{
	const char *wrong;

	if (m->bare)
		return "--data and --remove data do not go together";
	if (text[0] != '@' || text[1] == '@')
		return template(m, "data", text + (text[0] == '@'), &m->data);
	m->pointer = ce_strdup(text + 1);
	wrong = ce_json_pointer_check(str(m->pointer));
	return wrong == NULL ? NULL : map_why(m, "--data %s: %s", text, wrong);
}

static const char *
add_time(struct map *m, const char *text)
{
	struct ce_template *t = NULL;
	const char *why = NULL;
	bool now = strcmp(text, "now") == 0;

	if (!now && (why = template(m, "time", text, &t)) != NULL)
		return why;
	why = give(m, "time", ce_strdup("time"), now ? MAP_NOW : MAP_TEMPLATE, t);
	m->gives[m->ngives - 1].owned = true;
	return why;
}

static const char *
check_required(struct map *m)
{
	static const char *const required[] = { "id", "source", "type" };

	for (int i = 0; i < 3; i++)
		if (map_takes(m, required[i]) && map_gives(m, required[i]) == NULL)
			return map_why(m, "an event without %s is none: set it anew, too", required[i]);
	return NULL;
}

static const char *
plan(struct map *m, const struct map_conf *c)
{
	const char *why = NULL;
	int i;

	for (i = 0; why == NULL && i < c->set.n; i++)
		why = add_set(m, c->set.v[i]);
	for (i = 0; why == NULL && i < c->rename.n; i++)
		why = add_rename(m, c->rename.v[i]);
	m->nrenamed = m->ntakes;
	if (why == NULL && c->ctype != NULL)
		why = give(m, "datacontenttype", ce_strdup("datacontenttype"), MAP_TEMPLATE, c->ctype);
	if (why == NULL && c->hash)
		why = give(m, "id", ce_strdup("id"), MAP_HASH, NULL);
	if (why == NULL && c->time != NULL)
		why = add_time(m, c->time);
	for (i = 0; why == NULL && i < c->remove.n; i++)
		why = add_remove(m, c->remove.v[i]);
	if (why == NULL && c->data != NULL)
		why = add_data(m, c->data);
	for (i = 0; why == NULL && i < m->ngives; i++)
		why = check_value(m, &m->gives[i]);
	m->untyped = map_takes(m, "datacontenttype") || map_gives(m, "datacontenttype") != NULL;
	return why == NULL ? check_required(m) : why;
}

struct map *
map_new(const struct map_conf *c, const char **why)
{
	static struct ce_buf said;
	struct map *m = CE_NEW(struct map);
	size_t n = (size_t)(c->set.n + c->rename.n + c->remove.n) + 4;

	m->gives = ce_alloc(n * sizeof(*m->gives));
	m->takes = ce_alloc(n * sizeof(*m->takes));
	m->edits = ce_alloc((2 * n + 4) * sizeof(*m->edits));
	m->at = ce_alloc((2 * n + 4) * sizeof(*m->at));
	if ((*why = plan(m, c)) == NULL)
		return m;
	ce_buf_reset(&said);
	ce_buf_puts(&said, *why);
	*why = said.p;
	map_free(m);
	return NULL;
}

void
map_free(struct map *m)
{
	for (int i = 0; i < m->ngives; i++) {
		if (m->gives[i].owned)
			ce_template_free(m->gives[i].value);
		free(m->gives[i].name);
		free(m->gives[i].from);
	}
	for (int i = 0; i < m->ntakes; i++)
		free(m->takes[i]);
	free(m->gives);
	free(m->takes);
	free(m->edits);
	free(m->at);
	ce_template_free(m->data);
	free(m->pointer);
	ce_buf_free(&m->values);
	ce_buf_free(&m->tmp);
	ce_buf_free(&m->bytes);
	ce_buf_free(&m->why);
	ce_draft_free(&m->draft);
	free(m);
}
