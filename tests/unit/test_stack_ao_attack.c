/* test_stack_ao_attack.c - whom TCP-AO keeps out (RFC 5925 7.3, 7.5, 7.7, 7.8): segments without a
 * MAC, with a wrong one, of an older connection; ICMP; and the rules for the keys themselves. */
#include "ao_help.h"

#include "stack/stack.h"

static void pair_of(struct two *w, aksu_conn c[2])
{
    ao_two(w, NULL, AKSU_AO_SHA1, NULL);
    aksu_listener l = listen_on(w, SERVER, 80, false);
    c[CLIENT] = open_to(w, 80);
    (void)ao_move(w, NULL, NULL);
    assert_int_equal(aksu_accept(w->net[SERVER], l, &c[SERVER], w->now), AKSU_OK);
}

static void same_info(const struct aksu_info *a, const struct aksu_info *b)
{
    assert_int_equal(a->state, b->state);
    assert_int_equal(a->soft_error, b->soft_error);
    assert_int_equal(a->snd_una, b->snd_una);
    assert_int_equal(a->snd_nxt, b->snd_nxt);
    assert_int_equal(a->snd_wnd, b->snd_wnd);
    assert_int_equal(a->snd_mss, b->snd_mss);
    assert_int_equal(a->rcv_nxt, b->rcv_nxt);
    assert_int_equal(a->rcv_wnd, b->rcv_wnd);
    assert_int_equal(a->receive_queued, b->receive_queued);
    assert_int_equal(a->segments_in, b->segments_in);
    assert_int_equal(a->rto_us, b->rto_us);
    assert_int_equal(a->timer_at, b->timer_at);
}

/* Nothing at all has happened to the server's end, and it says nothing. */
static void untouched(struct two *w, aksu_conn c, const struct aksu_info *before)
{
    struct aksu_info after = ao_info(w->net[SERVER], c);
    struct aksu_frame f;
    assert_false(take_frame(w, SERVER, &f));
    same_info(&after, before);
}

static void without_a_mac_nothing_gets_in(void **state) /* RFC 5925 7.3, 7.5, R5925-7.3-a */
{
    (void)state;
    static const struct { uint8_t ctl; uint32_t seq, text; } sent[] = {
        { CTL_RST, 0, 0 }, { CTL_RST | CTL_ACK, 0, 0 }, { CTL_RST, 100, 0 }, { CTL_SYN, 0, 0 },
        { CTL_SYN | CTL_ACK, 5000, 0 }, { CTL_ACK, 0, 0 }, { CTL_ACK | CTL_PSH, 0, 100 },
        { CTL_ACK, 0xffff0000, 0 }, { CTL_ACK, 500, 10 }, { CTL_FIN | CTL_ACK, 0, 0 } };
    struct two w;
    aksu_conn c[2];
    pair_of(&w, c);
    struct aksu_info client = ao_info(w.net[CLIENT], c[CLIENT]);
    struct aksu_info before = ao_info(w.net[SERVER], c[SERVER]);
    for (unsigned i = 0; i < sizeof sent / sizeof sent[0]; i++) {
        ao_forge(&w, CLIENT, &client, sent[i].ctl, sent[i].seq, sent[i].text);
        untouched(&w, c[SERVER], &before);
        assert_int_equal(counted(w.net[SERVER], AKSU_EV_ao_missing), i + 1);
        assert_int_equal(ao_status(w.net[SERVER], c[SERVER]).missing, i + 1);
    }
    assert_int_equal(counted(w.net[SERVER], AKSU_EV_challenge_ack), 0);
    ao_transfer(&w, c, CLIENT, 10000, NULL, NULL);
    two_fini(&w);
}

/* One frame of the client is kept, with its text. */
struct kept {
    struct ao_frame frame;
    unsigned count;
};

static bool keep_text(void *context, struct ao_frame *f)
{
    struct kept *k = context;
    if (f->from == CLIENT && f->seg.text_len > 0 && k->count++ == 0)
        k->frame = *f;
    return true;
}

static void a_wrong_mac_is_dropped(void **state)    /* RFC 5925 7.3, R5925-7.3-a */
{
    (void)state;
    struct two w;
    aksu_conn c[2];
    struct kept k = { .count = 0 };
    pair_of(&w, c);
    assert_int_equal(aksu_send(w.net[CLIENT], c[CLIENT], "hello", 5, 0, w.now), 5);
    struct aksu_frame f;
    assert_true(take_frame(&w, CLIENT, &f));        /* it does not arrive */
    for (uint32_t i = 0; i < f.parts; i++) {
        memcpy(k.frame.octets + k.frame.length, f.part[i].data, f.part[i].length);
        k.frame.length += (uint32_t)f.part[i].length;
    }
    struct aksu_info before = ao_info(w.net[SERVER], c[SERVER]);
    unsigned bad = 0;
    for (uint32_t at = IPV4_HEADER; at < k.frame.length; at++) {
        struct ao_frame changed = k.frame;
        uint32_t of_tcp = at - IPV4_HEADER;
        changed.tcp = changed.octets + IPV4_HEADER;
        /* not the ports, the offset, the checksum, nor the kinds and lengths of options */
        bool header = of_tcp < 4 || of_tcp == 12 || (of_tcp >= 16 && of_tcp < 18);
        bool layout = of_tcp >= 20 && of_tcp < 24;
        if (header || layout || of_tcp == 32 || of_tcp == 33 || of_tcp == 34)
            continue;
        changed.octets[at] ^= 0x40;
        ao_mend(&changed);
        ao_inject(&w, SERVER, changed.octets, changed.length);
        untouched(&w, c[SERVER], &before);
        assert_int_equal(counted(w.net[SERVER], AKSU_EV_ao_bad_mac), ++bad);
    }
    assert_true(bad > 20);
    ao_inject(&w, SERVER, k.frame.octets, k.frame.length);
    assert_int_equal(ao_info(w.net[SERVER], c[SERVER]).receive_queued, 5);
    struct ao_frame other = k.frame;                /* a KeyID that nobody has */
    other.tcp = other.octets + IPV4_HEADER;
    other.tcp[34] = 99;
    ao_mend(&other);
    ao_inject(&w, SERVER, other.octets, other.length);
    assert_int_equal(counted(w.net[SERVER], AKSU_EV_ao_no_key), 1);
    assert_int_equal(ao_status(w.net[SERVER], c[SERVER]).bad_mac, bad);
    two_fini(&w);
}

/* Behind a good segment, in one batch, comes one that looks like its continuation, with the same
 * options: they are not made one, or both would be lost. */
static void a_forged_continuation_harms_nobody(void **state)    /* RFC 5925 7.3 */
{
    (void)state;
    struct two w;
    aksu_conn c[2];
    struct aksu_frame f;
    struct ao_frame good = { .length = 0 }, forged;
    pair_of(&w, c);
    assert_int_equal(aksu_send(w.net[CLIENT], c[CLIENT], "hello", 5, 0, w.now), 5);
    assert_true(take_frame(&w, CLIENT, &f));
    for (uint32_t i = 0; i < f.parts; i++) {
        memcpy(good.octets + good.length, f.part[i].data, f.part[i].length);
        good.length += (uint32_t)f.part[i].length;
    }
    good.octets[IPV4_HEADER + 13] = CTL_ACK;        /* a push would end the run: sign it anew */
    struct tcp *t = &conn_find(w.net[CLIENT], c[CLIENT])->tcp;
    struct aksu_ip any = { { 0 } };
    good.tcp = good.octets + IPV4_HEADER;
    memset(good.tcp + wire_tcp_ao_at(good.tcp) + 4, 0, AO_MAC);
    assert_int_equal(wire_tcp_parse(good.tcp, good.length - IPV4_HEADER, NULL, 0, &any, &any, true,
                                    &good.seg), TCP_GOOD);
    ao_sign(t, &good.seg, good.tcp, true);
    ao_mend(&good);
    forged = good;
    forged.tcp = forged.octets + IPV4_HEADER;
    store_be32(forged.tcp + 4, load_be32(good.tcp + 4) + 5);
    ao_mend(&forged);
    struct aksu_frame in[2] = { { .parts = 1, .length = good.length,
                                  .part = { { good.octets, good.length } } },
                                { .parts = 1, .length = forged.length,
                                  .part = { { forged.octets, forged.length } } } };
    aksu_frames_in(w.net[SERVER], w.pair.device[SERVER], in, 2, w.now);
    assert_int_equal(ao_info(w.net[SERVER], c[SERVER]).receive_queued, 5);
    assert_int_equal(counted(w.net[SERVER], AKSU_EV_ao_bad_mac), 1);
    two_fini(&w);
}

/* RFC 5925 5.2: other ISNs, other keys. The MKT, the pair, even the sequence numbers are equal. */
static void an_older_connection_is_not_replayed(void **state)
{
    (void)state;
    struct two w;
    aksu_conn c[2];
    struct kept k = { .count = 0 };
    struct aksu_open how = { .local = { .port = 5000 } };
    ao_two(&w, NULL, AKSU_AO_AES128, NULL);
    aksu_listener l = listen_on(&w, SERVER, 80, false);
    how.remote = (struct aksu_endpoint){ ip_of(&w, SERVER), 80 };
    for (unsigned turn = 0; turn < 2; turn++) {
        assert_int_equal(aksu_open(w.net[CLIENT], &how, &c[CLIENT], w.now), AKSU_OK);
        (void)ao_move(&w, NULL, NULL);
        assert_int_equal(aksu_accept(w.net[SERVER], l, &c[SERVER], w.now), AKSU_OK);
        if (turn == 1)
            break;
        ao_transfer(&w, c, CLIENT, 1000, keep_text, &k);
        (void)aksu_abort(w.net[CLIENT], c[CLIENT], w.now);
        (void)ao_move(&w, NULL, NULL);
        (void)aksu_abort(w.net[SERVER], c[SERVER], w.now);
    }
    struct aksu_info before = ao_info(w.net[SERVER], c[SERVER]);
    ao_inject(&w, SERVER, k.frame.octets, k.frame.length);
    k.frame.tcp = k.frame.octets + IPV4_HEADER;
    store_be32(k.frame.tcp + 4, before.rcv_nxt);    /* into the window */
    store_be32(k.frame.tcp + 8, before.snd_nxt);
    ao_mend(&k.frame);
    ao_inject(&w, SERVER, k.frame.octets, k.frame.length);
    untouched(&w, c[SERVER], &before);
    assert_int_equal(counted(w.net[SERVER], AKSU_EV_ao_bad_mac), 2);
    two_fini(&w);
}

/* Only one end has a key, or they are not the same: nothing comes of it. */
static void both_ends_must_have_the_key(void **state)   /* RFC 5925 7.3, R5925-7.4-a */
{
    (void)state;
    for (unsigned how = 0; how < 4; how++) {
        struct two w;
        struct aksu_mkt mkt[2];
        two_init(&w, NULL);
        for (unsigned side = 0; side < 2; side++) {
            mkt[side] = ao_mkt(side, AKSU_AO_SHA1, CLIENT_ID, SERVER_ID);
            ao_setup(w.net[side]);
        }
        mkt[SERVER].key_length -= how == 2;
        mkt[SERVER].receive_id = how == 3 ? 1 : mkt[SERVER].receive_id;
        if (how != 0)
            (void)ao_give(w.net[CLIENT], &mkt[CLIENT]);
        if (how != 1)
            (void)ao_give(w.net[SERVER], &mkt[SERVER]);
        (void)listen_on(&w, SERVER, 80, false);
        aksu_conn c = open_to(&w, 80);
        (void)ao_move(&w, NULL, NULL);
        assert_int_equal(state_of(w.net[CLIENT], c), AKSU_TCP_SYN_SENT);
        struct aksu *server = w.net[SERVER];
        assert_int_equal(counted(server, AKSU_EV_ao_missing), how == 0);
        assert_int_equal(counted(server, AKSU_EV_ao_unexpected), how == 1);
        assert_int_equal(counted(w.net[CLIENT], AKSU_EV_ao_missing), how == 1); /* the SYN,ACK */
        assert_int_equal(counted(server, AKSU_EV_ao_bad_mac), how == 2);
        assert_int_equal(counted(server, AKSU_EV_ao_no_key), how == 3);
        two_fini(&w);
    }
}

/* RFC 5925 7.3: accepted as if it had none, or by config dropped. */
static void unmatched_segments_are_as_configured(void **state)
{
    (void)state;
    for (unsigned drop = 0; drop < 2; drop++) {
        struct two w;
        struct aksu_frame f;
        struct aksu_ao_config config = { .drop_unmatched = drop };
        two_init(&w, NULL);
        struct aksu_mkt mkt = ao_mkt(CLIENT, AKSU_AO_SHA1, 1, 2);
        ao_setup(w.net[CLIENT]);
        (void)ao_give(w.net[CLIENT], &mkt);
        assert_int_equal(aksu_ao_setup(w.net[SERVER], &config), AKSU_INVALID);
        config.mac = (aksu_ao_mac *)abort;          /* never called */
        assert_int_equal(aksu_ao_setup(w.net[SERVER], &config), AKSU_OK);
        (void)listen_on(&w, SERVER, 80, false);
        (void)open_to(&w, 80);
        assert_true(take_frame(&w, CLIENT, &f));
        aksu_frame_in(w.net[SERVER], w.pair.device[SERVER], &f, w.now);
        assert_int_equal(take_frame(&w, SERVER, &f), !drop);
        assert_int_equal(counted(w.net[SERVER], AKSU_EV_ao_unexpected), 1);
        two_fini(&w);
    }
}

static bool spoil(void *context, struct ao_frame *f)
{
    unsigned how = *(const unsigned *)context;
    size_t at = wire_tcp_ao_at(f->tcp);
    if (f->from != CLIENT || f->seg.text_len == 0 || at == 0)
        return true;
    if (how < 2) {                                  /* too short; beyond the header's end */
        f->tcp[at + 1] = how == 0 ? 3 : 60;
    } else {                                        /* twice: in place of the timestamps */
        memcpy(f->tcp + 20, (const uint8_t[12]){ OPTION_AO, 12 }, 12);
    }
    ao_mend(f);
    return true;
}

static void malformed_options_are_dropped(void **state)     /* RFC 5925 2.2, R5925-2.2-a */
{
    (void)state;
    for (unsigned how = 0; how < 3; how++) {
        struct two w;
        aksu_conn c[2];
        pair_of(&w, c);
        struct aksu_info before = ao_info(w.net[SERVER], c[SERVER]);
        uint64_t drops = counted(w.net[SERVER], AKSU_EV_dropped);
        assert_int_equal(aksu_send(w.net[CLIENT], c[CLIENT], "hello", 5, 0, w.now), 5);
        (void)ao_move(&w, spoil, &how);
        untouched(&w, c[SERVER], &before);
        assert_int_equal(counted(w.net[SERVER], AKSU_EV_dropped), drops + 1);
        two_fini(&w);
    }
}

/* Keys or none, at a listener too: RFC 5925 2.2 has such a SYN discarded. */
static void md5_beside_it_is_dropped(void **state)  /* RFC 5925 2.2, R5925-2.2-a */
{
    (void)state;
    static const uint8_t options[36] = { OPTION_AO, 16, 1, 2, [16] = OPTION_MD5, 18 };
    struct tcp_options both, alone;
    wire_tcp_options_parse(options, 36, &both);
    wire_tcp_options_parse(options + 16, 20, &alone);
    assert_true(both.has & HAS_AO_FAULT);
    assert_false(alone.has & HAS_AO_FAULT);
    struct two w;
    two_init(&w, NULL);
    (void)listen_on(&w, SERVER, 80, false);
    uint8_t octets[IPV4_HEADER + TCP_HEADER + 36];
    struct ipv4_plain ip = { .source = 0x0a000001, .destination = 0x0a000002, .ttl = 64,
                             .total_length = sizeof octets, .protocol = IP_PROTOCOL_TCP };
    struct ao_frame f = { .length = sizeof octets };
    f.tcp = f.octets + IPV4_HEADER;
    wire_ipv4_build_plain(f.octets, &ip);
    store_be32(f.tcp, 5000u << 16 | 80);
    f.tcp[12] = (TCP_HEADER + 36) / 4 << 4;
    f.tcp[13] = CTL_SYN;
    memcpy(f.tcp + TCP_HEADER, options, 36);
    ao_mend(&f);
    ao_inject(&w, SERVER, f.octets, f.length);
    struct aksu_frame out;
    assert_false(take_frame(&w, SERVER, &out));
    two_fini(&w);
}

/* An ICMPv4 message about a segment of the client's that is on its way. */
static void icmp_about(struct two *w, const struct aksu_info *client, uint8_t type, uint8_t code)
{
    uint8_t octets[IPV4_HEADER + 8 + IPV4_HEADER + 8] = { 0 };
    struct ipv4_plain outer = { .source = 0x0a000002, .destination = 0x0a000001, .ttl = 64,
                                .total_length = sizeof octets, .protocol = 1 };
    struct ipv4_plain inner = { .source = 0x0a000001, .destination = 0x0a000002, .ttl = 64,
                                .total_length = 60, .protocol = IP_PROTOCOL_TCP };
    uint8_t *icmp = octets + IPV4_HEADER, *quoted = icmp + 8;
    wire_ipv4_build_plain(octets, &outer);
    wire_ipv4_build_plain(quoted, &inner);
    icmp[0] = type;
    icmp[1] = code;
    store_be16(icmp + 6, 1000);                     /* the next hop's MTU */
    store_be16(quoted + IPV4_HEADER, client->local.port);
    store_be16(quoted + IPV4_HEADER + 2, client->remote.port);
    store_be32(quoted + IPV4_HEADER + 4, client->snd_una);
    struct checksum c = { .sum = 0 };
    checksum_add(&c, icmp, sizeof octets - IPV4_HEADER);
    store_be16(icmp + 2, checksum_finish(&c));
    ao_inject(w, CLIENT, octets, sizeof octets);
}

static void icmp_is_ignored_unless_configured(void **state) /* RFC 5925 7.8, R5925-7.8-a */
{
    (void)state;
    struct two w;
    aksu_conn c[2];
    struct aksu_frame f;
    static uint8_t text[4000];
    pair_of(&w, c);
    assert_int_equal(aksu_send(w.net[CLIENT], c[CLIENT], text, sizeof text, 0, w.now), 4000);
    while (take_frame(&w, CLIENT, &f))
        ;
    struct aksu_info before = ao_info(w.net[CLIENT], c[CLIENT]);
    for (uint8_t code = 2; code <= 4; code++)
        icmp_about(&w, &before, 3, code);
    struct aksu_info after = ao_info(w.net[CLIENT], c[CLIENT]);
    same_info(&after, &before);
    struct aksu_ao_config config = { .mac = (aksu_ao_mac *)abort, .heed_icmp = true };
    assert_int_equal(aksu_ao_setup(w.net[CLIENT], &config), AKSU_OK);
    icmp_about(&w, &before, 3, 3);
    after = ao_info(w.net[CLIENT], c[CLIENT]);
    assert_int_equal(after.soft_error, AKSU_UNREACHABLE_PORT);
    assert_int_equal(after.state, AKSU_TCP_ESTABLISHED);    /* RFC 5927 5 */
    two_fini(&w);
}

/* Without a connection there are no ISNs: silence. A SYN with a good MAC is refused so that its
 * sender believes it. */
static void strangers_hear_nothing(void **state)    /* RFC 5925 7.7 */
{
    (void)state;
    struct two w;
    struct aksu_frame f;
    struct aksu_info someone = { .snd_nxt = 1000, .rcv_nxt = 2000 };
    ao_two(&w, NULL, AKSU_AO_SHA1, NULL);
    (void)listen_on(&w, SERVER, 80, false);
    someone.local = (struct aksu_endpoint){ ip_of(&w, CLIENT), 5000 };
    someone.remote = (struct aksu_endpoint){ ip_of(&w, SERVER), 80 };
    for (unsigned port = 80; port < 82; port++) {
        someone.remote.port = (uint16_t)port;
        ao_forge(&w, CLIENT, &someone, CTL_SYN, 0, 0);
        ao_forge(&w, CLIENT, &someone, CTL_ACK, 0, 0);
        ao_forge(&w, CLIENT, &someone, CTL_ACK, 0, 10);
    }
    assert_false(take_frame(&w, SERVER, &f));
    assert_int_equal(counted(w.net[SERVER], AKSU_EV_ao_missing), 6);
    two_fini(&w);
}

static void a_closed_port_is_refused(void **state)  /* RFC 5925 7.7 */
{
    (void)state;
    for (unsigned v6 = 0; v6 < 2; v6++) {
        struct two w;
        struct link_options o = { .v6 = v6 };
        ao_two(&w, &o, AKSU_AO_AES128, NULL);
        aksu_conn c = open_to(&w, 80);
        move(&w);
        assert_int_equal(ao_info(w.net[CLIENT], c).reason, AKSU_REFUSED);
        assert_int_equal(ao_dropped(w.net[CLIENT]), 0);
        two_fini(&w);
    }
}

static void a_held_syn_can_be_refused(void **state) /* RFC 5925 7.7 */
{
    (void)state;
    struct two w;
    struct aksu_ready r;
    ao_two(&w, NULL, AKSU_AO_SHA1, NULL);
    (void)listen_on(&w, SERVER, 80, true);
    aksu_conn c = open_to(&w, 80);
    (void)ao_move(&w, NULL, NULL);
    assert_true(aksu_next_ready(w.net[SERVER], &r));
    assert_int_equal(r.what, AKSU_SYN_HELD);
    assert_int_equal(aksu_refuse(w.net[SERVER], r.conn, w.now), AKSU_OK);
    (void)ao_move(&w, NULL, NULL);
    assert_int_equal(ao_info(w.net[CLIENT], c).reason, AKSU_REFUSED);
    assert_int_equal(ao_dropped(w.net[CLIENT]), 0);
    two_fini(&w);
}

/* RFC 5925 7.5: the SYN of who has a key is never answered by cookie. */
static void cookies_are_not_for_ao(void **state)
{
    (void)state;
    struct two w;
    struct link_options o = { .config[SERVER].syn_cookies = AKSU_SYN_COOKIES_ALWAYS };
    ao_two(&w, &o, AKSU_AO_SHA1, NULL);
    (void)listen_on(&w, SERVER, 80, false);
    aksu_conn c = open_to(&w, 80);
    (void)ao_move(&w, NULL, NULL);
    assert_int_equal(state_of(w.net[CLIENT], c), AKSU_TCP_ESTABLISHED);
    assert_int_equal(counted(w.net[SERVER], AKSU_EV_syn_cookie_sent), 0);
    two_fini(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_a_mac_nothing_gets_in),
        cmocka_unit_test(a_wrong_mac_is_dropped),
        cmocka_unit_test(a_forged_continuation_harms_nobody),
        cmocka_unit_test(an_older_connection_is_not_replayed),
        cmocka_unit_test(both_ends_must_have_the_key),
        cmocka_unit_test(unmatched_segments_are_as_configured),
        cmocka_unit_test(malformed_options_are_dropped),
        cmocka_unit_test(md5_beside_it_is_dropped),
        cmocka_unit_test(icmp_is_ignored_unless_configured),
        cmocka_unit_test(strangers_hear_nothing),
        cmocka_unit_test(a_closed_port_is_refused),
        cmocka_unit_test(a_held_syn_can_be_refused),
        cmocka_unit_test(cookies_are_not_for_ao),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
