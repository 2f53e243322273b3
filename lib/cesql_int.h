/* cesql_int.h -- what the files of CloudEvents SQL share: the tree and its pieces.
 * SPDX-License-Identifier: Apache-2.0 */

#ifndef CESQL_INT_H
#define CESQL_INT_H

#include "cesql.h"

#define CE_SQL_DEPTH 256            /* of the tree, so that no stack runs over */
#define CE_SQL_LENGTH (1 << 20)     /* of an expression */
#define CE_SQL_STRINGS (64u << 20)  /* bytes that one evaluation may make */

enum { CE_SQL_ANY = CE_SQL_STRING + 1 }; /* a type that only the event decides */

enum ce_sql_kind {
	CE_SQL_LITERAL, CE_SQL_ATTRIBUTE, CE_SQL_EXISTS, CE_SQL_NOT, CE_SQL_MINUS,
	CE_SQL_CHAIN, CE_SQL_LIKE, CE_SQL_IN, CE_SQL_CALL
};

/* In the order of their precedence, lowest first; level() knows the borders. */
enum ce_sql_op {
	CE_SQL_AND, CE_SQL_OR, CE_SQL_XOR,
	CE_SQL_EQ, CE_SQL_NE, CE_SQL_LT, CE_SQL_LE, CE_SQL_GT, CE_SQL_GE,
	CE_SQL_ADD, CE_SQL_SUB,
	CE_SQL_MUL, CE_SQL_DIV, CE_SQL_MOD
};

struct ce_sql_node;
struct ce_sql_like;

struct ce_sql_fn {
	const char *name;
	int returns;        /* enum ce_sql_type or CE_SQL_ANY */
	const char *params; /* a letter each: s i b, a for any; the last one repeats if variadic */
	bool variadic;
	/* False: an error was noted with ce_sql_fail; *v is the value then, too. */
	bool (*run)(struct ce_sql *q, const struct ce_sql_node *n, struct ce_event *ev,
	    struct ce_sql_value *v);
};

/* A chain is operands of one precedence and the operators between them, from left
 * to right: op[i] stands before kid[i].  So a thousand ORs are no deeper than one. */
struct ce_sql_node {
	enum ce_sql_kind kind;
	int type;                   /* static: enum ce_sql_type or CE_SQL_ANY */
	int depth;
	size_t at;                  /* where it stands in the text */
	bool negated;               /* NOT LIKE, NOT IN */
	bool plain;                 /* CHAIN: an attribute, = or !=, a String */
	int which;                  /* ATTRIBUTE, EXISTS: enum ce_at, -1 for an extension */
	struct ce_sql_value value;  /* LITERAL; s: a name, the pattern of LIKE */
	char *own;                  /* what value.s is in, if it is the node's */
	const struct ce_sql_fn *fn; /* CALL; NULL: there is none */
	struct ce_sql_like *like;
	struct ce_sql_node **kid;
	uint8_t *op;
	struct ce_sql_value *args;  /* CALL: the values of kid, room made once */
	int n;
	struct ce_sql_node *next;   /* of all */
};

struct ce_sql_fault {
	const struct ce_sql_node *at;
	const char *what;
	struct ce_str value;
};

struct ce_sql {
	char *text;
	struct ce_sql_node *root, *all;
	unsigned errors;
	struct ce_sql_fault first[7]; /* of each kind */
	char near[2048];              /* strings made in this evaluation, the first */
	size_t used, made;
	struct ce_sql_far *far;       /* and the others */
	struct ce_buf data, reason;
};

/* cesqllex.c */
enum ce_sql_token {
	CE_SQL_T_END, CE_SQL_T_OPEN, CE_SQL_T_CLOSE, CE_SQL_T_COMMA, CE_SQL_T_WORD,
	CE_SQL_T_NUMBER, CE_SQL_T_TEXT, CE_SQL_T_OP, CE_SQL_T_NOT, CE_SQL_T_LIKE,
	CE_SQL_T_IN, CE_SQL_T_EXISTS, CE_SQL_T_TRUE, CE_SQL_T_FALSE, CE_SQL_T_WRONG
};
struct ce_sql_lex {
	const char *text;
	size_t len, at;   /* at: behind the token */
	enum ce_sql_token token;
	size_t start;     /* of the token */
	enum ce_sql_op op;
	const char *wrong; /* T_WRONG: why */
};
void ce_sql_next(struct ce_sql_lex *l);
/* A sign stands right before the digits of a number (l is at the sign's token). */
bool ce_sql_signed(const struct ce_sql_lex *l);
/* The text between the quotes of the token, escapes undone; n <= its length. */
size_t ce_sql_unquote(const struct ce_sql_lex *l, char *to);
const char *ce_sql_op_name(enum ce_sql_op op);
int ce_sql_level(enum ce_sql_op op); /* of precedence: 0 logic to 3 multiplication */

/* cesqlparse.c */
struct ce_sql_node *ce_sql_parse(struct ce_sql *q, size_t len, struct ce_buf *why);

/* cesqlwhy.c */
void ce_sql_where(struct ce_buf *why, const char *text, size_t len, size_t at,
    const char *expected);
/* Line and column (characters, from 1) of a place. */
void ce_sql_place(const char *text, size_t at, unsigned long *line, unsigned long *column);

/* cesqllike.c */
struct ce_sql_like *ce_sql_like_new(struct ce_str pattern);
bool ce_sql_like(const struct ce_sql_like *l, struct ce_str s);
void ce_sql_like_free(struct ce_sql_like *l);

/* cesqlfn.c, cesqltext.c, cesqldata.c */
const struct ce_sql_fn *ce_sql_fn(struct ce_str name, int nargs);
bool ce_sql_fn_named(struct ce_str name);
bool ce_sql_length(struct ce_sql *, const struct ce_sql_node *, struct ce_event *, struct ce_sql_value *);
bool ce_sql_lower(struct ce_sql *, const struct ce_sql_node *, struct ce_event *, struct ce_sql_value *);
bool ce_sql_upper(struct ce_sql *, const struct ce_sql_node *, struct ce_event *, struct ce_sql_value *);
bool ce_sql_trim(struct ce_sql *, const struct ce_sql_node *, struct ce_event *, struct ce_sql_value *);
bool ce_sql_left(struct ce_sql *, const struct ce_sql_node *, struct ce_event *, struct ce_sql_value *);
bool ce_sql_right(struct ce_sql *, const struct ce_sql_node *, struct ce_event *, struct ce_sql_value *);
bool ce_sql_substring(struct ce_sql *, const struct ce_sql_node *, struct ce_event *, struct ce_sql_value *);
bool ce_sql_concat(struct ce_sql *, const struct ce_sql_node *, struct ce_event *, struct ce_sql_value *);
bool ce_sql_concat_ws(struct ce_sql *, const struct ce_sql_node *, struct ce_event *, struct ce_sql_value *);
bool ce_sql_data(struct ce_sql *, const struct ce_sql_node *, struct ce_event *, struct ce_sql_value *);

/* cesqleval.c */
bool ce_sql_value(struct ce_sql *q, const struct ce_sql_node *n, struct ce_event *ev,
    struct ce_sql_value *v);
/* False: cast error; *v is then the zero value of that type. */
bool ce_sql_cast(struct ce_sql *q, const struct ce_sql_node *n, struct ce_sql_value *v, int type);
bool ce_sql_fail(struct ce_sql *q, const struct ce_sql_node *n, unsigned error,
    const char *what, struct ce_str value); /* notes it; false */
char *ce_sql_room(struct ce_sql *q, size_t n); /* NULL: more than CE_SQL_STRINGS */
void ce_sql_room_reset(struct ce_sql *q);

static inline struct ce_sql_value
ce_sql_boolean(bool b)
{
	return (struct ce_sql_value){ CE_SQL_BOOLEAN, b, { "", 0 } };
}

static inline struct ce_sql_value
ce_sql_integer(int32_t i)
{
	return (struct ce_sql_value){ CE_SQL_INTEGER, i, { "", 0 } };
}

static inline struct ce_sql_value
ce_sql_string(const char *p, size_t n)
{
	return (struct ce_sql_value){ CE_SQL_STRING, 0, { p, n } };
}

/* Of a type that is not known: false. */
static inline struct ce_sql_value
ce_sql_zero(int type)
{
	return (struct ce_sql_value){ type == CE_SQL_ANY ? CE_SQL_BOOLEAN : (enum ce_sql_type)type,
	    0, { "", 0 } };
}

#endif
