/* log.c -- the state file: the ids of finished events, the latest over the oldest.
 *
 * The file is a ring of blocks, block seq in place seq % blocks, so it is never
 * longer than what is remembered, and nothing is written twice but the block
 * that is not full.  Blocks are written when their events were finished and before
 * these are acknowledged to the stages before; to the disk they go at intervals.
 * SPDX-License-Identifier: Apache-2.0 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include "ce.h"
#include "log.h"

#define TOGETHER 64   /* blocks written at once */
#define GRAINS 64     /* a block holds ids of a part of the time */

static struct ce_state *state;
static size_t blocks;           /* in the file */
static int64_t grain;           /* 0: time is of no concern */
static struct log_block *tail;  /* to be written, with consecutive numbers */
static size_t ntail, room;
static int64_t begun;           /* when the last of tail was */
static bool dirty, synced = true, failed;

struct loading {
	struct seen *seen;
	int64_t now, real, before; /* monotonic, CLOCK_REALTIME, of the id before */
};

static int64_t
real_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static void
load(void *arg, const struct seen_id *id, int64_t time)
{
	struct loading *l = arg;
	int64_t age = time < l->real ? l->real - time : 0, at = l->now - age;

	if (at < l->before)
		at = l->before;
	l->before = at;
	if (!seen_has(l->seen, id))
		seen_add(l->seen, id, at);
}

/* An empty block behind b. */
static struct log_block
behind(const struct log_block *b, int64_t time)
{
	struct log_block new = { .seq = b->seq + 1, .time = time };

	memcpy(new.key, b->key, sizeof(new.key));
	return new;
}

static void
begin_block(void)
{
	if (ntail == room) {
		room *= 2;
		tail = ce_realloc(tail, room * sizeof(*tail));
	}
	tail[ntail] = behind(&tail[ntail - 1], 0);
	ntail++;
	begun = ce_now();
}

/* ---- another size than the file was made for: it is made anew ---- */

static bool
misplaced(const struct log_block *p, size_t n, size_t most)
{
	for (size_t i = 0; i < n; i++)
		if (memcmp(p[i].key, tail->key, sizeof(tail->key)) == 0 &&
		    p[i].seq <= tail->seq && p[i].seq + most > tail->seq && p[i].seq % blocks != i)
			return true;
	return false;
}

static void
collect(void *arg, const struct seen_id *id, int64_t time)
{
	struct ce_buf *out = arg;
	struct log_block *b = (void *)(out->p + out->len - LOG_BLOCK), new;

	if (b->n == LOG_IDS || (b->time != time && grain > 0)) {
		new = behind(b, time);
		ce_buf_add(out, &new, sizeof(new));
		b = (void *)(out->p + out->len - LOG_BLOCK);
	}
	b->time = time;
	b->ids[b->n++] = *id;
}

static void
lay_anew(const char *path, const void *p, size_t n, size_t most)
{
	struct log_block first = behind(tail, 0), *b;
	struct ce_buf out = { 0 };
	size_t count, skip;

	ce_buf_add(&out, &first, sizeof(first)); /* stays empty where times differ */
	log_parse(p, n, most, &first, collect, &out);
	b = (void *)out.p;
	count = out.len / LOG_BLOCK;
	skip = count > blocks ? count - blocks : b->n == 0;
	for (size_t i = skip; i < count; i++) {
		b[i].seq = blocks + i - skip;
		log_seal(&b[i]);
	}
	if (!ce_state_write(state, b + skip, (count - skip) * LOG_BLOCK))
		ce_die(CE_CONFIG, "cannot write %s: %m", path);
	*tail = b[count - 1];
	ce_buf_free(&out);
}

/* ---- */

static void
read_file(const char *path, const void *p, size_t n, struct seen *seen)
{
	struct loading l = { seen, ce_now(), real_now(), INT64_MIN };
	size_t most = n / LOG_BLOCK > blocks ? n / LOG_BLOCK : blocks;

	if (!log_ours(p, n))
		ce_die(CE_CONFIG, "cannot use %s: it is no state file of this program", path);
	if (!log_parse(p, n, most, tail, load, &l))
		return;
	seen_expire(seen, l.now);
	if (misplaced(p, n / LOG_BLOCK, most))
		lay_anew(path, p, n, most);
}

void
log_open(const char *path, struct seen *seen, size_t ids, int64_t ms, uint8_t key[16])
{
	struct stat st;
	void *p;

	blocks = log_blocks(ids);
	grain = ms / GRAINS;
	room = TOGETHER;
	tail = ce_alloc(room * sizeof(*tail));
	ce_random(tail->key, sizeof(tail->key));
	tail->seq = blocks - 1; /* the next one has the first place */
	state = ce_state_open(path, NULL);
	if (fstat(ce_state_fd(state), &st) == -1)
		ce_die(CE_CONFIG, "cannot look at %s: %m", path);
	if (st.st_size > 0) {
		p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, ce_state_fd(state), 0);
		if (p == MAP_FAILED)
			ce_die(CE_CONFIG, "cannot read %s: %m", path);
		read_file(path, p, (size_t)st.st_size, seen);
		munmap(p, (size_t)st.st_size);
	}
	/* a block that is not full is gone on with, but where time counts */
	if (tail->n == 0 || tail->n == LOG_IDS || ms > 0)
		*tail = behind(tail, 0);
	ntail = 1;
	begun = ce_now();
	memcpy(key, tail->key, sizeof(tail->key));
}

static bool
over(const struct log_block *b)
{
	return b->n == LOG_IDS || (grain > 0 && b->n > 0 && ce_now() - begun > grain);
}

void
log_add(const struct seen_id *id)
{
	if (ntail >= TOGETHER && over(&tail[ntail - 1]))
		log_write();
	if (over(&tail[ntail - 1]))
		begin_block();
	tail[ntail - 1].ids[tail[ntail - 1].n++] = *id;
	dirty = true;
}

static bool
write_at(uint64_t place, const void *from, size_t n)
{
	off_t at = (off_t)place * LOG_BLOCK;
	const char *p = from;
	ssize_t k;

	for (; n > 0; p += k, n -= (size_t)k, at += k) {
		k = pwrite(ce_state_fd(state), p, n, at);
		if (k == -1 && errno != EINTR)
			return false;
		if (k == -1)
			k = 0;
	}
	return true;
}

/* Those that cannot be written stay; the window of unfinished and uncommitted
 * events bounds them. */
static bool
write_tail(void)
{
	int64_t time = real_now();
	size_t i, run;

	for (i = 0; i < ntail; i++) {
		tail[i].time = time;
		log_seal(&tail[i]);
	}
	for (i = 0; i < ntail; i += run) {
		uint64_t place = tail[i].seq % blocks;

		run = ntail - i < blocks - place ? ntail - i : blocks - place;
		if (!write_at(place, &tail[i], run * LOG_BLOCK))
			return false;
	}
	tail[0] = tail[ntail - 1];
	ntail = 1;
	if (tail->n == LOG_IDS) {
		*tail = behind(tail, 0);
		begun = ce_now();
	}
	dirty = synced = false;
	return true;
}

void
log_write(void)
{
	if (dirty && !failed)
		failed = !write_tail();
}

bool
log_sync(void)
{
	failed = (dirty && !write_tail()) || (!synced && !ce_state_sync(state));
	synced = !failed;
	return synced;
}

void
log_close(void)
{
	ce_state_close(state);
	state = NULL;
	free(tail);
	tail = NULL;
	dirty = failed = false;
	synced = true;
}
