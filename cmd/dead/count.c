/* count.c -- ce-dead count: how many letters there are of each kind, most first.
 * SPDX-License-Identifier: Apache-2.0 */

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "dead.h"

#define VALUE 300 /* bytes that are shown, and compared */

struct kind {
	char *value;
	unsigned long n;
};

static struct kind *kinds; /* open addressing; value NULL: free */
static size_t cap, used;

static uint64_t
hash(const char *p)
{
	uint64_t h = 14695981039346656037u;

	while (*p != '\0')
		h = (h ^ (unsigned char)*p++) * 1099511628211u;
	return h;
}

static struct kind *
place(const char *value)
{
	size_t i = hash(value) & (cap - 1);

	while (kinds[i].value != NULL && strcmp(kinds[i].value, value) != 0)
		i = (i + 1) & (cap - 1);
	return &kinds[i];
}

static void
grow(void)
{
	struct kind *old = kinds;
	size_t n = cap;

	cap = n > 0 ? 2 * n : 256;
	kinds = ce_alloc(cap * sizeof(*kinds));
	for (size_t i = 0; i < n; i++)
		if (old[i].value != NULL)
			*place(old[i].value) = old[i];
	free(old);
}

static void
add(const char *value)
{
	struct kind *k;

	if (2 * used >= cap)
		grow();
	k = place(value);
	if (k->value == NULL) {
		k->value = ce_strdup(value);
		used++;
	}
	k->n++;
}

static int
most_first(const void *a, const void *b)
{
	const struct kind *x = a, *y = b;

	if (x->value == NULL || y->value == NULL)
		return (x->value == NULL) - (y->value == NULL);
	return x->n != y->n ? (x->n < y->n ? 1 : -1) : strcmp(x->value, y->value);
}

static void
print(void)
{
	char text[32];
	int digits;

	qsort(kinds, cap, sizeof(*kinds), most_first);
	digits = used > 0 ? snprintf(text, sizeof(text), "%lu", kinds[0].n) : 0;
	for (size_t i = 0; i < used && ce_running(); i++) {
		ce_print(text, (size_t)snprintf(text, sizeof(text), "%*lu  ", digits, kinds[i].n));
		ce_print(kinds[i].value, strlen(kinds[i].value));
		ce_print("\n", 1);
	}
}

void
count(const char *path, const char *by)
{
	static struct ce_buf value;
	struct letters l;

	letters_open(&l, path, O_RDONLY);
	while (ce_running() && letters_next(&l)) {
		if (!matches(&l))
			continue;
		ce_buf_reset(&value);
		if (l.wrong != NULL)
			ce_buf_puts(&value, "(no event)");
		else
			add_cell(&value, letter_get(&l, by), VALUE);
		add(value.p);
	}
	letters_close(&l);
	if (cap > 0)
		print();
}
