/* dirs.h -- the directories above a file: made when absent, synced after a change.
 * SPDX-License-Identifier: Apache-2.0 */

#ifndef DIRS_H
#define DIRS_H

#include <stdbool.h>

/* Makes the missing directories above path; with durable, their names are
 * synced too.  False: errno. */
bool dirs_make(const char *path, bool durable);
/* Makes the name path durable: fsync of the directory that holds it. */
bool dirs_sync(const char *path);

#endif
