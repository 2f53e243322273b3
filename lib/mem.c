/* mem -- allocation that succeeds or ends the process, and what of memory goes back.
 *
 * Whatever is worth keeping lies outside the process, so running out of memory
 * is a temporary failure: what was not acknowledged comes again.  Nothing here
 * may allocate while it says so, hence the plain writes.
 *
 * SPDX-License-Identifier: Apache-2.0 */

#include <link.h>
#include <malloc.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>
#include "ce.h"

static void __attribute__((noreturn))
out_of_memory(void)
{
	static char tail[] = ": out of memory\n";
	struct iovec v[2] = {
		{ (void *)ce_name, strlen(ce_name) },
		{ tail, sizeof(tail) - 1 },
	};

	if (writev(2, v, 2) < 0)
		_exit(CE_TEMPFAIL);
	_exit(CE_TEMPFAIL);
}

void *
ce_alloc(size_t n)
{
	void *p = calloc(1, n == 0 ? 1 : n);

	if (p == NULL)
		out_of_memory();
	return p;
}

void *
ce_realloc(void *p, size_t n)
{
	p = realloc(p, n == 0 ? 1 : n);
	if (p == NULL)
		out_of_memory();
	return p;
}

char *
ce_strndup(const char *p, size_t n)
{
	char *s = ce_realloc(NULL, n + 1);

	if (n > 0)
		memcpy(s, p, n);
	s[n] = '\0';
	return s;
}

char *
ce_strdup(const char *s)
{
	return ce_strndup(s, strlen(s));
}

/* Read-only segments are never changed, not even by relocation: what is needed
 * again comes from the page cache. */
static int
forget(struct dl_phdr_info *info, size_t size, void *arg)
{
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE), from, to;
	int i;

	(void)size;
	(void)arg;
	for (i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *p = &info->dlpi_phdr[i];

		if (p->p_type != PT_LOAD || (p->p_flags & PF_W) != 0)
			continue;
		from = (info->dlpi_addr + p->p_vaddr + page - 1) & ~(page - 1);
		to = (info->dlpi_addr + p->p_vaddr + p->p_memsz) & ~(page - 1);
		if (from < to)
			madvise((void *)from, to - from, MADV_DONTNEED);
	}
	return 0;
}

void
ce_forget_libraries(void)
{
	dl_iterate_phdr(forget, NULL);
}

void
ce_keep_freed(size_t n)
{
	mallopt(M_TRIM_THRESHOLD, (int)n);
	mallopt(M_TOP_PAD, (int)(n / 4));
	mallopt(M_MMAP_THRESHOLD, (int)(n / 4)); /* no longer found by itself, once the others are set */
}
