/* item_duplication.c - S20: a player gives a sword to a market, and the answer is lost. TCP gives
 * what is sent on one connection once (RFC 9293 3.1); what two connections carry is the
 * applications' business. */
#include <stdio.h>
#include <string.h>

#include "lab/stage.h"

enum { PORT = 4000, KEY = 7, TRIES = 12, ENTRIES = 20, KEYS = 4 };

static const struct lab_knob knobs[] = {
    { "delay", LAB_MS, 10, 0, 100, W_knob_delay },
    { "cut-for", LAB_MS, 2500, 1, 20000, W_item_duplication_knob_cut_for },
    { "patience", LAB_MS, 2000, 2000, 60000, W_item_duplication_knob_patience },
    { "naive", LAB_FLAG, 0, 0, 1, W_item_duplication_knob_naive },
    { "idempotent", LAB_FLAG, 0, 0, 1, W_item_duplication_knob_idempotent },
};

/* What an application has written down, and how many swords it has. */
struct entry {
    aksu_time at;
    enum lab_words what;
    uint16_t port;              /* the player's, of the connection; 0: of none */
    int swords;
};

struct ledger {
    struct entry entry[ENTRIES];
    unsigned count;
    int swords;
};

struct trade;
struct try {
    struct trade *trade;
    struct lab_end *end;
    bool asked, over;
};

struct trade {
    struct lab *lab;
    struct lab_host *player, *market;
    struct aksu_sim_cable *cable;
    struct lab_listener *listener;
    struct ledger players, markets;
    struct try try[TRIES];
    unsigned tries, taken;      /* how often the market took a sword */
    bool with_key, lose_request, was_cut, answered;
    unsigned known[KEYS], knows;        /* the market's: keys of what it has done */
    int split_players, split_markets;   /* the ledgers when the player has lost patience */
    struct lab_end *split[2];
};

/* In the ladder too, so that both ledgers can be compared at every step. */
static void note_swords(struct lab_end *end, int swords)
{
    static const enum lab_words said[] = { W_item_duplication_ledger_0,
        W_item_duplication_ledger_1, W_item_duplication_ledger_2, W_item_duplication_ledger_3 };
    enum { MOST = sizeof said / sizeof said[0] - 1 };
    lab_note(end, said[swords < 0 ? 0 : swords > MOST ? MOST : swords]);
}

static void enter(struct trade *t, struct ledger *l, enum lab_words what, struct lab_end *end)
{
    struct aksu_info info;
    uint16_t port = 0;
    if (end != NULL && lab_status(end, &info))
        port = end->host == t->player ? info.local.port : info.remote.port;
    if (end != NULL)
        note_swords(end, l->swords);
    if (l->count < ENTRIES)
        l->entry[l->count++] = (struct entry){ lab_now(t->lab), what, port, l->swords };
}

/* --- the cable --- */

static void put_back(struct lab *lab, void *context)
{
    struct trade *t = context;
    lab_cut(lab, t->cable, false);
    lab_note(t->try[0].end, W_item_duplication_note_back);
}

static void pull(struct trade *t, struct lab_end *where)
{
    t->was_cut = true;
    lab_cut(t->lab, t->cable, true);
    lab_note(where, W_item_duplication_note_pulled);
    lab_at(t->lab, lab_now(t->lab) + AKSU_MS(lab_value(t->lab, "cut-for")), put_back, t);
}

/* --- the market --- */

static bool is_known(const struct trade *t, unsigned key)
{
    for (unsigned i = 0; i < t->knows; i++)
        if (t->known[i] == key)
            return true;
    return false;
}

static void serve(struct trade *t, struct lab_end *end)
{
    const char *mark = strstr(end->heard, "key ");
    unsigned key = mark != NULL ? (unsigned)(mark[4] - '0') : 0;
    if (key != 0 && is_known(t, key)) {
        enter(t, &t->markets, W_item_duplication_does_again, end);
    } else {
        if (key != 0 && t->knows < KEYS)
            t->known[t->knows++] = key;
        t->markets.swords++;
        t->taken++;
        enter(t, &t->markets, W_item_duplication_takes, end);
    }
    if (!t->lose_request && !t->was_cut)
        pull(t, end);
    lab_tell(end, "TAKEN\n");
}

static void market_told(struct lab_end *end, uint32_t what)
{
    (void)what;
    if (end->sent == 0 && strchr(end->heard, '\n') != NULL)
        serve(end->context, end);
}

/* --- the player --- */

static void begin_try(struct trade *t);

static void lose_patience(struct lab *lab, void *context)
{
    struct try *try = context;
    struct trade *t = try->trade;
    if (try->over)
        return;
    try->over = true;
    enter(t, &t->players, W_item_duplication_gives_up, try->end);
    if (t->tries == 1) {
        t->split_players = t->players.swords;
        t->split_markets = t->markets.swords;
        lab_look(lab, W_item_duplication_look, try->end, lab_accepted(t->listener, 0));
    }
    lab_note(try->end, W_item_duplication_note_again);
    lab_abort(try->end);
    if (t->tries < TRIES)
        begin_try(t);
}

static void ask(struct lab *lab, void *context)
{
    struct try *try = context;
    struct trade *t = try->trade;
    char words[40];
    (void)lab;
    if (try->over)
        return;
    if (t->lose_request && !t->was_cut)
        pull(t, try->end);
    if (t->with_key)
        (void)snprintf(words, sizeof words, "GIVE sword key %u\n", (unsigned)KEY);
    else
        (void)snprintf(words, sizeof words, "GIVE sword\n");
    lab_tell(try->end, words);
    enter(t, &t->players, W_item_duplication_asks, try->end);
}

static void player_told(struct lab_end *end, uint32_t what)
{
    struct try *try = end->context;
    struct trade *t = try->trade;
    (void)what;
    if (end->connected && !try->asked) {
        try->asked = true;
        lab_at(t->lab, lab_now(t->lab) + 2 * lab_delay(t->lab), ask, try);
    }
    if (strchr(end->heard, '\n') == NULL || try->over)
        return;
    try->over = t->answered = true;
    t->players.swords--;
    enter(t, &t->players, W_item_duplication_hears, end);
    lab_close(end);
}

static void begin_try(struct trade *t)
{
    struct try *try = &t->try[t->tries++];
    try->trade = t;
    try->end = lab_open(t->lab, t->player, t->market, PORT, NULL);
    try->end->words = true;
    try->end->told = player_told;
    try->end->context = try;
    lab_at(t->lab, lab_now(t->lab) + AKSU_MS(lab_value(t->lab, "patience")), lose_patience, try);
}

/* --- what is shown, and what must hold --- */

static void show(struct trade *t, enum lab_words title, const struct ledger *l)
{
    static const enum lab_words heads[] = {
        W_item_duplication_head_at, W_item_duplication_head_what, W_item_duplication_head_port,
        W_item_duplication_head_swords,
    };
    lab_table(t->lab, title, 4, heads);
    for (unsigned i = 0; i < l->count; i++) {
        const struct entry *e = &l->entry[i];
        lab_row(t->lab, (const char *const[]){ lab_ms(t->lab, e->at), lab_words(t->lab, e->what),
                e->port != 0 ? lab_number(t->lab, e->port) : "-",
                lab_number(t->lab, (uint64_t)e->swords) });
    }
}

/* On no connection did a request come twice, or with a wrong octet. */
static bool is_once_on_each(struct trade *t)
{
    const char *request = t->with_key ? "GIVE sword key 7\n" : "GIVE sword\n";
    for (unsigned i = 0; i < t->listener->accepted; i++) {
        const char *heard = lab_accepted(t->listener, i)->heard;
        if (heard[0] != '\0' && strcmp(heard, request) != 0)
            return false;
    }
    return true;
}

static void play(struct lab *lab, struct trade *t)
{
    t->lab = lab;
    t->player = lab_host(lab, "player", NULL);
    t->market = lab_host(lab, "market", NULL);
    t->cable = lab_cable(lab, t->player, t->market, NULL);
    t->listener = lab_listen(lab, t->market, &(struct aksu_listen){ .local.port = PORT });
    t->listener->words = true;
    t->listener->told = market_told;
    t->listener->context = t;
    t->players.swords = 1;
    enter(t, &t->players, W_item_duplication_begins, NULL);
    enter(t, &t->markets, W_item_duplication_begins, NULL);
    begin_try(t);
    lab_run(lab, AKSU_SECONDS(1000));
    show(t, W_item_duplication_players, &t->players);
    show(t, W_item_duplication_markets, &t->markets);
    lab_fact_count(lab, W_item_duplication_fact_world,
                   (uint64_t)t->players.swords + (uint64_t)t->markets.swords);
    lab_check(lab, t->answered && t->players.swords == 0, W_item_duplication_check_answered);
    lab_check(lab, is_once_on_each(t), W_item_duplication_check_tcp);
    if (lab_plain(lab))
        lab_check(lab, t->tries == 2, W_item_duplication_check_second);
}

static void request_lost(struct lab *lab)
{
    struct trade t = { .lose_request = true };
    play(lab, &t);
    if (t.tries > 1)
        lab_check(lab, t.split_players == 1 && t.split_markets == 0,
                  W_item_duplication_check_nothing);
    if (t.tries <= 2)           /* a third may be one too many here too */
        lab_check(lab, t.markets.swords == 1 && t.taken == 1, W_item_duplication_check_moved);
}

static void check_split(struct lab *lab, const struct trade *t)
{
    if (t->tries > 1)
        lab_check(lab, t->split_players == 1 && t->split_markets == 1,
                  W_item_duplication_check_split);
}

static void naive(struct lab *lab)
{
    struct trade t = { .with_key = false };
    play(lab, &t);
    check_split(lab, &t);
    if (t.tries > 1)
        lab_check(lab, t.markets.swords > 1, W_item_duplication_check_duplicated);
}

static void idempotent(struct lab *lab)
{
    struct trade t = { .with_key = true };
    play(lab, &t);
    check_split(lab, &t);
    lab_check(lab, t.taken == 1, W_item_duplication_check_taken_once);
    lab_check(lab, t.markets.swords == 1, W_item_duplication_check_one);
}

static const struct lab_act acts[] = {
    { W_item_duplication_request_title, W_item_duplication_request_text, request_lost, NULL },
    { W_item_duplication_naive_title, W_item_duplication_naive_text, naive, "naive" },
    { W_item_duplication_key_title, W_item_duplication_key_text, idempotent, "idempotent" },
};

const struct lab_scenario lab_item_duplication = {
    .id = "S20", .name = "item-duplication", .title = W_item_duplication_title,
    .text = W_item_duplication_text, .knobs = knobs, .knob_count = sizeof knobs / sizeof knobs[0],
    .acts = acts, .act_count = sizeof acts / sizeof acts[0],
    .tells = { "cut-for patience", "cut-for patience", "cut-for patience" },
};
