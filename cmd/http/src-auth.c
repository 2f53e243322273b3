/* src-auth -- who may send: methods, origins, rates, credentials, signatures.
 *
 * What can be told by the head is told before the body is read; secrets are
 * compared in constant time.
 * SPDX-License-Identifier: Apache-2.0 */

#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include "src.h"

#define TOLERANCE 300 /* seconds that a signed timestamp may be off */
#define MINUTE 60000

enum { VERIFY_NONE, VERIFY_WEBHOOKS, VERIFY_PLAIN };

static struct ce_list origins;
static long rate;
static struct ce_secret bearer, password, secret;
static const char *user;
static int verify;

const struct ce_opt auth_opts[] = {
	CE_LIST(0, "allow-origin", &origins, "origin",
	    "answer the WebHook handshake of this origin, or *"),
	CE_NUM(0, "allow-rate", &rate, "n", 0, 1000000000,
	    "requests a minute that are taken (0: any)"),
	CE_SECRET(0, "bearer", &bearer, "secret", "token that requests must bring"),
	CE_SECRET(0, "password", &password, "secret", "of --user"),
	CE_STR(0, "user", &user, "name", "user of basic authentication"),
	CE_CHOICE(0, "verify", &verify, "none|standard-webhooks|x-signature",
	    "signature that bodies must have"),
	CE_SECRET(0, "verify-secret", &secret, "secret", "what it is made with"),
	CE_END
};

static struct ce_buf basic, key;
static int64_t minute_began;
static long in_minute;

void
auth_start(void)
{
	struct ce_buf plain = { 0 };

	if ((user == NULL) != (password.p == NULL))
		ce_die(CE_USAGE, "--user and --password belong together");
	if ((verify == VERIFY_NONE) != (secret.p == NULL))
		ce_die(CE_USAGE, "--verify and --verify-secret belong together");
	if (user != NULL && strchr(user, ':') != NULL)
		ce_die(CE_USAGE, "--user cannot hold a colon");
	if (bearer.p != NULL && bearer.len == 0)
		ce_die(CE_CONFIG, "the token of --bearer is empty");
	if (secret.p != NULL && (secret.len == 0 ||
	    !sign_key(&key, (struct ce_str){ secret.p, secret.len })))
		ce_die(CE_CONFIG, "the secret of --verify-secret is empty or no base64");
	if (user == NULL)
		return;
	ce_buf_printf(&plain, "%s:", user);
	ce_buf_add(&plain, password.p, password.len);
	ce_base64(&basic, plain.p, plain.len);
	ce_log_hide(basic.p, basic.len);
	explicit_bzero(plain.p, plain.cap);
	ce_buf_free(&plain);
}

/* ---- methods and the handshake (HTTP WebHooks 4) ------------------------------ */

static bool
allowed(const char *origin)
{
	int i;

	for (i = 0; i < origins.n; i++)
		if (strcmp(origins.v[i], "*") == 0 || strcasecmp(origins.v[i], origin) == 0)
			return true;
	return false;
}

/* Consent is the header, not the status: who is not allowed gets none. */
static void
shake_hands(struct ce_req *r)
{
	const char *origin = ce_req_header(r, "WebHook-Request-Origin");
	char text[24] = "*";

	ce_req_add(r, "Allow", "POST, OPTIONS");
	if (origin == NULL) {
		ce_req_done(r, 204);
	} else if (!allowed(origin)) {
		ce_req_problem(r, 403, "this origin is not allowed");
	} else {
		if (rate > 0)
			snprintf(text, sizeof(text), "%ld", rate);
		ce_req_add(r, "WebHook-Allowed-Origin", origin);
		ce_req_add(r, "WebHook-Allowed-Rate", text);
		ce_req_done(r, 200);
	}
}

bool
auth_methods(struct ce_req *r)
{
	const char *method = ce_req_method(r);

	if (strcmp(method, "POST") == 0)
		return true;
	if (strcmp(method, "OPTIONS") == 0 && origins.n > 0) {
		shake_hands(r);
		return false;
	}
	ce_req_add(r, "Allow", origins.n > 0 ? "POST, OPTIONS" : "POST");
	ce_req_problem(r, 405, "events come by POST");
	return false;
}

/* ---- credentials ------------------------------------------------------------------- */

static bool
same(const char *given, const char *want, size_t n)
{
	return strlen(given) == n && ce_equal(given, want, n);
}

static const char *
after_scheme(const char *value, const char *scheme)
{
	size_t n = strlen(scheme);

	if (strncasecmp(value, scheme, n) != 0 || value[n] != ' ')
		return NULL;
	value += n;
	return value + strspn(value, " ");
}

static bool
known(struct ce_req *r)
{
	const char *value, *given;

	if (bearer.p == NULL && user == NULL)
		return true;
	if ((value = ce_req_header(r, "Authorization")) != NULL) {
		if (bearer.p != NULL && (given = after_scheme(value, "Bearer")) != NULL)
			return same(given, bearer.p, bearer.len);
		if (user != NULL && (given = after_scheme(value, "Basic")) != NULL)
			return same(given, basic.p, basic.len);
		return false;
	}
	/* The token in the URL (HTTP WebHooks 3.2): caches must not keep the answer. */
	if (bearer.p == NULL || (given = ce_req_query(r, "access_token")) == NULL)
		return false;
	ce_req_add(r, "Cache-Control", "private");
	return same(given, bearer.p, bearer.len);
}

static bool
too_many(struct ce_req *r)
{
	int64_t now = ce_now();
	char text[24];

	if (rate == 0)
		return false;
	if (minute_began == 0 || now - minute_began >= MINUTE) {
		minute_began = now;
		in_minute = 0;
	}
	if (in_minute++ < rate)
		return false;
	snprintf(text, sizeof(text), "%d", (int)((minute_began + MINUTE - now + 999) / 1000));
	ce_req_add(r, "Retry-After", text);
	ce_req_problem(r, 429, "more than %ld requests a minute", rate);
	return true;
}

bool
auth_head(struct ce_req *r)
{
	const char *origin;

	if (!auth_methods(r))
		return false;
	if (!known(r)) {
		if (bearer.p != NULL)
			ce_req_add(r, "WWW-Authenticate", "Bearer realm=\"events\"");
		if (user != NULL)
			ce_req_add(r, "WWW-Authenticate", "Basic realm=\"events\", charset=\"UTF-8\"");
		ce_req_problem(r, 401, "credentials are missing or wrong");
		return false;
	}
	origin = origins.n > 0 ? ce_req_header(r, "WebHook-Request-Origin") : NULL;
	if (origin != NULL && !allowed(origin)) {
		ce_req_problem(r, 403, "this origin is not allowed");
		return false;
	}
	return !too_many(r);
}

/* ---- signatures ------------------------------------------------------------------------ */

static struct ce_str
header(struct ce_req *r, const char *name)
{
	const char *p = ce_req_header(r, name);

	return (struct ce_str){ p != NULL ? p : "", p != NULL ? strlen(p) : 0 };
}

bool
auth_body(struct ce_req *r)
{
	struct ce_buf *b = ce_req_body(r);
	struct ce_str k = { key.p, key.len }, body = { b->len > 0 ? b->p : "", b->len };
	const char *why = NULL;

	if (verify == VERIFY_WEBHOOKS)
		why = sign_check_webhook(k, header(r, "webhook-id"), header(r, "webhook-timestamp"),
		    header(r, "webhook-signature"), body, (int64_t)time(NULL), TOLERANCE);
	else if (verify == VERIFY_PLAIN)
		why = sign_check_plain(k, header(r, "x-signature"), body);
	if (why == NULL)
		return true;
	ce_req_add(r, "WWW-Authenticate", "Signature");
	ce_req_problem(r, 401, "%s", why);
	return false;
}
