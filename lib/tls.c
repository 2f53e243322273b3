/* tls -- TLS of client connections, with OpenSSL.
 *
 * Nothing is read or written before the peer has shown a certificate that is
 * trusted, valid now, and made out to the name that was asked for; there is one
 * way around it, and it has to be typed.
 * SPDX-License-Identifier: Apache-2.0 */

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include "net_int.h"

/* What OpenSSL says last, without its numbers; the queue is empty after. */
static const char *
openssl_error(void)
{
	unsigned long first = 0, e;
	const char *text;

	while ((e = ERR_get_error()) != 0)
		if (first == 0)
			first = e;
	text = first != 0 ? ERR_reason_error_string(first) : NULL;
	return text != NULL ? text : "the connection broke off";
}

static int
no_prompt(char *buf, int size, int writing, void *arg)
{
	(void)buf;
	(void)size;
	(void)writing;
	(void)arg;
	return 0; /* a key with a pass phrase is an error, not a question to the terminal */
}

static bool
own_certificate(struct ce_conn *c, SSL_CTX *ctx, const struct ce_tls *tls)
{
	const char *key = tls->key != NULL ? tls->key : tls->cert;
	struct ce_buf b = { 0 };
	const char *bad = NULL;

	if (tls->cert == NULL && tls->key == NULL)
		return true;
	if (tls->cert == NULL)
		return net_fail(c, "connect to", "there is a TLS key without a certificate");
	if (SSL_CTX_use_certificate_chain_file(ctx, tls->cert) != 1)
		bad = tls->cert;
	else if (SSL_CTX_use_PrivateKey_file(ctx, key, SSL_FILETYPE_PEM) != 1 ||
	    SSL_CTX_check_private_key(ctx) != 1)
		bad = key;
	if (bad == NULL)
		return true;
	ce_buf_printf(&b, "cannot use %s: %s", bad, openssl_error());
	net_fail(c, "connect to", b.p);
	ce_buf_free(&b);
	return false;
}

static bool
trust(struct ce_conn *c, SSL_CTX *ctx, const struct ce_tls *tls)
{
	struct ce_buf b = { 0 };

	SSL_CTX_set_verify(ctx, tls->insecure ? SSL_VERIFY_NONE : SSL_VERIFY_PEER, NULL);
	if (tls->ca == NULL)
		return SSL_CTX_set_default_verify_paths(ctx) == 1 ||
		    net_fail(c, "connect to", openssl_error());
	if (SSL_CTX_load_verify_locations(ctx, tls->ca, NULL) == 1)
		return true;
	ce_buf_printf(&b, "cannot use %s: %s", tls->ca, openssl_error());
	net_fail(c, "connect to", b.p);
	ce_buf_free(&b);
	return false;
}

static SSL_CTX *
context(struct ce_conn *c, const struct ce_tls *tls)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());

	if (ctx == NULL) {
		net_fail(c, "connect to", openssl_error());
		return NULL;
	}
	SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION);
	SSL_CTX_set_mode(ctx, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
	    SSL_MODE_RELEASE_BUFFERS);
	SSL_CTX_set_default_passwd_cb(ctx, no_prompt);
	if (trust(c, ctx, tls) && own_certificate(c, ctx, tls))
		return ctx;
	SSL_CTX_free(ctx);
	return NULL;
}

/* An address is compared with the addresses in the certificate, a name with
 * its names; only a name is sent in the greeting (RFC 6066 3). */
static bool
expect_name(SSL *ssl, const char *name)
{
	unsigned char bin[16];

	if (inet_pton(AF_INET, name, bin) == 1 || inet_pton(AF_INET6, name, bin) == 1)
		return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), name) == 1;
	SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
	return SSL_set1_host(ssl, name) == 1 && SSL_set_tlsext_host_name(ssl, name) == 1;
}

static bool
handshake_failed(struct ce_conn *c, int saved)
{
	long v = SSL_get_verify_result(c->ssl);
	struct ce_buf b = { 0 };

	c->broken = true;
	if (v != X509_V_OK && SSL_get_verify_mode(c->ssl) != SSL_VERIFY_NONE)
		ce_buf_printf(&b, "its certificate is refused: %s", X509_verify_cert_error_string(v));
	else if (ERR_peek_error() == 0 && saved != 0)
		ce_buf_printf(&b, "TLS handshake: %s", strerror(saved));
	else
		ce_buf_printf(&b, "TLS handshake: %s", openssl_error());
	ERR_clear_error();
	net_fail(c, "connect to", b.p);
	ce_buf_free(&b);
	return false;
}

static bool
handshake(struct ce_conn *c, int64_t until)
{
	int r;

	for (;;) {
		ERR_clear_error();
		errno = 0;
		if ((r = SSL_connect(c->ssl)) == 1)
			return true;
		switch (SSL_get_error(c->ssl, r)) {
		case SSL_ERROR_WANT_READ:
			r = POLLIN;
			break;
		case SSL_ERROR_WANT_WRITE:
			r = POLLOUT;
			break;
		default:
			return handshake_failed(c, errno);
		}
		if (!ce_conn_wait(c, (short)r, until > ce_now() ? (long)(until - ce_now()) : 0)) {
			c->broken = true;
			return net_fail(c, "connect to", "TLS handshake: timed out");
		}
	}
}

bool
ce_conn_secure(struct ce_conn *c, const struct ce_tls *tls, const char *name, long timeout)
{
	int64_t until = ce_now() + timeout;
	SSL_CTX *ctx;

	ERR_clear_error();
	if ((ctx = context(c, tls)) == NULL)
		return false;
	c->ssl = SSL_new(ctx);
	SSL_CTX_free(ctx); /* the session has a reference */
	if (name == NULL)
		name = c->host.p;
	if (c->ssl == NULL || SSL_set_fd(c->ssl, c->fd) != 1)
		return net_fail(c, "connect to", openssl_error());
	if (*name == '\0' && !tls->insecure)
		return net_fail(c, "connect to", "there is no host name to verify the certificate with");
	if (*name != '\0' && !expect_name(c->ssl, name))
		return net_fail(c, "connect to", openssl_error());
	return handshake(c, until);
}

static ssize_t
failed(struct ce_conn *c, int r, const char *verb)
{
	int saved = errno, e = SSL_get_error(c->ssl, r);

	c->need = 0;
	if (e == SSL_ERROR_WANT_READ || e == SSL_ERROR_WANT_WRITE) {
		c->need = e == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT;
		errno = EAGAIN;
		return -1;
	}
	if (e == SSL_ERROR_ZERO_RETURN)
		return 0;
	c->broken = true;
	net_fail(c, verb, e == SSL_ERROR_SYSCALL && saved != 0 ? strerror(saved) : openssl_error());
	errno = e == SSL_ERROR_SYSCALL && saved != 0 && saved != EAGAIN ? saved : EPROTO;
	return -1;
}

ssize_t
tls_read(struct ce_conn *c, void *p, size_t n)
{
	int r;

	ERR_clear_error();
	errno = 0;
	r = SSL_read(c->ssl, p, n > INT_MAX ? INT_MAX : (int)n);
	if (r <= 0)
		return failed(c, r, "read from");
	c->need = 0;
	return r;
}

ssize_t
tls_write(struct ce_conn *c, const void *p, size_t n)
{
	int r;

	if (n == 0)
		return 0;
	ERR_clear_error();
	errno = 0;
	r = SSL_write(c->ssl, p, n > INT_MAX ? INT_MAX : (int)n);
	if (r <= 0)
		return failed(c, r, "write to");
	c->need = 0;
	return r;
}

bool
tls_pending(const struct ce_conn *c)
{
	return SSL_pending(c->ssl) > 0;
}

void
tls_close(struct ce_conn *c)
{
	ERR_clear_error();
	if (!c->broken && SSL_is_init_finished(c->ssl))
		(void)SSL_shutdown(c->ssl);
	SSL_free(c->ssl);
	ERR_clear_error();
	c->ssl = NULL;
}
