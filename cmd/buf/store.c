/* store.c -- events into the newest segment.
 *
 * Nothing counts before its fdatasync has returned.  Where one fails nobody can
 * tell what is on disk, and a second one might succeed without having written
 * anything: what followed the last good one is cut off, and a new segment begun.
 * SPDX-License-Identifier: Apache-2.0 */

#include <errno.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>
#include "record.h"
#include "spool.h"

#define CHUNK 512 /* events in a write */

long store_segment = 64L << 20, store_max;

static struct segment *at;
static int fd = -1;
static bool fresh;      /* its name is not yet durable */
static uint64_t end;    /* written; at->size of it are synced */
static uint32_t number; /* of the next record */

const struct segment *
store_at(void)
{
	return at;
}

void
store_close(void)
{
	if (at != NULL)
		close(fd);
	at = NULL;
	end = 0;
}

static uint64_t
size(const struct ce_event *ev)
{
	return RECORD_HEAD + ev->len;
}

static bool
begin(void)
{
	fd = spool_make(&at);
	if (fd == -1) {
		ce_later("cannot make a new segment: %s", strerror(errno));
		return false;
	}
	fresh = true;
	end = number = 0;
	return true;
}

static bool
sync_all(void)
{
	if (at == NULL || end == at->size)
		return true;
	if (fdatasync(fd) == 0 && (!fresh || spool_sync_dir())) {
		fresh = false;
		spool_grown(at, end);
		return true;
	}
	ce_later("cannot sync %s: %s", spool_path(at->no), strerror(errno));
	(void)!ftruncate(fd, (off_t)at->size);
	store_close();
	return false;
}

/* Is there a limit, and more than so many bytes would exceed it? */
static bool
exceeds(uint64_t bytes)
{
	return store_max > 0 && spool_bytes() + bytes > (uint64_t)store_max;
}

/* Makes room where only what is finished takes it up.  An event that is larger
 * than the limit goes alone. */
static bool
fits(const struct ce_event *ev)
{
	uint64_t more = end - (at != NULL ? at->size : 0) + size(ev);

	if (!exceeds(more))
		return true;
	if (at != NULL && end == at->size && at->open == 0 && at == spool_first() && give_all()) {
		store_close();
		give_end();
	}
	if (spool_bytes() == 0 && end == 0)
		return true;
	ce_later("the spool is full: --max-bytes");
	return false;
}

/* How many of them go into this segment. */
static int
chunk(struct ce_event **evs, int n)
{
	uint64_t bytes = end + size(evs[0]);
	int k = 1;

	while (k < n && k < CHUNK && bytes + size(evs[k]) <= (uint64_t)store_segment &&
	    !exceeds(bytes + size(evs[k]) - at->size))
		bytes += size(evs[k++]);
	return k;
}

static bool
append(struct ce_event **evs, int n)
{
	static unsigned char heads[CHUNK][RECORD_HEAD];
	static struct iovec v[2 * CHUNK];
	ssize_t want = 0, k;
	int i;

	for (i = 0; i < n; i++) {
		record_head(heads[i], number + (uint32_t)i, evs[i]->text, evs[i]->len);
		v[2 * i] = (struct iovec){ heads[i], RECORD_HEAD };
		v[2 * i + 1] = (struct iovec){ evs[i]->text, evs[i]->len };
		want += (ssize_t)size(evs[i]);
	}
	k = pwritev(fd, v, 2 * n, (off_t)end);
	if (k == want) {
		end += (uint64_t)want;
		number += (uint32_t)n;
		return true;
	}
	ce_later("cannot write %s: %s", spool_path(at->no), strerror(k == -1 ? errno : ENOSPC));
	(void)!ftruncate(fd, (off_t)end);
	return false;
}

int
store(struct ce_event **evs, int n)
{
	int put = 0, safe = 0, k;

	while (put < n) {
		if (at != NULL && end > 0 && end + size(evs[put]) > (uint64_t)store_segment) {
			if (!sync_all())
				return safe;
			safe = put;
			store_close();
		}
		if (!fits(evs[put]) || (at == NULL && !begin()))
			break;
		k = chunk(evs + put, n - put);
		if (!append(evs + put, k))
			break;
		put += k;
	}
	return sync_all() ? put : safe;
}
