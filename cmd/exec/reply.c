/* reply.c -- the event that a filter makes of another
 *
 * It goes on in the other's place, with its return address.  What claims to be an
 * event and is none is refused, not passed over.
 * SPDX-License-Identifier: Apache-2.0 */

#include <string.h>
#include "exec.h"

static enum ce_verdict
broken(const char *why)
{
	return ce_never("%s: its output is refused: %s", exec_conf.name, why);
}

enum ce_verdict
reply_line(struct ce_event *ev, char *line, size_t n)
{
	static struct ce_event reply;
	const char *why;

	if (n > (size_t)ce_conf.max_event)
		return broken("longer than --max-event");
	if ((why = ce_event_parse(&reply, line, n)) != NULL)
		return broken(why);
	ce_reply(ev, line, n);
	return CE_TAKEN;
}

enum ce_verdict
reply_event(struct ce_event *ev, struct ce_buf *text)
{
	const char *why;

	if (text->len == 0 || strspn(text->p, " \t\r\n") == text->len)
		return CE_TAKEN;
	if ((why = ce_json_line(text)) != NULL)
		return broken(why);
	return reply_line(ev, text->p, text->len);
}

/* Which of data and data_base64 it becomes is decided as in a source, by the type;
 * none means JSON, and what is no JSON then goes into base64: the bytes stay. */
static struct ce_event *
carrier(struct ce_event *ev, struct ce_str bytes)
{
	static struct ce_draft d;
	static struct ce_buf type;
	struct ce_str t = { "application/json", 16 };

	ce_attr(ev, CE_AT_DATACONTENTTYPE, &t);
	ce_buf_reset(&type);
	ce_buf_str(&type, t);
	ce_draft_begin(&d);
	ce_set(&d, "id", "-");
	ce_set(&d, "source", "-");
	ce_set(&d, "type", "-");
	ce_set_data(&d, type.p, bytes.p, bytes.len);
	return ce_draft_end(&d);
}

enum ce_verdict
reply_data(struct ce_event *ev, struct ce_str bytes)
{
	static struct ce_buf line, json;
	struct ce_event *made = carrier(ev, bytes);
	struct ce_str raw;
	bool text = ce_raw(made, CE_AT_DATA, &raw);
	struct ce_edit edits[2] = { { "data", NULL }, { "data_base64", NULL } };

	if (!text && !ce_raw(made, CE_AT_DATA_BASE64, &raw))
		return broken("there is no data");
	ce_buf_reset(&json);
	ce_buf_str(&json, raw);
	edits[text ? 0 : 1].json = json.p;
	ce_buf_reset(&line);
	ce_event_write(&line, ev, edits, 2);
	return reply_line(ev, line.p, line.len);
}
