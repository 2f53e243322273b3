/* ce-buf -- keep events on disk until they are delivered.
 *
 * An event is acknowledged to those before when it is on disk, whatever becomes
 * of the stages behind; it leaves the disk when it is acknowledged by them.
 * SPDX-License-Identifier: Apache-2.0 */

#include "ce.h"
#include "spool.h"

#define BATCH 2048 /* events that are synced together, if so many are there */

static const char *dir;

static const struct ce_opt opts[] = {
	CE_MUST('d', "dir", &dir, "dir", "directory that holds the events"),
	CE_SIZE(0, "max-bytes", &store_max, "size", 0, 0, "take no more input when so much is held; 0: no limit"),
	CE_SIZE(0, "segment-size", &store_segment, "size", 4096, 1L << 30, "size of a file in the directory"),
	CE_END
};

static const struct ce_program program = {
	"ce-buf", "keep events on disk until they are delivered", CE_RELAY, opts, NULL, 0, 0,
	CE_USE_COMMIT | CE_USE_SPOOL | CE_USE_BATCH
};

static void
take(struct ce_event **evs, int n)
{
	bool caught_up = give_all();
	int i, stored = store(evs, n);

	for (i = 0; i < n; i++) {
		caught_up = caught_up && i < stored && give_stored(evs[i]);
		ce_settle(evs[i], i < stored ? CE_TAKEN : CE_LATER);
	}
}

int
main(int argc, char *argv[])
{
	static struct ce_event *evs[BATCH];
	struct position at;
	int n, code;

	ce_conf.backoff = 50; /* room on a disk comes and goes quickly */
	ce_conf.backoff_max = 1000;
	ce_start(argc, argv, &program);
	if (store_max > 0 && store_segment > store_max / 4)
		store_segment = store_max / 4;
	spool_start(dir, &at);
	give_start(&at);
	ce_commits();
	ce_on_commit(give_commit);
	ce_on_wait(give);
	while ((n = ce_batch(evs, BATCH)) > 0)
		take(evs, n);
	for (;;) {
		give();
		if (give_all() || !ce_running())
			break;
		ce_wait(ce_room() ? 0 : -1);
	}
	code = ce_finish();
	store_close();
	give_end();
	if (code == CE_OK || code == CE_TEMPFAIL) /* else it was said why */
		give_say();
	return code;
}
