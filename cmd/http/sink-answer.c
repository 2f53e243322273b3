/* sink-answer.c -- from the response of a receiver to a verdict
 *
 * Only 2xx is delivery.  What may pass is later, what concerns this one event
 * is never, what would refuse every event ends the program.
 * SPDX-License-Identifier: Apache-2.0 */

#include "sink.h"

static struct ce_buf what; /* "cannot post to URL: status 503: the reason" */

static void
begin(struct delivery *d)
{
	ce_buf_reset(&what);
	ce_buf_printf(&what, "cannot %s to %s: ", request_verb(), request_url(d));
}

static void
describe(struct delivery *d)
{
	struct ce_buf excerpt = { 0 };

	begin(d);
	ce_buf_printf(&what, "status %d", d->http->status);
	ce_http_excerpt(&excerpt, d->http);
	if (excerpt.len > 0)
		ce_buf_printf(&what, ": %s", excerpt.p);
	ce_buf_free(&excerpt);
}

static enum ce_verdict
redirected(struct delivery *d)
{
	const char *to = ce_http_location(d->http);

	if (to == NULL)
		return ce_never("%s", what.p);
	begin(d);
	return ce_never("%sstatus %d: it redirects to %s, which is not followed", what.p,
	    d->http->status, ce_log_url(to));
}

static bool
is_temporary(int status)
{
	return status == 408 || status == 425 || status == 429 || status >= 500;
}

static enum ce_verdict
refused(struct delivery *d)
{
	int status = d->http->status;

	describe(d);
	if (status == 401 || status == 403 || status == 407)
		return sink_conf.auth_retry ? ce_later("%s", what.p) : ce_fatal(CE_NOPERM, "%s", what.p);
	if (status == 410)
		return ce_fatal(CE_UNAVAILABLE, "%s (the receiver is gone for good)", what.p);
	if (is_temporary(status))
		return ce_later("%s", what.p);
	if (status >= 300 && status < 400)
		return redirected(d);
	return ce_never("%s", what.p);
}

enum ce_verdict
answer_judge(struct delivery *d)
{
	struct ce_http *h = d->http;

	if (h->trouble == CE_HTTP_NONE && h->status >= 200 && h->status < 300)
		return sink_conf.reply ? reply_take(d) : CE_TAKEN;
	if (h->trouble == CE_HTTP_NONE)
		return refused(d);
	begin(d);
	if (h->trouble == CE_HTTP_MISUSED)
		return ce_fatal(CE_CONFIG, "%s%s", what.p, h->error);
	return ce_later("%s%s", what.p, h->error);
}
