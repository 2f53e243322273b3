/* binding -- an event as an AMQP 0-9-1 message
 *
 * There is no official binding for this version of AMQP.  Binary mode is that of
 * AMQP 1.0, with message headers for application properties, which is what RabbitMQ
 * makes of them when it converts.
 * SPDX-License-Identifier: Apache-2.0 */

#include <stdlib.h>
#include <string.h>
#include "binding.h"

#define SHORT 255 /* bytes of a short string */
#define STRUCTURED "application/cloudevents+json"

const char *const binding_prefix[] = { "cloudEvents:", "cloudEvents_", "ce-" };

static struct ce_buf names, body;
static amqp_table_entry_t *entries;
static int nentries, capentries;

struct ce_str
binding_message_id(struct ce_event *ev)
{
	struct ce_str id = { "", 0 };

	ce_attr(ev, CE_AT_ID, &id);
	return id.len <= SHORT ? id : (struct ce_str){ "", 0 };
}

/* A boolean stays one, and so does a number; all else is a string. */
static amqp_field_value_t
value_of(struct ce_event *ev, const char *name, struct ce_str s)
{
	struct ce_str json;
	amqp_field_value_t v = { AMQP_FIELD_KIND_UTF8, { .bytes = bytes_of(s) } };

	if (!ce_get_json(ev, name, &json))
		return v;
	if (ce_json_kind(json) == CE_JBOOL) {
		v.kind = AMQP_FIELD_KIND_BOOLEAN;
		v.value.boolean = *json.p == 't';
	} else if (ce_json_kind(json) == CE_JNUMBER) {
		v.kind = AMQP_FIELD_KIND_I32; /* others read 64 bits in two ways */
		v.value.i32 = (int32_t)strtol(s.p, NULL, 10);
	}
	return v;
}

static void
add(struct ce_str key, amqp_field_value_t v)
{
	if (nentries == capentries) {
		capentries = capentries > 0 ? 2 * capentries : 32;
		entries = ce_realloc(entries, (size_t)capentries * sizeof(*entries));
	}
	entries[nentries++] = (amqp_table_entry_t){ bytes_of(key), v };
}

/* Names are put one behind the other in a buffer that is large enough before. */
static bool
headers(struct ce_event *ev, int prefix)
{
	size_t n = strlen(binding_prefix[prefix]);
	struct ce_str name, v;
	int i = 0;

	nentries = 0;
	ce_buf_reset(&names);
	ce_buf_need(&names, ev->len + (size_t)ev->nmembers * (n + 1));
	while (ce_each(ev, &i, &name, &v)) {
		size_t at = names.len;

		if (ce_str_is(name, "datacontenttype"))
			continue;
		if (name.len + n > SHORT)
			return false;
		ce_buf_puts(&names, binding_prefix[prefix]);
		ce_buf_str(&names, name);
		ce_buf_putc(&names, '\0');
		add((struct ce_str){ names.p + at, name.len + n }, value_of(ev, names.p + at + n, v));
	}
	return true;
}

/* What binary mode cannot hold goes structured: text that no bytes can be, names
 * and types that are too long for AMQP. */
static bool
binary_parts(struct ce_event *ev, int prefix, amqp_basic_properties_t *p, struct ce_str *bytes)
{
	struct ce_str type;
	bool json = false;

	if (!ce_data_whole(ev) || !headers(ev, prefix))
		return false;
	ce_buf_reset(&body);
	if (!ce_data(ev, &body, bytes, &json))
		*bytes = (struct ce_str){ "", 0 };
	if (!ce_attr(ev, CE_AT_DATACONTENTTYPE, &type))
		type = json ? (struct ce_str){ "application/json", 16 } : (struct ce_str){ "", 0 };
	if (type.len > SHORT)
		return false;
	if (type.len > 0) {
		p->_flags |= AMQP_BASIC_CONTENT_TYPE_FLAG;
		p->content_type = bytes_of(type);
	}
	p->_flags |= AMQP_BASIC_HEADERS_FLAG;
	p->headers = (amqp_table_t){ nentries, entries };
	return true;
}

bool
binding_write(struct ce_buf *out, struct ce_event *ev, bool binary, int prefix, size_t max, const char **why)
{
	amqp_basic_properties_t p = { ._flags = AMQP_BASIC_DELIVERY_MODE_FLAG, .delivery_mode = AMQP_DELIVERY_PERSISTENT };
	struct ce_str bytes = { ev->text, ev->len }, s = binding_message_id(ev);
	struct timespec ts;

	if (s.len > 0) {
		p._flags |= AMQP_BASIC_MESSAGE_ID_FLAG;
		p.message_id = bytes_of(s);
	}
	if (ce_attr(ev, CE_AT_TIME, &s) && ce_time_parse(s, &ts) && ts.tv_sec >= 0) {
		p._flags |= AMQP_BASIC_TIMESTAMP_FLAG;
		p.timestamp = (uint64_t)ts.tv_sec;
	}
	if (!binary || !binary_parts(ev, prefix, &p, &bytes)) {
		p._flags |= AMQP_BASIC_CONTENT_TYPE_FLAG;
		p.content_type = amqp_cstring_bytes(STRUCTURED);
	}
	if (!frame_header(out, 1, &p, bytes.len, max)) {
		*why = "its attributes are longer than a header of AMQP may be";
		return false;
	}
	frame_body(out, 1, bytes.p, bytes.len, max);
	return true;
}
