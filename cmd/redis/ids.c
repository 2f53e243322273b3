/* ids.c -- which entries of a stream are not finished: a set of their ids.
 *
 * Open addressing; what is dropped moves those behind it up, so that there are no
 * graves.  0-0 is no entry's id, and marks a free place.
 * SPDX-License-Identifier: Apache-2.0 */

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include "src.h"

static struct id *table;
static size_t cap, used; /* cap is a power of two */
static bool held;
static struct id *late; /* dropped while it is held */
static size_t lates, room;

bool
id_parse(struct id *id, const char *text)
{
	char *end;

	errno = 0;
	if (*text < '0' || *text > '9')
		return false;
	id->ms = strtoull(text, &end, 10);
	id->seq = 0;
	if (*end == '-' && end[1] >= '0' && end[1] <= '9')
		id->seq = strtoull(end + 1, &end, 10);
	return *end == '\0' && errno == 0;
}

void
id_print(char out[48], struct id id)
{
	snprintf(out, 48, "%" PRIu64 "-%" PRIu64, id.ms, id.seq);
}

static size_t
place(struct id id)
{
	uint64_t h = (id.ms * 0x9e3779b97f4a7c15u + id.seq) * 0xff51afd7ed558ccdu;

	return (size_t)(h ^ h >> 32) & (cap - 1);
}

static bool
is(const struct id *a, struct id b)
{
	return a->ms == b.ms && a->seq == b.seq;
}

static bool
free_at(size_t i)
{
	return table[i].ms == 0 && table[i].seq == 0;
}

static size_t
find(struct id id)
{
	size_t i = place(id);

	while (!free_at(i) && !is(&table[i], id))
		i = (i + 1) & (cap - 1);
	return i;
}

void
ids_add(struct id id)
{
	struct id *was = table;
	size_t i, n = cap;

	if (2 * used >= cap) {
		cap = cap ? 2 * cap : 1024;
		table = ce_alloc(cap * sizeof(*table));
		for (i = 0; i < n; i++)
			if (was[i].ms != 0 || was[i].seq != 0)
				table[find(was[i])] = was[i];
		free(was);
	}
	i = find(id);
	used += free_at(i);
	table[i] = id;
}

bool
ids_have(struct id id)
{
	return cap > 0 && !free_at(find(id));
}

static void
drop(struct id id)
{
	size_t i, k;

	if (!ids_have(id))
		return;
	used--;
	for (k = i = find(id); ; ) {
		table[i] = (struct id){ 0, 0 };
		do {
			size_t at;

			k = (k + 1) & (cap - 1);
			if (free_at(k))
				return;
			at = place(table[k]);
			if (((k - at) & (cap - 1)) >= ((k - i) & (cap - 1)))
				break;
		} while (true);
		table[i] = table[k];
		i = k;
	}
}

void
ids_drop(struct id id)
{
	if (!held) {
		drop(id);
		return;
	}
	if (lates == room) {
		room = room ? 2 * room : 1024;
		late = ce_realloc(late, room * sizeof(*late));
	}
	late[lates++] = id;
}

void
ids_hold(bool hold)
{
	held = hold;
	while (!held && lates > 0)
		drop(late[--lates]);
}
