/* ce-cat -- several inputs into one stream of whole lines.
 *
 * Lines go through byte for byte, each with the return address of its own source:
 * ce-cat itself acknowledges nothing, and whether a line is an event is for the
 * next stage to see.  What is ready is read in turns, a block of each.
 * SPDX-License-Identifier: Apache-2.0 */

#include <sys/resource.h>
#include "input.h"

/* After SIGTERM, as in every filter: see ce(7). */
#define QUIET 1000
#define PATIENCE 10000

static const struct ce_opt opts[] = { CE_END };

static const struct ce_program program = {
	"ce-cat", "merge inputs line by line", CE_FILTER, opts, "input ...", 1, -1, 0
};

static int64_t told_at;

static void
many_descriptors(void)
{
	struct rlimit r;

	if (getrlimit(RLIMIT_NOFILE, &r) == 0) {
		r.rlim_cur = r.rlim_max;
		(void)!setrlimit(RLIMIT_NOFILE, &r);
	}
}

/* The stages before drain as well; but not for ever. */
static bool
patient(void)
{
	int64_t now = ce_now();

	if (told_at == 0)
		told_at = now;
	return now - told_at <= PATIENCE && now - (input_last > told_at ? input_last : told_at) <= QUIET;
}

static void
merge(struct input *inputs, int n)
{
	long wait = -1;

	while (input_open > 0 && !input_refused) {
		if (!ce_pause(wait)) {
			wait = 100;
			if (!patient())
				return;
		}
		for (int i = 0; i < n && !input_refused; i++)
			if (inputs[i].ready)
				input_copy(&inputs[i]);
	}
}

int
main(int argc, char *argv[])
{
	int first = ce_start(argc, argv, &program), n = argc - first;
	struct input *inputs = ce_alloc((size_t)n * sizeof(*inputs));

	many_descriptors();
	for (int i = 0; i < n; i++)
		input_start(inputs, i, argv[first + i]);
	merge(inputs, n);
	for (int i = 0; i < n; i++)
		input_leave(&inputs[i]);
	return ce_finish();
}
