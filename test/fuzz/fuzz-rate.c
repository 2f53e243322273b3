/* fuzz-rate -- a moment of --delay-until: never a byte behind it, never a number
 * that leaves its range.
 * needs: cmd/rate/when.c
 * SPDX-License-Identifier: Apache-2.0 */

#include <string.h>
#include "../../cmd/rate/when.h"
#include "fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	char *text = ce_realloc(NULL, n > 0 ? n : 1); /* no NUL to lean on */
	int64_t ms = 0;

	memcpy(text, p, n);
	if (when_parse((struct ce_str){ text, n }, &ms))
		must(n > 0 && ms > -100000000000000 && ms < INT64_MAX / 2 + 1000000000000000);
	free(text);
	return 0;
}
