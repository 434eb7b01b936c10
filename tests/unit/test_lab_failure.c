/* test_lab_failure.c - an act of the labs that cannot go on, for want of memory or room in a table
 * (lab/stage.h): it says why, and what the scenario does from there on does nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "lab/stage.h"

enum { TOO_MANY = 17, OCTETS = 1000 };

static void never(struct lab *lab, void *context)
{
    (void)lab;
    (void)context;
    fail_msg("what was planned happens although the act cannot go on");
}

static void use_what_is_not_there(struct lab *lab, struct lab_host *host)
{
    struct lab_listener *listener = lab_listen(lab, host, &(struct aksu_listen){ 0 });
    assert_non_null(listener->host);
    listener->waits = true;
    lab_accept(listener);
    struct lab_end *accepted = lab_accepted(listener, 0);
    struct lab_end *end = lab_open(lab, host, host, 80, NULL);
    assert_true(accepted->failed && end->failed);
    lab_send(accepted, OCTETS);
    lab_tell(accepted, "words");
    lab_read(accepted, OCTETS);
    lab_set(accepted, AKSU_OPTION_NODELAY, 1);
    lab_note(accepted, LAB_NO_WORDS);
    lab_shutdown(accepted);
    lab_close(accepted);
    lab_abort(accepted);
    assert_int_equal(lab_state(accepted), AKSU_TCP_CLOSED);
    struct aksu_sim_cable *cable = lab_cable(lab, host, lab_router(lab), NULL);
    assert_non_null(aksu_sim_path(cable, 0));
    lab_cut(lab, cable, true);
    lab_show(lab, host, host);
    lab_reboot(host);
    lab_look(lab, LAB_NO_WORDS, end, accepted);
    lab_at(lab, 0, never, NULL);
    assert_false(lab_run(lab, AKSU_SECONDS(1)));
}

static void too_many_hosts(struct lab *lab)
{
    struct lab_host *host = NULL;
    for (unsigned i = 0; i < TOO_MANY; i++)
        host = lab_host(lab, "host", NULL);
    assert_non_null(host->net);
    assert_ptr_equal(host->lab, lab);
    use_what_is_not_there(lab, host);
}

static void a_listener_twice(struct lab *lab)
{
    struct lab_host *host = lab_host(lab, "host", NULL);
    const struct aksu_listen how = { .local.port = 80 };
    struct lab_listener *first = lab_listen(lab, host, &how);
    assert_ptr_equal(first->host, host);
    struct lab_listener *second = lab_listen(lab, host, &how);
    assert_true(lab_accepted(second, 0)->failed);
    lab_accept(second);
    use_what_is_not_there(lab, host);
}

static const char *why_of(void (*play)(struct lab *lab))
{
    const struct lab_act act = { .play = play };
    const struct lab_scenario scenario = { .name = "failure", .acts = &act, .act_count = 1 };
    struct lab_play how;
    lab_init_play(&how, &scenario);
    struct lab_result result = lab_play(&how);
    assert_non_null(result.why);
    return result.why;
}

static void what_cannot_go_on_says_why(void **state)
{
    (void)state;
    assert_string_equal(why_of(too_many_hosts), "no memory for a host, or more than 16");
    assert_string_equal(why_of(a_listener_twice), "a listener could not be made");
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(what_cannot_go_on_says_why) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
