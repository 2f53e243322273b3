/* input.h -- standard input as events, for sinks and filters.
 * SPDX-License-Identifier: Apache-2.0 */

#ifndef CE_INPUT_H
#define CE_INPUT_H

#include "ce.h"

/* The next event in memory, its address looked up (flow[0]: struct ce_peer *,
 * seq), its block in flow[1]; NULL: none, see ended and watch.  Refuses what is
 * no event. */
struct ce_event *ce_input_next(void);
bool ce_input_watch(bool on); /* reads when there is something; false: nothing will come */
bool ce_input_ready(void);    /* something was read and not yet looked at */
bool ce_input_ended(void);
bool ce_input_addressed(void); /* an event has come that is to be acknowledged */
bool ce_input_owed(void);     /* a source waits for the rest of it */
bool ce_input_drained(void);  /* told to leave, and nothing came for a while */
bool ce_input_left(void);     /* there is something that was not taken */

#endif
