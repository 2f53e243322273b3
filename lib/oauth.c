/* oauth.c -- an access token by client credentials (RFC 6749, 4.4)
 *
 * One token at a time, fetched when somebody needs it, renewed before it
 * expires, never logged.  Whoever waits for it is told from the loop, once.
 * SPDX-License-Identifier: Apache-2.0 */

#include <jansson.h>
#include <string.h>

#include "flow.h"
#include "http.h"

#define LIFETIME 300        /* seconds, when the server does not say */
#define LIFETIME_MAX 86400
#define ANSWER_MAX (64 * 1024)

static const char *url, *client_id, *scope, *audience;
static struct ce_secret client_secret;
static int place; /* of the credentials: index into header|body */

const struct ce_opt ce_oauth_opts[] = {
	CE_STR(0, "oauth-audience", &audience, "name", "audience to ask for, where the server wants one"),
	CE_CHOICE(0, "oauth-auth", &place, "header|body", "how the client identifies itself"),
	CE_STR(0, "oauth-client-id", &client_id, "id", "OAuth 2 client id"),
	CE_SECRET(0, "oauth-client-secret", &client_secret, "secret", "OAuth 2 client secret"),
	CE_STR(0, "oauth-scope", &scope, "scope", "scopes to ask for, separated by spaces"),
	CE_STR(0, "oauth-url", &url, "url", "fetch a token here by OAuth 2 client credentials"),
	CE_END
};

static struct ce_http *call;
static struct ce_buf form, token;
static unsigned serial; /* of token */
static int64_t good_until;
static struct ce_oauth_wait *waiting, **last = &waiting;

static void fetched(struct ce_http *h);

/* application/x-www-form-urlencoded, but for the space: %20 is read by all. */
static void
encode(struct ce_buf *out, const char *p, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		unsigned char c = (unsigned char)p[i];

		if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
		    (c != '\0' && strchr("-._~", c) != NULL))
			ce_buf_putc(out, (char)c);
		else
			ce_buf_printf(out, "%%%02X", c);
	}
}

static void
field(const char *name, const char *p, size_t n)
{
	ce_buf_printf(&form, "&%s=", name);
	encode(&form, p, n);
}

static void
basic(struct ce_http *h)
{
	struct ce_buf pair = { 0 }, value = { 0 };

	encode(&pair, client_id, strlen(client_id));
	ce_buf_putc(&pair, ':');
	encode(&pair, client_secret.p, client_secret.len);
	ce_buf_puts(&value, "Basic ");
	ce_base64(&value, pair.p, pair.len);
	ce_http_header(h, "Authorization", value.p, value.len);
	explicit_bzero(pair.p, pair.len);
	explicit_bzero(value.p, value.len);
	ce_buf_free(&pair);
	ce_buf_free(&value);
}

static void
prepare(void)
{
	static const char type[] = "application/x-www-form-urlencoded", accept[] = "application/json";

	call = ce_http_new(fetched, NULL);
	call->max_body = ANSWER_MAX;
	ce_buf_puts(&form, "grant_type=client_credentials");
	if (scope != NULL)
		field("scope", scope, strlen(scope));
	if (audience != NULL)
		field("audience", audience, strlen(audience));
	if (place == 1) {
		field("client_id", client_id, strlen(client_id));
		field("client_secret", client_secret.p, client_secret.len);
	} else
		basic(call);
	ce_http_url(call, url);
	ce_http_method(call, "POST");
	ce_http_header(call, "Content-Type", type, sizeof(type) - 1);
	ce_http_header(call, "Accept", accept, sizeof(accept) - 1);
	ce_http_header(call, "User-Agent", ce_name, strlen(ce_name));
}

bool
ce_oauth_start(void)
{
	const char *why;

	if (url == NULL && client_id == NULL && client_secret.p == NULL)
		return false;
	if (url == NULL || client_id == NULL || client_secret.p == NULL)
		ce_die(CE_USAGE, "--oauth-url, --oauth-client-id and --oauth-client-secret need each other");
	if (ce_http_auth() != NULL)
		ce_die(CE_USAGE, "--oauth-url excludes --bearer and --user");
	if ((why = ce_http_check_url(url)) != NULL)
		ce_die(CE_USAGE, "--oauth-url %s: %s", ce_log_url(url), why);
	ce_http_start(1);
	prepare();
	return true;
}

const char *
ce_oauth_get(unsigned *which)
{
	*which = serial;
	return token.len > 0 && ce_now() < good_until ? token.p : NULL;
}

int64_t
ce_oauth_left(void)
{
	return good_until - ce_now();
}

void
ce_oauth_refused(unsigned which)
{
	if (which == serial)
		good_until = 0;
}

void
ce_oauth_wait(struct ce_oauth_wait *w)
{
	w->next = NULL;
	*last = w;
	last = &w->next;
	if (waiting != w)
		return; /* it is being fetched */
	ce_http_body(call, form.p, form.len);
	ce_http_send(call);
}

void
ce_oauth_finish(void)
{
	while (waiting != NULL && !ce_told_to_leave)
		ce_turn(-1);
}

static void
tell(const char *why, int code)
{
	struct ce_oauth_wait *w = waiting, *next;

	waiting = NULL;
	last = &waiting;
	for (; w != NULL; w = next) {
		next = w->next;
		w->fn(w->arg, why, code);
	}
}

/* Visible ASCII only: it becomes a header. */
static bool
is_token(const char *s)
{
	size_t i;

	for (i = 0; s[i] != '\0'; i++)
		if (s[i] <= ' ' || s[i] > '~')
			return false;
	return i > 0;
}

/* Renewed a tenth of its life, at most a minute, before it ends. */
static bool
keep(struct ce_http *h)
{
	json_t *doc = json_loadb(h->body.p, h->body.len, 0, NULL);
	const char *text = json_string_value(json_object_get(doc, "access_token"));
	const char *kind = json_string_value(json_object_get(doc, "token_type"));
	json_t *life = json_object_get(doc, "expires_in");
	double s = json_is_number(life) ? json_number_value(life) : LIFETIME;
	bool good;

	if (s > LIFETIME_MAX)
		s = LIFETIME_MAX;
	if (!(s >= 1)) /* or it would be fetched again before it was ever used */
		s = 1;
	good = text != NULL && is_token(text) && (kind == NULL || strcasecmp(kind, "bearer") == 0);
	if (good) {
		ce_buf_reset(&token);
		ce_buf_printf(&token, "Bearer %s", text);
		good_until = ce_now() + (int64_t)(s * 1000) - (int64_t)(s > 600 ? 60000 : s * 100);
		serial++;
	}
	json_decref(doc);
	return good;
}

/* RFC 6749, 5.2: error and error_description. */
static void
refusal(struct ce_buf *out, struct ce_http *h)
{
	json_t *doc = json_loadb(h->body.p, h->body.len, 0, NULL);
	const char *error = json_string_value(json_object_get(doc, "error"));
	const char *more = json_string_value(json_object_get(doc, "error_description"));

	if (error != NULL) {
		ce_buf_puts(out, ": ");
		ce_buf_visible(out, error, strlen(error), 80);
	}
	if (more != NULL) {
		ce_buf_puts(out, ": ");
		ce_buf_visible(out, more, strlen(more), 160);
	}
	json_decref(doc);
}

static void
fetched(struct ce_http *h)
{
	struct ce_buf why = { 0 };
	int code = 0;

	if (h->status >= 200 && h->status < 300 && !h->cut && keep(h)) {
		tell(NULL, 0);
		return;
	}
	ce_buf_printf(&why, "cannot get a token from %s: ", ce_log_url(url));
	if (h->trouble != CE_HTTP_NONE)
		ce_buf_puts(&why, h->error);
	else if (h->status >= 200 && h->status < 300)
		ce_buf_puts(&why, "the answer holds no bearer token");
	else {
		ce_buf_printf(&why, "status %d", h->status);
		refusal(&why, h);
	}
	if (h->trouble == CE_HTTP_MISUSED)
		code = CE_CONFIG;
	else if (h->status == 400 || h->status == 401 || h->status == 403)
		code = CE_NOPERM;
	if (h->retry_after > 0)
		ce_retry_after(h->retry_after);
	tell(why.p, code);
	ce_buf_free(&why);
}
