/* ladder_fold.c - a long run of segments that only move data becomes one item that sums them up.
 * What changes a state, or the user can see, is never folded. */
#include "event/ladder.h"

#include <string.h>

bool ladder_is_arrival_of(const struct ladder_item *arrival, const struct ladder_item *sent)
{
    if (arrival->kind != LADDER_ARRIVAL || sent->kind != LADDER_SEGMENT ||
        arrival->sort != sent->sort || arrival->side != sent->side ||
        arrival->at != sent->other_at || arrival->other_at != sent->at)
        return false;
    if (sent->sort == LADDER_ICMP)
        return arrival->message.type == sent->message.type;
    return arrival->segment.seq == sent->segment.seq &&
           arrival->segment.len == sent->segment.len && arrival->segment.ctl == sent->segment.ctl;
}

/* Of a segment that has not arrived by now, it is known that it will not. */
static bool is_settled(const struct ladder_connection *c, const struct ladder_item *item,
                       aksu_time now)
{
    aksu_time age = now > item->at ? now - item->at : 0;

    return item->kind != LADDER_SEGMENT || item->other_at != AKSU_NEVER ||
           age / 16 > c->end[item->side].delay + AKSU_US(64);
}

/* Nothing to see in it but its length. */
static bool is_plain(const struct ladder_item *item)
{
    const struct ladder_segment *s = &item->segment;
    bool bare = item->sort == LADDER_UDP || ((s->ctl & (AKSU_ECE | AKSU_CWR)) == 0 && s->wnd > 0 &&
                                             s->sack.count == 0);

    return bare && item->why == NULL && !item->nowhere && item->other_at != AKSU_NEVER;
}

static bool is_data(const struct ladder_item *item)
{
    if (item->sort != LADDER_TCP)
        return item->sort == LADDER_UDP;
    return (item->segment.ctl & (AKSU_SYN | AKSU_FIN | AKSU_RST | AKSU_URG)) == 0 &&
           item->segment.ctl != 0 && item->label[0] == 0 && item->label[1] == 0;
}

/* Notes about the trouble of a run, which a deep fold takes with it. */
static bool is_about_data(const struct ladder_item *item)
{
    static const bool about[AKSU_EV_COUNT] = {
        [AKSU_EV_dropped] = true, [AKSU_EV_timer] = true, [AKSU_EV_cwnd] = true,
        [AKSU_EV_challenge_ack] = true, [AKSU_EV_zero_window] = true, [AKSU_EV_memory] = true,
        [AKSU_EV_path_mtu] = true, [AKSU_EV_udp_dropped] = true,
    };

    return about[item->event];
}

static bool belongs_to_run(const struct ladder_connection *c, const struct ladder_item *item,
                           const struct ladder_folding *how)
{
    switch ((enum ladder_kind)item->kind) {
    case LADDER_SEGMENT: case LADDER_ARRIVAL:
        return is_data(item) && (how->deep ? is_settled(c, item, how->now) : is_plain(item));
    case LADDER_CALL:
        return item->call.status == AKSU_OK && strcmp(item->call.name, "SEND") == 0;
    case LADDER_NOTE:
        return how->deep && is_about_data(item);
    case LADDER_FOLD:
        return true;
    case LADDER_STATE: case LADDER_FREE:
        break;
    }
    return false;
}

static void add_segment(struct ladder_fold *f, const struct ladder_item *item)
{
    if (item->nowhere) {
        f->others++;
        return;
    }
    if (item->sort == LADDER_UDP || item->segment.len > 0)
        f->segments[item->side]++;
    else
        f->acks[item->side]++;
    f->octets[item->side] += item->segment.len;
    f->lost[item->side] += item->other_at == AKSU_NEVER;
    f->again[item->side] += item->why != NULL;
}

void ladder_add_to_fold(struct ladder_fold *f, const struct ladder_item *item)
{
    switch ((enum ladder_kind)item->kind) {
    case LADDER_SEGMENT:
        if (item->sort != LADDER_ICMP)
            add_segment(f, item);
        break;
    case LADDER_CALL:
        f->calls[item->side]++;
        break;
    case LADDER_NOTE:
        f->others++;
        break;
    case LADDER_FOLD:
        f->others += item->fold.others;
        for (int side = 0; side < 2; side++) {
            f->octets[side] += item->fold.octets[side];
            f->segments[side] += item->fold.segments[side];
            f->acks[side] += item->fold.acks[side];
            f->calls[side] += item->fold.calls[side];
            f->lost[side] += item->fold.lost[side];
            f->again[side] += item->fold.again[side];
        }
        break;
    case LADDER_ARRIVAL: case LADDER_STATE: case LADDER_FREE:
        break;
    }
}

/* When the last of it happened. What a segment arrives as is an item of its own. */
static aksu_time end_of(const struct ladder_item *item)
{
    return item->kind == LADDER_FOLD ? item->other_at : item->at;
}

static void add_item(struct ladder_item *fold, const struct ladder_item *item)
{
    ladder_add_to_fold(&fold->fold, item);
    if (end_of(item) > fold->other_at)
        fold->other_at = end_of(item);
}

/* The arrival of one of the items from `start` up to but not including `end`. */
static bool arrives_of(const struct aksu_ladder *l, const struct ladder_item *arrival,
                       uint32_t start, uint32_t end)
{
    for (uint32_t i = start; i != end; i = l->item[i].next) {
        if (ladder_is_arrival_of(arrival, &l->item[i]))
            return true;
    }
    return false;
}

/* A run starts at `start` and ends before `end`. From `from` on, all of it becomes one item, but
 * for the arrivals of the segments before `from`. */
static void fold_run(struct aksu_ladder *l, uint32_t start, uint32_t from, uint32_t end)
{
    struct ladder_item fold = { .at = l->item[from].at, .kind = LADDER_FOLD };
    uint32_t *link = &l->item[from].next, next;

    add_item(&fold, &l->item[from]);
    for (uint32_t i = *link; i != end; i = next) {
        next = l->item[i].next;
        if (arrives_of(l, &l->item[i], start, from)) {
            link = &l->item[i].next;
            continue;
        }
        add_item(&fold, &l->item[i]);
        *link = next;
        ladder_free_item(l, i);
    }
    fold.next = l->item[from].next;
    l->item[from] = fold;
    while ((next = l->item[from].next) != end) {        /* what was kept comes before the sum */
        struct ladder_item kept_item = l->item[next];

        fold.next = kept_item.next;
        kept_item.next = next;
        l->item[from] = kept_item;
        l->item[next] = fold;
        from = next;
    }
}

/* What the length of a run is counted in. */
static bool counts(const struct ladder_item *item, const struct ladder_folding *how)
{
    return how->deep || item->kind == LADDER_SEGMENT || item->kind == LADDER_FOLD;
}

/* The run that starts at `start`; the item behind it is returned. */
static uint32_t visit_run(struct aksu_ladder *l, const struct ladder_connection *c, uint32_t start,
                          const struct ladder_folding *how)
{
    uint32_t count = 0, keep = how->most / 2, from = start, last = start, end = start;
    bool summed = false;        /* a sum is made longer, not shown beside another */

    for (; end != NO_ITEM && belongs_to_run(c, &l->item[end], how); end = l->item[end].next) {
        count += counts(&l->item[end], how);
        summed = summed || (l->item[end].kind == LADDER_FOLD && !how->deep);
        last = end;
    }
    if (count <= how->most && !summed)
        return end;
    while (keep > 0 && (how->deep || l->item[from].kind != LADDER_FOLD)) {
        keep -= counts(&l->item[from], how);
        from = l->item[from].next;
    }
    while (from != end && l->item[from].kind == LADDER_ARRIVAL)
        from = l->item[from].next;
    if (from != end && from != last)
        fold_run(l, start, from, end);
    return end;
}

void ladder_fold_runs(struct aksu_ladder *l, struct ladder_connection *c,
                      const struct ladder_folding *how)
{
    uint32_t i = c->head;

    while (i != NO_ITEM)
        i = belongs_to_run(c, &l->item[i], how) ? visit_run(l, c, i, how) : l->item[i].next;
    for (i = c->head; i != NO_ITEM; i = l->item[i].next)
        c->tail = i;
    for (int side = 0; side < 2; side++) {
        c->end[side].last_item = NO_ITEM;
        c->end[side].in_flight = c->head;
    }
}
