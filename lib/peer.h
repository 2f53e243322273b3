/* peer.h -- an address that events carry, and what is known of who answers there;
 * for peer.c and ackto.c.
 * SPDX-License-Identifier: Apache-2.0 */

#ifndef CE_PEER_H
#define CE_PEER_H

#include "flow.h"

struct ce_peer {
	struct ce_peer *next;
	char token[33], head[sizeof(CE_ACKTO) + 33]; /* CE_ACKTO, token and dot */
	size_t ntoken, nhead;
	struct ce_stamp expected; /* at the end of the next line */
	int fd;            /* -1: nobody there */
	long open;         /* events of it that are not finished */
	bool known, order; /* the welcome came; it said order */
	bool backwards;    /* numbers went backwards before the welcome came */
	uint64_t last;     /* received */
	long same;         /* open events that carry the number last (copies) */
	bool run;          /* from..to is finished and not told */
	uint64_t from, to, told;
	struct ce_buf in, out;
};

extern struct ce_peer *ce_peers; /* all */

/* A new one, called already; NULL: too many are in use. */
struct ce_peer *ce_peer_new(const char *token, size_t n);

#endif
