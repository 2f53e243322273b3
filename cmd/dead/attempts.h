/* attempts.h -- how often an event was tried in all, over replays: PATH.attempts.
 * SPDX-License-Identifier: Apache-2.0 */

#ifndef ATTEMPTS_H
#define ATTEMPTS_H

#include "ce.h"

struct attempts_key {
	uint64_t h[2]; /* of source and id */
};

void attempts_open(const char *path);
struct attempts_key attempts_key(struct ce_str source, struct ce_str id);
/* Before this letter; what is asked for is known to be still about. */
long attempts_of(struct attempts_key k);
void attempts_set(struct attempts_key k, long n);
bool attempts_save(void); /* durable; errno */
/* all: every letter was asked for, so what was not is gone.  An empty record is removed. */
bool attempts_close(bool all);

#endif
