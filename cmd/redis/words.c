/* words.c -- commands in the form of the protocol: how many arguments, then each with
 * its length.
 * SPDX-License-Identifier: Apache-2.0 */

#include <stdio.h>
#include <string.h>
#include "redis.h"

void
link_begin(struct link *l, int n)
{
	char head[16];

	l->due++;
	ce_buf_add(&l->out, head, (size_t)snprintf(head, sizeof(head), "*%d\r\n", n));
}

/* The length in decimal, without the price of a printf for each argument. */
void
link_arg(struct link *l, const void *p, size_t n)
{
	char digits[24], *d = digits + sizeof(digits);
	size_t left = n;

	*--d = '\n';
	*--d = '\r';
	do
		*--d = (char)('0' + left % 10);
	while ((left /= 10) > 0);
	*--d = '$';
	ce_buf_add(&l->out, d, (size_t)(digits + sizeof(digits) - d));
	ce_buf_add(&l->out, p, n);
	ce_buf_add(&l->out, "\r\n", 2);
}

void
link_word(struct link *l, const char *word)
{
	link_arg(l, word, strlen(word));
}

void
link_number(struct link *l, long long n)
{
	char text[24];

	link_arg(l, text, (size_t)snprintf(text, sizeof(text), "%lld", n));
}

void
link_command(struct link *l, const char *const *words)
{
	int n = 0;

	while (words[n] != NULL)
		n++;
	link_begin(l, n);
	while (*words != NULL)
		link_word(l, *words++);
}
