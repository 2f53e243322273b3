/* split.c -- where one record ends and the next begins, in bytes that come in parts.
 *
 * One pass, whatever the parts: a state that is kept, no byte seen twice.
 * SPDX-License-Identifier: Apache-2.0 */

#include <string.h>
#include "split.h"

enum { START, NEST, STRING, ESCAPE, SCALAR, LOST };

static enum split_what
done(struct split *s, enum split_what what, size_t len, size_t next)
{
	s->len = len;
	s->at = next;
	return what;
}

static bool
between(char c)
{
	return c == ' ' || c == '\n' || c == '\t' || c == '\r' || c == ',' || c == '\x1e' ||
	    c == '\0' || c == '\v' || c == '\f';
}

static void
start(struct split *s, char c)
{
	s->last = c;
	if (c == '{' || c == '[') {
		s->state = NEST;
		s->depth = 1;
	} else if (c == '"')
		s->state = STRING;
	else if (c == '}' || c == ']' || c == ':') {
		s->state = LOST;
		s->why = "a bracket or colon that nothing opened";
	} else
		s->state = SCALAR;
}

static bool
opens(char c)
{
	return c == '{' || c == '[' || c == '"';
}

/* A value begins only after an opening bracket, a comma or a colon; where it
 * begins elsewhere, the closing bracket of this record is missing. */
static void
nested(struct split *s, char c)
{
	if (c == ' ' || c == '\n' || c == '\t' || c == '\r')
		return;
	if (opens(c) && strchr("{[,:", s->last) == NULL) {
		s->state = LOST;
		s->why = "a closing bracket or a comma is missing";
		return;
	}
	s->last = c;
	if (c == '"')
		s->state = STRING;
	else if (c == '{' || c == '[')
		s->depth++;
	else if (c == '}' || c == ']')
		s->depth--;
}

/* Inside a string; it ends at the quote, and no control byte may be in it. */
static void
string(struct split *s, char c)
{
	if ((unsigned char)c < 0x20) {
		s->state = LOST;
		s->why = "a string without its closing quote";
	} else if (s->state == ESCAPE)
		s->state = STRING;
	else if (c == '\\')
		s->state = ESCAPE;
	else if (c == '"') {
		s->last = '"';
		s->state = NEST;
	}
}

/* Once lost, the next line that begins with a bracket is taken for a new
 * record: anything less would make records of the remains of a broken one. */
enum split_what
split_json(struct split *s, const char *p, size_t n, bool eof)
{
	for (; s->at < n; s->at++) {
		char c = p[s->at];

		switch (s->state) {
		case START:
			if (between(c)) {
				while (s->at < n && between(p[s->at]))
					s->at++;
				return done(s, SPLIT_SKIP, s->at, s->at);
			}
			start(s, c);
			break;
		case NEST:
			nested(s, c);
			if (s->depth == 0)
				return done(s, SPLIT_RECORD, s->at + 1, s->at + 1);
			break;
		case STRING:
		case ESCAPE:
			string(s, c);
			if (s->depth == 0 && s->state == NEST)
				return done(s, SPLIT_RECORD, s->at + 1, s->at + 1);
			break;
		case SCALAR:
			if (between(c) || opens(c) || c == '}' || c == ']' || c == ':')
				return done(s, SPLIT_RECORD, s->at, s->at);
			break;
		}
		if (s->state == LOST && s->newline && (c == '{' || c == '['))
			return done(s, SPLIT_BROKEN, s->at, s->at);
		s->newline = c == '\n';
	}
	if (!eof)
		return SPLIT_MORE;
	if (s->state == START)
		return done(s, SPLIT_SKIP, n, n);
	if (s->state == SCALAR)
		return done(s, SPLIT_RECORD, n, n);
	if (s->state != LOST)
		s->why = "the input ends inside it";
	return done(s, SPLIT_BROKEN, n, n);
}

enum { FIELD, PLAIN, QUOTED, QUOTE };

/* Whatever is wrong with a row, it ends: a quote inside an unquoted field
 * opens nothing (and csv_parse refuses the row). */
enum split_what
split_csv(struct split *s, const char *p, size_t n, bool eof)
{
	size_t len;

	for (; s->at < n; s->at++) {
		char c = p[s->at];

		if (s->state == QUOTED) {
			if (c == '"')
				s->state = QUOTE;
		} else if (c == '\n') {
			len = s->at > 0 && p[s->at - 1] == '\r' ? s->at - 1 : s->at;
			return done(s, SPLIT_RECORD, len, s->at + 1);
		} else if (c == s->delim)
			s->state = FIELD;
		else if (c == '"' && s->state != PLAIN)
			s->state = QUOTED;
		else
			s->state = PLAIN;
	}
	if (!eof)
		return SPLIT_MORE;
	if (n == 0 && s->state == FIELD)
		return done(s, SPLIT_SKIP, 0, 0);
	return done(s, SPLIT_RECORD, n, n);
}

enum split_what
split_whole(struct split *s, const char *p, size_t n, bool eof)
{
	(void)p;
	s->at = n;
	return eof ? done(s, SPLIT_RECORD, n, n) : SPLIT_MORE;
}
