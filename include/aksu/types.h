/* types.h - the values that every Aksu interface shares: time, addresses, slices, handles,
 * status. */
#ifndef AKSU_TYPES_H
#define AKSU_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define AKSU_VERSION "0.1.0"

#define AKSU_API __attribute__((visibility("default")))

/* Nanoseconds of a monotonic clock that the caller chooses. The library never reads a clock. */
typedef uint64_t aksu_time;
#define AKSU_NEVER UINT64_MAX
#define AKSU_US(n) ((aksu_time)(n) * 1000u)
#define AKSU_MS(n) ((aksu_time)(n) * 1000000u)
#define AKSU_SECONDS(n) ((aksu_time)(n) * 1000000000u)

/* An IPv6 address, or an IPv4 address in its IPv4-mapped form ::ffff:a.b.c.d (RFC 4291 2.5.5.2).
 * All zero: unspecified. Network byte order. */
struct aksu_ip {
    uint8_t octet[16];
};

/* An address and a port (host order): what RFC 9293 calls a socket. */
struct aksu_endpoint {
    struct aksu_ip ip;
    uint16_t port;
};

/* Borrowed octets: valid as long as the function that gave or took them says. */
struct aksu_slice {
    const uint8_t *data;
    size_t length;
};

/* Octets that the caller may fill (aksu_reserve). */
struct aksu_space {
    uint8_t *data;
    size_t length;
};

/* Handles are values. A handle whose object is gone is answered with AKSU_DOES_NOT_EXIST. The
 * all-zero handle names nothing. */
typedef struct { uint32_t index, generation; } aksu_conn;
typedef struct { uint32_t index, generation; } aksu_listener;
typedef struct { uint32_t index, generation; } aksu_udp;
typedef struct { uint32_t index; } aksu_device;

/* What a call answers, in the words of RFC 9293 3.10 where it has some. aksu_status_text() gives
 * the sentence. Calls that return a count return -(status) as a negative number. */
enum aksu_status {
    AKSU_OK,
    AKSU_DOES_NOT_EXIST,      /* "connection does not exist": closed, or a stale handle */
    AKSU_ALREADY_EXISTS,      /* "connection already exists": same socket pair, or port taken */
    AKSU_ILLEGAL,          /* "connection illegal for this process": the call is not allowed here */
    /* "remote socket unspecified", or one that no segment can be sent to */
    AKSU_REMOTE_UNSPECIFIED,
    AKSU_NO_RESOURCES,        /* "insufficient resources": the memory budget or a table is full */
    AKSU_CLOSING,             /* "connection closing" */
    AKSU_RESET,               /* "connection reset": the peer, or a listener's refusal, sent RST */
    AKSU_REFUSED,             /* "connection refused": RST in answer to our SYN */
    AKSU_ABORTED,             /* "connection aborted": ABORT was called here */
    AKSU_USER_TIMEOUT,        /* "connection aborted due to user timeout" */
    AKSU_TIMED_OUT,           /* no answer until R2 (RFC 9293 3.8.3), or keep-alive gave up */
    AKSU_UNREACHABLE_NET,     /* ICMP: network unreachable, or no route */
    AKSU_UNREACHABLE_HOST,    /* ICMP: host unreachable, or the neighbour does not answer */
    AKSU_UNREACHABLE_PORT,    /* ICMP: port unreachable */
    AKSU_PROHIBITED,          /* ICMP: administratively prohibited */
    AKSU_WOULD_BLOCK,         /* nothing to give or no room now; readiness will tell */
    AKSU_NOT_CONNECTED,       /* the connection is not established yet */
    AKSU_ADDRESS_UNAVAILABLE, /* the local address is not one of this stack's */
    AKSU_TOO_LONG,            /* longer than a datagram or a message can be */
    AKSU_INVALID,             /* an argument is out of its documented range */
    AKSU_STATUS_COUNT
};

/* What a stack is told when it is made (stack.h). */
/* RFC 3168 6.1.1: marks instead of losses, when both ends agree and routers can. */
enum aksu_ecn { AKSU_ECN_ACCEPT /* a peer that asks gets it */, AKSU_ECN_ASK, AKSU_ECN_OFF };
/* Whether larger segments of text find out what the path carries (RFC 4821): once large ones have
 * vanished in silence; never; from the beginning, upward from 1024 octets (IPv6: 1280). */
enum aksu_mtu_probing { AKSU_MTU_PROBING_BLACK_HOLE, AKSU_MTU_PROBING_OFF,
                        AKSU_MTU_PROBING_ALWAYS };
/* SYNs that are answered without a record (RFC 4987 3.6): when the backlog is full; always; never.
 * Without timestamps only the MSS is agreed on then. A listener that holds SYNs never does it. */
enum aksu_syn_cookies { AKSU_SYN_COOKIES_WHEN_FULL, AKSU_SYN_COOKIES_ALWAYS,
                        AKSU_SYN_COOKIES_NEVER };

/* A SYN, or the last ACK of a handshake, for which a queue of its listener has no room. */
enum aksu_backlog_full { AKSU_BACKLOG_FULL_DROP /* the peer repeats it */,
                         AKSU_BACKLOG_FULL_RESET /* it hears that at once */ };

/* A constant sentence without a full stop, e.g. "connection refused". Never NULL. */
AKSU_API const char *aksu_status_text(enum aksu_status status);

/* Text to address and back. aksu_ip_parse accepts dotted IPv4 and RFC 4291 2.2 IPv6; false and
 * *out unspecified otherwise. aksu_ip_format writes at most AKSU_IP_TEXT octets including the
 * final zero (RFC 5952 form for IPv6) and returns the length without it. */
#define AKSU_IP_TEXT 46
AKSU_API bool aksu_ip_parse(const char *text, struct aksu_ip *out);
AKSU_API size_t aksu_ip_format(const struct aksu_ip *ip, char out[AKSU_IP_TEXT]);

#ifdef __cplusplus
}
#endif
#endif
