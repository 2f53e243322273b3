/* queue.h -- the events of a sink or filter, in the order of their arrival; for
 * sink.c and input.c.
 * SPDX-License-Identifier: Apache-2.0 */

#ifndef CE_QUEUE_H
#define CE_QUEUE_H

#include "flow.h"

enum {
	CE_Q_HANDED,  /* with the connector */
	CE_Q_WAITING, /* for its pause to end: due */
	CE_Q_HELD,    /* for one of the same key */
	CE_Q_READY,   /* its key has become free, or it is to come again at once */
	CE_Q_SETTLED,
	CE_Q_STUCK    /* will not be finished by this process */
};

struct ce_event *ce_event_get(void);
void ce_event_put(struct ce_event *ev);

/* Enters ev; false: it is HELD, because one with its key is unfinished. */
bool ce_q_push(struct ce_event *ev);
/* It is finished, but what came before may not be. */
void ce_q_push_settled(struct ce_event *ev);
long ce_q_count(int state);
size_t ce_q_bytes(void); /* of all that are not settled */
void ce_q_set(struct ce_event *ev, int state);
/* The first event to hand out again, or NULL and when one may come: *ms, left
 * as it was where none waits. */
struct ce_event *ce_q_again(int64_t *ms);
void ce_q_wait(int64_t due); /* all that is to come again waits until then */
void ce_q_ready(void);       /* or comes now */
/* What is not yet begun behind this one will not be begun any more. */
void ce_q_give_up_behind(const struct ce_event *ev);
bool ce_q_behind_stuck(const struct ce_event *ev);
void ce_q_pop(void); /* the settled beginning leaves: acks, replies */

#endif
