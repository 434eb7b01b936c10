/* time_wait.h - connections in TIME-WAIT as records of 64 octets (RFC 9293 3.6.1 [MUST-13]):
 * found by the tuple, expired by a wheel of FIFOs, the oldest dropped when there is no room.
 * Called by the stack.
 *
 * A record stands in the slot of its expiry; one whose time starts again is moved only when that
 * slot comes up. So TIME-WAIT lasts 2 MSL and at most one slot (a 64th of it) more, and every
 * operation is O(1). */
#ifndef STACK_TIME_WAIT_H
#define STACK_TIME_WAIT_H

#include "base/pool.h"
#include "tcp/tcp.h"

enum { TIME_WAIT_SLOTS = 256, TIME_WAIT_TICK_SHIFT = 20 };

struct time_wait {
    struct tcp_time_wait tcp;       /* local_port 0: dead, no longer in the table */
    slab_ref hash_next, slot_next;
    uint32_t expiry;                /* ticks of 2^20 ns, modulo 2^32 */
};
_Static_assert(sizeof(struct time_wait) <= 64, "a TIME-WAIT record takes at most 64 octets");

struct time_wait_fifo {
    slab_ref first, last;
};

struct time_wait_table {
    struct slab slab;
    slab_ref *head;
    uint32_t mask, most;
    uint32_t count;                 /* in the table; the slab also holds dead ones */
    struct sipkey key;
    aksu_time two_msl;
    uint8_t slot_shift;             /* a slot is 2^slot_shift ns */
    uint64_t at;                    /* slots before this one have been emptied */
    struct time_wait_fifo due;      /* the slot that is being emptied */
    uint64_t occupied[TIME_WAIT_SLOTS / 64];
    struct time_wait_fifo slot[TIME_WAIT_SLOTS];
};

/* Where the table's heads stand: `mask` + 1 (a power of two) zeroed references. */
struct time_wait_config {
    slab_ref *head;
    uint32_t mask, most;            /* most: records at once */
    struct sipkey key;              /* of conn_hash, for the `hash` of the calls below */
    aksu_time msl;
    uint8_t slab_number;
};
void time_wait_init(struct time_wait_table *t, struct pool *pool,
                    const struct time_wait_config *config, aksu_time now);
struct time_wait *time_wait_lookup(const struct time_wait_table *t, const struct tcp_tuple *tuple,
                                   uint64_t hash);
/* When there is no room the oldest record goes: its tuple is in *dropped, whose local_port is 0
 * otherwise. False: not even that made room. */
bool time_wait_add(struct time_wait_table *t, const struct tcp_time_wait *tcp, uint64_t hash,
                   struct tcp_tuple *dropped, aksu_time now);
void time_wait_restart(struct time_wait_table *t, struct time_wait *r, aksu_time now);
void time_wait_remove(struct time_wait_table *t, struct time_wait *r);
/* Our own OPEN may take the pair: the timestamps of a new connection are beyond all that the old
 * one has used (RFC 6191 2, for the other direction). */
bool time_wait_can_open(const struct time_wait_table *t, const struct time_wait *r, aksu_time now);
/* When the record's time is over, to the tick. */
aksu_time time_wait_until(const struct time_wait *r, aksu_time now);

/* Takes the next record whose time is over out of the table; false: none. Call until false. */
bool time_wait_expired(struct time_wait_table *t, struct tcp_tuple *out, aksu_time now);
aksu_time time_wait_next_timeout(const struct time_wait_table *t);

#endif
