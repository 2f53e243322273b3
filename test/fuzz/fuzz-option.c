/* fuzz-option -- the option parser: an argument ends at each NUL of the input.
 * Whatever comes: an error text or a permutation of the arguments.
 *
 * SPDX-License-Identifier: Apache-2.0 */

#include <stdlib.h>
#include <string.h>
#include "opt.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define ARGS 64

static bool all, brief;
static const char *url;
static long number, size_of, wait_ms;
static int mode;
static struct ce_list list;
static struct ce_secret password;
static struct ce_template *topic;

static const struct ce_opt group[] = { CE_STR('c', "tls-ca", &url, "file", "authorities"), CE_END };
static const struct ce_opt table[] = {
	CE_FLAG('a', "all", &all, "take all"),
	CE_FLAG('b', "brief", &brief, "say less"),
	CE_LIST('H', "header", &list, "line", "header to add"),
	CE_CHOICE('m', "mode", &mode, "batch|each|none", "when to wait"),
	CE_NUM('n', "number", &number, "n", -5, 10, "how many"),
	CE_SECRET('p', "password", &password, "secret", "password to use"),
	CE_SIZE('s', "size", &size_of, "size", 1, 1L << 30, "how much"),
	CE_TEMPLATE('t', "topic", &topic, "template", "where to"),
	CE_STR('u', "url", &url, "url", "server to connect to"),
	CE_TIME('w', "wait", &wait_ms, "time", 0, 0, "how long"),
	CE_GROUP(group),
	CE_END
};

static int
compare(const void *a, const void *b)
{
	const char *x = *(char *const *)a, *y = *(char *const *)b;

	return (x > y) - (x < y);
}

static void
check_values(void)
{
	if (number < -5 || number > 10 || mode < 0 || mode > 2 || wait_ms < 0 || size_of < 1 ||
	    size_of > 1L << 30)
		abort();
	if (password.spec != NULL && strncmp(password.spec, "env:", 4) != 0 &&
	    strncmp(password.spec, "file:", 5) != 0 && strncmp(password.spec, "fd:", 3) != 0)
		abort();
}

static void
forget(void)
{
	free(list.v);
	list = (struct ce_list){ NULL, 0 };
	ce_template_free(topic);
	topic = NULL;
	password.spec = NULL;
	number = wait_ms = mode = 0;
	size_of = 1;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = ce_strndup((const char *)data, size), *argv[ARGS + 1], *before[ARGS], *p = text;
	int argc = 1, first = -1;
	const char *why;

	argv[0] = (char *)"ce-x";
	while (p <= text + size && argc < ARGS) {
		argv[argc++] = p;
		p += strlen(p) + 1;
	}
	argv[argc] = NULL;
	memcpy(before, argv, sizeof(before));
	forget();
	why = ce_opt_parse(table, argc, argv, &first);
	if (why != NULL && (*why == '\0' || !ce_utf8_valid(why, strlen(why)) || strchr(why, '\n') != NULL))
		abort();
	if (why == NULL && (first < 1 || first > argc || argv[argc] != NULL))
		abort();
	if (why == NULL)
		check_values();
	qsort(argv, (size_t)argc, sizeof(*argv), compare);
	qsort(before, (size_t)argc, sizeof(*before), compare);
	if (memcmp(argv, before, (size_t)argc * sizeof(*argv)) != 0)
		abort();
	forget();
	free(text);
	return 0;
}
