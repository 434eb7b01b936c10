/* flow.h - datagrams and feedback of a paced flow, version 1: docs/flow.md. */
#ifndef WIRE_FLOW_H
#define WIRE_FLOW_H

#include "aksu/flow.h"
#include "base/bytes.h"

enum { FLOW_VERSION = 1, FLOW_WORDS = 128, FLOW_WITHIN_UNIT = 10 /* microseconds */ };

struct flow_header {
    uint32_t token;             /* the flow's name */
    uint32_t sequence;
    uint32_t sent_us;
    uint32_t wanted;            /* the oldest sequence number that feedback is still wanted for */
    uint32_t within_us;         /* ... after so long at the latest */
};
/* The header at the start of `length` octets; the text is what follows. */
bool wire_flow_parse(const uint8_t *datagram, size_t length, struct flow_header *out);
void wire_flow_build(uint8_t to[AKSU_FLOW_HEADER], const struct flow_header *in);

struct flow_feedback {
    uint32_t token;
    uint32_t highest;           /* has arrived ... */
    uint32_t delay_us;          /* ... so long before this was sent */
    uint32_t ce;                /* datagrams that arrived with CE, modulo 2^32 */
    uint32_t words;             /* of `arrived`: bit i of word w is highest - 1 - 32 w - i */
    uint32_t arrived[FLOW_WORDS];
};
bool wire_flow_feedback_parse(const uint8_t *datagram, size_t length, struct flow_feedback *out);
/* Octets. */
size_t wire_flow_feedback_build(uint8_t to[AKSU_FLOW_FEEDBACK_MOST],
                                const struct flow_feedback *in);

#endif
