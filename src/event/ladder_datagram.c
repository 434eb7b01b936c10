/* ladder_datagram.c - datagrams of UDP (RFC 768): a pair of endpoints is a diagram, as a connection
 * is one; and ICMP errors (RFC 792, RFC 4443), which stand in the diagram of what they quote. */
#include "event/ladder.h"

#include <string.h>

enum { PROTOCOL_TCP = 6, PROTOCOL_UDP = 17 };

static struct ladder_connection *flow_of(struct ladder_side *s, const struct aksu_event *e,
                                         const struct aksu_endpoint *local,
                                         const struct aksu_endpoint *remote)
{
    struct ladder_connection *c = ladder_flow_by_pair(s->ladder, s->side, local, remote);

    if (!c) {
        c = ladder_new_connection(s->ladder, true, e->at);
        if (c)
            ladder_set_addresses(c, s->side, local, remote);
    }
    if (c)
        c->last = e->at;
    return c;
}

static bool is_seen(const struct ladder_side *s)
{
    return s->ladder->side[1 - s->side].present;
}

void ladder_udp_out(struct ladder_side *s, const struct aksu_event *e)
{
    struct ladder_connection *c = flow_of(s, e, &e->udp_out.local, &e->udp_out.remote);
    struct ladder_item *item = c ? ladder_append_for(s, c, e, LADDER_SEGMENT) : NULL;

    if (!item)
        return;
    item->sort = LADDER_UDP;
    item->segment = (struct ladder_segment){ .seq = e->udp_out.sum, .len = e->udp_out.len };
    item->other_at = is_seen(s) ? AKSU_NEVER : e->at;
}

static struct ladder_item *arrives(struct ladder_side *s, const struct aksu_event *e,
                                   struct ladder_connection *c, const struct ladder_item *got)
{
    struct ladder_item *sent = is_seen(s) ? ladder_awaited(s->ladder, c, 1u - s->side, got, e->at)
                                          : NULL;

    return sent ? ladder_arrives(s, e, c, sent) : ladder_appears(s, e, c, got, false);
}

static void add_verdict(struct ladder_side *s, struct ladder_connection *c,
                        const struct aksu_event *e, const char *verdict)
{
    struct ladder_item *item = verdict ? ladder_append_for(s, c, e, LADDER_NOTE) : NULL;

    if (item) {
        item->event = (uint8_t)e->kind;
        item->note.verdict = verdict;
    }
}

void ladder_udp_in(struct ladder_side *s, const struct aksu_event *e)
{
    struct ladder_connection *c = flow_of(s, e, &e->udp_in.local, &e->udp_in.remote);
    struct ladder_item got = { .sort = LADDER_UDP,
        .segment = { .seq = e->udp_in.sum, .len = e->udp_in.len } };

    if (c)
        arrives(s, e, c, &got);
}

/* It arrived, but nobody got it. The ports of a damaged one may be anything. */
void ladder_udp_dropped(struct ladder_side *s, const struct aksu_event *e)
{
    const struct aksu_event_udp_dropped *d = &e->udp_dropped;
    bool damaged = strcmp(d->why, "UDP checksum") == 0;
    struct ladder_connection *c = damaged
        ? ladder_flow_by_pair(s->ladder, s->side, &d->local, &d->remote)
        : flow_of(s, e, &d->local, &d->remote);
    struct ladder_item got = { .sort = LADDER_UDP, .damaged = damaged,
        .segment = { .seq = d->sum, .len = d->len } };

    if (!c)
        return;
    arrives(s, e, c, &got);
    add_verdict(s, c, e, d->why);
}

/* --- ICMP --- */

/* What the quoted packet belongs to. */
static struct ladder_connection *concerned(struct ladder_side *s, const struct aksu_event *e,
                                           uint8_t protocol, const struct aksu_endpoint *local,
                                           const struct aksu_endpoint *remote)
{
    struct ladder_connection *c = ladder_by_record(s->ladder, s->side, e->conn);

    if (!c && protocol == PROTOCOL_TCP)
        c = ladder_by_pair(s->ladder, s->side, local, remote);
    if (!c && protocol == PROTOCOL_UDP)
        c = ladder_flow_by_pair(s->ladder, s->side, local, remote);
    if (c)
        c->last = e->at;
    return c;
}

void ladder_icmp_out(struct ladder_side *s, const struct aksu_event *e)
{
    const struct aksu_event_icmp_out *m = &e->icmp_out;
    struct ladder_connection *c = concerned(s, e, m->protocol, &m->local, &m->remote);
    struct ladder_item *item = c ? ladder_append_for(s, c, e, LADDER_SEGMENT) : NULL;

    if (!item)
        return;
    item->sort = LADDER_ICMP;
    item->message = (struct ladder_message){ .from = c->end[s->side].at.ip, .type = m->type,
                                             .code = m->code };
    item->other_at = is_seen(s) ? AKSU_NEVER : e->at;
}

static bool is_consequence(const struct ladder_item *item, const struct ladder_side *s,
                           aksu_time at)
{
    return item->at == at && item->side == s->side &&
           (item->kind == LADDER_NOTE || item->kind == LADDER_STATE);
}

/* The stack tells of a message when it has dealt with it: what came of it was told before. The
 * item `first`, the last one, goes in front of that; NO_ITEM: it stands there already. True when
 * something came of it. */
static bool put_cause_first(struct ladder_side *s, struct ladder_connection *c, uint32_t first,
                            aksu_time at)
{
    struct ladder_item *item = s->ladder->item;
    uint32_t before = NO_ITEM, effect = NO_ITEM, last = NO_ITEM;

    for (uint32_t i = c->head; i != first && i != NO_ITEM; last = i, i = item[i].next) {
        bool belongs = is_consequence(&item[i], s, at);

        if (belongs && effect == NO_ITEM)
            before = last;
        effect = !belongs ? NO_ITEM : effect == NO_ITEM ? i : effect;
    }
    if (effect == NO_ITEM || first == NO_ITEM)
        return effect != NO_ITEM;
    item[last].next = NO_ITEM;
    item[first].next = effect;
    if (before == NO_ITEM)
        c->head = first;
    else
        item[before].next = first;
    c->tail = last;
    return true;
}

void ladder_icmp_in(struct ladder_side *s, const struct aksu_event *e)
{
    const struct aksu_event_icmp_in *m = &e->icmp_in;
    struct ladder_connection *c = concerned(s, e, m->protocol, &m->local, &m->remote);
    struct ladder_item got = { .sort = LADDER_ICMP, .message = { .from = m->from, .mtu = m->mtu,
        .type = m->type, .code = m->code } };

    if (!c)
        return;
    bool third = c->addressed && memcmp(&m->from, &c->end[1 - s->side].at.ip, sizeof m->from) != 0;

    got.message.third = third;
    const struct ladder_item *item = third ? ladder_appears(s, e, c, &got, true)
                                           : arrives(s, e, c, &got);

    if (!put_cause_first(s, c, item ? ladder_index(s->ladder, item) : NO_ITEM, e->at))
        add_verdict(s, c, e, m->verdict);
}
