/* reassembly.c - the table of datagrams in pieces: finding, making room, giving up (RFC 791 3.2,
 * RFC 1122 3.3.2, RFC 8200 4.5). What one fragment does is in reassembly_add.c. */
#include "ip/reassembly_internal.h"
#include "wire/ipv4.h"

void reassembly_init(struct reassembly *r, struct pool *pool, uint32_t max_pages, aksu_time timeout)
{
    memset(r, 0, sizeof *r);
    r->pool = pool;
    r->max_pages = max_pages;
    r->timeout = timeout != 0 ? timeout : REASSEMBLY_TIMEOUT;
}

static void give_pages(struct reassembly *r, page_ref page[REASSEMBLY_PAGES])
{
    for (unsigned i = 0; i < REASSEMBLY_PAGES; i++) {
        if (page[i] == 0)
            continue;
        pool_give(r->pool, page[i]);
        r->pages--;
        page[i] = 0;
    }
}

void reassembly_release(struct reassembly *r)
{
    give_pages(r, r->done);
}

void reassembly_lend(struct reassembly *r, struct reassembly_datagram *d)
{
    memcpy(r->done, d->page, sizeof r->done);
    memset(d->page, 0, sizeof d->page);
    d->used = false;
}

void reassembly_discard(struct reassembly *r, struct reassembly_datagram *d)
{
    give_pages(r, d->page);
    d->used = false;
}

void reassembly_spoil(struct reassembly *r, struct reassembly_datagram *d)
{
    give_pages(r, d->page);
    d->spoiled = true;
}

void reassembly_clear(struct reassembly *r)
{
    reassembly_release(r);
    for (unsigned i = 0; i < REASSEMBLY_DATAGRAMS; i++)
        reassembly_discard(r, &r->datagram[i]);
}

/* RFC 791 3.2: source, destination, protocol, identification; RFC 8200 4.5: without the protocol.
 * */
static bool same_datagram(const struct reassembly_datagram *d, const struct ip_packet *p,
                          const struct ip_fragment *f)
{
    return d->used && d->identification == f->identification && ip_eq(&d->source, &p->source)
        && ip_eq(&d->destination, &p->destination)
        && (!ip_is_v4(&p->source) || d->protocol == f->protocol);
}

static struct reassembly_datagram *oldest_but(struct reassembly *r,
                                              const struct reassembly_datagram *keep)
{
    struct reassembly_datagram *oldest = NULL;
    for (unsigned i = 0; i < REASSEMBLY_DATAGRAMS; i++) {
        struct reassembly_datagram *d = &r->datagram[i];
        if (d->used && d != keep && (oldest == NULL || d->born < oldest->born))
            oldest = d;
    }
    return oldest;
}

static struct reassembly_datagram *free_place(struct reassembly *r)
{
    for (unsigned i = 0; i < REASSEMBLY_DATAGRAMS; i++) {
        if (!r->datagram[i].used)
            return &r->datagram[i];
    }
    struct reassembly_datagram *oldest = oldest_but(r, NULL);
    reassembly_discard(r, oldest);
    return oldest;
}

struct reassembly_datagram *reassembly_find(struct reassembly *r, const struct ip_packet *p,
                                            const struct ip_fragment *f, aksu_time now)
{
    for (unsigned i = 0; i < REASSEMBLY_DATAGRAMS; i++) {
        if (same_datagram(&r->datagram[i], p, f))
            return &r->datagram[i];
    }
    struct reassembly_datagram *d = free_place(r);
    *d = (struct reassembly_datagram){
        .used = true,
        .protocol = f->protocol,
        .identification = f->identification,
        .source = p->source,
        .destination = p->destination,
        .device = p->device,
        .until = time_after(now, r->timeout),
        .born = ++r->born,
    };
    return d;
}

static page_ref take_page(struct reassembly *r, const struct reassembly_datagram *keep)
{
    for (;;) {
        page_ref page = r->pages < r->max_pages ? pool_take(r->pool) : 0;
        if (page != 0) {
            r->pages++;
            return page;
        }
        struct reassembly_datagram *oldest = oldest_but(r, keep);
        if (oldest == NULL)
            return 0;
        reassembly_discard(r, oldest);
    }
}

bool reassembly_room(struct reassembly *r, struct reassembly_datagram *d, uint32_t from,
                     uint32_t to)
{
    for (uint32_t i = from / POOL_PAGE; i <= (to - 1) / POOL_PAGE; i++) {
        if (d->page[i] == 0)
            d->page[i] = take_page(r, d);
        if (d->page[i] == 0)
            return false;
    }
    return true;
}

aksu_time reassembly_next_timeout(const struct reassembly *r)
{
    aksu_time next = NEVER;
    for (unsigned i = 0; i < REASSEMBLY_DATAGRAMS; i++) {
        if (r->datagram[i].used)
            next = time_min(next, r->datagram[i].until);
    }
    return next;
}

/* The first fragment as it came, as far as it is in the first page. */
static void describe(const struct reassembly *r, const struct reassembly_datagram *d,
                     struct ip_packet *out)
{
    const uint8_t *data = pool_page(r->pool, r->done[0]) + REASSEMBLY_HEADER;
    uint32_t length = ranges_after(&d->have, NULL, seq_of(0)).right.n;
    if (length > POOL_PAGE - REASSEMBLY_HEADER)
        length = POOL_PAGE - REASSEMBLY_HEADER;
    *out = (struct ip_packet){
        .source = d->source,
        .destination = d->destination,
        .device = d->device,
        .protocol = d->protocol,
        .link_broadcast = d->link_broadcast,
        .group = d->group,
        .header = data - d->header_length,
        .header_length = d->header_length,
        .length = length,
        .parts = 1,
        .payload = { { data, length } },
        .why = "reassembly time exceeded",
    };
}

bool reassembly_expired(struct reassembly *r, struct ip_packet *out, aksu_time now)
{
    reassembly_release(r);
    for (unsigned i = 0; i < REASSEMBLY_DATAGRAMS; i++) {
        struct reassembly_datagram *d = &r->datagram[i];
        if (!d->used || d->until > now)
            continue;
        if (!d->first || d->spoiled) {      /* RFC 1122 3.3.2 */
            reassembly_discard(r, d);
            continue;
        }
        reassembly_lend(r, d);
        describe(r, d, out);
        return true;
    }
    return false;
}
