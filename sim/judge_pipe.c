/* judge_pipe.c - what is in flight, counted octet by octet from what the sender says it does: text
 * that leaves, what is deemed lost, what leaves again; and from the acknowledgments that reach it
 * (RFC 2018 4, RFC 2883 4). The sender's own sums (RFC 6675 4) must come to the same. Called by
 * judge.c. */
#include <stdlib.h>

#include "sim/calls.h"

enum { WAITING, SACKED, LOST };
enum { ROOM_FIRST = 1 << 14, SEGMENTS_MOST = 500 };

static uint32_t later_of(uint32_t a, uint32_t b)
{
    return sim_ahead(a, b) > 0 ? a : b;
}

static uint32_t earlier_of(uint32_t a, uint32_t b)
{
    return sim_ahead(a, b) > 0 ? b : a;
}

/* --- octets --- */

static void count(struct sim_pipe *p, uint8_t state, uint32_t more)
{
    if (state == SACKED)
        p->sacked += more;
    else if (state == LOST)
        p->lost += more;
}

/* [from, to) becomes `state` where it was one of those in `of` (bits). Returns how many were
 * not. */
static uint32_t turn(struct sim_pipe *p, uint32_t from, uint32_t to, unsigned of, uint8_t state)
{
    uint32_t others = 0;
    for (uint32_t n = from; sim_ahead(to, n) > 0; n++) {
        uint8_t *octet = &p->octet[n & (p->room - 1)];
        if (!(of >> *octet & 1u)) {
            others++;
            continue;
        }
        count(p, *octet, (uint32_t)-1);
        count(p, state, 1);
        *octet = state;
    }
    return others;
}

/* New octets at the end. False: no memory, and nothing is counted any more. */
static bool extend(struct sim_pipe *p, uint32_t to)
{
    uint32_t length = to - p->una, room = p->room > 0 ? p->room : ROOM_FIRST;
    while (room < length)
        room *= 2;
    if (room != p->room) {
        uint8_t *larger = malloc(room);
        if (larger == NULL) {
            p->on = false;
            return false;
        }
        for (uint32_t n = p->una; n != p->nxt; n++)
            larger[n & (room - 1)] = p->octet[n & (p->room - 1)];
        free(p->octet);
        p->octet = larger;
        p->room = room;
    }
    uint32_t at = p->nxt & (p->room - 1), more = to - p->nxt, first = p->room - at;
    first = first < more ? first : more;
    memset(p->octet + at, WAITING, first);
    memset(p->octet, WAITING, more - first);
    p->nxt = to;
    return true;
}

static void forget_blocks(struct sim_pipe *p)
{
    memset(p->known, 0, sizeof p->known);
}

/* --- acknowledgments --- */

/* [left, right) is SACKed. A block that grows, as most do, is looked at where it has grown. */
static void sack(struct sim_pipe *p, uint32_t left, uint32_t right)
{
    const unsigned of = 1u << WAITING | 1u << LOST;
    for (unsigned i = 0; i < SIM_KNOWN; i++) {
        struct sim_block *k = &p->known[i];
        if (k->left == k->right || sim_ahead(k->right, left) < 0 || sim_ahead(right, k->left) < 0)
            continue;
        (void)turn(p, left, later_of(left, earlier_of(right, k->left)), of, SACKED);
        (void)turn(p, earlier_of(right, later_of(left, k->right)), right, of, SACKED);
        k->left = earlier_of(k->left, left);
        k->right = later_of(k->right, right);
        return;
    }
    (void)turn(p, left, right, of, SACKED);
    p->known[p->known_next++ % SIM_KNOWN] = (struct sim_block){ left, right };
}

/* RFC 2883 4: the first block reports a duplicate. */
static bool is_dsack(const struct sim_pipe *p, const struct aksu_sacks *s)
{
    uint32_t left = s->block[0].left, right = s->block[0].right;
    if (sim_ahead(left, right) >= 0 || sim_ahead(right, p->nxt) > 0)
        return false;
    return sim_ahead(right, p->una) <= 0
        || (s->count > 1 && sim_ahead(s->block[1].left, left) <= 0
            && sim_ahead(right, s->block[1].right) <= 0);
}

static void acknowledge(struct sim_pipe *p, uint32_t ack)
{
    for (uint32_t n = p->una; n != ack && p->sacked + p->lost > 0; n++)
        count(p, p->octet[n & (p->room - 1)], (uint32_t)-1);
    p->una = ack;
    for (unsigned i = 0; i < SIM_KNOWN; i++) {
        if (sim_ahead(p->known[i].left, ack) < 0)
            p->known[i].left = ack;
        if (sim_ahead(p->known[i].right, ack) <= 0)
            p->known[i] = (struct sim_block){ 0, 0 };
    }
}

void sim_pipe_apply(struct sim_pipe *p)
{
    if (!p->pending || !p->on)
        return;
    p->pending = false;
    if (sim_ahead(p->ack, p->una) > 0 && sim_ahead(p->ack, p->nxt) <= 0)
        acknowledge(p, p->ack);
    if (!(p->sack_in && p->sack_out) || p->sacks.count == 0 || p->una == p->nxt)
        return;
    for (unsigned i = is_dsack(p, &p->sacks); i < p->sacks.count; i++) {
        uint32_t left = later_of(p->sacks.block[i].left, p->una), right = p->sacks.block[i].right;
        if (sim_ahead(right, left) > 0 && sim_ahead(right, p->nxt) <= 0
            && sim_ahead(p->nxt, left) > 0)
            sack(p, left, right);
    }
}

/* --- events --- */

void sim_pipe_out(struct sim_pipe *p, const struct aksu_event_segment_out *s)
{
    if (s->ctl & AKSU_SYN) {
        p->on = true;
        p->again = false;
        p->una = p->nxt = s->seq + 1;
        p->sack_out = (s->has & AKSU_HAS_SACK_PERMITTED) != 0;
        return;
    }
    uint32_t end = s->seq + s->len + ((s->ctl & AKSU_FIN) != 0);
    if (!p->on || (s->ctl & AKSU_RST))
        return;
    sim_pipe_apply(p);
    if (p->again)                           /* else it is new, or a probe that changes nothing */
        (void)turn(p, later_of(s->seq, p->una), earlier_of(end, p->nxt), 1u << LOST, WAITING);
    p->again = false;
    if (sim_ahead(end, p->nxt) > 0)
        (void)extend(p, end);
}

void sim_pipe_in(struct sim_pipe *p, const struct aksu_event_segment_in *s)
{
    sim_pipe_apply(p);
    if (s->ctl & AKSU_SYN)
        p->sack_in = (s->has & AKSU_HAS_SACK_PERMITTED) != 0;
    p->pending = (s->ctl & AKSU_ACK) && !(s->ctl & AKSU_RST);
    p->ack = s->ack;
    p->sacks = s->has & AKSU_HAS_SACK ? s->sack : (struct aksu_sacks){ .count = 0 };
}

/* Steps that come after the ACK was taken: RFC 9293 3.10.7.4 sixth and later, 3.6.1. */
static bool acknowledged_before(const struct aksu_event_dropped *d)
{
    static const char *const late[] = { "eighth", "3.6.1" };
    for (unsigned i = 0; i < sizeof late / sizeof late[0]; i++)
        if (strstr(d->rule, late[i]) != NULL)
            return true;
    return strcmp(d->why, "not the ACK of our FIN") == 0;
}

static void deemed_lost(struct aksu_sim_end *e, uint32_t left, uint32_t length)
{
    struct sim_pipe *p = &e->pipe;
    if (sim_ahead(left, p->una) < 0 || sim_ahead(left + length, p->nxt) > 0)
        sim_judge_violation(e->flow->world, e, "octets are deemed lost that are not in flight "
                            "(seq %lu, length %lu)", (unsigned long)left, (unsigned long)length);
    else if (turn(p, left, left + length, 1u << WAITING, LOST) > 0 && !p->doubt)
        sim_judge_violation(e->flow->world, e, "octets are deemed lost that are SACKed, or were so "
                            "before (seq %lu, length %lu)", (unsigned long)left,
                            (unsigned long)length);
}

void sim_pipe_event(struct aksu_sim_end *e, const struct aksu_event *event)
{
    struct sim_pipe *p = &e->pipe;
    if (!p->on)
        return;
    if (event->kind == AKSU_EV_dropped) {
        p->pending = p->pending && acknowledged_before(&event->dropped);
    } else if (event->kind == AKSU_EV_lost) {
        sim_pipe_apply(p);
        deemed_lost(e, event->lost.seq, event->lost.len);
    } else if (event->kind == AKSU_EV_undo) {
        sim_pipe_apply(p);
        (void)turn(p, p->una, p->nxt, 1u << LOST, WAITING);
    } else if (event->kind == AKSU_EV_retransmit) {
        sim_pipe_apply(p);
        p->again = true;
    } else if (event->kind == AKSU_EV_timer && strcmp(event->timer.name, "RETRANSMISSION") == 0) {
        sim_pipe_apply(p);                  /* RFC 2018 8: who SACKs but does not acknowledge */
        if (p->una != p->nxt && p->octet[p->una & (p->room - 1)] == SACKED) {
            (void)turn(p, p->una, p->nxt, 1u << SACKED, WAITING);
            forget_blocks(p);
        }
    }
}

/* A sender searches for what a SACK is about in a bounded number of steps: with so many segments in
 * flight it may leave a block for later, and what was in flight then is not compared. */
static bool doubtful(struct sim_pipe *p, const struct aksu_info *i)
{
    if ((p->nxt - p->una) / (i->snd_mss > 0 ? i->snd_mss : 1) > SEGMENTS_MOST) {
        p->doubt = true;
        p->doubt_until = p->nxt;
    }
    p->doubt = p->doubt && sim_ahead(p->una, p->doubt_until) < 0;
    return p->doubt;
}

void sim_pipe_judge(struct aksu_sim_end *e, const struct aksu_info *i)
{
    struct sim_pipe *p = &e->pipe;
    uint32_t flight = p->nxt - p->una - p->sacked - p->lost;
    if (!p->on || i->state < AKSU_TCP_ESTABLISHED || i->state == AKSU_TCP_TIME_WAIT
        || doubtful(p, i))
        return;
    if (i->in_flight != flight || i->sacked != p->sacked || i->lost != p->lost)
        sim_judge_violation(e->flow->world, e, "in flight %lu octets, SACKed %lu, lost %lu; it "
                            "says %lu, %lu, %lu", (unsigned long)flight, (unsigned long)p->sacked,
                            (unsigned long)p->lost, (unsigned long)i->in_flight,
                            (unsigned long)i->sacked, (unsigned long)i->lost);
}
