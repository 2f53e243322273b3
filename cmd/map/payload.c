/* payload.c -- what becomes of the data.
 *
 * The content type decides how bytes are written: JSON as JSON, text as a string,
 * the rest as base64.  So a new type may need the same bytes to be written anew,
 * and bytes that are not what the type says are refused.
 * SPDX-License-Identifier: Apache-2.0 */

#include <string.h>
#include "map.h"

/* The type that the event will have; empty: none.  It is what the last edit says. */
static struct ce_str
new_type(struct map *m, struct ce_event *ev)
{
	struct ce_str type = { "", 0 };

	if (!m->untyped) {
		ce_attr(ev, CE_AT_DATACONTENTTYPE, &type);
		return type;
	}
	for (int i = m->n; i-- > 0;)
		if (strcmp(m->edits[i].name, "datacontenttype") == 0) {
			const char *json = m->values.p + m->at[i];

			if (m->edits[i].json == NULL)
				return type;
			ce_buf_reset(&m->tmp);
			ce_json_unescape(&m->tmp, json + 1, strlen(json) - 2);
			return (struct ce_str){ m->tmp.p, m->tmp.len };
		}
	ce_attr(ev, CE_AT_DATACONTENTTYPE, &type);
	return type;
}

/* Both ways of carrying data are named, so that one replaces the other. */
static void
put(struct map *m, bool base64, struct ce_str json)
{
	map_edit(m, base64 ? "data" : "data_base64", NULL, 0);
	map_edit(m, base64 ? "data_base64" : "data", json.p, json.len);
}

/* How an event of that type carries these bytes: one is made to see. */
static const char *
write_bytes(struct map *m, struct ce_str type, struct ce_str bytes)
{
	static struct ce_buf text;
	const struct ce_member *data;
	struct ce_event *ev;
	const char *wrong;
	bool base64;
	size_t at;

	if (ce_type_is_json(type) && (wrong = ce_json_check(bytes.p, bytes.len, &at)) != NULL)
		return map_why(m, "the data would be no JSON: %s%s", wrong,
		    type.len == 0 ? " (and there is no datacontenttype)" : "");
	ce_buf_reset(&text);
	ce_buf_str(&text, type.len > 0 ? type : (struct ce_str){ "application/json", 16 });
	ce_draft_begin(&m->draft);
	ce_set(&m->draft, "id", "1");
	ce_set(&m->draft, "source", "ce-map");
	ce_set(&m->draft, "type", "t");
	ce_set_data(&m->draft, text.p, bytes.p, bytes.len);
	ev = ce_draft_end(&m->draft);
	base64 = ev->at[CE_AT_DATA_BASE64] >= 0;
	data = &ev->members[ev->at[base64 ? CE_AT_DATA_BASE64 : CE_AT_DATA]];
	put(m, base64, (struct ce_str){ ev->text + data->value, data->vlen });
	return NULL;
}

/* The data as JSON text, in the line or decoded from base64. */
static bool
json_of(struct map *m, struct ce_event *ev, struct ce_str *json)
{
	struct ce_str type = { "", 0 };
	bool is;
	size_t at;

	if (!ce_data(ev, &m->bytes, json, &is))
		return false;
	ce_attr(ev, CE_AT_DATACONTENTTYPE, &type);
	return is || (ev->at[CE_AT_DATA_BASE64] >= 0 && ce_type_is_json(type) &&
	    ce_json_check(json->p, json->len, &at) == NULL);
}

/* A string that becomes something else than JSON leaves its quotes. */
static const char *
part(struct map *m, struct ce_event *ev, struct ce_str type)
{
	struct ce_buf text = { 0 };
	struct ce_str json, value;
	const char *why = "the data would have a lone surrogate, which no text can hold";

	if (!json_of(m, ev, &json))
		return "cannot take a part of the data: it is no JSON";
	if (!ce_json_pointer(json, (struct ce_str){ m->pointer, strlen(m->pointer) }, &value))
		return map_why(m, "the data has no %s", m->pointer);
	if (ce_type_is_json(type) && ev->at[CE_AT_DATA_BASE64] < 0) {
		put(m, false, value);
		return NULL;
	}
	if (ce_type_is_json(type) || *value.p != '"')
		return write_bytes(m, type, value);
	ce_buf_reset(&text);
	if (ce_json_unescape(&text, value.p + 1, value.len - 2))
		why = write_bytes(m, type, (struct ce_str){ text.p, text.len });
	ce_buf_free(&text);
	return why;
}

static const char *
filled(struct map *m, struct ce_event *ev, struct ce_str type)
{
	const char *missing;

	ce_buf_reset(&m->bytes);
	missing = ce_template_fill(m->data, ev, ce_type_is_json(type) ? CE_ESC_VALUE : CE_ESC_NONE, &m->bytes);
	if (missing != NULL)
		return map_why(m, "cannot make the data: the event has no %s", missing);
	return write_bytes(m, type, (struct ce_str){ m->bytes.p, m->bytes.len });
}

/* The bytes stay; base64 says them under any type. */
static const char *
retyped(struct map *m, struct ce_event *ev, struct ce_str type)
{
	struct ce_str old = { "", 0 }, bytes;
	bool json;

	ce_attr(ev, CE_AT_DATACONTENTTYPE, &old);
	if (ev->at[CE_AT_DATA] < 0 || ce_type_is_json(old) == ce_type_is_json(type))
		return NULL;
	if (!ce_data_whole(ev))
		return "the data has a lone surrogate, which no text can hold";
	if (!ce_data(ev, &m->bytes, &bytes, &json))
		return NULL;
	return write_bytes(m, type, bytes);
}

const char *
map_payload(struct map *m, struct ce_event *ev)
{
	struct ce_str type;

	if (m->bare) {
		map_edit(m, "data", NULL, 0);
		map_edit(m, "data_base64", NULL, 0);
		return NULL;
	}
	if (m->data == NULL && m->pointer == NULL && !m->untyped)
		return NULL;
	type = new_type(m, ev);
	if (m->data != NULL)
		return filled(m, ev, type);
	return m->pointer != NULL ? part(m, ev, type) : retyped(m, ev, type);
}
