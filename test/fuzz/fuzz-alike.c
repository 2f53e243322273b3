/* fuzz-alike -- lines after one another: what is taken for alike to the line before
 * is what a parse from scratch finds.
 * SPDX-License-Identifier: Apache-2.0 */

#include <stdlib.h>
#include <string.h>
#include "fuzz.h"
#include "scan.h"

static struct ce_event a, b;

/* In memory of exactly its size. */
static const char *
parse(struct ce_event *ev, char **text, const uint8_t *p, size_t n)
{
	*text = malloc(n > 0 ? n : 1);
	must(*text != NULL);
	memcpy(*text, p, n);
	return ce_event_parse(ev, *text, n);
}

static void
same(void)
{
	struct ce_str na, nb, va, vb;
	int i = 0, j = 0;

	must(a.nmembers == b.nmembers && memcmp(a.at, b.at, sizeof(a.at)) == 0);
	for (int k = 0; k < a.nmembers; k++)
		must(a.members[k].name == b.members[k].name && a.members[k].nlen == b.members[k].nlen &&
		    a.members[k].value == b.members[k].value && a.members[k].vlen == b.members[k].vlen &&
		    a.members[k].kind == b.members[k].kind && a.members[k].flags == b.members[k].flags);
	while (ce_each(&a, &i, &na, &va)) {
		must(ce_each(&b, &j, &nb, &vb));
		must(na.len == nb.len && memcmp(na.p, nb.p, na.len) == 0);
		must(va.len == vb.len && memcmp(va.p, vb.p, va.len) == 0);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	const uint8_t *end = p + n, *nl;

	ce_alike_forget();
	for (; p < end; p = nl + 1) {
		char *one, *two;
		bool wrong;

		if ((nl = memchr(p, '\n', (size_t)(end - p))) == NULL)
			nl = end;
		wrong = parse(&a, &one, p, (size_t)(nl - p)) != NULL;
		if (nl > p && (p[0] & 1) != 0) /* else the older line stays for the next one */
			ce_alike_forget();
		else {
			free(one);
			continue;
		}
		must((parse(&b, &two, p, (size_t)(nl - p)) != NULL) == wrong);
		if (!wrong)
			same();
		free(one);
		free(two);
	}
	return 0;
}
