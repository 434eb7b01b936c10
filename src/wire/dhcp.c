/* dhcp.c - DHCP messages (RFC 2131 2, 4.1; RFC 2132). Called by host. */
#include "wire/dhcp.h"

enum { BOOTREQUEST = 1, BOOTREPLY = 2, ETHERNET = 1, FLAG_BROADCAST = 0x8000,
       SNAME = 44, SNAME_LENGTH = 64, FILE_NAME = 108, FILE_LENGTH = 128, FIXED = 236,
       OPTION_PAD = 0, OPTION_END = 255, OVERLOAD_FILE = 1, OVERLOAD_SNAME = 2, MTU_LEAST = 68 };
static const uint8_t cookie[4] = { 99, 130, 83, 99 };       /* RFC 2131 3 */

/* --- parse --- */

static void take_address(uint8_t to[4], struct aksu_slice value)
{
    static const uint8_t absent[4];
    if (value.length == 4 && memcmp(to, absent, 4) == 0)
        memcpy(to, value.data, 4);
}

static void take_be16(uint16_t *to, struct aksu_slice value)
{
    if (value.length == 2 && *to == 0)
        *to = load_be16(value.data);
}

static void take_be32(uint32_t *to, struct aksu_slice value)
{
    if (value.length == 4 && *to == 0)
        *to = load_be32(value.data);
}

static void take_u8(uint8_t *to, struct aksu_slice value)
{
    if (value.length == 1 && *to == 0)
        *to = value.data[0];
}

static void take_slice(struct aksu_slice *to, struct aksu_slice value)
{
    if (value.length > 0 && to->length == 0)
        *to = value;
}

static void take_resolvers(struct dhcp_message *m, struct aksu_slice value)
{
    size_t count = value.length % 4 == 0 ? value.length / 4 : 0;
    /*@ loop invariant i <= count;
        loop assigns i, m->resolvers, m->resolver[0 .. DHCP_RESOLVERS - 1][0 .. 3]; */
    for (size_t i = 0; i < count && m->resolvers < DHCP_RESOLVERS; i++)
        memcpy(m->resolver[m->resolvers++], value.data + 4 * i, 4);
}

static void take_option(struct dhcp_message *m, uint8_t *overload, uint8_t code,
                        struct aksu_slice value)
{
    switch (code) {
    case DHCP_OPTION_MASK: take_address(m->mask, value); break;
    case DHCP_OPTION_ROUTER:
        if (value.length > 0 && value.length % 4 == 0)
            take_address(m->router, (struct aksu_slice){ value.data, 4 });
        break;
    case DHCP_OPTION_RESOLVER: take_resolvers(m, value); break;
    case DHCP_OPTION_MTU:
        if (value.length == 2 && load_be16(value.data) >= MTU_LEAST)    /* RFC 2132 5.1 */
            take_be16(&m->mtu, value);
        break;
    case DHCP_OPTION_REQUESTED: take_address(m->requested, value); break;
    case DHCP_OPTION_LEASE: take_be32(&m->lease, value); break;
    case DHCP_OPTION_OVERLOAD: take_u8(overload, value); break;
    case DHCP_OPTION_TYPE: take_u8(&m->type, value); break;
    case DHCP_OPTION_SERVER: take_address(m->server, value); break;
    case DHCP_OPTION_PARAMETERS: take_slice(&m->parameters, value); break;
    case DHCP_OPTION_MAX_SIZE: take_be16(&m->max_size, value); break;
    case DHCP_OPTION_T1: take_be32(&m->t1, value); break;
    case DHCP_OPTION_T2: take_be32(&m->t2, value); break;
    case DHCP_OPTION_CLIENT:
        if (value.length >= 2)                                          /* RFC 2132 9.14 */
            take_slice(&m->client, value);
        break;
    default: break;                 /* RFC 2132 2: a host passes over what it does not know */
    }
}

/* False: an option reaches beyond the field. That the last one is END is not insisted on.
 * The comment before the loop is for tests/proof. */
static bool parse_options(struct dhcp_message *m, uint8_t *overload, const uint8_t *data,
                          size_t length)
{
    size_t i = 0;
    /*@ loop invariant i <= length;
        loop assigns i, *m, *overload; */
    while (i < length && data[i] != OPTION_END) {
        if (data[i] == OPTION_PAD) {
            i++;
            continue;
        }
        size_t left = length - i;
        if (left < 2 || data[i + 1] > left - 2)
            return false;
        size_t size = data[i + 1];
        take_option(m, overload, data[i], (struct aksu_slice){ data + i + 2, size });
        i += 2 + size;
    }
    return true;
}

/* RFC 2131 4.1: the field "options", then "file", then "sname", as far as option 52 says so. */
static bool parse_fields(struct dhcp_message *m, const uint8_t *data, size_t length)
{
    size_t start = FIXED + sizeof cookie;
    uint8_t overload = 0, unused = 0;
    if (!parse_options(m, &overload, data + start, length - start))
        return false;
    if ((overload & OVERLOAD_FILE)
        && !parse_options(m, &unused, data + FILE_NAME, FILE_LENGTH))
        return false;
    return !(overload & OVERLOAD_SNAME)
        || parse_options(m, &unused, data + SNAME, SNAME_LENGTH);
}

/* RFC 2131 2: what is before the options. */
static void parse_fixed(struct dhcp_message *m, const uint8_t *data)
{
    m->reply = data[0] == BOOTREPLY;
    m->xid = load_be32(data + 4);
    m->secs = load_be16(data + 8);
    m->broadcast = (load_be16(data + 10) & FLAG_BROADCAST) != 0;
    memcpy(m->ciaddr, data + 12, 4);
    memcpy(m->yiaddr, data + 16, 4);
    memcpy(m->siaddr, data + 20, 4);
    memcpy(m->giaddr, data + 24, 4);
    memcpy(m->chaddr, data + 28, sizeof m->chaddr);
}

enum dhcp_fault wire_dhcp_parse(const uint8_t *data, size_t length, struct dhcp_message *out)
{
    *out = (struct dhcp_message){ .type = 0 };
    if (length < FIXED + sizeof cookie)
        return DHCP_TRUNCATED;
    if (data[1] != ETHERNET || data[2] != sizeof out->chaddr)
        return DHCP_NOT_ETHERNET;
    if (memcmp(data + FIXED, cookie, sizeof cookie) != 0)
        return DHCP_COOKIE;
    parse_fixed(out, data);
    if (!parse_fields(out, data, length))
        return DHCP_OPTIONS;
    return out->type == 0 ? DHCP_NO_TYPE : DHCP_GOOD;
}

/* --- build --- */

static void put_option(struct writer *w, uint8_t code, const uint8_t *value, size_t length)
{
    write_u8(w, code);
    write_u8(w, (uint8_t)length);
    uint8_t *to = write_space(w, length);
    if (to != NULL)
        memcpy(to, value, length);
}

static void put_address(struct writer *w, uint8_t code, const uint8_t value[4])
{
    static const uint8_t absent[4];
    if (memcmp(value, absent, 4) != 0)
        put_option(w, code, value, 4);
}

static void put_be16(struct writer *w, uint8_t code, uint16_t value)
{
    uint8_t octets[2];
    store_be16(octets, value);
    if (value != 0)
        put_option(w, code, octets, sizeof octets);
}

static void put_be32(struct writer *w, uint8_t code, uint32_t value)
{
    uint8_t octets[4];
    store_be32(octets, value);
    if (value != 0)
        put_option(w, code, octets, sizeof octets);
}

static void put_slice(struct writer *w, uint8_t code, struct aksu_slice value)
{
    if (value.length > 0 && value.length < 256)
        put_option(w, code, value.data, value.length);
}

static void put_options(struct writer *w, const struct dhcp_message *in)
{
    put_option(w, DHCP_OPTION_TYPE, &in->type, 1);      /* some servers look for it here only */
    put_slice(w, DHCP_OPTION_CLIENT, in->client);
    put_address(w, DHCP_OPTION_REQUESTED, in->requested);
    put_address(w, DHCP_OPTION_SERVER, in->server);
    put_be32(w, DHCP_OPTION_LEASE, in->lease);
    put_be32(w, DHCP_OPTION_T1, in->t1);
    put_be32(w, DHCP_OPTION_T2, in->t2);
    put_be16(w, DHCP_OPTION_MAX_SIZE, in->max_size);
    put_slice(w, DHCP_OPTION_PARAMETERS, in->parameters);
    put_address(w, DHCP_OPTION_MASK, in->mask);         /* before the router: RFC 2132 3.3 */
    put_address(w, DHCP_OPTION_ROUTER, in->router);
    if (in->resolvers > 0)
        put_option(w, DHCP_OPTION_RESOLVER, in->resolver[0], 4u * in->resolvers);
    put_be16(w, DHCP_OPTION_MTU, in->mtu);
    write_u8(w, OPTION_END);
}

void wire_dhcp_build(struct writer *w, const struct dhcp_message *in)
{
    size_t start = writer_length(w);
    uint8_t *h = write_space(w, FIXED + sizeof cookie);
    if (h == NULL)
        return;
    memset(h, 0, FIXED);
    h[0] = in->reply ? BOOTREPLY : BOOTREQUEST;
    h[1] = ETHERNET;
    h[2] = sizeof in->chaddr;
    store_be32(h + 4, in->xid);
    store_be16(h + 8, in->secs);
    store_be16(h + 10, in->broadcast ? FLAG_BROADCAST : 0);
    memcpy(h + 12, in->ciaddr, 4);
    memcpy(h + 16, in->yiaddr, 4);
    memcpy(h + 20, in->siaddr, 4);
    memcpy(h + 24, in->giaddr, 4);
    memcpy(h + 28, in->chaddr, sizeof in->chaddr);
    memcpy(h + FIXED, cookie, sizeof cookie);
    put_options(w, in);
    while (!w->bad && writer_length(w) - start < DHCP_LEAST)
        write_u8(w, OPTION_PAD);
}
