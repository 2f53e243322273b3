/* conn.h -- what conn.c, login.c and message.c share.
 * SPDX-License-Identifier: Apache-2.0 */

#ifndef CONN_H
#define CONN_H

#include "rabbit.h"

#define CHANNEL 1
#define FRAME_MAX 131072

/* ---- message.c ---- */
bool message_begin(amqp_method_number_t id, void *method); /* false: not now */
bool message_frame(const struct frame *f, struct message **done);
void message_forget(void);

/* ---- login.c: from the first byte to an open channel ---- */

struct login {
	uint32_t frame_max;
	uint16_t heartbeat; /* s; 0: none */
	bool asked;         /* credentials are sent and not yet accepted */
	bool silent;        /* a server that hangs up, without a word, if they are wrong */
	struct ce_buf cluster;
};
extern struct login login;
void login_hello(struct ce_buf *out);
/* A method of channel 0 before the connection is open.  True: go on; false: the reason
 * is said. */
bool login_step(struct ce_buf *out, amqp_method_number_t id, void *method, enum ce_verdict *v);
enum ce_verdict login_closed(int code, struct ce_str text);
enum ce_verdict login_unreachable(const char *why);
void login_blocked(const amqp_connection_blocked_t *m); /* says so */

#endif
