/* segments.c - S16: the TCP header on the wire, octet by octet (RFC 9293 3.1): every field, every
 * flag, every option, and the checksum with the pseudo headers of IPv4 and IPv6. */
#include <stdio.h>
#include <string.h>

#include "aksu/fast_open.h"
#include "lab/forge.h"

enum { PORT = 80, FORGED_PORT = 5555, IPV4 = 20, IPV6 = 40, TCP = 6, KEPT = 100, SEEN = 64,
       REQUEST = 3000, MORE = 500, EXPERIMENT = 253, KINDS = 256, PATIENCE_S = 300, ROWS = 22 };
enum { END, NOP, MSS, SCALE, SACK_PERMITTED, SACK, TIMESTAMPS = 8, USER_TIMEOUT = 28,
       FAST_OPEN = 34 };

static const struct lab_knob knobs[] = {
    { "delay", LAB_MS, 10, 1, 200, W_knob_delay },
};

enum { TEXT = 40, FLAGS = 8 };
static const char *const flag_name[FLAGS] = { "FIN", "SYN", "RST", "PSH", "ACK", "URG", "ECE",
                                              "CWR" };

/* A TCP segment that was on the cable. */
struct seen {
    unsigned way, ip, length;           /* octets of the IP header, and of the whole packet */
    uint8_t octet[KEPT];
    bool sum_right;
};

struct stage;
struct ear {
    struct stage *stage;
    unsigned way;
};

struct stage {
    struct lab *lab;
    struct lab_host *host[2];           /* client, server */
    struct aksu_sim_cable *cable;
    struct lab_listener *listener;
    struct ear ear[2];
    struct seen seen[SEEN];
    unsigned count;
};

/* --- what was on the cable --- */

static uint32_t get(const uint8_t *at, unsigned octets)
{
    uint32_t value = 0;
    while (octets-- > 0)
        value = value << 8 | *at++;
    return value;
}

static const uint8_t *tcp_of(const struct seen *s)
{
    return s->octet + s->ip;
}

static unsigned header_of(const struct seen *s)
{
    return (unsigned)(tcp_of(s)[12] >> 4) * 4;
}

/* Pseudo header, header and text: all ones when everything is as it was (RFC 9293 3.1). */
static bool is_sum_right(const uint8_t *packet, unsigned ip, unsigned length)
{
    unsigned addresses = ip == IPV4 ? 12 : 8, from = addresses;
    uint32_t sum = TCP + (length - ip);
    for (unsigned i = from; i + 1 < length; i += 2)
        if (i < ip || (i - ip) % 2 == 0)
            sum += get(packet + i, 2);
    if ((length - ip) % 2 != 0)
        sum += (uint32_t)packet[length - 1] << 8;
    while (sum >> 16 != 0)
        sum = (sum & 0xffff) + (sum >> 16);
    return sum == 0xffff;
}

static uint32_t watch(void *context, uint8_t *frame, uint32_t length, uint32_t room, aksu_time now)
{
    const struct ear *ear = context;
    struct stage *s = ear->stage;
    bool v6 = frame[0] >> 4 == 6;
    (void)room, (void)now;
    if (frame[v6 ? 6 : 9] != TCP || s->count == SEEN)
        return length;
    struct seen *one = &s->seen[s->count++];
    one->way = ear->way;
    one->ip = v6 ? IPV6 : IPV4;
    one->length = length;
    memcpy(one->octet, frame, length < KEPT ? length : KEPT);
    one->sum_right = is_sum_right(frame, one->ip, length);
    return length;
}

static void set_up(struct lab *lab, struct stage *s, const struct aksu_config *config,
                   const struct aksu_path_node *node)
{
    struct aksu_sim_host how = { .stack = *config, .checksums = true };
    struct lab_link link = { .more = { node, NULL }, .count = { node != NULL, 0 } };
    memset(s, 0, sizeof *s);
    s->lab = lab;
    s->host[0] = lab_host(lab, "client", &how);
    s->host[1] = lab_host(lab, "server", &how);
    s->cable = lab_cable(lab, s->host[0], s->host[1], &link);
    s->listener = lab_listen(lab, s->host[1], &(struct aksu_listen){ .local.port = PORT,
                                                                     .fast_open = 16 });
    for (unsigned way = 0; way < 2; way++) {
        s->ear[way] = (struct ear){ s, way };
        aksu_sim_tamper(s->cable, way, watch, &s->ear[way]);
    }
}

/* --- the options of a header: the next one, or NULL --- */

static const uint8_t *next_option(const struct seen *s, const uint8_t *at)
{
    const uint8_t *end = tcp_of(s) + header_of(s);
    if (at == NULL)
        at = tcp_of(s) + 20;
    else if (at[0] == END)
        return NULL;
    else
        at += at[0] == NOP ? 1 : at[1];
    return at < end && (at[0] <= NOP || (at + 1 < end && at[1] >= 2 && at + at[1] <= end))
        ? at : NULL;
}

static const uint8_t *option(const struct seen *s, uint8_t kind)
{
    const uint8_t *at = next_option(s, NULL);
    while (at != NULL && at[0] != kind)
        at = next_option(s, at);
    return at;
}

/* --- against what the stacks say of them --- */

static bool is_as_said(const struct seen *s, const struct aksu_event_segment_out *e)
{
    const uint8_t *tcp = tcp_of(s), *mss = option(s, MSS), *scale = option(s, SCALE),
                  *time = option(s, TIMESTAMPS);
    return get(tcp, 2) == e->local.port && get(tcp + 2, 2) == e->remote.port
        && get(tcp + 4, 4) == e->seq && get(tcp + 8, 4) == e->ack && tcp[13] == e->ctl
        && get(tcp + 14, 2) == e->wnd && get(tcp + 18, 2) == e->up
        && s->length - s->ip - header_of(s) == e->len
        && (mss != NULL) == ((e->has & AKSU_HAS_MSS) != 0)
        && (mss == NULL || (mss[1] == 4 && get(mss + 2, 2) == e->mss))
        && (scale == NULL || (scale[1] == 3 && scale[2] == e->wscale))
        && (time == NULL || (time[1] == 10 && get(time + 2, 4) == e->ts_val
                             && get(time + 6, 4) == e->ts_ecr));
}

static void check_all(const struct stage *s)
{
    bool same = s->count > 0, sums = s->count > 0, offsets = s->count > 0;
    unsigned sent[2] = { 0 };
    for (unsigned i = 0; i < s->count; i++) {
        const struct seen *one = &s->seen[i];
        const struct lab_said *said = lab_segment(s->lab, s->host[one->way], 0, 0,
                                                  sent[one->way]++);
        same = same && said != NULL && is_as_said(one, &said->event.segment_out);
        sums = sums && one->sum_right;
        offsets = offsets && header_of(one) >= 20 && (tcp_of(one)[12] & 0x0f) == 0;
    }
    lab_check(s->lab, same, W_segments_check_same);
    lab_check(s->lab, sums, W_segments_check_sums);
    lab_check(s->lab, offsets, W_segments_check_offset);
}

/* --- shown --- */

/* "02 04 05 b4", the first few. */
static const char *hex(char out[TEXT], const uint8_t *at, unsigned octets)
{
    unsigned most = octets < 11 ? octets : 11;
    for (unsigned i = 0; i < most; i++)
        (void)snprintf(out + 3 * i, TEXT - 3 * i, i + 1 < most ? "%02x " : "%02x", at[i]);
    return out;
}

static const char *flags(char out[TEXT], uint8_t ctl)
{
    out[0] = '\0';
    for (unsigned i = 0; i < FLAGS; i++)
        if (ctl >> i & 1)
            (void)snprintf(out + strlen(out), TEXT - strlen(out), "%s%s",
                           out[0] != '\0' ? "," : "", flag_name[i]);
    return out;
}

static enum lab_words name_of(uint8_t kind)
{
    static const enum lab_words name[KINDS] = {
        [END] = W_segments_end, [NOP] = W_segments_nop, [MSS] = W_segments_mss,
        [SCALE] = W_segments_scale, [SACK_PERMITTED] = W_segments_sack_permitted,
        [SACK] = W_segments_sack, [TIMESTAMPS] = W_segments_timestamps,
        [USER_TIMEOUT] = W_segments_user_timeout, [FAST_OPEN] = W_segments_fast_open,
        [EXPERIMENT] = W_segments_unknown,
    };
    return name[kind];
}

static void field(struct lab *lab, enum lab_words name, const uint8_t *at, unsigned octets,
                  const char *value)
{
    char text[TEXT];
    lab_row(lab, (const char *const[]){ lab_words(lab, name), hex(text, at, octets), value });
}

static const char *value_of(char out[TEXT], const uint8_t *at)
{
    (void)snprintf(out, TEXT, "-");
    if (at[0] == MSS || at[0] == SCALE || at[0] == USER_TIMEOUT)
        (void)snprintf(out, TEXT, "%u", (unsigned)get(at + 2, at[1] - 2u));
    else if (at[0] == TIMESTAMPS || (at[0] == SACK && at[1] >= 10))
        (void)snprintf(out, TEXT, "%u %u", (unsigned)get(at + 2, 4), (unsigned)get(at + 6, 4));
    return out;
}

static void show_header(struct lab *lab, enum lab_words title, const struct seen *s)
{
    static const enum lab_words heads[] = { W_segments_head_field, W_segments_head_octets,
                                            W_segments_head_value };
    const uint8_t *tcp = tcp_of(s), *at = NULL;
    char text[TEXT];
    lab_table(lab, title, 3, heads);
    field(lab, W_segments_source, tcp, 2, lab_number(lab, get(tcp, 2)));
    field(lab, W_segments_destination, tcp + 2, 2, lab_number(lab, get(tcp + 2, 2)));
    field(lab, W_segments_seq, tcp + 4, 4, lab_number(lab, get(tcp + 4, 4)));
    field(lab, W_segments_ack, tcp + 8, 4, lab_number(lab, get(tcp + 8, 4)));
    field(lab, W_segments_offset, tcp + 12, 1, lab_number(lab, tcp[12] >> 4));
    field(lab, W_segments_flags, tcp + 13, 1, flags(text, tcp[13]));
    field(lab, W_segments_window, tcp + 14, 2, lab_number(lab, get(tcp + 14, 2)));
    field(lab, W_segments_checksum, tcp + 16, 2,
          lab_words(lab, s->sum_right ? W_segments_right : W_segments_wrong));
    field(lab, W_segments_urgent, tcp + 18, 2, lab_number(lab, get(tcp + 18, 2)));
    for (unsigned rows = 9; (at = next_option(s, at)) != NULL && rows < ROWS; rows++)
        field(lab, name_of(at[0]), at, at[0] <= NOP ? 1 : at[1], value_of(text, at));
}

/* --- acts --- */

static void header(struct lab *lab)
{
    static const struct aksu_config defaults;
    struct stage s;
    set_up(lab, &s, &defaults, NULL);
    lab_send(lab_open(lab, s.host[0], s.host[1], PORT, NULL), MORE);
    lab_run(lab, AKSU_SECONDS(10));
    show_header(lab, W_segments_table_syn, &s.seen[0]);
    show_header(lab, W_segments_table_text, &s.seen[2]);
    check_all(&s);
    lab_check(lab, tcp_of(&s.seen[0])[13] == AKSU_SYN && get(tcp_of(&s.seen[0]) + 8, 4) == 0
              && header_of(&s.seen[0]) == 40, W_segments_check_syn);
    lab_check(lab, header_of(&s.seen[2]) == 32 && s.seen[2].length == IPV4 + 32 + MORE,
              W_segments_check_text);
}

/* The first segment that carries the flag, with these set; NULL: there is none. */
static const struct seen *first_with(const struct stage *s, uint8_t ctl)
{
    for (unsigned i = 0; i < s->count; i++)
        if ((tcp_of(&s->seen[i])[13] & ctl) == ctl)
            return &s->seen[i];
    return NULL;
}

static void show_flags(const struct stage *s)
{
    static const enum lab_words heads[] = { W_segments_head_flag, W_segments_head_from,
                                            W_segments_head_octets, W_segments_head_all,
                                            W_segments_head_means };
    static const enum lab_words means[FLAGS] = {
        W_segments_fin, W_segments_syn, W_segments_rst, W_segments_psh, W_segments_acks,
        W_segments_urg, W_segments_ece, W_segments_cwr,
    };
    unsigned found = 0;
    lab_table(s->lab, W_segments_table_flags, 5, heads);
    for (unsigned i = 0; i < FLAGS; i++) {
        const struct seen *one = first_with(s, (uint8_t)(1 << i));
        char octet[TEXT], all[TEXT];
        if (one == NULL)
            continue;
        found++;
        lab_row(s->lab, (const char *const[]){ flag_name[i], s->host[one->way]->name,
                hex(octet, tcp_of(one) + 13, 1), flags(all, tcp_of(one)[13]),
                lab_words(s->lab, means[i]) });
    }
    lab_check(s->lab, found == FLAGS, W_segments_check_flags);
}

/* The next octet that the other end knows, as urgent data (RFC 9293 3.8.5). */
static void send_urgent(struct stage *s, struct lab_end *end)
{
    uint8_t octet = (uint8_t)('a' + end->sent % 26);
    if (aksu_send(s->host[0]->net, end->conn, &octet, 1, AKSU_URGENT_DATA,
                  aksu_sim_now(lab_world(s->lab))) == 1)
        end->sent++;
}

/* CE on what can be marked: the receiver says ECE, the sender answers CWR (RFC 3168 6.1). */
static void all_flags(struct lab *lab)
{
    static const struct aksu_config asks = { .ecn = AKSU_ECN_ASK };
    static const struct aksu_path_node mark = { .kind = AKSU_PATH_MARK,
                                                .chance = AKSU_PATH_ALWAYS };
    struct stage s;
    set_up(lab, &s, &asks, &mark);
    struct lab_end *end = lab_open(lab, s.host[0], s.host[1], PORT, NULL);
    lab_send(end, REQUEST);
    lab_run(lab, AKSU_SECONDS(2));
    lab_send(end, MORE);
    lab_run(lab, AKSU_SECONDS(4));
    send_urgent(&s, end);
    lab_run(lab, AKSU_SECONDS(6));
    lab_shutdown(end);
    lab_run(lab, AKSU_SECONDS(8));
    struct lab_end *other = lab_open(lab, s.host[0], s.host[1], PORT, NULL);
    lab_run(lab, AKSU_SECONDS(10));
    lab_abort(other);
    lab_run(lab, AKSU_SECONDS(20));
    show_flags(&s);
    check_all(&s);
    const struct seen *urgent = first_with(&s, AKSU_URG);
    const struct seen *asked = first_with(&s, AKSU_SYN | AKSU_ECE | AKSU_CWR);
    lab_check(lab, urgent != NULL && get(tcp_of(urgent) + 18, 2)
              == urgent->length - urgent->ip - header_of(urgent)
              && lab_event(lab, s.host[1], AKSU_EV_urgent, 0) != NULL, W_segments_check_urgent);
    lab_check(lab, asked == &s.seen[0] && lab_event(lab, s.host[1], AKSU_EV_marked, 0) != NULL,
              W_segments_check_ecn);
    lab_check(lab, lab_accepted(s.listener, 0)->received == REQUEST + MORE + 1
              && lab_accepted(s.listener, 0)->wrong == 0, W_segments_check_arrived);
}

static const uint8_t *first_option(const struct stage *s, uint8_t kind, const struct seen **where)
{
    for (unsigned i = 0; i < s->count; i++)
        if (option(&s->seen[i], kind) != NULL) {
            *where = &s->seen[i];
            return option(&s->seen[i], kind);
        }
    return NULL;
}

/* What no stack of ours sends: MSS 1000, an option of kind 253, which is there for experiments
 * (RFC 4727 7.3), and the end of the options before their room is used up. */
static struct forge_frame strange_syn(const struct stage *s)
{
    static const uint8_t options[] = { MSS, 4, 1000 >> 8, 1000 & 0xff, EXPERIMENT, 6, 1, 2, 3, 4,
                                       END, 0 };
    return forge_segment(&(struct forge_segment){
        .from = { lab_address(s->host[0]), FORGED_PORT }, .to = { lab_address(s->host[1]), PORT },
        .ctl = AKSU_SYN, .seq = 4711, .wnd = 1234, .options = options,
        .options_length = sizeof options });
}

static void show_options(const struct stage *s, const struct forge_frame *strange)
{
    static const enum lab_words heads[] = { W_segments_head_kind, W_segments_head_option,
                                            W_segments_head_in, W_segments_head_octets };
    static const uint8_t kind[] = { NOP, MSS, SCALE, SACK_PERMITTED, SACK, TIMESTAMPS,
                                    USER_TIMEOUT, FAST_OPEN };
    bool all = true;
    char text[TEXT], ctl[TEXT];
    lab_table(s->lab, W_segments_table_options, 4, heads);
    for (unsigned i = 0; i < sizeof kind; i++) {
        const struct seen *where = NULL;
        const uint8_t *at = first_option(s, kind[i], &where);
        all = all && at != NULL;
        if (at != NULL)
            lab_row(s->lab, (const char *const[]){ lab_number(s->lab, kind[i]),
                    lab_words(s->lab, name_of(kind[i])), flags(ctl, tcp_of(where)[13]),
                    hex(text, at, kind[i] <= NOP ? 1 : at[1]) });
    }
    lab_row(s->lab, (const char *const[]){ lab_number(s->lab, EXPERIMENT),
            lab_words(s->lab, W_segments_unknown), "SYN",
            hex(text, strange->octet + IPV4 + 24, 6) });
    lab_row(s->lab, (const char *const[]){ lab_number(s->lab, END),
            lab_words(s->lab, W_segments_end), "SYN", hex(text, strange->octet + IPV4 + 30, 1) });
    lab_check(s->lab, all, W_segments_check_options);
}

/* Every option bit that the server's or client's parser has found. */
static uint16_t understood(const struct stage *s)
{
    uint16_t has = 0;
    const struct lab_said *one;
    for (unsigned i = 0; (one = lab_event(s->lab, NULL, AKSU_EV_segment_in, i)) != NULL; i++)
        has |= one->event.segment_in.has;
    return has;
}

static bool is_parsed(const struct stage *s)
{
    const struct lab_said *one;
    for (unsigned i = 0; (one = lab_event(s->lab, s->host[1], AKSU_EV_segment_in, i)) != NULL;
         i++) {
        const struct aksu_event_segment_in *in = &one->event.segment_in;
        if (in->remote.port == FORGED_PORT && (in->ctl & AKSU_SYN))
            return in->seq == 4711 && in->wnd == 1234 && in->mss == 1000 && in->ctl == AKSU_SYN
                && in->has == (AKSU_HAS_MSS | AKSU_HAS_UNKNOWN);
    }
    return false;
}

static void all_options(struct lab *lab)
{
    static const struct aksu_config patient = { .user_timeout_option = PATIENCE_S };
    static const uint64_t second = 2;
    static const struct aksu_path_node lose = { .kind = AKSU_PATH_LOSE_DATA, .nth = &second,
                                                .nths = 1 };
    struct stage s;
    set_up(lab, &s, &patient, &lose);
    struct lab_end *end = lab_open(lab, s.host[0], s.host[1], PORT,
                                   &(struct aksu_open){ .fast_open = true });
    lab_send(end, 2 * REQUEST);
    lab_run(lab, AKSU_SECONDS(10));
    struct forge_frame strange = strange_syn(&s);
    forge_send(s.cable, 0, &strange);
    lab_run(lab, AKSU_SECONDS(20));
    show_options(&s, &strange);
    check_all(&s);
    const uint16_t every = AKSU_HAS_MSS | AKSU_HAS_WINDOW_SCALE | AKSU_HAS_SACK_PERMITTED
        | AKSU_HAS_TIMESTAMPS | AKSU_HAS_USER_TIMEOUT | AKSU_HAS_FAST_OPEN | AKSU_HAS_SACK
        | AKSU_HAS_UNKNOWN;
    lab_check(lab, (understood(&s) & every) == every, W_segments_check_understood);
    lab_check(lab, is_parsed(&s), W_segments_check_parsed);
    lab_check(lab, lab_accepted(s.listener, 0)->received == 2 * REQUEST, W_segments_check_arrived);
}

static void version_6(struct lab *lab)
{
    static const struct aksu_config defaults;
    struct stage s;
    struct aksu_open how = { .remote.port = PORT };
    aksu_conn conn;
    set_up(lab, &s, &defaults, NULL);
    aksu_time now = aksu_sim_now(lab_world(lab));
    aksu_sim_address(s.host[1]->node, true, &how.remote.ip);
    bool open = aksu_open(s.host[0]->net, &how, &conn, now) == AKSU_OK
        && aksu_send(s.host[0]->net, conn, "abc", 3, 0, now) == 3;
    lab_run(lab, AKSU_SECONDS(10));
    const uint8_t *mss = s.count > 0 ? option(&s.seen[0], MSS) : NULL;
    show_header(lab, W_segments_table_syn, &s.seen[0]);
    check_all(&s);
    lab_check(lab, open && s.seen[0].ip == IPV6 && lab_accepted(s.listener, 0)->received == 3
              && lab_accepted(s.listener, 0)->wrong == 0, W_segments_check_v6);
    lab_check(lab, mss != NULL && get(mss + 2, 2) == 1500 - IPV6 - 20, W_segments_check_mss_v6);
}

static const struct lab_act acts[] = {
    { W_segments_header_title, W_segments_header_text, header, NULL },
    { W_segments_flags_title, W_segments_flags_text, all_flags, NULL },
    { W_segments_options_title, W_segments_options_text, all_options, NULL },
    { W_segments_v6_title, W_segments_v6_text, version_6, NULL },
};

const struct lab_scenario lab_segments_wire = {
    .id = "S16", .name = "segments", .title = W_segments_title, .text = W_segments_text,
    .knobs = knobs, .knob_count = sizeof knobs / sizeof knobs[0],
    .acts = acts, .act_count = sizeof acts / sizeof acts[0],
};
