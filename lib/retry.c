/* retry.c -- what a verdict says, and how long a pause is.
 * SPDX-License-Identifier: Apache-2.0 */

#include <string.h>
#include "flow.h"

static struct ce_buf reason;
static int reason_code;
static long asked = -1; /* by the service, ms */

static struct ce_buf said;
static int64_t said_at;
static unsigned long pauses;

CE_PRINTF(2, 0)
static enum ce_verdict
say(enum ce_verdict v, const char *fmt, va_list ap)
{
	static struct ce_buf next; /* what is said may hold what was said before */
	struct ce_buf was = reason;

	ce_buf_reset(&next);
	ce_buf_vprintf(&next, fmt, ap);
	reason = next;
	next = was;
	return v;
}

enum ce_verdict
ce_later(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say(CE_LATER, fmt, ap);
	va_end(ap);
	return CE_LATER;
}

enum ce_verdict
ce_never(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say(CE_NEVER, fmt, ap);
	va_end(ap);
	return CE_NEVER;
}

enum ce_verdict
ce_fatal(int code, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say(CE_FATAL, fmt, ap);
	va_end(ap);
	reason_code = code;
	return CE_FATAL;
}

const char *
ce_reason(void)
{
	return reason.len > 0 ? reason.p : "no reason given";
}

int
ce_reason_code(void)
{
	return reason_code;
}

void
ce_retry_after(long ms)
{
	asked = ms < 0 ? 0 : ms;
}

/* Full jitter: anything up to the doubled ceiling, so that many waiters do not
 * come back together.  What the service asked for is kept, and is the least. */
long
ce_backoff(int attempts)
{
	long ceiling = ce_conf.backoff > 0 ? ce_conf.backoff : 1, wait = asked;
	uint32_t r;

	asked = -1;
	if (wait >= 0)
		return wait;
	while (--attempts > 0 && ceiling < ce_conf.backoff_max)
		ceiling *= 2;
	if (ceiling > ce_conf.backoff_max)
		ceiling = ce_conf.backoff_max;
	ce_random(&r, sizeof(r));
	return ceiling / 2 + (long)(r % (uint32_t)(ceiling / 2 + 1));
}

/* Once for a new reason, then every ten seconds: an outage is a few lines. */
void
ce_say_later(long ms)
{
	pauses++;
	if (said.len == reason.len && memcmp(said.p, reason.p, said.len) == 0 &&
	    ce_now() - said_at < 10000)
		return;
	said_at = ce_now();
	ce_buf_reset(&said);
	ce_buf_add(&said, reason.p, reason.len);
	ce_note("%s (will retry in %ld.%ld s)", ce_reason(), ms / 1000, ms / 100 % 10);
}

void
ce_say_taken(void)
{
	if (pauses == 0)
		return;
	ce_note("goes on after %lu %s", pauses, pauses == 1 ? "retry" : "retries");
	pauses = 0;
	ce_buf_reset(&said);
}
