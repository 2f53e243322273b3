/* guard.h -- memory for secrets, shared by log.c and secret.c.
 *
 * SPDX-License-Identifier: Apache-2.0 */

#ifndef CE_GUARD_H
#define CE_GUARD_H

#include <stddef.h>

/* n zeroed bytes outside core dumps and (where the limits allow it) outside
 * swap; never freed, wiped at exit. */
char *ce_guard(size_t n);

#endif
