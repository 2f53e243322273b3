/* ext.h -- the rules of the documented extensions.
 * SPDX-License-Identifier: Apache-2.0 */

#ifndef EXT_H
#define EXT_H

#include "ce.h"

/* Reports each rule that the event breaks; strict: what is only recommended, too. */
void ext_check(struct ce_event *ev, bool strict);

#endif
