/* ce-rate -- hold events back: so many a second, or each until its time.
 *
 * The order stays, because sources count on it: whoever waits holds up those
 * behind.  What is held when the program is told to leave comes again.
 * SPDX-License-Identifier: Apache-2.0 */

#include <stdlib.h>
#include <string.h>
#include "bucket.h"
#include "when.h"

#define LOOK_AGAIN 10000 /* ms; a clock may be set, a reader may have gone */

static const char *per_second;
static struct ce_template *key, *until;
static bool drop;
static uint64_t dropped;

static const struct ce_opt opts[] = {
	CE_NUM(0, "burst", &bucket_conf.burst, "n", 1, 1000000, "events that may come at once after a pause"),
	CE_TEMPLATE(0, "delay-until", &until, "template", "hold an event until that time"),
	CE_FLAG(0, "drop", &drop, "drop what is too much instead of waiting"),
	CE_TEMPLATE(0, "key", &key, "template", "a rate of its own for each value of this"),
	CE_NUM(0, "max-keys", &bucket_conf.keys, "n", 1, 1L << 24, "values of --key remembered at a time"),
	CE_STR(0, "per-second", &per_second, "n", "events a second, fractions allowed"),
	CE_END
};

static const struct ce_program program = {
	"ce-rate", "hold events back", CE_FILTER, opts, NULL, 0, 0, 0
};

static double
parse_rate(const char *text)
{
	double n = strspn(text, "0123456789.") == strlen(text) && *text != '\0' ? strtod(text, NULL) : 0;

	if (!(n >= 1e-6 && n <= 1e9) || strchr(text, '.') != strrchr(text, '.'))
		ce_die(CE_USAGE, "--per-second %s: must be a number from 0.000001 to 1000000000", text);
	return n;
}

/* So much longer it is to wait; 0: it is time; -1: refused. */
static int64_t
too_early(struct ce_event *ev)
{
	static struct ce_buf text;
	const char *missing;
	struct timespec now;
	int64_t at;

	ce_buf_reset(&text);
	if ((missing = ce_template_fill(until, ev, CE_ESC_NONE, &text)) != NULL) {
		ce_never("cannot tell until when to hold it: the event has no %s", missing);
		return -1;
	}
	if (text.len == 0)
		return 0;
	if (!when_parse((struct ce_str){ text.p, text.len }, &at)) {
		ce_never("cannot hold it until \"%.80s\": that is no time", text.p);
		return -1;
	}
	clock_gettime(CLOCK_REALTIME, &now);
	at -= (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
	return at > 0 ? at : 0;
}

/* Two keys of one hash share a rate, which nobody will see happen. */
static bool
hash(struct ce_event *ev, uint64_t *h)
{
	static struct ce_buf text;
	unsigned char sum[32];
	const char *missing;

	ce_buf_reset(&text);
	if ((missing = ce_template_fill(key, ev, CE_ESC_NONE, &text)) != NULL) {
		ce_never("cannot tell its rate: the event has no %s", missing);
		return false;
	}
	ce_sha256(text.p, text.len, sum);
	memcpy(h, sum, sizeof(*h));
	return true;
}

/* Microseconds to wait; 0: it may go; -1: refused. */
static double
too_much(struct ce_event *ev)
{
	static struct bucket only;
	struct bucket *b = &only;
	double now = (double)ce_now_us(), wait = 0;
	uint64_t h;

	if (key != NULL) {
		if (!hash(ev, &h))
			return -1;
		if ((b = bucket_of(h, now, &wait)) == NULL)
			return wait;
	}
	return bucket_take(b, now);
}

static void
hold(struct ce_event *ev, double ms, const char *why)
{
	ce_hold(ev, ms < LOOK_AGAIN ? (long)ms : LOOK_AGAIN, why);
}

static void
decide(struct ce_event *ev)
{
	int64_t early = until != NULL ? too_early(ev) : 0;
	double wait = early == 0 && per_second != NULL ? too_much(ev) : 0;

	if (early < 0 || wait < 0)
		ce_settle(ev, CE_NEVER);
	else if (early > 0)
		hold(ev, (double)early, "it is held until its time");
	else if (wait == 0)
		ce_pass(ev);
	else if (!drop)
		hold(ev, wait / 1000 + 1, "it is held by --per-second");
	else {
		dropped++;
		ce_drop(ev);
	}
}

int
main(int argc, char *argv[])
{
	struct ce_event *ev;

	ce_start(argc, argv, &program);
	if (per_second == NULL && until == NULL)
		ce_die(CE_USAGE, "neither --per-second nor --delay-until is given (see ce-rate --help)");
	if (per_second == NULL && (drop || key != NULL))
		ce_die(CE_USAGE, "--%s needs --per-second", drop ? "drop" : "key");
	if (per_second != NULL)
		bucket_conf.every = 1e6 / parse_rate(per_second);
	while ((ev = ce_next()) != NULL)
		decide(ev);
	if (dropped > 0)
		ce_info("%llu events were dropped", (unsigned long long)dropped);
	return ce_finish();
}
