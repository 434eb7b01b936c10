/* app.c - applications at the ends of flows. Word n of a stream is a number that both sides
 * know, so every octet that arrives is compared with what stands at its place; text is written
 * and read where it lies (aksu_reserve, aksu_peek). Called by flow.c, and by programs through
 * aksu/sim.h. */
#include "sim/calls.h"
#include "sim/words.h"

enum { SPACES = 8, SLICES = 16 };

static const uint64_t STEP = UINT64_C(0x9e3779b97f4a7c15);

/* --- the pattern --- */

static uint64_t word_at(uint64_t base, uint64_t n)
{
    uint64_t z = base + n * STEP;
    return z ^ z >> 32;
}

static uint8_t octet_at(uint64_t base, uint64_t n)
{
    return (uint8_t)(word_at(base, n / 8) >> 8 * (n % 8));
}

static void fill(uint64_t base, uint64_t at, uint8_t *to, size_t length)
{
    size_t i = 0;
    for (; i < length && (at + i) % 8 != 0; i++)
        to[i] = octet_at(base, at + i);
    for (; length - i >= 8; i += 8)
        sim_store_word(to + i, word_at(base, (at + i) / 8));
    for (; i < length; i++)
        to[i] = octet_at(base, at + i);
}

/* How many of the octets are right, from the first on. */
static size_t right(uint64_t base, uint64_t at, const uint8_t *from, size_t length)
{
    size_t i = 0;
    for (; i < length && (at + i) % 8 != 0; i++)
        if (from[i] != octet_at(base, at + i))
            return i;
    while (length - i >= 8 && sim_load_word(from + i) == word_at(base, (at + i) / 8))
        i += 8;
    while (i < length && from[i] == octet_at(base, at + i))
        i++;
    return i;
}

/* --- calls of applications --- */

static size_t write_spaces(struct aksu_sim_end *e, const struct aksu_space *space, ptrdiff_t spaces,
                           uint64_t most)
{
    size_t done = 0;
    for (ptrdiff_t i = 0; i < spaces && done < most; i++) {
        size_t part = space[i].length < most - done ? space[i].length : (size_t)(most - done);
        if (!e->flow->world->unchecked)
            fill(e->base, e->sent + done, space[i].data, part);
        done += part;
    }
    return done;
}

uint64_t aksu_sim_send(struct aksu_sim_end *e, uint64_t most)
{
    struct aksu_space space[SPACES];
    aksu_time now = e->flow->world->now;
    uint64_t done = 0;
    while (done < most && e->live && !e->shut) {
        ptrdiff_t n = aksu_reserve(e->host->net, e->conn, space, SPACES, now);
        if (n == -(ptrdiff_t)AKSU_WOULD_BLOCK)
            break;
        enum aksu_status status = n < 0 ? (enum aksu_status)-n : AKSU_OK;
        size_t length = n > 0 ? write_spaces(e, space, n, most - done) : 0;
        if (length > 0)
            status = aksu_commit(e->host->net, e->conn, length, 0, now);
        if (status != AKSU_OK) {
            sim_flow_failed(e, status);
            break;
        }
        e->sent += length;
        done += length;
        if (length == 0)
            break;
    }
    return done;
}

static bool compare(struct aksu_sim_end *e, const struct aksu_slice *slice, size_t length)
{
    const struct aksu_sim_end *peer = aksu_sim_peer(e);
    if (e->flow->world->unchecked) {
        e->received += length;
        return true;
    }
    size_t good = right(peer->base, e->received, slice->data, length);
    e->received += good;
    if (good < length) {
        sim_judge_violation(e->flow->world, e, "octet %llu is wrong",
                        (unsigned long long)e->received);
        return false;
    }
    if (e->received > peer->sent) {
        sim_judge_violation(e->flow->world, e, "%llu octets received, %llu sent",
                        (unsigned long long)e->received, (unsigned long long)peer->sent);
        return false;
    }
    return true;
}

static void end_of_stream(struct aksu_sim_end *e)
{
    const struct aksu_sim_end *peer = aksu_sim_peer(e);
    e->eof = true;
    if (!peer->shut && !peer->closed)
        sim_judge_violation(e->flow->world, e, "the end of a stream that goes on");
    else if (e->received != peer->sent)
        sim_judge_violation(e->flow->world, e, "the end after %llu of %llu octets",
                        (unsigned long long)e->received, (unsigned long long)peer->sent);
}

/* Octets used; 0 and *over: no more is there. */
static size_t read_slices(struct aksu_sim_end *e, uint64_t most, bool *over)
{
    struct aksu_slice slice[SLICES];
    aksu_time now = e->flow->world->now;
    size_t done = 0;
    ptrdiff_t n = aksu_peek(e->host->net, e->conn, slice, SLICES);
    *over = n < SLICES && !(e->fin_told && n > 0);
    if (n == 0)
        end_of_stream(e);
    if (n < 0 && n != -(ptrdiff_t)AKSU_WOULD_BLOCK)
        sim_flow_failed(e, (enum aksu_status)-n);
    for (ptrdiff_t i = 0; i < n && done < most; i++) {
        size_t part = slice[i].length < most - done ? slice[i].length : (size_t)(most - done);
        if (!compare(e, &slice[i], part))
            return 0;
        done += part;
    }
    if (done > 0) {
        e->received_at = now;
        (void)aksu_consume(e->host->net, e->conn, done, now);
    }
    return done;
}

uint64_t aksu_sim_receive(struct aksu_sim_end *e, uint64_t most)
{
    uint64_t done = 0;
    bool over = false;
    while (!over && done < most && e->live && !e->eof && !e->flow->world->violated)
        done += read_slices(e, most - done, &over);
    return done;
}

void aksu_sim_shutdown(struct aksu_sim_end *e)
{
    if (!e->live || e->shut)
        return;
    e->shut = true;                     /* the peer may hear of it before the call returns */
    enum aksu_status status = aksu_shutdown(e->host->net, e->conn, e->flow->world->now);
    if (status != AKSU_OK) {
        e->shut = false;
        sim_flow_failed(e, status);
    }
}

/* --- ready-made ones --- */

static void wait(struct aksu_sim_end *e)
{
    aksu_sim_wake(e, e->read_at < e->write_at ? e->read_at : e->write_at);
}

static void read(struct aksu_sim_end *e)
{
    aksu_time now = e->flow->world->now;
    if (e->app.gulp == 0) {
        (void)aksu_sim_receive(e, UINT64_MAX);
        return;
    }
    if (e->read_at != AKSU_NEVER && e->read_at > now)
        return;
    (void)aksu_sim_receive(e, e->app.gulp);
    e->read_at = e->eof ? AKSU_NEVER : now + e->app.gulp_pause;
}

/* All was sent: the end of our stream; and of the connection when the peer's has ended too. */
static void end(struct aksu_sim_end *e)
{
    if (e->sent == e->app.octets)
        aksu_sim_shutdown(e);
    if (e->shut && e->eof)
        aksu_sim_close(e);
    else
        wait(e);
}

static void send_up_to(struct aksu_sim_end *e, uint64_t total)
{
    total = total < e->app.octets ? total : e->app.octets;
    if (e->sent < total)
        (void)aksu_sim_send(e, total - e->sent);
}

void aksu_sim_bulk(struct aksu_sim_end *e)
{
    send_up_to(e, e->app.octets);
    read(e);
    end(e);
}

/* Adds `more` to the octets that may have been sent, now or after the pause. */
static void allow_after_pause(struct aksu_sim_end *e, uint32_t more)
{
    aksu_time now = e->flow->world->now;
    if (e->write_at == AKSU_NEVER)
        e->write_at = e->budget == 0 ? now : now + e->app.pause;
    if (e->write_at > now)
        return;
    e->budget += more > 0 ? more : 1;
    e->write_at = AKSU_NEVER;
}

void aksu_sim_request(struct aksu_sim_end *e)
{
    uint64_t asked = e->app.request > 0 ? e->budget / e->app.request : e->budget;
    read(e);
    if (e->sent == e->budget && e->budget < e->app.octets
        && e->received >= asked * e->app.response)
        allow_after_pause(e, e->app.request);
    send_up_to(e, e->budget);
    end(e);
}

void aksu_sim_respond(struct aksu_sim_end *e)
{
    read(e);
    if (e->app.request > 0)
        e->budget = e->received / e->app.request * e->app.response;
    send_up_to(e, e->budget);
    if (e->eof && e->sent == e->budget)
        e->app.octets = e->sent;        /* whoever asked has no more questions */
    end(e);
}

void aksu_sim_on_off(struct aksu_sim_end *e)
{
    uint64_t before;
    read(e);
    do {                                /* the pause begins when the burst was taken */
        before = e->sent;
        if (e->sent == e->budget && e->budget < e->app.octets)
            allow_after_pause(e, e->app.request);
        send_up_to(e, e->budget);
    } while (e->sent > before);
    end(e);
}
