/* ackto.c -- from the ackto of an event to whom it is to be acknowledged.
 *
 * Nearly all events of a stream carry the same token, so the last one is
 * compared first.
 * SPDX-License-Identifier: Apache-2.0 */

#include <string.h>
#include "peer.h"

#define LONGEST 64 /* bytes at a line's end that may be an address */

static struct ce_peer *recent;

static struct ce_peer *
find(const char *token, size_t n)
{
	struct ce_peer *p;

	for (p = ce_peers; p != NULL; p = p->next)
		if (memcmp(p->token, token, n) == 0 && p->token[n] == '\0')
			return p;
	return ce_peer_new(token, n);
}

static bool
is_token(const char *p, size_t n)
{
	while (n > 0 && ((p[n - 1] >= 'a' && p[n - 1] <= 'z') || (p[n - 1] >= '0' && p[n - 1] <= '9')))
		n--;
	return n == 0;
}

/* The number behind the dot; 0: there is none. */
static uint64_t
number(const char *p, const char *end)
{
	uint64_t v = 0;

	for (; p < end && *p >= '0' && *p <= '9'; p++)
		v = v * 10 + (uint64_t)(*p - '0');
	return p == end ? v : 0;
}

struct ce_peer *
ce_peer_of(struct ce_str ackto, uint64_t *seq)
{
	const char *end = ackto.p + ackto.len, *dot = memrchr(ackto.p, '.', ackto.len);
	size_t n = dot != NULL ? (size_t)(dot - ackto.p) : 0;

	if (n == 0 || n > 32 || end - dot > 19 || (*seq = number(dot + 1, end)) == 0)
		return NULL;
	if (recent != NULL && recent->ntoken == n && memcmp(recent->token, ackto.p, n) == 0)
		return recent;
	return is_token(ackto.p, n) ? recent = find(ackto.p, n) : NULL;
}

/* What has about the length of an address is compared without a call. */
static inline bool
same(const char *a, const char *b, size_t n)
{
	if (n < 16 || n > 32)
		return memcmp(a, b, n) == 0;
	return memcmp(a, b, 16) == 0 && memcmp(a + n - 16, b + n - 16, 16) == 0;
}

/* Mostly it is the address of the line before, counted up by one. */
struct ce_peer *
ce_peer_at_end(const char *line, size_t len, uint64_t *seq, size_t *at)
{
	const char *end = line + len - 2, *value; /* its closing quote, its first byte */
	size_t k = sizeof(CE_ACKTO) - 1, look = len < LONGEST ? len : LONGEST;
	struct ce_peer *p = recent;

	if (p != NULL && p->expected.len > 0 && len > p->expected.len &&
	    same(line + len - p->expected.len, p->expected.text, p->expected.len)) {
		*seq = p->expected.seq;
		*at = len - p->expected.len;
		ce_stamp_next(&p->expected);
		return p;
	}
	if (len < k + 2 || end[0] != '"' || end[1] != '}' ||
	    (value = memrchr(line + len - look, '"', look - 2)) == NULL || ++value < line + k ||
	    memcmp(value - k, CE_ACKTO, k) != 0 ||
	    (p = ce_peer_of((struct ce_str){ value, (size_t)(end - value) }, seq)) == NULL)
		return NULL;
	*at = (size_t)(value - line) - k;
	p->expected.len = 0;
	if (*seq == p->last + 1) /* else some were removed, and more will be */
		ce_stamp_set(&p->expected, ce_peer_address(p), *seq + 1);
	return p;
}
