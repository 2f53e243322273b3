/* spool.h -- the directory: segments from the oldest to the newest, and the
 * position, before which everything was finished downstream.
 * SPDX-License-Identifier: Apache-2.0 */

#ifndef BUF_SPOOL_H
#define BUF_SPOOL_H

#include "ce.h"

#define SPOOL_NAME 40 /* bytes that a segment's name needs */

struct position {
	uint64_t no, off; /* of the segment, in it */
};

struct segment {
	struct segment *next; /* the next newer one */
	uint64_t no;          /* names it */
	uint64_t size;        /* durable bytes: what may be read */
	long open;            /* events of it that were given and are not finished */
	bool passed;          /* all of it was given */
	bool damaged;
};

/* What a segment's name says; false: it is no segment's. */
bool spool_number(const char *name, uint64_t *no);
void spool_name(char name[SPOOL_NAME], uint64_t no);
int spool_open(uint64_t no, int flags); /* a segment's file */
const char *spool_path(uint64_t no); /* for messages; lent until the next call */

/* Opens dir, made when it is not there, and locks it; ends the program when that
 * cannot be.  Everything before *at is finished, and is removed. */
void spool_start(const char *dir, struct position *at);
struct segment *spool_first(void); /* the oldest; NULL: there is none */
uint64_t spool_bytes(void);        /* in all segments */
bool spool_sync_dir(void);
/* The file of a newer segment, made; -1: errno. */
int spool_make(struct segment **s);
void spool_grown(struct segment *s, uint64_t size);
/* Removes those at the beginning that are passed and finished. */
void spool_sweep(void);

/* ---- position.c ---- */

/* Opens and locks the file; {0, 0} when it is new or says nothing. */
void position_start(int dir, const char *path, struct position *at);
bool position_write(const struct position *at);
/* One copy as text, of POSITION_LEN bytes and a NUL at most; and back. */
#define POSITION_LEN 80
void position_text(char text[POSITION_LEN + 1], uint64_t serial, const struct position *at);
bool position_parse(const char *text, uint64_t *serial, struct position *at);

/* ---- store.c: writing ---- */

extern long store_segment, store_max; /* --segment-size, --max-bytes */
/* Appends the lines of the first events, durably.  How many; if not all, ce_reason
 * says why the next one has to wait. */
int store(struct ce_event **evs, int n);
const struct segment *store_at(void); /* what is written to; NULL: none */
void store_close(void); /* what comes next goes to a new segment */

/* ---- give.c: reading, and what becomes of it ---- */

void give_start(const struct position *at);
/* Emits what ce_room() and fairness allow. */
bool give(void); /* true: there is more */
/* The event that was stored next after all that were given: from memory, if there
 * is room; false: it will be read. */
bool give_stored(struct ce_event *ev);
bool give_all(void);    /* everything that was stored was given */
bool give_commit(void);
/* Removes what was given and finished to its end, and is not written any more. */
void give_end(void);
void give_say(void);    /* how much is left */

#endif
