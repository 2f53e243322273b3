/* cesqllex.c -- the words of CloudEvents SQL
 *
 * A sign is a token of its own here; where a value is expected the parser makes
 * it part of the number behind it, as the grammar has it, so that 4-1 is 3.
 * SPDX-License-Identifier: Apache-2.0 */

#include <string.h>
#include "cesql_int.h"

static const struct {
	const char *word;
	enum ce_sql_token token;
	enum ce_sql_op op;
} words[] = {
	{ "and", CE_SQL_T_OP, CE_SQL_AND }, { "or", CE_SQL_T_OP, CE_SQL_OR },
	{ "xor", CE_SQL_T_OP, CE_SQL_XOR }, { "not", CE_SQL_T_NOT, 0 },
	{ "like", CE_SQL_T_LIKE, 0 }, { "in", CE_SQL_T_IN, 0 },
	{ "exists", CE_SQL_T_EXISTS, 0 }, { "true", CE_SQL_T_TRUE, 0 },
	{ "false", CE_SQL_T_FALSE, 0 }
};

/* Longest first. */
static const struct {
	const char *sign;
	enum ce_sql_op op;
} signs[] = {
	{ "!=", CE_SQL_NE }, { "<>", CE_SQL_NE }, { "<=", CE_SQL_LE }, { ">=", CE_SQL_GE },
	{ "=", CE_SQL_EQ }, { "<", CE_SQL_LT }, { ">", CE_SQL_GT }, { "+", CE_SQL_ADD },
	{ "-", CE_SQL_SUB }, { "*", CE_SQL_MUL }, { "/", CE_SQL_DIV }, { "%", CE_SQL_MOD }
};

const char *
ce_sql_op_name(enum ce_sql_op op)
{
	static const char *const names[] = { "AND", "OR", "XOR", "=", "!=", "<", "<=", ">", ">=",
		"+", "-", "*", "/", "%" };

	return names[op];
}

int
ce_sql_level(enum ce_sql_op op)
{
	return (op >= CE_SQL_EQ) + (op >= CE_SQL_ADD) + (op >= CE_SQL_MUL);
}

static bool
digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool
word_byte(char c)
{
	return digit(c) || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || c == '_';
}

static size_t
word_end(const struct ce_sql_lex *l, size_t at, bool *number)
{
	for (*number = true; at < l->len && word_byte(l->text[at]); at++)
		*number = *number && digit(l->text[at]);
	return at;
}

bool
ce_sql_signed(const struct ce_sql_lex *l)
{
	bool number;

	return word_end(l, l->start + 1, &number) > l->start + 1 && number;
}

static void
wrong(struct ce_sql_lex *l, const char *why)
{
	l->token = CE_SQL_T_WRONG;
	l->wrong = why;
}

static void
word(struct ce_sql_lex *l)
{
	struct ce_str s = { l->text + l->start, 0 };
	bool number;

	l->at = word_end(l, l->start, &number);
	s.len = l->at - l->start;
	l->token = number ? CE_SQL_T_NUMBER : CE_SQL_T_WORD;
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (ce_str_like(s, words[i].word)) {
			l->token = words[i].token;
			l->op = words[i].op;
		}
}

/* A backslash takes the next character along, a doubled quote is one: so the end
 * is found as the grammar of the standard's authors finds it. */
static void
quoted(struct ce_sql_lex *l)
{
	char quote = l->text[l->start];

	l->token = CE_SQL_T_TEXT;
	for (l->at = l->start + 1; l->at < l->len; l->at++) {
		if (l->text[l->at] == '\\')
			l->at++;
		else if (l->text[l->at] == quote) {
			l->at++;
			if (l->at == l->len || l->text[l->at] != quote)
				return;
		}
	}
	l->at = l->len;
	wrong(l, "this quote is not closed");
}

size_t
ce_sql_unquote(const struct ce_sql_lex *l, char *to)
{
	char quote = l->text[l->start];
	size_t n = 0;

	for (size_t i = l->start + 1; i < l->at - 1; i++) {
		if (l->text[i] == quote || (l->text[i] == '\\' && l->text[i + 1] == quote))
			i++;
		else if (l->text[i] == '\\')
			to[n++] = l->text[i++];
		to[n++] = l->text[i];
	}
	return n;
}

static void
sign(struct ce_sql_lex *l)
{
	const char *p = l->text + l->start;
	size_t left = l->len - l->start;

	if (left > 1 && (memcmp(p, "==", 2) == 0 || memcmp(p, "&&", 2) == 0 ||
	    memcmp(p, "||", 2) == 0)) {
		wrong(l, *p == '=' ? "equality is one =" : *p == '&' ? "write AND" : "write OR");
		return;
	}
	for (size_t i = 0; i < sizeof(signs) / sizeof(*signs); i++) {
		size_t n = strlen(signs[i].sign);

		if (n <= left && memcmp(p, signs[i].sign, n) == 0) {
			l->at = l->start + n;
			l->token = CE_SQL_T_OP;
			l->op = signs[i].op;
			return;
		}
	}
	wrong(l, *p == '.' || *p == ':' || *p == '@' || (unsigned char)*p >= 0x80 ?
	    "no such sign; a text stands in quotes" : "no such sign");
}

void
ce_sql_next(struct ce_sql_lex *l)
{
	char c;

	while (l->at < l->len && strchr(" \t\r\n", l->text[l->at]) != NULL && l->text[l->at] != '\0')
		l->at++;
	l->start = l->at;
	if (l->at == l->len) { /* a message is about the place behind the last word */
		while (l->start > 0 && strchr(" \t\r\n", l->text[l->start - 1]) != NULL)
			l->start--;
		l->token = CE_SQL_T_END;
		return;
	}
	c = l->text[l->at++];
	if (c == '(' || c == ')' || c == ',')
		l->token = c == '(' ? CE_SQL_T_OPEN : c == ')' ? CE_SQL_T_CLOSE : CE_SQL_T_COMMA;
	else if (c == '\'' || c == '"')
		quoted(l);
	else if (word_byte(c))
		word(l);
	else
		sign(l);
}
