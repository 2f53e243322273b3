/* fuzz-mongodb -- documents of a server, JSON on its way to one, events, positions.
 * The first byte says which.
 *
 * What must hold: a document is printed as JSON on one line, and makes an event; JSON
 * that became a document comes back as JSON; an event comes back to the byte.
 * needs: cmd/mongodb/event.c cmd/mongodb/extjson.c cmd/mongodb/position.c cmd/mongodb/src-wrap.c cmd/mongodb/tobson.c
 * SPDX-License-Identifier: Apache-2.0 */

#include <stdlib.h>
#include <string.h>
#include "../../cmd/mongodb/src.h"
#include "fuzz.h"

struct src_conf src_conf = { .db = "d", .coll = "c", .by = "by" };

const char *
mongodb_hosts(void)
{
	return "h:1";
}

static void
is_json(const struct ce_buf *b)
{
	size_t at;

	must(ce_json_check(b->p, b->len, &at) == NULL && memchr(b->p, '\n', b->len) == NULL);
}

static void
document(const uint8_t *p, size_t n)
{
	struct ce_buf out = { 0 };
	struct item item = { .kind = ITEM_CHANGE };
	bson_t doc;

	if (!bson_init_static(&doc, p, n) || !extjson_sound(&doc))
		return;
	item.doc = &doc;
	extjson_document(&out, &doc, true);
	is_json(&out);
	is_event(wrap_item(&item, NULL));
	item.kind = ITEM_DOCUMENT;
	for (item.phase = PHASE_SNAPSHOT; item.phase <= PHASE_TAIL; item.phase++)
		is_event(wrap_item(&item, NULL));
	ce_buf_free(&out);
}

static void
object(const char *p, size_t n)
{
	struct ce_buf out = { 0 };
	bson_t doc = BSON_INITIALIZER;
	size_t at;

	if (ce_json_check(p, n, &at) == NULL && tobson_append(&doc, "v", 1, (struct ce_str){ p, n })) {
		must(bson_validate(&doc, BSON_VALIDATE_NONE, &at));
		extjson_document(&out, &doc, false);
		is_json(&out);
	}
	bson_destroy(&doc);
	ce_buf_free(&out);
}

static void
event(const char *p, size_t n)
{
	static struct ce_event ev;
	struct ce_buf line = { 0 };
	struct ce_event *back;
	bson_t doc = BSON_INITIALIZER;

	ce_buf_add(&line, p, n);
	if (memchr(p, '\n', n) == NULL && ce_event_parse(&ev, line.p, line.len) == NULL) {
		event_document(&ev, &doc);
		back = document_event(&doc);
		must(back != NULL && back->len == n && memcmp(back->text, p, n) == 0);
	}
	bson_destroy(&doc);
	ce_buf_free(&line);
}

static void
position(const char *p, size_t n)
{
	struct position pos = { 0 }, same = { 0 };
	char *text, *again;

	if (position_parse(&pos, p, n)) {
		text = position_text(&pos);
		must(position_parse(&same, text, strlen(text)));
		again = position_text(&same);
		must(strcmp(text, again) == 0);
		free(text);
		free(again);
	}
	bson_destroy(pos.token);
	bson_destroy(pos.last);
	bson_destroy(same.token);
	bson_destroy(same.last);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	char *text;

	ce_conf.max_event = 1 << 24;
	if (n == 0)
		return 0;
	text = ce_strndup((const char *)p + 1, n - 1);
	if (*p == 'd')
		document((const uint8_t *)text, n - 1);
	else if (*p == 'o')
		object(text, n - 1);
	else if (*p == 'p')
		position(text, n - 1);
	else
		event(text, n - 1);
	free(text);
	return 0;
}
