/* test_device_capture.c - in a capture file the stack's events stand at the packet that they belong
 * to. Read back by a reader of our own, and by tshark where it is installed. */
#include "capture_help.h"

#include <stdio.h>

static void a_closed_port_says_its_rule(void **state)
{
    (void)state;
    for (unsigned k = 0; k < 4; k++) {
        struct world w;
        world_init(&w, k & 1, 0);
        (void)open_from(&w, A, k & 2 ? "fd00::2" : "10.0.0.2", 81);
        world_settle(&w);
        world_stop(&w);
        struct file *f = file_of(w.path);
        assert_says(f->application, "aksu ");
        assert_string_equal(f->name, "wire0");
        assert_int_equal(f->link, k & 1 ? 1 : 101);
        struct entry *rst = &f->entry[f->entries - 1], *syn = rst - 1;
        assert_false(syn->out);
        assert_true(rst->out);
        assert_says(syn->comment, "rule RFC 9293 3.10.7.1, why no connection");
        assert_silent(syn->comment, "before this packet");
        assert_silent(syn->comment, "segment arrives");
        assert_silent(rst->comment, "segment sent");
        assert_silent(rst->comment, "RFC 9293");
        assert_true(syn->at > AKSU_SECONDS(1000000000) && syn->at <= rst->at);
        assert_true(rst->at < AKSU_SECONDS(1900000000));
        if (has_tshark() && k == 1)
            assert_int_equal(tshark_lines(w.path, "-Y 'frame.comment contains \"why no connection\""
                                            " && tcp.checksum.status == \"Good\"'"), 1);
        free_file(f);
        world_fini(&w);
    }
}

static void a_connection_tells_its_states(void **state)
{
    (void)state;
    struct world w;
    world_init(&w, false, 0);
    send_text(&w, "10.0.0.1", 1000);
    world_stop(&w);
    struct file *f = file_of(w.path);
    assert_true(f->entry[0].out);
    assert_says(f->entry[0].comment, "from CLOSED, to SYN-SENT");
    assert_false(f->entry[1].out);
    assert_says(f->entry[1].comment, "from SYN-SENT, to ESTABLISHED");
    assert_says(f->entry[1].comment, "options agreed");
    for (uint32_t n = 0; n < f->entries; n++) {
        assert_silent(f->entry[n].comment, "segment sent");
        assert_silent(f->entry[n].comment, "segment arrives");
    }
    free_file(f);
    world_fini(&w);
}

static void a_frame_is_there_once(void **state)
{
    (void)state;
    struct world w;
    world_init(&w, false, 0);
    (void)listen_at(&w, A);
    w.end[B].next[0] = AKSU_TRANSMIT_LOST;
    w.end[B].answers = 1;
    (void)open_from(&w, B, "10.0.0.1", 80);
    world_settle(&w);
    w.end[B].next[0] = AKSU_TRANSMIT_LATER;
    w.end[B].next[1] = AKSU_TRANSMIT_FULL;
    w.end[B].answers = 2;
    world_pass(&w, AKSU_MS(1500));
    assert_int_equal(w.i[B]->lost, 1);
    world_stop(&w);
    struct file *f = file_of(w.path);
    assert_int_equal(f->entries, 4);        /* SYN, SYN, SYN,ACK, ACK */
    assert_true(f->entry[0].out && f->entry[1].out && !f->entry[2].out && f->entry[3].out);
    assert_says(f->entry[0].comment, "not sent: the interface lost it");
    assert_says(f->entry[1].comment, "timer expired");
    assert_says(f->entry[1].comment, "why SYN timeout");
    assert_silent(f->entry[1].comment, "not sent");
    assert_says(f->entry[2].comment, "to ESTABLISHED");
    free_file(f);
    world_fini(&w);
}

static void events_without_a_packet(void **state)
{
    (void)state;
    struct world w;
    aksu_listener l;
    world_init(&w, false, 0);
    l = listen_at(&w, B);                   /* a user call of its own moment */
    world_pass(&w, AKSU_MS(10));
    (void)open_from(&w, A, "10.0.0.2", 80);
    world_settle(&w);
    world_pass(&w, AKSU_MS(10));
    assert_int_equal(aksu_close_listener(w.net[B], l, w.now), AKSU_OK);     /* aborts: a RST */
    world_settle(&w);
    w.now += AKSU_MS(5);
    (void)listen_at(&w, B);                 /* no packet follows */
    world_stop(&w);
    struct file *f = file_of(w.path);
    assert_int_equal(f->entries, 4);        /* SYN, SYN,ACK, ACK, RST */
    assert_int_equal(strncmp(f->entry[0].comment, "before this packet:\n", 20), 0);
    assert_says(f->entry[0].comment, "listening");
    assert_says(f->entry[0].comment, "\nthis packet:\n");
    assert_says(strstr(f->entry[0].comment, "\nthis packet:\n"), "to SYN-RECEIVED");
    assert_silent(f->entry[1].comment, "SYN-RECEIVED");
    assert_says(f->entry[2].comment, "to ESTABLISHED");
    assert_says(f->entry[3].comment, "to CLOSED");
    assert_silent(f->entry[3].comment, "name ABORT");  /* no user called that */
    assert_says(f->last, "listening");
    free_file(f);
    world_fini(&w);
}

static void too_many_events_are_counted(void **state)
{
    (void)state;
    struct world w;
    world_init(&w, false, 0);
    for (unsigned n = 0; n < 3000; n++) {
        aksu_listener l = listen_at(&w, B);
        assert_int_equal(aksu_close_listener(w.net[B], l, w.now), AKSU_OK);
    }
    (void)open_from(&w, A, "10.0.0.2", 81);
    world_settle(&w);
    world_stop(&w);
    struct file *f = file_of(w.path);
    assert_int_equal(f->entries, 2);
    const char *comment = f->entry[0].comment, *more = strstr(comment, "\n... ");
    unsigned lines = 0, rest = 0;
    assert_non_null(more);
    assert_int_equal(sscanf(more, "\n... %u more", &rest), 1);
    for (const char *at = comment; (at = strstr(at, " listening")) != NULL; at++)
        lines++;
    assert_true(strlen(comment) > 59 << 10);
    assert_int_equal(lines + rest, 3000 + 1);       /* and the SYN's own */
    free_file(f);
    world_fini(&w);
}

/* Two SYNs that arrive together. */
static void packets_keep_their_events_apart(void **state)
{
    (void)state;
    struct world w;
    world_init(&w, false, 0);
    (void)listen_at(&w, B);
    (void)open_from(&w, A, "10.0.0.2", 81);
    (void)open_from(&w, A, "10.0.0.2", 80);
    while (aksu_interface_move(w.i[A], w.net[A], w.device[A], w.now))
        ;
    assert_int_equal(w.end[B].count, 2);
    world_settle(&w);
    world_stop(&w);
    struct file *f = file_of(w.path);
    unsigned refused = 0, opened = 0;
    for (uint32_t n = 0; n < f->entries; n++) {
        if (strstr(f->entry[n].comment, "why no connection") != NULL) {
            assert_false(f->entry[n].out);
            assert_silent(f->entry[n].comment, "to SYN-RECEIVED");
            refused++;
        } else if (strstr(f->entry[n].comment, "to SYN-RECEIVED") != NULL) {
            assert_false(f->entry[n].out);
            opened++;
        }
    }
    assert_int_equal(refused, 1);
    assert_int_equal(opened, 1);
    free_file(f);
    world_fini(&w);
}

static void what_was_earlier_is_said_so(void **state)
{
    (void)state;
    struct world w;
    world_init(&w, false, 0);
    (void)listen_at(&w, B);
    w.now += AKSU_MS(5);
    (void)open_from(&w, B, "10.0.0.1", 80);
    world_settle(&w);
    world_stop(&w);
    struct file *f = file_of(w.path);
    const char *now = strstr(f->entry[0].comment, "\nthis packet:\n");
    assert_true(f->entry[0].out);
    assert_int_equal(strncmp(f->entry[0].comment, "before this packet:\n", 20), 0);
    assert_non_null(now);
    assert_says(now, "name OPEN active");
    assert_silent(now, "listening");
    free_file(f);
    world_fini(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_closed_port_says_its_rule),
        cmocka_unit_test(a_connection_tells_its_states),
        cmocka_unit_test(a_frame_is_there_once),
        cmocka_unit_test(events_without_a_packet),
        cmocka_unit_test(too_many_events_are_counted),
        cmocka_unit_test(packets_keep_their_events_apart),
        cmocka_unit_test(what_was_earlier_is_said_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
