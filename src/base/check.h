/* check.h - a promise that the code made to itself was broken: stop at once (DESIGN: always on). */
#ifndef BASE_CHECK_H
#define BASE_CHECK_H

/* Traps with `promise` as its argument, so that a debugger or a core dump names it. */
_Noreturn void bug(const char *promise);

#endif
