/* ce-exec -- hand events to a command
 *
 * An event is taken when the command has said so, by exit status 0 or by its
 * answer; that it was given the event says nothing.  Nothing of an event is ever
 * an argument, let alone part of a line that a shell reads.
 * SPDX-License-Identifier: Apache-2.0 */

#include "exec.h"
#include "launch.h"

struct exec_conf exec_conf = { .jobs = 1 };

static const struct ce_opt opts[] = {
	CE_FLAG('d', "data", &exec_conf.data, "give the command only the data of the event"),
	CE_FLAG('f', "filter", &exec_conf.filter, "what the command prints is the event that goes on"),
	CE_NUM('j', "jobs", &exec_conf.jobs, "n", 1, 1000, "commands that run at the same time"),
	CE_FLAG('p', "persistent", &exec_conf.persistent,
	    "the command stays and answers each line with one"),
	CE_END
};

static const struct ce_program program = {
	"ce-exec", "hand events to a command", CE_SINK, opts, "[--] COMMAND [ARG ...]", 1, -1,
	CE_USE_BATCH | CE_USE_INFLIGHT | CE_USE_TIMEOUT | CE_USE_REPLY
};

static void
check(void)
{
	const char *batch = exec_conf.data ? "--data, which has no end" :
	    exec_conf.filter ? "--filter, where each event has its own answer" :
	    "--persistent: use --inflight";

	if (exec_conf.persistent && exec_conf.data)
		ce_die(CE_USAGE, "--data does not go with --persistent: data may hold newlines");
	if (ce_conf.batch > 1 && (exec_conf.data || exec_conf.filter || exec_conf.persistent))
		ce_die(CE_USAGE, "--batch does not go with %s", batch);
	if (ce_conf.inflight > 0 && !exec_conf.persistent)
		ce_die(CE_USAGE, "--inflight goes with --persistent; otherwise it is --jobs");
	if (ce_conf.batch * exec_conf.jobs > 10000000)
		ce_die(CE_USAGE, "--batch %ld times --jobs %ld is too much", ce_conf.batch, exec_conf.jobs);
}

int
main(int argc, char *argv[])
{
	int first;

	ce_conf.batch = 1;
	ce_conf.inflight = 0; /* as it fits */
	first = ce_start(argc, argv, &program);
	check();
	exec_conf.name = argv[first];
	launch_prepare(argv + first);
	ce_conf.reply = exec_conf.filter;
	if (exec_conf.filter)
		ce_stats->role = CE_FILTER;
	return exec_conf.persistent ? stay_run() : once_run();
}
