/* test_device_capture_file.c - a capture file holds whole checksums and whole blocks, and files
 * that cannot be written end a capture, not the traffic. */
#include "capture_help.h"

#include "wire/checksum.h"
#include "wire/ipv4.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

static void checksums_are_whole(void **state)
{
    (void)state;
    for (unsigned k = 0; k < 4; k++) {
        struct world w;
        world_init(&w, k & 1, AKSU_OFFLOAD_TSO | AKSU_OFFLOAD_CHECKSUM);
        send_text(&w, k & 2 ? "fd00::1" : "10.0.0.1", 200000);
        world_stop(&w);
        struct file *f = file_of(w.path);
        uint32_t longest = 0;
        for (uint32_t n = 0; n < f->entries; n++)
            longest = f->entry[n].length > longest ? f->entry[n].length : longest;
        assert_true(longest > 20000);
        if (has_tshark() && !(k & 1))       /* without Ethernet all packets are segments */
            assert_int_equal(tshark_lines(w.path, "-Y 'tcp.checksum.status == \"Good\"'"),
                             f->entries);
        free_file(f);
        world_fini(&w);
    }
}

static void checksums_add_up(void **state)
{
    (void)state;
    struct world w;
    world_init(&w, false, AKSU_OFFLOAD_CHECKSUM);
    send_text(&w, "10.0.0.1", 5000);
    world_stop(&w);
    struct file *f = file_of(w.path);
    unsigned segments = 0;
    for (uint32_t n = 0; n < f->entries; n++) {
        struct reader r = reader_of(f->entry[n].octets, f->entry[n].length);
        struct ipv4_header h;
        if (wire_ipv4_parse(&r, &h) != IPV4_GOOD || h.protocol != IP_PROTOCOL_TCP)
            continue;
        struct checksum sum = checksum_pseudo(&h.source, &h.destination, h.protocol,
                                              (uint32_t)reader_left(&r));
        checksum_add(&sum, r.at, reader_left(&r));
        assert_int_equal(checksum_finish(&sum), 0);
        segments++;
    }
    assert_true(segments > 8);
    free_file(f);
    world_fini(&w);
}

static void a_reader_sees_it_at_once(void **state)
{
    (void)state;
    struct world w;
    world_init(&w, false, 0);
    (void)open_from(&w, A, "10.0.0.2", 81);
    world_settle(&w);
    struct file *f = file_of(w.path);
    assert_int_equal(f->entries, 2);
    free_file(f);
    world_fini(&w);
}

static void a_full_disk_ends_the_capture(void **state)
{
    (void)state;
    struct world w;
    struct rlimit before, small = { 70000, RLIM_INFINITY };
    world_init(&w, false, 0);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    small.rlim_max = before.rlim_max;
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    send_text(&w, "10.0.0.1", 200000);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    signal(SIGXFSZ, SIG_DFL);
    assert_false(w.i[B]->gone);
    assert_says(w.i[B]->why, "the capture ends here, the traffic goes on");
    assert_says(w.i[B]->why, w.path);
    send_text(&w, "10.0.0.1", 1000);
    world_stop(&w);
    struct file *f = file_of(w.path);
    assert_true(f->length <= 70000 && f->entries > 2);
    free_file(f);
    world_fini(&w);
}

static void the_end_is_passed_on(void **state)
{
    (void)state;
    struct world w;
    struct aksu_frame frame;
    world_init(&w, false, 0);
    w.end[B].i.gone = true;
    snprintf(w.end[B].i.why, AKSU_WHY, "somebody took it");
    assert_int_equal(w.i[B]->ops->receive(w.i[B], &frame, 1), -1);
    assert_true(w.i[B]->gone);
    assert_string_equal(w.i[B]->why, "somebody took it");
    world_fini(&w);
}

static void files_that_cannot_be(void **state)
{
    (void)state;
    struct wire_end *end = new_wire(true, 0);
    const struct aksu_interface_ops *own = end->i.ops;
    char why[AKSU_WHY] = "", pipe_path[] = "/tmp/aksu-pipe-XXXXXX";
    assert_null(aksu_capture_open(&end->i, "/nowhere/x.pcapng", 0, why));
    assert_says(why, "No such file");
    assert_null(aksu_capture_open(&end->i, "/dev/full", 0, why));
    assert_says(why, "No space left");
    close(mkstemp(pipe_path));
    unlink(pipe_path);
    assert_int_equal(mkfifo(pipe_path, 0600), 0);
    assert_null(aksu_capture_open(&end->i, pipe_path, 0, why));
    assert_says(why, "a pipe");
    int reader = open(pipe_path, O_RDONLY | O_NONBLOCK);
    assert_null(aksu_capture_open(&end->i, pipe_path, 0, why));
    assert_says(why, "a pipe");
    close(reader);
    unlink(pipe_path);
    assert_null(aksu_capture_sink(&end->i));
    assert_ptr_equal(end->i.ops, own);        /* it stays the caller's */
    free(end);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(checksums_are_whole),
        cmocka_unit_test(checksums_add_up),
        cmocka_unit_test(a_reader_sees_it_at_once),
        cmocka_unit_test(a_full_disk_ends_the_capture),
        cmocka_unit_test(the_end_is_passed_on),
        cmocka_unit_test(files_that_cannot_be),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
