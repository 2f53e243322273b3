/* httpd_tls -- TLS of the HTTP server: its certificate, and whose clients it wants.
 *
 * libmicrohttpd only asks for a client certificate and lets any peer pass.
 * With --tls-ca each session is made to require and to verify one, so that
 * GnuTLS ends the handshake of everybody else before a request is read.
 * SPDX-License-Identifier: Apache-2.0 */

#include <fcntl.h>
#include <string.h>
#include <unistd.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include "httpd_int.h"

#define LONGEST_PEM 1048576

static char *
read_pem(const char *path, const char *what)
{
	struct ce_buf b = { 0 };
	ssize_t n;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd == -1)
		ce_die(CE_CONFIG, "cannot read the %s %s: %m", what, path);
	do {
		ce_buf_need(&b, 4096);
		n = read(fd, b.p + b.len, 4096);
		if (n > 0)
			b.len += (size_t)n;
	} while (n > 0 && b.len <= LONGEST_PEM);
	if (n < 0)
		ce_die(CE_CONFIG, "cannot read the %s %s: %m", what, path);
	close(fd);
	if (b.len == 0 || b.len > LONGEST_PEM)
		ce_die(CE_CONFIG, "the %s %s is %s", what, path, b.len == 0 ? "empty" : "too long");
	b.p[b.len] = '\0';
	return ce_buf_take(&b);
}

/* Said here in words, because MHD_start_daemon only fails. */
static void
check(const char *cert, const char *key)
{
	gnutls_certificate_credentials_t x;
	gnutls_datum_t c = { (unsigned char *)(uintptr_t)cert, (unsigned)strlen(cert) };
	gnutls_datum_t k = { (unsigned char *)(uintptr_t)key, (unsigned)strlen(key) };
	int e;

	if (gnutls_certificate_allocate_credentials(&x) < 0)
		ce_die(CE_TEMPFAIL, "out of memory");
	e = gnutls_certificate_set_x509_key_mem(x, &c, &k, GNUTLS_X509_FMT_PEM);
	if (e < 0)
		ce_die(CE_CONFIG, "cannot use certificate %s: %s", ce_httpd_conf.cert,
		    gnutls_strerror(e));
	gnutls_certificate_free_credentials(x);
}

static void
check_ca(const char *ca)
{
	gnutls_datum_t d = { (unsigned char *)(uintptr_t)ca, (unsigned)strlen(ca) };
	gnutls_certificate_credentials_t x;
	int e;

	if (gnutls_certificate_allocate_credentials(&x) < 0)
		ce_die(CE_TEMPFAIL, "out of memory");
	e = gnutls_certificate_set_x509_trust_mem(x, &d, GNUTLS_X509_FMT_PEM);
	if (e <= 0)
		ce_die(CE_CONFIG, "no CA in %s: %s", ce_httpd_conf.ca,
		    e == 0 ? "no certificate found" : gnutls_strerror(e));
	gnutls_certificate_free_credentials(x);
}

bool
httpd_tls_options(struct MHD_OptionItem **next)
{
	char *cert, *key, *ca;

	if (ce_httpd_conf.cert == NULL) {
		if (ce_httpd_conf.key != NULL || ce_httpd_conf.ca != NULL)
			ce_die(CE_USAGE, "--tls-key and --tls-ca need --tls-cert");
		return false;
	}
	cert = read_pem(ce_httpd_conf.cert, "certificate");
	key = read_pem(ce_httpd_conf.key != NULL ? ce_httpd_conf.key : ce_httpd_conf.cert, "key");
	check(cert, key);
	*(*next)++ = (struct MHD_OptionItem){ MHD_OPTION_HTTPS_MEM_CERT, 0, cert };
	*(*next)++ = (struct MHD_OptionItem){ MHD_OPTION_HTTPS_MEM_KEY, 0, key };
	if (ce_httpd_conf.ca != NULL) {
		ca = read_pem(ce_httpd_conf.ca, "CA file");
		check_ca(ca);
		*(*next)++ = (struct MHD_OptionItem){ MHD_OPTION_HTTPS_MEM_TRUST, 0, ca };
	}
	*(*next)++ = (struct MHD_OptionItem){ MHD_OPTION_HTTPS_PRIORITIES, 0,
		(void *)(uintptr_t)"NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2" };
	return true;
}

static gnutls_session_t
session_of(struct MHD_Connection *mhd)
{
	const union MHD_ConnectionInfo *i;

	if (ce_httpd_conf.cert == NULL)
		return NULL;
	i = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_GNUTLS_SESSION);
	return i != NULL ? i->tls_session : NULL;
}

void
httpd_tls_strict(struct MHD_Connection *mhd)
{
	static unsigned char purpose[] = GNUTLS_KP_TLS_WWW_CLIENT;
	static gnutls_typed_vdata_st wanted = { GNUTLS_DT_KEY_PURPOSE_OID, purpose,
		sizeof(purpose) - 1 };
	gnutls_session_t s;

	if (ce_httpd_conf.ca == NULL)
		return;
	if ((s = session_of(mhd)) == NULL)
		ce_bug("a connection has no TLS session");
	gnutls_certificate_server_set_request(s, GNUTLS_CERT_REQUIRE);
	gnutls_session_set_verify_cert2(s, &wanted, 1, 0);
}

bool
httpd_tls_send(struct MHD_Connection *mhd, const char *p, size_t n)
{
	gnutls_session_t s = session_of(mhd);

	if (s == NULL)
		return false;
	(void)gnutls_record_send(s, p, n);
	return true;
}
