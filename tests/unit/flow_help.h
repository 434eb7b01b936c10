/* flow_help.h - a sender and a receiver of a paced flow, joined by two ways that delay, lose,
 * repeat and reorder as a test says. A way has a rate when it is given one. */
#ifndef UNIT_FLOW_HELP_H
#define UNIT_FLOW_HELP_H

#include "help.h"

#include "aksu/flow.h"
#include "base/time.h"

enum { WAY_MOST = 1 << 14, DATAGRAM = 1200, FLOW_RECORDS = 1024 };

struct carried {
    aksu_time at;
    uint32_t length;
    bool ce;
    uint8_t octet[DATAGRAM];
};

struct way {
    aksu_time delay;
    uint64_t rate;                      /* octets per second; 0: no limit */
    uint32_t room;                      /* octets that may wait for the rate */
    aksu_time free_at;
    uint32_t loss, repeat, late;        /* chances in 65536 */
    aksu_time late_by;
    uint64_t lose_from, lose_upto;      /* of those that enter, counted from 0 */
    bool cut, mark;
    uint64_t entered, lost;
    struct carried *carried[WAY_MOST];  /* from `first`, `count` of them, the next one first */
    uint32_t first, count;
};

struct pair {
    aksu_time now;
    struct aksu_flow *flow;
    void *memory;
    struct aksu_flow_receiver receiver;
    struct way there, back;
    uint64_t dice;
    bool full;                          /* the application sends whatever it may ... */
    uint32_t length;                    /* ... datagrams of so many octets */
    aksu_time every, app_at;            /* or one each `every` */
    uint64_t taken_text;                /* octets that the application got */
    uint64_t sends;
    aksu_time last_send, least_gap;
};

void pair_init(struct pair *p, const char *name, aksu_time delay, uint64_t rate, uint32_t room);
void pair_init_config(struct pair *p, const struct aksu_flow_config *config, aksu_time delay);
void pair_free(struct pair *p);
void pair_run(struct pair *p, aksu_time for_);
bool pair_send(struct pair *p, uint32_t length);
void way_enter(struct pair *p, struct way *w, const uint8_t *octet, uint32_t length);
struct aksu_flow_info pair_info(const struct pair *p);

#endif
