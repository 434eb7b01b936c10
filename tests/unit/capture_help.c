/* capture_help.c - see capture_help.h. */
#include "capture_help.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

/* --- a wire in memory: an interface of our own at each end --- */

static int wire_receive(struct aksu_interface *i, struct aksu_frame *out, unsigned most)
{
    struct wire_end *e = (struct wire_end *)i;
    unsigned n = 0;
    if (i->gone)
        return -1;
    while (n < most && e->first < e->count)
        out[n++] = e->frame[e->first++];
    if (e->first == e->count && n == 0)
        e->first = e->count = 0;
    return (int)n;
}

static enum aksu_transmit wire_transmit(struct aksu_interface *i, const struct aksu_frame *frame)
{
    struct wire_end *e = (struct wire_end *)i, *to = e->other;
    if (e->answers > 0)
        return e->next[--e->answers];
    assert_true(to->count < FRAMES && frame->length <= ROOM);
    uint8_t *at = to->octets[to->count];
    struct aksu_frame *f = &to->frame[to->count++];
    *f = *frame;
    f->parts = 1;
    f->part[0] = (struct aksu_slice){ at, frame->length };
    for (uint32_t k = 0; k < frame->parts; k++) {
        memcpy(at, frame->part[k].data, frame->part[k].length);
        at += frame->part[k].length;
    }
    return AKSU_TRANSMIT_DONE;
}

static void wire_close(struct aksu_interface *i)
{
    i->ops = NULL;
}

static const struct aksu_interface_ops wire_ops = { .receive = wire_receive,
                                                    .transmit = wire_transmit,
                                                    .close = wire_close };

struct wire_end *new_wire(bool ethernet, uint32_t offload)
{
    struct wire_end *end = calloc(2, sizeof *end);
    assert_non_null(end);
    for (unsigned k = 0; k < 2; k++) {
        end[k].i = (struct aksu_interface){ .ops = &wire_ops, .fd = -1, .name = "wire0",
                                            .retry_at = AKSU_NEVER };
        end[k].i.device = (struct aksu_device_config){ .name = "wire0", .mtu = 1500,
                                                       .offload = offload };
        if (ethernet)
            memcpy(end[k].i.device.mac, (uint8_t[]){ 2, 0, 0, 0, 0, (uint8_t)(k + 1) }, 6);
        end[k].other = &end[1 - k];
    }
    return end;
}

void world_init(struct world *w, bool ethernet, uint32_t offload)
{
    static const char *const address[2][2] = { { "10.0.0.1/24", "fd00::1/64" },
                                               { "10.0.0.2/24", "fd00::2/64" } };
    char why[AKSU_WHY];
    *w = (struct world){ .end = new_wire(ethernet, offload), .now = AKSU_SECONDS(100) };
    snprintf(w->path, sizeof w->path, "/tmp/aksu-capture-XXXXXX");
    close(mkstemp(w->path));
    w->i[A] = &w->end[A].i;
    w->i[B] = aksu_capture_open(&w->end[B].i, w->path, AKSU_SECONDS(1000000000), why);
    if (w->i[B] == NULL)
        fail_msg("%s", why);
    for (unsigned k = 0; k < 2; k++) {
        struct aksu_config config = { .seed = { (uint8_t)k } };
        config.sink = k == B ? aksu_capture_sink(w->i[B]) : NULL;
        w->net[k] = aksu_new(&config, w->now);
        assert_int_equal(aksu_attach(w->net[k], &w->i[k]->device, &w->device[k]), AKSU_OK);
        for (unsigned a = 0; a < 2; a++)
            assert_int_equal(aksu_address_add(w->net[k], w->device[k], address[k][a]), AKSU_OK);
    }
}

void world_fini(struct world *w)
{
    for (unsigned k = 0; k < 2; k++) {
        if (w->net[k] != NULL)
            aksu_free(w->net[k]);
        if (w->i[k] != NULL)
            aksu_interface_close(w->i[k]);
    }
    free(w->end);
    unlink(w->path);
}

void world_stop(struct world *w)
{
    aksu_free(w->net[B]);
    aksu_interface_close(w->i[B]);
    w->net[B] = NULL;
    w->i[B] = NULL;
    assert_null(w->end[B].i.ops);           /* closed with it */
}

void world_settle(struct world *w)
{
    bool moved;
    do {
        moved = false;
        for (unsigned k = 0; k < 2; k++)
            moved |= aksu_interface_move(w->i[k], w->net[k], w->device[k], w->now);
    } while (moved);
}

void world_pass(struct world *w, aksu_time time)
{
    for (aksu_time end = w->now + time; w->now < end;) {
        w->now += AKSU_MS(10);
        for (unsigned k = 0; k < 2; k++)
            aksu_timeouts(w->net[k], w->now);
        world_settle(w);
    }
}

aksu_conn open_from(struct world *w, unsigned side, const char *to, uint16_t port)
{
    aksu_conn c;
    struct aksu_open how = { .remote = { .port = port } };
    assert_true(aksu_ip_parse(to, &how.remote.ip));
    assert_int_equal(aksu_open(w->net[side], &how, &c, w->now), AKSU_OK);
    return c;
}

aksu_listener listen_at(struct world *w, unsigned side)
{
    aksu_listener l;
    struct aksu_listen how = { .local = { .port = 80 } };
    assert_int_equal(aksu_listen(w->net[side], &how, &l, w->now), AKSU_OK);
    return l;
}

/* --- the reader --- */

static uint32_t le32(const uint8_t *p)
{
    return (uint32_t)p[3] << 24 | (uint32_t)p[2] << 16 | (uint32_t)p[1] << 8 | p[0];
}

static uint32_t le16(const uint8_t *p)
{
    return (uint32_t)p[1] << 8 | p[0];
}

/* The value of option `code`, with a zero after it; the options must end as they should. */
static size_t read_option(const uint8_t *at, const uint8_t *end, uint32_t code, void *to,
                          size_t room)
{
    size_t found = 0;
    memset(to, 0, room);
    for (;;) {
        assert_true(end - at >= 4);
        uint32_t this = le16(at), length = le16(at + 2);
        at += 4;
        if (this == 0) {
            assert_int_equal(length, 0);
            assert_ptr_equal(at, end);
            return found;
        }
        assert_true(end - at >= (ptrdiff_t)length);
        if (this == code) {
            assert_true(length < room);
            memcpy(to, at, length);
            found = length;
        }
        at += (length + 3) / 4 * 4;
    }
}

static void read_packet(struct file *f, const uint8_t *b, const uint8_t *end)
{
    assert_true(f->entries < FRAMES);
    struct entry *e = &f->entry[f->entries++];
    uint8_t flags[8];
    assert_int_equal(le32(b), 0);
    e->at = (uint64_t)le32(b + 4) << 32 | le32(b + 8);
    e->length = le32(b + 16);
    assert_int_equal(le32(b + 12), e->length);      /* nothing was cut */
    e->octets = b + 20;
    const uint8_t *options = b + 20 + (e->length + 3) / 4 * 4;
    assert_int_equal(read_option(options, end, 2, flags, sizeof flags), 4);
    assert_true(le32(flags) == 1 || le32(flags) == 2);
    e->out = le32(flags) == 2;
    read_option(options, end, 1, e->comment, sizeof e->comment);
}

static void read_block(struct file *f, uint32_t type, const uint8_t *b, const uint8_t *end)
{
    uint8_t small[16];
    switch (type) {
    case 0x0a0d0d0a:
        assert_int_equal(le32(b), 0x1a2b3c4d);
        read_option(b + 16, end, 4, f->application, sizeof f->application);
        break;
    case 1:
        f->link = le16(b);
        assert_int_equal(le32(b + 4), 262144);
        read_option(b + 8, end, 2, f->name, sizeof f->name);
        assert_int_equal(read_option(b + 8, end, 9, small, sizeof small), 1);
        assert_int_equal(small[0], 9);
        break;
    case 5:
        read_option(b + 12, end, 1, f->last, sizeof f->last);
        assert_int_equal(read_option(b + 12, end, 4, small, sizeof small), 8);
        break;
    case 6:
        read_packet(f, b, end);
        break;
    default:
        fail_msg("a block of type %u", type);
    }
}

static void read_file(struct file *f, const char *path)
{
    struct stat s;
    *f = (struct file){ .entries = 0 };
    int fd = open(path, O_RDONLY);
    assert_true(fd >= 0 && fstat(fd, &s) == 0);
    f->length = (size_t)s.st_size;
    f->octets = malloc(f->length);
    assert_int_equal(read(fd, f->octets, f->length), f->length);
    close(fd);
    for (size_t at = 0; at < f->length;) {
        assert_true(f->length - at >= 12);
        size_t length = le32(f->octets + at + 4);
        assert_true(length >= 12 && length % 4 == 0 && length <= f->length - at);
        assert_int_equal(le32(f->octets + at + length - 4), length);
        read_block(f, le32(f->octets + at), f->octets + at + 8, f->octets + at + length - 4);
        at += length;
    }
}

struct file *file_of(const char *path)
{
    struct file *f = malloc(sizeof *f);
    assert_non_null(f);
    read_file(f, path);
    return f;
}

void free_file(struct file *f)
{
    free(f->octets);
    free(f);
}

void assert_says(const char *comment, const char *words)
{
    if (strstr(comment, words) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", comment, words);
}

void assert_silent(const char *comment, const char *words)
{
    if (strstr(comment, words) != NULL)
        fail_msg("\"%s\" says \"%s\"", comment, words);
}

bool has_tshark(void)
{
    return system("tshark -v >/dev/null 2>&1") == 0;
}

unsigned tshark_lines(const char *path, const char *arguments)
{
    char command[300], line[4096];
    unsigned lines = 0;
    snprintf(command, sizeof command, "tshark -o tcp.check_checksum:TRUE -r %s %s 2>/dev/null",
             path, arguments);
    FILE *out = popen(command, "r");
    assert_non_null(out);
    while (fgets(line, sizeof line, out) != NULL)
        lines++;
    assert_int_equal(pclose(out), 0);
    return lines;
}

void send_text(struct world *w, const char *to, size_t length)
{
    static uint8_t text[1 << 20];
    aksu_listener l = listen_at(w, A);
    aksu_conn c = open_from(w, B, to, 80), end;
    world_settle(w);
    assert_int_equal(aksu_accept(w->net[A], l, &end, w->now), AKSU_OK);
    for (size_t sent = 0, got = 0; got < length;) {
        ptrdiff_t n = aksu_send(w->net[B], c, text, length - sent, 0, w->now);
        sent += n > 0 ? (size_t)n : 0;
        world_settle(w);
        while ((n = aksu_receive(w->net[A], end, text, sizeof text, w->now)) > 0)
            got += (size_t)n;
        world_pass(w, AKSU_MS(10));
    }
    assert_int_equal(aksu_close(w->net[B], c, w->now), AKSU_OK);
    world_settle(w);
    assert_int_equal(aksu_close(w->net[A], end, w->now), AKSU_OK);
    assert_int_equal(aksu_close_listener(w->net[A], l, w->now), AKSU_OK);
    world_settle(w);
}
