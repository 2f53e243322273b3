/* record.c -- the head of a record: made, checked, found again.
 *
 * The head has a checksum of its own, so that a length is believed before the
 * bytes behind it are read.
 * SPDX-License-Identifier: Apache-2.0 */

#include <string.h>
#include <zlib.h>
#include "record.h"

static const char magic[4] = "\0ce\1";

static void
put(unsigned char *p, uint32_t v)
{
	for (int i = 0; i < 4; i++, v >>= 8)
		p[i] = (unsigned char)v;
}

static uint32_t
get(const char *p)
{
	uint32_t v = 0;

	for (int i = 3; i >= 0; i--)
		v = v << 8 | (unsigned char)p[i];
	return v;
}

static uint32_t
sum(const void *p, size_t n)
{
	return (uint32_t)crc32_z(0, p, n);
}

void
record_head(unsigned char head[RECORD_HEAD], uint32_t number, const char *line, size_t len)
{
	memcpy(head, magic, sizeof(magic));
	put(head + 4, (uint32_t)len);
	put(head + 8, number);
	put(head + 12, sum(head, 12));
	put(head + 16, sum(line, len));
}

bool
record_parse(struct record *r, const char *head)
{
	if (memcmp(head, magic, sizeof(magic)) != 0 || sum(head, 12) != get(head + 12))
		return false;
	*r = (struct record){ get(head + 4), get(head + 8), get(head + 16) };
	return r->len <= RECORD_MOST;
}

bool
record_whole(const struct record *r, const char *line)
{
	return sum(line, r->len) == r->sum;
}

size_t
record_seek(const char *p, size_t n)
{
	const char *at = p, *end = p + n;

	for (; at < end && (at = memchr(at, magic[0], (size_t)(end - at))) != NULL; at++) {
		size_t left = (size_t)(end - at);

		if (memcmp(at, magic, left < sizeof(magic) ? left : sizeof(magic)) == 0)
			return (size_t)(at - p);
	}
	return n;
}
