/* rule.h -- what an event must meet: CloudEvents SQL, the dialects of the
 * Subscriptions API, and the short forms of the command line, as one tree.
 * SPDX-License-Identifier: Apache-2.0 */

#ifndef RULE_H
#define RULE_H

#include "cesql.h"

enum rule_kind { RULE_ALL, RULE_ANY, RULE_NOT, RULE_EXACT, RULE_PREFIX, RULE_SUFFIX, RULE_SQL };

struct rule {
	enum rule_kind kind;
	struct rule **kid; /* ALL, ANY, NOT */
	int n;
	char *name, *value; /* EXACT, PREFIX, SUFFIX */
	size_t len;         /* of value */
	struct ce_sql *sql;
};

struct rule *rule_new(enum rule_kind kind);
void rule_add(struct rule *parent, struct rule *kid);
/* NULL, with *why set: no attribute can be called so, or the value is empty. */
struct rule *rule_attribute(enum rule_kind kind, struct ce_str name, const char *value,
    const char **why);
struct rule *rule_sql(struct ce_sql *q);
/* Does it hold?  Where SQL has errors it does not, and error is told. */
bool rule_holds(const struct rule *r, struct ce_event *ev,
    void (*error)(struct ce_sql *q, unsigned errors, struct ce_event *ev));
void rule_explain(const struct rule *r, int depth, struct ce_buf *out);

/* dialect.c: the filters in the file at path; a mistake ends the program. */
struct rule *dialect_read(const char *path);

#endif
