/* report.h -- what was found wrong with a line: said, counted, and gathered for
 * the dead letter.
 * SPDX-License-Identifier: Apache-2.0 */

#ifndef REPORT_H
#define REPORT_H

#include "ce.h"

extern unsigned long report_violations, report_warnings; /* in all */

void report_begin(unsigned long line);
void report_rule(const char *fmt, ...) CE_PRINTF(1, 2);
void report_warning(const char *fmt, ...) CE_PRINTF(1, 2);
const char *report_reason(void); /* the rules that the line breaks; NULL: none */

#endif
