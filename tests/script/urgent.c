/* urgent.c - urgent data (RFC 9293 3.8.5 [MUST-30], RFC 6093 6): legacy, but supported. */
#include "tests/script/script.h"

SCRIPT(the_pointer_names_the_octet_after)           /* RFC 9293 3.8.5 [MUST-30], 3.8.5 [MUST-62] */
{
    given(ESTABLISHED);
    user_send_more(2);
    user_send_urgent(1);
    out(PSH|URG|ACK, .seq = 1, .ack = 1, .len = 3, .urgent = 3);
    after(SECONDS(1));
    out(PSH|URG|ACK, .seq = 1, .ack = 1, .len = 3, .urgent = 3);
}

SCRIPT(urgent_data_of_any_length) /* RFC 9293 3.8.5 [MUST-30], 3.8.5 [MUST-31] */
{
    config.initial_window = 200;
    config.send_buffer = 200000;
    given(ESTABLISHED, .wscale = SHIFT(2), .wnd = 200000);
    user_send_urgent(100000);
    for (uint32_t i = 0; i < 100; i++) {
        uint32_t left = 100000 - 1000 * i;
        out(URG|ACK | (i == 99 ? PSH : 0), .seq = 1 + 1000 * i, .ack = 1, .len = 1000,
            .urgent = (uint16_t)(left > 65535 ? 65535 : left));
    }
    user_send(1000);
    out(PSH|ACK, .seq = 100001, .ack = 1, .len = 1000);
}

SCRIPT(urgent_mode_lasts_until_all_is_read)         /* RFC 9293 3.8.5 [MUST-31], 3.8.5 [MUST-33] */
{
    given(ESTABLISHED);
    for (uint32_t i = 0; i < 30; i++) {
        in (PSH|URG|ACK, .seq = 1 + 1000 * i, .ack = 1, .len = 1000,
            .urgent = (uint16_t)(30000 - 1000 * i));
        (void)acks(1);
    }
    acked(30001);
    for (unsigned i = 0; i < 30; i++) {
        check(script_status().urgent_pending);
        check_eq(script_status().urgent_left, 30000 - 1000 * i);
        user_receive(1000);
        (void)acks(1);
    }
    check(!script_status().urgent_pending);
}

SCRIPT(one_notification_for_each_advance)           /* RFC 9293 3.8.5 [MUST-32] */
{
    given(ESTABLISHED);
    in (URG|ACK, .seq = 1, .ack = 1, .urgent = 10);
    in (URG|ACK, .seq = 1, .ack = 1, .urgent = 20);
    in (URG|ACK, .seq = 1, .ack = 1, .urgent = 20);
    check_eq(event_count(urgent), 2);
    ready_has(AKSU_URGENT);
}
