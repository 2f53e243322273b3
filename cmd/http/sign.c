/* sign.c -- HMAC signatures of HTTP bodies: made by the sink, checked by the source
 *
 * A signature is compared in constant time, and before anything looks into the
 * body that it covers.
 * SPDX-License-Identifier: Apache-2.0 */

#include <string.h>

#include "binding.h"

bool
sign_key(struct ce_buf *key, struct ce_str secret)
{
	ce_buf_reset(key);
	if (secret.len < 6 || memcmp(secret.p, "whsec_", 6) != 0) {
		ce_buf_str(key, secret);
		return true;
	}
	return ce_unbase64(key, secret.p + 6, secret.len - 6) && key->len > 0;
}

static void
webhook_mac(unsigned char mac[32], struct ce_str key, struct ce_str id, struct ce_str stamp, struct ce_str body)
{
	static struct ce_buf text;

	ce_buf_reset(&text);
	ce_buf_need(&text, id.len + stamp.len + body.len + 2);
	ce_buf_str(&text, id);
	ce_buf_putc(&text, '.');
	ce_buf_str(&text, stamp);
	ce_buf_putc(&text, '.');
	ce_buf_str(&text, body);
	ce_hmac_sha256(key.p, key.len, text.p, text.len, mac);
}

void
sign_webhook(struct ce_buf *out, struct ce_str key, struct ce_str id,
    struct ce_str stamp, struct ce_str body)
{
	unsigned char mac[32];

	webhook_mac(mac, key, id, stamp, body);
	ce_buf_puts(out, "v1,");
	ce_base64(out, mac, sizeof(mac));
}

/* Seconds since 1970, digits only; -1 when it is not. */
static int64_t
seconds(struct ce_str s)
{
	int64_t n = 0;
	size_t i;

	if (s.len == 0 || s.len > 12)
		return -1;
	for (i = 0; i < s.len; i++) {
		if (s.p[i] < '0' || s.p[i] > '9')
			return -1;
		n = n * 10 + (s.p[i] - '0');
	}
	return n;
}

static bool
any_matches(struct ce_str list, const char *mac, size_t n)
{
	bool found = false;
	size_t i, end;

	for (i = 0; i < list.len; i = end + 1) {
		for (end = i; end < list.len && list.p[end] != ' '; end++)
			;
		if (end - i == n && ce_equal(list.p + i, mac, n))
			found = true;
	}
	return found;
}

const char *
sign_check_webhook(struct ce_str key, struct ce_str id, struct ce_str stamp,
    struct ce_str signatures, struct ce_str body, int64_t now, int64_t tolerance)
{
	struct ce_buf want = { 0 };
	unsigned char mac[32];
	int64_t at = seconds(stamp);
	bool good;

	if (id.len == 0 || stamp.len == 0 || signatures.len == 0)
		return "webhook-id, webhook-timestamp or webhook-signature is missing";
	if (at < 0)
		return "webhook-timestamp is not a number of seconds";
	if (at < now - tolerance || at > now + tolerance)
		return "webhook-timestamp is too far from now";
	webhook_mac(mac, key, id, stamp, body);
	ce_buf_puts(&want, "v1,");
	ce_base64(&want, mac, sizeof(mac));
	good = any_matches(signatures, want.p, want.len);
	ce_buf_free(&want);
	return good ? NULL : "no signature matches";
}

void
sign_plain(struct ce_buf *out, struct ce_str key, struct ce_str body)
{
	unsigned char mac[32];

	ce_hmac_sha256(key.p, key.len, body.p, body.len, mac);
	ce_buf_puts(out, "sha256=");
	ce_hex(out, mac, sizeof(mac));
}

const char *
sign_check_plain(struct ce_str key, struct ce_str signature, struct ce_str body)
{
	struct ce_buf want = { 0 };
	bool good;

	if (signature.len == 0)
		return "X-Signature is missing";
	sign_plain(&want, key, body);
	good = signature.len == want.len && ce_equal(signature.p, want.p, want.len);
	ce_buf_free(&want);
	return good ? NULL : "the signature does not match";
}
