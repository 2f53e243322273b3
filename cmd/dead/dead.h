/* dead.h -- the subcommands of ce-dead, and which letters they are about.
 * SPDX-License-Identifier: Apache-2.0 */

#ifndef DEAD_H
#define DEAD_H

#include "read.h"

bool matches(struct letters *l); /* --match */

void list(const char *path);
int show(const char *path, char *const *which, int n); /* an exit code */
void count(const char *path, const char *by);

struct replay {
	long max_attempts;   /* 0: any number */
	const char *give_up; /* where to those go that had them; NULL: PATH.given-up */
};
int replay(const char *path, const struct replay *how);

/* text.c: for eyes.  Bytes at most; control characters made visible. */
void add_cell(struct ce_buf *out, struct ce_str s, size_t most);
size_t width(const char *p, size_t n); /* characters */
void add_padded(struct ce_buf *out, const char *p, size_t n, size_t columns);
/* The data of an event, indented, a line at least. */
void add_data(struct ce_buf *out, struct ce_event *ev, const char *indent);

#endif
