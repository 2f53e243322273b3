/* fuzz-top -- statistics files of anybody, and requests: what ce-top prints of
 * them is printable, fits its width, is JSON, is a line a sample.
 * needs: cmd/top/collect.c cmd/top/proc.c cmd/top/rate.c cmd/top/join.c cmd/top/table.c cmd/top/json.c cmd/top/prom.c cmd/top/serve.c
 *
 * SPDX-License-Identifier: Apache-2.0 */

#include <string.h>
#include "../../cmd/top/serve.h"
#include "../../cmd/top/stage.h"
#include "fuzz.h"

static void
check_lines(const struct ce_buf *b, int width)
{
	int at = 0;

	for (size_t i = 0; i < b->len; i++) {
		unsigned char c = (unsigned char)b->p[i];

		must(c == '\n' || (c >= 0x20 && c < 0x7f));
		at = c == '\n' ? 0 : at + 1;
		must(width == 0 || at <= width);
	}
}

static void
stages(struct view *v, const uint8_t *p, size_t n)
{
	struct stage *s;

	for (; n > 8 && v->n < 24 && (s = view_add(v)) != NULL;) {
		size_t k = n - 8 < sizeof(s->s) ? n - 8 : sizeof(s->s);

		s->foreign = (p[0] & 1) != 0;
		s->stopped = (p[0] & 2) != 0;
		s->pipes.in = p[1] % 8;
		s->pipes.out = p[2] % 8;
		if (p[3] & 1)
			s->pipes.more_out[s->pipes.nout++] = p[3] / 32;
		if (p[3] & 2)
			s->pipes.more_in[s->pipes.nin++] = p[3] / 32;
		s->ticks = p[4];
		v->at += p[7];
		s->rss = (uint64_t)p[5] << p[6] % 64;
		memcpy(&s->s, p + 8, k);
		s->pid = s->s.pid & 0x3fffff;
		s->role = s->s.role >= CE_SOURCE && s->s.role <= CE_FILTER ? s->s.role : CE_TOOL;
		name_visible(s->name, s->s.name, strnlen(s->s.name, sizeof(s->s.name)));
		p += 8 + k;
		n -= 8 + k;
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct view now = { .at = 5000000 }, before = { .at = 4000000 };
	struct ce_buf b = { 0 };
	bool bodiless;
	size_t bad;
	int width = n > 0 ? p[0] : 0;

	serve_status((const char *)p, n, &bodiless);
	if (n < 2)
		return 0;
	stages(&now, p + 1, n - 1);
	stages(&before, p + 2, n - 2);
	view_rates(&now, p[1] & 1 ? &before : &(struct view){ 0 });
	view_join(&now);
	ce_buf_reset(&b);
	print_table(&b, &now, width >= 4 ? width : 0);
	check_lines(&b, width >= 4 ? width : 0);
	ce_buf_reset(&b);
	print_json(&b, &now);
	must(ce_json_check(b.p, b.len, &bad) == NULL);
	ce_buf_reset(&b);
	print_prom(&b, &now);
	check_lines(&b, 0);
	ce_buf_free(&b);
	view_free(&now);
	view_free(&before);
	return 0;
}
