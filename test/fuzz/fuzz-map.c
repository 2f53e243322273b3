/* fuzz-map -- options of ce-map, one a line, an empty line, an event: what comes
 * out is an event, or there is a reason; what no option names is what it was.
 * needs: cmd/map/plan.c cmd/map/apply.c cmd/map/payload.c
 * SPDX-License-Identifier: Apache-2.0 */

#include <string.h>
#include "../../cmd/map/map.h"
#include "fuzz.h"

#define MOST 8

static const char *sets[MOST], *renames[MOST], *removes[MOST];

static void
add(struct ce_list *l, const char *text)
{
	if (l->n < MOST)
		l->v[l->n++] = text;
}

/* s, n, r, d, c, t, i as in test/unit/map.c; the text is behind the letter. */
static void
option(struct map_conf *c, const char *line)
{
	const char *why;

	if (*line == 's')
		add(&c->set, line + 1);
	else if (*line == 'n')
		add(&c->rename, line + 1);
	else if (*line == 'r')
		add(&c->remove, line + 1);
	else if (*line == 'd')
		c->data = line + 1;
	else if (*line == 't')
		c->time = line + 1;
	else if (*line == 'i')
		c->hash = true;
	else if (*line == 'c' && c->ctype == NULL)
		c->ctype = ce_template_new(line + 1, &why);
}

static void
check(const struct map *m, struct ce_event *ev)
{
	static struct ce_event after;
	struct ce_buf out = { 0 };
	struct ce_str name, was, is;
	char text[64];
	int i = 0;

	ce_event_write(&out, ev, m->edits, m->n);
	must(ce_event_parse(&after, out.p, out.len) == NULL);
	while (ce_each(ev, &i, &name, &was)) {
		if (name.len >= sizeof(text))
			continue;
		snprintf(text, sizeof(text), "%.*s", (int)name.len, name.p);
		if (map_takes(m, text) || map_gives(m, text) != NULL)
			continue;
		must(ce_get(&after, text, &is) && is.len == was.len && memcmp(is.p, was.p, is.len) == 0);
	}
	ce_event_free(&after);
	ce_buf_free(&out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct map_conf c = { .set = { sets, 0 }, .rename = { renames, 0 }, .remove = { removes, 0 } };
	char *text = ce_strndup((const char *)p, n), *line = text, *nl;
	const char *why = NULL;
	struct ce_event ev = { 0 };
	struct map *m;

	ce_name = "fuzz";
	for (; (nl = strchr(line, '\n')) != NULL && nl != line; line = nl + 1) {
		*nl = '\0';
		option(&c, line);
	}
	line += *line == '\n';
	m = map_new(&c, &why);
	must((m == NULL) == (why != NULL));
	if (m != NULL && ce_event_parse(&ev, line, n - (size_t)(line - text)) == NULL &&
	    map_event(m, &ev) == NULL)
		check(m, &ev);
	if (m != NULL)
		map_free(m);
	ce_template_free(c.ctype);
	ce_event_free(&ev);
	free(text);
	return 0;
}
