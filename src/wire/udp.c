/* udp.c - the UDP header (RFC 768, RFC 8200 8.1). Called by udp and the stack. */
#include "base/check.h"
#include "base/ip_addr.h"
#include "wire/checksum.h"
#include "wire/ipv4.h"
#include "wire/udp.h"

enum udp_fault wire_udp_parse(struct reader *r, const struct aksu_ip *source,
                              const struct aksu_ip *destination, bool verified,
                              struct udp_header *out)
{
    size_t left = reader_left(r);
    const uint8_t *h = read_octets(r, UDP_HEADER);
    if (h == NULL)
        return UDP_TRUNCATED;
    out->source_port = load_be16(h);
    out->destination_port = load_be16(h + 2);
    out->length = load_be16(h + 4);
    out->checksum = load_be16(h + 6);
    if (out->length < UDP_HEADER || out->length > left)
        return UDP_LENGTH;

    /* RFC 8200 8.1: a receiver discards a zero checksum over IPv6 */
    if (out->checksum == 0 && !ip_is_v4(destination))
        return UDP_NO_CHECKSUM;
    if (out->checksum != 0 && !verified) {
        struct checksum c = checksum_pseudo(source, destination, IP_PROTOCOL_UDP, out->length);
        checksum_add(&c, h, out->length);
        if (checksum_finish(&c) != 0)
            return UDP_CHECKSUM;
    }
    r->end = h + out->length;
    return UDP_GOOD;
}

void wire_udp_build(struct writer *w, const struct aksu_ip *source,
                    const struct aksu_ip *destination, const struct udp_header *in,
                    const uint8_t *text, size_t text_length)
{
    if (text_length > UINT16_MAX - UDP_HEADER)
        bug("wire_udp_build: text that a datagram can hold");
    uint16_t length = (uint16_t)(UDP_HEADER + text_length);
    uint8_t *h = write_space(w, UDP_HEADER);
    if (h == NULL)
        return;
    store_be16(h, in->source_port);
    store_be16(h + 2, in->destination_port);
    store_be16(h + 4, length);
    store_be16(h + 6, 0);

    struct checksum c = checksum_pseudo(source, destination, IP_PROTOCOL_UDP, length);
    checksum_add(&c, h, UDP_HEADER);
    checksum_add(&c, text, text_length);
    uint16_t checksum = checksum_finish(&c);
    store_be16(h + 6, checksum != 0 ? checksum : 0xffff);
}
