/* template.h -- what template.c and escape.c share.
 *
 * SPDX-License-Identifier: Apache-2.0 */

#ifndef CE_TEMPLATE_H
#define CE_TEMPLATE_H

#include "ce.h"

enum ce_piece_kind { CE_P_TEXT, CE_P_ATTR, CE_P_PATH, CE_P_DATA };

struct ce_piece {
	enum ce_piece_kind kind;
	char *name;     /* of the attribute; "data.path"; of a text, the text */
	char *format;   /* NULL: none */
	char *fallback; /* NULL: none */
	size_t limit;   /* bytes that the value may take in a path component */
};

/* Sets the limits: all values of one component together must fit in a name. */
void ce_piece_limits(struct ce_piece *p, int n);
void ce_escape(struct ce_buf *out, struct ce_str v, enum ce_escape esc, size_t limit);
const char *ce_strftime_check(const char *format);
/* Appends; false when it would be longer than 64 KiB. */
bool ce_strftime(struct ce_buf *out, const char *format, const struct timespec *ts);

#endif
