/* ipv4.c - the IPv4 header to a value and back (RFC 791 3.1, RFC 1122 3.2.1). Called by ip and the
 * stack. */
#include "base/check.h"
#include "base/ip_addr.h"
#include "wire/checksum.h"
#include "wire/ipv4.h"

enum { OPTION_END_OF_LIST = 0, OPTION_NO_OPERATION = 1, OPTION_LSRR = 131, OPTION_SSRR = 137 };
enum { MORE_FRAGMENTS = 0x2000, OFFSET_MASK = 0x1fff };

/* The comment in the loop is for tests/proof. */
static void parse_options(const uint8_t *at, size_t length, struct ipv4_header *out)
{
    size_t i = 0;
    while (i < length && at[i] != OPTION_END_OF_LIST) {
        //@ dynamic_split i;
        if (at[i] == OPTION_NO_OPERATION) {
            i++;
            continue;
        }
        size_t left = length - i;
        if (left < 2 || at[i + 1] < 2 || at[i + 1] > left) {
            out->bad_options = true;
            return;
        }
        size_t size = at[i + 1];
        if (at[i] == OPTION_LSRR || at[i] == OPTION_SSRR)
            out->source_route = true;
        i += size;
    }
}

static void parse_fields(const uint8_t *h, struct ipv4_header *out)
{
    uint16_t fragment = load_be16(h + 6);
    out->tos = h[1];
    out->identification = load_be16(h + 4);
    out->dont_fragment = (fragment & IPV4_DONT_FRAGMENT) != 0;
    out->more_fragments = (fragment & MORE_FRAGMENTS) != 0;
    out->fragment_offset = (uint16_t)((fragment & OFFSET_MASK) * 8);
    out->ttl = h[8];
    out->protocol = h[9];
    out->source = ip_from_v4(h + 12);
    out->destination = ip_from_v4(h + 16);
    out->source_route = false;
    out->bad_options = false;
}

enum ipv4_fault wire_ipv4_parse(struct reader *r, struct ipv4_header *out)
{
    size_t frame = reader_left(r);
    const uint8_t *h = read_octets(r, IPV4_HEADER);
    if (h == NULL)
        return IPV4_TRUNCATED;
    /* RFC 1122 3.2.1.1 */
    if (h[0] >> 4 != 4)
        return IPV4_VERSION;

    size_t header = (size_t)(h[0] & 15) * 4;
    if (header < IPV4_HEADER || header > frame)
        return IPV4_HEADER_LENGTH;
    out->total_length = load_be16(h + 2);
    if (out->total_length < header || out->total_length > frame)
        return IPV4_TOTAL_LENGTH;
    /* RFC 1122 3.2.1.2 */
    if (header == IPV4_HEADER ? !wire_ipv4_sum_good(h) : checksum_words(h, header) != 0xffff)
        return IPV4_CHECKSUM;

    parse_fields(h, out);
    out->options_length = (uint8_t)(header - IPV4_HEADER);
    out->options = out->options_length > 0 ? h + IPV4_HEADER : NULL;
    if (out->options_length > 0)
        parse_options(h + IPV4_HEADER, out->options_length, out);
    r->at = h + header;
    r->end = h + out->total_length;
    return IPV4_GOOD;
}

void wire_ipv4_build(struct writer *w, const struct ipv4_header *in)
{
    if (in->options_length > IPV4_HEADER_MOST - IPV4_HEADER || in->options_length % 4 != 0)
        bug("wire_ipv4_build: options of 0..40 octets, a multiple of 4");
    size_t header = IPV4_HEADER + (size_t)in->options_length;
    uint8_t *h = write_space(w, header);
    if (h == NULL)
        return;

    /* Summed from the values: reading back what was just written in other pieces stalls. */
    uint32_t first = (uint32_t)(4u << 12 | header / 4 << 8 | in->tos);
    uint32_t fragment = (in->dont_fragment ? IPV4_DONT_FRAGMENT : 0u)
                      | (in->more_fragments ? MORE_FRAGMENTS : 0u) | in->fragment_offset / 8u;
    uint32_t lives = (uint32_t)in->ttl << 8 | in->protocol;
    uint32_t source = load_be32(ip_v4(&in->source)),
             destination = load_be32(ip_v4(&in->destination));
    uint64_t sum = first + in->total_length + in->identification + fragment + lives;
    sum += (uint64_t)source + destination;
    if (in->options_length > 0) {
        memcpy(h + IPV4_HEADER, in->options, in->options_length);
        sum += checksum_words(h + IPV4_HEADER, in->options_length);
    }
    store_be32(h, first << 16 | in->total_length);
    store_be32(h + 4, (uint32_t)in->identification << 16 | fragment);
    store_be32(h + 8, lives << 16 | checksum_finish(&(struct checksum){ .sum = sum }));
    store_be32(h + 12, source);
    store_be32(h + 16, destination);
}
