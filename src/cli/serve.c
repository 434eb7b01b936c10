/* serve.c - aksu serve: a web server on a TCP/IP stack of its own. All that such a program does
 * with the stack is in this file, and may be copied: the loop, accepting, receiving, sending,
 * closing. What is answered is decided in answer.c, which knows no connections; body.c, which get
 * has too, moves a file's octets without a copy in between. */
#include <stdlib.h>

#include "cli/serve_command.h"
#include "cli/serve_wait.h"

enum { BACKLOG = 16384, NO_PROGRESS_MS = 60000 };
static const aksu_time DRAIN = AKSU_SECONDS(2), LAST_WORDS = AKSU_MS(200);

enum client_state { CLIENT_READING, CLIENT_RECEIVING, CLIENT_SENDING, CLIENT_ENDING };
enum next { NEXT_LATER, NEXT_AGAIN, NEXT_GONE };

struct client {
    struct waiter wait;             /* the first member */
    aksu_conn conn;
    struct answer answer;
    enum client_state state;
    bool peer_closed, part_of_head;
};

struct server {
    struct aksu_host *host;
    struct aksu *net;
    struct answers *answers;
    struct waits waits;
    unsigned clients;
    struct control *control;
    struct pollfd more[2];          /* signals, the control socket */
    char head[HTTP_HEAD_MOST];
};

/* --- one connection --- */

static void hang_up(struct server *s, struct client *c, aksu_time now)
{
    aksu_close(s->net, c->conn, now);
    answer_end(s->answers, &c->answer);
    wait_leave(&s->waits, &c->wait);
    free(c);
    s->clients--;
}

static enum next later(struct server *s, struct client *c, aksu_time now)
{
    wait_change(&s->waits, &c->wait, WAIT_PROGRESS, now);
    return NEXT_LATER;
}

/* The next request's head may lie in several pieces, and other requests behind it. */
static enum next read_request(struct server *s, struct client *c, aksu_time now)
{
    struct aksu_slice piece[BODY_PIECES];

    ptrdiff_t n = aksu_peek(s->net, c->conn, piece, BODY_PIECES);
    if (n == -AKSU_WOULD_BLOCK)
        return NEXT_LATER;
    if (n <= 0)
        return NEXT_GONE;
    size_t length = body_gather(piece, n, s->head, sizeof s->head);
    size_t end = http_head_end(s->head, length);
    if (end == 0 && length < sizeof s->head) {
        if (!c->part_of_head)
            wait_change(&s->waits, &c->wait, WAIT_HEAD, now);
        c->part_of_head = true;
        return c->peer_closed ? NEXT_GONE : NEXT_LATER;
    }
    c->part_of_head = false;
    aksu_consume(s->net, c->conn, end, now);
    if (end == 0)
        answer_error(s->answers, 431, &c->answer);
    else
        answer_request(s->answers, s->head, end, &c->answer);
    c->state = c->answer.upload ? CLIENT_RECEIVING : CLIENT_SENDING;
    return NEXT_AGAIN;
}

/* False: no room for all of it. */
static bool send_text(struct server *s, struct client *c, aksu_time now)
{
    struct answer *a = &c->answer;

    if (a->sent == a->length)
        return true;
    ptrdiff_t n = aksu_send(s->net, c->conn, a->text + a->sent, a->length - a->sent,
                            !a->upload && a->body.left > 0 ? AKSU_MORE : 0, now);
    a->sent += n > 0 ? (size_t)n : 0;
    return a->sent == a->length;
}

static enum next receive_body(struct server *s, struct client *c, aksu_time now)
{
    send_text(s, c, now);           /* 100 Continue */
    enum body_end end = body_receive(s->net, c->conn, &c->answer.body, now);
    if (end == BODY_LATER)
        return later(s, c, now);
    if (end == BODY_CONN)
        return NEXT_GONE;
    if (end != BODY_BLOCKED) {
        answer_upload(s->answers, end, &c->answer);
        c->state = CLIENT_SENDING;
    }
    return NEXT_AGAIN;
}

/* FIN, and the handle is given back: the stack delivers what is queued. With a request unread that
 * would be RST, which may cost the peer our answer: then its octets are read and thrown away. */
static enum next finish(struct server *s, struct client *c, bool unread, aksu_time now)
{
    struct aksu_slice piece;

    if (!unread && aksu_peek(s->net, c->conn, &piece, 1) <= 0)
        return NEXT_GONE;
    if (aksu_shutdown(s->net, c->conn, now) != AKSU_OK)
        return NEXT_GONE;
    c->state = CLIENT_ENDING;
    wait_change(&s->waits, &c->wait, WAIT_END, now);
    return NEXT_AGAIN;
}

static enum next throw_away(struct server *s, struct client *c, aksu_time now)
{
    ptrdiff_t n;

    while ((n = aksu_receive(s->net, c->conn, s->head, sizeof s->head, now)) > 0)
        continue;
    return n == -AKSU_WOULD_BLOCK ? NEXT_LATER : NEXT_GONE;
}

static enum next send_answer(struct server *s, struct client *c, aksu_time now)
{
    struct answer *a = &c->answer;
    bool persists = a->persists && !s->answers->stopping, unread = a->unread;

    if (a->text && !send_text(s, c, now))
        return later(s, c, now);
    enum body_end end = a->text ? body_send(s->net, c->conn, &a->body, now) : BODY_BAD;
    if (end == BODY_LATER)
        return later(s, c, now);
    answer_end(s->answers, a);
    if (end != BODY_DONE) {         /* less than was said: RST tells the peer */
        aksu_abort(s->net, c->conn, now);
        return NEXT_GONE;
    }
    if (!persists)
        return finish(s, c, unread, now);
    c->state = CLIENT_READING;
    wait_change(&s->waits, &c->wait, WAIT_PROGRESS, now);
    return NEXT_AGAIN;
}

static void work(struct server *s, struct client *c, aksu_time now)
{
    enum next next = NEXT_AGAIN;

    while (next == NEXT_AGAIN) {
        switch (c->state) {
        case CLIENT_READING: next = read_request(s, c, now); break;
        case CLIENT_RECEIVING: next = receive_body(s, c, now); break;
        case CLIENT_SENDING: next = send_answer(s, c, now); break;
        case CLIENT_ENDING: next = throw_away(s, c, now); break;
        }
    }
    if (next == NEXT_GONE)
        hang_up(s, c, now);
}

static void expire(struct server *s, struct client *c, aksu_time now)
{
    if (c->state == CLIENT_READING && c->part_of_head) {
        answer_error(s->answers, 408, &c->answer);
        c->state = CLIENT_SENDING;
        work(s, c, now);            /* it waits for something else now, or is gone */
        return;
    }
    if (c->state == CLIENT_SENDING)     /* the stack would go on waiting for the peer */
        aksu_abort(s->net, c->conn, now);
    hang_up(s, c, now);
}

/* --- all of them --- */

static void accept_all(struct server *s, aksu_listener listener, aksu_time now)
{
    aksu_conn conn;

    while (aksu_accept(s->net, listener, &conn, now) == AKSU_OK) {
        struct client *c = calloc(1, sizeof *c);
        if (!c) {
            aksu_abort(s->net, conn, now);
            continue;
        }
        c->conn = conn;
        c->answer.body.fd = -1;
        aksu_set_cookie(s->net, conn, (uintptr_t)c);
        aksu_set(s->net, conn, AKSU_OPTION_NODELAY, 1, now);
        aksu_set(s->net, conn, AKSU_OPTION_USER_TIMEOUT, NO_PROGRESS_MS, now);
        wait_enter(&s->waits, &c->wait, WAIT_HEAD, now);
        s->clients++;
    }
}

static void take_news(struct server *s, const struct aksu_ready *ready, aksu_time now)
{
    struct client *c = (struct client *)(uintptr_t)ready->cookie;

    if (ready->what & AKSU_ACCEPTABLE) {
        accept_all(s, ready->listener, now);
    } else if (c && ready->what & AKSU_FAILED) {
        hang_up(s, c, now);
    } else if (c) {
        c->peer_closed |= (ready->what & AKSU_PEER_CLOSED) != 0;
        work(s, c, now);
    }
}

/* Waits until something happens and deals with it. False: the device is gone. */
static bool turn(struct server *s, aksu_time until)
{
    struct aksu_ready ready;
    struct waiter *waiter;
    aksu_time next, now = aksu_host_now();

    while ((waiter = wait_expired(&s->waits, now, &next)) != NULL)
        expire(s, (struct client *)waiter, now);
    s->more[1] = control_wants(s->control);
    if (s->control->deadline < next)
        next = s->control->deadline;
    if (!aksu_host_wait(s->host, s->more, 2, next < until ? next : until)) {
        fprintf(stderr, "aksu serve: %s\n", aksu_host_why(s->host));
        return false;
    }
    now = aksu_host_now();
    while (aksu_host_next_ready(s->host, &ready))
        take_news(s, &ready, now);
    control_work(s->control, s->more[1].revents, s->host, now);
    return true;
}

/* No new requests; with `all`, those that are being answered end as well. */
static void stop(struct server *s, bool all, aksu_time now)
{
    s->answers->stopping = true;
    for (int what = 0; what < WAIT_COUNT; what++) {
        for (struct waiter *w = s->waits.first[what], *next; w; w = next) {
            struct client *c = (struct client *)w;
            next = w->next;
            if (all)
                aksu_abort(s->net, c->conn, now);
            if (all || c->state == CLIENT_READING)
                hang_up(s, c, now);
        }
    }
}

/* Until a signal comes; then for those who are being answered. False: the device is gone. */
static bool run(struct server *s, aksu_listener listener)
{
    bool good = true;

    while (good && s->more[0].revents == 0)
        good = turn(s, AKSU_NEVER);
    aksu_time now = aksu_host_now(), end = now + DRAIN;
    s->more[0].fd = -1;
    aksu_close_listener(s->net, listener, now);
    stop(s, false, now);
    while (good && s->clients > 0 && (now = aksu_host_now()) < end)
        good = turn(s, end);
    stop(s, true, now);
    aksu_host_drain(s->host, now + LAST_WORDS > end ? now + LAST_WORDS : end);
    return good;
}

/* --- the beginning and the end --- */

bool serve(struct serve_command *command)
{
    static struct server s;
    struct aksu_listen how = { .local = { .port = command->port }, .backlog = BACKLOG };
    struct aksu_address address;
    aksu_listener listener;

    s.host = command->host.host;
    s.net = aksu_host_stack(s.host);
    s.answers = &command->answers;
    s.control = &command->control;
    s.more[0] = (struct pollfd){ .fd = command->signals, .events = POLLIN };
    enum aksu_status status = aksu_listen(s.net, &how, &listener, aksu_host_now());
    if (status != AKSU_OK) {
        fprintf(stderr, "aksu serve: port %u cannot be listened on: %s\n", (unsigned)command->port,
                aksu_status_text(status));
        return false;
    }
    for (uint32_t i = 0; aksu_address_at(s.net, i, &address); i++)
        serve_tell(command, &address);
    return run(&s, listener);
}
