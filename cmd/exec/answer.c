/* answer.c -- what a command says: by a line, or by how it ends
 * SPDX-License-Identifier: Apache-2.0 */

#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include "exec.h"

/* Is the first word of line this one?  *rest is what follows its blank. */
static bool
begins(struct ce_str line, const char *word, struct ce_str *rest)
{
	size_t n = strlen(word);

	if (line.len < n || memcmp(line.p, word, n) != 0 || (line.len > n && line.p[n] != ' '))
		return false;
	n += line.len > n;
	*rest = (struct ce_str){ line.p + n, line.len - n };
	return true;
}

enum answer
answer_parse(struct ce_str line, bool filter, struct ce_str *reason)
{
	struct ce_str rest;
	size_t i = 0;

	if (line.len > 0 && line.p[line.len - 1] == '\r')
		line.len--;
	*reason = (struct ce_str){ "", 0 };
	if (ce_str_is(line, "ok") || ce_str_is(line, "taken"))
		return ANSWER_OK;
	if (begins(line, "later", &rest)) {
		*reason = rest;
		return ANSWER_LATER;
	}
	if (begins(line, "never", &rest)) {
		*reason = rest;
		return ANSWER_NEVER;
	}
	while (i < line.len && (line.p[i] == ' ' || line.p[i] == '\t'))
		i++;
	if (filter && i == line.len)
		return ANSWER_DROP;
	return filter && line.p[i] == '{' ? ANSWER_EVENT : ANSWER_NONE;
}

const char *
answer_describe(int status, const char *said)
{
	static struct ce_buf b;

	ce_buf_reset(&b);
	if (WIFSIGNALED(status))
		ce_buf_printf(&b, "killed by SIG%s", sigabbrev_np(WTERMSIG(status)) != NULL ?
		    sigabbrev_np(WTERMSIG(status)) : "RTMIN or above");
	else
		ce_buf_printf(&b, "exit status %d", WEXITSTATUS(status));
	if (*said != '\0')
		ce_buf_printf(&b, ": %s", said);
	return b.p;
}

/* A signal that a process brings upon itself would come again with the event;
 * one that somebody sends, or the kernel out of memory, says nothing about it. */
static bool
own_doing(int sig)
{
	switch (sig) {
	case SIGABRT:
	case SIGBUS:
	case SIGFPE:
	case SIGILL:
	case SIGSEGV:
	case SIGSYS:
	case SIGTRAP:
		return true;
	}
	return false;
}

enum ce_verdict
answer_status(int status, const char *said)
{
	const char *what = answer_describe(status, said);

	if (WIFSIGNALED(status))
		return own_doing(WTERMSIG(status)) ? ce_never("%s: %s", exec_conf.name, what) :
		    ce_later("%s: %s", exec_conf.name, what);
	switch (WEXITSTATUS(status)) {
	case CE_OK:
		return CE_TAKEN;
	case CE_UNAVAILABLE:
	case CE_TEMPFAIL:
		return ce_later("%s: %s", exec_conf.name, what);
	}
	return ce_never("%s: %s", exec_conf.name, what);
}
