/* guard -- memory for secrets: no core dump, no swap, wiped at exit.
 *
 * Pages are shared by small secrets, because mlock counts pages and its limit
 * is low.  Locking is best effort: a secret that could be swapped out is
 * better than a program that cannot start in a container.
 *
 * SPDX-License-Identifier: Apache-2.0 */

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include "ce.h"
#include "guard.h"

struct area {
	struct area *next;
	size_t used, size; /* of the whole mapping, this head included */
};

static struct area *areas;

static void
wipe(void)
{
	struct area *a;

	for (a = areas; a != NULL; a = a->next)
		explicit_bzero(a + 1, a->size - sizeof(*a));
}

static struct area *
area_new(size_t n)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	size_t size = (n + sizeof(struct area) + page - 1) / page * page;
	struct area *a;

	a = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (a == MAP_FAILED)
		ce_die(CE_TEMPFAIL, "cannot map memory for a secret: %m");
	madvise(a, size, MADV_DONTDUMP);
	mlock(a, size);
	if (areas == NULL)
		atexit(wipe);
	*a = (struct area){ areas, sizeof(*a), size };
	areas = a;
	return a;
}

char *
ce_guard(size_t n)
{
	struct area *a = areas;
	char *p;

	n = (n + 15) / 16 * 16;
	while (a != NULL && a->size - a->used < n)
		a = a->next;
	if (a == NULL)
		a = area_new(n);
	p = (char *)a + a->used;
	a->used += n;
	return p;
}
