/* fuzz-seen -- the state file of ce-dedup: any bytes, and a good file that the
 * input damages: what is read from it was written, in that order.
 * needs: cmd/dedup/block.c cmd/dedup/siphash.c
 *
 * SPDX-License-Identifier: Apache-2.0 */

#include <string.h>
#include "ce.h"
#include "fuzz.h"
#include "../../cmd/dedup/log.h"

#define BLOCKS 6

static uint32_t before, given;

static void
any(void *arg, const struct seen_id *id, int64_t time)
{
	(void)arg;
	(void)time;
	given += id->w[0] != 1;
}

static void
ours(void *arg, const struct seen_id *id, int64_t time)
{
	(void)arg;
	must(time == 5 && id->w[0] == 7 && id->w[2] == 9);
	must(id->w[1] > before && id->w[1] <= BLOCKS * LOG_IDS);
	before = id->w[1];
	given++;
}

static size_t
good(struct log_block *b)
{
	uint32_t id = 1;

	memset(b, 0, BLOCKS * sizeof(*b));
	for (uint64_t i = 0; i < BLOCKS; i++) {
		b[i].seq = i + 100;
		b[i].time = 5;
		for (b[i].n = 0; b[i].n < (i == BLOCKS - 1 ? 3 : LOG_IDS); b[i].n++)
			b[i].ids[b[i].n] = (struct seen_id){ { 7, id++, 9 } };
		log_seal(&b[i]);
	}
	return BLOCKS * sizeof(*b);
}

/* Four bytes each: where, where, what, how. */
static void
harm(char *file, size_t *n, const uint8_t *p, size_t size)
{
	bool hit[BLOCKS] = { false };
	uint32_t want = 0;

	for (; size >= 4; p += 4, size -= 4) {
		size_t at = (size_t)(p[0] | p[1] << 8) % *n;

		if (p[3] == 255 && at > 0)
			*n = at;
		else if (p[2] != 0)
			file[at] ^= (char)p[2];
		hit[at / LOG_BLOCK] = true;
	}
	for (size_t i = 0; i < *n / LOG_BLOCK; i++)
		want += hit[i] ? 0 : i == BLOCKS - 1 ? 3 : LOG_IDS;
	before = want; /* at least so many must be given */
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t size)
{
	static struct log_block file[BLOCKS], last;
	struct log_block *copy = ce_alloc(size + sizeof(*copy));
	size_t n = good(file);
	uint32_t want;

	memcpy(copy, p, size);
	log_parse(copy, size, 1 + size % 7, &last, any, NULL);
	log_ours(copy, size);
	free(copy);
	harm((char *)file, &n, p, size);
	want = before;
	before = given = 0;
	log_parse(file, n, 1000, &last, ours, NULL);
	must(given >= want);
	return 0;
}
