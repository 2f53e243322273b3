/* make.h -- a payload becomes an event.
 * SPDX-License-Identifier: Apache-2.0 */

#ifndef MAKE_H
#define MAKE_H

#include "ce.h"

struct make_conf {
	const char *type, *source;
	const char *id;      /* hash, uuid or a template */
	const char *time;    /* now, none or a template */
	const char *ctype;   /* NULL: by the payload */
	struct ce_template *subject;
	struct ce_list ext;  /* NAME=TEMPLATE */
};
extern struct make_conf make_conf;

/* Checks the above; wrong use ends the program. */
void make_start(void);

/* Where a payload was: offset in the input, and which element of an array (-1:
 * it is no element); where is for people. */
struct make_place {
	uint64_t offset;
	long element;
	const char *where;
};
/* Emits or refuses.  False: refused, and there are no dead letters. */
bool make_event(const char *p, size_t n, const char *ctype, const struct make_place *at);
bool make_refuse(const char *p, size_t n, const char *where, const char *why);

#endif
