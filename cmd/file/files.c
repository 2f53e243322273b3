/* files -- the table of files by identity, the queue of those to read, and the
 * events on their way.
 *
 * The library settles events in the order in which they were emitted, so a
 * ring of (file, end offset) is all that is needed to know how far each file is
 * finished.  A struct file lives while the table, the queue or the ring refers
 * to it.
 * SPDX-License-Identifier: Apache-2.0 */

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "files.h"

struct mark {
	struct file *file;
	uint64_t end;
};

struct files_how files_how;
bool files_failed, files_changed;

static struct file **all, **buckets;
static size_t nall, capall, nbuckets;
static struct file *head, *tail;
static struct mark *ring;
static size_t first, nring, capring;

/* A multiply and a shift for eight bytes: ids need it to be fast and to
 * scatter, nobody gains by making two lines of a file collide. */
uint64_t
files_hash(uint64_t seed, const void *p, size_t n)
{
	const uint64_t k = 0x9fb21c651e98df25u;
	const char *q = p;
	uint64_t h = (seed ^ n) * k, w;

	for (; n >= 8; q += 8, n -= 8) {
		memcpy(&w, q, 8);
		h = (h ^ w) * k;
		h ^= h >> 32;
	}
	w = 0;
	if (n > 0)
		memcpy(&w, q, n);
	h = (h ^ w ^ ((uint64_t)n << 56)) * k;
	h ^= h >> 29;
	h *= 0xbf58476d1ce4e5b9u;
	return h ^ h >> 32;
}

static struct file **
bucket(dev_t dev, ino_t ino)
{
	uint64_t key[2] = { dev, ino };

	return &buckets[files_hash(0, key, sizeof(key)) & (nbuckets - 1)];
}

struct file *
files_find(dev_t dev, ino_t ino)
{
	struct file *f;

	if (nbuckets == 0)
		return NULL;
	for (f = *bucket(dev, ino); f != NULL; f = f->bucket)
		if (f->ino == ino && f->dev == dev)
			return f;
	return NULL;
}

static void
hang(struct file *f)
{
	struct file **b = bucket(f->dev, f->ino);

	f->bucket = *b;
	*b = f;
}

static void
grow(void)
{
	if (nall == capall) {
		capall = capall ? 2 * capall : 16;
		all = ce_realloc(all, capall * sizeof(struct file *));
		free(buckets);
		nbuckets = 2 * capall;
		buckets = ce_alloc(nbuckets * sizeof(struct file *));
		for (size_t i = 0; i < nall; i++)
			hang(all[i]);
	}
}

struct file *
files_add(dev_t dev, ino_t ino, const char *path)
{
	struct file *f = CE_NEW(struct file);

	f->dev = dev;
	f->ino = ino;
	f->path = ce_strdup(path);
	f->fd = f->wd = -1;
	f->known = true;
	f->seen = (int64_t)time(NULL);
	grow();
	f->index = nall;
	all[nall++] = f;
	hang(f);
	return f;
}

static void
release(struct file *f)
{
	if (f->known || f->queued || f->open > 0)
		return;
	for (size_t i = 0; f->awaited && i < nall; i++)
		if (all[i]->after == f)
			all[i]->after = NULL;
	free(f->path);
	free(f->name);
	free(f->source);
	free(f);
}

void
files_drop(struct file *f)
{
	struct file **b;

	for (b = bucket(f->dev, f->ino); *b != f; b = &(*b)->bucket)
		;
	*b = f->bucket;
	all[f->index] = all[--nall];
	all[f->index]->index = f->index;
	f->known = false;
	files_changed = true;
	release(f);
}

size_t
files_count(void)
{
	return nall;
}

struct file *
files_get(size_t i)
{
	return all[i];
}

void
files_ready(struct file *f)
{
	if (f->queued)
		return;
	f->queued = true;
	f->next = NULL;
	if (tail != NULL)
		tail->next = f;
	else
		head = f;
	tail = f;
}

static struct file *
unqueue(void)
{
	struct file *f = head;

	if ((head = f->next) == NULL)
		tail = NULL;
	f->queued = false;
	return f;
}

/* Each gets a block in turn, so that a long file does not hold up the others;
 * but who follows another under the same name waits for it. */
struct file *
files_turn(void)
{
	for (struct file *f, *stop = NULL; head != NULL;) {
		f = unqueue();
		if (f->fd == -1) {
			release(f);
			continue;
		}
		if (f->after != NULL && f->after->queued && f != stop) {
			if (stop == NULL)
				stop = f;
			files_ready(f);
			continue;
		}
		f->after = NULL;
		return f;
	}
	return NULL;
}

static void
widen(void)
{
	size_t cap = capring ? 2 * capring : 256;
	struct mark *r = ce_alloc(cap * sizeof(*r));

	for (size_t i = 0; i < nring; i++)
		r[i] = ring[(first + i) & (capring - 1)];
	free(ring);
	ring = r;
	capring = cap;
	first = 0;
}

void
files_sent(struct file *f, uint64_t end)
{
	if (nring == capring)
		widen();
	ring[(first + nring++) & (capring - 1)] = (struct mark){ f, end };
	f->open++;
}

void
files_settled(void *unused, enum ce_verdict v)
{
	struct mark *m = &ring[first];
	struct file *f = m->file;

	(void)unused;
	first = (first + 1) & (capring - 1);
	nring--;
	f->open--;
	if (v == CE_TAKEN || v == CE_NEVER) {
		f->done = m->end;
		files_changed = true;
	}
	if (!f->known)
		release(f);
}
