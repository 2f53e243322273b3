/* fuzz-validate -- any bytes as a line, under all rules, and as W3C trace context
 * needs: cmd/validate/ext.c cmd/validate/trace.c cmd/validate/strict.c cmd/validate/report.c
 *
 * Each value lies in memory of exactly its size.  The walk over all rules finds
 * something in what the parse refused, and nothing in what it took.
 *
 * SPDX-License-Identifier: Apache-2.0 */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "fuzz.h"
#include "../../cmd/validate/ext.h"
#include "../../cmd/validate/report.h"
#include "../../cmd/validate/strict.h"
#include "../../cmd/validate/trace.h"

static struct ce_event ev;
static char first[4096];
static int told, again;

static void
tell(void *arg, const char *rule)
{
	(void)arg;
	must(strlen(rule) > 0);
	told++;
	again += strcmp(rule, first) == 0;
}

static void
check_event(char *text, size_t n)
{
	const char *why = ce_event_parse(&ev, text, n);
	bool json = why == NULL || strncmp(why, "invalid JSON", 12) != 0;

	snprintf(first, sizeof(first), "%s", why != NULL ? why : "");
	told = again = 0;
	ce_event_rules(&ev, tell, NULL);
	must(why != NULL && json ? again > 0 : told == 0);
	report_begin(1);
	ext_check(&ev, true);
	strict_check(&ev);
	must(json || report_reason() == NULL);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	char *value = malloc(n > 0 ? n : 1), *line = malloc(n + 1); /* line[len] is writable */

	must(value != NULL && line != NULL);
	if (n > 0)
		memcpy(value, p, n), memcpy(line, p, n);
	ce_conf.quiet = true;
	trace_parent((struct ce_str){ value, n });
	trace_state((struct ce_str){ value, n });
	check_event(line, n);
	free(value);
	free(line);
	return 0;
}
