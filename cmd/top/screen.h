/* screen.h -- the terminal, taken and given back
 * SPDX-License-Identifier: Apache-2.0 */

#ifndef SCREEN_H
#define SCREEN_H

#include "ce.h"

/* Takes the terminal on standard output; draw is called when it has to be
 * drawn anew (another size, back in the foreground, a key). */
void screen_start(void (*draw)(void));
/* A title, and below it as many lines of text as fit, scrolled by the keys. */
void screen_draw(const char *title, const struct ce_buf *text);
void screen_stop(void);
int screen_width(void); /* of the terminal on standard output; 0: it is none */

#endif
