/* top -- the arithmetic of ce-top: numbers, columns, joins, bottlenecks, requests
 * needs: cmd/top/collect.c cmd/top/proc.c cmd/top/rate.c cmd/top/join.c cmd/top/table.c cmd/top/json.c cmd/top/serve.c
 *
 * SPDX-License-Identifier: Apache-2.0 */

#include "../../cmd/top/serve.h"
#include "../../cmd/top/stage.h"
#include "tap.h"

static void
numbers(void)
{
	static const struct {
		double v;
		const char *number, *age;
	} t[] = {
		{ -1, "0", "-" }, { 0, "0", "0ms" }, { 0.04, "0.0", "40ms" }, { 1, "1", "1.0s" },
		{ 1.25, "1.2", "1.2s" }, { 9.94, "9.9", "9.9s" }, { 9.96, "10", "10s" },
		{ 119, "119", "119s" }, { 120, "120", "2m" }, { 7199, "7199", "120m" },
		{ 9999, "9999", "3h" }, { 9999.6, "10k", "3h" }, { 123456, "123k", "34h" },
		{ 999499, "999k", "12d" }, { 999500, "1.0M", "12d" }, { 1e7, "10M", "116d" },
		{ 1.8446744073709552e19, "18E", "9999d" }, { 1e300, "100Y", "9999d" },
	};
	char out[8];
	size_t i;

	for (i = 0; i < sizeof(t) / sizeof(*t); i++) {
		show_number(out, t[i].v);
		is(out, t[i].number, "a number");
		show_age(out, t[i].v);
		is(out, t[i].age, "an age");
	}
}

static void
requests(void)
{
	static const struct {
		const char *head;
		int status;
	} t[] = {
		{ "", 0 }, { "GET /metrics HTTP/1.1\r\n", 0 }, { "GET /metrics HTTP/1.1\r\n\r", 0 },
		{ "GET /metrics HTTP/1.1\r\n\r\n", 200 }, { "GET /metrics HTTP/1.0\r\nHost: x\r\n\r\n", 200 },
		{ "HEAD /metrics HTTP/1.1\r\n\r\n", 200 }, { "GET /metrics?a=b HTTP/1.1\r\n\r\n", 200 },
		{ "GET / HTTP/1.1\r\n\r\n", 404 }, { "GET /metricsx HTTP/1.1\r\n\r\n", 404 },
		{ "GET /metric HTTP/1.1\r\n\r\n", 404 }, { "GET  HTTP/1.1\r\n\r\n", 404 },
		{ "POST /metrics HTTP/1.1\r\n\r\n", 405 }, { "get /metrics HTTP/1.1\r\n\r\n", 405 },
		{ " /metrics HTTP/1.1\r\n\r\n", 405 }, { "GET /metrics HTTP/2.0\r\n\r\n", 400 },
		{ "GET /metrics HTTP/1.11\r\n\r\n", 400 }, { "GET /metrics\r\n\r\n", 400 },
		{ "GET\r\n\r\n", 400 }, { "\r\n\r\n", 400 }, { "GET /met rics HTTP/1.1\r\n\r\n", 400 },
		{ "GET /metrics HTTP/1.1\nX\r\n\r\n", 400 },
	};
	static char longest[9000];
	bool bodiless;
	size_t i;

	for (i = 0; i < sizeof(t) / sizeof(*t); i++)
		is_int(serve_status(t[i].head, strlen(t[i].head), &bodiless), t[i].status, "a request");
	serve_status(t[5].head, strlen(t[5].head), &bodiless);
	ok(bodiless, "HEAD has no body");
	memset(longest, 'a', sizeof(longest));
	is_int(serve_status(longest, 8191, &bodiless), 0, "a head that may still end");
	is_int(serve_status(longest, 8192, &bodiless), 431, "one that is too long");
}

/* A pipeline in letters, a stage each: its pipes, and what it spends its time on. */
struct plan {
	const char *name;
	uint64_t in, out, more, also_in;
	double input, output, service, acks;
	bool foreign;
	double cpu;
};

static void
build(struct view *v, const struct plan *p, int n)
{
	int i;

	view_free(v);
	for (i = n - 1; i >= 0; i--) {
		struct stage *s = view_add(v);

		snprintf(s->name, sizeof(s->name), "%s", p[i].name);
		s->pid = 100 + i;
		s->foreign = p[i].foreign;
		s->pipes.in = p[i].in;
		s->pipes.out = p[i].out;
		if (p[i].more != 0)
			s->pipes.more_out[s->pipes.nout++] = p[i].more;
		if (p[i].also_in != 0)
			s->pipes.more_in[s->pipes.nin++] = p[i].also_in;
		s->share[CE_ON_INPUT] = p[i].input;
		s->share[CE_ON_OUTPUT] = p[i].output;
		s->share[CE_ON_SERVICE] = p[i].service;
		s->share[CE_ON_ACKS] = p[i].acks;
		s->share[0] = 1 - p[i].input - p[i].output - p[i].service - p[i].acks;
		s->busy = s->share[0] + p[i].service;
		s->cpu = p[i].cpu;
	}
	view_join(v);
}

static const char *
drawn(const struct view *v)
{
	static struct ce_buf b;
	int i;

	ce_buf_reset(&b);
	for (i = 0; i < v->n; i++) {
		if (i > 0)
			ce_buf_puts(&b, v->v[i].pipeline != v->v[i - 1].pipeline ? " / " : " ");
		ce_buf_printf(&b, "%.*s%s%s", v->v[i].indent, "....", v->v[i].name,
		    v->v[i].bottleneck ? "*" : "");
	}
	return b.p;
}

static void
joins(void)
{
	static const struct plan slow_sink[] = {
		{ .name = "a", .out = 1, .acks = 0.9 }, { .name = "b", .in = 1, .out = 2, .output = 0.95 },
		{ .name = "c", .in = 2, .service = 0.97 },
	}, slow_filter[] = {
		{ .name = "a", .out = 1, .output = 0.9 }, { .name = "b", .in = 1, .out = 2, .input = 0.02 },
		{ .name = "c", .in = 2, .input = 0.9 },
	}, idle[] = {
		{ .name = "a", .out = 1, .input = 1 }, { .name = "b", .in = 1, .input = 0.99 },
	}, slow_foreign[] = {
		{ .name = "a", .out = 1, .output = 0.9 }, { .name = "jq", .in = 1, .out = 2, .foreign = true },
		{ .name = "c", .in = 2, .input = 0.8 },
	}, quick_foreign[] = {
		{ .name = "a", .out = 1, .output = 0.9 }, { .name = "jq", .in = 1, .out = 2, .foreign = true },
		{ .name = "c", .in = 2, .input = 0.1, .service = 0.8 },
	}, two_foreign[] = {
		{ .name = "a", .out = 1, .output = 0.9 }, { .name = "jq", .in = 1, .out = 2, .foreign = true },
		{ .name = "awk", .in = 2, .out = 3, .foreign = true, .cpu = 0.95 },
		{ .name = "c", .in = 3, .input = 0.9 },
	}, fan_out[] = {
		{ .name = "a", .out = 1, .input = 1 }, { .name = "tee", .in = 1, .out = 2, .more = 3, .input = 1 },
		{ .name = "b", .in = 2, .out = 4, .input = 1 }, { .name = "c", .in = 4, .input = 1 },
		{ .name = "d", .in = 3, .input = 1 },
	}, fan_in[] = {
		{ .name = "a", .out = 1, .input = 1 }, { .name = "b", .in = 1, .out = 3, .input = 1 },
		{ .name = "c", .out = 3, .input = 1 }, { .name = "d", .in = 3, .input = 1 },
	}, cat[] = {
		{ .name = "a", .out = 1, .input = 1 }, { .name = "b", .out = 2, .input = 1 },
		{ .name = "c", .in = 1, .also_in = 2, .out = 3, .input = 1 },
		{ .name = "d", .in = 3, .input = 1 },
	}, no_way[] = { /* neither end is a standard one */
		{ .name = "a", .more = 1, .input = 1 }, { .name = "b", .also_in = 1, .input = 1 },
	}, apart[] = {
		{ .name = "a", .out = 1, .input = 1 }, { .name = "b", .in = 1, .input = 1 },
		{ .name = "c", .out = 2 }, { .name = "d", .in = 2, .input = 1 }, { .name = "e" },
	}, ring[] = {
		{ .name = "a", .in = 2, .out = 1, .input = 1 }, { .name = "b", .in = 1, .out = 2, .input = 1 },
	}, own[] = {
		{ .name = "a", .in = 1, .out = 1, .input = 1 },
	};
	struct view v = { 0 };

#define JOINS(plan, want) (build(&v, plan, sizeof(plan) / sizeof(*plan)), is(drawn(&v), want, #plan))
	JOINS(slow_sink, "a b c*");
	JOINS(slow_filter, "a b* c");
	JOINS(idle, "a b");
	JOINS(slow_foreign, "a jq* c");
	JOINS(quick_foreign, "a jq c*");
	JOINS(two_foreign, "a jq awk* c");
	JOINS(fan_out, "a tee .b .c .d");
	JOINS(fan_in, ".a .b .c d");
	JOINS(cat, ".a .b c d");
	JOINS(no_way, "a / b");
	JOINS(apart, "a b / c* d / e");
	JOINS(ring, "b a");
	JOINS(own, "a");
	is(view_title(&v, 0), "a", "the title of a pipeline");
	view_free(&v);
}

/* Every line fits, whatever the names and figures. */
static void
widths(void)
{
	static const struct plan plan[] = {
		{ .name = "ce-src-file", .out = 1 }, { .name = "jq", .in = 1, .out = 2, .foreign = true },
		{ .name = "ce-sink-with-a-name-that-has-no-end-and-goes-on-and-on", .in = 2 },
	};
	struct view v = { 0 };
	struct ce_buf b = { 0 };
	int width, i, last = 0, columns;
	const char *p, *nl;

	build(&v, plan, 3);
	for (i = 0; i < 3; i++) {
		v.v[i].s.events_in = v.v[i].s.bytes_in = v.v[i].s.open = v.v[i].s.dead = UINT64_MAX;
		v.v[i].pid = 4194304;
		v.v[i].events = v.v[i].bytes = v.v[i].cpu = 1e300;
		v.v[i].age = 1e300;
		v.v[i].rss = UINT64_MAX;
	}
	for (width = 4; width <= 250; width++) {
		int most = 0;

		ce_buf_reset(&b);
		print_table(&b, &v, width);
		for (p = b.p; (nl = strchr(p, '\n')) != NULL; p = nl + 1)
			if (nl - p > most)
				most = (int)(nl - p);
		for (columns = 0, p = b.p; *p != '\n'; p++)
			columns += p[0] != ' ' && (p[1] == ' ' || p[1] == '\n');
		if (most > width || columns < last || (width >= 24 && columns < 3))
			ok(false, "%d columns: %d wide, %d of them", width, most, columns);
		last = columns;
	}
	is_int(last, 20, "wide enough for everything");
	ce_buf_free(&b);
	view_free(&v);
}

static void
rates(void)
{
	struct view before = { 0 }, now = { 0 };
	struct stage *s;

	before.at = 1000000;
	s = view_add(&before);
	s->pid = 7;
	s->role = CE_SINK;
	s->s = (struct ce_stats){ .events_in = 100, .bytes_in = 5000, .waited = { 0, 200000, 0, 0, 0 } };
	now.at = 3000000;
	s = view_add(&now);
	s->pid = 7;
	s->role = CE_SINK;
	s->s = (struct ce_stats){ .events_in = 300, .bytes_in = 9000, .events_out = 1, .open = 4,
		.oldest = 500, .blocked = CE_ON_SERVICE, .resting = 2500000,
		.waited = { 0, 1200000, 0, 0, 0 } };
	view_rates(&now, &before);
	s = now.v;
	ok(s->events == 100 && s->bytes == 2000 && s->out == 0.5, "a second");
	ok(s->share[CE_ON_INPUT] == 0.5 && s->share[CE_ON_SERVICE] == 0.25 && s->share[0] == 0.25,
	    "shares, the wait that goes on with them");
	ok(s->busy == 0.5 && s->waits == CE_ON_INPUT, "what is its own");
	ok(s->age == 2.5, "the age of the oldest");
	now.v->s.events_in = 50; /* a counter that runs backwards is not trusted */
	now.v->s.open = 0;
	view_rates(&now, &before);
	ok(now.v->events == 0 && now.v->age == -1, "no rate below none, no age of none");
	view_free(&now);
	view_free(&before);
}

int
main(void)
{
	char name[4 * NAME_BYTES + 1];

	numbers();
	requests();
	joins();
	widths();
	rates();
	name_visible(name, "a b\033\377\"\\", 7);
	is(name, "a\\x20b\\x1b\\xff\"\\", "a name made visible");
	return done();
}
