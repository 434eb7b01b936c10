/* host_order.c - which of several destinations to try first (RFC 6724 6), by the source that each
 * would have (RFC 6724 5). Called by dns.c. */
#include <string.h>

#include "base/ip_addr.h"
#include "host/host_internal.h"

enum scope { LINK_LOCAL = 2, SITE_LOCAL = 5, GLOBAL = 14 };     /* RFC 6724 3.1 */

/* RFC 6724 2.1: the default policy table, longest prefix first. */
struct policy {
    struct aksu_ip prefix;
    uint8_t bits, precedence, label;
};
static const struct policy policies[] = {
    { { { [15] = 1 } }, 128, 50, 0 },
    { { { [10] = 0xff, 0xff } }, 96, 35, 4 },
    { { { 0 } }, 96, 1, 3 },
    { { { 0x20, 0x01 } }, 32, 5, 5 },
    { { { 0x20, 0x02 } }, 16, 30, 2 },
    { { { 0x3f, 0xfe } }, 16, 1, 12 },
    { { { 0xfe, 0xc0 } }, 10, 1, 11 },
    { { { 0xfc } }, 7, 3, 13 },
    { { { 0 } }, 0, 40, 1 },
};

/* What is compared of a destination. */
struct candidate {
    struct aksu_ip ip;
    const struct policy *policy;
    enum scope scope;
    bool usable;                    /* there is a source for it */
    bool same_scope, deprecated, same_label;
    unsigned common;                /* bits that it and its source begin with */
};

/* Leading bits of which both are the same. */
static unsigned common_bits(const struct aksu_ip *a, const struct aksu_ip *b)
{
    unsigned bits = 0;

    while (bits < 128 && ((a->octet[bits / 8] ^ b->octet[bits / 8]) & (0x80 >> bits % 8)) == 0)
        bits++;
    return bits;
}

static const struct policy *policy_of(const struct aksu_ip *ip)
{
    const struct policy *p = policies;

    while (common_bits(ip, &p->prefix) < p->bits)
        p++;
    return p;
}

static enum scope scope_of(const struct aksu_ip *ip)
{
    if (ip_is_link_local(ip) || ip_is_loopback(ip))
        return LINK_LOCAL;
    return !ip_is_v4(ip) && ip->octet[0] == 0xfe && ip->octet[1] >> 6 == 3 ? SITE_LOCAL : GLOBAL;
}

/* RFC 6724 5: rules 2 (scope), 3 (deprecated), 6 (label) and 8 (prefix). True: `a` is better. */
static bool better_source(const struct candidate *to, const struct aksu_address *a,
                          const struct aksu_address *b)
{
    enum scope sa = scope_of(&a->ip), sb = scope_of(&b->ip);

    if (sa != sb)
        return sa < sb ? sa >= to->scope : sb < to->scope;
    if (a->state != b->state)
        return b->state == AKSU_ADDRESS_DEPRECATED;
    bool label_a = policy_of(&a->ip)->label == to->policy->label;
    bool label_b = policy_of(&b->ip)->label == to->policy->label;
    if (label_a != label_b)
        return label_a;
    return common_bits(&a->ip, &to->ip) > common_bits(&b->ip, &to->ip);
}

/* The address of the stack that packets to it would come from. */
static bool source_for(const struct aksu *net, const struct candidate *to, struct aksu_address *out)
{
    struct aksu_address a;
    bool found = false;

    for (uint32_t i = 0; aksu_address_at(net, i, &a); i++) {
        if (a.state != AKSU_ADDRESS_PREFERRED && a.state != AKSU_ADDRESS_DEPRECATED)
            continue;
        if (ip_is_v4(&a.ip) == ip_is_v4(&to->ip) && (!found || better_source(to, &a, out))) {
            *out = a;
            found = true;
        }
    }
    return found;
}

static struct candidate candidate_of(const struct aksu *net, const struct aksu_ip *ip)
{
    struct candidate c = { .ip = *ip, .policy = policy_of(ip), .scope = scope_of(ip) };
    struct aksu_address source;

    c.usable = source_for(net, &c, &source);
    if (c.usable) {
        c.same_scope = scope_of(&source.ip) == c.scope;
        c.deprecated = source.state == AKSU_ADDRESS_DEPRECATED;
        c.same_label = policy_of(&source.ip)->label == c.policy->label;
        c.common = common_bits(&source.ip, ip);
        if (c.common > 96u + source.bits && ip_is_v4(ip))
            c.common = 96u + source.bits;
        else if (c.common > source.bits && !ip_is_v4(ip))
            c.common = source.bits;
    }
    return c;
}

/* RFC 6724 6: rules 1, 2, 3, 5, 6, 8 and 9. True: `a` is to be tried before `b`. */
static bool before(const struct candidate *a, const struct candidate *b)
{
    if (a->usable != b->usable)
        return a->usable;
    if (a->same_scope != b->same_scope)
        return a->same_scope;
    if (a->deprecated != b->deprecated)
        return b->deprecated;
    if (a->same_label != b->same_label)
        return a->same_label;
    if (a->policy->precedence != b->policy->precedence)
        return a->policy->precedence > b->policy->precedence;
    if (a->scope != b->scope)
        return a->scope < b->scope;
    return ip_is_v4(&a->ip) == ip_is_v4(&b->ip) && a->common > b->common;
}

void host_order(const struct aksu *net, struct aksu_ip *address, unsigned count)
{
    struct candidate sorted[AKSU_DNS_ANSWERS];

    if (count > AKSU_DNS_ANSWERS)
        count = AKSU_DNS_ANSWERS;
    /* Insertion keeps the order of those that are equal, as rule 10 wants it. */
    for (unsigned i = 0; i < count; i++) {
        struct candidate c = candidate_of(net, &address[i]);
        unsigned at = i;
        for (; at > 0 && before(&c, &sorted[at - 1]); at--)
            sorted[at] = sorted[at - 1];
        sorted[at] = c;
    }
    for (unsigned i = 0; i < count; i++)
        address[i] = sorted[i].ip;
}
