/* link.c - Ethernet with VLAN tags and PPPoE, Linux's cooked captures, raw IP, loopback. See
 * link.h. */
#include "trace/link.h"

#include "wire/ethernet.h"

enum { TAG_C = 0x8100, TAG_S = 0x88a8, TAG_OLD = 0x9100, PPPOE_SESSION = 0x8864,
       PPP_IPV4 = 0x0021, PPP_IPV6 = 0x0057, TAGS_MOST = 4 };

bool trace_link_known(int link)
{
    switch (link) {
    case TRACE_LINK_NULL: case TRACE_LINK_ETHERNET: case TRACE_LINK_RAW_12: case TRACE_LINK_RAW_14:
    case TRACE_LINK_RAW: case TRACE_LINK_LOOP: case TRACE_LINK_COOKED: case TRACE_LINK_IPV4:
    case TRACE_LINK_IPV6: case TRACE_LINK_COOKED_2:
        return true;
    default:
        return false;
    }
}

/* A session's header, then the protocol of PPP. */
static unsigned skip_pppoe(struct reader *r)
{
    (void)read_octets(r, 6);
    uint16_t protocol = read_be16(r);
    return protocol == PPP_IPV4 ? 4 : protocol == PPP_IPV6 ? 6 : 0;
}

/* From the type on: tags may stand before what it is about. */
static unsigned skip_types(struct reader *r, uint16_t type)
{
    for (int tags = 0; tags <= TAGS_MOST; tags++) {
        switch (type) {
        case ETHERTYPE_IPV4:
            return 4;
        case ETHERTYPE_IPV6:
            return 6;
        case PPPOE_SESSION:
            return skip_pppoe(r);
        case TAG_C: case TAG_S: case TAG_OLD:
            (void)read_be16(r);
            type = read_be16(r);
            break;
        default:
            return 0;
        }
    }
    return 0;
}

/* The first half octet of an IP header is its version. */
static unsigned version_of(const struct reader *r)
{
    unsigned version = reader_left(r) > 0 ? r->at[0] >> 4 : 0;
    return version == 4 || version == 6 ? version : 0;
}

/* The address family of the system that captured, in its order of octets: IPv4 is 2 everywhere,
 * IPv6 differs, but the version in the header does not. */
static unsigned skip_loopback(struct reader *r)
{
    (void)read_octets(r, 4);
    return r->bad ? 0 : version_of(r);
}

/* Packet type, device type, length and address, then the protocol as in Ethernet. */
static unsigned skip_cooked(struct reader *r)
{
    (void)read_octets(r, 14);
    return skip_types(r, read_be16(r));
}

static unsigned skip_cooked_2(struct reader *r)
{
    uint16_t type = read_be16(r);
    (void)read_octets(r, 18);
    return skip_types(r, type);
}

unsigned trace_link_skip(int link, struct reader *r)
{
    unsigned version;

    switch (link) {
    case TRACE_LINK_ETHERNET:
        (void)read_octets(r, 12);
        version = skip_types(r, read_be16(r));
        break;
    case TRACE_LINK_COOKED: version = skip_cooked(r); break;
    case TRACE_LINK_COOKED_2: version = skip_cooked_2(r); break;
    case TRACE_LINK_NULL: case TRACE_LINK_LOOP: version = skip_loopback(r); break;
    default: version = version_of(r); break;
    }
    return r->bad ? 0 : version;
}
