/* secret.h -- reading secrets, for opt.c.
 *
 * SPDX-License-Identifier: Apache-2.0 */

#ifndef CE_SECRET_H
#define CE_SECRET_H

#include "ce.h"

/* Whether spec names a place; NULL, or what is wrong, never with the value. */
const char *ce_secret_check(const char *spec);
/* Fetches the value from the place that s->spec names.  NULL, or what is wrong
 * (lent until the next call). */
const char *ce_secret_read(struct ce_secret *s);
/* Takes the variable of env:NAME out of the environment, so that no child
 * inherits it and /proc does not show it; call when all secrets were read. */
void ce_secret_forget(const struct ce_secret *s);

#endif
