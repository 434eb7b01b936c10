/* adapter.h - the adapter's one state: a stack, its virtual clock, the packets that have left and
 * are not yet asked for, and the sockets. A lock is held in every call: packetdrill calls from two
 * threads. */
#ifndef PACKETDRILL_ADAPTER_H
#define PACKETDRILL_ADAPTER_H

#include <errno.h>
#include <pthread.h>

#include "aksu/socket.h"
#include "interface.h"

enum pd_state {
    PD_UNUSED,
    PD_FRESH,                   /* socket() */
    PD_LISTENING,
    PD_DEFERRED,                /* connect() with TCP_FASTOPEN_CONNECT: the SYN waits for text */
    PD_CONNECTING,              /* the SYN is out */
    PD_CONNECTED,
    PD_OVER,                    /* it has failed; `error` says why until it was told */
    PD_EPOLL                    /* no socket: epoll_create() */
};

struct pd_settings {            /* what setsockopt() was told; -1: nothing */
    int nodelay, keepalive, keep_idle, keep_interval, keep_count, user_timeout;
    int tos, ttl, send_buffer, receive_buffer, max_segment, cork, low_water;
    int linger;                 /* seconds; -1: off */
    int syn_count, fast_open, fast_open_connect;
};

struct pd_watch {               /* one descriptor of an epoll */
    int fd;
    uint32_t last;              /* what edge-triggered has told */
    struct epoll_event event;
};
enum { PD_WATCHES = 8 };

struct pd_socket {
    enum pd_state state;
    int fd, domain;
    int file_flags;             /* of fcntl() */
    int error;                  /* SO_ERROR */
    bool deaf;                  /* shutdown(SHUT_RD) */
    bool mute;                  /* shutdown(SHUT_WR), or close() */
    bool told;                  /* connect() has returned 0 */
    bool held;                  /* the listener holds SYNs: it has settings for the SYN,ACK */
    bool fast;                  /* its SYN may have text ... */
    size_t first_text;          /* ... so many zeros of this call */
    bool more;                  /* the last call had MSG_MORE ... */
    uint64_t more_since;        /* ... when so much was acknowledged */
    bool has_key;
    uint8_t key[16];            /* TCP_FASTOPEN_KEY */
    aksu_conn conn;
    aksu_listener listener;
    aksu_conn waiting[64];      /* taken from the listener, not yet by accept() */
    unsigned waiting_count;
    int backlog;
    struct aksu_endpoint bound, remote;
    struct pd_settings settings;
    struct pd_watch watch[PD_WATCHES];
    unsigned watches;
};

struct pd_packet {
    struct pd_packet *next;
    aksu_time at;
    size_t length;
    uint8_t octets[];
};

struct pd_sysctls {             /* what the stack is not made with */
    uint32_t fast_open;         /* the bits of tcp_fastopen */
    uint8_t key[16];            /* tcp_fastopen_key */
    bool has_key;
};

struct pd {
    pthread_mutex_t lock;
    struct aksu *net;           /* NULL until the first socket or packet */
    aksu_device device;
    aksu_time now;
    char flags[512];            /* --so_flags */
    bool no_psh, nodelay;
    struct pd_sysctls sysctls;
    long sysctls_read;          /* octets of their file */
    struct pd_packet *first, **last;
};
extern struct pd pd;
extern struct packetdrill_interface pd_interface;     /* as it was handed out; preload.c asks it */

/* config.c - the stack that the flags and the script's sysctls ask for. */
void pd_stack_up(void);
void pd_stack_down(void);
/* A script may set sysctls while it runs. */
void pd_sysctls_again(void);

/* clock.c */
void pd_clock_init(void);
/* Time passes up to `to`, timer by timer. */
void pd_advance(aksu_time to);
/* The next thing that happens by itself; AKSU_NEVER: nothing. */
aksu_time pd_next(void);
/* Until `ready(argument)` or the deadline; false: it will not be ready. */
bool pd_wait(bool (*ready)(void *argument), void *argument, aksu_time deadline);
/* Those who wait and can go on do so, and are back in packetdrill when this returns. */
void pd_settle(void);
int pd_usleep(void *u, useconds_t microseconds);
int pd_gettimeofday(void *u, struct timeval *now, struct timezone *zone);
void pd_after(void);            /* after each call on the stack: frames, news, who waits for them */
/* The same at the end of a call that holds the lock, and gives it back. Keeps errno. */
void pd_leave(void);

/* packets.c */
void pd_pump(void);
int pd_netdev_send(void *u, const void *packet, size_t length);
int pd_netdev_receive(void *u, void *packet, size_t *length, long long *microseconds);

/* sockets.c */
struct pd_socket *pd_socket_new(enum pd_state state, int domain);   /* NULL: errno says why */
struct pd_socket *pd_socket_of(int fd);                 /* NULL: errno is EBADF */
struct pd_socket *pd_tcp_of(int fd);                    /* NULL: errno is EBADF or ENOTSOCK */
void pd_sockets_forget(void);
void pd_news(void);                                     /* what the stack has become ready for */
void pd_failed(struct pd_socket *s, enum aksu_status why);
uint32_t pd_events_of(struct pd_socket *s);             /* as poll(2) has them */
uint64_t pd_acknowledged(const struct pd_socket *s);    /* octets */
void pd_acknowledgment(void);                           /* a packet came: it may have been one */
bool pd_is_nonblocking(const struct pd_socket *s, int flags);
/* Notes an error and returns -1. */
int pd_fail(int error);

/* calls.c: listens, with the settings as they are; once more, with others. */
int pd_listen(struct pd_socket *s);
int pd_listen_again(struct pd_socket *s);
bool pd_endpoint_of(const struct sockaddr *address, socklen_t length, struct aksu_endpoint *out);
/* -1 with errno, or 0: the handshake has ended well. */
int pd_open(struct pd_socket *s, const struct aksu_endpoint *remote, int flags);

/* options.c */
void pd_settings_init(struct pd_settings *settings);
void pd_settings_apply(const struct pd_socket *from, aksu_conn to);
bool pd_settings_of_syn(const struct pd_socket *s);     /* what the SYN,ACK must have */

/* calls.c, text.c, options.c, ready.c fill in what they have. */
void pd_calls_init(struct packetdrill_interface *out);
void pd_text_init(struct packetdrill_interface *out);
void pd_options_init(struct packetdrill_interface *out);
void pd_ready_init(struct packetdrill_interface *out);

#endif
