/* split.h -- where one record ends and the next begins, in bytes that come in parts.
 * SPDX-License-Identifier: Apache-2.0 */

#ifndef SPLIT_H
#define SPLIT_H

#include <stdbool.h>
#include <stddef.h>

enum split_what {
	SPLIT_MORE,   /* the record has no end yet */
	SPLIT_RECORD, /* p[0..len) is one */
	SPLIT_SKIP,   /* p[0..at) is between records */
	SPLIT_BROKEN  /* p[0..len) is none, for the reason why */
};

/* {0} before each record.  What was looked at is not looked at again, so the
 * caller may throw away the first at bytes of a record, and set at to 0. */
struct split {
	char delim; /* of CSV; to be set by the caller */
	size_t at;  /* looked at; after anything but SPLIT_MORE: the next begins there */
	size_t len;
	const char *why;
	/* the splitters' own */
	int state;
	size_t depth;
	char last; /* token */
	bool newline;
};

typedef enum split_what splitter(struct split *s, const char *p, size_t n, bool eof);

/* JSON values, separated by white space, commas, RS (RFC 7464), NUL or nothing.
 * Only the brackets and strings are looked at: a record may still be no JSON. */
splitter split_json;
/* Rows of RFC 4180; a newline inside quotes is part of its row. */
splitter split_csv;
/* All there is. */
splitter split_whole;

#endif
