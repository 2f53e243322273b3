/* net.h -- addresses, listening sockets, and connections over TCP, unix
 * sockets and TLS.
 *
 * One option table says how TLS is done by every client, this one and the
 * HTTP client alike: certificate and host name are verified, TLS 1.2 or newer.
 * SPDX-License-Identifier: Apache-2.0 */

#ifndef CE_NET_H
#define CE_NET_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include "ce.h"

/* ---- tlsopt.c: how clients use TLS -------------------------------------- */

struct ce_tls {
	const char *ca;   /* PEM file of trusted CAs; NULL: those of the system */
	const char *cert; /* PEM file of the own certificate (and its chain); NULL: none */
	const char *key;  /* PEM file of its key; NULL: it is in cert */
	bool insecure;    /* do not verify the peer */
};
extern struct ce_tls ce_tls;              /* what the options say */
extern const struct ce_opt ce_tls_opts[]; /* for CE_GROUP */

/* ---- addr.c: HOST:PORT, [V6]:PORT, unix:PATH ------------------------------ */

/* Text of the parts lies in the same allocation. */
struct ce_addr {
	char *host; /* "": any (listening), this host (connecting); NULL: a unix socket */
	char *port; /* decimal */
	char *path; /* of a unix socket, or NULL */
};
/* NULL, or what is wrong (static text).  port: the default one; NULL: it must
 * be in text. */
const char *ce_addr_parse(struct ce_addr *a, const char *text, const char *port);
void ce_addr_free(struct ce_addr *a);
/* A listening, non-blocking socket; taken gets its address as it can be
 * written in a URL ("127.0.0.1:41234", "[::1]:80") or "unix:PATH".  A unix
 * socket that nobody serves any more is replaced.  -1: *why (lent). */
int ce_listen(const struct ce_addr *a, int backlog, struct ce_buf *taken, const char **why);

/* ---- net.c, tls.c: a connection to a server ---------------------------------- */

/* Bytes both ways through one descriptor, which does not block. */
struct ce_conn;

/* Connects within timeout ms, trying each address of the name in turn, and
 * finishes the TLS handshake when tls is not NULL.  NULL: *why (lent) is one
 * phrase: "cannot connect to HOST:PORT: Connection refused". */
struct ce_conn *ce_conn_open(const struct ce_addr *a, const struct ce_tls *tls, long timeout,
    const char **why);
/* From here on TLS (STARTTLS and its like); name is verified, NULL: the one
 * that was connected to.  False: ce_conn_why; then only closing is left. */
bool ce_conn_secure(struct ce_conn *c, const struct ce_tls *tls, const char *name, long timeout);
void ce_conn_close(struct ce_conn *c); /* says good-bye; NULL is accepted */

/* > 0 bytes; 0 the peer has closed; -1 with errno EAGAIN: wait for
 * ce_conn_events; -1 with another errno: ce_conn_why.  A TLS peer that goes
 * away without a good-bye is an error, because the stream may have been cut. */
ssize_t ce_conn_read(struct ce_conn *c, void *p, size_t n);
/* As read; may write less than n.  After EAGAIN, call it again with the same
 * bytes (more may follow them). */
ssize_t ce_conn_write(struct ce_conn *c, const void *p, size_t n);

int ce_conn_fd(const struct ce_conn *c); /* for ce_watch */
/* What to poll for, when the program wants to read (POLLIN), write (POLLOUT) or
 * both: TLS may have to write in order to read. */
short ce_conn_events(const struct ce_conn *c, short want);
/* Bytes are readable that poll cannot see. */
bool ce_conn_pending(const struct ce_conn *c);
/* Until the connection is ready for want, at most timeout ms (-1: for ever);
 * false: it was not.  Nothing else is served meanwhile. */
bool ce_conn_wait(struct ce_conn *c, short want, long timeout);
/* All of p within timeout ms, for dialogues; false: ce_conn_why. */
bool ce_conn_put(struct ce_conn *c, const void *p, size_t n, long timeout);
const char *ce_conn_why(const struct ce_conn *c); /* the last error, one phrase; lent */
const char *ce_conn_peer(const struct ce_conn *c); /* HOST:PORT or unix:PATH; lent */

#endif
