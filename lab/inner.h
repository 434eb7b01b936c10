/* inner.h - what an act consists of while it is played. Shared by the files of lab/ only. */
#ifndef LAB_INNER_H
#define LAB_INNER_H

#include "lab/out.h"
#include "lab/stage.h"
#include "lab/tape.h"

enum { INNER_HOSTS = 16, INNER_CABLES = 16, INNER_FACTS = 48, INNER_LOOKS = 8, INNER_TABLES = 4,
       INNER_ROWS = 24, INNER_CHECKS = 24, INNER_WATCHED = 64, INNER_NOTES = 4096,
       INNER_NUMBERS = 4096, INNER_SAID_MOST = 200000 };

struct inner_host {
    struct aksu_sink sink;      /* first: the stack's events */
    struct lab_host host;
    bool shown;                 /* its connections with the other one that is */
    struct aksu_sink *ladder;   /* or NULL */
    struct aksu_json_sink json;
    void *region;               /* the stack's memory: there is no mmap everywhere */
    bool strange[2][INNER_NUMBERS];     /* connections, half-open ones: not of those shown */
    bool last_strange;          /* the last segment */
    void *blank;                /* the snapshot that lab_reboot puts back */
    size_t blank_size;
};

struct inner_cable {
    struct aksu_sim_cable *cable;
    aksu_time delay;
    bool cut;                   /* by lab_cut */
    bool delay_is_knob, near;
};

struct inner_end {
    struct lab_end end;         /* first */
    struct lab_listener *listener;
    struct inner_end *next;
    bool wants_shut;
    char *said;                 /* the tcb line that was written last */
    char *taped;                /* the same of what was taped last */
};

struct inner_listener {
    struct lab_listener listener;       /* first */
    struct inner_listener *next;
};

struct inner_call {
    struct lab *lab;
    lab_call *call;
    void *context;
    struct inner_call *next;
};

struct inner_kept {             /* memory until the end of the act, by calloc */
    struct inner_kept *next;
};

struct inner_fact {
    enum lab_words what;
    const char *value;
};

struct inner_look {
    enum lab_words when;
    aksu_time at;
    unsigned count;
    const char *host[2];
    struct aksu_info info[2];
    bool known[2];
};

struct inner_table {
    enum lab_words title, head[LAB_COLUMNS];
    unsigned columns, rows;
    const char *cell[INNER_ROWS][LAB_COLUMNS];
};

struct inner_check {
    enum lab_words sentence;
    bool holds;
};

struct lab {
    const struct lab_play *play;
    struct aksu_writer text;    /* where text.c writes to now */
    struct lab_result result;
    unsigned act;               /* from 1 */
    uint64_t value[LAB_KNOBS];  /* as they are now */
    uint32_t moments;
    uint64_t left[LAB_LEFT];
    /* the act */
    struct aksu_sim *world;
    aksu_time start;
    struct inner_host *host[INNER_HOSTS];
    unsigned hosts, shown[2];   /* `shown`: lifelines of the ladder */
    bool only_datagrams;        /* in it */
    unsigned not_drawn;         /* connections that were opened */
    struct inner_cable cable[INNER_CABLES];
    unsigned cables;
    struct inner_end *ends, *ends_last;
    struct inner_listener *listeners;
    struct inner_call *calls;
    struct inner_kept *kept;
    struct inner_end nobody;    /* what lab_accepted gives when there is none */
    /* What scenarios get in place of what could not be made: all of it is real, in a world where
     * time does not pass, so that whatever is done with it breaks nothing. */
    struct aksu_sim *nowhere;
    void *nowhere_memory;
    struct lab_host no_host;
    struct lab_listener no_listener;
    struct aksu_sim_cable *no_cable;
    struct aksu_ladder *ladder;
    void *ladder_memory;
    struct lab_said *said;
    unsigned said_count, said_room, said_before;
    char *note[INNER_NOTES];    /* texts that last until the end of the act */
    unsigned notes;
    struct inner_fact fact[INNER_FACTS];
    struct inner_look look[INNER_LOOKS];
    struct inner_table table[INNER_TABLES];
    struct inner_check check[INNER_CHECKS];
    unsigned facts, looks, tables, checks;
};

/* The act cannot go on: no memory, or a table of this file is full. `why` is a constant. */
void lab_fail(struct lab *lab, const char *why);
bool lab_on(const struct lab *lab);                     /* it goes on */
const char *lab_keep(struct lab *lab, const char *text);        /* a copy for the act */
/* What was said since the last one is a moment, with the TCBs of this host (NULL: of all). When
 * nothing was said there is none: a step in which nothing is to be seen helps nobody. */
void lab_moment(struct lab *lab, const struct lab_host *of);

void lab_new_ladder(struct lab *lab);
/* host.c */
bool lab_make_nowhere(struct lab *lab);                 /* false: no memory for it */
void lab_free_nowhere(struct lab *lab);
void lab_turn_cables(struct lab *lab);                  /* the knobs' values, to the paths */
void lab_free_hosts(struct lab *lab);
/* end.c */
void lab_told(void *context, const struct aksu_ready *ready, aksu_time now);
void lab_free_ends(struct lab *lab);
void lab_forget_ends(struct lab_host *host);            /* their handles are gone */
#endif
