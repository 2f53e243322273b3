/* ce-dedup -- leave out events that came before.
 *
 * An id is known from when its event came, so that a copy behind it is left out
 * while the first is under way; but it is kept in the state only when that was
 * finished downstream.  What was unfinished when the program was killed comes
 * again, and is not taken for a copy.
 *
 * A copy is acknowledged with the event before it, which is behind the first.
 * SPDX-License-Identifier: Apache-2.0 */

#include <inttypes.h>
#include <string.h>
#include "log.h"
#include "opt.h"
#include "siphash.h"

static const char *window = "200000";
static long most = 1000000;
static struct ce_template *key_template;

static const struct ce_opt opts[] = {
	CE_TEMPLATE('k', "key", &key_template, "template",
	    "events that are alike in this are the same, instead of source and id"),
	CE_NUM(0, "max-ids", &most, "n", 1, SEEN_MOST, "ids remembered at most where --window is a time"),
	CE_NUM(0, "unfinished", &ce_conf.window, "n", 1, 1L << 24, "unfinished events at most"),
	CE_STR('w', "window", &window, "n|time", "how many ids to remember, or for how long"),
	CE_END
};

static const struct ce_program program = {
	"ce-dedup", "leave out events that came before", CE_RELAY, opts, NULL, 0, 0,
	CE_USE_COMMIT | CE_USE_STATE
};

static struct seen *seen;
static uint8_t key[16];
static uint64_t copies;

/* How many ids at most; in *ms for how long, 0: whatever their age. */
static size_t
window_size(int64_t *ms)
{
	bool number = window[strspn(window, "0123456789")] == '\0';
	long v = 0;
	struct ce_opt n = CE_NUM(0, "window", &v, "n", 1, SEEN_MOST, "ids"),
	    t = CE_TIME(0, "window", &v, "time", 1, 365 * 86400000L, "age");
	const char *why = ce_opt_set(number ? &n : &t, "option --window", window, true);

	if (why != NULL)
		ce_die(CE_USAGE, "%s", why);
	*ms = number ? 0 : v;
	return (size_t)(number ? v : most);
}

static void
settled(void *number, enum ce_verdict v)
{
	struct seen_id id;

	if (v != CE_LATER && seen_nth(seen, (uint64_t)(uintptr_t)number, &id))
		log_add(&id);
}

/* NULL, or what the event lacks.  The length before source tells where it ends. */
static const char *
identify(struct ce_event *ev, struct seen_id *id)
{
	static struct ce_buf text;
	struct ce_str source, own;
	const char *missing = NULL;
	uint64_t hash[2];

	text.len = 0;
	if (key_template != NULL)
		missing = ce_template_fill(key_template, ev, CE_ESC_NONE, &text);
	else if (ce_attr(ev, CE_AT_SOURCE, &source) && ce_attr(ev, CE_AT_ID, &own)) {
		ce_buf_add(&text, &source.len, sizeof(source.len));
		ce_buf_str(&text, source);
		ce_buf_str(&text, own);
	}
	siphash(key, text.p, text.len, hash);
	*id = (struct seen_id){ { (uint32_t)hash[0], (uint32_t)(hash[0] >> 32), (uint32_t)hash[1] } };
	return missing;
}

static enum ce_verdict
sift(struct ce_event *ev)
{
	int64_t now = ce_now();
	struct seen_id id;
	const char *missing = identify(ev, &id);

	if (missing != NULL)
		return ce_never("it has no %s, which --key needs", missing);
	seen_expire(seen, now);
	if (seen_has(seen, &id)) {
		copies++;
		return CE_TAKEN;
	}
	ce_emit(ev, ce_conf.state != NULL ? settled : NULL,
	    (void *)(uintptr_t)seen_add(seen, &id, now));
	return CE_TAKEN;
}

int
main(int argc, char *argv[])
{
	struct ce_event *ev;
	size_t ids;
	int64_t ms;
	int code;

	ce_conf.window = 32768;
	ce_start(argc, argv, &program);
	ids = window_size(&ms);
	seen = seen_new(ids, ms);
	if (ce_conf.state != NULL) {
		log_open(ce_conf.state, seen, ids, ms, key);
		ce_on_settled(log_write);
		ce_on_commit(log_sync);
	} else
		ce_random(key, sizeof(key));
	while ((ev = ce_next()) != NULL)
		ce_settle(ev, sift(ev));
	code = ce_finish();
	ce_info("%" PRIu64 " events were left out", copies);
	return code;
}
