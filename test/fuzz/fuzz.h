/* fuzz.h -- what must hold for every input: if not, where, and the end.
 * SPDX-License-Identifier: Apache-2.0 */

#ifndef FUZZ_H
#define FUZZ_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define must(x) ((x) ? (void)0 : broken(#x, __LINE__))

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static inline void
broken(const char *what, int line)
{
	fprintf(stderr, "line %d: %s\n", line, what);
	abort();
}

#endif
