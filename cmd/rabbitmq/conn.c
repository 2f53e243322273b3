/* conn -- a connection to RabbitMQ and its one channel
 *
 * Reading and writing never wait.  What is heard is handed on at once; what is to
 * be said is gathered and leaves as the socket takes it.  Heartbeats are timers, so
 * they are kept while the program waits for anything else.
 * SPDX-License-Identifier: Apache-2.0 */

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include "conn.h"

#define CHUNK 65536
#define POOL 16384 /* decoded methods and properties, a page */

static const struct rabbit_user *user;
static struct ce_conn *conn;
static int state;
static struct ce_buf in, out;
static size_t sent; /* of out */
static bool reading = true, leaving, good_bye, blocked, greeting;
static int64_t heard, spoke;
static amqp_pool_t pool;
static struct ce_timer beat, patience, look;

int
rabbit_state(void)
{
	return state;
}

struct ce_buf *
rabbit_out(void)
{
	return &out;
}

size_t
rabbit_frame_max(void)
{
	return login.frame_max;
}

size_t
rabbit_waiting(void)
{
	return out.len - sent;
}

static void
forget(void)
{
	if (conn == NULL)
		return;
	ce_watch(ce_conn_fd(conn), 0, NULL, NULL);
	ce_conn_close(conn);
	conn = NULL;
	state = RABBIT_DOWN;
	explicit_bzero(out.p, out.cap);
	ce_buf_reset(&in);
	ce_buf_reset(&out);
	sent = 0;
	blocked = false;
	ce_timer(&beat, -1);
	ce_timer(&patience, -1);
	ce_timer(&look, -1);
	message_forget();
}

void
rabbit_drop(enum ce_verdict v)
{
	forget();
	if (!leaving)
		user->lost(v);
}

static void ready(void *arg, short revents);

static void
watch(void)
{
	short want = (short)((reading ? POLLIN : 0) | (out.len > sent ? POLLOUT : 0));

	ce_watch(ce_conn_fd(conn), want != 0 ? ce_conn_events(conn, want) : 0, ready, NULL);
}

void
rabbit_push(void)
{
	ssize_t n;

	if (conn == NULL)
		return;
	while (out.len > sent && (n = ce_conn_write(conn, out.p + sent, out.len - sent)) > 0) {
		sent += (size_t)n;
		spoke = ce_now();
	}
	if (out.len > sent && errno != EAGAIN) {
		rabbit_drop(ce_later("%s", ce_conn_why(conn)));
		return;
	}
	if (out.len == sent) {
		if (greeting && login.asked) { /* the password was in there */
			explicit_bzero(out.p, out.len);
			greeting = false;
		}
		ce_buf_reset(&out);
		sent = 0;
	} else if (sent > CHUNK) {
		ce_buf_cut(&out, sent);
		sent = 0;
	}
	watch();
}

void
rabbit_call(amqp_method_number_t id, void *method)
{
	if (!frame_method(&out, CHANNEL, id, method))
		ce_bug("%s cannot be written", amqp_method_name(id));
}

static void
on_beat(void *arg)
{
	long ms = login.heartbeat * 1000L;
	int64_t now = ce_now();

	(void)arg;
	if (reading && now - heard > 2 * ms) {
		rabbit_drop(ce_later("%s is silent: no heartbeat for %ld s", rabbit_peer(), 2 * ms / 1000));
		return;
	}
	if (now - spoke >= ms / 2 - 10 && out.len == sent) {
		frame_heartbeat(&out);
		rabbit_push();
	}
	if (conn != NULL)
		ce_timer(&beat, ms / 2);
}

static void
on_patience(void *arg)
{
	(void)arg;
	rabbit_drop(ce_later("cannot open a channel of %s: no answer for %ld s", rabbit_peer(), rabbit_timeout / 1000));
}

/* Methods of the connection itself. */
static void
own_method(amqp_method_number_t id, void *m)
{
	enum ce_verdict v = CE_LATER;

	if (id == AMQP_CONNECTION_CLOSE_METHOD) {
		amqp_connection_close_t *c = m;

		frame_method(&out, 0, AMQP_CONNECTION_CLOSE_OK_METHOD, &(amqp_connection_close_ok_t){ 0 });
		(void)ce_conn_write(conn, out.p + sent, out.len - sent);
		v = login_closed(c->reply_code, str_of(c->reply_text));
		rabbit_drop(v);
	} else if (id == AMQP_CONNECTION_CLOSE_OK_METHOD)
		good_bye = true;
	else if (id == AMQP_CONNECTION_BLOCKED_METHOD) {
		login_blocked(m);
		blocked = true;
	} else if (id == AMQP_CONNECTION_UNBLOCKED_METHOD) {
		if (blocked)
			ce_note("%s takes messages again", rabbit_peer());
		blocked = false;
	} else if (state != RABBIT_STARTING || !login_step(&out, id, m, &v))
		rabbit_drop(state == RABBIT_STARTING ? v :
		    ce_later("%s says something unexpected: %s", rabbit_peer(), amqp_method_name(id)));
	else
		rabbit_push();
}

static void
channel_closed(amqp_channel_close_t *c)
{
	static struct ce_buf text;

	ce_buf_reset(&text);
	ce_buf_visible(&text, str_of(c->reply_text).p, str_of(c->reply_text).len, 300);
	rabbit_drop(user->refused(c->reply_code, (struct ce_str){ text.p, text.len }));
}

static bool
method(const struct frame *f)
{
	amqp_bytes_t rest;
	amqp_method_number_t id;
	void *m;

	if (f->payload.len < 4)
		return false;
	id = (amqp_method_number_t)(unsigned char)f->payload.p[0] << 24 | (amqp_method_number_t)(unsigned char)f->payload.p[1] << 16 |
	    (amqp_method_number_t)(unsigned char)f->payload.p[2] << 8 | (unsigned char)f->payload.p[3];
	rest = bytes_of((struct ce_str){ f->payload.p + 4, f->payload.len - 4 });
	if (amqp_decode_method(id, &pool, rest, &m) < 0)
		return false;
	if (f->channel == 0)
		own_method(id, m);
	else if (id == AMQP_CHANNEL_CLOSE_METHOD)
		channel_closed(m);
	else if (id == AMQP_BASIC_DELIVER_METHOD || id == AMQP_BASIC_RETURN_METHOD)
		return message_begin(id, m);
	else if (id == AMQP_CHANNEL_OPEN_OK_METHOD) {
		user->opened();
		rabbit_push();
	} else
		user->method(id, m);
	return true;
}

static bool
take(const struct frame *f)
{
	struct message *m;

	if (f->type == AMQP_FRAME_METHOD)
		return f->channel <= CHANNEL && method(f);
	if (f->type == AMQP_FRAME_HEARTBEAT)
		return true;
	if (f->channel != CHANNEL || (f->type != AMQP_FRAME_HEADER && f->type != AMQP_FRAME_BODY) || !message_frame(f, &m))
		return false;
	if (m != NULL)
		user->message(m);
	return true;
}

/* All frames that are there.  False: the connection is gone. */
static bool
frames(void)
{
	struct ce_conn *was = conn;
	struct frame f;
	size_t at = 0;
	long n;

	while ((n = frame_get(&f, in.p + at, in.len - at, login.frame_max)) > 0) {
		bool fine = take(&f);

		recycle_amqp_pool(&pool);
		if (conn != was)
			return false;
		if (!fine) {
			n = -1;
			break;
		}
		at += (size_t)n;
	}
	if (n < 0) {
		rabbit_drop(ce_later("%s does not speak AMQP 0-9-1", rabbit_peer()));
		return false;
	}
	ce_buf_cut(&in, at);
	return true;
}

static void
ended(void)
{
	if (login.asked && login.silent)
		rabbit_drop(ce_fatal(CE_NOPERM, "%s hung up when it had the credentials of %s", rabbit_peer(), rabbit_url.user));
	else
		rabbit_drop(ce_later("%s closed the connection", rabbit_peer()));
}

static void
listen(void)
{
	ssize_t n;

	do {
		ce_buf_need(&in, CHUNK);
		n = ce_conn_read(conn, in.p + in.len, CHUNK);
		if (n > 0) {
			in.len += (size_t)n;
			in.p[in.len] = '\0';
			heard = ce_now();
			if (!frames())
				return;
		}
	} while (reading && (n == CHUNK || (n > 0 && ce_conn_pending(conn))));
	if (n == 0)
		ended();
	else if (n < 0 && errno != EAGAIN)
		rabbit_drop(ce_later("%s", ce_conn_why(conn)));
}

static void
ready(void *arg, short revents)
{
	(void)arg;
	if (conn != NULL && (reading || (revents & (POLLERR | POLLHUP)) != 0))
		listen();
	if (conn != NULL)
		rabbit_push();
}

static void
on_look(void *arg)
{
	ready(arg, 0);
}

void
rabbit_read(bool on)
{
	if (on == reading)
		return;
	reading = on;
	heard = ce_now();
	if (conn == NULL)
		return;
	watch();
	if (on && ce_conn_pending(conn))
		ce_timer(&look, 0);
}

void
rabbit_start(const struct rabbit_user *u)
{
	user = u;
	init_amqp_pool(&pool, POOL);
	beat.fn = on_beat;
	patience.fn = on_patience;
	look.fn = on_look;
}

void
rabbit_connect(void)
{
	const char *why;

	conn = ce_conn_open(&rabbit_url.addr, rabbit_url.tls ? &ce_tls : NULL, rabbit_timeout, &why);
	if (conn == NULL) {
		user->lost(login_unreachable(why));
		return;
	}
	state = RABBIT_STARTING;
	reading = greeting = true;
	heard = spoke = ce_now();
	ce_buf_reset(&out);
	ce_buf_reset(&in);
	login_hello(&out);
	ce_timer(&patience, rabbit_timeout);
	rabbit_push();
}

static bool
wait_for_it(int64_t until)
{
	int64_t left = until - ce_now();

	if (left <= 0 || !ce_conn_wait(conn, (short)(POLLIN | (out.len > sent ? POLLOUT : 0)), (long)left))
		return false;
	ready(NULL, POLLIN);
	return true;
}

void
rabbit_await(void)
{
	int64_t until = ce_now() + rabbit_timeout;

	while (state == RABBIT_STARTING)
		if (!wait_for_it(until) && state == RABBIT_STARTING)
			on_patience(NULL);
}

void
rabbit_ready(void)
{
	ce_timer(&patience, -1);
	state = RABBIT_READY;
	if (login.heartbeat > 0)
		ce_timer(&beat, login.heartbeat * 500L);
}

bool
rabbit_close(void)
{
	amqp_connection_close_t m = { AMQP_REPLY_SUCCESS, amqp_cstring_bytes("done"), 0, 0 };
	int64_t until = ce_now() + rabbit_timeout;

	leaving = true;
	if (state == RABBIT_READY) {
		frame_method(&out, 0, AMQP_CONNECTION_CLOSE_METHOD, &m);
		rabbit_push();
		reading = true;
		while (conn != NULL && !good_bye && wait_for_it(until))
			;
	}
	forget();
	return good_bye;
}
