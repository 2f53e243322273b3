/* fuzz-exec -- what a command says: answers, events that it makes, data; what goes
 * on is a valid event without a return address, and data comes out as it went in.
 * needs: cmd/exec/answer.c cmd/exec/reply.c
 *
 * SPDX-License-Identifier: Apache-2.0 */

#include <string.h>
#include "../../cmd/exec/exec.h"
#include "fuzz.h"

struct exec_conf exec_conf = { .name = "cmd" };

static struct ce_event *
given(const char *type)
{
	static struct ce_draft d;

	ce_draft_begin(&d);
	ce_set(&d, "id", "1");
	ce_set(&d, "source", "/s");
	ce_set(&d, "type", "t");
	ce_set_data(&d, type, "1", 1);
	ce_draft_end(&d);
	d.ev.reply.len = 0;
	return &d.ev;
}

static void
check(struct ce_event *ev, enum ce_verdict v, const char *data, size_t n)
{
	static struct ce_event made;
	struct ce_buf text = { 0 }, tmp = { 0 };
	struct ce_str bytes = { NULL, 0 };
	bool json;

	must(v == CE_TAKEN || (v == CE_NEVER && ev->reply.len == 0));
	if (ev->reply.len > 0) {
		ce_buf_add(&text, ev->reply.p, ev->reply.len);
		must(memchr(text.p, '\n', text.len) == NULL);
		must(ce_event_parse(&made, text.p, text.len) == NULL);
		must(made.at[CE_AT_ACKTO] < 0);
		must(data == NULL || (ce_data(&made, &tmp, &bytes, &json) && (json || n == bytes.len)));
		must(data == NULL || json || n == 0 || memcmp(bytes.p, data, n) == 0);
	}
	ce_buf_free(&text);
	ce_buf_free(&tmp);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static const char *const types[] = { NULL, "application/json", "text/plain", "x/y" };
	struct ce_str line = { (const char *)p, n }, reason;
	struct ce_buf text = { 0 };
	enum answer sink, filter;
	struct ce_event *ev;
	size_t i;

	sink = answer_parse(line, false, &reason);
	must(sink != ANSWER_EVENT && sink != ANSWER_DROP && reason.len <= n);
	filter = answer_parse(line, true, &reason);
	must(sink == ANSWER_NONE || sink == filter);
	ce_buf_reset(&text);
	ce_buf_add(&text, p, n);
	for (i = 0; i < sizeof(types) / sizeof(*types); i++) {
		ev = given(types[i]);
		check(ev, reply_data(ev, (struct ce_str){ text.p, n }), text.p, n);
	}
	ev = given(NULL);
	if (n > 0 && memchr(p, '\n', n) == NULL)
		check(ev, reply_line(ev, text.p, n), NULL, 0);
	ce_buf_reset(&text);
	ce_buf_add(&text, p, n);
	ev = given(NULL);
	check(ev, reply_event(ev, &text), NULL, 0);
	ce_buf_free(&text);
	return 0;
}
