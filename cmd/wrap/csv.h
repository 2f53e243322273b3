/* csv.h -- a row of RFC 4180, taken apart.
 * SPDX-License-Identifier: Apache-2.0 */

#ifndef CSV_H
#define CSV_H

#include "ce.h"

struct csv_row {
	struct ce_buf text; /* the fields, one behind the other */
	size_t *end;        /* where each ends */
	size_t n, cap;
};

/* A row without its line end.  NULL, or what is wrong with it. */
const char *csv_parse(struct csv_row *row, const char *p, size_t n, char delim);
struct ce_str csv_field(const struct csv_row *row, size_t i);
void csv_free(struct csv_row *row);
/* Appends the row as JSON: an object with the names of head, or an array
 * where head is NULL.  All values are strings. */
void csv_json(struct ce_buf *out, const struct csv_row *head, const struct csv_row *row);
/* A name that head has twice, which an object cannot hold. */
bool csv_twice(const struct csv_row *head, struct ce_str *name);

#endif
