/* scanlong.c -- long runs of plain text: as many bytes at once as the processor can.
 * SPDX-License-Identifier: Apache-2.0 */

#include "scan.h"

#ifdef __SSE2__
#include <immintrin.h>

__attribute__((target("avx2"))) static inline __m256i
hits32(const char *p)
{
	__m256i v = _mm256_loadu_si256((const __m256i *)(const void *)p);

	return _mm256_or_si256(
	    _mm256_or_si256(_mm256_cmpeq_epi8(v, _mm256_set1_epi8('"')),
	        _mm256_cmpeq_epi8(v, _mm256_set1_epi8('\\'))),
	    _mm256_or_si256(_mm256_cmpgt_epi8(_mm256_set1_epi8(0x20), v),
	        _mm256_cmpeq_epi8(v, _mm256_set1_epi8(0x7f))));
}

/* Stops at or before the first byte that is not plain; 63 bytes before at most. */
__attribute__((target("avx2"))) static const char *
run64(const char *p, const char *end)
{
	for (; end - p >= 64; p += 64) {
		__m256i hit = _mm256_or_si256(hits32(p), hits32(p + 32));

		if (!_mm256_testz_si256(hit, hit))
			break;
	}
	return p;
}

const char *
ce_plain_long(const char *p, const char *end)
{
	static int avx2 = -1;

	if (avx2 == -1)
		avx2 = __builtin_cpu_supports("avx2") != 0;
	if (avx2)
		p = run64(p, end);
	for (unsigned hit; end - p >= 16; p += 16)
		if ((hit = ce_plain_hits(p)) != 0)
			return p + __builtin_ctz(hit);
	return p;
}
#endif
