/* seen -- tests of ce-dedup: the hash, what it remembers, and its state file, cut
 * and damaged at every byte.
 * needs: cmd/dedup/seen.c cmd/dedup/block.c cmd/dedup/log.c cmd/dedup/siphash.c
 *
 * SPDX-License-Identifier: Apache-2.0 */

#include <fcntl.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <sys/stat.h>
#include <unistd.h>
#include "ce.h"
#include "../../cmd/dedup/log.h"
#include "../../cmd/dedup/siphash.h"
#include "tap.h"

static char path[] = "/tmp/ce-unit-seen.XXXXXX";

/* An id that tells its number; spread as a hash is. */
static struct seen_id
id_of(uint64_t n)
{
	uint64_t h[2];

	siphash((const uint8_t *)"0123456789abcdef", &n, sizeof(n), h);
	return (struct seen_id){ { (uint32_t)h[0], (uint32_t)n, (uint32_t)(n >> 32) ^ 7 } };
}

static uint64_t
number_of(const struct seen_id *id)
{
	return id->w[1] | (uint64_t)(id->w[2] ^ 7) << 32;
}

/* The published vector, and what OpenSSL makes of all short lengths. */
static void
hashes(void)
{
	EVP_MAC *mac = EVP_MAC_fetch(NULL, "SIPHASH", NULL);
	EVP_MAC_CTX *ctx = EVP_MAC_CTX_new(mac);
	size_t size = 16, got, bad = 0;
	OSSL_PARAM params[] = { OSSL_PARAM_construct_size_t("size", &size), OSSL_PARAM_END };
	unsigned char key[16], text[64], want[16];
	uint64_t out[2];

	for (unsigned char i = 0; i < 64; i++)
		text[i] = key[i & 15] = i & 15;
	for (unsigned char i = 0; i < 16; i++)
		key[i] = i;
	siphash(key, text, 0, out);
	ok(out[0] == 0xe6a825ba047f81a3 && out[1] == 0x930255c71472f66d, "SipHash of nothing");
	for (size_t n = 0; n <= sizeof(text); n++) {
		siphash(key, text, n, out);
		EVP_MAC_init(ctx, key, sizeof(key), params);
		EVP_MAC_update(ctx, text, n);
		EVP_MAC_final(ctx, want, &got, sizeof(want));
		bad += got != 16 || memcmp(out, want, 16) != 0;
	}
	ok(bad == 0, "SipHash as OpenSSL has it: %zu differ", bad);
	EVP_MAC_CTX_free(ctx);
	EVP_MAC_free(mac);
}

/* Exactly the last most, at every step, whatever the size. */
static void
counts(void)
{
	static const size_t sizes[] = { 1, 2, 3, 7, 64, 1000, 1024, 1025, 5000 };
	struct seen_id id;

	for (size_t k = 0; k < sizeof(sizes) / sizeof(*sizes); k++) {
		size_t most = sizes[k], bad = 0;
		struct seen *s = seen_new(most, 0);

		for (uint64_t n = 1; n <= 3 * most + 20; n++) {
			id = id_of(n);
			bad += seen_has(s, &id);
			bad += seen_add(s, &id, 0) != n;
			bad += seen_count(s) != (n < most ? n : most);
			for (uint64_t i = n > most + 3 ? n - most - 3 : 1; i <= n; i += most > 100 ? most / 7 + 1 : 1) {
				id = id_of(i);
				bad += seen_has(s, &id) != (i + most > n);
				bad += seen_nth(s, i, &id) != (i + most > n) || number_of(&id) == 0;
			}
		}
		ok(bad == 0, "the last %zu are remembered, no others: %zu wrong", most, bad);
		seen_free(s);
	}
}

/* Many in one place, and so close together that the table has to grow. */
static void
collisions(void)
{
	for (int shift = 0; shift <= 20; shift += 20) {
		size_t most = shift > 0 ? 1000 : 200, bad = 0;
		struct seen *s = seen_new(most, 0);
		struct seen_id id = { { 77, 0, 0 } };

		for (uint32_t n = 1; n <= 5 * most; n++) {
			id.w[0] = 77 + (n << shift);
			id.w[1] = n;
			seen_add(s, &id, 0);
			for (uint32_t i = 1; i <= n && i < most + 20; i += 13) {
				id.w[0] = 77 + ((n + 1 - i) << shift);
				id.w[1] = n + 1 - i;
				bad += seen_has(s, &id) != (i <= most);
			}
		}
		ok(bad == 0, "ids that want the same places: %zu wrong", bad);
		seen_free(s);
	}
}

static void
ages(void)
{
	struct seen *s = seen_new(100000, 10000);
	size_t bad = 0;
	struct seen_id id;

	/* one a ms, with a pause */
	for (int64_t t = 1; t <= 50000; t++) {
		if (t > 20000 && t < 35000)
			continue;
		seen_expire(s, t);
		id = id_of((uint64_t)t);
		seen_add(s, &id, t);
		for (int64_t age = 1; age < 12000; age += 997) {
			if (t - age <= 0 || (t - age > 20000 && t - age < 35000))
				continue;
			id = id_of((uint64_t)(t - age));
			if (age <= 10000)
				bad += !seen_has(s, &id);
			if (age > 10020)
				bad += seen_has(s, &id);
		}
	}
	ok(bad == 0, "ids of the last 10 s, to 20 ms: %zu wrong", bad);
	seen_expire(s, 70000);
	ok(seen_count(s) == 0, "none is left after a pause");
	seen_free(s);
}

/* ---- the file ---- */

static uint64_t got[100000];
static size_t ngot;

static void
collect(void *arg, const struct seen_id *id, int64_t time)
{
	(void)arg;
	(void)time;
	if (ngot < sizeof(got) / sizeof(*got))
		got[ngot++] = number_of(id);
}

static size_t
slurp(void *p, size_t room)
{
	int fd = open(path, O_RDONLY);
	ssize_t n = read(fd, p, room);

	close(fd);
	return n > 0 ? (size_t)n : 0;
}

static void
spew(const void *p, size_t n)
{
	int fd = open(path, O_WRONLY | O_TRUNC | O_CREAT, 0600);

	ok(write(fd, p, n) == (ssize_t)n, "a file is written");
	close(fd);
}

/* Adds from..to in writes of step; how many are remembered then. */
static size_t
session(size_t most, int64_t ms, uint64_t from, uint64_t to, uint64_t step)
{
	struct seen *s = seen_new(most, ms);
	struct seen_id id;
	uint8_t key[16];
	size_t n;

	log_open(path, s, most, ms, key);
	n = seen_count(s);
	for (; from <= to; from++) {
		id = id_of(from);
		log_add(&id);
		if (from % step == 0)
			log_write();
	}
	ok(log_sync(), "the file is written");
	log_close();
	seen_free(s);
	return n;
}

/* Exactly from..to are remembered by who opens it with room for most. */
static bool
remembers(size_t most, int64_t ms, uint64_t from, uint64_t to)
{
	struct seen *s = seen_new(most, ms);
	size_t missing = 0, n;
	struct seen_id id;
	uint8_t key[16];

	log_open(path, s, most, ms, key);
	for (uint64_t i = from; i <= to; i++) {
		id = id_of(i);
		missing += !seen_has(s, &id);
	}
	n = seen_count(s);
	log_close();
	seen_free(s);
	if (missing == 0 && n == to + 1 - from)
		return true;
	printf("# %zu missing, %zu there\n", missing, n);
	return false;
}

static void
files(void)
{
	struct stat st;
	uint64_t done = 0;

	truncate(path, 0);
	ok(session(1000, 0, 1, 10, 1) == 0, "an empty file holds none");
	ok(session(1000, 0, 11, 37, 5) == 10, "ten");
	ok(session(1000, 0, 38, 38, 1) == 37, "a block but one");
	ok(session(1000, 0, 39, 39, 1) == 38, "a block");
	ok(remembers(1000, 0, 1, 39), "all of these");
	for (done = 39; done < 30000; done += 777)
		session(1000, 0, done + 1, done + 777, 50);
	ok(remembers(1000, 0, done - 999, done), "the last 1000, after many times round");
	stat(path, &st);
	ok((size_t)st.st_size <= log_blocks(1000) * LOG_BLOCK, "the file does not grow: %ld", (long)st.st_size);
	ok(remembers(100, 0, done - 99, done), "opened with less room");
	stat(path, &st);
	ok((size_t)st.st_size <= log_blocks(1000) * LOG_BLOCK, "%ld", (long)st.st_size);
	session(5000, 0, done + 1, done + 4000, 333);
	done += 4000;
	ok(remembers(5000, 0, done - 4999, done), "opened with more");
	session(50, 3600000, done + 1, done + 200, 3);
	ok(remembers(50, 3600000, done + 151, done + 200), "by time, the last 50");
	ok(session(50, 1, 1, 1, 1) <= 50, "by a short time");
}

/* ids of block b of a file that session(..., 1, n) wrote from new: 38 each */
static size_t
wrong_but(uint64_t n, size_t hit)
{
	size_t bad = 0, k = 0;

	for (uint64_t i = 1; i <= n; i++) {
		bool in = (i - 1) / LOG_IDS == hit;

		if (k < ngot && got[k] == i)
			k++;
		else if (!in)
			bad++;
	}
	return bad + (ngot - k); /* and none that was not written, none out of order */
}

/* Cut at every byte, flipped at every byte: it starts, and only the ids of the
 * block that was hit are forgotten. */
static void
damage(void)
{
	static _Alignas(8) char whole[4096], p[4096];
	const uint64_t ids = 5 * LOG_IDS + 11;
	struct log_block last;
	size_t n, bad = 0, strange = 0;

	truncate(path, 0);
	session(10000, 0, 1, ids, 7);
	n = slurp(whole, sizeof(whole));
	ok(n == 6 * LOG_BLOCK, "six blocks: %zu", n);
	for (size_t at = 0; at <= n; at++) {
		ngot = 0;
		memcpy(p, whole, at);
		log_parse(p, at, 1000, &last, collect, NULL);
		bad += ngot != (at == n ? ids : at / LOG_BLOCK * LOG_IDS) || wrong_but(ngot, SIZE_MAX) > 0;
		strange += !log_ours(p, at);
	}
	ok(bad == 0 && strange == 0, "cut at every byte: %zu wrong, %zu not known again", bad, strange);
	for (size_t at = bad = strange = 0; at < 8 * n; at++) {
		memcpy(p, whole, n);
		p[at / 8] ^= (char)(1 << at % 8);
		ngot = 0;
		log_parse(p, n, 1000, &last, collect, NULL);
		bad += wrong_but(ids, at / 8 / LOG_BLOCK) > 0 || ngot == ids;
		strange += !log_ours(p, n) || !log_ours(p + at / 8 / LOG_BLOCK * LOG_BLOCK, LOG_BLOCK);
	}
	ok(bad == 0 && strange == 0, "every bit flipped: %zu wrong, %zu not known again", bad, strange);
	/* and on from there */
	memcpy(p, whole, n);
	p[2 * LOG_BLOCK + 100] ^= 1;
	spew(p, n - 3);
	ok(session(10000, 0, 1001, 1050, 9) == 4 * LOG_IDS, "a damaged file is gone on with");
	ngot = 0;
	n = slurp(p, sizeof(p));
	log_parse(p, n, 1000, &last, collect, NULL);
	ok(ngot == 4 * LOG_IDS + 50 && got[ngot - 1] == 1050, "%zu ids", ngot);
	memset(p, 0, sizeof(p));
	ok(log_ours(p, 2000), "zeros");
	memcpy(p, "something", 9);
	ok(!log_ours(p, 2000), "something with zeros behind it");
	ok(!log_ours("a state file of somebody else, who would not like it", 50), "somebody else's");
}

int
main(void)
{
	int fd = mkstemp(path);

	ce_name = "seen";
	close(fd);
	hashes();
	counts();
	collisions();
	ages();
	files();
	damage();
	unlink(path);
	return done();
}
