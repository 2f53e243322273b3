/* report.c -- what was found wrong with a line, a message for each rule.
 * SPDX-License-Identifier: Apache-2.0 */

#include "report.h"

#define MOST 100   /* messages a line: who sends a thousand wrong names gets no thousand */
#define REASON 500 /* bytes of the reason in a dead letter */

unsigned long report_violations, report_warnings;

static struct ce_buf reason, text;
static unsigned long line, rules, warnings;

void
report_begin(unsigned long number)
{
	line = number;
	rules = warnings = 0;
	reason.len = 0;
}

static void
say(const char *what, unsigned long nth)
{
	if (ce_conf.quiet || nth > MOST)
		return;
	if (nth == MOST)
		ce_warn("line %lu: and more of the kind", line);
	else
		ce_warn("line %lu: %s%s", line, what, text.p);
}

void
report_rule(const char *fmt, ...)
{
	va_list ap;

	ce_buf_reset(&text);
	va_start(ap, fmt);
	ce_buf_vprintf(&text, fmt, ap);
	va_end(ap);
	say("", rules++);
	report_violations++;
	if (reason.len + text.len < REASON)
		ce_buf_printf(&reason, "%s%s", reason.len > 0 ? "; " : "", text.p);
	else if (reason.len == 0)
		ce_buf_visible(&reason, text.p, text.len, REASON);
}

void
report_warning(const char *fmt, ...)
{
	va_list ap;

	ce_buf_reset(&text);
	va_start(ap, fmt);
	ce_buf_vprintf(&text, fmt, ap);
	va_end(ap);
	say("warning: ", warnings++);
	report_warnings++;
}

const char *
report_reason(void)
{
	return rules > 0 ? reason.p : NULL;
}
