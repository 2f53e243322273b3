/* net_int.h -- what net.c and tls.c share; not for connectors.
 * SPDX-License-Identifier: Apache-2.0 */

#ifndef CE_NET_INT_H
#define CE_NET_INT_H

#include "net.h"

struct ce_conn {
	int fd;
	void *ssl;        /* SSL *, or NULL */
	bool broken;      /* TLS failed: no good-bye */
	short need;       /* what TLS waits for in order to go on; 0: nothing special */
	struct ce_buf why, peer, host;
};

/* "cannot VERB PEER: CAUSE"; false, for return. */
bool net_fail(struct ce_conn *c, const char *verb, const char *cause);

/* tls.c */
ssize_t tls_read(struct ce_conn *c, void *p, size_t n);
ssize_t tls_write(struct ce_conn *c, const void *p, size_t n);
bool tls_pending(const struct ce_conn *c);
void tls_close(struct ce_conn *c);

#endif
