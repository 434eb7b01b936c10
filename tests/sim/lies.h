/* lies.h - a peer that lies, as a rewriter of its frames (aksu_sim_tamper): the IPv4 and TCP header
 * of a frame, taken apart and put together again. */
#ifndef SIM_LIES_H
#define SIM_LIES_H

#include "tests/sim/net.h"

enum { BLOCKS_MOST = 4, LIE_ROOM = 2048 };

struct header {
    uint32_t seq, ack;
    uint8_t ctl;
    uint16_t wnd;
    uint16_t mss;                       /* 0: no option */
    int scale;                          /* -1: no option */
    bool sack_permitted, timestamps;
    uint32_t ts_val, ts_ecr;
    unsigned blocks;
    uint32_t left[BLOCKS_MOST], right[BLOCKS_MOST];
    uint32_t text;                      /* octets */
};

/* False: it is no TCP segment in an IPv4 packet. */
bool lies_read(const uint8_t *frame, uint32_t length, struct header *h);
/* The frame with this header and the text that it had. The new length; options that do not fit are
 * left out, the last blocks first. */
uint32_t lies_write(uint8_t *frame, uint32_t length, uint32_t room, const struct header *h);

#endif
