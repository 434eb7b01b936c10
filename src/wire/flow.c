/* flow.c - datagrams and feedback of a paced flow, version 1: docs/flow.md. Called by
 * udp/udp_flow*.c. */
#include "wire/flow.h"

enum { TYPE_DATA = 1, TYPE_FEEDBACK = 2 };

enum aksu_flow_kind aksu_flow_kind(const void *datagram, size_t length)
{
    const uint8_t *d = datagram;
    if (length < AKSU_FLOW_HEADER || d[0] >> 4 != FLOW_VERSION)
        return AKSU_FLOW_OTHER;
    if ((d[0] & 15) == TYPE_DATA)
        return AKSU_FLOW_DATA;
    return (d[0] & 15) == TYPE_FEEDBACK ? AKSU_FLOW_FEEDBACK : AKSU_FLOW_OTHER;
}

bool wire_flow_parse(const uint8_t *datagram, size_t length, struct flow_header *out)
{
    if (aksu_flow_kind(datagram, length) != AKSU_FLOW_DATA)
        return false;
    out->within_us = (uint32_t)load_be16(datagram + 2) * FLOW_WITHIN_UNIT;
    out->token = load_be32(datagram + 4);
    out->sequence = load_be32(datagram + 8);
    out->sent_us = load_be32(datagram + 12);
    out->wanted = load_be32(datagram + 16);
    return true;
}

void wire_flow_build(uint8_t to[AKSU_FLOW_HEADER], const struct flow_header *in)
{
    uint32_t within = in->within_us / FLOW_WITHIN_UNIT;
    to[0] = FLOW_VERSION << 4 | TYPE_DATA;
    to[1] = 0;
    store_be16(to + 2, within < UINT16_MAX ? (uint16_t)within : UINT16_MAX);
    store_be32(to + 4, in->token);
    store_be32(to + 8, in->sequence);
    store_be32(to + 12, in->sent_us);
    store_be32(to + 16, in->wanted);
}

bool wire_flow_feedback_parse(const uint8_t *datagram, size_t length, struct flow_feedback *out)
{
    if (aksu_flow_kind(datagram, length) != AKSU_FLOW_FEEDBACK)
        return false;
    size_t rest = length - AKSU_FLOW_HEADER;
    out->words = datagram[1];
    if (out->words > FLOW_WORDS || rest % 4 != 0 || rest / 4 != out->words)
        return false;
    out->token = load_be32(datagram + 4);
    out->highest = load_be32(datagram + 8);
    out->delay_us = load_be32(datagram + 12);
    out->ce = load_be32(datagram + 16);
    for (uint32_t w = 0; w < out->words; w++)
        out->arrived[w] = load_be32(datagram + AKSU_FLOW_HEADER + 4 * w);
    return true;
}

size_t wire_flow_feedback_build(uint8_t to[AKSU_FLOW_FEEDBACK_MOST],
                                const struct flow_feedback *in)
{
    to[0] = FLOW_VERSION << 4 | TYPE_FEEDBACK;
    to[1] = (uint8_t)in->words;
    store_be16(to + 2, 0);
    store_be32(to + 4, in->token);
    store_be32(to + 8, in->highest);
    store_be32(to + 12, in->delay_us);
    store_be32(to + 16, in->ce);
    for (uint32_t w = 0; w < in->words; w++)
        store_be32(to + AKSU_FLOW_HEADER + 4 * w, in->arrived[w]);
    return AKSU_FLOW_HEADER + 4 * (size_t)in->words;
}
