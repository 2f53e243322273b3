/* map.h -- from the options of ce-map to the edits of an event.
 * SPDX-License-Identifier: Apache-2.0 */

#ifndef MAP_H
#define MAP_H

#include "ce.h"

/* As given; everything may be absent. */
struct map_conf {
	struct ce_list set, rename, remove;
	struct ce_template *ctype;
	const char *data, *time;
	bool hash; /* --id */
};

enum map_how { MAP_TEMPLATE, MAP_NOW, MAP_HASH, MAP_RENAME };

/* An attribute that the event gets. */
struct map_give {
	char *name;
	enum map_how how;
	struct ce_template *value; /* MAP_TEMPLATE */
	bool owned;                /* value is to be freed */
	char *from;                /* MAP_RENAME */
};

/* Each name is once among gives at most, and once among takes. */
struct map {
	struct map_give *gives;
	int ngives;
	char **takes; /* names that go; first those that are renamed */
	int ntakes, nrenamed;
	bool untyped;              /* datacontenttype is given or taken */
	bool bare;                 /* --remove data */
	struct ce_template *data;  /* --data TEMPLATE */
	char *pointer;             /* --data @POINTER */
	struct ce_edit *edits;
	size_t *at;                /* of the edits' values, in values; for as long as those move */
	int n;
	struct ce_buf values, tmp, bytes, why;
	struct ce_draft draft;
};

/* NULL and *why (lent): the options are wrong. */
struct map *map_new(const struct map_conf *conf, const char **why);
void map_free(struct map *m);
bool map_takes(const struct map *m, const char *name);
const struct map_give *map_gives(const struct map *m, const char *name);

/* What is to be done to ev, into m->edits and m->n: the result is an event.
 * NULL, or why it cannot be (lent).  Everything is made from the event as it came. */
const char *map_event(struct map *m, struct ce_event *ev);

/* payload.c: the part of it that is about the data. */
const char *map_payload(struct map *m, struct ce_event *ev);
/* For payload.c: an edit more, json NULL removes; and a reason. */
void map_edit(struct map *m, const char *name, const char *json, size_t n);
const char *map_why(struct map *m, const char *fmt, ...) CE_PRINTF(2, 3);

#endif
