/* ao_mac.c - the cryptographic side of TCP-AO: traffic keys from master keys (RFC 5926 3.1), and
 * the message that a MAC is of (RFC 5925 5.1). The MAC functions are the user's. Called by ao.c and
 * by the stack. */
#include "base/ip_addr.h"
#include "tcp/ao.h"
#include "tcp/tcb_types.h"
#include "wire/ipv4.h"

enum { AT_OFFSET = 12, AT_CHECKSUM = 16, CMAC_KEY = 16, HMAC_KEY = 20 };
enum { CONTEXT_MOST = 16 + 16 + 2 + 2 + 4 + 4, KDF_INPUT_MOST = 1 + 6 + CONTEXT_MOST + 2 };
enum { MESSAGE_HEAD_MOST = 4 + 40 + TCP_HEADER_MOST };

static bool mac(const struct ao_env *e, uint8_t algorithm, const uint8_t *key, size_t key_length,
                const struct aksu_slice *part, unsigned parts, uint8_t out[AKSU_AO_MAC_MOST])
{
    return e->config.mac(e->config.user, (enum aksu_ao_algorithm)algorithm, key, key_length, part,
                         parts, out);
}

static size_t traffic_key_length(const struct ao_key *k)
{
    return k->algorithm == AKSU_AO_SHA1 ? HMAC_KEY : CMAC_KEY;
}

static void write_address(struct writer *w, const struct aksu_ip *ip)
{
    size_t length = ip_is_v4(ip) ? 4 : 16;
    uint8_t *to = write_space(w, length);
    memcpy(to, ip->octet + 16 - length, length);
}

/* RFC 5926 3.1.1: i || Label || Context || Output_Length, the context as RFC 5925 5.2 has it. One
 * round of the PRF is as long as the key. */
static size_t kdf_input(const struct ao_key *k, const struct ao_context *c,
                        uint8_t out[KDF_INPUT_MOST])
{
    struct writer w = writer_of(out, KDF_INPUT_MOST);
    write_u8(&w, 1);
    memcpy(write_space(&w, 6), "TCP-AO", 6);
    write_address(&w, c->source);
    write_address(&w, c->destination);
    write_be16(&w, c->source_port);
    write_be16(&w, c->destination_port);
    write_be32(&w, c->source_isn.n);
    write_be32(&w, c->destination_isn.n);
    write_be16(&w, (uint16_t)(8 * traffic_key_length(k)));
    return writer_length(&w);
}

bool ao_traffic_key(const struct ao_env *e, const struct ao_key *k, const struct ao_context *c,
                    uint8_t out[AKSU_AO_MAC_MOST])
{
    static const uint8_t zeros[CMAC_KEY];
    uint8_t input[KDF_INPUT_MOST], derived[AKSU_AO_MAC_MOST];
    struct aksu_slice message = { input, kdf_input(k, c, input) };
    if (k->algorithm == AKSU_AO_SHA1 || k->key_length == CMAC_KEY)
        return mac(e, k->algorithm, k->key, k->key_length, &message, 1, out);
    /* RFC 5926 3.1.1.2, step 1b: any other length is made into 16 octets first */
    struct aksu_slice master = { k->key, k->key_length };
    bool made = mac(e, k->algorithm, zeros, sizeof zeros, &master, 1, derived)
             && mac(e, k->algorithm, derived, CMAC_KEY, &message, 1, out);
    ao_wipe(derived, sizeof derived);
    return made;
}

static void write_pseudo_header(struct writer *w, const struct ao_context *c, uint32_t length)
{
    write_address(w, c->source);
    write_address(w, c->destination);
    if (ip_is_v4(c->source)) {
        write_be16(w, IP_PROTOCOL_TCP);
        write_be16(w, (uint16_t)length);
    } else {
        write_be32(w, length);
        write_be32(w, IP_PROTOCOL_TCP);
    }
}

/* The header with checksum and MAC zero, RFC 5925 5.1; of the options all, or TCP-AO alone. */
static void write_header(struct writer *w, const struct ao_key *k, const uint8_t *header)
{
    size_t length = (size_t)(header[AT_OFFSET] >> 4) * 4, at = wire_tcp_ao_at(header);
    size_t copied = k->without_options ? (size_t)TCP_HEADER : length;
    uint8_t *to = write_space(w, copied);
    memcpy(to, header, copied);
    store_be16(to + AT_CHECKSUM, 0);
    uint8_t *option = to + at;
    if (k->without_options) {
        option = write_space(w, AO_OPTION);
        memcpy(option, header + at, AO_OPTION);
    }
    memset(option + 4, 0, AO_MAC);
}

bool ao_segment_mac(const struct ao_env *e, const struct ao_key *k,
                    const uint8_t traffic_key[AKSU_AO_MAC_MOST], const struct ao_context *c,
                    uint32_t sne, const uint8_t *header, const struct tcp_segment *seg,
                    uint8_t out[AO_MAC])
{
    uint8_t head[MESSAGE_HEAD_MOST], whole[AKSU_AO_MAC_MOST];
    struct aksu_slice part[1 + TCP_TEXT_PARTS];
    struct writer w = writer_of(head, sizeof head);
    write_be32(&w, sne);
    write_pseudo_header(&w, c, (uint32_t)(header[AT_OFFSET] >> 4) * 4 + seg->text_len);
    write_header(&w, k, header);
    part[0] = (struct aksu_slice){ head, writer_length(&w) };
    memcpy(part + 1, seg->text, seg->parts * sizeof part[0]);
    if (!mac(e, k->algorithm, traffic_key, traffic_key_length(k), part, 1u + seg->parts, whole))
        return false;
    memcpy(out, whole, AO_MAC);                 /* RFC 5926 3.2: the first 96 bits */
    return true;
}

bool ao_mac_is_good(const struct ao_env *e, const struct ao_key *k,
                    const uint8_t traffic_key[AKSU_AO_MAC_MOST], const struct ao_context *c,
                    uint32_t sne, const uint8_t *header, const struct tcp_segment *seg)
{
    uint8_t want[AO_MAC], differs = 0;
    /* RFC 5925 7.5: the length first */
    if (seg->options.ao_length != AO_OPTION
        || !ao_segment_mac(e, k, traffic_key, c, sne, header, seg, want))
        return false;
    const uint8_t *got = header + wire_tcp_ao_at(header) + 4;
    for (unsigned i = 0; i < AO_MAC; i++)       /* in a time that tells nothing */
        differs |= want[i] ^ got[i];
    return differs == 0;
}

bool ao_syn_is_good(const struct ao_env *e, const struct ao_key *k, const struct tcp_tuple *tuple,
                    const uint8_t *header, const struct tcp_segment *seg)
{
    /* RFC 5925 5.2: the destination ISN is zero */
    struct ao_context c = { &tuple->remote_ip, &tuple->local_ip, tuple->remote_port,
                            tuple->local_port, seg->seq, seq_of(0) };
    uint8_t key[AKSU_AO_MAC_MOST];
    bool good = ao_traffic_key(e, k, &c, key) && ao_mac_is_good(e, k, key, &c, 0, header, seg);
    ao_wipe(key, sizeof key);
    return good;
}
