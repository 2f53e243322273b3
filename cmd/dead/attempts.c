/* attempts.c -- how often an event was tried in all.
 *
 * An event that is sent again carries nothing of its past, so what is known of it
 * is kept beside the file, under a hash of source and id: lines of hash and
 * number.  An event that is delivered leaves no letter; its record goes at the
 * end of the next replay that has seen all letters.
 * SPDX-License-Identifier: Apache-2.0 */

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "attempts.h"

#define MOST 1000000000

static struct record {
	struct attempts_key k;
	long n;    /* 0: free, or asked for and never sent */
	bool seen;
} *table;
static size_t cap, used;
static struct ce_state *state;
static char *path;
static bool changed;

static struct record *
place(struct attempts_key k)
{
	size_t i = k.h[0] & (cap - 1);

	while ((table[i].k.h[0] | table[i].k.h[1]) != 0 && memcmp(&table[i].k, &k, sizeof(k)) != 0)
		i = (i + 1) & (cap - 1);
	return &table[i];
}

static void
grow(void)
{
	struct record *old = table;
	size_t n = cap;

	cap = n > 0 ? 2 * n : 1024;
	table = ce_alloc(cap * sizeof(*table));
	for (size_t i = 0; i < n; i++)
		if ((old[i].k.h[0] | old[i].k.h[1]) != 0)
			*place(old[i].k) = old[i];
	free(old);
}

static struct record *
get(struct attempts_key k)
{
	struct record *r;

	if (2 * used >= cap)
		grow();
	r = place(k);
	if ((r->k.h[0] | r->k.h[1]) == 0) {
		r->k = k;
		used++;
	}
	return r;
}

struct attempts_key
attempts_key(struct ce_str source, struct ce_str id)
{
	static struct ce_buf text;
	struct attempts_key k;
	unsigned char sum[32];

	ce_buf_reset(&text);
	ce_buf_str(&text, source);
	ce_buf_putc(&text, '\n'); /* no attribute holds one */
	ce_buf_str(&text, id);
	ce_sha256(text.p, text.len, sum);
	memcpy(&k, sum, sizeof(k));
	return k;
}

long
attempts_of(struct attempts_key k)
{
	struct record *r = get(k);

	r->seen = true;
	return r->n;
}

void
attempts_set(struct attempts_key k, long n)
{
	struct record *r = get(k);

	r->seen = true;
	changed = changed || r->n != n;
	r->n = n < MOST ? n : MOST;
}

static bool
half(const char *p, uint64_t *v)
{
	*v = 0;
	for (int i = 0; i < 16; i++) {
		if (!(p[i] >= '0' && p[i] <= '9') && !(p[i] >= 'a' && p[i] <= 'f'))
			return false;
		*v = *v << 4 | (uint64_t)(p[i] <= '9' ? p[i] - '0' : p[i] - 'a' + 10);
	}
	return true;
}

static void
load(const char *p)
{
	struct attempts_key k;
	char *end;
	long n;

	while (half(p, &k.h[0]) && half(p + 16, &k.h[1]) && p[32] == ' ') {
		n = strtol(p + 33, &end, 10);
		if (*end != '\n')
			break;
		if (n > 0)
			get(k)->n = n < MOST ? n : MOST;
		p = end + 1;
	}
	if (*p != '\0')
		ce_die(CE_CONFIG, "cannot use %s: it is no record of attempts", path);
}

void
attempts_open(const char *of)
{
	struct ce_buf text = { 0 };

	ce_buf_printf(&text, "%s.attempts", of);
	path = ce_buf_take(&text);
	state = ce_state_open(path, &text);
	load(text.p);
	ce_buf_free(&text);
}

bool
attempts_save(void)
{
	struct ce_buf text = { 0 };
	bool ok;

	if (state == NULL || !changed)
		return true;
	ce_buf_reset(&text);
	for (size_t i = 0; i < cap; i++)
		if (table[i].n > 0)
			ce_buf_printf(&text, "%016" PRIx64 "%016" PRIx64 " %ld\n", table[i].k.h[0],
			    table[i].k.h[1], table[i].n);
	ok = ce_state_write(state, text.p, text.len);
	ce_buf_free(&text);
	changed = !ok;
	return ok;
}

bool
attempts_close(bool all)
{
	bool any = false, ok;

	if (state == NULL)
		return true;
	for (size_t i = 0; i < cap; i++) {
		if (all && table[i].n > 0 && !table[i].seen) {
			table[i].n = 0;
			changed = true;
		}
		any = any || table[i].n > 0;
	}
	ok = attempts_save();
	if (!any)
		unlink(path);
	ce_state_close(state);
	free(table);
	free(path);
	state = NULL;
	table = NULL;
	cap = used = 0;
	return ok;
}
