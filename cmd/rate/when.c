/* when.c -- a moment: 2026-11-24T12:00:00Z, 1795521600.5, and either with +90s.
 *
 * The zone of a time (+05:30) is no delay, because that has a unit.
 * SPDX-License-Identifier: Apache-2.0 */

#include <string.h>
#include "when.h"

#define DIGITS 12 /* before the point: some 30,000 years */

/* Digits, perhaps a point and digits: in thousandths.  How many bytes; 0: none. */
static size_t
number(const char *p, const char *end, int64_t *thousandths)
{
	const char *start = p, *point;
	int64_t v = 0, part = 1000;

	for (; p < end && *p >= '0' && *p <= '9'; p++)
		if (p - start < DIGITS)
			v = v * 10 + (*p - '0');
	if (p == start || p - start > DIGITS)
		return 0;
	v *= 1000;
	if (p + 1 < end && *p == '.') {
		for (point = p++; p < end && *p >= '0' && *p <= '9'; p++)
			v += (*p - '0') * (part /= 10);
		if (p == point + 1)
			return 0;
	}
	*thousandths = v;
	return (size_t)(p - start);
}

/* Thousandths of each are ms. */
static int64_t
unit(const char *p, size_t n)
{
	static const struct {
		const char *name;
		int64_t seconds;
	} units[] = { { "s", 1 }, { "m", 60 }, { "h", 3600 }, { "d", 86400 } };

	for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++)
		if (n == 1 && *p == *units[i].name)
			return units[i].seconds;
	return 0;
}

/* What is behind the plus; -1: no delay. */
static int64_t
delay(const char *p, const char *end)
{
	int64_t v, seconds;
	size_t n = number(p, end, &v);

	if (n == 0)
		return -1;
	p += n;
	if (end - p == 2 && memcmp(p, "ms", 2) == 0)
		return v / 1000;
	seconds = unit(p, (size_t)(end - p));
	return seconds > 0 && v <= INT64_MAX / 2 / seconds ? v * seconds : -1;
}

bool
when_parse(struct ce_str s, int64_t *ms)
{
	const char *plus = s.len > 0 ? memrchr(s.p, '+', s.len) : NULL;
	struct timespec ts;
	int64_t more = 0;

	if (plus != NULL && (more = delay(plus + 1, s.p + s.len)) >= 0)
		s.len = (size_t)(plus - s.p);
	else
		more = 0;
	if (s.len == 0)
		return false;
	if (number(s.p, s.p + s.len, ms) != s.len) {
		if (!ce_time_parse(s, &ts))
			return false;
		*ms = (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
	}
	*ms += more;
	return true;
}
