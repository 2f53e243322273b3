/* ce-tee -- give each event to several pipelines, and acknowledge what all of them
 * have finished.
 * SPDX-License-Identifier: Apache-2.0 */

#include <stdlib.h>
#include <string.h>
#include "branch.h"

#define MOST 1000 /* branches */

enum { COPY, KEY, ROUND };
static int spread;
static struct ce_list routes;
static bool all, keep_going;
static long buffer = 8L << 20;

static const struct ce_opt opts[] = {
	CE_FLAG('a', "all", &all, "with --route: to each branch whose expression holds"),
	CE_SIZE(0, "buffer", &buffer, "size", 262144, 1L << 30,
	    "what is kept in memory for a slow branch before the others wait for it"),
	CE_FLAG('k', "keep-going", &keep_going,
	    "when a branch dies, its events go to the dead letters"),
	CE_LIST('r', "route", &routes, "expression", "what the branch of the same place takes, in CESQL"),
	CE_CHOICE('s', "spread", &spread, "none|key|roundrobin",
	    "each event to one of several copies of a command"),
	CE_END
};

static const struct ce_program program = {
	"ce-tee", "give each event to several pipelines", CE_RELAY, opts, "BRANCH ...", 1, -1,
	CE_USE_COMMIT
};

static struct branch *branches;
static int n;
static struct ce_template *key;

/* The operands of --spread: [TEMPLATE] N COMMAND. */
static void
copies(int argc, char *argv[])
{
	int at = spread == KEY;
	const char *why;
	char *end = "";
	long want = argc > at ? strtol(argv[at], &end, 10) : 0;

	if (routes.n > 0)
		ce_die(CE_USAGE, "--spread and --route exclude each other (see ce-tee --help)");
	if (argc != at + 2)
		ce_die(CE_USAGE, "--spread %s takes %sN COMMAND (see ce-tee --help)",
		    at ? "key" : "roundrobin", at ? "TEMPLATE " : "");
	if (*end != '\0' || want < 1 || want > MOST)
		ce_die(CE_USAGE, "--spread: \"%s\" is no number from 1 to %d", argv[at], MOST);
	if (at && (key = ce_template_new(argv[0], &why)) == NULL)
		ce_die(CE_USAGE, "--spread: \"%s\": %s", argv[0], why);
	n = (int)want;
	branches = ce_alloc((size_t)n * sizeof(*branches));
	for (int i = 0; i < n; i++)
		branches[i].command = argv[at + 1];
}

static void
commands(int argc, char *argv[])
{
	if (argc > MOST)
		ce_die(CE_USAGE, "more than %d branches", MOST);
	if (all && routes.n == 0)
		ce_die(CE_USAGE, "--all needs --route (see ce-tee --help)");
	if (routes.n > 0 && routes.n != argc && routes.n != argc - 1)
		ce_die(CE_USAGE, "%d routes for %d branches: each needs one, "
		    "and one more branch may take the rest", routes.n, argc);
	n = argc;
	branches = ce_alloc((size_t)n * sizeof(*branches));
	for (int i = 0; i < n; i++) {
		branches[i].command = argv[i];
		if (i < routes.n)
			branches[i].route = ce_sql_need("--route", routes.v[i]);
	}
}

static bool
holds(struct branch *b, struct ce_event *ev)
{
	static unsigned told;
	unsigned errors, bit;
	bool yes = ce_sql_holds(b->route, ev, &errors);
	struct ce_str id = { "", 0 };

	for (bit = 1; (errors & ~told) != 0 && bit <= CE_SQL_ALL; bit <<= 1)
		if ((errors & ~told & bit) != 0) {
			ce_attr(ev, CE_AT_ID, &id);
			ce_note("%s: event %.*s: %s: %s (told once)", b->name, (int)id.len, id.p,
			    ce_sql_error_name(bit), ce_sql_reason(b->route, bit));
			told |= bit;
		}
	return yes;
}

/* To the first that takes it, or to all of them; the last branch may be without a
 * route, for the others. */
static void
route(struct ce_event *ev)
{
	bool taken = false;

	for (int i = 0; i < routes.n && (all || !taken); i++)
		if (holds(&branches[i], ev)) {
			branch_give(&branches[i], ev);
			taken = true;
		}
	if (!taken && routes.n < n)
		branch_give(&branches[n - 1], ev);
}

static int
by_key(struct ce_event *ev)
{
	static struct ce_buf text;
	uint64_t h = 14695981039346656037u;

	ce_buf_reset(&text);
	ce_template_fill(key, ev, CE_ESC_NONE, &text);
	for (size_t i = 0; i < text.len; i++)
		h = (h ^ (unsigned char)text.p[i]) * 1099511628211u;
	return (int)((h >> 32) % (uint64_t)n);
}

/* The next that has room; if none has, the next. */
static int
in_turn(void)
{
	static int last = -1;

	for (int i = 1; i <= n; i++) {
		int at = (last + i) % n;

		if (!branches[at].lost && ce_down_room(branches[at].down))
			return last = at;
	}
	return last = (last + 1) % n;
}

/* A branch that is lost leaves its share to the one behind it. */
static void
give_one(struct ce_event *ev)
{
	int at = spread == KEY ? by_key(ev) : in_turn();

	for (int i = 0; i < n && branches[at].lost; i++)
		at = (at + 1) % n;
	branch_give(&branches[at], ev);
}

static void
give_all(struct ce_event *ev)
{
	for (int i = 0; i < n; i++)
		branch_give(&branches[i], ev);
}

static int
finish(void)
{
	int code, its;

	for (int i = 0; i < n; i++)
		branch_finishing(&branches[i]);
	code = ce_finish();
	for (int i = 0; i < n; i++)
		if ((its = branch_wait(&branches[i])) != CE_OK && (code == CE_OK || code == CE_TEMPFAIL))
			code = its;
	return code;
}

int
main(int argc, char *argv[])
{
	struct ce_event *ev;
	int first = ce_start(argc, argv, &program);

	if (keep_going && ce_conf.dead_letter == NULL)
		ce_die(CE_USAGE, "--keep-going needs --dead-letter (see ce-tee --help)");
	(spread != COPY ? copies : commands)(argc - first, argv + first);
	for (int i = 0; i < n; i++) {
		branches[i].keep_going = keep_going;
		branch_start(&branches[i], i + 1, (size_t)buffer);
	}
	while ((ev = ce_next()) != NULL) {
		(spread != COPY ? give_one : routes.n > 0 ? route : give_all)(ev);
		ce_settle(ev, CE_TAKEN);
	}
	return finish();
}
