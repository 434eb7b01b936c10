/* app.c - the applications at both ends. Octet n of a flow's stream is known to both, so each
 * one that arrives is compared. They act on readiness alone (edge-triggered): a hint that is
 * missing shows as a standstill. */
#include <stdio.h>

#include "tests/sim/duo.h"

enum { PIECE = 40000 };

static uint8_t octet_at(const struct duo *w, const struct flow *f, unsigned from, uint64_t n)
{
    uint64_t z = (n / 8 + 1) * 0x9e3779b97f4a7c15u + (uint64_t)(f - w->flow) * 77 + from;
    z = (z ^ z >> 29) * 0xbf58476d1ce4e5b9u;
    return (uint8_t)(z >> 8 * (n % 8));
}

static void give_back(struct duo *w, struct flow_side *s, unsigned side)
{
    if (!s->live)
        return;
    expect(aksu_close(w->net[side], s->conn, w->now) == AKSU_OK, "close of a live handle");
    struct aksu_info i;
    expect(aksu_status(w->net[side], s->conn, &i) == AKSU_DOES_NOT_EXIST,
           "a closed handle is stale");
    s->live = false;
    s->closed = true;
}

static void fill(const struct duo *w, const struct flow *f, unsigned side, uint8_t *to,
                 size_t length,
                 uint64_t at)
{
    for (size_t i = 0; i < length; i++)
        to[i] = octet_at(w, f, side, at + i);
}

static ptrdiff_t send_in_place(struct duo *w, struct flow *f, unsigned side, size_t length)
{
    struct flow_side *s = &f->side[side];
    struct aksu_space space[4];
    ptrdiff_t n = aksu_reserve(w->net[side], s->conn, space, 1 + dice(&s->dice, 4),
                               w->now);
    size_t done = 0;
    if (n <= 0)
        return n;
    for (ptrdiff_t i = 0; i < n && done < length; i++) {
        size_t part = space[i].length < length - done ? space[i].length : length - done;
        fill(w, f, side, space[i].data, part, s->sent + done);
        done += part;
    }
    enum aksu_status status = aksu_commit(w->net[side], s->conn, done, 0, w->now);
    return status == AKSU_OK ? (ptrdiff_t)done : -(ptrdiff_t)status;
}

static ptrdiff_t send_some(struct duo *w, struct flow *f, unsigned side)
{
    static uint8_t piece[PIECE];
    struct flow_side *s = &f->side[side];
    uint64_t left = s->want - s->sent;
    size_t length = 1 + dice(&s->dice, chance(&s->dice, 32768) ? 100 : PIECE);
    unsigned flags = chance(&s->dice, 6000) ? AKSU_MORE : 0;
    if (length > left)
        length = (size_t)left;
    if (chance(&s->dice, 8192))
        return send_in_place(w, f, side, length);
    fill(w, f, side, piece, length, s->sent);
    return aksu_send(w->net[side], s->conn, piece, length, length == left ? 0 : flags, w->now);
}

static void failed(struct duo *w, struct flow_side *s, unsigned side, ptrdiff_t status)
{
    s->failed = true;
    s->reason = (enum aksu_status)-status;
    give_back(w, s, side);
}

static void do_send(struct duo *w, struct flow *f, unsigned side)
{
    struct flow_side *s = &f->side[side];
    while (s->live && !s->shut && s->sent < s->want) {
        ptrdiff_t n = send_some(w, f, side);
        if (n == -(ptrdiff_t)AKSU_WOULD_BLOCK)
            return;
        if (n < 0) {
            failed(w, s, side, n);
            return;
        }
        expect(n > 0, "SEND took nothing");
        s->sent += (uint64_t)n;
    }
}

static void check_octets(struct duo *w, struct flow *f, unsigned side, const uint8_t *data,
                         size_t n)
{
    struct flow_side *s = &f->side[side];
    for (size_t i = 0; i < n; i++)
        expect(data[i] == octet_at(w, f, 1 - side, s->got + i), "octet %llu to side %u is wrong",
               (unsigned long long)(s->got + i), side);
    s->got += n;
    expect(s->got <= f->side[1 - side].sent, "more octets than were sent");
}

static ptrdiff_t receive_in_place(struct duo *w, struct flow *f, unsigned side, size_t most)
{
    struct flow_side *s = &f->side[side];
    struct aksu_slice slice[3];
    ptrdiff_t n = aksu_peek(w->net[side], s->conn, slice, 3);
    size_t done = 0;
    if (n <= 0)
        return n;
    for (ptrdiff_t i = 0; i < n && done < most; i++) {
        size_t part = slice[i].length < most - done ? slice[i].length : most - done;
        check_octets(w, f, side, slice[i].data, part);
        done += part;
    }
    expect(aksu_consume(w->net[side], s->conn, done, w->now) == AKSU_OK,
           "consume of what was peeked");
    return (ptrdiff_t)done;
}

static ptrdiff_t receive_some(struct duo *w, struct flow *f, unsigned side, size_t most)
{
    static uint8_t piece[PIECE];
    struct flow_side *s = &f->side[side];
    size_t length = 1 + dice(&s->dice, chance(&s->dice, 32768) ? 100 : PIECE);
    if (length > most)
        length = most;
    if (chance(&s->dice, 8192))
        return receive_in_place(w, f, side, length);
    ptrdiff_t n = aksu_receive(w->net[side], s->conn, piece, length, w->now);
    if (n > 0)
        check_octets(w, f, side, piece, (size_t)n);
    return n;
}

static void do_receive(struct duo *w, struct flow *f, unsigned side)
{
    struct flow_side *s = &f->side[side];
    uint64_t left = s->gulp > 0 ? s->gulp : UINT64_MAX;
    while (s->live && !s->eof && left > 0) {
        ptrdiff_t n = receive_some(w, f, side, left < PIECE ? (size_t)left : PIECE);
        if (n == -(ptrdiff_t)AKSU_WOULD_BLOCK)
            return;
        if (n < 0) {
            failed(w, s, side, n);
            return;
        }
        if (n == 0) {
            s->eof = true;
            expect(f->side[1 - side].shut, "the end of a stream that goes on");
            expect(s->got == f->side[1 - side].sent, "the end after %llu of %llu octets",
                   (unsigned long long)s->got, (unsigned long long)f->side[1 - side].sent);
        }
        left -= (uint64_t)n;
    }
}

static void do_end(struct duo *w, struct flow *f, unsigned side)
{
    struct flow_side *s = &f->side[side];
    if (!s->live)
        return;
    if (s->end == END_ABORT && s->sent >= s->abort_at) {
        expect(aksu_abort(w->net[side], s->conn, w->now) == AKSU_OK, "abort of a live handle");
        s->live = false;
        s->closed = true;
        return;
    }
    bool may_shut = s->end != END_SHUTDOWN_AFTER_PEER || s->eof;
    if (!s->shut && s->sent == s->want && may_shut && s->end != END_ABORT) {
        enum aksu_status status = aksu_shutdown(w->net[side], s->conn, w->now);
        if (status != AKSU_OK) {
            failed(w, s, side, -(ptrdiff_t)status);
            return;
        }
        s->shut = true;
    }
    if (s->shut && s->eof)
        give_back(w, s, side);
}

static void pump(struct duo *w, struct flow *f, unsigned side)
{
    struct flow_side *s = &f->side[side];
    if (!s->live)
        return;
    if (s->connected)
        do_send(w, f, side);
    if (s->pause == 0)
        do_receive(w, f, side);
    do_end(w, f, side);
}

static struct flow *accepted(struct duo *w, aksu_conn conn)
{
    struct aksu_info i;
    expect(aksu_status(w->net[1], conn, &i) == AKSU_OK, "status of what was accepted");
    unsigned number = (unsigned)i.remote.port - PORT_FIRST;
    expect(number < w->flows, "a connection that nobody opened");
    struct flow *f = &w->flow[number];
    expect(!f->side[1].opened, "the same connection twice");
    f->side[1].conn = conn;
    f->side[1].live = f->side[1].opened = f->side[1].connected = true;
    aksu_set_cookie(w->net[1], conn, number);
    return f;
}

void app_ready(struct duo *w, unsigned side, const struct aksu_ready *ready)
{
    if (sim_verbose)
        printf("%12.6f %u ready %x\n", (double)w->now / 1e9, side, ready->what);
    if (ready->what & AKSU_ACCEPTABLE) {
        aksu_conn conn;
        while (aksu_accept(w->net[1], ready->listener, &conn, w->now) == AKSU_OK)
            pump(w, accepted(w, conn), 1);
        return;
    }
    expect(ready->cookie < w->flows, "a cookie that nobody gave");
    struct flow *f = &w->flow[ready->cookie];
    struct flow_side *s = &f->side[side];
    expect(s->live, "readiness of a handle that was given back");
    if (ready->what & AKSU_CONNECTED)
        s->connected = true;
    if (ready->what & AKSU_FAILED) {
        struct aksu_info i;
        enum aksu_status status = aksu_status(w->net[side], s->conn, &i);
        expect(status == AKSU_OK && i.state == AKSU_TCP_CLOSED && i.reason != AKSU_OK,
               "FAILED, but the status is %d, the state %d", (int)status, (int)i.state);
        failed(w, s, side, -(ptrdiff_t)i.reason);
        return;
    }
    pump(w, f, side);
}

void app_wake(struct duo *w)
{
    for (unsigned n = 0; n < w->flows; n++) {
        for (unsigned side = 0; side < 2; side++) {
            struct flow_side *s = &w->flow[n].side[side];
            if (!s->live || s->pause == 0 || s->wake > w->now)
                continue;
            do_receive(w, &w->flow[n], side);
            do_end(w, &w->flow[n], side);
            s->wake = w->now + s->pause;
        }
    }
}

aksu_time app_next(const struct duo *w)
{
    aksu_time next = AKSU_NEVER;
    for (unsigned n = 0; n < w->flows; n++) {
        for (unsigned side = 0; side < 2; side++) {
            const struct flow_side *s = &w->flow[n].side[side];
            if (s->live && s->pause > 0 && s->wake < next)
                next = s->wake;
        }
    }
    return next;
}
