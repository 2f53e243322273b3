/* when.h -- a moment, as --delay-until has it.
 * SPDX-License-Identifier: Apache-2.0 */

#ifndef WHEN_H
#define WHEN_H

#include "ce.h"

/* An RFC 3339 time or seconds since 1970, and perhaps +5m: in *ms, since 1970.
 * False: it is none. */
bool when_parse(struct ce_str s, int64_t *ms);

#endif
