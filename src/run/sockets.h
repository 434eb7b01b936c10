/* sockets.h - the program's TCP sockets. Each is an ordinary AF_UNIX descriptor in the program;
 * what is known of it is found by its inode, so fork, dup, exec and passing it on need no
 * attention. */
#ifndef RUN_SOCKETS_H
#define RUN_SOCKETS_H

#include "aksu/socket.h"
#include "gateway/list.h"
#include "gateway/poller.h"

struct run;

enum run_socket_state {
    RUN_FRESH,                  /* not connected; `kept` is open */
    RUN_CONNECTING,             /* the SYN is out; `kept` is open, and so is our end */
    RUN_CONNECTED,              /* our end is watched; octets move */
    RUN_FAILED,                 /* connect() in the background came to nothing; not yet told */
    RUN_SPENT,                  /* told; the program may try again */
    RUN_OVER                    /* was connected once; only names are left */
};

/* What the program set; -1: nothing. Before the connection is open there is nowhere else to keep
 * it. */
struct run_settings {
    int nodelay, keepalive, keep_idle, keep_interval, keep_count, user_timeout;
    int tos, ttl, max_segment, cork;
    int send_buffer, receive_buffer;
    bool v6_only;
    bool linger_zero;           /* close() means RST */
    bool fast_open;             /* TCP_FASTOPEN_CONNECT */
};

struct run_socket {
    struct gateway_watch watch;         /* our end; first, see run_pump_ready */
    struct gateway_link busy;           /* has octets to move */
    struct gateway_link keeping;        /* has `kept` open */
    struct gateway_link timed;          /* its connect() must be answered by `answer_by` */
    struct run_socket *chain;
    struct run *run;
    uint64_t inode;
    enum run_socket_state state;
    int family;                         /* AF_INET or AF_INET6, as the program made it */
    int kept;                           /* the program's own end, or -1 */
    int end;                            /* ours before it is watched, or -1 */
    size_t stale;                       /* octets at its head that are junk or were passed on */

    aksu_conn conn;
    struct aksu_endpoint local, remote;
    struct aksu_endpoint bound;         /* port 0: bind() was not called */
    struct run_settings settings;
    int error;                          /* what SO_ERROR should answer once */
    bool told;                          /* connect() has returned 0 */
    bool asked;                         /* a blocking connect() waits in the call `waiting` */
    uint64_t waiting;
    aksu_time begun, answer_by;
    unsigned missed;                    /* sweeps that found nobody who holds it */
    unsigned seen;                      /* the last sweep that found somebody */

    bool app_readable, app_writable;    /* until EAGAIN says otherwise */
    bool app_last;                      /* nothing will follow what can be read */
    bool app_gone;                      /* closed, or shut down both ways */
    bool app_reset;                     /* closed with text unread */
    bool app_deaf;                      /* shutdown(SHUT_RD): text for it is dropped */
    bool net_readable, net_writable;
    bool app_ended, net_ended;          /* the end of its text has been passed on */
};

struct run_sockets {
    struct run_socket **bucket;
    size_t buckets, count;              /* buckets: 0 or a power of two */
    size_t over;                        /* of them RUN_OVER */
    struct gateway_link keeping, timed, busy;
    size_t kept, kept_most;             /* with `kept` open; how many start a sweep */
    unsigned sweep;                     /* number of the last one */
};

bool run_sockets_init(struct run_sockets *sockets);
/* Forgets all of them; their descriptors are closed. */
void run_sockets_fini(struct run_sockets *sockets);
struct run_socket *run_sockets_find(const struct run_sockets *sockets, uint64_t inode);
/* One of them has this local port. */
bool run_sockets_use(const struct run_sockets *sockets, uint16_t port);

/* A new socket of which `kept` is the program's end; NULL: no memory, and `kept` is still the
 * caller's. */
struct run_socket *run_socket_new(struct run *run, int family, int kept);
/* Closes what it has, and forgets it. The connection must be given back already. */
void run_socket_free(struct run_socket *socket);
/* Our copy of the program's end is not needed any more: from now on its close() can be seen. */
void run_socket_drop_kept(struct run_socket *socket);
/* Takes the program's next end in place of the last. */
void run_socket_renew(struct run_socket *socket, int kept);
/* Closes what it has; the state is the caller's to say. */
void run_socket_give_up(struct run_socket *socket);
/* The connection and our end are gone; names stay until the program's descriptor is. */
void run_socket_over(struct run_socket *socket);

#endif
