/* test_stack_confirm.c - a connection that makes progress says that the next hop is there (RFC 4861
 * 7.3.1): nobody asks for it again. One that makes none says nothing. */
#include "stack_help.h"

#include "wire/ethernet.h"
#include "wire/icmp.h"

struct link {
    struct two w;
    aksu_conn conn[2];
    unsigned questions;             /* ARP, neighbour solicitations and advertisements */
};

static bool is_question(const struct aksu_frame *f)
{
    const uint8_t *h = f->part[0].data;
    uint16_t type = load_be16(h + 12);
    bool nd = type == ETHERTYPE_IPV6 && h[14 + 6] == 58 && (h[54] == 135 || h[54] == 136);
    return type == ETHERTYPE_ARP || nd;
}

static void move_and_count(struct link *l)
{
    struct aksu_frame f;
    for (unsigned idle = 0, from = 0; idle < 2; from = 1 - from) {
        unsigned n = 0;
        while (take_frame(&l->w, from, &f)) {
            l->questions += is_question(&f);
            aksu_frame_in(l->w.net[1 - from], l->w.pair.device[1 - from], &f, l->w.now);
            n++;
        }
        idle = n == 0 ? idle + 1 : 0;
    }
}

static void time_passes(struct link *l, aksu_time time)
{
    for (aksu_time end = l->w.now + time; l->w.now < end;) {
        aksu_time next = end;
        for (unsigned i = 0; i < 2; i++) {
            aksu_time due = aksu_next_timeout(l->w.net[i]);
            next = due < next ? due : next;
        }
        l->w.now = next > l->w.now ? next : l->w.now;
        for (unsigned i = 0; i < 2; i++)
            aksu_timeouts(l->w.net[i], l->w.now);
        move_and_count(l);
    }
}

static void link_init(struct link *l, bool v6)
{
    *l = (struct link){ .questions = 0 };
    two_init(&l->w, &(struct link_options){ .ethernet = true, .v6 = v6 });
    aksu_listener listener = listen_on(&l->w, SERVER, 80, false);
    l->conn[CLIENT] = open_to(&l->w, 80);
    move_and_count(l);
    time_passes(l, AKSU_MS(1));
    assert_int_equal(aksu_accept(l->w.net[SERVER], listener, &l->conn[SERVER], l->w.now), AKSU_OK);
    assert_true(l->questions > 0);
    l->questions = 0;
}

static void say(struct link *l, unsigned from)
{
    char text[16];
    assert_int_equal(aksu_send(l->w.net[from], l->conn[from], "text", 4, 0, l->w.now), 4);
    move_and_count(l);
    assert_int_equal(aksu_receive(l->w.net[1 - from], l->conn[1 - from], text, 16, l->w.now), 4);
}

static void progress_asks_nobody(void **state)
{
    (void)state;
    static const aksu_time pause[] = { AKSU_MS(100), AKSU_SECONDS(1), AKSU_SECONDS(20),
                                       AKSU_SECONDS(100) };
    for (unsigned kind = 0; kind < 16; kind++) {
        struct link l;
        link_init(&l, kind & 1);
        aksu_time every = pause[kind / 4];
        for (aksu_time t = 0; t < AKSU_SECONDS(120) + 4 * every; t += every) {
            say(&l, CLIENT);
            if (kind & 2)
                say(&l, SERVER);
            time_passes(&l, every);
        }
        assert_int_equal(l.questions, 0);
        two_fini(&l.w);
    }
}

/* Keep-alives are answered, but that acknowledges nothing new. */
static void without_progress_they_are_asked(void **state)
{
    (void)state;
    for (unsigned v6 = 0; v6 < 2; v6++) {
        struct link l;
        link_init(&l, v6);
        struct aksu *net = l.w.net[CLIENT];
        assert_int_equal(aksu_set(net, l.conn[CLIENT], AKSU_OPTION_KEEPALIVE_IDLE, 2000, l.w.now),
                         AKSU_OK);
        assert_int_equal(aksu_set(net, l.conn[CLIENT], AKSU_OPTION_KEEPALIVE, 1, l.w.now), AKSU_OK);
        time_passes(&l, AKSU_SECONDS(120));
        assert_true(l.questions >= 2);
        assert_int_equal(state_of(net, l.conn[CLIENT]), AKSU_TCP_ESTABLISHED);
        two_fini(&l.w);
    }
}

/* Old text that is sent again is no progress of the peer's. */
static void repeated_text_is_no_progress(void **state)
{
    (void)state;
    struct link l;
    struct aksu_frame f;
    uint8_t octets[200];
    link_init(&l, false);
    say(&l, CLIENT);
    time_passes(&l, AKSU_SECONDS(1));
    assert_int_equal(aksu_send(l.w.net[CLIENT], l.conn[CLIENT], "text", 4, 0, l.w.now), 4);
    assert_true(take_frame(&l.w, CLIENT, &f));
    size_t length = 0;
    for (uint32_t i = 0; i < f.parts; length += f.part[i++].length)
        memcpy(octets + length, f.part[i].data, f.part[i].length);
    struct aksu_frame again = { .parts = 1, .length = (uint32_t)length };
    again.part[0] = (struct aksu_slice){ octets, length };
    for (unsigned i = 0; i < 100; i++) {
        aksu_frame_in(l.w.net[SERVER], l.w.pair.device[SERVER], &again, l.w.now);
        while (take_frame(&l.w, SERVER, &f))    /* its ACK is lost on the way */
            l.questions += is_question(&f);
        l.w.now += AKSU_SECONDS(1);
        aksu_timeouts(l.w.net[SERVER], l.w.now);
    }
    assert_true(l.questions > 0);
    two_fini(&l.w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(progress_asks_nobody),
        cmocka_unit_test(without_progress_they_are_asked),
        cmocka_unit_test(repeated_text_is_no_progress),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
