/* dns_answer.c - is a message the answer to a query (RFC 5452 9.1), and what does it say (RFC 1034
 * 5.3.1, RFC 2308 2, RFC 3596 2, RFC 6891 7). Called by dns.c. The comments before loops are for
 * tests/proof. */
#include "host/dns_answer.h"
#include "base/ip_addr.h"

enum { ALIASES = 16 };          /* that are followed before a chain counts as a circle */

/* Leaves *m at the answers. */
static bool open_message(struct dns_message *m, const uint8_t *message, size_t length)
{
    struct dns_question unused;
    if (!wire_dns_parse(message, length, m))
        return false;
    /*@ loop invariant message(m) && m->start == message && m->r.end == message + length;
        loop assigns i, unused, m->r.at, m->r.bad; */
    for (uint32_t i = 0; i < m->header.questions; i++) {
        if (!wire_dns_next_question(m, &unused))
            return false;
    }
    return true;
}

static bool answers_whole(struct dns_message m)
{
    struct dns_record record;
    /*@ loop invariant reading(m.start, m.r.at, m.r.end);
        loop invariant \separated(&m, &record, m.start + (0 .. m.r.end - m.start - 1));
        loop assigns i, record, m.r.at, m.r.bad; */
    for (uint32_t i = 0; i < m.header.answers; i++) {
        if (!wire_dns_next_record(&m, &record))
            return false;
    }
    return true;
}

/* The name that `name` is an alias of. */
static bool find_alias(struct dns_message m, const struct dns_name *name, struct dns_name *target)
{
    struct dns_record record;
    /*@ loop invariant reading(m.start, m.r.at, m.r.end);
        loop invariant \separated(&m, &record, m.start + (0 .. m.r.end - m.start - 1));
        loop assigns i, record, m.r.at, m.r.bad; */
    for (uint32_t i = 0; i < m.header.answers && wire_dns_next_record(&m, &record); i++) {
        if (record.type == DNS_TYPE_CNAME && record.class == DNS_CLASS_IN
            && wire_dns_name_eq(&record.name, name)) {
            *target = record.target;
            return true;
        }
    }
    return false;
}

/* RFC 1034 3.6.2: from *name to the name whose addresses are asked for. False: a circle. */
static bool follow_aliases(const struct dns_message *m, struct dns_name *name)
{
    struct dns_name target;
    /*@ loop assigns i, target, *name; */
    for (uint32_t i = 0; i < ALIASES; i++) {
        if (!find_alias(*m, name, &target))
            return true;
        *name = target;
    }
    return false;
}

/* RFC 5452 9.1: the identifier and the question are ours; the addresses and ports, the stack has
 * compared. */
static bool is_answer(const struct dns_query *asked, const uint8_t *message, size_t length)
{
    struct dns_message m;
    struct dns_question question;
    if (!wire_dns_parse(message, length, &m))
        return false;
    if (!m.header.response || m.header.opcode != 0 || m.header.id != asked->id)
        return false;
    if (m.header.questions == 0)                /* those who cannot read it may not repeat it */
        return m.header.rcode == DNS_FORMAT_ERROR;
    return m.header.questions == 1 && wire_dns_next_question(&m, &question)
        && question.type == asked->type && question.class == DNS_CLASS_IN
        && wire_dns_name_eq(&question.name, &asked->name);
}

/* RFC 2308 2.2: no records at all from a server that does not recurse is a referral, not the word
 * that there are none. */
static enum dns_verdict judge_records(const struct dns_message *m, const struct dns_query *asked,
                                      bool part)
{
    const struct dns_header *h = &m->header;
    struct dns_name name = asked->name;
    if (h->answers == 0 && !h->recursion_available && !h->authoritative)
        return DNS_USELESS;
    if (!part && !answers_whole(*m))
        return DNS_USELESS;
    return follow_aliases(m, &name) ? DNS_ANSWERED : DNS_USELESS;
}

enum dns_verdict host_dns_judge(const struct dns_query *asked, const uint8_t *message,
                                size_t length, bool part)
{
    struct dns_message m;
    if (!is_answer(asked, message, length) || !open_message(&m, message, length))
        return DNS_FOREIGN;
    if (m.header.truncated)                     /* RFC 2181 9: nothing in it counts */
        return DNS_CUT;
    switch (m.header.rcode) {
    case DNS_NO_ERROR:
        return judge_records(&m, asked, part);
    case DNS_NAME_ERROR:
        return DNS_NO_SUCH_NAME;
    case DNS_FORMAT_ERROR: case DNS_NOT_IMPLEMENTED:    /* RFC 6891 7 */
        return asked->edns ? DNS_NO_EDNS : DNS_USELESS;
    default:
        return DNS_USELESS;
    }
}

/* An IPv4-mapped AAAA would be taken for the IPv4 address that it never was. */
static bool address_of(const struct dns_record *record, struct aksu_ip *out)
{
    if (record->type == DNS_TYPE_A) {
        *out = ip_from_v4(record->data);
        return true;
    }
    memcpy(out->octet, record->data, sizeof out->octet);
    return !ip_is_v4(out);
}

static bool among(const struct aksu_ip *ip, const struct aksu_ip *list, uint32_t count)
{
    /*@ loop invariant i <= count;
        loop assigns i; */
    for (uint32_t i = 0; i < count; i++) {
        if (ip_eq(ip, &list[i]))
            return true;
    }
    return false;
}

uint32_t host_dns_addresses(const struct dns_query *asked, const uint8_t *message, size_t length,
                            struct aksu_ip *out, uint32_t most)
{
    struct dns_message m;
    struct dns_record record;
    struct dns_name name = asked->name;
    struct aksu_ip ip;
    uint32_t count = 0;
    if (!open_message(&m, message, length) || !follow_aliases(&m, &name))
        return 0;
    /*@ loop invariant reading(m.start, m.r.at, m.r.end) && m.start == message
          && m.r.end == message + length && count <= most;
        loop invariant \separated(&m, &record, &ip, message + (0 .. length - 1));
        loop assigns i, record, m.r.at, m.r.bad, ip, count, out[0 .. most - 1]; */
    for (uint32_t i = 0; i < m.header.answers && count < most; i++) {
        if (!wire_dns_next_record(&m, &record))
            break;
        if (record.type == asked->type && record.class == DNS_CLASS_IN
            && wire_dns_name_eq(&record.name, &name) && address_of(&record, &ip)
            && !among(&ip, out, count))
            out[count++] = ip;
    }
    return count;
}
