/* reader.c -- the records of a segment, and what is damaged between them.
 *
 * Whatever the bytes are, each record that is whole comes out, in order; what
 * lies between two of them is said once.  Damage costs the record that it hits
 * and no other.
 * SPDX-License-Identifier: Apache-2.0 */

#include <errno.h>
#include <string.h>
#include <unistd.h>
#include "record.h"

#define BLOCK ((size_t)256 << 10)

static const char *
here(const struct reader *r)
{
	return r->block.p + (r->off - r->base);
}

static size_t
have(const struct reader *r)
{
	return r->block.len - (size_t)(r->off - r->base);
}

/* Reads until n bytes from off, of left there are, are in memory; what lies before
 * off is forgotten. */
static bool
fill(struct reader *r, size_t n, uint64_t left)
{
	size_t want = n > BLOCK ? n : left < BLOCK ? (size_t)left : BLOCK;
	ssize_t k;

	if (r->off < r->base || r->off > r->base + r->block.len) { /* it jumped */
		r->block.len = 0;
		r->base = r->off;
	}
	if (have(r) >= n)
		return true;
	if (r->block.cap > 4 * BLOCK && want <= BLOCK && have(r) == 0)
		ce_buf_free(&r->block); /* no giant stays */
	ce_buf_cut(&r->block, (size_t)(r->off - r->base));
	r->base = r->off;
	ce_buf_need(&r->block, want - r->block.len);
	while (r->block.len < n) {
		k = pread(r->fd, r->block.p + r->block.len, want - r->block.len,
		    (off_t)(r->base + r->block.len));
		if (k == -1 && errno == EINTR)
			continue;
		if (k == 0)
			errno = ENODATA; /* somebody has cut the file meanwhile */
		if (k <= 0)
			return false;
		r->block.len += (size_t)k;
	}
	return true;
}

static enum reader_got
found(struct reader *r, const struct record *rec, struct ce_str *line)
{
	if (r->losing) {
		r->losing = false;
		r->lost.bytes = r->off - r->lost.off;
		r->lost.events = r->known && rec->number >= r->number ?
		    (long)(rec->number - r->number) : -1;
		r->lost.tail = false;
		r->known = false;
		return READER_LOST;
	}
	r->known = true;
	r->number = rec->number + 1;
	*line = (struct ce_str){ here(r) + RECORD_HEAD, rec->len };
	r->off += RECORD_HEAD + rec->len;
	return READER_RECORD;
}

/* A head whose record is not all there, and nothing behind it: as a crash leaves
 * it, or what is left of a head. */
static enum reader_got
end(struct reader *r, uint64_t size, bool tail)
{
	if (!r->losing)
		return READER_END;
	r->losing = false;
	r->lost.bytes = size - r->lost.off;
	r->lost.events = -1;
	r->lost.tail = tail;
	r->off = size;
	return READER_LOST;
}

/* Steps over n bytes that begin no record. */
static void
lose(struct reader *r, size_t n)
{
	if (!r->losing)
		r->lost.off = r->off;
	r->losing = true;
	r->off += n;
}

/* To the next place where a head may be. */
static void
seek(struct reader *r)
{
	lose(r, 1);
	if (have(r) > 0)
		r->off += record_seek(here(r), have(r));
}

enum reader_got
reader_next(struct reader *r, uint64_t size, struct ce_str *line)
{
	bool tail = false;
	uint64_t left;
	struct record rec;

	while ((left = size - r->off) > 0) {
		size_t n = left < RECORD_HEAD ? (size_t)left : RECORD_HEAD;

		if (!fill(r, n, left))
			return READER_ERROR;
		if (n < RECORD_HEAD) {
			tail |= !r->losing && record_seek(here(r), n) == 0;
			lose(r, n);
			break;
		}
		if (!record_parse(&rec, here(r))) {
			seek(r);
			continue;
		}
		if (rec.len > left - RECORD_HEAD) {
			tail = !r->losing; /* unless something whole is found behind it */
			seek(r);
			continue;
		}
		if (!fill(r, RECORD_HEAD + rec.len, left))
			return READER_ERROR;
		if (record_whole(&rec, here(r) + RECORD_HEAD))
			return found(r, &rec, line);
		seek(r);
	}
	return end(r, size, tail);
}

void
reader_skip(struct reader *r, size_t len)
{
	r->off += RECORD_HEAD + len;
	r->known = false;
}

void
reader_free(struct reader *r)
{
	ce_buf_free(&r->block);
}
