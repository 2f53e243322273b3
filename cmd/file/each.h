/* each.h -- every record in a file of its own, whole under its name or not there.
 * SPDX-License-Identifier: Apache-2.0 */

#ifndef EACH_H
#define EACH_H

#include "out.h"

/* Replaces what has that name.  The name is durable after each_commit. */
enum ce_verdict each_put(const char *path, const char *p, size_t n);
enum ce_verdict each_commit(void);

#endif
