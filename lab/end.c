/* end.c - the users at both ends of connections: they open, listen, send what the other end knows,
 * read, and close, through the public calls of the stack. See stage.h. */
#include "lab/inner.h"

#include <stdlib.h>
#include <string.h>

enum { PIECE = 4096 };

static uint8_t octet_at(uint64_t n)
{
    return (uint8_t)('a' + n % 26);
}

static aksu_time clock_of(const struct lab *lab)
{
    return aksu_sim_now(lab->world);
}

static struct inner_end *new_end(struct lab *lab, struct lab_host *host)
{
    struct inner_end *e = lab_on(lab) ? calloc(1, sizeof *e) : NULL;
    if (e == NULL) {
        lab_fail(lab, "no memory for a user");
        return NULL;
    }
    e->end = (struct lab_end){ .lab = lab, .host = host, .opened_at = lab_now(lab),
        .connected_at = AKSU_NEVER, .text_at = AKSU_NEVER, .closed_at = AKSU_NEVER,
        .failed_at = AKSU_NEVER };
    if (lab->ends_last != NULL)
        lab->ends_last->next = e;
    else
        lab->ends = e;
    lab->ends_last = e;
    return e;
}

static struct lab_end *nobody(struct lab *lab)
{
    struct lab_end *end = &lab->nobody.end;
    *end = (struct lab_end){ .lab = lab, .host = &lab->no_host, .failed = true,
        .given_back = true, .reason = AKSU_DOES_NOT_EXIST, .opened_at = AKSU_NEVER,
        .connected_at = AKSU_NEVER, .text_at = AKSU_NEVER, .closed_at = AKSU_NEVER,
        .failed_at = AKSU_NEVER };
    return end;
}

static void fail(struct lab_end *end, enum aksu_status reason)
{
    end->failed = true;
    end->open = false;
    end->reason = reason;
    end->failed_at = lab_now(end->lab);
}

struct lab_end *lab_open(struct lab *lab, struct lab_host *host, const struct lab_host *to,
                         uint16_t port, const struct aksu_open *how)
{
    struct inner_end *e = new_end(lab, host);
    if (e == NULL)
        return nobody(lab);
    struct aksu_open open = how != NULL ? *how : (struct aksu_open){ 0 };
    open.remote = (struct aksu_endpoint){ lab_address(to), port };
    open.cookie = (uint64_t)(uintptr_t)&e->end;
    enum aksu_status status = aksu_open(host->net, &open, &e->end.conn, clock_of(lab));
    if (status == AKSU_OK)
        e->end.open = true;
    else
        fail(&e->end, status);
    return &e->end;
}

struct lab_listener *lab_listen(struct lab *lab, struct lab_host *host,
                                const struct aksu_listen *how)
{
    struct inner_listener *l = lab_on(lab) ? calloc(1, sizeof *l) : NULL;
    if (l == NULL) {
        lab_fail(lab, "no memory for a listener");
        return &lab->no_listener;
    }
    l->next = lab->listeners;
    lab->listeners = l;
    l->listener.host = host;
    struct aksu_listen listen = *how;
    listen.cookie = (uint64_t)(uintptr_t)&l->listener | 1;      /* a listener, not an end */
    if (aksu_listen(host->net, &listen, &l->listener.listener, clock_of(lab)) != AKSU_OK)
        lab_fail(lab, "a listener could not be made");
    return &l->listener;
}

struct lab_end *lab_accepted(struct lab_listener *listener, unsigned nth)
{
    struct lab *lab = listener->host->lab;
    for (struct inner_end *e = lab->ends; e != NULL; e = e->next)
        if (e->listener == listener && nth-- == 0)
            return &e->end;
    return nobody(lab);
}

/* --- calls --- */

static void pump(struct lab_end *end)
{
    struct inner_end *e = (struct inner_end *)end;
    uint8_t piece[PIECE];
    while (end->open && !end->shut && end->owed > 0) {
        size_t most = end->owed < PIECE ? (size_t)end->owed : PIECE;
        for (size_t i = 0; i < most; i++)
            piece[i] = octet_at(end->sent + i);
        ptrdiff_t n = aksu_send(end->host->net, end->conn, piece, most, 0, clock_of(end->lab));
        if (n <= 0)
            break;
        end->sent += (uint64_t)n;
        end->owed -= (uint64_t)n;
    }
    /* In SYN-SENT a CLOSE would delete the connection, with what waits to be sent. */
    if (e->wants_shut && end->owed == 0 && end->open && end->connected && !end->shut)
        end->shut = aksu_shutdown(end->host->net, end->conn, clock_of(end->lab)) == AKSU_OK;
}

void lab_send(struct lab_end *end, uint64_t octets)
{
    end->owed += octets;
    pump(end);
}

void lab_tell(struct lab_end *end, const char *words)
{
    if (!end->open)
        return;
    ptrdiff_t n = aksu_send(end->host->net, end->conn, words, strlen(words), 0,
                            clock_of(end->lab));
    end->sent += n > 0 ? (uint64_t)n : 0;
}

static void hear(struct lab_end *end, const uint8_t *data, size_t length)
{
    size_t had = strlen(end->heard), room = sizeof end->heard - 1 - had;
    for (size_t i = 0; end->words && i < length && i < room; i++)
        end->heard[had + i] = (char)data[i];
    for (size_t i = 0; !end->words && i < length; i++)
        end->wrong += data[i] != octet_at(end->received + i);
    end->received += length;
    if (end->text_at == AKSU_NEVER)
        end->text_at = lab_now(end->lab);
}

void lab_read(struct lab_end *end, uint64_t most)
{
    uint8_t piece[PIECE];
    while (end->open && most > 0 && !end->peer_closed) {
        size_t part = most < PIECE ? (size_t)most : PIECE;
        ptrdiff_t n = aksu_receive(end->host->net, end->conn, piece, part, clock_of(end->lab));
        if (n == 0)
            end->peer_closed = true;
        if (n <= 0)
            break;
        hear(end, piece, (size_t)n);
        most -= (uint64_t)n;
    }
}

void lab_shutdown(struct lab_end *end)
{
    ((struct inner_end *)end)->wants_shut = end->open;
    if (end->open)
        pump(end);
}

static void give_back(struct lab_end *end)
{
    end->open = false;
    end->given_back = true;
    if (end->closed_at == AKSU_NEVER)
        end->closed_at = lab_now(end->lab);
}

void lab_close(struct lab_end *end)
{
    if (end->given_back)
        return;
    (void)aksu_close(end->host->net, end->conn, clock_of(end->lab));
    give_back(end);
}

void lab_abort(struct lab_end *end)
{
    if (end->given_back)
        return;
    (void)aksu_abort(end->host->net, end->conn, clock_of(end->lab));
    give_back(end);
}

void lab_set(struct lab_end *end, enum aksu_option option, int64_t value)
{
    if (end->open
        && aksu_set(end->host->net, end->conn, option, value, clock_of(end->lab)) != AKSU_OK)
        lab_fail(end->lab, "a connection does not take a setting");
}

bool lab_status(struct lab_end *end, struct aksu_info *out)
{
    memset(out, 0, sizeof *out);
    return !end->given_back
        && aksu_status(end->host->net, end->conn, out) == AKSU_OK;
}

enum aksu_tcp_state lab_state(struct lab_end *end)
{
    struct aksu_info info;
    return lab_status(end, &info) ? info.state : AKSU_TCP_CLOSED;
}

void lab_note(struct lab_end *end, enum lab_words words)
{
    struct lab *lab = end->lab;
    struct aksu_event note = { .at = clock_of(lab), .conn = end->conn.index,
        .kind = AKSU_EV_note, .note = { lab_say(words, lab->play->lang) } };
    for (unsigned i = 0; i < lab->hosts; i++)
        if (&lab->host[i]->host == end->host)
            lab->host[i]->sink.put(&lab->host[i]->sink, &note);
}

/* --- readiness --- */

static void accept_all(struct lab_listener *l)
{
    struct lab *lab = l->host->lab;
    aksu_conn conn;
    while (lab_on(lab) && !l->waits
           && aksu_accept(l->host->net, l->listener, &conn, clock_of(lab)) == AKSU_OK) {
        struct inner_end *e = new_end(lab, l->host);
        if (e == NULL)
            return;
        e->listener = l;
        struct lab_end *end = &e->end;
        end->conn = conn;
        end->deaf = l->deaf;
        end->stays = l->stays;
        end->words = l->words;
        end->told = l->told;
        end->context = l->context;
        end->open = end->connected = true;
        end->connected_at = lab_now(lab);
        (void)aksu_set_cookie(l->host->net, conn, (uint64_t)(uintptr_t)end);
        l->last = end;
        if (l->accepted++ == 0)
            l->first = end;
        struct aksu_ready all = { .what = AKSU_CONNECTED | AKSU_READABLE | AKSU_WRITABLE,
                                  .cookie = (uint64_t)(uintptr_t)end };
        lab_told(l->host, &all, clock_of(lab));
    }
}

void lab_accept(struct lab_listener *listener)
{
    listener->waits = false;
    accept_all(listener);
}

static void failed(struct lab_end *end)
{
    struct aksu_info info;
    fail(end, lab_status(end, &info) ? info.reason : AKSU_DOES_NOT_EXIST);
}

static void one_told(struct lab_end *end, uint32_t what)
{
    if (end->given_back)
        return;
    if ((what & AKSU_CONNECTED) && end->connected_at == AKSU_NEVER) {
        end->connected = true;
        end->connected_at = lab_now(end->lab);
    }
    if (what & AKSU_FAILED)
        failed(end);
    if (!end->deaf)
        lab_read(end, UINT64_MAX);
    pump(end);
    if (end->told != NULL)
        end->told(end, what);
    if (end->peer_closed && !end->stays && !end->shut)
        lab_shutdown(end);
}

void lab_told(void *context, const struct aksu_ready *ready, aksu_time now)
{
    struct lab_host *host = context;
    struct lab_listener *l = (struct lab_listener *)(uintptr_t)(ready->cookie & ~UINT64_C(1));
    (void)now;
    if ((ready->what & AKSU_DATAGRAM) && host->datagram != NULL)
        host->datagram(host, ready->udp);
    else if ((ready->cookie & 1) && (ready->what & AKSU_SYN_HELD) && l->held != NULL)
        l->held(l, ready->conn);
    else if (ready->cookie & 1)
        accept_all(l);
    else if (ready->cookie != 0)
        one_told((struct lab_end *)(uintptr_t)ready->cookie, ready->what);
}

void lab_forget_ends(struct lab_host *host)
{
    for (struct inner_end *e = host->lab->ends; e != NULL; e = e->next)
        if (e->end.host == host && !e->end.given_back)
            give_back(&e->end);
}

void lab_free_ends(struct lab *lab)
{
    while (lab->ends != NULL) {
        struct inner_end *e = lab->ends;
        lab->ends = e->next;
        free(e->said);
        free(e->taped);
        free(e);
    }
    lab->ends_last = NULL;
    while (lab->listeners != NULL) {
        struct inner_listener *l = lab->listeners;
        lab->listeners = l->next;
        free(l);
    }
}
