/* seen.h -- the ids of the last events, by their hashes
 * SPDX-License-Identifier: Apache-2.0 */

#ifndef SEEN_H
#define SEEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct seen_id { /* 96 bits of a keyed hash */
	uint32_t w[3];
};

#define SEEN_MOST 16000000

/* Remembers the last most ids, or of these only those of the last ms (0: however
 * old).  Memory grows to what is in use. */
struct seen;
struct seen *seen_new(size_t most, int64_t ms);
void seen_free(struct seen *s);
bool seen_has(const struct seen *s, const struct seen_id *id);
/* One that it has not; now never goes back.  Its number, counted from 1. */
uint64_t seen_add(struct seen *s, const struct seen_id *id, int64_t now);
void seen_expire(struct seen *s, int64_t now);
bool seen_nth(const struct seen *s, uint64_t number, struct seen_id *id); /* false: forgotten */
size_t seen_count(const struct seen *s);

#endif
