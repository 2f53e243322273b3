/* siphash.c -- SipHash-2-4-128 (Aumasson, Bernstein), a keyed hash of short texts.
 *
 * Who chooses ids must not be able to choose two that collide: one of them would
 * be lost.  So the hash has a key that nobody outside knows.  OpenSSL has it too,
 * but takes several allocations and a microsecond to begin each one.
 * SPDX-License-Identifier: Apache-2.0 */

#include <endian.h>
#include <string.h>
#include "siphash.h"

struct state {
	uint64_t a, b, c, d;
};

static inline uint64_t
turn(uint64_t x, int n)
{
	return x << n | x >> (64 - n);
}

static inline void
rounds(struct state *s, int n)
{
	while (n-- > 0) {
		s->a += s->b;
		s->c += s->d;
		s->b = turn(s->b, 13) ^ s->a;
		s->d = turn(s->d, 16) ^ s->c;
		s->a = turn(s->a, 32);
		s->c += s->b;
		s->a += s->d;
		s->b = turn(s->b, 17) ^ s->c;
		s->d = turn(s->d, 21) ^ s->a;
		s->c = turn(s->c, 32);
	}
}

static inline uint64_t
load(const uint8_t *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return le64toh(v);
}

static inline void
word(struct state *s, uint64_t w)
{
	s->d ^= w;
	rounds(s, 2);
	s->a ^= w;
}

void
siphash(const uint8_t key[16], const void *text, size_t n, uint64_t out[2])
{
	const uint8_t *p = text;
	uint64_t k0 = load(key), k1 = load(key + 8), last = (uint64_t)n << 56;
	struct state s = {
		k0 ^ 0x736f6d6570736575, k1 ^ 0x646f72616e646f6d ^ 0xee,
		k0 ^ 0x6c7967656e657261, k1 ^ 0x7465646279746573
	};

	for (; n >= 8; n -= 8, p += 8)
		word(&s, load(p));
	while (n-- > 0)
		last |= (uint64_t)p[n] << 8 * n;
	word(&s, last);
	s.c ^= 0xee;
	rounds(&s, 4);
	out[0] = s.a ^ s.b ^ s.c ^ s.d;
	s.b ^= 0xdd;
	rounds(&s, 4);
	out[1] = s.a ^ s.b ^ s.c ^ s.d;
}
