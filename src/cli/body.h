/* body.h - octets between a file and a connection, without a copy in between: preadv() into the
 * stack's send queue, writev() out of its receive queue. Used by serve and get. */
#ifndef CLI_BODY_H
#define CLI_BODY_H

#include "aksu/socket.h"
#include "cli/http.h"

struct body {
    int fd;
    uint64_t at;            /* where in the file; a stream has no such place */
    uint64_t left;          /* octets to come, with a length that is known */
    bool stream;            /* a pipe, a terminal: it has no places, and nobody waits in write() */
    bool polled;            /* of these, one that is not O_NONBLOCK */
    bool until_close;       /* received: the peer's FIN is the end */
    bool chunked;           /* received: in the chunked coding */
    struct http_chunks chunks;
    uint64_t moved;
    int error;              /* after BODY_FILE: errno; 0: the file has become shorter */
    enum aksu_status status;    /* after BODY_CONN; OK: the peer's FIN came too early */
};

enum body_end { BODY_LATER,     /* the connection's readiness will tell */
                BODY_BLOCKED,   /* the stream takes no more now: wait until fd is writable */
                BODY_DONE, BODY_FILE, BODY_CONN,
                BODY_BAD        /* not the chunked coding */ };

/* What lies in pieces at the front of the receive queue, together: octets in `to`. */
enum { BODY_PIECES = 16 };
size_t body_gather(const struct aksu_slice *piece, ptrdiff_t pieces, char *to, size_t room);
/* As much as there is room for. */
enum body_end body_send(struct aksu *net, aksu_conn conn, struct body *b, aksu_time now);
/* As much as there is; octets after the body are left alone. */
enum body_end body_receive(struct aksu *net, aksu_conn conn, struct body *b, aksu_time now);

#endif
