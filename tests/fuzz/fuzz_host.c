/* fuzz_host.c - the two parsers that read what servers say: DNS answers (with what the resolver
 * makes of them) and DHCP messages, of any octets. The first octet of the input says which. */
#include <stdlib.h>
#include <string.h>

#include "base/ip_addr.h"
#include "host/dns_answer.h"
#include "wire/dhcp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static volatile uint8_t touched;

/* Reads every octet, so that a sanitizer sees them. */
static void touch(const uint8_t *data, size_t length)
{
    for (size_t i = 0; i < length; i++)
        touched = (uint8_t)(touched ^ data[i]);
}

static void promise(bool kept)
{
    if (!kept)
        abort();
}

static void check_name(const struct dns_name *name)
{
    promise(name->length >= 1 && name->octet[name->length - 1] == 0);
    promise(wire_dns_name_eq(name, name));
    touch(name->octet, name->length);
}

/* Everything that the header promises, as far as it is there. */
static void fuzz_dns(const uint8_t *data, size_t size)
{
    struct dns_message m;
    struct dns_question q;
    struct dns_record r;
    if (!wire_dns_parse(data, size, &m))
        return;
    uint32_t records = (uint32_t)m.header.answers + m.header.authorities + m.header.additionals;
    for (uint32_t i = 0; i < m.header.questions && wire_dns_next_question(&m, &q); i++)
        check_name(&q.name);
    for (uint32_t i = 0; i < records && wire_dns_next_record(&m, &r); i++) {
        check_name(&r.name);
        touch(r.data, r.length);
        if (r.target.length > 0)
            check_name(&r.target);
    }
}

/* The query is the one that the message would be the answer to. */
static void fuzz_answer(const uint8_t *data, size_t size)
{
    struct dns_message m;
    struct dns_question q;
    struct aksu_ip ip[4];
    if (!wire_dns_parse(data, size, &m) || !wire_dns_next_question(&m, &q))
        return;
    bool v4 = q.type == DNS_TYPE_A;
    struct dns_query asked = { .id = m.header.id, .name = q.name, .edns = true,
                               .type = v4 ? DNS_TYPE_A : DNS_TYPE_AAAA };
    (void)host_dns_judge(&asked, data, size, false);
    enum dns_verdict verdict = host_dns_judge(&asked, data, size, true);
    uint32_t count = host_dns_addresses(&asked, data, size, ip, 4);
    promise(count <= 4);
    for (uint32_t i = 0; i < count; i++)
        promise(ip_is_v4(&ip[i]) == v4);
    promise(verdict != DNS_FOREIGN || asked.type != q.type || !m.header.response
            || m.header.questions != 1 || m.header.opcode != 0 || q.class != DNS_CLASS_IN);
}

static void fuzz_dhcp(const uint8_t *data, size_t size)
{
    struct dhcp_message m, again;
    uint8_t built[1024];
    if (wire_dhcp_parse(data, size, &m) != DHCP_GOOD)
        return;
    touch(m.client.data, m.client.length);
    touch(m.parameters.data, m.parameters.length);
    struct writer w = writer_of(built, sizeof built);
    wire_dhcp_build(&w, &m);
    promise(!w.bad);
    promise(wire_dhcp_parse(built, writer_length(&w), &again) == DHCP_GOOD);
    promise(again.xid == m.xid && again.type == m.type && again.lease == m.lease
            && again.t1 == m.t1 && again.t2 == m.t2 && again.mtu == m.mtu
            && again.resolvers == m.resolvers && again.client.length == m.client.length
            && memcmp(again.mask, m.mask, 4) == 0 && memcmp(again.router, m.router, 4) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    uint8_t *exact = malloc(size);
    if (exact == NULL)
        return 0;
    memcpy(exact, data + 1, size - 1);
    switch (data[0] % 3) {
    case 0: fuzz_dns(exact, size - 1); break;
    case 1: fuzz_answer(exact, size - 1); break;
    default: fuzz_dhcp(exact, size - 1); break;
    }
    free(exact);
    return 0;
}
