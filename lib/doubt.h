/* doubt.h -- what a source makes of silence; for source.c.
 * SPDX-License-Identifier: Apache-2.0 */

#ifndef CE_DOUBT_H
#define CE_DOUBT_H

#include "flow.h"

/* Nobody acknowledges, and nobody will: an event is finished when it was written. */
bool ce_trusting(struct ce_down *d);
/* Looks whether somebody has been silent for too long, and stops the source if
 * nothing can come any more.  Returns in how many ms to look again; -1: nobody is waited for. */
int64_t ce_doubt(struct ce_down *d);
void ce_doubt_no_more(struct ce_down *d); /* it is closed: silence may be death */

#endif
