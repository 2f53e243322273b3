/* fuzz.h -- what must hold for every input: if not, where, and the end.
 * SPDX-License-Identifier: Apache-2.0 */

#ifndef FUZZ_H
#define FUZZ_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "ce.h"

#define must(x) ((x) ? (void)0 : broken(#x, __LINE__))

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static inline void
broken(const char *what, int line)
{
	fprintf(stderr, "line %d: %s\n", line, what);
	abort();
}

/* What a program prints: one line that the parser takes as well. */
static inline void
is_event(const struct ce_event *ev)
{
	static struct ce_event again;
	struct ce_buf text = { 0 };

	if (ev == NULL)
		return; /* longer than --max-event */
	ce_buf_add(&text, ev->text, ev->len);
	must(ce_event_parse(&again, text.p, text.len) == NULL);
	must(memchr(text.p, '\n', text.len) == NULL);
	ce_buf_free(&text);
}

#endif
