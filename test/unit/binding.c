/* binding.c -- tests of the HTTP binding: header values, modes, binary events, signatures
 * needs: cmd/http/binding.c cmd/http/sign.c
 * SPDX-License-Identifier: Apache-2.0 */

#include "../../cmd/http/binding.h"
#include "tap.h"

#define S(x) ((struct ce_str){ x, sizeof(x) - 1 })

static struct ce_str
str(const char *s)
{
	return (struct ce_str){ s, strlen(s) };
}

static void
encoding(void)
{
	static const char *const vectors[][2] = {
		{ "Euro \xe2\x82\xac \xf0\x9f\x98\x80", "Euro%20%E2%82%AC%20%F0%9F%98%80" },
		{ "plain/:,;=+~!'()*", "plain/:,;=+~!'()*" },
		{ "100%", "100%25" },
		{ "\"q\"", "%22q%22" },
		{ "a\r\nX-Evil: 1\x7f", "a%0D%0AX-Evil:%201%7F" },
		{ "", "" },
	};
	struct ce_buf out = { 0 }, back = { 0 };
	size_t i;

	for (i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
		ce_buf_reset(&out);
		ce_buf_reset(&back);
		binding_encode(&out, str(vectors[i][0]));
		is(out.p, vectors[i][1], "encode");
		ok(binding_decode(&back, str(out.p)), "decodes");
		is(back.p, vectors[i][0], "there and back");
	}
	ce_buf_free(&out);
	ce_buf_free(&back);
}

static void
decoding(void)
{
	static const char *const good[][2] = {
		{ "Euro%20%e2%82%ac%20%F0%9F%98%80", "Euro \xe2\x82\xac \xf0\x9f\x98\x80" },
		{ "raw \xe2\x82\xac", "raw \xe2\x82\xac" },
		{ "%41%62", "Ab" },
		{ "100%", "100%" },
		{ "%zz %4 %", "%zz %4 %" },
		{ "%%41", "%A" },
		{ "%2541", "%41" },
		{ "  \t padded \t", "padded" },
		{ "\"quoted %22 \\\"x\\\" \\\\\"", "quoted \" \"x\" \\" },
		{ "\"", "\"" },
		{ "\"a\"b\"", "\"a\"b\"" },
		{ "\"a\\\"", "\"a\\\"" },
		{ "a\"b", "a\"b" },
		{ "", "" },
	};
	static const char *const bad[] = { "%C0%A0", "%ff", "\xc0\xa0", "%ED%A0%80", "%E2%82", "x%F0%9F%98" };
	struct ce_buf out = { 0 };
	size_t i;

	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		ce_buf_reset(&out);
		ok(binding_decode(&out, str(good[i][0])), "decodes");
		is(out.p, good[i][1], good[i][0]);
	}
	ce_buf_reset(&out);
	ce_buf_puts(&out, "kept");
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ok(!binding_decode(&out, str(bad[i])), "refused: %s", i == 2 ? "raw overlong" : bad[i]);
	is(out.p, "kept", "a refused value leaves the buffer as it was");
	ce_buf_free(&out);
}

static void
modes(void)
{
	static const struct {
		const char *type;
		enum binding_mode mode;
		bool json;
	} t[] = {
		{ "application/cloudevents+json", BINDING_STRUCTURED, true },
		{ "Application/CloudEvents+JSON; charset=UTF-8", BINDING_STRUCTURED, true },
		{ "application/cloudevents-batch+json", BINDING_BATCH, true },
		{ "application/cloudevents-batch+json;x=y", BINDING_BATCH, true },
		{ "application/cloudevents+avro", BINDING_STRUCTURED, false },
		{ "application/cloudevents-batch+protobuf", BINDING_BATCH, false },
		{ "application/cloudevents", BINDING_STRUCTURED, false },
		{ "application/json", BINDING_BINARY, true },
		{ "text/plain; x=application/cloudevents+json", BINDING_BINARY, true },
		{ "", BINDING_BINARY, true },
	};
	enum binding_mode mode;
	size_t i;

	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		bool json = binding_mode(str(t[i].type), &mode);

		ok(json == t[i].json && mode == t[i].mode, "mode of '%s'", t[i].type);
	}
}

#define H(n, v) { S(n), S(v) }
#define FOUR H("ce-id", "1"), H("Ce-Source", "/s"), H("CE-Type", "t"), H("ce-specversion", "1.0")

static void
event(const char *want, const struct binding_header *h, int n, const char *type, const char *body)
{
	static struct ce_draft d;
	const char *why = binding_event(&d, h, n, str(type), str(body));

	if (why == NULL)
		is(ce_draft_end(&d)->text, want, "an event from headers");
	else
		is(why, want, "refused");
}

static void
events(void)
{
	const struct binding_header plain[] = { FOUR, H("Host", "h"), H("ce-ackto", "x.1"),
		H("ce-subject", "a%20%22b%22") };
	const struct binding_header twice[] = { FOUR, H("CE-ID", "2") };
	const struct binding_header name[] = { FOUR, H("ce-my_ext", "2") };
	const struct binding_header typed[] = { FOUR, H("ce-datacontenttype", "a/b") };
	const struct binding_header utf8[] = { FOUR, H("ce-x", "%C0%A0") };
	const struct binding_header few[] = { H("ce-specversion", "1.0"), H("ce-id", "1"), H("ce-type", "t") };
	const struct binding_header none[] = { H("Host", "h"), H("ce-id", "1") };
	static struct ce_draft d;
	const struct binding_header bad_time[] = { FOUR, H("ce-time", "yesterday") };

	event("{\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"/s\",\"type\":\"t\",\"subject\":\"a \\\"b\\\"\","
	      "\"datacontenttype\":\"application/json\",\"data\":{\"a\":1}}",
	    plain, 7, "application/json", "{\"a\":1}");
	event("{\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"/s\",\"type\":\"t\",\"data_base64\":\"e30=\"}",
	    plain, 4, "", "{}");
	event("{\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"/s\",\"type\":\"t\"}", plain, 4, "", "");
	event("header ce-id: is there twice", twice, 5, "", "");
	event("header ce-x: the value is not UTF-8", utf8, 5, "", "");
	event("header ce-datacontenttype: is not allowed in binary mode", typed, 5, "", "");
	event("header ce-source: is required", few, 3, "", "");
	ok(binding_event(&d, name, 5, S(""), S("")) != NULL, "an illegal name is refused");
	ok(binding_event(&d, bad_time, 5, S(""), S("")) != NULL, "a wrong time is refused");
	ok(binding_event(&d, plain, 4, S("no type"), S("x")) != NULL,
	    "a wrong content type is refused");
	ok(binding_is_event(plain, 7), "headers of an event");
	ok(!binding_is_event(none, 2), "headers of something else");
}

static void
signatures(void)
{
	const struct ce_str secret = S("whsec_RdvaYFYUXuIFuEbvZHwMfYFhUf7aMYjYcmM24+Aj40c=");
	const struct ce_str id = S("wh_685c059ae39c8190af8c71ed1022a24d"), stamp = S("1750861210");
	const struct ce_str body = S("{\"id\": \"evt_685c059ae3a481909bdc86819b066fb6\", \"object\": \"event\", "
				     "\"created_at\": 1750861210, \"type\": \"response.completed\", "
				     "\"data\": {\"id\": \"resp_123\"}}");
	const struct ce_str want = S("v1,gUAg4R2hWouRZqRQG4uJypNS8YK885G838+EHb4nKBY=");
	const struct ce_str many = S("v1a,xyz v1,AAAA v1,gUAg4R2hWouRZqRQG4uJypNS8YK885G838+EHb4nKBY=");
	const struct ce_str near = S("v1,gUAg4R2hWouRZqRQG4uJypNS8YK885G838+EHb4nKBZ=");
	struct ce_buf key = { 0 }, out = { 0 };
	struct ce_str k;
	int64_t at = 1750861210;

	ok(sign_key(&key, secret) && key.len == 32, "the key of whsec_");
	k = (struct ce_str){ key.p, key.len };
	sign_webhook(&out, k, id, stamp, body);
	is(out.p, want.p, "Standard Webhooks, a published vector");
	ok(sign_check_webhook(k, id, stamp, want, body, at + 300, 300) == NULL, "accepted");
	ok(sign_check_webhook(k, id, stamp, many, body, at - 300, 300) == NULL, "one of several");
	ok(sign_check_webhook(k, id, stamp, near, body, at, 300) != NULL, "a wrong one");
	ok(sign_check_webhook(k, id, stamp, want, body, at + 301, 300) != NULL, "too old");
	ok(sign_check_webhook(k, id, stamp, want, body, at - 301, 300) != NULL, "from the future");
	ok(sign_check_webhook(k, id, S("soon"), want, body, at, 300) != NULL, "no time");
	ok(sign_check_webhook(k, S(""), stamp, want, body, at, 300) != NULL, "no id");
	ok(!sign_key(&key, S("whsec_!!")), "whsec_ without base64");
	ok(sign_key(&key, S("key")) && key.len == 3, "another secret is the key itself");
	k = (struct ce_str){ key.p, key.len };
	ce_buf_reset(&out);
	sign_plain(&out, k, S("The quick brown fox jumps over the lazy dog"));
	is(out.p, "sha256=f7bc83f430538424b13298e6aa6fb143ef4d59a14946175997479dbc2d1a3cd8", "X-Signature");
	ok(sign_check_plain(k, str(out.p), S("The quick brown fox jumps over the lazy dog")) == NULL, "accepted");
	ok(sign_check_plain(k, str(out.p), S("The quick brown fox")) != NULL, "another body");
	ok(sign_check_plain(k, S(""), S("x")) != NULL, "missing");
	ce_buf_free(&key);
	ce_buf_free(&out);
}

int
main(void)
{
	encoding();
	decoding();
	modes();
	events();
	signatures();
	return done();
}
