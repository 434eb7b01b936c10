/* autoconf_listener.c - multicast listener discovery for the solicited-node groups of a device that
 * configures itself, so that switches which look into it let solicitations through: reports as
 * RFC 3810 5.2, answers to queries (RFC 3810 6.2), and to queries of version 1 in version 1
 * (RFC 2710 4). There is no Done: groups time out. Called by autoconf.c and autoconf_address.c. */
#include "stack/autoconf.h"
#include "wire/ipv4.h"
#include "wire/ipv6.h"

enum { TYPE_QUERY = 130, TYPE_REPORT_V1 = 131, TYPE_REPORT_V2 = 143 };
enum { MODE_IS_EXCLUDE = 2, CHANGE_TO_EXCLUDE = 4 };    /* RFC 3810 5.2.12 */
enum { RECORD = 20, GROUPS_MOST = (int)ROUTE_ADDRESSES + (int)ROUTE_TENTATIVES };
enum { QUERY_V1 = 24, QUERY_V2 = 28, ICMP_HEADER = 8 };

/* The router alert option in a hop-by-hop header: RFC 2711 2.1. The message follows. */
static void send_alert(struct aksu *net, uint32_t device, const struct aksu_ip *to,
                       const struct icmp_message *m, aksu_time now)
{
    static const uint8_t alert[8] = { IP_PROTOCOL_ICMPV6, 0, 5, 2, 0, 0, 1, 0 };
    uint8_t message[ICMP_HEADER + RECORD * GROUPS_MOST];
    struct ip_out ip = { .source = autoconf_link_local(net, device), .destination = *to,
                         .protocol = IPV6_NEXT_HOP_BY_HOP, .ttl = 1, .dont_fragment = true };
    struct writer w = writer_of(message, sizeof message);
    wire_icmpv6_build(&w, &ip.source, to, m);
    struct aksu_slice part[2] = { { alert, sizeof alert }, { message, writer_length(&w) } };
    if (stack_send_on_link(net, device, &ip, part, 2, now))
        EMIT(&net->events, 0, now, icmp_out, .to = *to, .type = m->type, .code = 0);
}

static void write_record(uint8_t *to, uint8_t type, const struct aksu_ip *group)
{
    memset(to, 0, 4);               /* no sources, no auxiliary data */
    to[0] = type;
    memcpy(to + 4, group->octet, 16);
}

/* RFC 3810 5.2.14 */
static void send_records(struct aksu *net, uint32_t device, const uint8_t *record, uint32_t count,
                         aksu_time now)
{
    static const struct aksu_ip routers = { { 0xff, 0x02, [15] = 0x16 } };
    struct icmp_message m = { .kind = ICMP_OTHER, .type = TYPE_REPORT_V2, .pointer = count,
                              .body = record, .body_length = count * (size_t)RECORD };
    send_alert(net, device, &routers, &m, now);
}

void autoconf_report_group(struct aksu *net, uint32_t device, const struct aksu_ip *group,
                           aksu_time now)
{
    uint8_t record[RECORD];
    write_record(record, CHANGE_TO_EXCLUDE, group);
    send_records(net, device, record, 1, now);
}

static void add_group(uint8_t *record, uint32_t *count, const struct aksu_ip *ip)
{
    struct aksu_ip group = route_solicited_node(ip);
    for (uint32_t i = 0; i < *count; i++) {
        if (memcmp(record + i * RECORD + 4, group.octet, 16) == 0)
            return;
    }
    write_record(record + (*count)++ * RECORD, MODE_IS_EXCLUDE, &group);
}

static uint32_t all_groups(const struct aksu *net, uint32_t device, uint8_t *record)
{
    const struct route_table *t = &net->routes;
    uint32_t count = 0;
    for (uint32_t i = 0; i < t->addresses; i++) {
        if (t->address[i].device == device && !ip_is_v4(&t->address[i].ip))
            add_group(record, &count, &t->address[i].ip);
    }
    for (uint32_t i = 0; i < t->tentatives; i++) {
        if (t->tentative[i].device == device)
            add_group(record, &count, &t->tentative[i].ip);
    }
    return count;
}

void autoconf_report_all(struct aksu *net, uint32_t device, uint8_t version, aksu_time now)
{
    uint8_t record[RECORD * GROUPS_MOST];
    uint32_t count = all_groups(net, device, record);
    if (version != 1 && count > 0)
        send_records(net, device, record, count, now);
    for (uint32_t i = 0; version == 1 && i < count; i++) {
        struct aksu_ip group;
        memcpy(group.octet, record + i * RECORD + 4, 16);
        struct icmp_message m = { .kind = ICMP_OTHER, .type = TYPE_REPORT_V1, .body = group.octet,
                                  .body_length = 16 };
        send_alert(net, device, &group, &m, now);
    }
}

/* RFC 3810 5.1.3: as it is, or with 3 bits of exponent. In milliseconds. */
static uint32_t response_delay(uint32_t code, bool v1)
{
    if (v1 || code < 0x8000)
        return code;
    return ((code & 0x0fff) | 0x1000) << ((code >> 12 & 7) + 3);
}

const char *stack_listener_query_in(struct aksu *net, const struct ip_packet *p,
                                    const struct icmp_message *m, aksu_time now)
{
    struct autoconf_link *link = autoconf_link_of(net, p->device);
    if (m->type != TYPE_QUERY || link == NULL)
        return "ignored";
    /* RFC 3810 6.2 */
    if (!ip_is_link_local(&p->source) || p->ttl != 1 || p->header[6] != IPV6_NEXT_HOP_BY_HOP)
        return "not from this link";
    bool v1 = p->length == QUERY_V1;
    if (!v1 && p->length < QUERY_V2)
        return "too short";
    aksu_time most = MS(response_delay(m->pointer >> 16, v1));
    aksu_time at = time_after(now, autoconf_random(net, most));
    if (link->report_at > at)
        link->report_at = at;
    link->report_version = v1 ? 1 : 2;
    stack_autoconf_plan(net);
    return "taken";
}
