/* dns.c - the resolver of aksu/dns.h: a name's two questions, and what their answers mean together
 * (RFC 1034 5.3.1, RFC 6724 6, RFC 6761 6.3). Called by programs and by host_resolve.c. */
#include "aksu/dns.h"
#include "base/ip_addr.h"
#include "base/time.h"
#include "host/dns_answer.h"
#include "host/dns_internal.h"
#include "host/host_internal.h"

enum { FAMILIES = 2 };
static const aksu_time ALL = SECONDS(15);
/* Once one family is known, the other is not waited for as long as a dead server would be: RFC 8305
 * 3. */
static const aksu_time OTHER_FAMILY = SECONDS(2);

void aksu_dns_init(struct aksu_dns *dns, struct aksu *net, uint64_t seed)
{
    *dns = (struct aksu_dns){ .net = net, .random = seed };
}

enum aksu_status aksu_dns_servers(struct aksu_dns *dns, const struct aksu_ip *server,
                                  uint32_t count)
{
    if (count > AKSU_DNS_SERVERS)
        return AKSU_INVALID;
    for (uint32_t i = 0; i < count; i++)
        dns->server[i] = server[i];
    dns->servers = count;
    return AKSU_OK;
}

/* --- the question as a whole --- */

static void collect(struct aksu_dns *dns)
{
    bool both = dns->question[0].state != AKSU_DNS_IDLE
             && dns->question[1].state != AKSU_DNS_IDLE;
    uint32_t most = both ? AKSU_DNS_ANSWERS / FAMILIES : AKSU_DNS_ANSWERS;
    for (unsigned i = 0; i < FAMILIES; i++) {
        const struct aksu_dns_question *q = &dns->question[i];
        if (q->state != AKSU_DNS_DONE)
            continue;
        struct dns_query asked = host_dns_query(dns, q);
        uint32_t skip = q->by_tcp ? DNS_TCP_LENGTH : 0;
        dns->answers += host_dns_addresses(&asked, q->message + skip, q->received - skip,
                                           dns->answer + dns->answers, most);
    }
    host_order(dns->net, dns->answer, dns->answers);
}

/* That there is no such name holds for both families; that there are no addresses, only when both
 * servers say so. */
static void conclude(struct aksu_dns *dns)
{
    collect(dns);
    dns->state = AKSU_DNS_DONE;
    dns->status = AKSU_OK;
    for (unsigned i = 0; i < FAMILIES && dns->answers == 0; i++) {
        const struct aksu_dns_question *q = &dns->question[i];
        if (q->state == AKSU_DNS_FAILED && dns->status != AKSU_DOES_NOT_EXIST) {
            dns->state = AKSU_DNS_FAILED;
            dns->status = q->status;
        }
    }
}

void aksu_dns_work(struct aksu_dns *dns, aksu_time now)
{
    if (dns->state != AKSU_DNS_ASKING)
        return;
    for (unsigned i = 0; i < FAMILIES; i++) {
        struct aksu_dns_question *q = &dns->question[i], *other = &dns->question[1 - i];
        bool asked = q->state == AKSU_DNS_ASKING;
        host_dns_work(dns, q, now);
        if (asked && q->state != AKSU_DNS_ASKING && other->state == AKSU_DNS_ASKING) {
            other->give_up = time_min(other->give_up, time_after(now, OTHER_FAMILY));
            other->deadline = time_min(other->deadline, other->give_up);
        }
    }
    if (dns->question[0].state != AKSU_DNS_ASKING && dns->question[1].state != AKSU_DNS_ASKING)
        conclude(dns);
}

static void start(struct aksu_dns *dns, struct aksu_dns_question *q, uint16_t type, aksu_time now)
{
    q->type = type;
    q->state = AKSU_DNS_ASKING;
    q->give_up = time_after(now, ALL);
    host_dns_ask(dns, q, now);
}

/* RFC 6761 6.3 */
static bool is_localhost(const struct dns_name *name)
{
    static const struct dns_name localhost = { 11, "\011localhost" };
    struct dns_name end_of_it = { .length = localhost.length };
    if (name->length < localhost.length)
        return false;
    memcpy(end_of_it.octet, name->octet + name->length - localhost.length, localhost.length);
    return wire_dns_name_eq(&end_of_it, &localhost);
}

static void answer_loopback(struct aksu_dns *dns, bool v4, bool v6)
{
    static const uint8_t loopback[4] = { 127, 0, 0, 1 };
    if (v6)
        dns->answer[dns->answers++] = (struct aksu_ip){ { [15] = 1 } };
    if (v4)
        dns->answer[dns->answers++] = ip_from_v4(loopback);
    host_order(dns->net, dns->answer, dns->answers);
    dns->state = AKSU_DNS_DONE;
}

/* True: there is nothing to ask anybody. */
static bool answered_here(struct aksu_dns *dns, const char *text, const struct dns_name *name,
                          bool v4, bool v6)
{
    struct aksu_ip ip;
    if (aksu_ip_parse(text, &ip)) {
        if (ip_is_v4(&ip) ? v4 : v6)
            dns->answer[dns->answers++] = ip;
        dns->state = AKSU_DNS_DONE;
        return true;
    }
    if (name->length == 0 || !is_localhost(name))
        return false;
    answer_loopback(dns, v4, v6);
    return true;
}

static void keep_name(struct aksu_dns *dns, const char *text, const struct dns_name *name)
{
    size_t length = name->length > 1 ? name->length - 2u : 1u;
    memcpy(dns->name, text, length);
    dns->name[length] = '\0';
}

enum aksu_status aksu_dns_ask(struct aksu_dns *dns, const char *name, bool v4, bool v6,
                              aksu_time now)
{
    struct dns_name parsed;
    aksu_dns_stop(dns, now);
    if (!v4 && !v6)
        return AKSU_INVALID;
    if (!wire_dns_name_parse(name, &parsed))
        parsed.length = 0;
    if (answered_here(dns, name, &parsed, v4, v6))
        return AKSU_OK;
    if (parsed.length == 0)
        return AKSU_INVALID;
    if (dns->servers == 0)
        return AKSU_UNREACHABLE_NET;
    keep_name(dns, name, &parsed);
    dns->state = AKSU_DNS_ASKING;
    if (v4)
        start(dns, &dns->question[0], DNS_TYPE_A, now);
    if (v6)
        start(dns, &dns->question[1], DNS_TYPE_AAAA, now);
    aksu_dns_work(dns, now);
    return AKSU_OK;
}

aksu_time aksu_dns_next_timeout(const struct aksu_dns *dns)
{
    aksu_time next = NEVER;
    for (unsigned i = 0; i < FAMILIES; i++) {
        if (dns->question[i].state == AKSU_DNS_ASKING)
            next = time_min(next, dns->question[i].deadline);
    }
    return next;
}

bool aksu_dns_owns(const struct aksu_dns *dns, const struct aksu_ready *ready)
{
    for (unsigned i = 0; i < FAMILIES; i++) {
        const struct aksu_dns_question *q = &dns->question[i];
        if ((q->udp.index != 0 && q->udp.index == ready->udp.index
             && q->udp.generation == ready->udp.generation)
            || (q->tcp.index != 0 && q->tcp.index == ready->conn.index
                && q->tcp.generation == ready->conn.generation))
            return true;
    }
    return false;
}

void aksu_dns_stop(struct aksu_dns *dns, aksu_time now)
{
    for (unsigned i = 0; i < FAMILIES; i++) {
        struct aksu_dns_question *q = &dns->question[i];
        host_dns_close(dns, q, now);
        q->state = AKSU_DNS_IDLE;
        q->status = AKSU_OK;
        q->by_tcp = q->plain = false;
        q->server = q->tries = q->failed = 0;
    }
    dns->state = AKSU_DNS_IDLE;
    dns->status = AKSU_OK;
    dns->answers = 0;
}
