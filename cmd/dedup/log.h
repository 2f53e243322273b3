/* log.h -- the ids of finished events, in a file
 * SPDX-License-Identifier: Apache-2.0 */

#ifndef LOG_H
#define LOG_H

#include "seen.h"

#define LOG_BLOCK 512
#define LOG_IDS 38 /* in a block */

/* What a file may hold: blocks of this size and layout, in the machine's order. */
struct log_block {
	char magic[8];
	uint64_t check;  /* of all behind it, with the key */
	uint8_t key[16]; /* of the hash of ids: the same in each block */
	uint64_t seq;    /* counts the blocks ever begun, from 1 */
	int64_t time;    /* when it was written last, CLOCK_REALTIME in ms */
	uint32_t n, pad;
	struct seen_id ids[LOG_IDS];
};
_Static_assert(sizeof(struct log_block) == LOG_BLOCK, "a block is a sector");

/* The ids of whole blocks among n bytes, from the oldest to the youngest, none
 * older than the last most blocks; in *last the youngest block.  False: there is
 * no whole block, and last is as it was. */
bool log_parse(const void *p, size_t n, size_t most, struct log_block *last,
    void (*fn)(void *arg, const struct seen_id *id, int64_t time), void *arg);
void log_seal(struct log_block *b); /* magic and check */
/* It is a state file of ours, or may have been one before it was damaged. */
bool log_ours(const void *p, size_t n);
size_t log_blocks(size_t ids); /* that a file has room for */

/* Opens and locks path, adds to seen what it holds (so many ids at most, or of
 * the last ms), and gives the key.  Ends the program as ce_state_open does. */
void log_open(const char *path, struct seen *seen, size_t ids, int64_t ms, uint8_t key[16]);
void log_add(const struct seen_id *id);
/* Writes what was added, so that it survives the process.  Not tried again after
 * a failure; log_sync does. */
void log_write(void);
bool log_sync(void); /* so that it survives the machine; false: errno */
void log_close(void);

#endif
