/* serve_client.c - one connection of `aksu serve`: requests are found in the receive queue, files
 * go straight into the send queue (body.c), and every wait has an end. */
#include "cli/serve.h"

#include <stdlib.h>
#include <string.h>

enum { PIECES = 6, NO_PROGRESS_MS = 60000 };
enum next { NEXT_LATER, NEXT_AGAIN, NEXT_GONE };

static const aksu_time patience[WAIT_COUNT] = { AKSU_SECONDS(30), AKSU_SECONDS(60),
                                                AKSU_SECONDS(2) };

/* --- lists --- */

static void leave(struct server *s, struct client *c)
{
    *(c->prev ? &c->prev->next : &s->first[c->wait]) = c->next;
    *(c->next ? &c->next->prev : &s->last[c->wait]) = c->prev;
}

static void enter(struct server *s, struct client *c, enum wait wait, aksu_time now)
{
    c->wait = (uint8_t)wait;
    c->deadline = now + patience[wait];
    c->next = NULL;
    c->prev = s->last[wait];
    *(c->prev ? &c->prev->next : &s->first[wait]) = c;
    s->last[wait] = c;
}

static void wait_for(struct server *s, struct client *c, enum wait wait, aksu_time now)
{
    leave(s, c);
    enter(s, c, wait, now);
}

void client_end_body(struct server *s, struct client *c)
{
    if (c->upload) {
        files_upload_drop(&s->files, c->upload);
        free(c->upload);
        c->upload = NULL;
    } else if (c->body.fd >= 0) {
        files_close(&s->files, c->body.fd);
    }
    c->body = (struct body){ .fd = -1 };
}

static void forget(struct server *s, struct client *c)
{
    client_end_body(s, c);
    leave(s, c);
    free(c->text);
    free(c);
    s->clients--;
}

static void hang_up(struct server *s, struct client *c, aksu_time now)
{
    aksu_close(s->net, c->conn, now);
    forget(s, c);
}

/* --- requests --- */

/* The next request's head: where it lies, or put together. 0: not yet complete; `*length` octets
 * are there. */
static size_t find_head(struct server *s, const struct aksu_slice *piece, ptrdiff_t pieces,
                        const char **head, size_t *length)
{
    *head = (const char *)piece[0].data;
    *length = piece[0].length < HTTP_HEAD_MOST ? piece[0].length : HTTP_HEAD_MOST;
    size_t end = http_head_end(*head, *length);
    if (end > 0 || pieces == 1)
        return end;
    *head = s->head;
    *length = 0;
    for (ptrdiff_t i = 0; i < pieces; i++) {
        size_t room = HTTP_HEAD_MOST - *length;
        size_t take = piece[i].length < room ? piece[i].length : room;
        memcpy(s->head + *length, piece[i].data, take);
        *length += take;
    }
    return http_head_end(*head, *length);
}

static enum next read_request(struct server *s, struct client *c, aksu_time now)
{
    struct aksu_slice piece[PIECES];
    const char *head;
    size_t length;

    ptrdiff_t n = aksu_peek(s->net, c->conn, piece, PIECES);
    if (n == -AKSU_WOULD_BLOCK)
        return NEXT_LATER;
    if (n <= 0)
        return NEXT_GONE;
    size_t end = find_head(s, piece, n, &head, &length);
    if (end == 0 && length == HTTP_HEAD_MOST) {
        client_refuse(s, c, 431, now);
        return NEXT_AGAIN;
    }
    if (end == 0) {
        if (!c->part_of_head)
            wait_for(s, c, WAIT_HEAD, now);
        c->part_of_head = true;
        return c->peer_closed ? NEXT_GONE : NEXT_LATER;
    }
    /* What was peeked at is gone when the stack is called again. */
    if (head != s->head)
        memcpy(s->head, head, end);
    aksu_consume(s->net, c->conn, end, now);
    c->part_of_head = false;
    client_request(s, c, s->head, end, now);
    return NEXT_AGAIN;
}

static enum next receive_body(struct server *s, struct client *c, aksu_time now)
{
    enum body_end end = body_receive(s->net, c->conn, &c->body, now);

    if (end == BODY_LATER) {
        wait_for(s, c, WAIT_PROGRESS, now);
        return NEXT_LATER;
    }
    if (end == BODY_CONN)
        return NEXT_GONE;
    if (end == BODY_DONE) {
        unsigned status = files_upload_end(&s->files, c->upload);
        free(c->upload);
        c->upload = NULL;
        c->body = (struct body){ .fd = -1 };
        client_stored(s, c, status, now);
    } else if (end != BODY_BLOCKED) {
        unsigned status = end == BODY_BAD ? 400 : files_status(c->body.error);
        client_end_body(s, c);
        client_refuse(s, c, status, now);
    }
    return NEXT_AGAIN;
}

/* --- the end of a response, and of a connection --- */

/* FIN, and the handle is given back: the stack delivers what is queued. With a request unread that
 * would be RST, which may cost the peer our answer: then its octets are read and thrown away. */
static enum next finish(struct server *s, struct client *c, aksu_time now)
{
    struct aksu_slice piece;

    if (!c->unread && aksu_peek(s->net, c->conn, &piece, 1) <= 0)
        return NEXT_GONE;
    if (aksu_shutdown(s->net, c->conn, now) != AKSU_OK)
        return NEXT_GONE;
    c->state = CLIENT_ENDING;
    wait_for(s, c, WAIT_END, now);
    return NEXT_AGAIN;
}

static enum next throw_away(struct server *s, struct client *c, aksu_time now)
{
    struct aksu_slice piece[PIECES];
    ptrdiff_t n;

    while ((n = aksu_peek(s->net, c->conn, piece, PIECES)) > 0) {
        size_t length = 0;
        for (ptrdiff_t i = 0; i < n; i++)
            length += piece[i].length;
        aksu_consume(s->net, c->conn, length, now);
    }
    return n == -AKSU_WOULD_BLOCK ? NEXT_LATER : NEXT_GONE;
}

/* False: no room for all of it. */
static bool send_text(struct server *s, struct client *c, aksu_time now)
{
    size_t left = c->text_length - c->text_sent;
    ptrdiff_t n = left > 0 ? aksu_send(s->net, c->conn, c->text + c->text_sent, left,
                                       c->body.left > 0 ? AKSU_MORE : 0, now) : 0;

    c->text_sent += n > 0 ? (size_t)n : 0;
    if (c->text_sent < c->text_length)
        return false;
    free(c->text);
    c->text = NULL;
    c->text_length = c->text_sent = 0;
    return true;
}

static enum next send_response(struct server *s, struct client *c, aksu_time now)
{
    enum body_end end = BODY_LATER;

    if (!c->text || send_text(s, c, now))
        end = c->body.fd >= 0 ? body_send(s->net, c->conn, &c->body, now) : BODY_DONE;
    if (end == BODY_LATER) {
        wait_for(s, c, WAIT_PROGRESS, now);
        return NEXT_LATER;
    }
    client_end_body(s, c);
    if (end != BODY_DONE) {         /* the file is shorter than was said: RST tells the peer */
        aksu_abort(s->net, c->conn, now);
        return NEXT_GONE;
    }
    if (!c->persists || s->stopping)
        return finish(s, c, now);
    c->state = CLIENT_READING;
    wait_for(s, c, WAIT_PROGRESS, now);
    return NEXT_AGAIN;
}

static void work(struct server *s, struct client *c, aksu_time now)
{
    enum next next = NEXT_AGAIN;

    while (next == NEXT_AGAIN) {
        switch ((enum client_state)c->state) {
        case CLIENT_READING:
            next = read_request(s, c, now);
            break;
        case CLIENT_RECEIVING:
            next = receive_body(s, c, now);
            break;
        case CLIENT_SENDING:
            next = send_response(s, c, now);
            break;
        case CLIENT_ENDING:
            next = throw_away(s, c, now);
            break;
        }
    }
    if (next == NEXT_GONE)
        hang_up(s, c, now);
}

void client_accept(struct server *s, aksu_conn conn, aksu_time now)
{
    struct client *c = calloc(1, sizeof *c);

    if (!c) {
        aksu_abort(s->net, conn, now);
        return;
    }
    c->conn = conn;
    c->body.fd = -1;
    aksu_set_cookie(s->net, conn, (uintptr_t)c);
    aksu_set(s->net, conn, AKSU_OPTION_NODELAY, 1, now);
    aksu_set(s->net, conn, AKSU_OPTION_USER_TIMEOUT, NO_PROGRESS_MS, now);
    enter(s, c, WAIT_HEAD, now);
    s->clients++;
}

void client_ready(struct server *s, struct client *c, uint32_t what, aksu_time now)
{
    c->peer_closed |= (what & AKSU_PEER_CLOSED) != 0;
    if (what & AKSU_FAILED)
        hang_up(s, c, now);
    else
        work(s, c, now);
}

static void expire(struct server *s, struct client *c, aksu_time now)
{
    if (c->state == CLIENT_READING && c->part_of_head) {
        client_refuse(s, c, 408, now);
        work(s, c, now);            /* it waits for something else now, or is gone */
    } else {
        if (c->state == CLIENT_SENDING)     /* the stack would go on waiting for the peer */
            aksu_abort(s->net, c->conn, now);
        hang_up(s, c, now);
    }
}

aksu_time clients_expire(struct server *s, aksu_time now)
{
    aksu_time next = AKSU_NEVER;

    for (int wait = 0; wait < WAIT_COUNT; wait++) {
        while (s->first[wait] && s->first[wait]->deadline <= now)
            expire(s, s->first[wait], now);
        if (s->first[wait] && s->first[wait]->deadline < next)
            next = s->first[wait]->deadline;
    }
    return next;
}

void clients_stop(struct server *s, bool all, aksu_time now)
{
    s->stopping = true;
    for (int wait = 0; wait < WAIT_COUNT; wait++) {
        for (struct client *c = s->first[wait], *next; c; c = next) {
            next = c->next;
            if (!all && c->state != CLIENT_READING)
                continue;
            if (all)
                aksu_abort(s->net, c->conn, now);
            hang_up(s, c, now);
        }
    }
}
