/* cesql-cases.h -- CloudEvents SQL: an expression, members that the event has beside
 * id n1, source /s and type t.a, and "VALUE ERRORS".
 * SPDX-License-Identifier: Apache-2.0 */

#ifndef CESQL_CASES_H
#define CESQL_CASES_H

#define MATH " math"
#define CAST " cast"
#define MISSING " missingAttribute"
#define NOFN " missingFunction"
#define FAILED " functionEvaluation"

static const struct sql_case {
	const char *expression, *members, *want;
} sql_cases[] = {
	/* literals */
	{ "true", "", "true" }, { "FALSE", "", "false" }, { "tRuE", "", "true" },
	{ "7", "", "7" }, { "0", "", "0" }, { "+7", "", "7" }, { "-7", "", "-7" },
	{ "0042", "", "42" }, { "2147483647", "", "2147483647" },
	{ "-2147483648", "", "-2147483648" }, { "+2147483647", "", "2147483647" },
	{ "'text'", "", "'text'" }, { "\"text\"", "", "'text'" }, { "''", "", "''" },
	{ "'MiXed'", "", "'MiXed'" }, { "'it\\'s \"so\"'", "", "'it's \"so\"'" },
	{ "\"a \\\"b\\\" 'c'\"", "", "'a \"b\" 'c''" }, { "'it''s'", "", "'it's'" },
	{ "\"a\"\"b\"", "", "'a\"b'" }, { "''''", "", "'''" },
	{ "'back\\slash'", "", "'back\\slash'" }, { "'two\\\\'", "", "'two\\\\'" },
	{ "'\\\"'", "", "'\\\"'" }, { "'a\nb\tc'", "", "'a\nb\tc'" },
	{ "'\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80'", "", "'\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80'" },
	{ " \t\r\n 7 \n", "", "7" },
	/* attributes and their types */
	{ "id", "", "'n1'" }, { "SOURCE", "", "'/s'" }, { "specversion", "", "'1.0'" },
	{ "subject", "\"subject\":\"x\"", "'x'" }, { "subject", "", "false" MISSING },
	{ "time", "\"time\":\"2026-11-23T14:58:01+01:00\"", "'2026-11-23T14:58:01+01:00'" },
	{ "dataschema", "\"dataschema\":\"http://h/x\"", "'http://h/x'" },
	{ "ext", "\"ext\":true", "true" }, { "ext", "\"ext\":false", "false" },
	{ "ext", "\"ext\":-12", "-12" }, { "ext", "\"ext\":\"5\"", "'5'" },
	{ "ext", "\"ext\":-2147483648", "-2147483648" }, { "ext", "\"ext\":-0", "0" },
	{ "ext", "\"ext\":null", "false" MISSING }, { "eXt", "\"ext\":\"\"", "''" },
	{ "ext", "\"ext\":\"a\\u00e4\"", "'a\xc3\xa4'" },
	{ "1st", "\"1st\":\"x\"", "'x'" }, { "data", "\"data\":1", "false" MISSING },
	{ "ackto", "\"ackto\":\"a.1\"", "false" MISSING }, { "int", "\"int\":3", "3" },
	{ "length + 1", "\"length\":3", "4" },
	/* what is missing */
	{ "none = ''", "", "false" MISSING }, { "none != 2", "", "false" MISSING },
	{ "2 <> none", "", "false" MISSING }, { "none < 2", "", "false" MISSING },
	{ "2 >= none", "", "false" MISSING }, { "none * 5", "", "0" MISSING },
	{ "1 / none", "", "0" MISSING }, { "none / 0", "", "0" MISSING }, { "none % 0", "", "0" MISSING },
	{ "-none", "", "0" MISSING }, { "NOT none", "", "false" MISSING },
	{ "none LIKE '%'", "", "false" MISSING }, { "none NOT LIKE 'a'", "", "false" MISSING },
	{ "none IN ('a')", "", "false" MISSING }, { "none NOT IN ('a')", "", "false" MISSING },
	{ "'a' IN (none, 'a')", "", "false" MISSING }, { "'a' IN ('a', none)", "", "true" },
	{ "'a' NOT IN (none)", "", "false" MISSING }, { "LENGTH(none)", "", "0" MISSING },
	{ "CONCAT('a', none)", "", "''" MISSING }, { "BOOL(none)", "", "false" MISSING },
	{ "INT(none)", "", "0" MISSING }, { "STRING(none)", "", "''" MISSING },
	{ "ABS(none)", "", "0" MISSING }, { "none XOR true", "", "false" MISSING },
	{ "true AND (none = '')", "", "false" MISSING }, { "none AND true", "", "false" MISSING },
	{ "none OR true", "", "false" MISSING }, { "false OR none = 1", "", "false" MISSING },
	{ "true OR none", "", "true" }, { "false AND none", "", "false" },
	/* EXISTS */
	{ "EXISTS id", "", "true" }, { "exists TYPE", "", "true" }, { "EXISTS specversion", "", "true" },
	{ "EXISTS source", "", "true" }, { "EXISTS subject", "", "false" },
	{ "EXISTS subject", "\"subject\":\"x\"", "true" }, { "EXISTS ext", "\"ext\":0", "true" },
	{ "EXISTS ext", "\"ext\":null", "false" }, { "NOT EXISTS ext", "", "true" },
	{ "EXISTS data", "\"data\":1", "false" }, { "EXISTS 7", "\"7\":1", "true" },
	{ "EXISTS ext = true", "\"ext\":1", "true" }, { "EXISTS ext AND ext > 0", "", "false" },
	/* NOT, minus */
	{ "NOT true", "", "false" }, { "NOT false", "", "true" }, { "not NOT true", "", "true" },
	{ "NOT 'true'", "", "false" }, { "NOT 'FALSE'", "", "true" }, { "NOT 10", "", "false" },
	{ "NOT 0", "", "true" }, { "NOT 'yes'", "", "false" CAST },
	{ "-'10'", "", "-10" }, { "--'10'", "", "10" }, { "--10", "", "10" }, { "---10", "", "-10" },
	{ "- 10", "", "-10" }, { "-true", "", "-1" }, { "-false", "", "0" }, { "-'x'", "", "0" CAST },
	{ "--2147483648", "", "0" MATH }, { "-(-2147483648)", "", "0" MATH }, { "-(3)", "", "-3" },
	{ "-ext", "\"ext\":4", "-4" }, { "-4ever", "\"4ever\":4", "-4" },
	/* logic */
	{ "true AND true", "", "true" }, { "true AND false", "", "false" },
	{ "false AND true", "", "false" }, { "false and false", "", "false" },
	{ "true OR false", "", "true" }, { "false OR true", "", "true" },
	{ "false OR false", "", "false" }, { "true or true", "", "true" },
	{ "true XOR true", "", "false" }, { "true XOR false", "", "true" },
	{ "false XOR true", "", "true" }, { "false xOr false", "", "false" },
	{ "false AND (1 = 1 / 0)", "", "false" }, { "true AND (1 != 1 / 0)", "", "false" MATH },
	{ "true OR (1 = 1 / 0)", "", "true" }, { "false OR (1 != 1 / 0)", "", "false" MATH },
	{ "true XOR (1 != 1 / 0)", "", "false" MATH }, { "(1 / 0 = 0) XOR true", "", "false" MATH },
	{ "'true' AND 1", "", "true" }, { "'true' OR 'x'", "", "true" }, { "'x' OR true", "", "false" CAST },
	{ "true AND 'x'", "", "false" CAST }, { "2 XOR 'false'", "", "true" },
	{ "'x' AND 'y' / 0", "", "false" CAST }, { "'x' XOR none", "", "false" CAST MISSING },
	{ "1 / 0 = none", "", "false" MATH MISSING },
	/* from left to right, on one level */
	{ "true OR false AND false", "", "false" }, { "true OR true XOR true", "", "false" },
	{ "false AND false OR true", "", "true" }, { "true XOR true OR true", "", "true" },
	{ "true OR none = 1 AND true", "", "true" },
	/* equality: the left side becomes what the right one is */
	{ "true = true", "", "true" }, { "true = false", "", "false" }, { "false != true", "", "true" },
	{ "2 = 2", "", "true" }, { "2 = 3", "", "false" }, { "2 != 3", "", "true" }, { "2 <> 2", "", "false" },
	{ "'a' = 'a'", "", "true" }, { "'a' = 'A'", "", "false" }, { "'a' <> 'b'", "", "true" },
	{ "'a' = 'ab'", "", "false" }, { "true = 'true'", "", "true" }, { "true = 'TRUE'", "", "false" },
	{ "'TRUE' = true", "", "true" }, { "'x' = true", "", "false" CAST }, { "'x' != true", "", "false" CAST },
	{ "7 = '7'", "", "true" }, { "7 = '07'", "", "false" }, { "'07' = 7", "", "true" },
	{ "'7x' = 7", "", "false" CAST }, { "'x' != 7", "", "false" CAST }, { "2 = true", "", "true" },
	{ "true = 1", "", "true" }, { "true = 2", "", "false" }, { "false = 0", "", "true" },
	{ "ext = 10", "\"ext\":\"10\"", "true" }, { "ext = '10'", "\"ext\":10", "true" },
	{ "'10' = ext", "\"ext\":10", "true" }, { "ext = true", "\"ext\":\"True\"", "true" },
	{ "1 = 1 = true", "", "true" }, { "1 = 1 = 1", "", "true" }, { "3 = 3 = 3", "", "false" },
	{ "TRUE = \"true\" AND FALSE = \"false\"", "", "true" },
	{ "TRUE = \"TRUE\" OR FALSE = \"FALSE\"", "", "false" },
	/* order */
	{ "1 < 2", "", "true" }, { "2 < 2", "", "false" }, { "2 <= 2", "", "true" }, { "3 <= 2", "", "false" },
	{ "2 > 1", "", "true" }, { "2 > 2", "", "false" }, { "2 >= 2", "", "true" }, { "1 >= 2", "", "false" },
	{ "'10' < '9'", "", "false" }, { "hop < ttl", "\"hop\":\"5\",\"ttl\":10", "true" },
	{ "'a' < 1", "", "false" CAST }, { "1 < 'a'", "", "false" CAST }, { "true > false", "", "true" },
	{ "-2147483648 < 2147483647", "", "true" }, { "1 < 2 < 3", "", "true" }, { "3 > 2 > 1", "", "false" },
	/* arithmetic */
	{ "4 + 1", "", "5" }, { "4+1", "", "5" }, { "4 -1", "", "3" }, { "4-1", "", "3" }, { "4 - -1", "", "5" },
	{ "-4 + -1", "", "-5" }, { "2 + 3 * 4", "", "14" }, { "(2 + 3) * 4", "", "20" }, { "20 / 2 / 5", "", "2" },
	{ "10 - 3 - 2", "", "5" }, { "2 * 7 % 4", "", "2" }, { "9 % 5 * 3", "", "12" },
	{ "7 / 2", "", "3" }, { "-7 / 2", "", "-3" }, { "7 / -2", "", "-3" }, { "-7 / -2", "", "3" },
	{ "7 % 3", "", "1" }, { "-7 % 3", "", "-1" }, { "7 % -3", "", "1" }, { "-7 % -3", "", "-1" },
	{ "5 / 0", "", "0" MATH }, { "5 % 0", "", "0" MATH }, { "0 / 0", "", "0" MATH },
	{ "2147483647 + 1", "", "0" MATH }, { "-2147483648 - 1", "", "0" MATH },
	{ "2147483647 * 2147483647", "", "0" MATH }, { "-2147483648 * -1", "", "0" MATH },
	{ "-2147483648 / -1", "", "0" MATH }, { "-2147483648 % -1", "", "0" },
	{ "-2147483648 * 1", "", "-2147483648" }, { "65536 * 32767", "", "2147418112" },
	{ "'5' + 3", "", "8" }, { "5 + '3'", "", "8" }, { "'5' * '3'", "", "15" }, { "5 + true", "", "6" },
	{ "'+5' + ' 3'", "", "0" CAST }, { "'a' + 'b'", "", "0" CAST }, { "'2147483648' + 0", "", "0" CAST },
	{ "'-2147483648' + 0", "", "-2147483648" }, { "'' + 1", "", "0" CAST }, { "'-' + 1", "", "0" CAST },
	{ "'00000000000000000000007' + 0", "", "7" }, { "'1.0' + 0", "", "0" CAST }, { "'0x1' + 0", "", "0" CAST },
	{ "'99999999999999999999999' + 0", "", "0" CAST }, { "(1 / 0) + 1", "", "0" MATH },
	{ "1 / (1 - 1)", "", "0" MATH }, { "'x' / 0", "", "0" CAST }, { "1 + 1 = 2", "", "true" },
	/* precedence of the others */
	{ "NOT true = false", "", "true" }, { "NOT false AND false", "", "false" },
	{ "NOT 'a' LIKE 'a'", "", "false" CAST }, { "-1 IN (-1)", "", "true" }, { "- 1 IN (-1)", "", "true" },
	{ "1 + 2 IN (2)", "", "2" }, { "'x' LIKE 'x' = true", "", "true" }, { "3 = 3 IN (true)", "", "false" },
	{ "'true' LIKE 'x' IN (false)", "", "true" }, { "1 IN (1) LIKE 'tr%'", "", "true" },
	{ "5 IN (5) IN (true)", "", "true" }, { "'a' LIKE 'a' LIKE 'true'", "", "true" },
	{ "1 + 1 < 3 AND 2 > 1", "", "true" }, { "((true))", "", "true" },
	/* IN */
	{ "7 IN (1, 7)", "", "true" }, { "7 in (1)", "", "false" }, { "7 NOT IN (1, 7)", "", "false" },
	{ "7 not in (1, 2)", "", "true" }, { "'b' IN ('a', \"b\")", "", "true" }, { "'b' IN ('B')", "", "false" },
	{ "true IN (false, true)", "", "true" }, { "true IN ('true')", "", "true" },
	{ "'true' IN (TRUE, 'x')", "", "true" }, { "'TRUE' IN (TRUE, 'x')", "", "false" },
	{ "1 IN ('1', '2')", "", "true" }, { "'1' IN (2, 1)", "", "true" }, { "1 IN ('x', 1)", "", "false" CAST },
	{ "1 IN (1, 'x')", "", "true" }, { "1 NOT IN ('x')", "", "false" CAST }, { "2 IN (1 + 1)", "", "true" },
	{ "type IN (id, 't.a')", "", "true" }, { "ext IN (5)", "\"ext\":\"5\"", "true" },
	{ "(1 / 0) IN (0)", "", "false" MATH }, { "1 IN (1 / 0)", "", "false" MATH },
	{ "1 = 1 IN (1)", "", "true" },
	/* LIKE */
	{ "'abc' LIKE 'abc'", "", "true" }, { "'abc' LIKE 'ABC'", "", "false" }, { "'abc' LIKE 'ab'", "", "false" },
	{ "'abc' NOT LIKE 'abc'", "", "false" }, { "'abc' NOT LIKE 'x'", "", "true" },
	{ "'' LIKE ''", "", "true" }, { "'' LIKE '%'", "", "true" }, { "'' LIKE '_'", "", "false" },
	{ "'a' LIKE ''", "", "false" }, { "'abc' LIKE '%'", "", "true" }, { "'abc' LIKE '%%%'", "", "true" },
	{ "'abc' LIKE 'a%'", "", "true" }, { "'abc' LIKE '%c'", "", "true" }, { "'abc' LIKE '%b%'", "", "true" },
	{ "'abc' LIKE 'b%'", "", "false" }, { "'abc' LIKE '%b'", "", "false" }, { "'aXbXc' LIKE 'a%b%c'", "", "true" },
	{ "'abcabd' LIKE '%abd'", "", "true" }, { "'aab' LIKE '%ab'", "", "true" }, { "'ab' LIKE 'ab%b'", "", "false" },
	{ "'aba' LIKE 'ab%ba'", "", "false" }, { "'abba' LIKE 'ab%ba'", "", "true" }, { "'a' LIKE 'a%a'", "", "false" },
	{ "'a%c' LIKE 'a%c'", "", "true" }, { "'xaya' LIKE '%a%a'", "", "true" }, { "'xa' LIKE '%a%a'", "", "false" },
	{ "'abc' LIKE 'a_c'", "", "true" }, { "'ac' LIKE 'a_c'", "", "false" }, { "'abbc' LIKE 'a_c'", "", "false" },
	{ "'abc' LIKE '___'", "", "true" }, { "'abc' LIKE '__'", "", "false" }, { "'abc' LIKE '_%_'", "", "true" },
	{ "'a' LIKE '_%_'", "", "false" }, { "'xaby' LIKE '%a_y'", "", "true" }, { "'aab1cab2' LIKE '%b_c%b_'", "", "true" },
	{ "'abcd' LIKE '%b_%'", "", "true" }, { "'ab' LIKE '%b_%'", "", "false" }, { "'b12b34' LIKE '%b_4'", "", "true" },
	{ "'a_c' LIKE 'a\\_c'", "", "true" }, { "'abc' LIKE 'a\\_c'", "", "false" }, { "'a%c' LIKE 'a\\%c'", "", "true" },
	{ "'abc' LIKE 'a\\%c'", "", "false" }, { "'a\\c' LIKE 'a\\c'", "", "true" }, { "'a\\' LIKE 'a\\\\'", "", "false parse" },
	{ "'a\\x' LIKE '_\\x'", "", "true" }, { "'50%' LIKE '%\\%'", "", "true" }, { "'50' LIKE '%\\%'", "", "false" },
	{ "'it''s' LIKE 'it\\'s'", "", "true" }, { "'\\%' LIKE '\\\\%'", "", "true" }, { "'\\x' LIKE '\\\\x'", "", "false" },
	{ "'\xc3\xa4' LIKE '_'", "", "true" }, { "'\xc3\xa4' LIKE '__'", "", "false" },
	{ "'x\xf0\x9f\x98\x80y' LIKE 'x_y'", "", "true" }, { "'\xe2\x82\xac\xe2\x82\xac' LIKE '%__'", "", "true" },
	{ "'\xe2\x82\xac' LIKE '%__'", "", "false" }, { "'a\xcc\x88' LIKE '__'", "", "true" },
	{ "234 LIKE '23_'", "", "true" }, { "-5 LIKE '-%'", "", "true" }, { "true LIKE 'tr%'", "", "true" },
	{ "FALSE LIKE 'FAL%'", "", "false" }, { "ext LIKE '1_'", "\"ext\":12", "true" },
	{ "(1 / 0) LIKE '%'", "", "false" MATH },
	/* casts by name */
	{ "INT('1')", "", "1" }, { "INT('-1')", "", "-1" }, { "int(1)", "", "1" }, { "INT(true)", "", "1" },
	{ "INT(FALSE)", "", "0" }, { "INT('ABC')", "", "0" CAST }, { "INT('')", "", "0" CAST },
	{ "BOOL('TRUE')", "", "true" }, { "BOOL('false')", "", "false" }, { "BOOL('yes')", "", "false" CAST },
	{ "BOOL('')", "", "false" CAST }, { "BOOL(' true')", "", "false" CAST }, { "Bool(0)", "", "false" },
	{ "BOOL(-50)", "", "true" }, { "BOOL(true)", "", "true" }, { "STRING(true)", "", "'true'" },
	{ "STRING(FALSE)", "", "'false'" }, { "STRING(-12)", "", "'-12'" }, { "STRING('a')", "", "'a'" },
	{ "STRING(-2147483648)", "", "'-2147483648'" }, { "STRING(0)", "", "'0'" }, { "STRING(ext)", "\"ext\":7", "'7'" },
	{ "STRING(1 / 0)", "", "''" MATH },
	/* ABS */
	{ "ABS(10)", "", "10" }, { "ABS(-10)", "", "10" }, { "abs(0)", "", "0" }, { "ABS('-3')", "", "3" },
	{ "ABS(-2147483648)", "", "2147483647" MATH }, { "ABS(-2147483647)", "", "2147483647" },
	{ "ABS('x')", "", "0" CAST }, { "1 + ABS(-2147483648)", "", "0" MATH },
	/* strings */
	{ "LENGTH('abc')", "", "3" }, { "LENGTH('')", "", "0" }, { "LENGTH(true)", "", "4" }, { "LENGTH(-12)", "", "3" },
	{ "length('\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80')", "", "3" }, { "LENGTH(type)", "", "3" },
	{ "CONCAT()", "", "''" }, { "CONCAT('a')", "", "'a'" }, { "CONCAT('a', 1, true)", "", "'a1true'" },
	{ "CONCAT(type, '-', id)", "", "'t.a-n1'" }, { "CONCAT('', '')", "", "''" },
	{ "CONCAT_WS(',', 'a', 'b', 'c')", "", "'a,b,c'" }, { "CONCAT_WS(',')", "", "''" },
	{ "concat_ws(',', 'a')", "", "'a'" }, { "CONCAT_WS(', ', '', '')", "", "', '" }, { "CONCAT_WS('', 1, 2)", "", "'12'" },
	{ "CONCAT_WS(1, 2, 3)", "", "'213'" },
	{ "LOWER('AbC')", "", "'abc'" }, { "UPPER('AbC')", "", "'ABC'" }, { "lower(TRUE)", "", "'true'" },
	{ "UPPER('\xc3\xa4\xd0\xb1')", "", "'\xc3\x84\xd0\x91'" }, { "LOWER('\xc3\x84\xce\xa9')", "", "'\xc3\xa4\xcf\x89'" },
	{ "UPPER('\xc3\x9f')", "", "'\xc3\x9f'" }, { "UPPER('1 \xe2\x82\xac')", "", "'1 \xe2\x82\xac'" },
	{ "TRIM('  a b  ')", "", "'a b'" }, { "TRIM('a')", "", "'a'" }, { "TRIM('')", "", "''" }, { "TRIM('   ')", "", "''" },
	{ "TRIM('\t\n a\r\n')", "", "'a'" }, { "TRIM('\xc2\xa0\xe3\x80\x80x\xe2\x80\x83')", "", "'x'" },
	{ "TRIM('\x01x\xe2\x80\x8b')", "", "'\x01x\xe2\x80\x8b'" }, { "TRIM(' \xc3\xa4 ')", "", "'\xc3\xa4'" },
	{ "LEFT('abc', 2)", "", "'ab'" }, { "LEFT('abc', 3)", "", "'abc'" }, { "LEFT('abc', 10)", "", "'abc'" },
	{ "LEFT('abc', 0)", "", "''" }, { "LEFT('abc', -2)", "", "'abc'" FAILED }, { "left('\xc3\xa4\xc3\xb6', 1)", "", "'\xc3\xa4'" },
	{ "LEFT(1234, '2')", "", "'12'" }, { "LEFT('a', 'x')", "", "''" CAST }, { "LEFT('a', 2147483647)", "", "'a'" },
	{ "RIGHT('abc', 2)", "", "'bc'" }, { "RIGHT('abc', 10)", "", "'abc'" }, { "RIGHT('abc', 0)", "", "''" },
	{ "RIGHT('', 0)", "", "''" }, { "RIGHT('abc', -2)", "", "'abc'" FAILED }, { "RIGHT('\xc3\xa4\xc3\xb6', 1)", "", "'\xc3\xb6'" },
	{ "RIGHT('abc', -2147483648)", "", "'abc'" FAILED }, { "LENGTH(LEFT('abc', -1))", "", "0" FAILED },
	{ "SUBSTRING('abcdef', 1)", "", "'abcdef'" }, { "SUBSTRING('abcdef', 6)", "", "'f'" },
	{ "SUBSTRING('abcdef', 7)", "", "''" FAILED }, { "SUBSTRING('abcdef', -6)", "", "'abcdef'" },
	{ "SUBSTRING('abcdef', -1)", "", "'f'" }, { "SUBSTRING('abcdef', -7)", "", "''" FAILED },
	{ "SUBSTRING('abcdef', 0)", "", "''" }, { "SUBSTRING('', 0)", "", "''" }, { "SUBSTRING('', 1)", "", "''" FAILED },
	{ "SUBSTRING('abcdef', 2, 3)", "", "'bcd'" }, { "SUBSTRING('abcdef', -3, 2)", "", "'de'" },
	{ "SUBSTRING('abcdef', 5, 10)", "", "'ef'" }, { "SUBSTRING('abcdef', 2, 0)", "", "''" },
	{ "SUBSTRING('abcdef', 0, 2)", "", "''" }, { "SUBSTRING('abcdef', 2, -1)", "", "''" FAILED },
	{ "SUBSTRING('abcdef', 0, -1)", "", "''" FAILED }, { "SUBSTRING('abcdef', 9, 1)", "", "''" FAILED },
	{ "SUBSTRING('abcdef', -9, 1)", "", "''" FAILED }, { "SUBSTRING('a\xc3\xa4\xe2\x82\xac' , 2, 1)", "", "'\xc3\xa4'" },
	{ "SUBSTRING('abc', -2147483648)", "", "''" FAILED }, { "SUBSTRING('abc', 1, 2147483647)", "", "'abc'" },
	/* functions that there are not */
	{ "CONCAT_WS()", "", "false" NOFN }, { "FOO()", "", "false" NOFN }, { "FOO_BAR('a', 1)", "", "false" NOFN },
	{ "LENGTH()", "", "false" NOFN }, { "LENGTH('a', 'b')", "", "false" NOFN }, { "SUBSTRING('a')", "", "false" NOFN },
	{ "ABS(1, 2)", "", "false" NOFN }, { "1 + FOO()", "", "0" NOFN }, { "true OR FOO()", "", "true" },
	{ "FOO(none)", "", "false" NOFN }, { "length ('abc')", "", "3" },
	/* DATA, which the standard does not have */
	{ "DATA('/a')", "\"data\":{\"a\":\"x\"}", "'x'" }, { "data(\"/a/b\")", "\"data\":{\"a\":{\"b\":-5}}", "-5" },
	{ "DATA('/a')", "\"data\":{\"a\":true}", "true" }, { "DATA('/a')", "\"data\":{\"a\":false}", "false" },
	{ "DATA('/a')", "\"data\":{\"a\":null}", "false" MISSING }, { "DATA('/b')", "\"data\":{\"a\":1}", "false" MISSING },
	{ "DATA('/a/b')", "\"data\":{\"a\":1}", "false" MISSING }, { "DATA('/a')", "", "false" MISSING },
	{ "DATA('')", "\"data\":\"x\"", "'x'" }, { "DATA('')", "\"data\":7", "7" }, { "DATA('')", "\"data\":null", "false" MISSING },
	{ "DATA('')", "\"data\":[1, 2]", "'[1, 2]'" }, { "DATA('/a')", "\"data\":{\"a\":{ \"b\": 1 }}", "'{ \"b\": 1 }'" },
	{ "DATA('/1')", "\"data\":[\"x\", \"y\"]", "'y'" }, { "DATA('/01')", "\"data\":[\"x\",\"y\"]", "false" MISSING },
	{ "DATA('/-')", "\"data\":[1]", "false" MISSING }, { "DATA('/2')", "\"data\":[1,2]", "false" MISSING },
	{ "DATA('/1')", "\"data\":{\"1\":2}", "2" }, { "DATA('/')", "\"data\":{\"\":2}", "2" }, { "DATA('//a')", "\"data\":{\"\":{\"a\":3}}", "3" },
	{ "DATA('/a~1b')", "\"data\":{\"a/b\":2}", "2" }, { "DATA('/a~0b')", "\"data\":{\"a~b\":2}", "2" },
	{ "DATA('/~01')", "\"data\":{\"~1\":2}", "2" }, { "DATA('/a.b')", "\"data\":{\"a.b\":2}", "2" },
	{ "DATA('/\xc3\xa4')", "\"data\":{\"\\u00e4\":2}", "2" }, { "DATA('/a')", "\"data\":{\"a\":1,\"a\":2}", "2" },
	{ "DATA('/a')", "\"data\":{\"a\":\"\\u00e4\\\"\"}", "'\xc3\xa4\"'" }, { "DATA('/A')", "\"data\":{\"a\":1}", "false" MISSING },
	{ "DATA('/a')", "\"data\":{\"a\":2147483648}", "'2147483648'" }, { "DATA('/a')", "\"data\":{\"a\":-2147483648}", "-2147483648" },
	{ "DATA('/a')", "\"data\":{\"a\":1.5}", "'1.5'" }, { "DATA('/a')", "\"data\":{\"a\":1e2}", "'1e2'" },
	{ "DATA('/a')", "\"data\":{\"a\":99999999999999999999}", "'99999999999999999999'" }, { "DATA('/a')", "\"data\":{\"a\":-0}", "0" },
	{ "DATA('/a') > 1", "\"data\":{\"a\":1.5}", "false" CAST }, { "DATA('/a') + 1", "\"data\":{\"a\":\"4\"}", "5" },
	{ "DATA('/a') = 'x'", "\"datacontenttype\":\"text/plain\",\"data\":\"{\\\"a\\\":\\\"x\\\"}\"", "false" MISSING },
	{ "DATA('/a')", "\"datacontenttype\":\"application/x+json\",\"data\":{\"a\":4}", "4" },
	{ "DATA('/a')", "\"datacontenttype\":\"application/json\",\"data_base64\":\"IHsiYSI6NH0g\"", "4" },
	{ "DATA('')", "\"datacontenttype\":\"application/json\",\"data_base64\":\"IDQg\"", "4" },
	{ "DATA('/a')", "\"data_base64\":\"eyJhIjo0fQ==\"", "false" MISSING }, { "DATA(path)", "\"path\":\"/a\",\"data\":{\"a\":4}", "4" },
	{ "DATA(path)", "\"path\":\"a\",\"data\":{\"a\":4}", "false" FAILED }, { "DATA(CONCAT('/', 'a~'))", "\"data\":{\"a\":4}", "false" FAILED },
	{ "DATA(none)", "\"data\":{\"a\":4}", "false" MISSING }, { "DATA('/a') IN ('x', 'y')", "\"data\":{\"a\":\"y\"}", "true" },
	{ "DATA('/a') LIKE 'f%' AND DATA('/b/0') = 1", "\"data\":{\"b\":[1],\"a\":\"foo\"}", "true" },
	{ "DATA()", "", "false" NOFN },
};

static const struct {
	const char *expression, *why;
} sql_mistakes[] = {
	{ "", "line 1, column 1: expected an expression, there is nothing\n  \n  ^" },
	{ "  \n ", "line 1, column 1: expected an expression, there is nothing\n    \n  ^" },
	{ "type = ", "line 1, column 7: expected a value: an attribute, a literal, a function or (\n"
	    "  type = \n        ^" },
	{ "type == 'x'", "line 1, column 6: equality is one =\n  type == 'x'\n       ^" },
	{ "type = order.paid", "line 1, column 13: no such sign; a text stands in quotes\n"
	    "  type = order.paid\n              ^" },
	{ "a = 1 && b = 2", "line 1, column 7: write AND\n  a = 1 && b = 2\n        ^" },
	{ "a || b", "line 1, column 3: write OR\n  a || b\n    ^" },
	{ "(a = 1", "line 1, column 7: expected an operator, or ) for the ( of line 1, column 1\n"
	    "  (a = 1\n        ^" },
	{ "a = 1)", "line 1, column 6: no ( is open for this\n  a = 1)\n       ^" },
	{ "ABC(", "line 1, column 5: expected a value: an attribute, a literal, a function or (\n"
	    "  ABC(\n      ^" },
	{ "LEFT(a, 1", "line 1, column 10: expected , or ) for the ( of line 1, column 5\n"
	    "  LEFT(a, 1\n           ^" },
	{ "LEFT(a,)", "line 1, column 8: expected a value: an attribute, a literal, a function or (\n"
	    "  LEFT(a,)\n         ^" },
	{ "a b", "line 1, column 3: expected an operator or the end\n  a b\n    ^" },
	{ "1 2", "line 1, column 3: expected an operator or the end\n  1 2\n    ^" },
	{ "a LIKE b", "line 1, column 8: expected a pattern behind LIKE: a text in quotes\n"
	    "  a LIKE b\n         ^" },
	{ "a LIKE 123", "line 1, column 8: expected a pattern behind LIKE: a text in quotes\n"
	    "  a LIKE 123\n         ^" },
	{ "a LIKE ('x')", "line 1, column 8: expected a pattern behind LIKE: a text in quotes\n"
	    "  a LIKE ('x')\n         ^" },
	{ "a IN ()", "line 1, column 7: expected a value: an attribute, a literal, a function or (\n"
	    "  a IN ()\n        ^" },
	{ "a IN 'x'", "line 1, column 6: expected ( and a list of values behind IN\n  a IN 'x'\n       ^" },
	{ "a NOT b", "line 1, column 3: expected an operator or the end\n  a NOT b\n    ^" },
	{ "EXISTS 'x'", "line 1, column 8: expected the name of an attribute behind EXISTS\n"
	    "  EXISTS 'x'\n         ^" },
	{ "EXISTS", "line 1, column 7: expected the name of an attribute behind EXISTS\n  EXISTS\n        ^" },
	{ "EXISTS(x)", "line 1, column 7: expected the name of an attribute behind EXISTS\n  EXISTS(x)\n        ^" },
	{ "a = 'x", "line 1, column 5: this quote is not closed\n  a = 'x\n      ^" },
	{ "'x\\'", "line 1, column 1: this quote is not closed\n  'x\\'\n  ^" },
	{ "'x''", "line 1, column 1: this quote is not closed\n  'x''\n  ^" },
	{ "2147483648", "line 1, column 1: an Integer is from -2147483648 to 2147483647\n  2147483648\n  ^" },
	{ "1 + -2147483649", "line 1, column 5: an Integer is from -2147483648 to 2147483647\n"
	    "  1 + -2147483649\n      ^" },
	{ "- 2147483648", "line 1, column 3: an Integer is from -2147483648 to 2147483647\n  - 2147483648\n    ^" },
	{ "my_attr = 1", "line 1, column 1: attributes have letters and digits in their names only; "
	    "a function is followed by (\n  my_attr = 1\n  ^" },
	{ "SHA256('x')", "line 1, column 1: functions have letters and _ in their names only\n  SHA256('x')\n  ^" },
	{ "+ 5", "line 1, column 1: expected a value: an attribute, a literal, a function or (\n  + 5\n  ^" },
	{ "a ! b", "line 1, column 3: no such sign\n  a ! b\n    ^" },
	{ "a = 1\n  AND\tb = = 2", "line 2, column 11: expected a value: an attribute, a literal, a function or (\n"
	    "    AND b = = 2\n            ^" },
	{ "'\xc3\xa4\xe6\x97\xa5' = = 1", "line 1, column 8: expected a value: an attribute, a literal, a function or (\n"
	    "  '\xc3\xa4\xe6\x97\xa5' = = 1\n          ^" },
	{ "a = '\xff'", "line 1, column 6: this is no UTF-8\n  a = '?'\n       ^" },
	{ "DATA('a')", "line 1, column 6: a JSON Pointer is empty or begins with /\n  DATA('a')\n       ^" },
	{ "DATA('/a~')", "line 1, column 6: in a JSON Pointer ~ is written ~0, and / in a name ~1\n"
	    "  DATA('/a~')\n       ^" },
	{ "a = '0123456789012345678901234567890123456789012345678901234567890123456789' = = "
	    "'0123456789012345678901234567890123456789'", "line 1, column 80: expected a value: an attribute, "
	    "a literal, a function or (\n  ...45678901234567890123456789012345678901234567890123456789'"
	    " = = '012345678901234567890123456...\n                                                                 ^" },
};

static const struct {
	const char *expression, *why;
} sql_trees[] = {
	{ "type = 'a' AND hop < 3 OR EXISTS x",
	    "OR: Boolean\n"
	    "  AND: Boolean\n"
	    "    =: Boolean\n"
	    "      cast: String\n"
	    "        attribute type: as the event has it\n"
	    "      \"a\": String\n"
	    "    <: Boolean\n"
	    "      cast: Integer\n"
	    "        attribute hop: as the event has it\n"
	    "      3: Integer\n"
	    "  EXISTS x: Boolean\n" },
	{ "10 - 1 - 2 + 3 * 4",
	    "+: Integer\n"
	    "  -: Integer\n"
	    "    10: Integer\n"
	    "    1: Integer\n"
	    "    2: Integer\n"
	    "  *: Integer\n"
	    "    3: Integer\n"
	    "    4: Integer\n" },
	{ "NOT a LIKE 'x%' AND b NOT IN (1, 'y')",
	    "AND: Boolean\n"
	    "  LIKE \"x%\": Boolean\n"
	    "    cast: String\n"
	    "      NOT: Boolean\n"
	    "        cast: Boolean\n"
	    "          attribute a: as the event has it\n"
	    "  NOT IN: Boolean\n"
	    "    attribute b: as the event has it\n"
	    "    1: Integer\n"
	    "    \"y\": String\n" },
	{ "LEFT(true, -x) = FOO(1)",
	    "=: Boolean\n"
	    "  cast: Boolean\n"
	    "    LEFT: String\n"
	    "      cast: String\n"
	    "        true: Boolean\n"
	    "      minus: Integer\n"
	    "        cast: Integer\n"
	    "          attribute x: as the event has it\n"
	    "  FOO: Boolean, there is no such function\n"
	    "    1: Integer\n" },
	{ "1 = 1 = true",
	    "=: Boolean\n"
	    "  =: Boolean\n"
	    "    1: Integer\n"
	    "    1: Integer\n"
	    "  true: Boolean\n" },
};

#endif
