/* record.h -- how an event lies in a segment, and the reader of segments.
 *
 * A record is a head of RECORD_HEAD bytes and the event's line without its
 * newline.  All numbers are little-endian, 32 bits:
 *
 *      0  "\0ce\1"         a NUL: no event holds one, so no event looks like a head
 *      4  length           of the line
 *      8  number           in the segment, from 0: a gap tells how many are lost
 *     12  CRC-32           of the twelve bytes before
 *     16  CRC-32           of the line
 * SPDX-License-Identifier: Apache-2.0 */

#ifndef BUF_RECORD_H
#define BUF_RECORD_H

#include "ce.h"

#define RECORD_HEAD 20
#define RECORD_MOST ((size_t)1 << 30) /* of a line: the most that --max-event can be */

struct record {
	uint32_t len, number, sum;
};

void record_head(unsigned char head[RECORD_HEAD], uint32_t number, const char *line, size_t len);
/* False: no record begins with these RECORD_HEAD bytes. */
bool record_parse(struct record *r, const char *head);
/* The line is the one that the head was made for. */
bool record_whole(const struct record *r, const char *line);
/* The offset of the first place in p where a head may begin; n: nowhere.  At the
 * end, the beginning of one is enough. */
size_t record_seek(const char *p, size_t n);

/* ---- reader.c ---- */

/* One segment, read in blocks from fd.  {0} with fd, off set. */
struct reader {
	int fd;
	uint64_t off;        /* of what comes next */
	struct ce_buf block; /* of the file, from the offset base */
	uint64_t base;
	bool known;          /* which number comes next */
	uint32_t number;
	bool losing;         /* what lies at lost.off is no record; looking for the next one */
	struct {
		uint64_t off, bytes;
		long events;     /* -1: nobody can tell */
		bool tail;       /* the file ends in a record that was begun */
	} lost;
};

enum reader_got {
	READER_RECORD, /* *line, lent and writable until the next call; off is behind it */
	READER_LOST,   /* lost tells what was passed over */
	READER_END,    /* off is size; more may come when size grows */
	READER_ERROR   /* errno */
};
/* The next of the first size bytes of the segment. */
enum reader_got reader_next(struct reader *r, uint64_t size, struct ce_str *line);
/* The record at off, of that size, is known already. */
void reader_skip(struct reader *r, size_t len);
void reader_free(struct reader *r); /* not fd */

#endif
