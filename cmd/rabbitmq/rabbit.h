/* rabbit.h -- what the two ends of RabbitMQ share.
 *
 * librabbitmq knows how methods, properties and tables are written; the bytes
 * travel over a connection of our own, because its sockets block: a broker that
 * stops reading would hold acknowledgements, heartbeats and signals up.
 * SPDX-License-Identifier: Apache-2.0 */

#ifndef RABBIT_H
#define RABBIT_H

#include <amqp.h>
#include <amqp_framing.h>
#include "ce.h"
#include "net.h"

/* ---- frame.c: frames in memory --------------------------------------------- */

struct frame {
	uint8_t type; /* AMQP_FRAME_* */
	uint16_t channel;
	struct ce_str payload; /* lent */
};
/* The first frame of p: its length; 0: it is not there yet; -1: these bytes are
 * no frame, or one of more than max bytes. */
long frame_get(struct frame *f, const char *p, size_t n, size_t max);
/* Append frames.  False: it cannot be written so (a short string of more than
 * 255 bytes, more than max bytes of properties); out is then as it was. */
bool frame_method(struct ce_buf *out, uint16_t channel, amqp_method_number_t id, void *method);
bool frame_header(struct ce_buf *out, uint16_t channel, amqp_basic_properties_t *p, uint64_t size, size_t max);
void frame_body(struct ce_buf *out, uint16_t channel, const char *p, size_t n, size_t max);
void frame_heartbeat(struct ce_buf *out);

amqp_bytes_t bytes_of(struct ce_str s);
struct ce_str str_of(amqp_bytes_t b);

/* ---- url.c: where, and as whom ------------------------------------------------ */

struct rabbit_url {
	bool tls;
	struct ce_addr addr;
	char *vhost, *user;
};
extern const struct ce_opt rabbit_opts[];
extern struct rabbit_url rabbit_url;
extern struct ce_secret rabbit_password;
extern long rabbit_timeout, rabbit_heartbeat;
void rabbit_url_check(void); /* after ce_start: 64 on a mistake */
const char *rabbit_url_parse(struct rabbit_url *u, const char *text); /* NULL, or what is wrong */

/* ---- conn.c: the connection and its one channel --------------------------------- */

enum { RABBIT_DOWN, RABBIT_STARTING, RABBIT_READY };

/* A message with its envelope, as it came. */
struct message {
	amqp_method_number_t how; /* AMQP_BASIC_DELIVER_METHOD, AMQP_BASIC_RETURN_METHOD */
	uint64_t tag;
	bool redelivered;
	int code; /* of a return */
	uint64_t size;
	struct ce_buf envelope; /* exchange, routing key, reply text, properties */
	size_t nexchange, nkey, ntext;
	struct ce_buf body; /* less than size: it was too long */
	struct message *next;
};
void message_free(struct message *m);
struct ce_str message_exchange(const struct message *m);
struct ce_str message_key(const struct message *m);
struct ce_str message_text(const struct message *m);
struct ce_str message_properties(const struct message *m);

struct rabbit_user {
	/* The channel is open: what has to be asked for is asked for here. */
	void (*opened)(void);
	/* A method of the channel; its parts are lent. */
	void (*method)(amqp_method_number_t id, void *method);
	void (*message)(struct message *m); /* taken over */
	/* There is no connection any more.  CE_LATER or CE_FATAL, and the reason is said. */
	void (*lost)(enum ce_verdict v);
	/* What a server that closes the channel with this code means. */
	enum ce_verdict (*refused)(int code, struct ce_str text);
};
void rabbit_start(const struct rabbit_user *user);
void rabbit_connect(void); /* lost() is called if it fails */
void rabbit_await(void);   /* until that is ready or lost; nothing else is served meanwhile */
int rabbit_state(void);
void rabbit_ready(void);   /* opened() has got what it asked for */
void rabbit_call(amqp_method_number_t id, void *method); /* on the channel */
struct ce_buf *rabbit_out(void); /* for frames; rabbit_push sends them */
size_t rabbit_frame_max(void);
size_t rabbit_waiting(void); /* bytes that have not left yet */
void rabbit_push(void);
void rabbit_read(bool on); /* whether messages are wanted now */
void rabbit_drop(enum ce_verdict v); /* the connection, the reason being said */
bool rabbit_close(void);   /* says good-bye and waits for the answer; false: none came */
const char *rabbit_peer(void);    /* HOST:PORT/VHOST, for messages */
const char *rabbit_cluster(void); /* the name that the server gives itself */

#endif
