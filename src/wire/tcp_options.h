/* tcp_options.h - the options of a TCP header (RFC 9293 3.1, RFC 7323 2.2, 3.2, RFC 2018 2, 3,
 * RFC 7413 4.1.1, RFC 5482 3, RFC 5925 2.2). */
#ifndef WIRE_TCP_OPTIONS_H
#define WIRE_TCP_OPTIONS_H

#include "base/bytes.h"
#include "base/seq.h"

enum { OPTION_END = 0, OPTION_NOP = 1, OPTION_MSS = 2, OPTION_WINDOW_SCALE = 3,
       OPTION_SACK_PERMITTED = 4, OPTION_SACK = 5, OPTION_TIMESTAMPS = 8,
       OPTION_MD5 = 19, OPTION_USER_TIMEOUT = 28, OPTION_AO = 29, OPTION_FAST_OPEN = 34,
       OPTION_EXPERIMENT = 254 };
/* RFC 6994 3: which experiment. RFC 7413 9: Fast Open before it had a kind of its own. */
enum { EXPERIMENT_FAST_OPEN = 0xf989 };
enum { SACK_MOST = 4, FAST_OPEN_COOKIE_MOST = 16, AO_MAC = 12, AO_OPTION = 4 + AO_MAC };

/* Bits of tcp_options.has. */
enum { HAS_MSS = 1, HAS_WINDOW_SCALE = 2, HAS_SACK_PERMITTED = 4, HAS_TIMESTAMPS = 8,
       HAS_USER_TIMEOUT = 16, HAS_FAST_OPEN = 32, HAS_SACK = 64, HAS_UNKNOWN = 128,
       HAS_FAULT = 256 /* a length below 2 or past the header's end: parsing stopped there */,
       HAS_AO = 512, HAS_AO_FAULT = 1024 /* RFC 5925 2.2 has the segment discarded */,
       HAS_MD5 = 2048 /* and HAS_UNKNOWN */ };

struct sack_block {
    seq_t left, right;
};

struct tcp_options {
    uint16_t has;
    uint16_t mss;
    uint8_t window_scale;           /* as sent; RFC 7323 2.3 limits its use to 14 */
    uint8_t sack_count;
    uint8_t fast_open_length;       /* 0: a cookie request */
    bool fast_open_experiment;      /* in the form of RFC 7413 9 */
    bool user_timeout_minutes;      /* the granularity bit of RFC 5482 3 */
    uint16_t user_timeout;          /* 15 bits */
    uint32_t ts_val, ts_ecr;
    struct sack_block sack[SACK_MOST];      /* only sack[0..sack_count-1] are set */
    const uint8_t *fast_open;       /* borrowed cookie, NULL when there is none or it is empty */
    uint8_t ao_key_id, ao_next_id;  /* KeyID and RNextKeyID of RFC 5925 2.2 */
    uint8_t ao_length;              /* parsed: octets of the option, 4 or more */
};

/* Parses `length` octets. Never fails: HAS_FAULT says that the rest was unreadable. An option with
 * a length that its kind cannot have is passed over like an unknown one. Options that only belong
 * on a SYN are reported wherever they stand. */
void wire_tcp_options_parse(const uint8_t *data, size_t length, struct tcp_options *out);
/* Where in a header, whose options were read well as far as it, TCP-AO stands; 0: nowhere. */
size_t wire_tcp_ao_at(const uint8_t *header);
/* Octets that the options take, padded to a multiple of 4. */
size_t wire_tcp_options_length(const struct tcp_options *in);
/* Writes them, in the order mss, sackOK, TS, nop, wscale, fast open, user timeout on a SYN and nop,
 * nop, TS, nop, nop, SACK otherwise; NOPs fill the words of each, so that none needs an END and
 * zeros behind it (RFC 9293 3.1 [MUST-69]).
 * TCP-AO is before fast open or SACK, on a boundary of 4 octets, with a MAC of AO_MAC zeros.
 * What does not fit 40 octets is left out: SACK blocks first, then the user timeout.
 * Returns the sum of their words of 32 bits, for the checksum; of the values where they are at
 * hand, because reading back what was just written can stall. */
uint64_t wire_tcp_options_build(struct writer *w, const struct tcp_options *in);

#endif
