/* ce-dead -- look into a file of dead letters, and send them again.
 *
 * What a letter is stands in ce-event(5).  Only replay changes the file.
 * SPDX-License-Identifier: Apache-2.0 */

#include <string.h>
#include "cesql.h"
#include "dead.h"

static const char *by, *match;
static struct ce_sql *query;
static struct replay how;

static const struct ce_opt opts[] = {
	CE_STR(0, "by", &by, "attribute", "count: what to count by (default: reason)"),
	CE_STR(0, "give-up", &how.give_up, "file",
	    "replay: where those go that were tried too often (default: FILE.given-up)"),
	CE_STR('m', "match", &match, "expression", "only letters of which this is true (CESQL)"),
	CE_NUM(0, "max-attempts", &how.max_attempts, "n", 0, 1000000000,
	    "replay: give up what was tried so often in all; 0: never"),
	CE_NUM(0, "take", &ce_conf.count, "n", 0, 0, "replay: so many events at most; 0: all"),
	CE_END
};

static const struct ce_program program = {
	"ce-dead", "list, count and replay dead letters", CE_SOURCE, opts,
	"list|show|count|replay FILE [N|ID ...]", 2, -1, CE_USE_COMMIT
};

static bool
is(const char *subcommand, const char *name)
{
	return strcmp(subcommand, name) == 0;
}

/* What is no event is matched by nothing; an error is false. */
bool
matches(struct letters *l)
{
	unsigned errors;

	return query == NULL || (l->wrong == NULL && ce_sql_holds(query, &l->ev, &errors));
}

/* Options and arguments that another subcommand would have meant. */
static void
check(const char *sub, const char *file, int n)
{
	if (!is(sub, "list") && !is(sub, "show") && !is(sub, "count") && !is(sub, "replay"))
		ce_die(CE_USAGE, "\"%s\" is none of list, show, count, replay (see ce-dead --help)", sub);
	if (n > 2 && !is(sub, "show"))
		ce_die(CE_USAGE, "one argument too many for %s (see ce-dead --help)", sub);
	if (by != NULL && !is(sub, "count"))
		ce_die(CE_USAGE, "--by goes with count, not with %s", sub);
	if (!is(sub, "replay") && (how.max_attempts > 0 || how.give_up != NULL || ce_conf.count > 0))
		ce_die(CE_USAGE, "--take, --count, --max-attempts and --give-up go with replay, not with %s", sub);
	if (how.give_up != NULL && how.max_attempts == 0)
		ce_die(CE_USAGE, "--give-up needs --max-attempts");
	if (how.give_up != NULL && strcmp(how.give_up, file) == 0)
		ce_die(CE_USAGE, "--give-up names the file that is replayed");
}

int
main(int argc, char *argv[])
{
	int first = ce_start(argc, argv, &program), code = CE_OK, end;
	const char *sub = argv[first], *file = argv[first + 1];

	check(sub, file, argc - first);
	if (match != NULL)
		query = ce_sql_need("--match", match);
	if (is(sub, "replay"))
		return replay(file, &how);
	if (is(sub, "list"))
		list(file);
	else if (is(sub, "count"))
		count(file, by != NULL ? by : "reason");
	else
		code = show(file, argv + first + 2, argc - first - 2);
	end = ce_finish();
	return end != CE_OK ? end : code;
}
