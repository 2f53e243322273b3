/* time -- clocks, and RFC 3339 in and out.
 *
 * The date arithmetic is done here and not by mktime, because that one obeys
 * TZ and takes a lock.
 *
 * SPDX-License-Identifier: Apache-2.0 */

#include <stdio.h>
#include "ce.h"

int64_t
ce_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

int64_t
ce_now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

/* Takes n digits and, unless it is 0, the character after them. */
static bool
number(struct ce_str *s, int n, char after, int max, int *v)
{
	*v = 0;
	for (int i = 0; i < n; i++, s->p++, s->len--) {
		if (s->len == 0 || *s->p < '0' || *s->p > '9')
			return false;
		*v = *v * 10 + (*s->p - '0');
	}
	if (after != 0) {
		if (s->len == 0 || *s->p != after)
			return false;
		s->p++, s->len--;
	}
	return *v <= max;
}

static int
days_in(int year, int month)
{
	static const char days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return days[month - 1] + (month == 2 && leap);
}

/* Days from 1970-01-01, Gregorian calendar throughout (as RFC 3339 has it).
 * Years begin in March here, so that the leap day is the last of its year. */
static int64_t
days_from(int year, int month, int day)
{
	int64_t y = month <= 2 ? year - 1 : year;
	int64_t era = (y >= 0 ? y : y - 399) / 400;
	int64_t yoe = y - era * 400;
	int64_t doy = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;

	return era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
}

static bool
fraction(struct ce_str *s, long *ns)
{
	long unit = 100000000;
	const char *start;

	*ns = 0;
	if (s->len == 0 || *s->p != '.')
		return true;
	s->p++, s->len--;
	for (start = s->p; s->len > 0 && *s->p >= '0' && *s->p <= '9'; s->p++, s->len--) {
		*ns += unit * (*s->p - '0');
		unit /= 10;
	}
	return s->p > start;
}

static bool
offset(struct ce_str *s, int *seconds)
{
	int sign, h, m;

	if (s->len == 0)
		return false;
	if (s->len == 1 && (*s->p == 'Z' || *s->p == 'z')) {
		*seconds = 0;
		return true;
	}
	if (*s->p != '+' && *s->p != '-')
		return false;
	sign = *s->p == '-' ? -1 : 1;
	s->p++, s->len--;
	if (!number(s, 2, ':', 23, &h) || !number(s, 2, 0, 59, &m) || s->len != 0)
		return false;
	*seconds = sign * (h * 3600 + m * 60);
	return true;
}

/* A leap second becomes the second after it, as POSIX time counts. */
bool
ce_time_parse(struct ce_str s, struct timespec *ts)
{
	int year, month, day, h, m, sec, off;
	long ns;

	if (!number(&s, 4, '-', 9999, &year) || !number(&s, 2, '-', 12, &month) ||
	    !number(&s, 2, 0, 31, &day))
		return false;
	if (month < 1 || day < 1 || day > days_in(year, month))
		return false;
	if (s.len == 0 || (*s.p != 'T' && *s.p != 't'))
		return false;
	s.p++, s.len--;
	if (!number(&s, 2, ':', 23, &h) || !number(&s, 2, ':', 59, &m) ||
	    !number(&s, 2, 0, 60, &sec) || !fraction(&s, &ns) || !offset(&s, &off))
		return false;
	ts->tv_sec = days_from(year, month, day) * 86400 + h * 3600 + m * 60 + sec - off;
	ts->tv_nsec = ns;
	return true;
}

size_t
ce_time_format(char *out, size_t n, const struct timespec *ts)
{
	const time_t first = -62167219200, last = 253402300799; /* years 0000 to 9999 */
	time_t t = ts->tv_sec < first ? first : ts->tv_sec > last ? last : ts->tv_sec;
	long ns = ts->tv_nsec;
	int len, digits = 9;
	struct tm tm;

	gmtime_r(&t, &tm);
	len = snprintf(out, n, "%04d-%02d-%02dT%02d:%02d:%02d", tm.tm_year + 1900,
	    tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec);
	if (ns > 0 && ns < 1000000000) {
		for (; ns % 10 == 0; ns /= 10)
			digits--;
		len += snprintf(out + len, n - (size_t)len, ".%0*ld", digits, ns);
	}
	len += snprintf(out + len, n - (size_t)len, "Z");
	return (size_t)len;
}
