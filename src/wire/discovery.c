/* discovery.c - see discovery.h. */
#include "wire/discovery.h"

enum { UNIT = 8, FLAG_ON_LINK = 0x80, FLAG_AUTONOMOUS = 0x40 };
enum { PREFIX_DATA = 30, MTU_DATA = 6, RESOLVERS_HEAD = 6, ADDRESS = 16 };

bool wire_discovery_option(struct reader *r, struct discovery_option *out)
{
    const uint8_t *head = read_octets(r, 2);
    if (head == NULL || head[1] == 0)
        return false;
    out->type = head[0];
    out->length = head[1] * (uint32_t)UNIT - 2;
    if (out->length > reader_left(r))
        return false;
    out->data = read_octets(r, out->length);
    return true;
}

/* RFC 4861 4.6.2 */
bool wire_prefix_option(const struct discovery_option *o, struct prefix_option *out)
{
    if (o->type != DISCOVERY_PREFIX || o->length != PREFIX_DATA || o->data[0] > 128)
        return false;
    out->bits = o->data[0];
    out->on_link = (o->data[1] & FLAG_ON_LINK) != 0;
    out->autonomous = (o->data[1] & FLAG_AUTONOMOUS) != 0;
    out->valid = load_be32(o->data + 2);
    out->preferred = load_be32(o->data + 6);
    memcpy(out->prefix.octet, o->data + 14, ADDRESS);
    return true;
}

/* RFC 4861 4.6.4 */
bool wire_mtu_option(const struct discovery_option *o, uint32_t *mtu)
{
    if (o->type != DISCOVERY_MTU || o->length != MTU_DATA)
        return false;
    *mtu = load_be32(o->data + 2);
    return true;
}

/* RFC 8106 5.1 */
bool wire_resolvers_option(const struct discovery_option *o, struct resolvers_option *out)
{
    if (o->type != DISCOVERY_RESOLVERS || o->length < RESOLVERS_HEAD + ADDRESS
        || (o->length - RESOLVERS_HEAD) % ADDRESS != 0)
        return false;
    out->lifetime = load_be32(o->data + 2);
    out->count = (o->length - RESOLVERS_HEAD) / ADDRESS;
    out->address = o->data + RESOLVERS_HEAD;
    return true;
}
