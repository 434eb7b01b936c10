/* stage.h - what scenarios are written with: hosts, cables, the users at both ends, what is seen
 * and what must hold. Times are since the act began; all is freed at its end. When something cannot
 * be made the act is over, and what it says at its end is left out: calls do nothing any more, and
 * what they answer with is real, on a network of its own where nothing happens. So hosts, cables
 * and users need no check; what a planned call was to make, and events that were to come, do. */
#ifndef LAB_STAGE_H
#define LAB_STAGE_H

#include "aksu/fast_open.h"
#include "lab/lab.h"
#include "lab/said.h"

/* --- the network --- */

struct lab_host {
    struct lab *lab;
    struct aksu_sim_node *node;
    struct aksu *net;
    const char *name;
    unsigned number;            /* lifeline, from 0 */
    void (*datagram)(struct lab_host *host, aksu_udp udp);     /* something came; or NULL */
    void *context;              /* the scenario's */
};
/* `name` is borrowed, at most 12 columns of ASCII. `how`: NULL for the defaults. Large segments are
 * cut (no_tso), so that each is seen. */
struct lab_host *lab_host(struct lab *lab, const char *name, const struct aksu_sim_host *how);
struct aksu_ip lab_address(const struct lab_host *host);    /* IPv4 */
struct lab_host *lab_router(struct lab *lab);   /* any number of cables; no lifeline */

/* A cable whose two ways obey the knobs "delay" (one way [10 ms]), "loss" (percent [0]), "rate"
 * (kbit/s [none]), "cut" (ms, when it is pulled, 0: never) and "cut-for" (ms), as far as the
 * scenario has them, and then pass `more` nodes of each way. */
struct lab_link {
    const struct aksu_path_node *more[2];
    unsigned count[2];
    aksu_time delay;            /* without a knob [10 ms] */
    bool near;                  /* takes no time, and obeys no knob */
};
struct aksu_sim_cable *lab_cable(struct lab *lab, struct lab_host *a, struct lab_host *b,
                                 const struct lab_link *how);
void lab_cut(struct lab *lab, struct aksu_sim_cable *cable, bool cut);  /* false: put back */
/* Whose connections with each other the ladder shows from now on [the first two]; NULL: none. */
void lab_show(struct lab *lab, const struct lab_host *left, const struct lab_host *right);
void lab_show_datagrams(struct lab *lab);       /* theirs, but no connections */
/* The host loses everything it knew and starts again: its users' handles are gone. */
void lab_reboot(struct lab_host *host);

/* --- knobs and time --- */

uint64_t lab_value(const struct lab *lab, const char *name);    /* 0: it has none of this name */
bool lab_plain(const struct lab *lab);      /* no knob was touched: exact times may be checked */
aksu_time lab_delay(const struct lab *lab); /* of a cable, one way */
aksu_time lab_now(const struct lab *lab);
typedef void lab_call(struct lab *lab, void *context);
void lab_at(struct lab *lab, aksu_time at, lab_call *call, void *context);
/* What is due is done, up to this time. False: nothing will ever happen any more. */
bool lab_run(struct lab *lab, aksu_time until);
struct aksu_sim *lab_world(struct lab *lab);

/* --- users --- */

/* A user at one end. It sends octets that the other end knows, or words; reads what comes (unless
 * `deaf`); and answers the peer's FIN with its own when it has sent all (unless `stays`). The
 * handle is kept, so that the TCB can be seen to its end. */
struct lab_end {
    struct lab *lab;
    struct lab_host *host;
    aksu_conn conn;
    bool deaf, stays, words;    /* `words`: text is not compared but kept in `heard` */
    void (*told)(struct lab_end *end, uint32_t what);   /* AKSU_CONNECTED, ...; or NULL */
    void *context;
    bool open, connected, peer_closed, failed, shut, given_back;
    enum aksu_status reason;                            /* of failed */
    aksu_time opened_at, connected_at, text_at, closed_at, failed_at;   /* AKSU_NEVER: not yet */
    uint64_t owed, sent, received;                      /* octets */
    uint64_t wrong;             /* octets that were not those that were sent */
    char heard[512];            /* the last words, with a zero */
};
/* Now. `how` may be NULL; its remote is set here. Failure is an end that has `failed`. */
struct lab_end *lab_open(struct lab *lab, struct lab_host *host, const struct lab_host *to,
                         uint16_t port, const struct aksu_open *how);

struct lab_listener {
    struct lab_host *host;
    aksu_listener listener;
    bool deaf, stays, words, waits;     /* of those it accepts; `waits`: nobody calls accept() */
    void (*held)(struct lab_listener *listener, aksu_conn conn);    /* answers held SYNs */
    void (*told)(struct lab_end *end, uint32_t what);
    void *context;
    struct lab_end *first, *last;                       /* accepted */
    unsigned accepted;
};
struct lab_listener *lab_listen(struct lab *lab, struct lab_host *host,
                                const struct aksu_listen *how);
void lab_accept(struct lab_listener *listener);         /* `waits` no more */
/* The nth that was accepted, from 0; never NULL: there is one that has `failed`. */
struct lab_end *lab_accepted(struct lab_listener *listener, unsigned nth);

void lab_send(struct lab_end *end, uint64_t octets);    /* known octets, as there is room */
void lab_tell(struct lab_end *end, const char *words);
void lab_read(struct lab_end *end, uint64_t most);      /* of a deaf one */
void lab_shutdown(struct lab_end *end);         /* when connected, and all was sent */
void lab_close(struct lab_end *end);                    /* and the handle is given back */
void lab_abort(struct lab_end *end);
void lab_set(struct lab_end *end, enum aksu_option option, int64_t value);
bool lab_status(struct lab_end *end, struct aksu_info *out);
enum aksu_tcp_state lab_state(struct lab_end *end);     /* CLOSED: it is gone */

/* --- what is seen --- */

void lab_note(struct lab_end *end, enum lab_words words);       /* in the ladder, at this moment */
/* Both TCBs (or one, `b` NULL) as they are now, under the ladder. */
void lab_look(struct lab *lab, enum lab_words when, struct lab_end *a, struct lab_end *b);

/* A line under the ladder: what, and its value. */
void lab_fact_time(struct lab *lab, enum lab_words what, aksu_time value);
void lab_fact_count(struct lab *lab, enum lab_words what, uint64_t value);
void lab_fact_text(struct lab *lab, enum lab_words what, const char *value);
/* A table: title, then the columns, then rows of as many cells. */
enum { LAB_COLUMNS = 7, LAB_LEFT = 16 };
void lab_table(struct lab *lab, enum lab_words title, unsigned columns, const enum lab_words *head);
void lab_row(struct lab *lab, const char *const *cells);
/* A number, or a time in milliseconds, as text that lasts until the end of the act. */
const char *lab_number(struct lab *lab, uint64_t value);
const char *lab_ms(struct lab *lab, aksu_time value);
const char *lab_words(struct lab *lab, enum lab_words words);
/* What an act leaves for those behind it, LAB_LEFT numbers; AKSU_NEVER: none was left there. */
void lab_leave(struct lab *lab, unsigned place, uint64_t number);
uint64_t lab_left(const struct lab *lab, unsigned place);

/* --- what must hold --- */

void lab_check(struct lab *lab, bool holds, enum lab_words sentence);

#endif
