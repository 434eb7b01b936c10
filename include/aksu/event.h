/* event.h - the typed event stream: everything a stack does, as values. Generated from
 * events.def: a fact is a line there. A stack without a sink pays one predictable branch per
 * event. */
#ifndef AKSU_EVENT_H
#define AKSU_EVENT_H

#include "aksu/types.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The states of RFC 9293 3.3.2. */
enum aksu_tcp_state {
    AKSU_TCP_CLOSED, AKSU_TCP_LISTEN, AKSU_TCP_SYN_SENT, AKSU_TCP_SYN_RECEIVED,
    AKSU_TCP_ESTABLISHED, AKSU_TCP_FIN_WAIT_1, AKSU_TCP_FIN_WAIT_2, AKSU_TCP_CLOSE_WAIT,
    AKSU_TCP_CLOSING, AKSU_TCP_LAST_ACK, AKSU_TCP_TIME_WAIT, AKSU_TCP_STATE_COUNT
};
AKSU_API const char *aksu_tcp_state_name(enum aksu_tcp_state state);    /* "SYN-SENT", ... */

/* Bits of the `ctl` fields (RFC 9293 3.1) and of the `has` fields (options of the segment). */
enum { AKSU_FIN = 0x01, AKSU_SYN = 0x02, AKSU_RST = 0x04, AKSU_PSH = 0x08, AKSU_ACK = 0x10,
       AKSU_URG = 0x20, AKSU_ECE = 0x40, AKSU_CWR = 0x80 };
enum { AKSU_HAS_MSS = 1, AKSU_HAS_WINDOW_SCALE = 2, AKSU_HAS_SACK_PERMITTED = 4,
       AKSU_HAS_TIMESTAMPS = 8, AKSU_HAS_USER_TIMEOUT = 16, AKSU_HAS_FAST_OPEN = 32,
       AKSU_HAS_SACK = 64, AKSU_HAS_UNKNOWN = 128, AKSU_HAS_FAULT = 256, AKSU_HAS_AO = 512,
       AKSU_HAS_AO_FAULT = 1024 };

struct aksu_sacks {
    uint32_t count;
    struct { uint32_t left, right; } block[4];
};

/* Types of the fields. Texts are constants, never to be freed. */
typedef uint8_t aksu_ev_u8;
typedef uint16_t aksu_ev_u16;
typedef uint32_t aksu_ev_u32;
typedef uint64_t aksu_ev_u64;
typedef bool aksu_ev_bool;
typedef uint8_t aksu_ev_ctl;
typedef uint16_t aksu_ev_has;
typedef uint32_t aksu_ev_seq;
typedef const char *aksu_ev_text;
typedef struct aksu_ip aksu_ev_ip;
typedef struct aksu_endpoint aksu_ev_endpoint;
typedef struct aksu_sacks aksu_ev_sacks;
typedef enum aksu_tcp_state aksu_ev_state;
typedef enum aksu_status aksu_ev_status;

#define F(type, name) aksu_ev_##type name;
#define EVENT(name, sentence, fields) struct aksu_event_##name { fields };
#include "aksu/events.def"
#undef EVENT
#undef F

enum aksu_event_kind {
#define EVENT(name, sentence, fields) AKSU_EV_##name,
#include "aksu/events.def"
#undef EVENT
    AKSU_EV_COUNT
};

#define AKSU_HALF_OPEN 0x80000000u

struct aksu_event {
    aksu_time at;
    uint32_t conn;              /* index of the connection's handle; 0: none; with the bit
                                   AKSU_HALF_OPEN: half-open, without a handle before `completed` */
    enum aksu_event_kind kind;
    union {
#define EVENT(name, sentence, fields) struct aksu_event_##name name;
#include "aksu/events.def"
#undef EVENT
    };
};

/* A sink receives every event as it happens; the event is borrowed for the call. A sink must not
 * call into the stack. Embed it as the first member of a larger struct. */
struct aksu_sink {
    void (*put)(struct aksu_sink *sink, const struct aksu_event *event);
};

AKSU_API const char *aksu_event_name(enum aksu_event_kind kind);        /* "segment_in" */
AKSU_API const char *aksu_event_sentence(enum aksu_event_kind kind);    /* "segment arrives" */

#ifdef __cplusplus
}
#endif
#endif
