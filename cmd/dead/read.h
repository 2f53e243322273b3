/* read.h -- a file of dead letters, letter by letter.
 * SPDX-License-Identifier: Apache-2.0 */

#ifndef READ_H
#define READ_H

#include "ce.h"

/* The first byte of a letter that was taken out, until the file is written anew: CAN. */
#define STRUCK '\x18'

struct letters {
	const char *path;
	struct ce_lines in;
	struct ce_record r;  /* the line in hand */
	unsigned long n;     /* its number among the letters, from 1 */
	struct ce_event ev;
	const char *wrong;   /* why it is no letter; NULL: it is one, in ev */
};

/* Ends the program when it cannot be opened. */
void letters_open(struct letters *l, const char *path, int flags);
/* The next one; false: there is none.  Lines that are blank or struck out do not count. */
bool letters_next(struct letters *l);
void letters_close(struct letters *l);

/* An attribute by its name, or by what it is called here: reason, stage, time and
 * attempts are those of the letter.  "" when there is none. */
struct ce_str letter_get(struct letters *l, const char *name);
const char *letter_name(const char *name); /* deadreason of reason ... */
long letter_attempts(struct letters *l);

#endif
