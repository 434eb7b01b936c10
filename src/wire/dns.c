/* dns.c - DNS messages (RFC 1035 2.3, 4.1; RFC 3596 2; RFC 6891 6.1). Anything may be in a message:
 * names end because every pointer leads further back. Called by host. */
#include "wire/dns.h"

enum { FLAG_RESPONSE = 0x8000, FLAG_AUTHORITATIVE = 0x0400, FLAG_TRUNCATED = 0x0200,
       FLAG_RECURSION_DESIRED = 0x0100, FLAG_RECURSION_AVAILABLE = 0x0080 };
enum { POINTER = 0xc0 };            /* RFC 1035 4.1.4: these two bits */

/* --- names --- */

static uint8_t lower(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c + ('a' - 'A')) : c;
}

/* RFC 1123 2.1, and the underscore, which hosts in the field have. */
static bool in_host_names(char c)
{
    uint8_t small = lower((uint8_t)c);
    return (small >= 'a' && small <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

bool wire_dns_name_parse(const char *text, struct dns_name *out)
{
    const size_t last = DNS_NAME_MOST - 1;      /* where the empty label may be */
    size_t label = 0, at = 1;
    if (text[0] == '.' && text[1] == '\0') {
        *out = (struct dns_name){ .length = 1 };
        return true;
    }
    for (;; text++) {
        if (*text != '.' && *text != '\0') {
            if (!in_host_names(*text) || at == last)
                return false;
            out->octet[at++] = (uint8_t)*text;
            continue;
        }
        size_t length = at - label - 1;
        if (length == 0 || length > DNS_LABEL_MOST)
            return false;
        out->octet[label] = (uint8_t)length;
        if (text[0] == '\0' || text[1] == '\0')
            break;
        if (at == last)
            return false;
        label = at++;
    }
    out->octet[at] = 0;
    out->length = (uint8_t)(at + 1);
    return true;
}

/* The octets before the labels are below 64: no letters. */
bool wire_dns_name_eq(const struct dns_name *a, const struct dns_name *b)
{
    if (a->length != b->length)
        return false;
    /*@ loop invariant i <= a->length;
        loop assigns i; */
    for (size_t i = 0; i < a->length; i++) {
        if (lower(a->octet[i]) != lower(b->octet[i]))
            return false;
    }
    return true;
}

/* One label with its length, appended. */
static bool read_label(struct reader *r, uint8_t length, struct dns_name *out)
{
    const uint8_t *label = read_octets(r, length);
    size_t room = DNS_NAME_MOST - (length > 0 ? 1u : 0u);       /* the empty label follows */
    if (label == NULL || out->length + 1u + length > room)
        return false;
    out->octet[out->length] = length;
    memcpy(out->octet + out->length + 1, label, length);
    out->length = (uint8_t)(out->length + 1 + length);
    return true;
}

/* RFC 1035 4.1.4: a pointer leads to a prior occurrence: to before the labels that it continues.
 * The comment before the loop is for tests/proof. */
static bool read_name(const uint8_t *start, struct reader *r, struct dns_name *out)
{
    const uint8_t *run = r->at;             /* where the labels began that are being read */
    const uint8_t *after = NULL;            /* the first pointer */
    out->length = 0;
    /*@ loop invariant good(r) && within(start, run, r->end) && within(start, r->at, r->end)
          && (after != \null ==> within(start, after, r->end));
        loop assigns run, after, r->at, r->bad, *out; */
    for (;;) {
        uint8_t length = read_u8(r);
        if ((length & POINTER) == POINTER) {
            size_t target = (size_t)(length & ~POINTER) << 8 | read_u8(r);
            if (r->bad || target < DNS_HEADER || target >= (size_t)(run - start))
                return false;
            if (after == NULL)
                after = r->at;
            r->at = run = start + target;
            continue;
        }
        if (r->bad || length > DNS_LABEL_MOST || !read_label(r, length, out))
            return false;
        if (length == 0)
            break;
    }
    if (after != NULL)
        r->at = after;
    return true;
}

/* --- messages --- */

bool wire_dns_parse(const uint8_t *data, size_t length, struct dns_message *out)
{
    struct dns_header *h = &out->header;
    out->start = data;
    out->r = reader_of(data, length);
    h->id = read_be16(&out->r);
    uint16_t flags = read_be16(&out->r);
    h->response = (flags & FLAG_RESPONSE) != 0;
    h->opcode = flags >> 11 & 15;
    h->authoritative = (flags & FLAG_AUTHORITATIVE) != 0;
    h->truncated = (flags & FLAG_TRUNCATED) != 0;
    h->recursion_desired = (flags & FLAG_RECURSION_DESIRED) != 0;
    h->recursion_available = (flags & FLAG_RECURSION_AVAILABLE) != 0;
    h->rcode = flags & 15;
    h->questions = read_be16(&out->r);
    h->answers = read_be16(&out->r);
    h->authorities = read_be16(&out->r);
    h->additionals = read_be16(&out->r);
    return !out->r.bad;
}

static bool bad(struct dns_message *m)
{
    m->r.bad = true;
    return false;
}

bool wire_dns_next_question(struct dns_message *m, struct dns_question *out)
{
    if (m->r.bad || !read_name(m->start, &m->r, &out->name))
        return bad(m);
    out->type = read_be16(&m->r);
    out->class = read_be16(&m->r);
    return !m->r.bad;
}

/* The data of those types that we look into: RFC 1035 3.3.1, 3.4.1; RFC 3596 2.2. */
static bool data_good(const struct dns_message *m, struct dns_record *record)
{
    if (record->class != DNS_CLASS_IN)
        return true;
    if (record->type == DNS_TYPE_A)
        return record->length == 4;
    if (record->type == DNS_TYPE_AAAA)
        return record->length == 16;
    if (record->type != DNS_TYPE_CNAME)
        return true;
    struct reader inside = { record->data, m->r.at, false };
    return read_name(m->start, &inside, &record->target) && inside.at == m->r.at;
}

bool wire_dns_next_record(struct dns_message *m, struct dns_record *out)
{
    if (m->r.bad || !read_name(m->start, &m->r, &out->name))
        return bad(m);
    out->type = read_be16(&m->r);
    out->class = read_be16(&m->r);
    out->ttl = read_be32(&m->r);
    out->length = read_be16(&m->r);
    out->data = read_octets(&m->r, out->length);
    out->target.length = 0;
    return !m->r.bad && (data_good(m, out) || bad(m));
}

void wire_dns_query_build(struct writer *w, const struct dns_query *in)
{
    write_be16(w, in->id);
    write_be16(w, FLAG_RECURSION_DESIRED);
    write_be16(w, 1);
    write_be32(w, 0);
    write_be16(w, in->edns ? 1 : 0);
    uint8_t *name = write_space(w, in->name.length);
    if (name != NULL)
        memcpy(name, in->name.octet, in->name.length);
    write_be16(w, in->type);
    write_be16(w, DNS_CLASS_IN);
    if (!in->edns)
        return;
    write_u8(w, 0);                             /* RFC 6891 6.1.2: the root's name */
    write_be16(w, DNS_TYPE_OPT);
    write_be16(w, DNS_PAYLOAD);
    write_be32(w, 0);                           /* version 0, no flags */
    write_be16(w, 0);
}
