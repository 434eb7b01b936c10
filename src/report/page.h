/* page.h - the page of a report, made from web/viewer/ by the Makefile (tools/web-bundle). */
#ifndef REPORT_PAGE_H
#define REPORT_PAGE_H

#include <stddef.h>

/* HTML with one line that is REPORT_HERE: there the lines of the record belong. */
extern const unsigned char report_page[];
extern const size_t report_page_length;

#define REPORT_HERE "@RECORD@\n"

#endif
