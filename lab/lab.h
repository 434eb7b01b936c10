/* lab.h - scenarios: pieces of TCP's behaviour, played by real stacks on a simulated network, in
 * acts, each on a network of its own. A play is a function of the scenario, its knobs, the seed and
 * the turns of knobs during it, and of nothing else: whoever wants an earlier moment plays again.
 * What happens is said as a record (JSON lines: record.c), as text (text.c), or both. Scenarios are
 * written with stage.h. */
#ifndef LAB_LAB_H
#define LAB_LAB_H

#include "aksu/sim.h"
#include "aksu/sink.h"
#include "lab/words.h"

struct lab;

/* What the person who watches may change. */
enum lab_unit { LAB_FLAG, LAB_COUNT, LAB_PERCENT, LAB_MS, LAB_SECONDS, LAB_KBIT };
struct lab_knob {
    const char *name;           /* of the option, without --; of a cable's: see stage.h */
    enum lab_unit unit;
    uint64_t initial, least, most;
    enum lab_words help;
};

enum { LAB_ACTS = 8, LAB_KNOBS = 16, LAB_TURNS = 64, LAB_TOLD_TEXT = 512 };

struct lab_act {
    enum lab_words title, text; /* what is played; what to watch for */
    void (*play)(struct lab *lab);
    const char *only;           /* with this flag set, acts without it are left out; or NULL */
};

struct lab_scenario {
    const char *id, *name;      /* "S01", "handshake" */
    enum lab_words title, text; /* the question; its answer in a few sentences */
    const struct lab_knob *knobs;
    unsigned knob_count;
    const struct lab_act *acts;
    unsigned act_count;
    const char *tells[LAB_ACTS];        /* of each act: the knobs whose first values its text
                                           tells of, with blanks between them; NULL: none */
};

extern const struct lab_scenario *const lab_scenarios[];    /* ends with NULL */
const struct lab_scenario *lab_find_scenario(const char *name);     /* by name or id, in any case;
                                                                   NULL: none */

/* A knob that is turned during an act. */
struct lab_turn {
    unsigned act;               /* from 1 */
    aksu_time at;               /* since the act began */
    unsigned knob;              /* index */
    uint64_t value;
};

struct lab_play {
    const struct lab_scenario *scenario;
    enum lab_lang lang;
    uint64_t seed;
    uint64_t value[LAB_KNOBS];  /* lab_init_play: their initial ones */
    bool set[LAB_KNOBS];        /* the value is the watcher's: checks of exact times are left out */
    const struct lab_turn *turns;
    unsigned turn_count;
    struct aksu_writer record;  /* .write NULL: no record */
    struct aksu_writer text;    /* .write NULL: no text */
    struct lab_tape *tape;      /* tape.h; NULL: none */
    const char *command;        /* that plays it again; borrowed */
    unsigned columns;           /* of the text [80] */
    bool utf8, colour;
    bool brief;                 /* of the text only the checks, a line each */
};
void lab_init_play(struct lab_play *play, const struct lab_scenario *scenario);

struct lab_result {
    unsigned passed, failed;    /* checks */
    const char *why;            /* it could not be played to its end; NULL: it was. A constant */
};
struct lab_result lab_play(const struct lab_play *play);

/* When knobs that the text of the act (from 1) tells of have other values, or will be turned: a
 * sentence with the values that it tells of. False: there is nothing to say. */
bool lab_told_values(const struct lab_play *play, unsigned act, char out[LAB_TOLD_TEXT]);

/* "10 ms", "2 %": the value of a knob with its unit; `out` has room for 32 octets. */
void lab_knob_text(const struct lab_knob *knob, uint64_t value, char out[32]);

#endif
