/* record.h -- from the bytes of a record to an event.
 * SPDX-License-Identifier: Apache-2.0 */

#ifndef RECORD_H
#define RECORD_H

#include "files.h"

enum { AS_LINES, AS_JSON, AS_EVENTS, AS_WHOLE, AS_NUL };

struct record_how {
	int as;
	const char *type, *source, *ctype;
	struct ce_template *subject;
	struct ce_list exts; /* NAME=TEMPLATE */
};

void record_start(const struct record_how *how); /* ends with 64 what cannot be */
/* Lent until the next call. */
struct ce_event *record_event(struct file *f, uint64_t offset, const char *p, size_t n);

#endif
