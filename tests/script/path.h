/* path.h - a peer at the end of a path that does not carry every segment: it answers what arrives,
 * a round trip later, and nothing else. Full segments have 1460 octets, those after a black hole
 * 984 (IPv4: packets of 1024), or 536 (576). */
#ifndef SCRIPT_PATH_H
#define SCRIPT_PATH_H

#include "tests/script/script.h"

enum { FULL = 1460, BASE = 984, LEAST = 536, STREAM = 600000, RTT = 50 };

struct path {
    bool here[STREAM];
    uint32_t una;               /* the first octet that has not come, from 0 */
    uint32_t limit;             /* octets of text that a packet may have */
    uint32_t lose_from, lose_to;    /* once lost: what begins there */
    uint32_t probes, largest, last_probe;
    bool stop;                  /* when a probe has left: it is not answered */
};
extern struct path path;

/* ESTABLISHED; until told otherwise the path carries full segments. */
void path_begin(int line, bool sack, bool ipv6);
/* One segment reaches the end of the path, or does not; the peer answers. `at` counts from 0. */
void path_deliver(int line, uint32_t at, uint32_t len);
/* What is owed leaves, and is answered a round trip later; when it is nothing, the next timer
 * expires. How many segments. */
unsigned path_turn(int line);
/* Large segments vanish until the connection knows. */
void path_black_hole(int line, bool sack, bool ipv6);
/* Until a probe was answered, or should have been; false: `turns` are over. */
bool path_until_probe(int line, unsigned turns);
/* Until a probe has left and is not answered; where it begins. What left before has arrived. */
uint32_t path_probe(int line);

static inline uint32_t mss(void)
{
    return script_status().snd_mss;
}

static inline uint32_t ssthresh(void)
{
    uint32_t s = script_status().ssthresh;
    return s > 1u << 29 ? 0 : s;
}

#endif
