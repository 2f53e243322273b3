/* ce-validate -- pass on what is a valid event, and say what is wrong with the rest.
 *
 * The one filter that goes on behind a bad line: what is refused goes to the
 * dead letters, or it is dropped, which is what this filter is for, and its
 * source is told so.
 * SPDX-License-Identifier: Apache-2.0 */

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include "ce.h"
#include "ext.h"
#include "report.h"
#include "strict.h"

static bool strict;
static unsigned long lines, bad, lost; /* lost: bad, and not in the dead letters */

static const struct ce_opt opts[] = {
	CE_FLAG('s', "strict", &strict, "warn of what is allowed but not recommended"),
	CE_END
};

static const struct ce_program program = {
	"ce-validate", "pass on valid events, say what is wrong with others", CE_FILTER, opts,
	NULL, 0, 0, CE_USE_WRONG
};

/* What the parse stopped at, and whether the walk over all rules found it again:
 * of what is no JSON, or too long, it does not. */
static struct ce_buf first;
static bool again;

static void
broken(void *arg, const char *rule)
{
	(void)arg;
	again = again || strcmp(rule, first.p) == 0;
	report_rule("%s", rule);
}

static void
check(struct ce_event *ev)
{
	report_begin(ev->line);
	if (ev->wrong != NULL) {
		ce_buf_reset(&first);
		ce_buf_puts(&first, ev->wrong);
		again = false;
		ce_event_rules(ev, broken, NULL);
		if (!again)
			report_rule("%s", first.p);
	}
	ext_check(ev, strict);
	if (strict && ev->nmembers > 0)
		strict_check(ev);
}

static void
settle(struct ce_event *ev)
{
	const char *why = report_reason();

	lines++;
	if (why != NULL) {
		bad++;
		lost += !ce_reject(ev, why);
	} else if (ce_conf.quiet)
		ce_drop(ev);
	else
		ce_pass(ev);
}

static void
sum_up(void)
{
	char text[200];
	int n = snprintf(text, sizeof(text), "%lu lines, %lu bad, %lu violations, %lu warnings\n",
	    lines, bad, report_violations, report_warnings);

	if (ce_conf.quiet)
		ce_print(text, (size_t)n);
	else
		ce_info("%.*s", n - 1, text);
}

int
main(int argc, char *argv[])
{
	struct ce_event *ev;
	int code;

	ce_start(argc, argv, &program);
	while ((ev = ce_next()) != NULL) {
		check(ev);
		settle(ev);
	}
	sum_up();
	code = ce_finish();
	return code == CE_OK && lost > 0 ? CE_DATAERR : code;
}
