/* pool.h -- the files of a template, by name; those that are open are few.
 * SPDX-License-Identifier: Apache-2.0 */

#ifndef POOL_H
#define POOL_H

#include "out.h"

extern long pool_max; /* files open at once */

struct out *pool_get(const char *path); /* lent until pool_end of it, or of another */
enum ce_verdict pool_begin(struct out *o); /* out_begin, and others closed for it */
void pool_end(struct out *o);
void pool_each(enum ce_verdict (*fn)(struct out *o)); /* those that are open */
void pool_close(void);

#endif
