/* tape.h - a play kept as values, for whoever steps forward and backward: every event, and both
 * TCBs wherever they changed. Memory is allocated as the play goes on. */
#ifndef LAB_TAPE_H
#define LAB_TAPE_H

#include "aksu/socket.h"
#include "lab/lab.h"

enum { TAPE_HOSTS = 16, TAPE_NAME = 32 };

struct tape_event {
    uint8_t host;               /* lifeline in its act */
    bool drawn, between;        /* see said.h */
    struct aksu_event event;    /* `at` since the act began; texts are constants */
};

struct tape_tcb {
    uint8_t host;
    uint32_t conn;              /* as in events */
    bool gone;                  /* nothing is known of it any more but what events say */
    struct aksu_info info;      /* timer_at since the act began */
};

/* Both TCBs where the scenario looked at them, as lines that end with \n. */
struct tape_look {
    uint32_t moment;            /* that had just happened */
    char *text;
};

/* One thing that happened, with all that followed at once. */
struct tape_moment {
    unsigned act;               /* index in tape.act */
    aksu_time at;
    uint32_t event, events;     /* the first, and how many */
    uint32_t tcb, tcbs;
};

struct tape_act {
    const struct lab_act *act;
    unsigned number;
    char host[TAPE_HOSTS][TAPE_NAME];   /* "": there is none */
    unsigned hosts, left, right;        /* lifelines of the ladder */
    bool undrawn;               /* several networks at once: what came of them is in the tables */
    char *tables, *checks;      /* what it ends with, as lines that end with \n; NULL: none */
    uint32_t first, moments;
};

struct lab_tape {
    struct tape_moment *moment;
    struct tape_event *event;
    struct tape_tcb *tcb;
    struct tape_act *act;
    struct tape_look *look;
    uint32_t moments, events, tcbs, acts, looks;
    uint32_t room[5];
    bool full;                  /* no memory: the rest is missing */
};

/* lab_play.tape points to one that is all zero. */
void lab_tape_free(struct lab_tape *tape);

/* What is known of an end: that of the connection of `host` that was spoken of last, up to the
 * moment (index). */
struct tape_end {
    bool known;
    uint32_t conn;
    enum aksu_tcp_state state;
    const struct aksu_info *info;       /* NULL: there is no TCB, or not one that can be asked */
};
struct tape_end lab_tape_see(const struct lab_tape *tape, uint32_t moment, unsigned host);
/* The ladder of its act has it. */
bool lab_tape_draws(const struct tape_act *act, const struct tape_event *event);
/* Its act, up to and with the moment, to the ladder, which is finished. Of two hosts all that was
 * between them is drawn, also what a printed ladder leaves out to be short. */
void lab_tape_draw(const struct lab_tape *tape, uint32_t moment, struct aksu_ladder *ladder);

#endif
