/* mss.c - S05: the maximum segment size (RFC 9293 3.7.1, RFC 6691): what each SYN announces limits
 * the other direction, options are taken out of it, and 20 + 20 + 1460 octets make the MTU of
 * Ethernet. The server's 1000 is written into its SYN,ACK by a router, as those do that stand in
 * front of narrower links. */
#include "lab/stage.h"

enum { PORT = 80, TEXT = 4000, MTU = 1500, IP = 20, TCP = 20, OFFSET = 12, CONTROL = 13,
       TIMESTAMPS = 12, KIND_MSS = 2, MSS_OCTETS = 4, NOP = 1, ETHERNET_MSS = MTU - IP - TCP };

static const struct lab_knob knobs[] = {
    { "delay", LAB_MS, 10, 0, 1000, W_knob_delay },
    { "mss", LAB_COUNT, 1000, 536, 1460, W_mss_knob },
};

/* What was seen on the wire, of one direction. */
struct wire {
    uint16_t clamp;             /* the router writes this into the MSS option; 0: nothing */
    uint16_t mss;               /* in the SYN, as it arrives */
    uint32_t syn_header, header, packet, text;  /* octets: of TCP; the largest behind the SYN */
};

static void take_mss(struct wire *w, uint8_t *tcp, uint32_t header)
{
    for (uint32_t at = TCP; at + 1 < header;) {
        uint32_t size = tcp[at] == NOP ? 1 : tcp[at + 1];
        if (tcp[at] == KIND_MSS && at + MSS_OCTETS <= header) {
            if (w->clamp != 0) {
                tcp[at + 2] = (uint8_t)(w->clamp >> 8);
                tcp[at + 3] = (uint8_t)w->clamp;
            }
            w->mss = (uint16_t)(tcp[at + 2] << 8 | tcp[at + 3]);
        }
        if (size == 0)
            break;
        at += size;
    }
}

static uint32_t pass(void *context, uint8_t *frame, uint32_t length, uint32_t room, aksu_time now)
{
    struct wire *w = context;
    (void)room, (void)now;
    if (length < IP + TCP)
        return length;
    uint8_t *tcp = frame + IP;
    uint32_t header = tcp[OFFSET] / 16u * 4, text = length - IP - header;
    if (tcp[CONTROL] & AKSU_SYN) {
        w->syn_header = header;
        take_mss(w, tcp, header);
    } else if (text > w->text) {
        w->header = header;
        w->packet = length;
        w->text = text;
    }
    return length;
}

struct stage {
    struct lab_host *client, *server;
    struct lab_end *end[2];     /* the client's, the server's */
    struct wire wire[2];        /* by who sends */
};

static void show(struct lab *lab, const struct stage *s)
{
    static const enum lab_words heads[] = {
        W_mss_head_from, W_mss_head_told, W_mss_head_syn, W_mss_head_header, W_mss_head_text,
        W_mss_head_packet };
    lab_table(lab, W_mss_table, sizeof heads / sizeof heads[0], heads);
    for (unsigned i = 0; i < 2; i++) {
        const struct wire *w = &s->wire[i];
        const char *cells[] = {
            s->end[i]->host->name, lab_number(lab, s->wire[1 - i].mss),
            lab_number(lab, w->syn_header), lab_number(lab, w->header), lab_number(lab, w->text),
            lab_number(lab, w->packet) };
        lab_row(lab, cells);
    }
}

/* The largest text of both, and that full segments were sent. */
static bool obeys(const struct stage *s, unsigned from, uint32_t options)
{
    return s->wire[from].text == s->wire[1 - from].mss - options;
}

static void play(struct lab *lab, struct stage *s, bool timestamps, uint16_t clamp)
{
    const struct aksu_sim_host how = { .stack.no_timestamps = !timestamps };
    s->client = lab_host(lab, "client", &how);
    s->server = lab_host(lab, "server", &how);
    s->wire[1].clamp = clamp;
    struct aksu_sim_cable *cable = lab_cable(lab, s->client, s->server, NULL);
    for (unsigned i = 0; i < 2; i++)
        aksu_sim_tamper(cable, i, pass, &s->wire[i]);
    struct lab_listener *listener = lab_listen(lab, s->server,
                                               &(struct aksu_listen){ .local.port = PORT });
    s->end[0] = lab_open(lab, s->client, s->server, PORT, NULL);
    lab_run(lab, 4 * lab_delay(lab) + AKSU_MS(60));
    s->end[1] = lab_accepted(listener, 0);
    lab_note(s->end[0], W_mss_note_client);
    lab_send(s->end[0], TEXT);
    lab_run(lab, 20 * lab_delay(lab) + AKSU_SECONDS(1));
    lab_note(s->end[1], W_mss_note_server);
    lab_send(s->end[1], TEXT);
    lab_run(lab, 40 * lab_delay(lab) + AKSU_SECONDS(2));
}

static void check_all(struct lab *lab, const struct stage *s, uint32_t options)
{
    show(lab, s);
    lab_check(lab, s->wire[0].mss == ETHERNET_MSS
              && s->wire[1].mss == (s->wire[1].clamp != 0 ? s->wire[1].clamp : ETHERNET_MSS),
              W_mss_check_told);
    lab_check(lab, obeys(s, 0, options) && obeys(s, 1, options), W_mss_check_obeys);
    lab_check(lab, s->wire[0].syn_header > TCP && s->wire[0].header == TCP + options
              && s->wire[1].header == TCP + options,
              options != 0 ? W_mss_check_header_32 : W_mss_check_header_20);
    lab_check(lab, s->wire[1].packet == MTU, W_mss_check_mtu);
    lab_check(lab, s->end[0]->received == TEXT && s->end[0]->wrong == 0
              && s->end[1]->received == TEXT && s->end[1]->wrong == 0, W_mss_check_arrived);
}

static void limits(struct lab *lab)
{
    struct stage s = { 0 };
    struct aksu_info a, b;
    play(lab, &s, false, (uint16_t)lab_value(lab, "mss"));
    check_all(lab, &s, 0);
    lab_check(lab, lab_status(s.end[0], &a) && lab_status(s.end[1], &b)
              && a.snd_mss == s.wire[1].mss && b.snd_mss == s.wire[0].mss, W_mss_check_tcb);
}

static void options(struct lab *lab)
{
    struct stage s = { 0 };
    play(lab, &s, true, 0);
    check_all(lab, &s, TIMESTAMPS);
}

static const struct lab_act acts[] = {
    { W_mss_limits_title, W_mss_limits_text, limits, NULL },
    { W_mss_options_title, W_mss_options_text, options, NULL },
};

const struct lab_scenario lab_mss = {
    .id = "S05", .name = "mss", .title = W_mss_title, .text = W_mss_text,
    .knobs = knobs, .knob_count = sizeof knobs / sizeof knobs[0],
    .acts = acts, .act_count = sizeof acts / sizeof acts[0],
    .tells = { "mss" },
};
