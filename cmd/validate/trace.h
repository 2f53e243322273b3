/* trace.h -- W3C Trace Context.
 * SPDX-License-Identifier: Apache-2.0 */

#ifndef TRACE_H
#define TRACE_H

#include "ce.h"

/* NULL, or what is wrong with it. */
const char *trace_parent(struct ce_str s);
const char *trace_state(struct ce_str s);

#endif
