/* pool.c -- the files of a template, by name; those that are open are few.
 *
 * An entry lives while its file is open or events of the batch wait for it
 * (first >= 0), so neither the number of names ever seen nor a full directory
 * of them costs memory.  Between batches no file has anything pending: the
 * least recently used can be closed at any time.
 * SPDX-License-Identifier: Apache-2.0 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "pool.h"

#define BUCKETS 4096

long pool_max = 256;

static struct out *buckets[BUCKETS];
static struct out *newest, *oldest; /* of the open ones */
static long nopen;

static struct out **
bucket(const char *path)
{
	uint32_t h = 2166136261u;

	for (; *path != '\0'; path++)
		h = (h ^ (unsigned char)*path) * 16777619u;
	return &buckets[(h ^ h >> 16) % BUCKETS];
}

struct out *
pool_get(const char *path)
{
	struct out **b = bucket(path), *o;

	for (o = *b; o != NULL; o = o->chain)
		if (strcmp(o->path, path) == 0)
			return o;
	o = CE_NEW(struct out);
	o->path = ce_strdup(path);
	o->fd = -1;
	o->base = -1;
	o->first = -1;
	o->chain = *b;
	return *b = o;
}

static void
forget(struct out *o)
{
	struct out **p;

	for (p = bucket(o->path); *p != o; p = &(*p)->chain)
		;
	*p = o->chain;
	free(o->path);
	free(o);
}

static void
unlist(struct out *o)
{
	if (!o->listed)
		return;
	*(o->newer != NULL ? &o->newer->older : &newest) = o->older;
	*(o->older != NULL ? &o->older->newer : &oldest) = o->newer;
	o->listed = false;
	nopen--;
}

static void
list(struct out *o)
{
	o->newer = NULL;
	o->older = newest;
	*(newest != NULL ? &newest->newer : &oldest) = o;
	newest = o;
	o->listed = true;
	nopen++;
}

static void
close_oldest(void)
{
	struct out *o = oldest;

	unlist(o);
	out_close(o);
	if (o->first < 0)
		forget(o);
}

enum ce_verdict
pool_begin(struct out *o)
{
	enum ce_verdict v;

	unlist(o);
	while (o->fd < 0 && nopen >= pool_max)
		close_oldest();
	while ((v = out_begin(o)) != CE_TAKEN && oldest != NULL &&
	    (o->err == EMFILE || o->err == ENFILE))
		close_oldest();
	return v;
}

void
pool_end(struct out *o)
{
	out_end(o);
	o->first = -1;
	if (o->fd >= 0)
		list(o);
	else
		forget(o);
}

/* fn ends with pool_end, which makes its file the newest, or closed. */
void
pool_each(enum ce_verdict (*fn)(struct out *o))
{
	for (long n = nopen; n > 0 && oldest != NULL; n--)
		fn(oldest);
}

void
pool_close(void)
{
	while (oldest != NULL)
		close_oldest();
}
