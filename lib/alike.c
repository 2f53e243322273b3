/* alike.c -- an event that is built as the last one was.
 *
 * The events of a stream have mostly the same names in the same order, and some
 * the same values.  What is equal byte by byte was found valid before, and lies
 * where it lay, moved by what differs before it; only values that differ are
 * scanned.  Anything else is left to the scanner.
 * SPDX-License-Identifier: Apache-2.0 */

#include <string.h>
#include "scan.h"

#define TEXT 2048  /* bytes of it that are kept */
#define LONG 256   /* a longer value is not compared */
#define DRIFT 8    /* events after which another one is kept */

/* A member with what stands before it: head up to its value. */
static struct part {
	uint16_t at, head, whole; /* in text; whole 0: the value is long */
	struct ce_member m;
	uint32_t from;            /* where it began in its event */
} parts[CE_INLINE];
static char text[TEXT];
static uint16_t tail, ntail; /* what stands behind the last value */
static int n;                /* 0: there is none */
static int drift, misses;

void
ce_alike_forget(void)
{
	n = 0;
}

static bool
put(uint16_t *used, const char *p, size_t len)
{
	if (len > (size_t)TEXT - *used)
		return false;
	memcpy(text + *used, p, len);
	*used = (uint16_t)(*used + len);
	return true;
}

static bool
is_data(const struct ce_member *m)
{
	return ce_view_which(m) == CE_AT_DATA || ce_view_which(m) == CE_AT_DATA_BASE64;
}

/* Values with escapes are decoded by the parse, but for data. */
static bool
simple(const struct ce_member *m)
{
	return (m->flags & CE_M_NAMEESC) == 0 && ((m->flags & CE_M_ESCAPED) == 0 || is_data(m));
}

/* ev was found valid. */
void
ce_alike_keep(const struct ce_event *ev)
{
	uint16_t used = 0;
	uint32_t from = 0;

	if (misses++ > DRIFT && misses % DRIFT != 0) /* no two are alike */
		return;
	n = 0;
	if (ev->nmembers > CE_INLINE)
		return;
	for (int i = 0; i < ev->nmembers; i++) {
		const struct ce_member *m = &ev->members[i];
		struct part *p = &parts[i];
		size_t head = m->value - from, whole = m->vlen > LONG ? head : head + m->vlen;

		*p = (struct part){ used, (uint16_t)head, 0, *m, from };
		if (!simple(m) || !put(&used, ev->text + from, whole))
			return;
		p->whole = whole > head ? (uint16_t)whole : 0;
		from = m->value + m->vlen;
	}
	tail = used;
	ntail = (uint16_t)(ev->len - from);
	if (ev->len - from <= TEXT && put(&used, ev->text + from, ev->len - from))
		n = ev->nmembers;
	drift = 0;
}

/* The value at p, which is not the one of part; its end, or NULL. */
static const char *
other(const struct part *part, struct ce_member *m, const char *p, const char *end)
{
	uint8_t flags;
	const char *q = ce_scan_value(p, end, &m->kind, &flags);

	if (q == NULL)
		return NULL;
	m->flags = (uint8_t)((part->m.flags & ~(CE_M_ESCAPED | CE_M_HIGH | CE_M_BADSURR)) | flags);
	m->vlen = (uint32_t)(q - p);
	return simple(m) ? q : NULL;
}

bool
ce_alike(struct ce_event *ev, uint32_t *changed)
{
	const char *p = ev->text, *end = p + ev->len;
	int i, differ = 0;

	*changed = 0;
	for (i = 0; i < n; i++) {
		const struct part *part = &parts[i];
		struct ce_member *m = &ev->members[i];
		uint32_t shift = (uint32_t)(p - ev->text) - part->from;

		*m = part->m;
		m->name += shift;
		m->value += shift;
		/* a number might go on: then what stands behind it is not alike */
		if (part->whole > 0 && end - p > part->whole &&
		    memcmp(p, text + part->at, part->whole) == 0) {
			p += part->whole;
			continue;
		}
		if (end - p <= part->head || memcmp(p, text + part->at, part->head) != 0 ||
		    (p = other(part, m, p + part->head, end)) == NULL)
			return false;
		*changed |= 1u << i;
		differ++;
	}
	if (n == 0 || end - p != ntail || memcmp(p, text + tail, ntail) != 0)
		return false;
	ev->nmembers = n;
	misses = 0;
	if (2 * differ > n && ++drift >= DRIFT)
		ce_alike_forget();
	return true;
}
