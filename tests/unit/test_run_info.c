/* test_run_info.c - TCP_INFO as Linux counts it, from what STATUS says in octets. */
#include "run/tcp_info.h"

#include "help.h"

static struct tcp_info told(struct aksu_info from)
{
    struct tcp_info out;
    from.snd_mss = 1000;
    run_tcp_info_from(&from, 1500, &out);
    return out;
}

/* What was lost is lost until it is acknowledged; a loss probe alone means nothing yet. */
static void lost_and_sent_again(void **state)
{
    (void)state;
    struct aksu_info from = { .lost = 4500, .resent = 2000, .recovery = "recovery" };
    assert_int_equal(told(from).tcpi_lost, 7);
    assert_int_equal(told(from).tcpi_retrans, 2);
    from.recovery = "loss";
    assert_int_equal(told(from).tcpi_lost, 7);
    from = (struct aksu_info){ .resent = 1000, .recovery = "open" };
    assert_int_equal(told(from).tcpi_lost, 0);
    assert_int_equal(told(from).tcpi_retrans, 1);
}

static void the_degree_of_reordering(void **state)
{
    (void)state;
    assert_int_equal(told((struct aksu_info){ .reordering = 0 }).tcpi_reordering, 3);
    assert_int_equal(told((struct aksu_info){ .reordering = 3000 }).tcpi_reordering, 3);
    assert_int_equal(told((struct aksu_info){ .reordering = 5001 }).tcpi_reordering, 6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lost_and_sent_again),
        cmocka_unit_test(the_degree_of_reordering),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
