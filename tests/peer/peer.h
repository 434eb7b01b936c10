/* peer.h - one stack, and a peer made by hand that brings its connections into each of the
 * eleven states and then says what it likes. For tests/sim (the peer that lies) and tests/fuzz. */
#ifndef PEER_PEER_H
#define PEER_PEER_H

#include "aksu/ao.h"
#include "aksu/socket.h"
#include "wire/tcp.h"

/* A connection for every state (the first eleven are enum aksu_tcp_state), and what has no
 * handle. */
enum { PEER_HALF_OPEN = AKSU_TCP_STATE_COUNT,   /* SYN-RECEIVED of a listener, not acknowledged */
       PEER_HELD,                               /* a SYN that waits for the application */
       PEER_RECORD,                             /* TIME-WAIT as a record of 64 octets */
       PEER_SLOTS };
enum { PEER_PORT = 80, PEER_HELD_PORT = 81, PEER_FRAME_MOST = 9000, PEER_KEY_ID = 7 };

struct peer_slot {
    aksu_conn handle;
    bool has_handle, brought, v6, timestamps;
    uint16_t local, remote;         /* ports; `remote` is the peer's */
    uint32_t next;                  /* the next sequence number of the peer: RCV.NXT of the stack */
    uint32_t una, nxt;              /* of the stack: SND.UNA, SND.NXT */
    uint32_t window;                /* RCV.WND */
};

struct peer {
    struct aksu *net;
    aksu_device device;
    aksu_listener listener, held_listener;
    aksu_time now;
    bool ethernet, signs;           /* signs: TCP-AO on all segments, both ways */
    aksu_ao_key key[2];             /* then: whose KeyIDs are PEER_KEY_ID and the next, both ways */
    uint16_t port;
    uint32_t ts_clock, iss;
    struct peer_slot slot[PEER_SLOTS];
    struct peer_slot *watched;      /* whose segments are noted as they come out */
    uint64_t frames_out;
    uint8_t last[PEER_FRAME_MOST];  /* the frame that came out last */
    uint32_t last_length;
};

/* `ethernet`: IPv4 over Ethernet; else bare IP, both families. */
void peer_init(struct peer *p, bool ethernet, uint64_t seed, size_t memory);
/* The same with a stack made as `config` says, but for its seed. */
void peer_init_with(struct peer *p, bool ethernet, uint64_t seed, const struct aksu_config *config);
/* From now on every connection has TCP-AO, and the peer signs what it says. The MACs are all the
 * same octets, so that whatever the fuzzer makes of a segment is good unless it touches the MAC
 * itself. */
void peer_sign(struct peer *p);
void peer_fini(struct peer *p);
/* A fresh connection in that slot; `shape` chooses the family, timestamps, and who opened.
 * False: the stack would not (out of memory). */
bool peer_bring(struct peer *p, unsigned slot, uint32_t shape);
/* Is it still in its state? Brings the numbers of the slot up to date. */
bool peer_holds(struct peer *p, unsigned slot);

/* A good segment of the slot's connection, with no text: SEQ and ACK as expected, timestamps
 * when agreed. */
struct tcp_segment peer_segment(struct peer *p, const struct peer_slot *s, uint8_t ctl);
/* The frame for it, text included; returns its length. */
size_t peer_frame(const struct peer *p, const struct peer_slot *s, const struct tcp_segment *seg,
                  uint8_t *to);
/* Where the IP header starts, and TCP's in a frame that peer_frame made. */
size_t peer_ip_at(const struct peer *p);
size_t peer_tcp_at(const struct peer *p, const struct peer_slot *s);
/* Makes the checksums of a frame that peer_frame made good again, whatever was done to its
 * octets. */
void peer_fix(const struct peer *p, const struct peer_slot *s, uint8_t *frame, size_t length);
/* The frame arrives, in two parts when `cut` is inside of it, and what the stack answers is
 * taken and checked. */
void peer_in(struct peer *p, const uint8_t *frame, size_t length, size_t cut);
/* Takes everything that the stack wants to send. */
void peer_drain(struct peer *p);
/* Time passes, timers included. */
void peer_wait(struct peer *p, aksu_time for_);
/* What must always hold; calls peer_broken when it does not. */
void peer_check(struct peer *p);

/* A promise was broken: aborts, unless the program has a better one (broken.c). */
_Noreturn void peer_broken(const char *what);

#endif
