/* envelope -- what a message says beside its body, as extensions amqp*
 * SPDX-License-Identifier: Apache-2.0 */

#include <inttypes.h>
#include <math.h>
#include <string.h>
#include "binding.h"

#define DEEPEST 32 /* of tables in tables */
#define MOST 16

static struct extension list[MOST];
static int n;

static void
string(struct ce_buf *out, struct ce_str s)
{
	ce_buf_putc(out, '"');
	ce_json_escape(out, s.p, s.len);
	ce_buf_putc(out, '"');
}

static void
table_json(struct ce_buf *out, const amqp_table_t *t, const char *without, int depth)
{
	bool first = true;
	int i;

	ce_buf_putc(out, '{');
	for (i = 0; i < t->num_entries; i++) {
		if (without != NULL && ce_str_is(str_of(t->entries[i].key), without))
			continue;
		if (!first)
			ce_buf_putc(out, ',');
		first = false;
		string(out, str_of(t->entries[i].key));
		ce_buf_putc(out, ':');
		value_json(out, &t->entries[i].value, depth + 1);
	}
	ce_buf_putc(out, '}');
}

static void
array_json(struct ce_buf *out, const amqp_array_t *a, int depth)
{
	int i;

	ce_buf_putc(out, '[');
	for (i = 0; i < a->num_entries; i++) {
		if (i > 0)
			ce_buf_putc(out, ',');
		value_json(out, &a->entries[i], depth + 1);
	}
	ce_buf_putc(out, ']');
}

static void
number(struct ce_buf *out, double d)
{
	if (isfinite(d))
		ce_buf_printf(out, "%.17g", d);
	else
		ce_buf_puts(out, "null");
}

static void
time_json(struct ce_buf *out, uint64_t seconds)
{
	struct timespec ts = { 0 };
	char text[40];

	if (seconds > 253402300799u) { /* behind the year 9999 */
		ce_buf_printf(out, "%" PRIu64, seconds);
		return;
	}
	ts.tv_sec = (time_t)seconds;
	string(out, (struct ce_str){ text, ce_time_format(text, sizeof(text), &ts) });
}

static bool
integer(struct ce_buf *out, const amqp_field_value_t *v)
{
	switch (v->kind) {
	case AMQP_FIELD_KIND_I8: ce_buf_printf(out, "%d", v->value.i8); return true;
	case AMQP_FIELD_KIND_U8: ce_buf_printf(out, "%d", v->value.u8); return true;
	case AMQP_FIELD_KIND_I16: ce_buf_printf(out, "%d", v->value.i16); return true;
	case AMQP_FIELD_KIND_U16: ce_buf_printf(out, "%d", v->value.u16); return true;
	case AMQP_FIELD_KIND_I32: ce_buf_printf(out, "%" PRId32, v->value.i32); return true;
	case AMQP_FIELD_KIND_U32: ce_buf_printf(out, "%" PRIu32, v->value.u32); return true;
	case AMQP_FIELD_KIND_I64: ce_buf_printf(out, "%" PRId64, v->value.i64); return true;
	case AMQP_FIELD_KIND_U64: ce_buf_printf(out, "%" PRIu64, v->value.u64); return true;
	default: return false;
	}
}

void
value_json(struct ce_buf *out, const amqp_field_value_t *v, int depth)
{
	struct ce_str s;

	if (depth > DEEPEST) {
		ce_buf_puts(out, "null");
		return;
	}
	switch (v->kind) {
	case AMQP_FIELD_KIND_BOOLEAN:
		ce_buf_puts(out, v->value.boolean ? "true" : "false");
		break;
	case AMQP_FIELD_KIND_F32:
		number(out, (double)v->value.f32);
		break;
	case AMQP_FIELD_KIND_F64:
		number(out, v->value.f64);
		break;
	case AMQP_FIELD_KIND_DECIMAL:
		ce_buf_printf(out, "%" PRIu32 "e-%d", v->value.decimal.value, v->value.decimal.decimals);
		break;
	case AMQP_FIELD_KIND_TIMESTAMP:
		time_json(out, v->value.u64);
		break;
	case AMQP_FIELD_KIND_UTF8:
	case AMQP_FIELD_KIND_BYTES:
		s = str_of(v->value.bytes);
		string(out, s);
		break;
	case AMQP_FIELD_KIND_TABLE:
		table_json(out, &v->value.table, NULL, depth);
		break;
	case AMQP_FIELD_KIND_ARRAY:
		array_json(out, &v->value.array, depth);
		break;
	default:
		if (!integer(out, v))
			ce_buf_puts(out, "null");
	}
}

static struct ce_buf *
add(const char *name, enum ce_kind kind)
{
	list[n].name = name;
	list[n].kind = kind;
	ce_buf_reset(&list[n].value);
	return &list[n++].value;
}

static void
text(const char *name, struct ce_str s)
{
	if (s.len > 0)
		ce_buf_str(add(name, CE_JSTRING), s);
}

static void
deaths(const amqp_basic_properties_t *p)
{
	int i;

	for (i = 0; i < p->headers.num_entries; i++)
		if (ce_str_is(str_of(p->headers.entries[i].key), "x-death")) {
			value_json(add("amqpdeath", CE_JSTRING), &p->headers.entries[i].value, 0);
			return;
		}
}

static void
properties(const amqp_basic_properties_t *p)
{
	const struct { amqp_flags_t flag; const char *name; amqp_bytes_t v; } all[] = {
		{ AMQP_BASIC_CONTENT_ENCODING_FLAG, "amqpencoding", p->content_encoding },
		{ AMQP_BASIC_CORRELATION_ID_FLAG, "amqpcorrelationid", p->correlation_id },
		{ AMQP_BASIC_REPLY_TO_FLAG, "amqpreplyto", p->reply_to },
		{ AMQP_BASIC_EXPIRATION_FLAG, "amqpexpiration", p->expiration },
		{ AMQP_BASIC_TYPE_FLAG, "amqptype", p->type },
		{ AMQP_BASIC_USER_ID_FLAG, "amqpuserid", p->user_id },
		{ AMQP_BASIC_APP_ID_FLAG, "amqpappid", p->app_id },
	};
	size_t i;

	for (i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if ((p->_flags & all[i].flag) != 0)
			text(all[i].name, str_of(all[i].v));
	if ((p->_flags & AMQP_BASIC_PRIORITY_FLAG) != 0)
		ce_buf_printf(add("amqppriority", CE_JNUMBER), "%d", p->priority);
}

int
envelope_of(const struct message *m, const amqp_basic_properties_t *p, bool foreign, struct extension **l)
{
	n = 0;
	text("amqpexchange", message_exchange(m));
	text("amqproutingkey", message_key(m));
	if (m->redelivered)
		ce_buf_puts(add("amqpredelivered", CE_JBOOL), "true");
	if ((p->_flags & AMQP_BASIC_HEADERS_FLAG) != 0)
		deaths(p);
	if (foreign) {
		properties(p);
		if ((p->_flags & AMQP_BASIC_HEADERS_FLAG) != 0 && p->headers.num_entries > 0)
			table_json(add("amqpheaders", CE_JSTRING), &p->headers, "x-death", 0);
	}
	*l = list;
	return n;
}
