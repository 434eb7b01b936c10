/* test_lies.c - a receiver that lies to the sender. Nothing breaks, the sender does a bounded
 * amount of work, its memory stays in the budget, and a lie gains nothing: RFC 5681 3.1 (ACK
 * division, optimistic ACKs), RFC 2018 8 and RFC 6675 5.1 (SACK that is not true), RFC 7323 5
 * (timestamps), RFC 9293 3.8.6 (windows that shrink). */
#include <stdio.h>
#include <time.h>

#include "tests/sim/lies.h"

struct liar {
    struct aksu_sim_cable *cable;
    struct dice dice;
    uint32_t highest;                   /* behind the last octet that the sender has sent */
    uint32_t first, last;               /* of the stream; the last acknowledgment */
    uint64_t said;                      /* lies */
    uint64_t stop_after;                /* then the truth, so that the transfer may end */
    uint32_t dropped;
    bool knows, fresh;                  /* the frame that passes is not sent again */
    uint32_t (*lie)(struct liar *l, struct header *h, uint8_t *frame, uint32_t length,
                    uint32_t room);
    bool (*loses)(struct liar *l, const struct header *h);      /* of what the sender sends */
};

/* What the sender sends, as the liar sees it. */
static uint32_t spy(void *context, uint8_t *frame, uint32_t length, uint32_t room, aksu_time now)
{
    struct liar *l = context;
    struct header h;
    (void)room;
    (void)now;
    if (!lies_read(frame, length, &h))
        return length;
    uint32_t end = h.seq + h.text + ((h.ctl & (AKSU_SYN | AKSU_FIN)) != 0);
    l->fresh = !l->knows || (int32_t)(end - l->highest) > 0;
    if (l->fresh)
        l->highest = end;
    if (h.ctl & AKSU_SYN)
        l->first = end;
    l->knows = true;
    if (l->loses != NULL && h.text > 0 && l->said < l->stop_after && l->loses(l, &h)) {
        l->dropped++;
        return 0;
    }
    return length;
}

static uint32_t speak(void *context, uint8_t *frame, uint32_t length, uint32_t room, aksu_time now)
{
    struct liar *l = context;
    struct header h;
    (void)now;
    if (!lies_read(frame, length, &h) || (h.ctl & AKSU_RST) || l->said >= l->stop_after)
        return length;
    return l->lie(l, &h, frame, length, room);
}

struct outcome {
    struct aksu_sim_report sender, receiver;
    struct aksu_sim_counts counts;
    enum aksu_sim_state state;
    uint32_t cwnd_most;
};

struct setup {
    uint32_t octets, send_buffer, mtu, rate;
    aksu_time until;
};

static void look(struct aksu_sim *w, struct aksu_sim_end *server, struct outcome *o)
{
    struct aksu_info i;
    aksu_sim_report(server, &o->sender);
    if (o->sender.opened && !o->sender.closed
        && aksu_status(aksu_sim_stack(o->sender.host), o->sender.conn, &i) == AKSU_OK) {
        uint64_t age_us = (aksu_sim_now(w) - AKSU_SECONDS(1)) / 1000;       /* it begins at 1 s */
        expect(i.srtt_us <= age_us + 1000, "the round trip is %u us, the connection is %llu us old",
               i.srtt_us, (unsigned long long)age_us);
        expect(i.rto_us <= 120000000, "the RTO is %u us", i.rto_us);
        o->cwnd_most = i.cwnd > o->cwnd_most ? i.cwnd : o->cwnd_most;
    }
}

/* The server sends to a client whose frames are rewritten. */
static struct outcome talk(struct liar *l, uint64_t seed, const struct setup *s)
{
    struct outcome o = { .cwnd_most = 0 };
    struct aksu_sim *w = net_world(seed, false);
    struct aksu_sim_host host = { .no_tso = true, .mtu = s->mtu };
    host.stack.send_buffer = s->send_buffer;
    host.stack.receive_buffer = s->send_buffer;
    struct aksu_sim_node *client = net_host(w, &host), *server = net_host(w, &host);
    const struct aksu_path_node node[] = {
        { .kind = AKSU_PATH_RATE, .rate = s->rate != 0 ? s->rate : 100000000, .limit = 200000 },
        { .kind = AKSU_PATH_DELAY, .delay = AKSU_MS(5) },
    };
    l->dice.state = seed;
    l->cable = net_cable(w, client, server, node + 1, 1, node, 2);
    aksu_sim_tamper(l->cable, 0, speak, l);
    aksu_sim_tamper(l->cable, 1, spy, l);
    struct aksu_sim_end *end = net_flow(w, &(struct aksu_sim_flow){ .host = { client, server },
        .app = { { .act = aksu_sim_respond, .octets = UINT64_MAX }, { .octets = s->octets } } });
    aksu_time until = aksu_sim_now(w) + (s->until != 0 ? s->until : AKSU_SECONDS(3600));
    do {
        o.state = aksu_sim_finish(w, aksu_sim_now(w) + AKSU_MS(20));
        if (o.state == AKSU_SIM_VIOLATION)
            net_expect(w, o.state, AKSU_SIM_ENDED);
        look(w, aksu_sim_peer(end), &o);
        if (o.state == AKSU_SIM_RUNNING && aksu_sim_next(w) > aksu_sim_now(w) + AKSU_MS(20))
            (void)aksu_sim_run(w, aksu_sim_next(w));
    } while (o.state == AKSU_SIM_RUNNING && aksu_sim_now(w) < until);
    aksu_sim_report(end, &o.receiver);
    aksu_sim_counts(w, &o.counts);
    expect(l->said > 0, "nothing was a lie");
    return o;
}

static const struct setup MEDIUM = { .octets = 1000000, .send_buffer = 1 << 20 };

static void expect_work(const struct outcome *o, const struct setup *s, uint64_t times)
{
    uint64_t least = s->octets / 1448;
    expect(o->sender.segments <= least * times, "%llu segments were sent, %llu would do",
           (unsigned long long)o->sender.segments, (unsigned long long)least);
    expect(o->counts.steps <= least * times * 40 + 10000, "%llu steps",
           (unsigned long long)o->counts.steps);
}

static void expect_done(const struct outcome *o, const struct setup *s)
{
    expect(o->state == AKSU_SIM_ENDED && o->receiver.received == s->octets,
           "%llu of %u octets arrived", (unsigned long long)o->receiver.received, s->octets);
}

/* --- SACK --- */

static uint32_t near(struct liar *l, const struct header *h)
{
    const uint32_t places[] = { l->first, h->ack, l->highest, h->ack - 1448, h->ack + 1448,
                                l->highest + 1, l->highest + 0x40000000u, h->ack + 0x80000000u,
                                h->ack + dice(&l->dice, l->highest - h->ack + 1), 0 };
    return places[dice(&l->dice, 10)];
}

static uint32_t any_blocks(struct liar *l, struct header *h, uint8_t *frame, uint32_t length,
                           uint32_t room)
{
    if ((h->ctl & AKSU_SYN) || dice(&l->dice, 2) == 0)
        return length;
    l->said++;
    h->blocks = 1 + dice(&l->dice, 3);
    for (unsigned i = 0; i < h->blocks; i++) {
        h->left[i] = near(l, h);
        h->right[i] = near(l, h);
    }
    return lies_write(frame, length, room, h);
}

SIM(sack_of_anything, 20)
{
    struct liar l = { .lie = any_blocks, .stop_after = 400 };
    struct outcome o = talk(&l, seed, &MEDIUM);
    expect_done(&o, &MEDIUM);
    expect_work(&o, &MEDIUM, 10);
}

/* Everything above the hole has arrived, it says: it has not. RFC 2018 8: nothing is given up
 * before it is acknowledged. */
static uint32_t all_above(struct liar *l, struct header *h, uint8_t *frame, uint32_t length,
                          uint32_t room)
{
    if ((h->ctl & AKSU_SYN) || l->highest - h->ack < 3000)
        return length;
    l->said++;
    h->blocks = 1;
    h->left[0] = h->ack + 1448;
    h->right[0] = l->highest;
    return lies_write(frame, length, room, h);
}

static bool one_in_five(struct liar *l, const struct header *h)
{
    (void)h;
    return dice(&l->dice, 5) == 0;
}

SIM(sack_then_renege, 20)
{
    struct liar l = { .lie = all_above, .loses = one_in_five, .stop_after = 300 };
    struct outcome o = talk(&l, seed, &MEDIUM);
    expect(l.dropped > 0, "nothing was lost");
    expect_done(&o, &MEDIUM);
    expect_work(&o, &MEDIUM, 10);
}

/* Every second segment is missing, and segments are tiny: as many holes as a window has room
 * for. */
static uint32_t small_mss(struct liar *l, struct header *h, uint8_t *frame, uint32_t length,
                          uint32_t room)
{
    if (h->ctl & AKSU_SYN)
        h->mss = 48;
    else
        l->said++;
    return lies_write(frame, length, room, h);
}

/* Of what is new, once the window is large. */
static bool every_second(struct liar *l, const struct header *h)
{
    uint32_t at = h->seq - l->first;
    return l->fresh && at > 200000 && at / h->text % 2 == 1;
}

SIM(sack_panic, 3)
{
    const struct setup s = { .octets = 800000, .send_buffer = 1 << 20, .rate = 1000000000 };
    struct liar l = { .lie = small_mss, .loses = every_second, .stop_after = UINT64_MAX };
    clock_t start = clock();
    struct outcome o = talk(&l, seed, &s);
    double seconds = (double)(clock() - start) / CLOCKS_PER_SEC;
    expect(l.dropped > 1000, "%u segments were lost", l.dropped);
    expect_done(&o, &s);
    expect(o.sender.segments < 40 * s.octets / 8, "%llu segments",
           (unsigned long long)o.sender.segments);
    double us = seconds * 1e6 / (double)(o.counts.segments + 1);
    expect(us < 200, "%.1f us of CPU for each segment", us);
    if (sim_verbose)
        printf("%llu segments, %.2f us each, %llu steps\n", (unsigned long long)o.counts.segments,
               us, (unsigned long long)o.counts.steps);
}

/* --- acknowledgments --- */

static uint32_t beyond(struct liar *l, struct header *h, uint8_t *frame, uint32_t length,
                       uint32_t room)
{
    if ((h->ctl & AKSU_SYN) || dice(&l->dice, 3) != 0)
        return length;
    l->said++;
    h->ack = l->highest + (2u << 20) + dice(&l->dice, 0x40000000);  /* more than a window */
    return lies_write(frame, length, room, h);
}

/* RFC 9293 3.10.7.4 fifth: an ACK of what was not yet sent is answered, and dropped. */
SIM(ack_of_what_was_never_sent, 20)
{
    struct liar l = { .lie = beyond, .stop_after = UINT64_MAX };
    struct outcome o = talk(&l, seed, &MEDIUM);
    expect_done(&o, &MEDIUM);
    expect_work(&o, &MEDIUM, 5);
}

static uint32_t before_it_came(struct liar *l, struct header *h, uint8_t *frame, uint32_t length,
                               uint32_t room)
{
    if (h->ctl & AKSU_SYN)
        return length;
    l->said++;
    h->ack = l->highest;
    h->blocks = 0;
    return lies_write(frame, length, room, h);
}

/* What the receiver gives up is lost to him; the sender neither breaks nor sends more often. */
SIM(optimistic_ack, 20)
{
    struct liar l = { .lie = before_it_came, .stop_after = UINT64_MAX };
    struct outcome o = talk(&l, seed, &MEDIUM);
    expect_work(&o, &MEDIUM, 2);
    expect(o.cwnd_most <= MEDIUM.octets, "cwnd grew to %u", o.cwnd_most);
}

/* One ACK becomes some that each acknowledge a part. */
static uint32_t divide(struct liar *l, struct header *h, uint8_t *frame, uint32_t length,
                       uint32_t parts)
{
    static uint8_t copy[LIE_ROOM];
    uint32_t to = h->ack, from = l->said > 0 ? l->last : l->first;
    if ((h->ctl & AKSU_SYN) || h->text > 0 || length > LIE_ROOM)
        return length;
    l->last = to;
    l->said++;
    for (uint32_t i = 1; i < parts && (int32_t)(to - from) > (int32_t)parts; i++) {
        for (uint32_t n = 0; n < length; n++)
            copy[n] = frame[n];
        h->ack = from + (to - from) / parts * i;
        h->blocks = 0;
        aksu_sim_inject(l->cable, 0, copy, lies_write(copy, length, LIE_ROOM, h));
    }
    return length;
}

static uint32_t in_many(struct liar *l, struct header *h, uint8_t *frame, uint32_t length,
                        uint32_t room)
{
    (void)room;
    return divide(l, h, frame, length, 24);
}

/* As if no ACK had been delayed: one for each segment. */
static uint32_t in_two(struct liar *l, struct header *h, uint8_t *frame, uint32_t length,
                       uint32_t room)
{
    (void)room;
    return divide(l, h, frame, length, 2);
}

/* RFC 5681 3.1: cwnd grows by what is acknowledged, not by the number of ACKs. */
SIM(ack_division, 5)
{
    struct liar l = { .lie = in_many, .stop_after = UINT64_MAX };
    struct liar none = { .lie = in_two, .stop_after = UINT64_MAX };
    struct outcome with = talk(&l, seed, &MEDIUM), without = talk(&none, seed, &MEDIUM);
    expect_done(&with, &MEDIUM);
    expect(with.counts.segments > without.counts.segments * 2, "no ACK was divided");
    expect_work(&with, &MEDIUM, 3);
    expect(with.cwnd_most <= without.cwnd_most + without.cwnd_most / 4,
           "cwnd grew to %u with divided ACKs, to %u without", with.cwnd_most, without.cwnd_most);
    aksu_time took = with.receiver.received_at - with.receiver.opened_at;
    aksu_time honest_took = without.receiver.received_at - without.receiver.opened_at;
    expect(took + took / 5 >= honest_took, "it was there after %llu us, honestly after %llu us",
           (unsigned long long)took / 1000, (unsigned long long)honest_took / 1000);
}

/* The same ACK again and again, as if much had arrived behind a hole. */
static uint32_t repeated(struct liar *l, struct header *h, uint8_t *frame, uint32_t length,
                         uint32_t room)
{
    (void)room;
    if ((h->ctl & AKSU_SYN) || h->text > 0)
        return length;
    for (unsigned i = 0; i < 50; i++, l->said++)
        aksu_sim_inject(l->cable, 0, frame, length);
    return length;
}

SIM(ack_flood, 5)
{
    struct liar l = { .lie = repeated, .stop_after = 20000 };
    struct outcome o = talk(&l, seed, &MEDIUM);
    expect_done(&o, &MEDIUM);
    expect(o.sender.segments <= MEDIUM.octets / 1448 * 10, "%llu segments were sent",
           (unsigned long long)o.sender.segments);
}

/* --- windows and timestamps --- */

static uint32_t shrinking(struct liar *l, struct header *h, uint8_t *frame, uint32_t length,
                          uint32_t room)
{
    if (h->ctl & AKSU_SYN)
        return length;
    l->said++;
    const uint16_t windows[] = { 0, 1, (uint16_t)(h->wnd / 2), (uint16_t)dice(&l->dice, 65536), 3 };
    h->wnd = windows[dice(&l->dice, 5)];
    return lies_write(frame, length, room, h);
}

/* RFC 9293 3.8.6 [MUST-34]: a sender is robust against it. */
SIM(shrinking_window, 20)
{
    const struct setup s = { .octets = 200000, .send_buffer = 1 << 20,
                             .until = AKSU_SECONDS(72000) };
    struct liar l = { .lie = shrinking, .stop_after = 300 };
    struct outcome o = talk(&l, seed, &s);
    expect_done(&o, &s);
    expect_work(&o, &s, 20);
}

static uint32_t clocks_wrong(struct liar *l, struct header *h, uint8_t *frame, uint32_t length,
                             uint32_t room)
{
    if ((h->ctl & AKSU_SYN) || !h->timestamps || dice(&l->dice, 3) == 0)
        return length;
    l->said++;
    if (dice(&l->dice, 2) == 0)
        h->ts_val -= 1 + dice(&l->dice, 0x7fffffff);
    const uint32_t echoes[] = { 0, h->ts_ecr, h->ts_ecr + 1000000, h->ts_ecr - 100000,
                                (uint32_t)dice_u64(&l->dice) };
    h->ts_ecr = echoes[dice(&l->dice, 5)];
    return lies_write(frame, length, room, h);
}

/* RFC 7323 5.3: what is older than the last one is dropped; an echo of what was never sent makes no
 * round trip. */
SIM(timestamps_that_go_back, 20)
{
    struct liar l = { .lie = clocks_wrong, .stop_after = 1000 };
    struct outcome o = talk(&l, seed, &MEDIUM);
    expect_done(&o, &MEDIUM);
    expect_work(&o, &MEDIUM, 10);
}
