/* blind_attack.c - S19: an attacker who knows both addresses and both ports, but not the numbers
 * (RFC 5961, RFC 5927); then one who sees all of them, without and with TCP-AO (RFC 5925). */
#include <string.h>

#include "aksu/ao.h"
#include "lab/forge.h"

enum { PORT = 179, BEFORE = 500, AFTER = 2000, FIRST_MS = 1000, EVERY_MS = 500, FLOOD = 200,
       FLOOD_MS = 1000, FAR = 1 << 30, NEAR = 1000, KEY_ID = 1, MAC_WORDS = 5 };

static const struct lab_knob knobs[] = {
    { "delay", LAB_MS, 10, 0, 200, W_knob_delay },
    { "flood", LAB_COUNT, FLOOD, 20, 2000, W_blind_attack_knob_flood },
};

enum kind { RST_FAR, RST_NEAR, RST_EXACT, SYN, TEXT, TEXT_EXACT, TEXT_MAC,
            ICMP_PORT, ICMP_MTU, KINDS };

struct stage {
    struct lab *lab;
    struct lab_host *client, *server;
    struct aksu_sim_cable *cable;       /* way 0: to the server, whom the attacker tries */
    struct lab_listener *listener;
    struct lab_end *end, *peer;
    struct aksu_info before;            /* the server's, before the attack */
    unsigned forged;
};

struct shot {
    struct stage *stage;
    enum kind kind;
    aksu_time at;
};

static void set_up(struct lab *lab, struct stage *s, const struct aksu_config *config,
                   void (*also)(struct stage *s))
{
    struct aksu_sim_host how = { .stack = *config };
    *s = (struct stage){ .lab = lab };
    s->client = lab_host(lab, "client", &how);
    s->server = lab_host(lab, "server", &how);
    s->cable = lab_cable(lab, s->client, s->server, NULL);
    if (also != NULL)
        also(s);
    s->listener = lab_listen(lab, s->server, &(struct aksu_listen){ .local.port = PORT });
    s->end = lab_open(lab, s->client, s->server, PORT, NULL);
    lab_send(s->end, BEFORE);
    lab_run(lab, AKSU_MS(FIRST_MS) - AKSU_US(1));
    s->peer = lab_accepted(s->listener, 0);
    (void)lab_status(s->peer, &s->before);
}

/* --- the attacker --- */

/* As if the client had sent it. */
static struct forge_frame segment(const struct stage *s, uint8_t ctl, uint32_t seq, uint32_t ack,
                                  const char *text)
{
    return forge_segment(&(struct forge_segment){
        .from = s->before.remote, .to = s->before.local, .ctl = ctl, .seq = seq, .ack = ack,
        .wnd = 1000, .text = text, .length = text != NULL ? (unsigned)strlen(text) : 0 });
}

/* About a segment that the server is said to have sent. */
static struct forge_frame icmp(const struct stage *s, uint8_t code, uint32_t mtu)
{
    struct forge_frame quoted = forge_segment(&(struct forge_segment){
        .from = s->before.local, .to = s->before.remote, .ctl = AKSU_ACK,
        .seq = s->before.snd_nxt + FAR, .ack = 1 });
    return forge_icmp(&s->before.remote.ip, &s->before.local.ip, 3, code, mtu, &quoted);
}

/* Text with exact numbers and a MAC (RFC 5925 2.2) that is made up. */
static struct forge_frame with_mac(const struct stage *s)
{
    static const uint8_t ao[16] = { 29, sizeof ao, KEY_ID, KEY_ID, 'g', 'u', 'e', 's', 's' };
    return forge_segment(&(struct forge_segment){
        .from = s->before.remote, .to = s->before.local, .ctl = AKSU_ACK,
        .seq = s->before.rcv_nxt, .ack = s->before.snd_nxt, .wnd = 1000, .text = "rm -rf",
        .length = 6, .options = ao, .options_length = sizeof ao });
}

static struct forge_frame forge(const struct stage *s, enum kind kind)
{
    uint32_t next = s->before.rcv_nxt, ours = s->before.snd_nxt;
    switch (kind) {
    case RST_FAR: return segment(s, AKSU_RST, next + FAR, 0, NULL);
    case RST_NEAR: return segment(s, AKSU_RST, next + NEAR, 0, NULL);
    case RST_EXACT: return segment(s, AKSU_RST, next, 0, NULL);
    case SYN: return segment(s, AKSU_SYN, next + NEAR, 0, NULL);
    case TEXT: return segment(s, AKSU_ACK, next, ours + FAR, "rm -rf");
    case TEXT_EXACT: return segment(s, AKSU_ACK, next, ours, "rm -rf");
    case TEXT_MAC: return with_mac(s);
    case ICMP_PORT: return icmp(s, 3, 0);
    case ICMP_MTU: return icmp(s, 4, 68);
    case KINDS: break;
    }
    return (struct forge_frame){ 0 };
}

static void fire(struct lab *lab, void *context)
{
    struct shot *shot = context;
    struct forge_frame frame = forge(shot->stage, shot->kind);
    shot->at = lab_now(lab);
    shot->stage->forged++;
    forge_send(shot->stage->cable, 0, &frame);
}

static void go_on(struct lab *lab, void *context)
{
    struct stage *s = context;
    (void)lab;
    lab_send(s->end, AFTER);
}

/* The shots, one after the other; then the client has more to say. */
static void attack(struct stage *s, struct shot *shots, unsigned count)
{
    aksu_time at = AKSU_MS(FIRST_MS);
    for (unsigned i = 0; i < count; i++, at += AKSU_MS(EVERY_MS)) {
        shots[i].stage = s;
        lab_at(s->lab, at, fire, &shots[i]);
    }
    lab_at(s->lab, at, go_on, s);
    lab_run(s->lab, at + AKSU_SECONDS(60));
}

/* --- what the server did about it --- */

static const char *answer(const struct stage *s, const struct shot *shot)
{
    for (unsigned i = 0; i < lab_said_count(s->lab); i++) {
        const struct lab_said *one = lab_said(s->lab, i);
        const struct aksu_event *e = &one->event;
        if (one->host != s->server || one->at < shot->at
            || one->at >= shot->at + AKSU_MS(EVERY_MS))
            continue;
        if (e->kind == AKSU_EV_challenge_ack)
            return lab_words(s->lab, W_blind_attack_challenge);
        if (e->kind == AKSU_EV_signal)
            return lab_words(s->lab, W_blind_attack_fails);
        if (e->kind == AKSU_EV_icmp_in)
            return strcmp(e->icmp_in.verdict, "not believed") == 0
                   ? lab_words(s->lab, W_blind_attack_not_believed) : e->icmp_in.verdict;
        if (e->kind == AKSU_EV_ao_missing)
            return lab_words(s->lab, W_blind_attack_no_mac);
        if (e->kind == AKSU_EV_ao_bad_mac)
            return lab_words(s->lab, W_blind_attack_bad_mac);
        if (e->kind == AKSU_EV_dropped)
            return lab_words(s->lab, W_blind_attack_silence);
    }
    return "-";
}

static void show(const struct stage *s, const struct shot *shots, unsigned count)
{
    static const enum lab_words heads[] = { W_blind_attack_head_at, W_blind_attack_head_what,
                                            W_blind_attack_head_answer };
    static const enum lab_words name[KINDS] = {
        [RST_FAR] = W_blind_attack_rst_far, [RST_NEAR] = W_blind_attack_rst_near,
        [RST_EXACT] = W_blind_attack_rst_exact, [SYN] = W_blind_attack_syn,
        [TEXT] = W_blind_attack_data, [TEXT_EXACT] = W_blind_attack_data_exact,
        [TEXT_MAC] = W_blind_attack_data_mac,
        [ICMP_PORT] = W_blind_attack_icmp_port, [ICMP_MTU] = W_blind_attack_icmp_mtu,
    };
    lab_table(s->lab, W_blind_attack_table, 3, heads);
    for (unsigned i = 0; i < count; i++)
        lab_row(s->lab, (const char *const[]){ lab_ms(s->lab, shots[i].at),
                lab_words(s->lab, name[shots[i].kind]), answer(s, &shots[i]) });
}

/* Challenge ACKs that were owed: how many left, how many not, and the most that left in one
 * second. */
struct challenges {
    unsigned sent, not_sent, most;
};

static struct challenges challenges(const struct stage *s)
{
    struct challenges c = { .sent = 0 };
    unsigned now = 0;
    aksu_time second = AKSU_NEVER;
    for (unsigned i = 0; i < lab_said_count(s->lab); i++) {
        const struct lab_said *one = lab_said(s->lab, i);
        if (one->host != s->server || one->event.kind != AKSU_EV_challenge_ack)
            continue;
        if (one->at / AKSU_SECONDS(1) != second)
            now = 0;
        second = one->at / AKSU_SECONDS(1);
        now += one->event.challenge_ack.sent;
        c.sent += one->event.challenge_ack.sent;
        c.not_sent += !one->event.challenge_ack.sent;
        c.most = now > c.most ? now : c.most;
    }
    return c;
}

static bool is_unharmed(const struct stage *s)
{
    struct aksu_info now;
    return lab_status(s->peer, &now) && now.state == AKSU_TCP_ESTABLISHED
        && now.snd_mss == s->before.snd_mss && lab_state(s->end) == AKSU_TCP_ESTABLISHED;
}

static void check_text(const struct stage *s)
{
    lab_check(s->lab, s->peer->received == BEFORE + AFTER && s->peer->wrong == 0,
              W_blind_attack_check_text);
}

/* --- acts --- */

/* Timestamps are one more number to guess: it goes without them. */
static const struct aksu_config bare = { .no_timestamps = true };

static void blind(struct lab *lab)
{
    struct shot shots[] = { { .kind = RST_FAR }, { .kind = RST_NEAR }, { .kind = SYN },
                            { .kind = TEXT }, { .kind = ICMP_PORT }, { .kind = ICMP_MTU } };
    enum { COUNT = sizeof shots / sizeof shots[0] };
    struct stage s;
    set_up(lab, &s, &bare, NULL);
    attack(&s, shots, COUNT);
    show(&s, shots, COUNT);
    lab_check(lab, is_unharmed(&s), W_blind_attack_check_unharmed);
    struct challenges c = challenges(&s);
    lab_check(lab, c.sent == 3 && c.not_sent == 0,
              W_blind_attack_check_challenges);
    lab_check(lab, lab_events(lab, s.server, AKSU_EV_icmp_in) == 2
              && lab_events(lab, s.server, AKSU_EV_path_mtu) == 0
              && lab_events(lab, s.server, AKSU_EV_soft_error) == 0, W_blind_attack_check_icmp);
    check_text(&s);
}

struct flood {
    struct stage *stage;
    unsigned left, most;
};

static void rain(struct lab *lab, void *context)
{
    struct flood *f = context;
    struct stage *s = f->stage;
    uint32_t step = s->before.rcv_wnd / (f->most + 1);
    struct forge_frame rst = segment(s, AKSU_RST, s->before.rcv_nxt + step * f->left, 0, NULL);
    s->forged++;
    forge_send(s->cable, 0, &rst);
    if (--f->left > 0)
        lab_at(lab, lab_now(lab) + AKSU_MS(FLOOD_MS) / f->most, rain, f);
}

static void flooded(struct lab *lab)
{
    struct stage s;
    struct aksu_counters before, after;
    set_up(lab, &s, &bare, NULL);
    lab_show(lab, NULL, NULL);
    struct flood f = { &s, (unsigned)lab_value(lab, "flood"), (unsigned)lab_value(lab, "flood") };
    aksu_counters(s.server->net, &before);
    lab_at(lab, AKSU_MS(FIRST_MS), rain, &f);
    lab_at(lab, AKSU_MS(FIRST_MS + FLOOD_MS / 2), go_on, &s);
    lab_run(lab, AKSU_SECONDS(60));
    aksu_counters(s.server->net, &after);
    lab_fact_count(lab, W_blind_attack_fact_forged, s.forged);
    struct challenges c = challenges(&s);
    lab_fact_count(lab, W_blind_attack_fact_sent, c.sent);
    lab_fact_count(lab, W_blind_attack_fact_most, c.most);
    lab_fact_count(lab, W_blind_attack_fact_not_sent, c.not_sent);
    lab_check(lab, is_unharmed(&s), W_blind_attack_check_unharmed);
    lab_check(lab, c.most <= 10 && c.sent > 0, W_blind_attack_check_limit);
    lab_check(lab, after.memory_used == before.memory_used, W_blind_attack_check_memory);
    check_text(&s);
}

static void before_5961(struct lab *lab)
{
    struct shot shots[] = { { .kind = RST_NEAR } };
    struct aksu_config config = bare;
    struct stage s;
    config.no_rfc5961 = true;
    set_up(lab, &s, &config, NULL);
    attack(&s, shots, 1);
    show(&s, shots, 1);
    lab_check(lab, s.peer->failed && s.peer->reason == AKSU_RESET, W_blind_attack_check_dead);
    lab_check(lab, challenges(&s).sent == 0, W_blind_attack_check_no_challenge);
}

static void on_path(struct lab *lab)
{
    struct shot shots[] = { { .kind = RST_EXACT } };
    struct stage s;
    set_up(lab, &s, &bare, NULL);
    attack(&s, shots, 1);
    show(&s, shots, 1);
    lab_check(lab, s.peer->failed && s.peer->reason == AKSU_RESET, W_blind_attack_check_seen);
}

/* --- TCP-AO --- */

/* Stands for HMAC-SHA-1 (aksu/ao.h): it depends on every octet and on the key, but a cryptographer
 * would laugh. A real user gives the real one. */
static bool toy_mac(void *user, enum aksu_ao_algorithm algorithm, const uint8_t *key,
                    size_t key_length, const struct aksu_slice *part, unsigned parts,
                    uint8_t out[AKSU_AO_MAC_MOST])
{
    uint32_t word[MAC_WORDS] = { 0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344, 0xa4093822 };
    unsigned at = 0;
    (void)user, (void)algorithm;
    for (unsigned turn = 0; turn < parts + 2; turn++) {         /* the key before and behind */
        bool keyed = turn == 0 || turn == parts + 1;
        const uint8_t *data = keyed ? key : part[turn - 1].data;
        size_t length = keyed ? key_length : part[turn - 1].length;
        for (size_t i = 0; i < length; i++, at++) {
            uint32_t *w = &word[at % MAC_WORDS];
            *w = (*w ^ data[i]) * 0x9e3779b1u + word[(at + 1) % MAC_WORDS];
            *w = *w << 13 | *w >> 19;
        }
    }
    for (unsigned i = 0; i < 8 * MAC_WORDS; i++)
        word[i % MAC_WORDS] = (word[i % MAC_WORDS] ^ word[(i + 1) % MAC_WORDS] >> 15) * 0x85ebca6bu;
    for (unsigned i = 0; i < AKSU_AO_MAC_MOST; i++)
        out[i] = (uint8_t)(word[i / 4] >> i % 4 * 8);
    return true;
}

static void give_key(struct stage *s)
{
    static const uint8_t key[] = "what both were given";
    struct lab_host *host[] = { s->client, s->server };
    struct aksu_ao_config config = { .mac = toy_mac };
    struct aksu_mkt mkt = { .send_id = KEY_ID, .receive_id = KEY_ID, .algorithm = AKSU_AO_SHA1,
                            .key = key, .key_length = sizeof key - 1 };
    aksu_ao_key handle;
    for (unsigned i = 0; i < 2; i++)
        if (aksu_ao_setup(host[i]->net, &config) != AKSU_OK
            || aksu_ao_add(host[i]->net, &mkt, &handle) != AKSU_OK)
            lab_check(s->lab, false, W_blind_attack_check_key);
}

static void with_ao(struct lab *lab)
{
    struct shot shots[] = { { .kind = RST_EXACT }, { .kind = TEXT_EXACT }, { .kind = TEXT_MAC } };
    struct stage s;
    struct aksu_ao_info info;
    set_up(lab, &s, &bare, give_key);
    attack(&s, shots, 3);
    show(&s, shots, 3);
    bool known = aksu_ao_status(s.server->net, s.peer->conn, &info) == AKSU_OK;
    lab_check(lab, known && info.on, W_blind_attack_check_on);
    lab_check(lab, known && info.missing == 2 && info.bad_mac == 1,
              W_blind_attack_check_missing);
    lab_check(lab, is_unharmed(&s), W_blind_attack_check_unharmed);
    check_text(&s);
}

static const struct lab_act acts[] = {
    { W_blind_attack_blind_title, W_blind_attack_blind_text, blind, NULL },
    { W_blind_attack_flood_title, W_blind_attack_flood_text, flooded, NULL },
    { W_blind_attack_old_title, W_blind_attack_old_text, before_5961, NULL },
    { W_blind_attack_path_title, W_blind_attack_path_text, on_path, NULL },
    { W_blind_attack_ao_title, W_blind_attack_ao_text, with_ao, NULL },
};

const struct lab_scenario lab_blind_attack = {
    .id = "S19", .name = "blind-attack", .title = W_blind_attack_title,
    .text = W_blind_attack_text, .knobs = knobs, .knob_count = sizeof knobs / sizeof knobs[0],
    .acts = acts, .act_count = sizeof acts / sizeof acts[0],
};
