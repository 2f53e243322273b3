/* sink-reply.c -- the event that a receiver answers with
 *
 * A receiver that answers with something that claims to be an event and is none
 * has broken its contract: the event that was sent is refused, not passed over.
 * SPDX-License-Identifier: Apache-2.0 */

#include <string.h>

#include "sink.h"

#define MOST_HEADERS 200

static struct ce_event reply;

static enum ce_verdict
broken(struct delivery *d, const char *why)
{
	return ce_never("%s took the event but its reply is refused: %s", request_url(d), why);
}

static enum ce_verdict
structured(struct delivery *d)
{
	struct ce_buf *b = &d->http->body;
	const char *why = ce_json_line(b);

	if (why == NULL)
		why = ce_event_parse(&reply, b->p, b->len);
	if (why != NULL)
		return broken(d, why);
	ce_reply(d->evs[0], b->p, b->len);
	return CE_TAKEN;
}

static enum ce_verdict
binary(struct delivery *d, struct ce_str type)
{
	static struct ce_draft draft;
	static struct binding_header headers[MOST_HEADERS];
	const char *name, *text, *why;
	struct ce_event *ev;
	void *at = NULL;
	int n = 0;

	while (ce_http_each(d->http, &at, &name, &text)) {
		if (n == MOST_HEADERS)
			return broken(d, "it has too many headers");
		headers[n].name = (struct ce_str){ name, strlen(name) };
		headers[n++].value = (struct ce_str){ text, strlen(text) };
	}
	if (!binding_is_event(headers, n))
		return CE_TAKEN;
	why = binding_event(&draft, headers, n, type,
	    (struct ce_str){ d->http->body.p, d->http->body.len });
	if (why != NULL)
		return broken(d, why);
	ev = ce_draft_end(&draft);
	if ((long)ev->len > ce_conf.max_event)
		return broken(d, "it is longer than --max-event");
	ce_reply(d->evs[0], ev->text, ev->len);
	return CE_TAKEN;
}

enum ce_verdict
reply_take(struct delivery *d)
{
	const char *text = ce_http_get(d->http, "Content-Type", 0);
	struct ce_str type = { "", 0 };
	enum binding_mode mode;
	bool json;

	if (text != NULL)
		type = (struct ce_str){ text, strlen(text) };
	json = binding_mode(type, &mode);
	if (d->http->cut)
		return broken(d, "it is longer than --max-event");
	if (!json || mode == BINDING_BATCH)
		return broken(d, "it is no single event in JSON");
	return mode == BINDING_STRUCTURED ? structured(d) : binary(d, type);
}
