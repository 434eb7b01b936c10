/* lab_page.h - where the page of the labs is, and aksu lab --serve. */
#ifndef CLI_LAB_PAGE_H
#define CLI_LAB_PAGE_H

/* aksu lab --serve OPTIONS...: aksu serve of the page, with the options of a host. An exit
 * status. */
int lab_page_serve(int argc, char **argv);
/* Prints the file to open in a browser. */
int lab_page_print(void);

#endif
