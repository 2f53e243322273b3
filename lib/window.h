/* window.h -- the unfinished events of a source; for source.c.
 * SPDX-License-Identifier: Apache-2.0 */

#ifndef CE_WINDOW_H
#define CE_WINDOW_H

#include "flow.h"

enum {
	CE_W_OPEN,
	CE_W_DONE,
	CE_W_DEAD,   /* to the dead letters */
	CE_W_BEYOND, /* after --count: not given */
	CE_W_BLOCKED /* refused, and no dead letters to go to */
};

uint64_t ce_win_enter(ce_settled *fn, void *token, int how); /* its number */
bool ce_win_full(void);
bool ce_win_kept(void);          /* all that is finished is committed */
/* Commits what is finished.  last: nobody will try again. */
void ce_win_commit(bool last);
int64_t ce_win_commit_in(void);  /* ms until it is time; -1: nothing to commit */
uint64_t ce_win_due(void);       /* unfinished, and somebody may still finish them */
void ce_win_leave(void);         /* settles the rest with CE_LATER */
int64_t ce_win_quiet(void);      /* ms since an event was finished, or the window was empty */
bool ce_listens(void);

#endif
