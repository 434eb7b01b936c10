/* tcp.c - the TCP header to a value and back (RFC 9293 3.1). Called by the stack once for every
 * segment in either direction. */
#include "base/check.h"
#include "wire/ipv4.h"
#include "wire/tcp.h"

/* Octets of the header (RFC 9293 3.1). */
enum { AT_SEQ = 4, AT_ACK = 8, AT_OFFSET = 12, AT_CONTROL = 13, AT_WINDOW = 14, AT_CHECKSUM = 16,
       AT_URGENT = 18 };

/* `first` octets at `data`, then the slices of `rest`. Empty ones are left out. */
static void set_text(struct tcp_segment *out, const uint8_t *data, size_t first,
                     const struct aksu_slice *rest, unsigned rest_count)
{
    size_t length = first;
    unsigned parts = 0;
    if (first > 0)
        out->text[parts++] = (struct aksu_slice){ data, first };
    for (unsigned i = 0; i < rest_count; i++) {
        if (rest[i].length == 0)
            continue;
        if (parts == TCP_TEXT_PARTS)
            bug("a segment in at most TCP_TEXT_PARTS slices");
        out->text[parts++] = rest[i];
        length += rest[i].length;
    }
    out->parts = (uint8_t)parts;
    out->text_len = (uint32_t)length;
}

static void parse_fields(const uint8_t *h, struct tcp_segment *out)
{
    out->source_port = load_be16(h);
    out->destination_port = load_be16(h + 2);
    out->seq = seq_of(load_be32(h + AT_SEQ));
    out->ack = seq_of(load_be32(h + AT_ACK));
    out->ctl = h[AT_CONTROL];
    out->wnd = load_be16(h + AT_WINDOW);     /* RFC 9293 3.1 [MUST-1]: unsigned */
    out->urgent_pointer = load_be16(h + AT_URGENT);
    out->ecn = 0;
    out->gso_size = 0;
}

enum tcp_fault wire_tcp_parse(const uint8_t *header, size_t length,
                              const struct aksu_slice *rest, unsigned rest_count,
                              const struct aksu_ip *source, const struct aksu_ip *destination,
                              bool verified, struct tcp_segment *out)
{
    if (length < TCP_HEADER)
        return TCP_TRUNCATED;
    size_t offset = (size_t)(header[AT_OFFSET] >> 4) * 4;
    if (offset < TCP_HEADER || offset > length)
        return TCP_DATA_OFFSET;

    parse_fields(header, out);
    set_text(out, header + offset, length - offset, rest, rest_count);
    if (!verified) {
        /* RFC 9293 3.1 [MUST-3] */
        struct checksum c = checksum_pseudo(source, destination, IP_PROTOCOL_TCP,
                                            (uint32_t)offset + out->text_len);
        checksum_add(&c, header, length);
        checksum_add_slices(&c, rest, rest_count);
        if (checksum_finish(&c) != 0)
            return TCP_CHECKSUM;
    }
    /* RFC 9293 3.1 [MUST-5]: of any segment */
    wire_tcp_options_parse(header + TCP_HEADER, offset - TCP_HEADER, &out->options);
    return TCP_GOOD;
}

void wire_tcp_build(struct writer *w, const struct aksu_ip *source,
                    const struct aksu_ip *destination, const struct tcp_segment *in, bool partial)
{
    size_t offset = TCP_HEADER + wire_tcp_options_length(&in->options);
    uint8_t *h = write_space(w, TCP_HEADER);
    uint64_t sum_of_options = wire_tcp_options_build(w, &in->options);
    if (w->bad)
        return;

    uint32_t ports = (uint32_t)in->source_port << 16 | in->destination_port;
    uint32_t control = (uint32_t)offset << 26 | (uint32_t)in->ctl << 16 | in->wnd;
    store_be32(h, ports);
    store_be32(h + AT_SEQ, in->seq.n);
    store_be32(h + AT_ACK, in->ack.n);
    store_be32(h + AT_OFFSET, control);

    struct checksum c = checksum_pseudo(source, destination, IP_PROTOCOL_TCP,
                                        (uint32_t)offset + in->text_len);
    uint16_t field;
    if (partial) {
        field = (uint16_t)~checksum_finish(&c);
    } else {
        /* RFC 9293 3.1 [MUST-2] */
        c.sum += (uint64_t)ports + in->seq.n + in->ack.n + control + in->urgent_pointer;
        c.sum += sum_of_options;
        checksum_add_slices(&c, in->text, in->parts);
        field = checksum_finish(&c);
    }
    store_be32(h + AT_CHECKSUM, (uint32_t)field << 16 | in->urgent_pointer);
}
