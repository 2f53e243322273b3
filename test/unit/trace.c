/* trace -- tests of W3C trace context
 * needs: cmd/validate/trace.c
 *
 * SPDX-License-Identifier: Apache-2.0 */

#include "wall.h"
#include "../../cmd/validate/trace.h"

#define ID "4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7"
#define A16 "aaaaaaaaaaaaaaaa"
#define A256 A16 A16 A16 A16 A16 A16 A16 A16 A16 A16 A16 A16 A16 A16 A16 A16

static const char *const parents[] = {
	"00-" ID "-01", "00-" ID "-00", "00-" ID "-ff", "01-" ID "-01", "01-" ID "-01-more",
	"cc-" ID "-01-", NULL,
	"", "00", "00-" ID, "00-" ID "-0", "00-" ID "-011", "00-" ID "-01-", "00-" ID "-01-more",
	"01-" ID "-01.", "ff-" ID "-01", "0g-" ID "-01", "00-" ID "-0G", "00_" ID "-01", "00-" ID "_01",
	"00-4BF92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
	"00-00000000000000000000000000000000-00f067aa0ba902b7-01",
	"00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01", NULL
};
#define FOUR(x) x "1=1," x "2=2," x "3=3," x "4=4,"
#define THIRTYTWO FOUR("a") FOUR("b") FOUR("c") FOUR("d") FOUR("e") FOUR("f") FOUR("g") FOUR("h")
static const char *const states[] = {
	"", "a=1", "a=1,b=2", "a=1 , b=2", ",a=1,,b=2,", "\t", "rojo=00f067aa0ba902b7,congo=t61rcWkgMzE",
	"0a=1", "fw529a3039@dt=FfAAAAAAAAA", "a_-*/@=!", "a= 1", "a=1 2", "a=~+-<>",
	A256 "=1", "a=" A256, THIRTYTWO, NULL,
	"a", "=1", "a=", "A=1", "a=1=2", "a=b\xc3\xa9", "a=\x01", "-a=1", "a b=1", "a=1,a=2",
	"a=1;b=2", A256 "a=1", "a=a" A256, THIRTYTWO "i=1", NULL
};

static void
check(const char *what, const char *(*fn)(struct ce_str), const char *const *t)
{
	for (int bad = 0; bad < 2; bad++, t++)
		for (; *t != NULL; t++) {
			struct ce_str s = { at_wall(*t, strlen(*t), 0), strlen(*t) };

			ok((fn(s) != NULL) == bad, "%s %s: %.60s", bad ? "no" : "a", what, *t);
		}
}

int
main(void)
{
	build_wall();
	check("traceparent", trace_parent, parents);
	check("tracestate", trace_state, states);
	return done();
}
