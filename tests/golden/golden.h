/* golden.h - goodput over loss x round trip x buffer, in virtual time: what one cell of the table
 * is (cell.c), how the table is written, read and compared (table.c). */
#ifndef GOLDEN_GOLDEN_H
#define GOLDEN_GOLDEN_H

#include "aksu/sim.h"

enum { RATES = 2, TRIPS = 5, DEPTHS = 3, LOSSES = 6, CELLS = RATES * TRIPS * DEPTHS * LOSSES };

/* One transfer. Rates in Mbit/s, losses in parts of a million, the queue in tenths of a BDP. */
struct cell {
    const char *control;
    uint32_t rate, rtt_ms, depth, loss;
};

/* In thousandths of what the link carries: all of it from the SYN on, and behind the start. */
struct goodput {
    uint16_t whole, later;
};

struct cell_seen {
    struct goodput goodput;
    uint64_t octets, segments, timeouts, retransmissions;
    uint64_t queue_dropped, lost;
    aksu_time took;
    const char *wrong;                  /* NULL: it ran; else a sentence */
};

/* How long a transfer is, where its start ends, and when it is given up. */
enum { START_TRIPS = 16, SEGMENTS_LEAST = 16000, SEGMENTS_TRIPS = 12, SECONDS_MOST = 200,
       SEGMENT = 1448, FRAME = 1500, QUEUE_LEAST = 2 * FRAME };
static const uint32_t BUFFER = (64u << 20) - 4096;

/* With `log` every octet is compared, every invariant checked and what the sender says is written
 * to stdout; that takes twice as long. */
struct cell_seen cell_run(const struct cell *cell, uint64_t seed, bool log);

/* The cells of a controller in the order of the lines of its table. */
struct cell table_cell(const char *control, unsigned index);
/* False: errno says why. */
bool table_write(const char *control, const struct goodput *cells);
/* Says how `cells` differ from the file, the worst first. How many do; CELLS when there is no such
 * file. */
unsigned table_compare(const char *control, const struct goodput *cells);

#endif
