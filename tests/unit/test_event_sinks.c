/* test_event_sinks.c - names, the text and JSON sinks for every line of events.def, the tee. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "event_feed.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct kept_text kept;

/* One line of JSON (RFC 8259), read in the strictest way: the end of the value at `p`, or NULL. */
static const char *json_value(const char *p);

static const char *json_string(const char *p)
{
    if (*p++ != '"')
        return NULL;
    for (; *p != '"'; p++) {
        if ((unsigned char)*p < 0x20)
            return NULL;
        if (*p != '\\')
            continue;
        if (*++p == '\0' || !strchr("\"\\u", *p))
            return NULL;
        for (int i = 0; *p == 'u' && i < 4; i++) {
            if (p[1 + i] == '\0' || !strchr("0123456789abcdef", p[1 + i]))
                return NULL;
        }
    }
    return p + 1;
}

static const char *json_list(const char *p, char end, bool names)
{
    if (*++p == end)
        return p + 1;
    for (;; p++) {
        if (names) {
            p = json_string(p);
            if (!p || *p++ != ':')
                return NULL;
        }
        p = json_value(p);
        if (!p || (*p != ',' && *p != end))
            return NULL;
        if (*p == end)
            return p + 1;
    }
}

static const char *json_value(const char *p)
{
    static const char *const words[] = { "true", "false", "null" };

    if (*p == '{')
        return json_list(p, '}', true);
    if (*p == '[')
        return json_list(p, ']', false);
    if (*p == '"')
        return json_string(p);
    for (size_t i = 0; i < 3; i++) {
        if (strncmp(p, words[i], strlen(words[i])) == 0)
            return p + strlen(words[i]);
    }
    if (*p == '0')
        return p + 1;
    size_t digits = strspn(p, "0123456789");
    return digits > 0 ? p + digits : NULL;
}

static bool is_json_line(const char *line)
{
    const char *end = json_value(line);

    return *line == '{' && end && strcmp(end, "\n") == 0;
}

static void the_checker_knows_json(void **state)
{
    (void)state;
    assert_true(is_json_line("{\"a\":[1,[2,3],{}],\"b\":\"x\\\"\\u0001\",\"c\":null}\n"));
    assert_false(is_json_line("{\"a\":01}\n"));
    assert_false(is_json_line("{\"a\":1,}\n"));
    assert_false(is_json_line("{\"a\":\"x\n\"}\n"));
    assert_false(is_json_line("{\"a\":\"\\x\"}\n"));
    assert_false(is_json_line("{\"a\":1}{}\n"));
    assert_false(is_json_line("{\"a\":[1}\n"));
}

/* Every field at its longest. */
static void most_integer(void *at, size_t length) { memset(at, 0xff, length); }
static void most_bool(bool *at) { *at = true; }
static void most_text(const char **at) { *at = "\"quoted\" \\ \t\x7f"; }
static void most_state(enum aksu_tcp_state *at) { *at = AKSU_TCP_SYN_RECEIVED; }
static void most_status(enum aksu_status *at) { *at = AKSU_ILLEGAL; }
static void most_sacks(struct aksu_sacks *at)
{
    memset(at, 0xff, sizeof *at);
    at->count = 4;
}
#define most_u8(at) most_integer(at, sizeof *(at))
#define most_u16 most_u8
#define most_u32 most_u8
#define most_u64 most_u8
#define most_ctl most_u8
#define most_has most_u8
#define most_seq most_u8
#define most_ip most_u8
#define most_endpoint most_u8

static struct aksu_event event_at_its_most(enum aksu_event_kind kind)
{
    struct aksu_event e = { .at = UINT64_MAX - 1, .conn = UINT32_MAX, .kind = kind };

    switch (kind) {
#define F(type, name) most_##type(&here->name);
#define EVENT(name, sentence, fields) \
    case AKSU_EV_##name: { struct aksu_event_##name *here = &e.name; fields } break;
#include "aksu/events.def"
#undef EVENT
#undef F
    case AKSU_EV_COUNT: break;
    }
    return e;
}

static void has_a_line_for_every_event(void **state)
{
    (void)state;
    struct aksu_text_sink text;
    struct aksu_json_sink json;

    for (int i = 0; i < AKSU_EV_COUNT; i++) {
        struct aksu_event events[2] = { { .kind = (enum aksu_event_kind)i },
                                        event_at_its_most((enum aksu_event_kind)i) };
        for (int j = 0; j < 2; j++) {
            aksu_json_init(&json, kept_writer(&kept), j == 0 ? NULL : "\xec\x84\x9c\xeb\xb2\x84\"");
            json.sink.put(&json.sink, &events[j]);
            assert_true(is_json_line(kept.text));
            assert_non_null(strstr(kept.text, aksu_event_name(events[j].kind)));

            aksu_text_init(&text, kept_writer(&kept), NULL);
            text.sink.put(&text.sink, &events[j]);
            assert_int_equal(strcspn(kept.text, "\n") + 1, kept.length);
            assert_non_null(strstr(kept.text, aksu_event_sentence(events[j].kind)));
        }
    }
}

static void names_what_there_is(void **state)
{
    (void)state;
    char text[AKSU_CTL_TEXT];

    assert_string_equal(aksu_event_name(AKSU_EV_segment_in), "segment_in");
    assert_string_equal(aksu_event_name(AKSU_EV_memory), "memory");
    assert_string_equal(aksu_event_sentence(AKSU_EV_segment_in), "segment arrives");
    assert_string_equal(aksu_event_name(AKSU_EV_COUNT), "unknown");
    assert_string_equal(aksu_tcp_state_name(AKSU_TCP_FIN_WAIT_1), "FIN-WAIT-1");
    assert_string_equal(aksu_tcp_state_name(AKSU_TCP_TIME_WAIT), "TIME-WAIT");
    assert_string_equal(aksu_tcp_state_name(AKSU_TCP_STATE_COUNT), "UNKNOWN");
    assert_int_equal(aksu_ctl_text(AKSU_SYN | AKSU_ACK, text), 7);
    assert_string_equal(text, "SYN,ACK");
    assert_int_equal(aksu_ctl_text(0, text), 1);
    assert_string_equal(text, "-");
    assert_int_equal(aksu_ctl_text(0xff, text), AKSU_CTL_TEXT - 1);
    assert_string_equal(text, "SYN,FIN,RST,PSH,ACK,URG,ECE,CWR");
}

static void writes_endpoints(void **state)
{
    (void)state;
    struct aksu_endpoint end = { .port = 65535 };
    char text[AKSU_ENDPOINT_TEXT];

    assert_true(aksu_ip_parse("10.0.0.2", &end.ip));
    assert_int_equal(aksu_endpoint_text(&end, text), strlen("10.0.0.2:65535"));
    assert_string_equal(text, "10.0.0.2:65535");
    assert_true(aksu_ip_parse("2001:db8::2", &end.ip));
    end.port = 0;
    assert_int_equal(aksu_endpoint_text(&end, text), strlen("[2001:db8::2]:0"));
    assert_string_equal(text, "[2001:db8::2]:0");
    memset(&end, 0xff, sizeof end);
    assert_true(aksu_endpoint_text(&end, text) < AKSU_ENDPOINT_TEXT);
    assert_string_equal(text, "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535");
}

static void a_segment(struct feed *f)
{
    struct seg syn = { .ctl = AKSU_SYN, .options = true };

    feed_out(f, 0, syn);
    f->at += AKSU_US(213);
    f->conn[0] = 0;
    FEED(f, 0, dropped, .rule = "RFC 9293 3.10.7.4 first", .why = "outside the \"window\"");
    f->at += AKSU_SECONDS(61);
    feed_state(f, 0, AKSU_TCP_LISTEN, AKSU_TCP_SYN_RECEIVED);
}

static void logs_text(void **state)
{
    (void)state;
    struct aksu_text_sink text;

    aksu_text_init(&text, kept_writer(&kept), "client");
    struct feed f = feed_of(&text.sink, NULL);
    a_segment(&f);
    assert_string_equal(kept.text,
        "0.000000 client #7 segment sent: local 10.0.0.2:49152, remote 93.184.216.34:80, ctl SYN, "
        "seq 4294967280, ack 0, wnd 65535, up 0, len 0, "
        "has mss+window-scale+sack-permitted+timestamps, mss 1460, wscale 7, ts_val 0, ts_ecr 0\n"
        "0.000213 client segment dropped: rule RFC 9293 3.10.7.4 first, "
        "why outside the \"window\"\n"
        "61.000213 client state: from LISTEN, to SYN-RECEIVED\n");
}

static void writes_json(void **state)
{
    (void)state;
    struct aksu_json_sink json;

    aksu_json_init(&json, kept_writer(&kept), "client");
    struct feed f = feed_of(&json.sink, NULL);
    a_segment(&f);
    assert_string_equal(kept.text,
        "{\"at\":100000000000,\"host\":\"client\",\"conn\":7,\"event\":\"segment_out\","
        "\"local\":\"10.0.0.2:49152\",\"remote\":\"93.184.216.34:80\",\"ctl\":\"SYN\","
        "\"seq\":4294967280,\"ack\":0,\"wnd\":65535,\"up\":0,\"len\":0,\"has\":[\"mss\","
        "\"window-scale\",\"sack-permitted\",\"timestamps\"],\"mss\":1460,\"wscale\":7,"
        "\"ts_val\":0,\"ts_ecr\":0,\"sack\":[]}\n"
        "{\"at\":100000213000,\"host\":\"client\",\"conn\":0,\"event\":\"dropped\","
        "\"rule\":\"RFC 9293 3.10.7.4 first\",\"why\":\"outside the \\\"window\\\"\"}\n"
        "{\"at\":161000213000,\"host\":\"client\",\"conn\":0,\"event\":\"state\","
        "\"from\":\"LISTEN\",\"to\":\"SYN-RECEIVED\"}\n");
}

/* A value that is longer than what is gathered. */
static void writes_long_texts(void **state)
{
    (void)state;
    static char why[3000];
    struct aksu_text_sink text;

    memset(why, 'y', sizeof why - 1);
    why[sizeof why - 2] = ':';
    aksu_text_init(&text, kept_writer(&kept), NULL);
    struct feed f = feed_of(&text.sink, NULL);
    FEED(&f, 0, dropped, .rule = why, .why = why);
    assert_int_equal(kept.length,
                     2 * strlen(why) + strlen("0.000000 #7 segment dropped: rule , why \n"));
}

/* The same in JSON, where the longest escape falls on each place of what is gathered. */
static void writes_long_texts_in_json(void **state)
{
    (void)state;
    static char why[5000];
    struct aksu_json_sink json;

    memset(why, 0x1f, sizeof why - 1);
    for (size_t i = 0; i < 6; i++) {
        memset(why, 'y', i);
        aksu_json_init(&json, kept_writer(&kept), why);
        struct feed f = feed_of(&json.sink, NULL);
        FEED(&f, 0, dropped, .rule = why, .why = "z");
        size_t length = 6 * (strlen(why) - i) + i;
        assert_int_equal(kept.length, 2 * length + strlen("{\"at\":100000000000,\"host\":\"\","
            "\"conn\":7,\"event\":\"dropped\",\"rule\":\"\",\"why\":\"z\"}\n"));
        assert_true(is_json_line(kept.text));
        assert_non_null(strstr(kept.text, "\\u001f\",\"why\":\"z\"}\n"));
    }
}

static void number_is(uint64_t n)
{
    char wanted[128], text[128];
    struct aksu_json_sink json;
    struct aksu_text_sink log;
    struct aksu_event e = { .at = n, .kind = AKSU_EV_memory,
                            .memory = { .answer = "a", .left = n } };

    (void)snprintf(wanted, sizeof wanted, "{\"at\":%llu,\"conn\":0,\"event\":\"memory\","
                   "\"answer\":\"a\",\"left\":%llu}\n", (unsigned long long)n,
                   (unsigned long long)n);
    aksu_json_init(&json, kept_writer(&kept), NULL);
    json.sink.put(&json.sink, &e);
    assert_string_equal(kept.text, wanted);
    (void)snprintf(text, sizeof text, "left %llu\n", (unsigned long long)n);
    aksu_text_init(&log, kept_writer(&kept), NULL);
    log.sink.put(&log.sink, &e);
    assert_non_null(strstr(kept.text, text));
}

/* Around each power of 10 and of 2, where the number of digits is guessed. */
static void writes_every_length_of_numbers(void **state)
{
    (void)state;
    uint64_t ten = 1;

    for (unsigned i = 0; i < 20; i++, ten *= 10) {
        number_is(ten - 1);
        number_is(ten);
        number_is(ten + 1);
        number_is(ten / 10 * 7);
    }
    for (unsigned i = 0; i < 64; i++) {
        number_is((uint64_t)1 << i);
        number_is(((uint64_t)1 << i) - 1);
    }
    number_is(UINT64_MAX);
    number_is(12345678901234567890u);
}

static void the_tee_feeds_all(void **state)
{
    (void)state;
    static struct kept_text second;
    struct aksu_text_sink a, b;
    struct aksu_tee_sink tee;

    aksu_text_init(&a, kept_writer(&kept), NULL);
    aksu_text_init(&b, kept_writer(&second), NULL);
    struct aksu_sink *to[] = { NULL, &a.sink, &b.sink };
    aksu_tee_init(&tee, to, 3);
    assert_int_equal(tee.count, 2);
    struct feed f = feed_of(&tee.sink, NULL);
    feed_state(&f, 0, AKSU_TCP_CLOSED, AKSU_TCP_SYN_SENT);
    assert_string_equal(kept.text, "0.000000 #7 state: from CLOSED, to SYN-SENT\n");
    assert_string_equal(second.text, kept.text);

    struct aksu_sink *many[] = { &a.sink, &a.sink, &a.sink, &a.sink, &b.sink };
    aksu_tee_init(&tee, many, 5);
    assert_int_equal(tee.count, AKSU_TEE_MOST);
}

/* RFC 9293 3.10.7: the part for the state, and the steps that have something to do. */
static void the_steps_of_a_segment(void **unused)
{
    static const struct { enum aksu_tcp_state state; uint8_t ctl; uint32_t len; const char *steps; }
    of[] = {
        { AKSU_TCP_CLOSED, AKSU_ACK, 9, ".1" },
        { AKSU_TCP_LISTEN, AKSU_SYN, 0, ".2 third SYN" },
        { AKSU_TCP_LISTEN, AKSU_SYN | AKSU_ACK, 0, ".2 second ACK" },
        { AKSU_TCP_LISTEN, AKSU_RST | AKSU_ACK, 0, ".2 first RST" },
        { AKSU_TCP_SYN_SENT, AKSU_SYN | AKSU_ACK, 5, ".3 first ACK, fourth SYN, seventh text" },
        { AKSU_TCP_SYN_SENT, AKSU_SYN, 5, ".3 fourth SYN" },
        { AKSU_TCP_SYN_SENT, AKSU_RST | AKSU_ACK, 0, ".3 first ACK, second RST" },
        { AKSU_TCP_SYN_SENT, AKSU_FIN | AKSU_ACK, 0, ".3 first ACK, fifth" },
        { AKSU_TCP_SYN_RECEIVED, AKSU_SYN | AKSU_ACK, 0, ".4 first, fourth SYN, fifth ACK" },
        { AKSU_TCP_ESTABLISHED, AKSU_SYN | AKSU_ACK, 0, ".4 first, fourth SYN" },
        { AKSU_TCP_ESTABLISHED, AKSU_RST | AKSU_ACK, 3, ".4 first, second RST" },
        { AKSU_TCP_ESTABLISHED, AKSU_PSH, 3, ".4 first, fifth" },
        { AKSU_TCP_FIN_WAIT_2, AKSU_URG | AKSU_ACK | AKSU_FIN, 3,
          ".4 first, fifth ACK, sixth URG, seventh text, eighth FIN" },
        { AKSU_TCP_TIME_WAIT, AKSU_ACK | AKSU_FIN, 0, ".4 first, fifth ACK, eighth FIN" },
    };
    for (size_t i = 0; i < sizeof of / sizeof of[0]; i++) {
        struct aksu_event_segment_in segment = { .state = of[i].state, .ctl = of[i].ctl,
                                                 .len = of[i].len };
        char wanted[AKSU_STEPS_TEXT] = "RFC 9293 3.10.7", got[AKSU_STEPS_TEXT];
        (void)strcat(wanted, of[i].steps);
        assert_int_equal(aksu_segment_steps(&segment, got), strlen(wanted));
        assert_string_equal(got, wanted);
    }
    (void)unused;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_steps_of_a_segment),
        cmocka_unit_test(the_checker_knows_json), cmocka_unit_test(has_a_line_for_every_event),
        cmocka_unit_test(names_what_there_is),    cmocka_unit_test(writes_endpoints),
        cmocka_unit_test(logs_text),              cmocka_unit_test(writes_json),
        cmocka_unit_test(writes_long_texts),      cmocka_unit_test(the_tee_feeds_all),
        cmocka_unit_test(writes_long_texts_in_json),
        cmocka_unit_test(writes_every_length_of_numbers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
