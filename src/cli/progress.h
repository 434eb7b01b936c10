/* progress.h - how far a transfer is, in one line on a terminal. */
#ifndef CLI_PROGRESS_H
#define CLI_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "aksu/types.h"

struct progress {
    bool shown;                     /* stderr is a terminal, and stdout not the same one */
    bool drawn;
    uint64_t total;                 /* octets; 0: not known */
    uint64_t last, rate;            /* octets at the last line; octets per second */
    aksu_time started, drawn_at;
    unsigned width;                 /* of the last line */
};

/* `output`: where the octets go to; nothing is shown if that is a terminal. -1: to the network. */
void progress_begin(struct progress *p, uint64_t total, int output, aksu_time now);
/* Draws it when it is time again; returns that time, or AKSU_NEVER. */
aksu_time progress_show(struct progress *p, uint64_t done, aksu_time now);
/* The last line stays. */
void progress_end(struct progress *p, uint64_t done, aksu_time now);

/* The line for a terminal of `columns`, without an end of line; at most columns - 1 octets. Returns
 * its length. */
enum { PROGRESS_LINE = 160 };
unsigned progress_line(const struct progress *p, uint64_t done, aksu_time now, unsigned columns,
                       char out[PROGRESS_LINE]);
/* "999", "1.5 KiB", "12.0 GiB". */
enum { PROGRESS_AMOUNT = 24 };
void progress_amount(uint64_t octets, char out[PROGRESS_AMOUNT]);

#endif
