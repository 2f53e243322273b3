/* window.h -- the unfinished events of an output; for source.c.
 * SPDX-License-Identifier: Apache-2.0 */

#ifndef CE_WINDOW_H
#define CE_WINDOW_H

#include "down.h"

enum {
	CE_W_OPEN,
	CE_W_DONE,
	CE_W_DEAD,   /* to the dead letters */
	CE_W_BEYOND, /* after --count: not given */
	CE_W_BLOCKED /* refused, and no dead letters to go to */
};

uint64_t ce_win_enter(struct ce_down *d, ce_settled *fn, void *token, int how); /* its number */
bool ce_win_full(const struct ce_down *d);
bool ce_win_kept(void);          /* all that is finished is committed */
/* Commits what is finished.  last: nobody will try again. */
void ce_win_commit(bool last);
int64_t ce_win_commit_in(void);  /* ms until it is time; -1: nothing to commit */
uint64_t ce_win_due(const struct ce_down *d);       /* unfinished, and somebody may still finish them */
void ce_win_give_up(struct ce_down *d); /* settles all of it with CE_NEVER */
void ce_win_leave(struct ce_down *d);         /* settles the rest with CE_LATER */
uint64_t ce_win_of(const struct ce_down *d, uint64_t seq); /* see relay.h; 0: of none */
int64_t ce_win_quiet(const struct ce_down *d);      /* ms since an event was finished, or the window was empty */
bool ce_listens(void);

#endif
