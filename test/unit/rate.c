/* rate -- tests of ce-rate's buckets, on a clock of their own, and of its moments.
 * needs: cmd/rate/bucket.c cmd/rate/when.c
 * SPDX-License-Identifier: Apache-2.0 */

#include "../../cmd/rate/bucket.h"
#include "../../cmd/rate/when.h"
#include "tap.h"

#define SECOND 1000000.0

static void
rate(double per_second, long burst)
{
	bucket_conf.every = SECOND / per_second;
	bucket_conf.burst = burst;
}

/* How many go from now on when one tries every step, each wait kept until late
 * after its end. */
static long
run(struct bucket *b, double now, double seconds, double step, double late)
{
	double end = now + seconds * SECOND, wait;
	long n = 0;

	for (; now < end; now += wait > 0 ? wait + late : step) {
		wait = bucket_take(b, now);
		n += wait == 0;
	}
	return n;
}

static void
near(long got, double want, const char *title)
{
	ok((double)got >= want * 0.995 - 1 && (double)got <= want + 1, "%s: %ld", title, got);
}

static void
one(void)
{
	struct bucket b = { 0 };

	rate(10, 1);
	ok(bucket_take(&b, 5 * SECOND) == 0, "the first goes at once");
	is_int((long)bucket_take(&b, 5 * SECOND), 100000, "the next in a tenth of a second");
	is_int((long)bucket_take(&b, 5.04 * SECOND), 60000, "less what has passed");
	ok(bucket_take(&b, 5.1 * SECOND) == 0, "then it goes");
	b = (struct bucket){ 0 };
	near(run(&b, SECOND, 10, 1, 0), 100, "10/s");
	b = (struct bucket){ 0 };
	near(run(&b, SECOND, 10, 1, 30000), 100, "10/s, every wait 30 ms too long");
	rate(100000, 1);
	b = (struct bucket){ 0 };
	near(run(&b, SECOND, 1, 1, 4000), 100000, "100000/s, every wait 4 ms too long");
	rate(0.5, 1);
	b = (struct bucket){ 0 };
	near(run(&b, SECOND, 100, 1, 4000), 50, "0.5/s");
	rate(1000, 1);
	b = (struct bucket){ 0 };
	near(run(&b, SECOND, 1, 10000, 0), 100, "nobody is held who comes more slowly");
	bucket_take(&b, 100 * SECOND);
	ok(bucket_take(&b, 100 * SECOND) > 0, "a pause saves nothing up");
	bucket_take(&b, 200 * SECOND);
	ok(bucket_take(&b, 200 * SECOND) > 0, "nor does one that begins with a wait");
}

static void
bursts(void)
{
	struct bucket b = { 0 };
	long n = 0;

	rate(10, 5);
	while (bucket_take(&b, SECOND) == 0)
		n++;
	is_int(n, 5, "five at once");
	ok(bucket_take(&b, 1.1 * SECOND) == 0 && bucket_take(&b, 1.1 * SECOND) > 0, "then one by one");
	for (n = 0; bucket_take(&b, 100 * SECOND) == 0;)
		n++;
	is_int(n, 5, "five again after a pause");
	b = (struct bucket){ 0 };
	near(run(&b, SECOND, 10, 1, 1000), 105, "in ten seconds");
}

static void
keys(void)
{
	struct bucket *b;
	double wait = 0;
	long n = 0;

	rate(1, 1);
	bucket_conf.keys = 1000;
	for (uint64_t k = 0; k < 1000; k++) {
		b = bucket_of(k * 0x9e3779b97f4a7c15u, SECOND, &wait);
		n += b != NULL && bucket_take(b, SECOND) == 0;
	}
	is_int(n, 999 + 1, "each key has a bucket of its own"); /* 0 and 1 differ from all others */
	b = bucket_of(500 * 0x9e3779b97f4a7c15u, SECOND, &wait);
	ok(b != NULL && bucket_take(b, SECOND) > 0, "and finds it again");
	ok(bucket_of(12345, SECOND, &wait) == NULL && wait > SECOND && wait < 1.2 * SECOND, "there is no more: %.0f", wait);
	ok(bucket_of(12345, 1.5 * SECOND, &wait) == NULL && wait > 0.5 * SECOND, "nor a little later");
	b = bucket_of(12345, SECOND + SECOND + 60000, &wait);
	ok(b != NULL && bucket_take(b, 2.06 * SECOND) == 0, "but when they are idle");
	is_int((long)bucket_count(), 1, "which are forgotten");
	bucket_conf.keys = 1L << 20;
	for (uint64_t k = 1; k <= 1000000; k++) {
		b = bucket_of(k * 0x9e3779b97f4a7c15u, 10 * SECOND + (double)k * 100, &wait);
		bucket_take(b, 10 * SECOND + (double)k * 100);
	}
	ok(bucket_count() < 80000, "a million keys, 10000 a second: %zu are known", bucket_count());
}

static void
moments(void)
{
	static const struct {
		const char *text;
		int64_t ms; /* -1: none */
	} t[] = {
		{ "1970-01-01T00:00:00Z", 0 }, { "1970-01-01T00:00:01.5Z", 1500 }, { "1970-01-01T01:00:00+01:00", 0 },
		{ "0", 0 }, { "12", 12000 }, { "12.5", 12500 }, { "12.0009", 12000 }, { "999999999999", 999999999999000 },
		{ "0+5s", 5000 }, { "0+5ms", 5 }, { "1.25+2m", 121250 }, { "0+1.5h", 5400000 }, { "0+2d", 172800000 },
		{ "1970-01-01T00:00:00Z+90s", 90000 }, { "1970-01-01T01:00:00+01:00+1m", 60000 },
		{ "", -1 }, { "+5s", -1 }, { "x", -1 }, { "12x", -1 }, { "-1", -1 }, { "1.", -1 }, { ".5", -1 }, { "1e3", -1 },
		{ "1970-01-01", -1 }, { "1970-01-01T00:00:00", -1 }, { "0+", -1 }, { "0+5", -1 }, { "0+5y", -1 },
		{ "0+s", -1 }, { "0+-5s", -1 }, { "0 +5s", -1 }, { "1970-01-01T00:00:00+5s", -1 }, { "0+1s+1s", -1 },
		{ "1000000000000", -1 }, { "0+1000000000000d", -1 }, { "1.2.3", -1 },
	};
	int64_t ms;

	for (size_t i = 0; i < sizeof(t) / sizeof(*t); i++) {
		bool is_time = when_parse((struct ce_str){ t[i].text, strlen(t[i].text) }, &ms);

		ok(is_time == (t[i].ms >= 0) && (!is_time || ms == t[i].ms), "moment \"%s\": %lld", t[i].text,
		    is_time ? (long long)ms : -1);
	}
}

int
main(void)
{
	one();
	bursts();
	keys();
	moments();
	return done();
}
