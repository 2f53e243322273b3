/* dump.h -- a jq value as JSON text
 * SPDX-License-Identifier: Apache-2.0 */

#ifndef DUMP_H
#define DUMP_H

#include <jv.h>
#include "ce.h"

/* Appends v, which it takes.  One that is nested too deeply comes out as no JSON. */
void dump(struct ce_buf *out, jv v);

#endif
