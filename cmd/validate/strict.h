/* strict.h -- what is allowed, but not recommended.
 * SPDX-License-Identifier: Apache-2.0 */

#ifndef STRICT_H
#define STRICT_H

#include "ce.h"

void strict_check(struct ce_event *ev); /* warns */

#endif
