/* login -- from the first byte to an open channel
 * SPDX-License-Identifier: Apache-2.0 */

#include <string.h>
#include "conn.h"

struct login login;

const char *
rabbit_peer(void)
{
	static struct ce_buf b;
	const struct ce_addr *a = &rabbit_url.addr;

	ce_buf_reset(&b);
	if (a->path != NULL)
		ce_buf_printf(&b, "unix:%s", a->path);
	else
		ce_buf_printf(&b, strchr(a->host, ':') != NULL ? "[%s]:%s" : "%s:%s", a->host, a->port);
	return b.p;
}

const char *
rabbit_cluster(void)
{
	return login.cluster.len > 0 ? login.cluster.p : rabbit_peer();
}

void
login_hello(struct ce_buf *out)
{
	login.frame_max = FRAME_MAX;
	login.heartbeat = 0;
	login.asked = false;
	ce_buf_add(out, "AMQP\0\0\x09\x01", 8);
}

static amqp_table_entry_t
entry(const char *key, amqp_field_value_t value)
{
	return (amqp_table_entry_t){ amqp_cstring_bytes(key), value };
}

static amqp_field_value_t
text(const char *s)
{
	return (amqp_field_value_t){ AMQP_FIELD_KIND_UTF8, { .bytes = amqp_cstring_bytes(s) } };
}

static amqp_field_value_t
yes(void)
{
	return (amqp_field_value_t){ AMQP_FIELD_KIND_BOOLEAN, { .boolean = 1 } };
}

static const amqp_field_value_t *
property(const amqp_table_t *t, const char *name, uint8_t kind)
{
	int i;

	for (i = 0; i < t->num_entries; i++)
		if (ce_str_is(str_of(t->entries[i].key), name) && t->entries[i].value.kind == kind)
			return &t->entries[i].value;
	return NULL;
}

static void
know(const amqp_table_t *server)
{
	const amqp_field_value_t *v;

	ce_buf_reset(&login.cluster);
	if ((v = property(server, "cluster_name", AMQP_FIELD_KIND_UTF8)) != NULL)
		ce_buf_str(&login.cluster, str_of(v->value.bytes));
	v = property(server, "capabilities", AMQP_FIELD_KIND_TABLE);
	if (v != NULL)
		v = property(&v->value.table, "authentication_failure_close", AMQP_FIELD_KIND_BOOLEAN);
	login.silent = v == NULL || !v->value.boolean;
}

static bool
offers(struct ce_str words, const char *word)
{
	return memmem(words.p, words.len, word, strlen(word)) != NULL;
}

static bool
start(struct ce_buf *out, amqp_connection_start_t *m, enum ce_verdict *v)
{
	amqp_table_entry_t can[] = { entry("publisher_confirms", yes()), entry("basic.nack", yes()),
		entry("consumer_cancel_notify", yes()), entry("connection.blocked", yes()),
		entry("authentication_failure_close", yes()) };
	amqp_field_value_t all = { AMQP_FIELD_KIND_TABLE, { .table = { 5, can } } };
	amqp_table_entry_t client[] = { entry("product", text("ce")), entry("version", text(CE_VERSION)),
		entry("connection_name", text(ce_name)), entry("capabilities", all) };
	amqp_connection_start_ok_t ok = { { 4, client }, amqp_cstring_bytes("PLAIN"), { 0, NULL },
		amqp_cstring_bytes("en_US") };
	struct ce_buf plain = { 0 };
	bool good;

	if (!offers(str_of(m->mechanisms), "PLAIN")) {
		*v = ce_fatal(CE_NOPERM, "%s does not take passwords (PLAIN)", rabbit_peer());
		return false;
	}
	know(&m->server_properties);
	ce_buf_need(&plain, strlen(rabbit_url.user) + rabbit_password.len + 16); /* does not move */
	ce_buf_putc(&plain, '\0');
	ce_buf_puts(&plain, rabbit_url.user);
	ce_buf_putc(&plain, '\0');
	if (rabbit_password.p != NULL)
		ce_buf_add(&plain, rabbit_password.p, rabbit_password.len);
	else
		ce_buf_puts(&plain, "guest");
	ok.response = (amqp_bytes_t){ plain.len, plain.p };
	good = frame_method(out, 0, AMQP_CONNECTION_START_OK_METHOD, &ok);
	explicit_bzero(plain.p, plain.len);
	ce_buf_free(&plain);
	login.asked = true;
	if (!good)
		*v = ce_fatal(CE_CONFIG, "user name and password are too long for AMQP");
	return good;
}

/* Zero on either side means that the other decides. */
static uint32_t
agree(uint32_t ours, uint32_t theirs)
{
	return theirs == 0 || ours < theirs ? ours : theirs;
}

static void
tune(struct ce_buf *out, const amqp_connection_tune_t *m)
{
	amqp_connection_tune_ok_t ok = { 0 };
	amqp_connection_open_t open = { amqp_cstring_bytes(rabbit_url.vhost), amqp_empty_bytes, 0 };
	long s = (rabbit_heartbeat + 999) / 1000;

	login.asked = false;
	login.frame_max = agree(FRAME_MAX, m->frame_max);
	if (login.frame_max < 4096) /* the least that the protocol allows */
		login.frame_max = 4096;
	login.heartbeat = s == 0 ? 0 : (uint16_t)agree((uint32_t)s, m->heartbeat);
	ok.channel_max = (uint16_t)agree(8, m->channel_max);
	ok.frame_max = login.frame_max;
	ok.heartbeat = login.heartbeat;
	frame_method(out, 0, AMQP_CONNECTION_TUNE_OK_METHOD, &ok);
	frame_method(out, 0, AMQP_CONNECTION_OPEN_METHOD, &open);
}

bool
login_step(struct ce_buf *out, amqp_method_number_t id, void *method, enum ce_verdict *v)
{
	amqp_channel_open_t channel = { amqp_empty_bytes };

	switch (id) {
	case AMQP_CONNECTION_START_METHOD:
		return start(out, method, v);
	case AMQP_CONNECTION_TUNE_METHOD:
		tune(out, method);
		return true;
	case AMQP_CONNECTION_OPEN_OK_METHOD:
		frame_method(out, CHANNEL, AMQP_CHANNEL_OPEN_METHOD, &channel);
		return true;
	default:
		*v = ce_later("%s says something unexpected: %s", rabbit_peer(), amqp_method_name(id));
		return false;
	}
}

/* The server ends the connection: is it this time, or is it us? */
enum ce_verdict
login_closed(int code, struct ce_str why)
{
	static struct ce_buf shown;

	ce_buf_reset(&shown);
	ce_buf_visible(&shown, why.p, why.len, 300);
	if (code == AMQP_ACCESS_REFUSED || (code == AMQP_NOT_ALLOWED && offers(why, "refused for user")))
		return ce_fatal(CE_NOPERM, "%s refuses the user %s: %s", rabbit_peer(), rabbit_url.user, shown.p);
	if (code == AMQP_NOT_ALLOWED && offers(why, "not found"))
		return ce_fatal(CE_CONFIG, "cannot open %s: %s", rabbit_peer(), shown.p);
	return ce_later("%s closed the connection: %d %s", rabbit_peer(), code, shown.p);
}

/* A certificate that does not match will not match in a second either. */
enum ce_verdict
login_unreachable(const char *why)
{
	if (strstr(why, "certificate is refused") != NULL || strstr(why, "cannot use ") != NULL)
		return ce_fatal(CE_CONFIG, "%s", why);
	return ce_later("%s", why);
}

void
login_blocked(const amqp_connection_blocked_t *m)
{
	struct ce_buf b = { 0 };

	ce_buf_visible(&b, str_of(m->reason).p, str_of(m->reason).len, 200);
	ce_warn("%s takes no messages for now: %s", rabbit_peer(), b.p);
	ce_buf_free(&b);
}
