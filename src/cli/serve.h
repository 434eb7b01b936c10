/* serve.h - what the files of `aksu serve` share: serve.c has the loop, serve_client.c the life of
 * one connection, serve_answer.c what is said. */
#ifndef CLI_SERVE_H
#define CLI_SERVE_H

#include "aksu/host.h"
#include "cli/body.h"
#include "cli/files.h"

/* For what a client is waited, and so for how long; those that wait for the same are in one list,
 * the longest waiting first. */
enum wait { WAIT_HEAD,          /* the rest of a request's head */
            WAIT_PROGRESS,      /* the next request, or room, or more of a body */
            WAIT_END,           /* the peer's FIN, after ours */
            WAIT_COUNT };

enum client_state { CLIENT_READING, CLIENT_RECEIVING, CLIENT_SENDING, CLIENT_ENDING };

struct client {
    aksu_conn conn;
    struct client *next, *prev;
    aksu_time deadline;
    uint8_t wait, state;
    bool peer_closed, persists, part_of_head;
    bool unread;                /* an error was answered before its request had been read */
    char *text;                 /* what the stack had no room for yet, malloc()ed */
    size_t text_length, text_sent;
    struct body body;           /* fd -1: none */
    struct files_upload *upload;
};

struct server {
    struct aksu *net;
    struct files files;
    uint16_t port;
    bool stopping;
    unsigned clients;
    struct client *first[WAIT_COUNT], *last[WAIT_COUNT];
    aksu_time date_until;
    char date[32];              /* for the field Date, of this second */
    char head[HTTP_HEAD_MOST];  /* a request that lies in several pieces */
};

/* serve_answer.c. Answers the request whose head is complete; the client's state and body say what
 * follows. */
void client_request(struct server *s, struct client *c, const char *head, size_t length,
                    aksu_time now);
/* Answers with an error. The request's body will not be read, and nothing after it. */
void client_refuse(struct server *s, struct client *c, unsigned status, aksu_time now);
/* Answers after an upload: 201, 204, or why it could not be stored. */
void client_stored(struct server *s, struct client *c, unsigned status, aksu_time now);

/* serve_client.c. The file goes, and what was uploaded so far. */
void client_end_body(struct server *s, struct client *c);
/* Takes a connection that was accepted. */
void client_accept(struct server *s, aksu_conn conn, aksu_time now);
/* What aksu_next_ready said about it. */
void client_ready(struct server *s, struct client *c, uint32_t what, aksu_time now);
/* Closes those that were waited for too long; the time of the next one, or AKSU_NEVER. */
aksu_time clients_expire(struct server *s, aksu_time now);
/* No new requests; with `all`, those that are being answered end as well. */
void clients_stop(struct server *s, bool all, aksu_time now);

#endif
