/* filter.h - the seccomp filter that hands a program's socket calls to a supervisor. */
#ifndef RUN_FILTER_H
#define RUN_FILTER_H

/* Puts the filter on the calling process, its future children and whatever they execute. Returns
 * the descriptor on which their calls are announced, or -errno. It cannot be taken off again. */
int run_filter_install(void);

#endif
