/* digest -- base64, hashes, random bytes.
 *
 * Decoding base64 is strict (alphabet, padding, zero bits behind the last
 * byte), so that every payload has one spelling.
 *
 * SPDX-License-Identifier: Apache-2.0 */

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>
#include "ce.h"

#define PART ((size_t)3 << 20) /* EVP counts in int; a multiple of 3 needs no padding */

void
ce_base64(struct ce_buf *out, const void *p, size_t n)
{
	const unsigned char *from = p;
	size_t k;

	ce_buf_need(out, (n + 2) / 3 * 4 + 1);
	for (; n > 0; from += k, n -= k) {
		k = n < PART ? n : PART;
		out->len += (size_t)EVP_EncodeBlock((unsigned char *)out->p + out->len, from, (int)k);
	}
	out->p[out->len] = '\0';
}

static int
sextet(unsigned char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* Four characters to at most three bytes; their number, 0 if they are wrong. */
static int
decode4(const char *p, char out[3])
{
	int a = sextet((unsigned char)p[0]), b = sextet((unsigned char)p[1]);
	int c = sextet((unsigned char)p[2]), d = sextet((unsigned char)p[3]);

	if (a < 0 || b < 0)
		return 0;
	out[0] = (char)(a << 2 | b >> 4);
	if (p[2] == '=' && p[3] == '=')
		return (b & 15) == 0 ? 1 : 0;
	if (c < 0)
		return 0;
	out[1] = (char)(b << 4 | c >> 2);
	if (p[3] == '=')
		return (c & 3) == 0 ? 2 : 0;
	if (d < 0)
		return 0;
	out[2] = (char)(c << 6 | d);
	return 3;
}

bool
ce_unbase64(struct ce_buf *out, const char *p, size_t n)
{
	size_t start = out->len;
	int k;

	ce_buf_need(out, n / 4 * 3 + 3);
	if (n % 4 != 0)
		return false;
	for (; n > 0; p += 4, n -= 4) {
		k = decode4(p, out->p + out->len);
		if (k == 0 || (k < 3 && n > 4)) {
			out->len = start;
			out->p[start] = '\0';
			return false;
		}
		out->len += (size_t)k;
	}
	out->p[out->len] = '\0';
	return true;
}

void
ce_sha256(const void *p, size_t n, unsigned char out[32])
{
	if (EVP_Digest(p, n, out, NULL, EVP_sha256(), NULL) != 1)
		ce_die(CE_SOFTWARE, "cannot compute SHA-256");
}

void
ce_hmac_sha256(const void *key, size_t nkey, const void *p, size_t n, unsigned char out[32])
{
	if (nkey > INT_MAX)
		ce_bug("a key of %zu bytes", nkey);
	if (HMAC(EVP_sha256(), nkey > 0 ? key : "", (int)nkey, p, n, out, NULL) == NULL)
		ce_die(CE_SOFTWARE, "cannot compute HMAC-SHA-256");
}

void
ce_hex(struct ce_buf *out, const void *p, size_t n)
{
	static const char digits[] = "0123456789abcdef";
	const unsigned char *from = p;

	ce_buf_need(out, 2 * n);
	for (size_t i = 0; i < n; i++) {
		out->p[out->len++] = digits[from[i] >> 4];
		out->p[out->len++] = digits[from[i] & 15];
	}
	out->p[out->len] = '\0';
}

bool
ce_equal(const void *a, const void *b, size_t n)
{
	return CRYPTO_memcmp(a, b, n) == 0;
}

/* The kernel's own: a library for it would read its configuration first, for
 * longer than a small program runs. */
void
ce_random(void *p, size_t n)
{
	char *to = p;
	size_t k;

	for (; n > 0; to += k, n -= k) {
		k = n < 256 ? n : 256;
		if (getentropy(to, k) != 0)
			ce_die(CE_TEMPFAIL, "cannot get random bytes: %m");
	}
}

void
ce_crypto_stays(void)
{
	OPENSSL_init_crypto(OPENSSL_INIT_NO_ATEXIT, NULL);
}
