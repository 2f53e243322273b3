/* tlsopt -- the options that say how a client uses TLS.
 *
 * Apart from tls.c, so that the HTTP client, which brings a TLS of its own,
 * reads the same variables.
 * SPDX-License-Identifier: Apache-2.0 */

#include "net.h"

struct ce_tls ce_tls;

const struct ce_opt ce_tls_opts[] = {
	CE_STR(0, "tls-ca", &ce_tls.ca, "file", "trust only the CAs in this PEM file"),
	CE_STR(0, "tls-cert", &ce_tls.cert, "file", "client certificate, PEM"),
	CE_FLAG(0, "tls-insecure", &ce_tls.insecure, "do not verify the certificate of the peer"),
	CE_STR(0, "tls-key", &ce_tls.key, "file", "key of the client certificate, PEM"),
	CE_END
};
