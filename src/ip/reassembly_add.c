/* reassembly_add.c - one fragment arrives: overlap, storage, completion (RFC 791 3.2, RFC 8200 4.5,
 * RFC 3168 5.3). Called by ip_input. */
#include "ip/reassembly_internal.h"
#include "wire/checksum.h"
#include "wire/ipv4.h"
#include "wire/ipv6.h"

enum { ECN_NOT_ECT = 0, ECN_CE = 3 };

static uint8_t *octet_at(const struct reassembly *r, const struct reassembly_datagram *d,
                         uint32_t place)
{
    return pool_page(r->pool, d->page[place / POOL_PAGE]) + place % POOL_PAGE;
}

/* Octets that follow `place` in its page, at most `length`. */
static uint32_t run_at(uint32_t place, size_t length)
{
    uint32_t left = POOL_PAGE - place % POOL_PAGE;
    return length < left ? (uint32_t)length : left;
}

static void store(const struct reassembly *r, const struct reassembly_datagram *d,
                  const struct ip_packet *p, uint32_t place)
{
    for (uint32_t i = 0; i < p->parts; i++) {
        const struct aksu_slice *s = &p->payload[i];
        for (size_t at = 0; at < s->length;) {
            uint32_t run = run_at(place, s->length - at);
            memcpy(octet_at(r, d, place), s->data + at, run);
            at += run;
            place += run;
        }
    }
}

static bool same_octets(const struct reassembly *r, const struct reassembly_datagram *d,
                        const struct ip_packet *p, uint32_t place)
{
    for (uint32_t i = 0; i < p->parts; i++) {
        const struct aksu_slice *s = &p->payload[i];
        for (size_t at = 0; at < s->length;) {
            uint32_t run = run_at(place, s->length - at);
            if (memcmp(octet_at(r, d, place), s->data + at, run) != 0)
                return false;
            at += run;
            place += run;
        }
    }
    return true;
}

static bool touches(const struct reassembly_datagram *d, uint32_t left, uint32_t right)
{
    struct range r = ranges_after(&d->have, NULL, seq_of(left));
    return r.left.n < right && r.right.n > left;
}

/* Two ends, or octets beyond the end. */
static bool contradicts_end(const struct reassembly_datagram *d, uint32_t end, bool more)
{
    if (d->last)
        return more ? end > d->length : end != d->length;
    return !more && d->have.count > 0 && ranges_from_end(&d->have, NULL, 0).right.n > end;
}

static void keep_first(const struct reassembly *r, struct reassembly_datagram *d,
                       const struct ip_packet *p, const struct ip_fragment *f)
{
    d->first = true;
    d->header_length = p->header_length;
    d->next_header_at = f->next_header_at;
    d->protocol = f->protocol;
    d->group = p->group;
    d->link_broadcast = p->link_broadcast;
    memcpy(octet_at(r, d, REASSEMBLY_HEADER - p->header_length), p->header, p->header_length);
}

/* Both ends are here and nothing is between them. */
static bool complete(const struct reassembly_datagram *d)
{
    return d->first && d->last && d->have.count == 1;
}

/* The header of the whole packet, from the first fragment's; its length. 0: it would be too long.
 * */
static uint32_t rebuild_header(const struct reassembly *r, struct reassembly_datagram *d,
                               bool congestion_experienced)
{
    uint8_t *h = octet_at(r, d, REASSEMBLY_HEADER - d->header_length);
    uint32_t length = d->header_length;
    if (ip_is_v4(&d->source)) {
        if (length + d->length > UINT16_MAX)
            return 0;
        store_be16(h + 2, (uint16_t)(length + d->length));
        store_be16(h + 6, 0);
        h[1] |= congestion_experienced ? ECN_CE : 0;
        store_be16(h + 10, 0);
        store_be16(h + 10, (uint16_t)~checksum_words(h, length));
        return length;
    }
    length -= IPV6_FRAGMENT_HEADER;
    if (length - IPV6_HEADER + d->length > UINT16_MAX)
        return 0;
    memmove(h + IPV6_FRAGMENT_HEADER, h, length);
    h += IPV6_FRAGMENT_HEADER;
    store_be16(h + 4, (uint16_t)(length - IPV6_HEADER + d->length));
    h[d->next_header_at] = d->protocol;
    h[1] |= congestion_experienced ? ECN_CE << 4 : 0;
    return length;
}

static enum reassembly_verdict finish(struct reassembly *r, struct reassembly_datagram *d,
                                      struct aksu_slice part[REASSEMBLY_PAGES], uint32_t *parts,
                                      const char **why)
{
    bool congested = (d->ecn & 1u << ECN_CE) != 0;
    bool mixed = congested && (d->ecn & 1u << ECN_NOT_ECT) != 0;
    uint32_t header = mixed ? 0 : rebuild_header(r, d, congested);
    if (header == 0) {
        *why = mixed ? "fragments with and without ECN" : "longer than a datagram can be";
        reassembly_discard(r, d);
        return REASSEMBLY_DROPPED;
    }
    reassembly_lend(r, d);
    uint32_t at = REASSEMBLY_HEADER - header, end = REASSEMBLY_HEADER + d->length;
    for (*parts = 0; at < end; ++*parts) {
        uint32_t run = run_at(at, end - at);
        part[*parts] = (struct aksu_slice){ pool_page(r->pool, r->done[*parts]) + at % POOL_PAGE,
                                            run };
        at += run;
    }
    return REASSEMBLY_COMPLETE;
}

/* NULL, or why the fragment is not to be stored; *verdict says what became of it. */
static const char *refuse(struct reassembly *r, struct reassembly_datagram *d,
                          const struct ip_packet *p, const struct ip_fragment *f,
                          enum reassembly_verdict *verdict)
{
    uint32_t end = f->offset + p->length;
    *verdict = REASSEMBLY_DROPPED;
    if (d->spoiled)
        return "fragment of a discarded datagram";
    if (p->length == 0)
        return "fragment without data";
    if (end > UINT16_MAX)
        return "longer than a datagram can be";
    if (p->header_length > REASSEMBLY_HEADER)
        return "headers too long to reassemble";
    bool overlaps = touches(d, f->offset, end);
    if (overlaps && !contradicts_end(d, end, f->more)
        && ranges_has(&d->have, NULL, seq_of(f->offset), seq_of(end))
        && same_octets(r, d, p, REASSEMBLY_HEADER + f->offset)) {
        *verdict = REASSEMBLY_HELD;
        return "repeated fragment";
    }
    if (overlaps || contradicts_end(d, end, f->more)) {
        reassembly_spoil(r, d);             /* RFC 8200 4.5 */
        return "overlapping fragments";
    }
    uint32_t from = f->offset == 0 ? 0 : REASSEMBLY_HEADER + f->offset;
    if (!reassembly_room(r, d, from, REASSEMBLY_HEADER + end))
        return "no memory to reassemble";
    if (!ranges_room(&d->have, NULL, seq_of(f->offset), seq_of(end)))
        return "too many holes";
    (void)ranges_add(&d->have, NULL, seq_of(f->offset), seq_of(end));
    return NULL;
}

enum reassembly_verdict reassembly_add(struct reassembly *r, const struct ip_packet *p,
                                       const struct ip_fragment *f,
                                       struct aksu_slice part[REASSEMBLY_PAGES], uint32_t *parts,
                                       const char **why, aksu_time now)
{
    reassembly_release(r);
    struct reassembly_datagram *d = reassembly_find(r, p, f, now);
    enum reassembly_verdict verdict;
    *why = refuse(r, d, p, f, &verdict);
    if (*why != NULL)
        return verdict;

    store(r, d, p, REASSEMBLY_HEADER + f->offset);
    d->ecn |= (uint8_t)(1u << (p->tos & 3));
    if (f->offset == 0)
        keep_first(r, d, p, f);
    if (!f->more) {
        d->last = true;
        d->length = f->offset + p->length;
    }
    return complete(d) ? finish(r, d, part, parts, why) : REASSEMBLY_HELD;
}
