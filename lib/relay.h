/* relay.h -- which events a relay still owes to the stages before it; for the
 * files of the flow layer.
 * SPDX-License-Identifier: Apache-2.0 */

#ifndef CE_RELAY_H
#define CE_RELAY_H

#include "flow.h"

uint64_t ce_relay_more(void); /* one more is given for the current event; its number, 0: of none */
/* The current event is from that address (NULL: from none), and no more is
 * given for it. */
void ce_relay_close(struct ce_peer *p, uint64_t seq);
void ce_relay_less(uint64_t of, enum ce_verdict v); /* one of those was settled */
void ce_relay_fail(uint64_t of, const char *reason); /* or was refused, and the sink gives up */
bool ce_relay_room(void);
void ce_relay_settled(void); /* before anything is told to the stages before */

#endif
