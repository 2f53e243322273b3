/* src-request -- from an HTTP request to events.
 *
 * Everything is checked before anything is emitted: a request is taken whole
 * or refused whole.
 * SPDX-License-Identifier: Apache-2.0 */

#include <string.h>
#include "src.h"

static struct ce_draft draft;

struct refusal
request_refuse(int status, const char *fmt, const char *why)
{
	static struct ce_buf text;

	ce_buf_reset(&text);
	ce_buf_puts(&text, fmt);
	ce_buf_visible(&text, why, strlen(why), 300);
	return (struct refusal){ status, text.p };
}

struct ce_str
request_header(const struct request *q, const char *name)
{
	int i;

	for (i = 0; i < q->n; i++)
		if (ce_str_like(q->h[i].name, name))
			return q->h[i].value;
	return (struct ce_str){ NULL, 0 };
}

/* ---- the three modes ------------------------------------------------------- */

static bool
tries_to_be_event(const struct request *q)
{
	return binding_is_event(q->h, q->n) || request_header(q, "ce-id").p != NULL ||
	    request_header(q, "ce-source").p != NULL || request_header(q, "ce-type").p != NULL;
}

struct refusal
request_mode(const struct request *q, const struct wrap *w, enum binding_mode *mode, bool *wrapped)
{
	struct ce_str type = request_header(q, "content-type");

	*wrapped = false;
	if (!binding_mode(type, mode))
		return (struct refusal){ 415, "of the event formats, only +json is spoken here" };
	if (*mode != BINDING_BINARY || tries_to_be_event(q))
		return (struct refusal){ 0, NULL };
	*wrapped = true;
	if (w->type == NULL)
		return (struct refusal){ 415, "the request is no CloudEvent" };
	return (struct refusal){ 0, NULL };
}

static struct refusal
too_long(size_t len)
{
	if (len <= (size_t)ce_conf.max_event)
		return (struct refusal){ 0, NULL };
	return (struct refusal){ 413, "the event is longer than --max-event" };
}

/* A line is one line: newlines, which can only stand between tokens once the
 * event was parsed, become spaces; those at the end go. */
static void
make_line(struct ce_event *ev)
{
	char *p = ev->text, *end;

	while (ev->len > 0 && strchr("\r\n", ev->text[ev->len - 1]) != NULL)
		ev->len--;
	end = ev->text + ev->len;
	while ((p = memchr(p, '\n', (size_t)(end - p))) != NULL)
		*p = ' ';
}

/* Past the byte order mark that some senders put first. */
static struct ce_str
text_of(const struct ce_buf *body)
{
	size_t skip = body->len >= 3 && memcmp(body->p, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;

	if (body->len == 0)
		return (struct ce_str){ "", 0 };
	return (struct ce_str){ body->p + skip, body->len - skip };
}

static struct refusal
structured_event(struct ce_buf *body, struct ce_event **ev)
{
	static struct ce_event event;
	struct ce_str s = text_of(body);
	const char *why;

	if (s.len == 0)
		return (struct refusal){ 400, "the body is empty" };
	if ((why = ce_event_parse(&event, body->p + body->len - s.len, s.len)) != NULL)
		return request_refuse(400, "", why);
	make_line(&event);
	*ev = &event;
	return too_long(event.len);
}

struct refusal
request_event(const struct request *q, const struct wrap *w, enum binding_mode mode, bool wrapped,
    struct ce_event **ev)
{
	struct refusal no = { 0, NULL };
	const char *why;

	if (mode == BINDING_STRUCTURED)
		return structured_event(q->body, ev);
	if (wrapped) {
		no = wrap_event(&draft, q, w);
	} else {
		struct ce_str body = { q->body->len > 0 ? q->body->p : "", q->body->len };

		if ((why = binding_event(&draft, q->h, q->n, request_header(q, "content-type"), body)) != NULL)
			no = request_refuse(400, "", why);
	}
	if (no.status != 0)
		return no;
	*ev = ce_draft_end(&draft);
	return too_long((*ev)->len);
}

/* ---- batches ------------------------------------------------------------------- */

static size_t
skip_to_next(const char *p, size_t at, size_t len)
{
	while (at < len && strchr(" \t\r\n,", p[at]) != NULL)
		at++;
	return at;
}

bool
batch_next(struct batch *b, struct ce_event *ev)
{
	size_t start, n;
	const char *why;

	if (b->at >= b->len)
		return false;
	n = ce_json_first(b->text + b->at, b->len - b->at, &start, &why);
	if (n == 0)
		ce_bug("a batch that was checked does not parse");
	why = ce_event_parse(ev, b->text + b->at + start, n - start);
	b->at = skip_to_next(b->text, b->at + n, b->len);
	if (why == NULL)
		make_line(ev);
	return true;
}

struct checking {
	struct batch *b;
	struct ce_event *ev;
	struct refusal no;
};

static void
check_one(void *arg, struct ce_str element)
{
	static struct ce_buf text;
	struct checking *c = arg;
	const char *why;

	if (c->no.status != 0)
		return;
	why = ce_event_parse(c->ev, c->b->text + (element.p - c->b->text), element.len);
	if (why != NULL) {
		ce_buf_reset(&text);
		ce_buf_printf(&text, "event %ld of the batch: %s", c->b->n, why);
		c->no = (struct refusal){ 400, text.p };
	} else if (too_long(element.len).status != 0)
		c->no = too_long(element.len);
	c->b->n++;
}

struct refusal
batch_open(struct batch *b, struct ce_buf *body)
{
	static struct ce_event event;
	struct ce_str s = text_of(body);
	struct checking c = { b, &event, { 0, NULL } };
	const char *why;
	size_t at;

	if (s.len == 0)
		return (struct refusal){ 400, "the body is empty" };
	if ((why = ce_json_check(s.p, s.len, &at)) != NULL)
		return request_refuse(400, "the batch is no JSON: ", why);
	while (s.len > 0 && strchr(" \t\r\n", s.p[s.len - 1]) != NULL)
		s.len--;
	b->text = body->p + (s.p - body->p);
	b->len = s.len;
	b->at = skip_to_next(b->text, 0, b->len);
	if (b->text[b->at] != '[')
		return (struct refusal){ 400, "a batch is a JSON array of events" };
	ce_json_each((struct ce_str){ b->text + b->at, b->len - b->at }, check_one, &c);
	b->at = skip_to_next(b->text, b->at + 1, --b->len);
	return c.no;
}
