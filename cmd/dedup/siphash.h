/* siphash.h -- a keyed hash of short texts
 * SPDX-License-Identifier: Apache-2.0 */

#ifndef SIPHASH_H
#define SIPHASH_H

#include <stddef.h>
#include <stdint.h>

/* SipHash-2-4 with 128 bits of result, as two numbers. */
void siphash(const uint8_t key[16], const void *p, size_t n, uint64_t out[2]);

#endif
