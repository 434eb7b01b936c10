/* get.c - aksu get: a web client on a TCP/IP stack of its own. All that such a program does with
 * the stack is in this file, and may be copied: names, connecting to the address that answers
 * first, a request, a file that is sent, the response. What the messages are is in get_message.c;
 * body.c, which serve has too, moves a file's octets without a copy in between. */
#include "cli/get.h"

#include <inttypes.h>

enum { REDIRECTIONS = 5, ADDRESSES = 8, LATER = -1 };
static const aksu_time RESOLVE = AKSU_SECONDS(20);
static const aksu_time STAGGER = AKSU_MS(250);      /* RFC 8305 5 */

/* The connections to the addresses of a host, of which the first that is established is taken. */
struct race {
    const struct aksu_ip *ip;
    aksu_conn conn[ADDRESSES];
    bool live[ADDRESSES];
    unsigned next, count, alive;
    aksu_time next_at;
    enum aksu_status reason;        /* of the last that failed, or met a difficulty */
};

/* Waits for news. GET_OK, or why it is over. */
static int wait_until(struct get *g, aksu_time until)
{
    g->more[1].events = POLLOUT;
    if (!aksu_host_wait(g->host.host, g->more, 2, until))
        return get_fail(g, GET_RECEIVE, "%s", aksu_host_why(g->host.host));
    if (g->more[0].revents == 0)
        return GET_OK;
    progress_end(&g->progress, get_moved(g), aksu_host_now());
    return GET_INTERRUPTED;
}

/* --- connecting --- */

static void start_next(struct get *g, struct race *r, aksu_time now)
{
    unsigned i = r->next++;
    struct aksu_open how = { .remote = { r->ip[i], g->url.port }, .cookie = i + 1 };

    enum aksu_status status = aksu_open(g->net, &how, &r->conn[i], now);
    r->live[i] = status == AKSU_OK;
    r->alive += r->live[i];
    r->next_at = now + STAGGER;
    if (!r->live[i])
        r->reason = status;
    get_tell_attempt(g, &how.remote);
}

/* True: this one has won. */
static bool look_at(struct get *g, struct race *r, unsigned i, uint32_t what)
{
    struct aksu_info info;

    if (!r->live[i])
        return false;
    enum aksu_status status = aksu_status(g->net, r->conn[i], &info);
    if (what & AKSU_FAILED) {
        r->reason = status == AKSU_OK ? info.reason : status;
        aksu_close(g->net, r->conn[i], aksu_host_now());
        r->live[i] = false;
        r->alive--;
        r->next_at = 0;
        return false;
    }
    if (what & AKSU_SOFT_ERROR && status == AKSU_OK) {
        r->reason = info.soft_error;        /* it may still succeed: RFC 9293 3.9.2.2 */
        r->next_at = 0;
    }
    if (!(what & AKSU_CONNECTED))
        return false;
    r->live[i] = false;
    g->conn = r->conn[i];
    if (status == AKSU_OK)
        get_tell_connected(g, &info);
    return true;
}

static bool has_winner(struct get *g, struct race *r)
{
    struct aksu_ready ready;
    bool won = false;

    while (!won && aksu_host_next_ready(g->host.host, &ready)) {
        if (ready.cookie > 0 && ready.cookie <= r->count)
            won = look_at(g, r, (unsigned)ready.cookie - 1, ready.what);
    }
    return won;
}

/* The next address is tried when one fails, and also when it does not answer soon. */
static int run(struct get *g, struct race *r)
{
    aksu_time end = aksu_host_now() + AKSU_SECONDS(g->connect_timeout);
    int status = GET_OK;

    while (status == GET_OK && !has_winner(g, r)) {
        aksu_time now = aksu_host_now();
        bool last = r->next == r->count;
        const char *why = r->reason == AKSU_OK ? "no answer" : aksu_status_text(r->reason);
        if (r->alive == 0 && last)
            return get_fail(g, get_status_of(r->reason), "%s", why);
        if (now >= end)
            return get_fail(g, r->reason == AKSU_OK ? GET_TIMEOUT : get_status_of(r->reason),
                            "no connection within %" PRIu64 " s: %s", g->connect_timeout, why);
        if (!last && (r->alive == 0 || now >= r->next_at))
            start_next(g, r, now);
        else
            status = wait_until(g, last || end < r->next_at ? end : r->next_at);
    }
    return status;
}

static int connect_to(struct get *g, const struct aksu_ip *ip, unsigned count)
{
    struct race race = { .ip = ip, .count = count };
    int status = run(g, &race);

    for (unsigned i = 0; i < race.next; i++) {
        if (race.live[i])
            aksu_abort(g->net, race.conn[i], aksu_host_now());
    }
    if (status == GET_OK) {
        aksu_set_cookie(g->net, g->conn, 0);
        aksu_set(g->net, g->conn, AKSU_OPTION_NODELAY, 1, aksu_host_now());
    }
    return status;
}

/* --- one request --- */

/* What the connection did is seen by asking it; that it did something is progress. */
static int wait_for_news(struct get *g)
{
    struct aksu_ready ready;
    aksu_time now = aksu_host_now();
    aksu_time until = progress_show(&g->progress, get_moved(g), now);

    if (now >= g->idle_until)
        return get_fail(g, GET_TIMEOUT, "nothing has come or gone for %" PRIu64 " s", g->timeout);
    int status = wait_until(g, until < g->idle_until ? until : g->idle_until);
    while (aksu_host_next_ready(g->host.host, &ready))
        g->idle_until = aksu_host_now() + AKSU_SECONDS(g->timeout);
    return status;
}

static int send_request(struct get *g)
{
    char request[GET_REQUEST];
    size_t length = get_write_request(g, request);
    unsigned more = g->upload && g->out.left > 0 ? AKSU_MORE : 0;

    /* A new connection has room for it. */
    ptrdiff_t n = aksu_send(g->net, g->conn, request, length, more, aksu_host_now());
    if (n >= 0 && (size_t)n == length)
        return GET_OK;
    return get_fail_connection(g, n < 0 ? (enum aksu_status)-n : AKSU_NO_RESOURCES);
}

/* The response's. LATER: it is not complete. */
static int read_head(struct get *g, struct http_message *m)
{
    struct aksu_slice piece[BODY_PIECES];
    struct aksu_info info;

    ptrdiff_t n = aksu_peek(g->net, g->conn, piece, BODY_PIECES);
    if (n == -AKSU_WOULD_BLOCK)
        return LATER;
    if (n < 0)
        return get_fail_connection(g, (enum aksu_status)-n);
    if (n == 0)
        return get_fail(g, GET_EMPTY, "the server closed the connection without an answer");
    size_t length = body_gather(piece, n, g->head, sizeof g->head);
    size_t end = http_head_end(g->head, length);
    if (end == 0 && length < sizeof g->head) {
        bool over = aksu_status(g->net, g->conn, &info) != AKSU_OK || info.peer_closed;
        return over ? get_fail(g, GET_RECEIVE, "the answer ends within its head") : LATER;
    }
    int status = get_read_head(g, end, m);
    if (status == GET_OK)
        aksu_consume(g->net, g->conn, end, aksu_host_now());
    return status;
}

/* Sends the file meanwhile, if there is one. */
static int exchange(struct get *g, struct http_message *m)
{
    enum body_end sent = g->upload ? BODY_LATER : BODY_DONE;
    int status;

    do {
        if (sent == BODY_LATER)
            sent = body_send(g->net, g->conn, &g->out, aksu_host_now());
        if (sent == BODY_FILE)
            return get_fail_upload(g);
        status = read_head(g, m);
        if (status == LATER)
            status = wait_for_news(g);
        else if (status != GET_OK || m->status >= 200)
            return status;
    } while (status == GET_OK);
    return status;
}

static int receive(struct get *g)
{
    int status = GET_OK;
    enum body_end end;

    do {
        end = body_receive(g->net, g->conn, &g->in, aksu_host_now());
        g->more[1].fd = end == BODY_BLOCKED ? g->in.fd : -1;
        if (end == BODY_BLOCKED)        /* whoever reads the pipe may take his time */
            g->idle_until = aksu_host_now() + AKSU_SECONDS(g->timeout);
        if (end != BODY_LATER && end != BODY_BLOCKED)
            break;
        status = wait_for_news(g);
    } while (status == GET_OK);
    g->more[1].fd = -1;
    progress_end(&g->progress, get_moved(g), aksu_host_now());
    return get_close_output(g, status, end);
}

static int transfer(struct get *g)
{
    struct http_message m = { .status = 0 };

    g->in = (struct body){ .fd = -1 };
    g->idle_until = aksu_host_now() + AKSU_SECONDS(g->timeout);
    if (g->upload)
        progress_begin(&g->progress, g->out.left, -1, aksu_host_now());
    int status = send_request(g);
    if (status == GET_OK)
        status = exchange(g, &m);
    if (status == GET_OK && g->upload)
        progress_end(&g->progress, g->out.moved, aksu_host_now());
    if (status == GET_OK)
        status = get_judge(g, &m);
    if (status == GET_OK)
        status = get_open_output(g, &m);
    if (status == GET_OK && !g->upload)
        progress_begin(&g->progress, m.length, g->in.fd, aksu_host_now());
    return status == GET_OK ? receive(g) : status;
}

/* --- one URL, and those that it is redirected to --- */

static int get_once(struct get *g)
{
    struct aksu_ip ip[ADDRESSES];
    struct aksu_info info;
    char why[AKSU_WHY];
    aksu_time start = aksu_host_now();

    cli_signals_kill(true);
    unsigned count = aksu_host_resolve(g->host.host, g->url.host, ip, ADDRESSES, start + RESOLVE,
                                       why);
    cli_signals_kill(false);
    if (count == 0)
        return get_fail(g, GET_NAME, "%s", why);
    int status = connect_to(g, ip, count);
    if (status != GET_OK)
        return status;
    status = transfer(g);
    if (aksu_status(g->net, g->conn, &info) == AKSU_OK)
        get_tell_end(g, &info, aksu_host_now() - start);
    if (status == GET_OK || status == GET_AGAIN)
        aksu_close(g->net, g->conn, aksu_host_now());
    else
        aksu_abort(g->net, g->conn, aksu_host_now());
    return status;
}

int get(struct get *g)
{
    for (int redirected = 0; redirected <= REDIRECTIONS; redirected++) {
        g->out.at = 0;
        g->out.left += g->out.moved;
        g->out.moved = 0;
        int status = get_once(g);
        if (status != GET_AGAIN)
            return status;
    }
    return get_fail(g, GET_REDIRECTS, "redirected more than %d times", REDIRECTIONS);
}
