/* syn.h - what the parts of bench-syn share: SYNs of a flood, and the CPU clock. */
#ifndef BENCH_SYN_SYN_H
#define BENCH_SYN_SYN_H

#include "aksu/socket.h"

enum { BATCH = 32, SYNS = 16384, PORT = 80, SYN_OCTETS = 60 };

/* Forged: each from another address and port, with another ISN, and with the options that
 * everybody sends. All that there are come again and again: a cookie has no memory. */
struct flood {
    uint8_t (*octets)[SYN_OCTETS];
    struct aksu_frame frame[BATCH];     /* used again for each batch, as those of an interface */
    uint32_t next;
};
struct flood *flood_new(void);          /* to 10.0.0.2, port PORT; from outside 10/8 */
void flood_free(struct flood *f);
/* One that is none of them. */
const struct aksu_frame *flood_other(struct flood *f);
/* The next BATCH of them. */
const struct aksu_frame *flood_next(struct flood *f);

double cpu_seconds(void);
void must(enum aksu_status status, const char *what);
uint64_t cookies_sent(const struct aksu *net);

struct samples {
    unsigned count;
    double value[99];
};
void add_sample(struct samples *s, double value);
/* "**median** [least-most]" */
double print_samples(struct samples *s, const char *format);

/* beside.c: a bulk flow and connections that are opened, while SYNs come in. */
void beside_run(struct flood *f, unsigned repeat);

#endif
