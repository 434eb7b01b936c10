/* ladder_segment.c - a segment that one stack sent and the other received is one item or two; one
 * that only one of them saw is lost, or comes from nowhere. */
#include "event/ladder.h"

/* A segment under way, and whose. */
struct match {
    struct ladder_connection *c;
    struct ladder_item *item;
};

/* The first segment that is seen of an end tells where its numbers start. RFC 9293 3.4.1: the SYN
 * is the first of them. A reset may bear any number. */
static void learn_isn(struct ladder_end *sender, struct ladder_end *receiver,
                      const struct ladder_segment *s)
{
    if (s->ctl & AKSU_RST)
        return;
    if (!sender->isn_known)
        sender->isn = s->ctl & AKSU_SYN ? s->seq : s->seq - 1;
    sender->isn_known = true;
    if ((s->ctl & AKSU_ACK) && !receiver->isn_known) {
        receiver->isn = s->ack - 1;
        receiver->isn_known = true;
    }
}

/* segment_in and segment_out have the same fields. */
static struct ladder_segment segment_of(const struct aksu_event *e)
{
    const struct aksu_event_segment_out *s = &e->segment_out;

    return (struct ladder_segment){ .seq = s->seq, .ack = s->ack, .wnd = s->wnd, .len = s->len,
        .ts_val = s->ts_val, .has = s->has, .mss = s->mss, .up = s->up, .ctl = s->ctl,
        .wscale = s->wscale, .sack = s->sack };
}

/* To octets. RFC 7323 2.2: the window of a SYN is never scaled. */
static void scale_window(const struct ladder_end *sender, struct ladder_segment *s)
{
    if (!(s->ctl & AKSU_SYN))
        s->wnd <<= sender->shift;
}

void ladder_segment_out(struct ladder_side *s, const struct aksu_event *e)
{
    struct aksu_ladder *l = s->ladder;
    struct ladder_connection *c = ladder_connection_of(s, e, &e->segment_out.local,
                                                       &e->segment_out.remote);

    if (!c)
        return;
    struct ladder_end *me = &c->end[s->side];
    struct ladder_item *item = c->tail != NO_ITEM ? &l->item[c->tail] : NULL;

    /* The change of state that made the segment stands beside it. */
    if (!item || item->kind != LADDER_STATE || item->side != s->side || item->at != e->at)
        item = ladder_append_for(s, c, e, LADDER_SEGMENT);
    c->last = e->at;
    if (!item)
        return;
    item->kind = LADDER_SEGMENT;
    item->segment = segment_of(e);
    scale_window(me, &item->segment);
    item->other_at = l->side[1 - s->side].present ? AKSU_NEVER : e->at;
    if (me->again_why && me->again_seq == e->segment_out.seq) {
        item->why = me->again_why;
        me->again_why = NULL;
    }
    me->last_item = ladder_index(l, item);
    learn_isn(me, &c->end[1 - s->side], &item->segment);
}

/* The part of `sent` that a device cut off (AKSU_OFFLOAD_TSO) arrives as a segment of its own. */
static bool is_sent_segment(const struct ladder_segment *sent, const struct ladder_segment *got)
{
    uint8_t flags = (uint8_t)(sent->ctl ^ got->ctl);

    if (sent->ack != got->ack || sent->ts_val != got->ts_val)
        return false;
    if (flags == 0 && sent->seq == got->seq && sent->len == got->len)
        return true;
    return got->len > 0 && (flags & ~(AKSU_PSH | AKSU_FIN)) == 0 &&
           got->seq - sent->seq < sent->len && got->seq - sent->seq + got->len <= sent->len;
}

static bool is_sent(const struct ladder_item *sent, const struct ladder_item *got)
{
    const struct ladder_segment *a = &sent->segment, *b = &got->segment;

    if (sent->sort != got->sort)
        return false;
    if (sent->sort == LADDER_ICMP)
        return sent->message.type == got->message.type && sent->message.code == got->message.code;
    if (sent->sort == LADDER_UDP)
        return a->len == b->len && (a->seq == b->seq || got->damaged);
    return is_sent_segment(a, b);
}

static aksu_time distance(aksu_time a, aksu_time b)
{
    return a > b ? a - b : b - a;
}

/* Of equal segments under way, the one that would have taken as long as the last one that arrived:
 * a retransmission is not taken for the original, nor one duplicate ACK for another. */
struct ladder_item *ladder_awaited(struct aksu_ladder *l, struct ladder_connection *c,
                                   unsigned sender, const struct ladder_item *got, aksu_time now)
{
    struct ladder_end *end = &c->end[sender];
    struct ladder_item *best = NULL;
    bool oldest = true;
    uint32_t seen = 0;

    if (end->in_flight == NO_ITEM)
        end->in_flight = c->head;
    for (uint32_t i = end->in_flight; i != NO_ITEM; i = l->item[i].next, seen++) {
        struct ladder_item *item = &l->item[i];
        bool awaited = item->kind == LADDER_SEGMENT && item->side == sender &&
                       item->other_at == AKSU_NEVER;

        oldest = oldest && !awaited;
        if (oldest) {
            end->in_flight = i;
            seen = 0;
        }
        if (!awaited || !is_sent(item, got))
            continue;
        if (!best || distance(now - item->at, end->delay) < distance(now - best->at, end->delay))
            best = item;
    }
    /* What is lost would be looked at for ever. */
    for (; seen > l->items / 4 && !oldest; seen--)
        end->in_flight = l->item[end->in_flight].next;
    return best;
}

/* The newest incarnation that has such a segment under way. */
static struct match find_sent(struct ladder_side *s, const struct aksu_event *e,
                              const struct ladder_item *got)
{
    struct match best = { NULL, NULL };

    for (uint32_t i = 0; i < s->ladder->connections; i++) {
        struct ladder_connection *c = &s->ladder->connection[i];

        if (!ladder_joins(c, s->side, &e->segment_in.local, &e->segment_in.remote) ||
            (best.c && best.c->number > c->number))
            continue;
        struct ladder_item *item = ladder_awaited(s->ladder, c, 1u - s->side, got, e->at);
        if (item)
            best = (struct match){ c, item };
    }
    return best;
}

static bool was_sent_on(const struct aksu_ladder *l, const struct ladder_connection *c,
                        unsigned sender, const struct ladder_item *got)
{
    for (uint32_t i = c->head; i != NO_ITEM; i = l->item[i].next) {
        const struct ladder_item *item = &l->item[i];

        if (item->kind == LADDER_SEGMENT && item->side == sender && !item->nowhere &&
            is_sent(item, got))
            return true;
    }
    return false;
}

/* On this connection, or on an earlier one of the same endpoints. */
static bool was_sent_before(const struct aksu_ladder *l, const struct ladder_connection *c,
                            unsigned sender, const struct ladder_item *got)
{
    if (was_sent_on(l, c, sender, got))
        return true;
    for (uint32_t i = 0; i < l->connections && !c->datagrams; i++) {
        const struct ladder_connection *other = &l->connection[i];

        if (other->number < c->number &&
            ladder_joins(other, sender, &c->end[sender].at, &c->end[1 - sender].at) &&
            was_sent_on(l, other, sender, got))
            return true;
    }
    return false;
}

static void take_what(struct ladder_item *item, const struct ladder_item *from)
{
    item->sort = from->sort;
    if (from->sort == LADDER_ICMP)
        item->message = from->message;
    else
        item->segment = from->segment;
}

struct ladder_item *ladder_arrives(struct ladder_side *s, const struct aksu_event *e,
                                   struct ladder_connection *c, struct ladder_item *sent)
{
    struct ladder_end *me = &c->end[s->side];
    struct ladder_item arrival = *sent;

    sent->other_at = e->at;
    c->end[arrival.side].delay = e->at - arrival.at;
    me->last_item = ladder_index(s->ladder, sent);
    if (arrival.at == e->at)
        return NULL;
    struct ladder_item *item = ladder_append_for(s, c, e, LADDER_ARRIVAL);
    if (!item)
        return NULL;
    item->side = arrival.side;
    item->other_at = arrival.at;
    take_what(item, &arrival);
    item->why = arrival.why;
    me->last_item = ladder_index(s->ladder, item);
    return item;
}

struct ladder_item *ladder_appears(struct ladder_side *s, const struct aksu_event *e,
                                   struct ladder_connection *c, const struct ladder_item *got,
                                   bool third)
{
    struct aksu_ladder *l = s->ladder;
    bool seen = !third && l->side[1 - s->side].present &&
                c->omitted == 0;                    /* else it may have been sent, but not kept */
    bool again = seen && was_sent_before(l, c, 1u - s->side, got);
    struct ladder_item *item = ladder_append_for(s, c, e, LADDER_SEGMENT);

    if (!item)
        return NULL;
    item->side = (uint8_t)(1 - s->side);
    take_what(item, got);
    item->nowhere = seen;
    item->again = again;
    c->end[s->side].last_item = ladder_index(l, item);
    return item;
}

void ladder_segment_in(struct ladder_side *s, const struct aksu_event *e)
{
    struct aksu_ladder *l = s->ladder;
    struct ladder_item got = { .sort = LADDER_TCP, .segment = segment_of(e) };
    struct match m = { NULL, NULL };

    if (l->side[1 - s->side].present)
        m = find_sent(s, e, &got);
    if (!m.c)
        m.c = ladder_connection_of(s, e, &e->segment_in.local, &e->segment_in.remote);
    if (!m.c)
        return;
    m.c->last = e->at;
    s->last = (uint32_t)(m.c - l->connection);
    if (m.item) {
        const struct ladder_segment *sent = &m.item->segment;

        if (got.segment.seq + got.segment.len == sent->seq + sent->len)
            ladder_arrives(s, e, m.c, m.item);      /* else more pieces of it will come */
        return;
    }
    scale_window(&m.c->end[1 - s->side], &got.segment);
    const struct ladder_item *item = ladder_appears(s, e, m.c, &got, false);
    if (item && !item->nowhere)
        learn_isn(&m.c->end[1 - s->side], &m.c->end[s->side], &got.segment);
}
