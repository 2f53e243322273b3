/* stamp.c -- the return address as the text that ends a line.
 *
 * Most lines of a stream carry the address of the one before, counted up by one;
 * so the text is kept and counted in, mostly in its last digit.
 * SPDX-License-Identifier: Apache-2.0 */

#include <inttypes.h>
#include <stdio.h>
#include "flow.h"

void
ce_stamp_set(struct ce_stamp *s, struct ce_str head, uint64_t seq)
{
	s->seq = seq;
	s->len = (size_t)snprintf(s->text, sizeof(s->text), "%.*s%" PRIu64 "\"}\n", (int)head.len,
	    head.p, seq) - 1;
}

void
ce_stamp_next(struct ce_stamp *s)
{
	char *digit = s->text + s->len - 3;

	s->seq++;
	while (*digit == '9')
		*digit-- = '0';
	if (*digit == '.')
		s->len = 0; /* one digit more */
	else
		++*digit;
}
