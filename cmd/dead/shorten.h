/* shorten.h -- a file of dead letters without those that were struck out.
 * SPDX-License-Identifier: Apache-2.0 */

#ifndef SHORTEN_H
#define SHORTEN_H

/* fd is the file, its lock of CE_LETTERS_REPLAY held.  Says what does not work;
 * the letters stay struck out then. */
void shorten(int fd, const char *path);

#endif
