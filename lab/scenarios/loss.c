/* loss.c - S23: what is lost is sent again, each kind of loss by its own means: SACK and RACK
 * (RFC 2018, RFC 8985), the loss probe (RFC 8985 7), the timeout (RFC 6298). */
#include <string.h>

#include "lab/stage.h"

enum { PORT = 80, MSS = 1448, FEW = 6, TEXT = 300000, SAMPLES = 64, SAMPLE_MS = 20, ROWS = 20,
       BAR = 32 };

static const struct lab_knob knobs[] = {
    { "delay", LAB_MS, 20, 1, 200, W_knob_delay },
    { "rate", LAB_KBIT, 3000, 500, 1000000, W_knob_rate },
    { "loss", LAB_PERCENT, 3, 0, 15, W_loss_knob_loss },
    { "duplicate", LAB_PERCENT, 2, 0, 50, W_loss_knob_duplicate },
    { "corrupt", LAB_PERCENT, 1, 0, 15, W_loss_knob_corrupt },
    { "reorder", LAB_PERCENT, 5, 0, 50, W_loss_knob_reorder },
};

struct sample {
    aksu_time at;
    struct aksu_info info;
};

struct stage {
    struct lab_host *sender, *receiver;
    struct aksu_sim_cable *cable;
    struct lab_listener *listener;
    struct lab_end *end, *peer;
    uint64_t octets;
    aksu_time begun;
    struct sample sample[SAMPLES];
    unsigned samples;
    aksu_time interval;
};

/* --- the ends --- */

/* Few segments are drawn and leave at once, many are neither. */
static void set_up(struct lab *lab, struct stage *s, const struct lab_link *link, bool few)
{
    struct aksu_sim_host how = { .stack = { .no_pacing = few }, .checksums = true };
    memset(s, 0, sizeof *s);
    s->sender = lab_host(lab, "sender", &how);
    s->receiver = lab_host(lab, "receiver", &how);
    if (!few)
        lab_show(lab, NULL, NULL);
    s->cable = lab_cable(lab, s->sender, s->receiver, link);
    s->listener = lab_listen(lab, s->receiver, &(struct aksu_listen){ .local.port = PORT });
    s->end = lab_open(lab, s->sender, s->receiver, PORT, NULL);
}

/* Few segments, of which these (counted from 1, with those that are sent again) are lost. */
static void lose(struct lab *lab, struct stage *s, const uint64_t *nth, unsigned count)
{
    struct aksu_path_node way[] = {
        { .kind = AKSU_PATH_LOSE_DATA, .nth = nth, .nths = count },
        { .kind = AKSU_PATH_DELAY, .delay = lab_delay(lab) },
    };
    struct lab_link link = { .more = { way, way + 1 }, .count = { 2, 1 }, .near = true };
    set_up(lab, s, &link, true);
    lab_run(lab, 5 * lab_delay(lab) + AKSU_SECONDS(2));
    s->begun = lab_now(lab);
    s->octets = FEW * MSS;
    lab_send(s->end, s->octets);
    lab_run(lab, lab_now(lab) + AKSU_SECONDS(120));
    s->peer = lab_accepted(s->listener, 0);
    lab_check(lab, s->peer->received == s->octets && s->peer->wrong == 0, W_loss_check_whole);
}

/* --- what was said --- */

static unsigned again(const struct lab *lab, const struct stage *s, const char *why)
{
    unsigned count = 0;
    const struct lab_said *one;
    for (unsigned i = 0; (one = lab_event(lab, s->sender, AKSU_EV_retransmit, i)) != NULL; i++)
        count += strcmp(one->event.retransmit.why, why) == 0;
    return count;
}

static const struct lab_said *first_again(const struct lab *lab, const struct stage *s)
{
    return lab_event(lab, s->sender, AKSU_EV_retransmit, 0);
}

static unsigned timers(const struct lab *lab, const struct stage *s, const char *name)
{
    unsigned count = 0;
    const struct lab_said *one;
    for (unsigned i = 0; (one = lab_event(lab, s->sender, AKSU_EV_timer, i)) != NULL; i++)
        count += strcmp(one->event.timer.name, name) == 0;
    return count;
}

/* The relative number of the first octet that was sent again. */
static uint32_t first_again_seq(const struct lab *lab, const struct stage *s)
{
    const struct lab_said *syn = lab_segment(lab, s->sender, AKSU_SYN, AKSU_SYN, 0);
    const struct lab_said *one = first_again(lab, s);
    return syn != NULL && one != NULL
        ? one->event.retransmit.seq - syn->event.segment_out.seq : 0;
}

/* The least window that was said after the text began. */
static uint32_t least_cwnd(const struct lab *lab, const struct stage *s)
{
    uint32_t least = UINT32_MAX;
    const struct lab_said *one;
    for (unsigned i = 0; (one = lab_event(lab, s->sender, AKSU_EV_cwnd, i)) != NULL; i++)
        if (one->at >= s->begun && one->event.cwnd.cwnd < least)
            least = one->event.cwnd.cwnd;
    return least;
}

static bool has_sack(const struct lab *lab, const struct stage *s)
{
    const struct lab_said *one;
    for (unsigned i = 0; (one = lab_event(lab, s->sender, AKSU_EV_segment_in, i)) != NULL; i++)
        if (one->event.segment_in.sack.count > 0)
            return true;
    return false;
}

static void say_when(struct lab *lab, const struct stage *s)
{
    const struct lab_said *one = first_again(lab, s);
    lab_fact_time(lab, W_loss_fact_again, one != NULL ? one->at - s->begun : AKSU_NEVER);
    if (least_cwnd(lab, s) != UINT32_MAX)
        lab_fact_count(lab, W_loss_fact_cwnd, least_cwnd(lab, s));
}

/* --- acts --- */

static void one_lost(struct lab *lab)
{
    static const uint64_t nth[] = { 2 };
    struct stage s;
    lose(lab, &s, nth, 1);
    say_when(lab, &s);
    lab_check(lab, has_sack(lab, &s), W_loss_check_sack);
    lab_check(lab, again(lab, &s, "fast retransmit") == 1
              && lab_events(lab, s.sender, AKSU_EV_retransmit) == 1
              && first_again_seq(lab, &s) == 1 + MSS, W_loss_check_only);
    lab_check(lab, timers(lab, &s, "RETRANSMISSION") == 0, W_loss_check_no_timer);
    lab_check(lab, least_cwnd(lab, &s) > MSS && least_cwnd(lab, &s) < 10 * MSS,
              W_loss_check_reduced);
    const struct lab_said *first = first_again(lab, &s);
    if (lab_plain(lab))
        lab_check(lab, first != NULL && (first->at - s.begun) / AKSU_US(1)
                  == 2 * lab_delay(lab) / AKSU_US(1), W_loss_check_one_trip);
}

static void last_lost(struct lab *lab)
{
    static const uint64_t nth[] = { FEW };
    struct stage s;
    lose(lab, &s, nth, 1);
    say_when(lab, &s);
    lab_check(lab, again(lab, &s, "loss probe") == 1, W_loss_check_probe);
    lab_check(lab, timers(lab, &s, "LOSS PROBE") == 1, W_loss_check_probe_timer);
    lab_check(lab, timers(lab, &s, "RETRANSMISSION") == 0, W_loss_check_no_timer);
}

static void many_lost(struct lab *lab)
{
    static const uint64_t nth[] = { 3, 4, 5, 6, 7 };
    struct stage s;
    lose(lab, &s, nth, sizeof nth / sizeof nth[0]);
    say_when(lab, &s);
    lab_check(lab, again(lab, &s, "loss probe") == 1 && again(lab, &s, "timeout") >= 1,
              W_loss_check_timeout);
    lab_check(lab, least_cwnd(lab, &s) == MSS, W_loss_check_one_segment);
    lab_check(lab, lab_events(lab, s.sender, AKSU_EV_retransmit) == 5, W_loss_check_four);
}

/* --- everything at once --- */

/* Half of them, at twice the distance. */
static void thin_out(struct stage *s)
{
    for (unsigned i = 0; i < SAMPLES / 2; i++)
        s->sample[i] = s->sample[2 * i];
    s->samples = SAMPLES / 2;
    s->interval *= 2;
}

static void sample(struct lab *lab, void *context)
{
    struct stage *s = context;
    if (s->samples == SAMPLES)
        thin_out(s);
    struct sample *one = &s->sample[s->samples];
    if (!lab_status(s->end, &one->info))
        return;
    one->at = lab_now(lab);
    s->samples++;
    if (one->info.send_queued > 0 || s->samples == 1)
        lab_at(lab, lab_now(lab) + s->interval, sample, s);
}

static void plot(struct lab *lab, const struct stage *s)
{
    static const enum lab_words heads[] = { W_loss_head_at, W_loss_head_cwnd,
                                            W_loss_head_ssthresh, W_loss_head_recovery,
                                            W_loss_head_bar };
    unsigned step = (s->samples + ROWS - 1) / ROWS;
    uint32_t most = 1;
    for (unsigned i = 0; i < s->samples; i++)
        most = s->sample[i].info.cwnd > most ? s->sample[i].info.cwnd : most;
    lab_table(lab, W_loss_table, 5, heads);
    for (unsigned i = 0; i < s->samples; i += step) {
        const struct aksu_info *t = &s->sample[i].info;
        char bar[BAR + 1];
        unsigned length = (unsigned)((uint64_t)t->cwnd * BAR / most);
        memset(bar, '#', length);
        bar[length] = '\0';
        lab_row(lab, (const char *const[]){ lab_ms(lab, s->sample[i].at),
                lab_number(lab, t->cwnd), t->ssthresh < UINT32_MAX / 4
                ? lab_number(lab, t->ssthresh) : "-", t->recovery, bar });
    }
}

static void say_counts(struct lab *lab, const struct stage *s)
{
    struct aksu_path_counts counts;
    aksu_path_counts(aksu_sim_path(s->cable, 0), &counts);
    lab_fact_count(lab, W_loss_fact_sent, counts.in);
    lab_fact_count(lab, W_loss_fact_lost, counts.lost + counts.queue_dropped);
    lab_fact_count(lab, W_loss_fact_duplicated, counts.duplicated);
    lab_fact_count(lab, W_loss_fact_corrupted, counts.corrupted);
    lab_fact_count(lab, W_loss_fact_reordered, counts.reordered);
    lab_fact_count(lab, W_loss_fact_fast, again(lab, s, "fast retransmit"));
    lab_fact_count(lab, W_loss_fact_probe, again(lab, s, "loss probe"));
    lab_fact_count(lab, W_loss_fact_timeout, again(lab, s, "timeout"));
    lab_fact_count(lab, W_loss_fact_undo, lab_events(lab, s->sender, AKSU_EV_undo));
}

/* Data segments that the receiver already had, all of which it had acknowledged; *reported: of
 * them those that it at once answers with an ACK whose first SACK block is theirs (RFC 2883 4). */
static unsigned twice(const struct lab *lab, const struct stage *s, unsigned *reported)
{
    unsigned count = 0;
    const struct aksu_event_segment_in *came = NULL;       /* twice, and not answered yet */
    const struct lab_said *one;
    uint32_t acked = 0;
    bool synchronized = false;
    *reported = 0;
    for (unsigned i = 0; (one = lab_said(lab, i)) != NULL; i++) {
        const struct aksu_event *e = &one->event;
        if (one->host != s->receiver)
            continue;
        if (e->kind == AKSU_EV_segment_out) {
            *reported += came != NULL && e->segment_out.sack.count > 0
                && e->segment_out.sack.block[0].left == came->seq;
            came = NULL;
            acked = e->segment_out.ack;
            synchronized = true;
        } else if (e->kind == AKSU_EV_segment_in && e->segment_in.len > 0 && synchronized
                   && (int32_t)(e->segment_in.seq + e->segment_in.len - acked) <= 0) {
            came = &e->segment_in;
            count++;
        }
    }
    return count;
}

/* Nothing is said of what did not happen: with few segments chance may spare all of them. */
static void check_trouble(struct lab *lab, const struct stage *s)
{
    struct aksu_path_counts counts;
    unsigned reported, count = twice(lab, s, &reported);
    aksu_path_counts(aksu_sim_path(s->cable, 0), &counts);
    if (counts.corrupted > 0)
        lab_check(lab, lab_events(lab, s->receiver, AKSU_EV_frame_dropped) == counts.corrupted,
                  W_loss_check_checksum);
    if (count > 0)
        lab_check(lab, reported == count, W_loss_check_duplicates);
}

static void at_once(struct lab *lab)
{
    struct aksu_path_node trouble[] = {
        { .kind = AKSU_PATH_REORDER, .delay = AKSU_MS(5),
          .chance = AKSU_PATH_CHANCE(lab_value(lab, "reorder"), 100) },
        { .kind = AKSU_PATH_DUPLICATE,
          .chance = AKSU_PATH_CHANCE(lab_value(lab, "duplicate"), 100) },
        { .kind = AKSU_PATH_CORRUPT,
          .chance = AKSU_PATH_CHANCE(lab_value(lab, "corrupt"), 100) },
    };
    struct lab_link link = { .more = { trouble, NULL }, .count = { 3, 0 } };
    struct stage s;
    set_up(lab, &s, &link, false);
    s.octets = TEXT;
    lab_send(s.end, s.octets);
    lab_shutdown(s.end);
    s.interval = AKSU_MS(SAMPLE_MS);
    lab_at(lab, 3 * lab_delay(lab), sample, &s);
    lab_run(lab, AKSU_SECONDS(36000));
    s.peer = lab_accepted(s.listener, 0);
    plot(lab, &s);
    say_counts(lab, &s);
    lab_fact_time(lab, W_loss_fact_took, lab_entered(lab, s.receiver, AKSU_TCP_CLOSE_WAIT));
    lab_check(lab, s.peer->received == TEXT && s.peer->wrong == 0 && s.peer->peer_closed,
              W_loss_check_whole);
    if (lab_plain(lab))
        lab_check(lab, again(lab, &s, "fast retransmit") > 0, W_loss_check_fast);
    check_trouble(lab, &s);
}

static const struct lab_act acts[] = {
    { W_loss_one_title, W_loss_one_text, one_lost, NULL },
    { W_loss_last_title, W_loss_last_text, last_lost, NULL },
    { W_loss_many_title, W_loss_many_text, many_lost, NULL },
    { W_loss_all_title, W_loss_all_text, at_once, NULL },
};

const struct lab_scenario lab_loss = {
    .id = "S23", .name = "loss", .title = W_loss_title, .text = W_loss_text,
    .knobs = knobs, .knob_count = sizeof knobs / sizeof knobs[0],
    .acts = acts, .act_count = sizeof acts / sizeof acts[0],
    .tells = { [3] = "loss duplicate corrupt reorder" },
};
