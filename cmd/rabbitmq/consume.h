/* consume.h -- messages from a queue, and their acknowledgements.
 * SPDX-License-Identifier: Apache-2.0 */

#ifndef CONSUME_H
#define CONSUME_H

#include "binding.h"

enum { DECLARE_NONE, DECLARE_DURABLE, DECLARE_QUORUM, DECLARE_EXCLUSIVE };

struct consume_conf {
	const char *queue, *exchange;
	struct ce_list keys;
	int declare;
	bool passive, reject;
	long prefetch;
};
extern struct consume_conf consume_conf;

void consume_start(void);
struct message *consume_next(void); /* NULL: none is there */
void *consume_token(const struct message *m);
void consume_settled(void *token, enum ce_verdict v); /* a ce_settled */
void consume_reject(const struct message *m); /* now; the queue has a place for such */
int consume_finish(int code); /* after ce_finish, whose code it was */

#endif
