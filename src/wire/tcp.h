/* tcp.h - the TCP header (RFC 9293 3.1) as a value, with its text as borrowed slices. */
#ifndef WIRE_TCP_H
#define WIRE_TCP_H

#include "base/seq.h"
#include "wire/checksum.h"
#include "wire/tcp_options.h"

/* TCP_TEXT_PARTS: as many as a frame that arrives has parts (AKSU_FRAME_PARTS): the text may begin
 * in its first one, behind the headers. */
enum { TCP_HEADER = 20, TCP_HEADER_MOST = 60, TCP_TEXT_PARTS = 19 };

/* Control bits, in the order of the header (RFC 9293 3.1). */
enum { CTL_FIN = 0x01, CTL_SYN = 0x02, CTL_RST = 0x04, CTL_PSH = 0x08, CTL_ACK = 0x10,
       CTL_URG = 0x20, CTL_ECE = 0x40, CTL_CWR = 0x80 };

/* RFC 3168 5: the codepoints of the ECN field. */
enum { ECN_NOT_ECT, ECN_ECT_1, ECN_ECT_0, ECN_CE };

struct tcp_segment {
    uint16_t source_port, destination_port;
    seq_t seq, ack;                 /* SEG.SEQ, SEG.ACK */
    uint32_t wnd;                   /* the window field, 0..65535, not scaled */
    uint16_t urgent_pointer;
    uint8_t ctl;
    uint8_t ecn;                    /* ECN_*, of the IP header */
    struct tcp_options options;
    uint32_t text_len;              /* octets of text in all */
    uint16_t gso_size;              /* out: cut into segments of this much text; in: it came as such
                                       segments, the last one perhaps shorter; 0: one segment */
    uint8_t parts;                  /* slices of text */
    struct aksu_slice text[TCP_TEXT_PARTS];     /* only text[0..parts-1] are set */
};

/* SEG.LEN: text, plus one each for SYN and FIN (RFC 9293 3.4). */
static inline uint32_t seg_len(const struct tcp_segment *seg)
{
    return seg->text_len + ((seg->ctl & CTL_SYN) != 0) + ((seg->ctl & CTL_FIN) != 0);
}

/* Segments on the wire. */
static inline uint32_t seg_pieces(const struct tcp_segment *seg)
{
    if (seg->gso_size == 0 || seg->text_len <= seg->gso_size)
        return 1;
    return (seg->text_len + seg->gso_size - 1u) / seg->gso_size;
}

enum tcp_fault { TCP_GOOD, TCP_TRUNCATED, TCP_DATA_OFFSET, TCP_CHECKSUM };

/* `header` holds the TCP header and perhaps the beginning of the text; `rest` (may be none) are
 * further slices of text, TCP_TEXT_PARTS - 1 at most. The header with its options must be inside
 * `header`. Verifies the checksum over all of it unless `verified`. Slices of out->text borrow from
 * the arguments. ecn and gso_size are set to 0; on a fault *out is undefined. */
enum tcp_fault wire_tcp_parse(const uint8_t *header, size_t length,
                              const struct aksu_slice *rest, unsigned rest_count,
                              const struct aksu_ip *source, const struct aksu_ip *destination,
                              bool verified, struct tcp_segment *out);
/* Writes the header and options; the text is not copied but summed into the checksum. `partial`:
 * leave only the pseudo header's folded sum in the field, for a device that completes it. */
void wire_tcp_build(struct writer *w, const struct aksu_ip *source,
                    const struct aksu_ip *destination, const struct tcp_segment *in, bool partial);

#endif
