/* test_threads.c - a stack belongs to one thread, and knows nothing of the others: many stacks in
 * as many threads do what each would do alone, octet for octet. Under the thread sanitizer (make
 * CC=clang SAN=thread) also what is shared without having changed an octet is found. An assertion
 * that fails in a thread ends the program. */
#include <pthread.h>

#include "stack_help.h"

#include "aksu/sim.h"
#include "aksu/sink.h"

enum { THREADS = 4, ROUNDS = 12, TEXT = 30000 };

typedef uint64_t work_fn(unsigned number);

struct worker {
    pthread_t thread;
    pthread_barrier_t *start;
    work_fn *work;
    unsigned number;
    uint64_t digest;
};

static void *work(void *argument)
{
    struct worker *w = argument;
    (void)pthread_barrier_wait(w->start);       /* nothing orders what follows */
    w->digest = w->work(w->number);
    return NULL;
}

/* All at once, and then each alone: it is the same. */
static void same_as_alone(work_fn *one)
{
    struct worker w[THREADS];
    pthread_barrier_t start;
    assert_int_equal(pthread_barrier_init(&start, NULL, THREADS), 0);
    for (unsigned i = 0; i < THREADS; i++) {
        w[i] = (struct worker){ .start = &start, .work = one, .number = i };
        assert_int_equal(pthread_create(&w[i].thread, NULL, work, &w[i]), 0);
    }
    for (unsigned i = 0; i < THREADS; i++)
        assert_int_equal(pthread_join(w[i].thread, NULL), 0);
    pthread_barrier_destroy(&start);
    for (unsigned i = 0; i < THREADS; i++) {
        assert_true(w[i].digest == one(i));
        for (unsigned k = 0; k < i; k++)
            assert_true(w[i].digest != w[k].digest);        /* it digests something */
    }
}

/* --- two stacks each --- */

/* FNV-1a, of the log that a stack writes. */
static void digest_text(void *context, const char *text, size_t length)
{
    uint64_t *digest = context;
    for (size_t i = 0; i < length; i++)
        *digest = (*digest ^ (uint8_t)text[i]) * UINT64_C(0x100000001b3);
}

static size_t done(ptrdiff_t octets)
{
    assert_true(octets >= 0 || octets == -(ptrdiff_t)AKSU_WOULD_BLOCK);
    return octets > 0 ? (size_t)octets : 0;
}

static void same_text(struct two *w, aksu_conn from, aksu_conn to, uint64_t *seed)
{
    static _Thread_local uint8_t sent[TEXT], got[TEXT];
    size_t out = 0, in = 0;
    chance_fill(seed, sent, TEXT);
    for (unsigned turns = 0; in < TEXT; turns++) {
        struct aksu_frame lost;
        assert_true(turns < 1000);
        if (out < TEXT)
            out += done(aksu_send(w->net[CLIENT], from, sent + out, TEXT - out, 0, w->now));
        if (chance_below(seed, 4) == 0)
            (void)take_frame(w, CLIENT, &lost);
        wait_for(w, AKSU_MS(300));
        in += done(aksu_receive(w->net[SERVER], to, got + in, TEXT - in, w->now));
    }
    assert_memory_equal(sent, got, TEXT);
}

static uint64_t two_stacks(unsigned number)
{
    struct two w;
    struct aksu_text_sink sink[2];
    uint64_t digest = UINT64_C(0xcbf29ce484222325), seed = number;
    struct link_options o = { .ethernet = number & 1, .v6 = number & 2 };
    for (unsigned i = 0; i < 2; i++) {
        aksu_text_init(&sink[i], (struct aksu_writer){ digest_text, &digest }, "host");
        o.config[i].sink = &sink[i].sink;
        o.config[i].seed[1] = (uint8_t)number;
    }
    two_init(&w, &o);
    aksu_listener l = listen_on(&w, SERVER, 80, false);
    for (unsigned i = 0; i < ROUNDS; i++) {
        aksu_conn c[2];
        connect_pair(&w, l, 80, c);
        same_text(&w, c[CLIENT], c[SERVER], &seed);
        aksu_close(w.net[CLIENT], c[CLIENT], w.now);
        move(&w);
        aksu_close(w.net[SERVER], c[SERVER], w.now);
        wait_for(&w, AKSU_SECONDS(i % 3 * 30));
    }
    wait_for(&w, AKSU_SECONDS(90));
    assert_int_equal(counted(w.net[CLIENT], AKSU_EV_time_wait), ROUNDS);
    two_fini(&w);
    return digest;
}

static void stacks_side_by_side(void **state)
{
    (void)state;
    same_as_alone(two_stacks);
}

/* --- a simulated world each --- */

static uint64_t world(unsigned number)
{
    static const char *const control[] = { "cubic", "reno", "bbr" };
    const struct aksu_path_node bad[] = {
        { .kind = AKSU_PATH_RATE, .rate = 20000000, .limit = 60000 },
        { .kind = AKSU_PATH_DELAY, .delay = AKSU_MS(7) },
        { .kind = AKSU_PATH_LOSS, .chance = AKSU_PATH_CHANCE(5, 1000) },
        { .kind = AKSU_PATH_REORDER, .chance = AKSU_PATH_CHANCE(1, 100), .delay = AKSU_MS(2) },
    };
    const struct aksu_sim_way ways[2] = { { bad, 4 }, { bad, 4 } };
    struct aksu_sim *w = aksu_sim_new(&(struct aksu_sim_config){ .seed = number + 1,
                                                                  .digest = true });
    assert_non_null(w);
    struct aksu_sim_host how = { .checksums = true, .no_tso = number == 1,
        .stack = { .congestion_control = control[number % 3], .memory_limit = 8 << 20 } };
    struct aksu_sim_node *a = aksu_sim_host(w, &how), *b = aksu_sim_host(w, &how);
    assert_non_null(aksu_sim_cable(w, a, b, ways));
    for (unsigned i = 0; i < 4; i++)
        assert_non_null(aksu_sim_flow(w, &(struct aksu_sim_flow){ .host = { a, b }, .v6 = i & 1,
            .app = { { .octets = 200000 + i } } }));
    assert_int_equal(aksu_sim_finish(w, AKSU_SECONDS(600)), AKSU_SIM_ENDED);
    struct aksu_sim_counts counts;
    aksu_sim_counts(w, &counts);
    aksu_sim_free(w);
    return counts.digest;
}

static void worlds_side_by_side(void **state)
{
    (void)state;
    same_as_alone(world);
}

/* --- stacks behind one address, which share the key of their cookies --- */

enum { ANSWERS_SYNS, HAS_CONNECTIONS, INSTANCES, CONNECTIONS = 100, LETTERS = 64 };

/* Frames for a thread; all of them have one clock, which stands. */
struct mailbox {
    pthread_mutex_t lock;
    pthread_cond_t news;
    struct letter {
        uint32_t length;
        uint8_t octets[2048];
    } letter[LETTERS];
    unsigned first, count;
    bool over;
};

struct instance {
    struct mailbox in, *out;
    struct aksu *net;
    aksu_device device;
    aksu_listener listener;
    pthread_t thread;
};

static const uint8_t KEY[16] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16 };
static const aksu_time NOW = AKSU_SECONDS(1000);

static void mailbox_init(struct mailbox *box)
{
    *box = (struct mailbox){ 0 };
    pthread_mutex_init(&box->lock, NULL);
    pthread_cond_init(&box->news, NULL);
}

static void post(struct mailbox *box, const struct letter *letter)
{
    pthread_mutex_lock(&box->lock);
    assert_true(box->count < LETTERS);
    box->letter[(box->first + box->count++) % LETTERS] = *letter;
    pthread_cond_signal(&box->news);
    pthread_mutex_unlock(&box->lock);
}

static void no_more_post(struct mailbox *box)
{
    pthread_mutex_lock(&box->lock);
    box->over = true;
    pthread_cond_signal(&box->news);
    pthread_mutex_unlock(&box->lock);
}

/* False: nothing will come any more. */
static bool collect(struct mailbox *box, struct letter *letter)
{
    pthread_mutex_lock(&box->lock);
    while (box->count == 0 && !box->over)
        pthread_cond_wait(&box->news, &box->lock);
    bool good = box->count > 0;
    if (good) {
        *letter = box->letter[box->first];
        box->first = (box->first + 1) % LETTERS;
        box->count--;
    }
    pthread_mutex_unlock(&box->lock);
    return good;
}

static void letter_in(struct aksu *net, aksu_device device, const struct letter *letter)
{
    struct aksu_frame f = { .parts = 1, .length = letter->length };
    f.part[0] = (struct aksu_slice){ letter->octets, letter->length };
    aksu_frame_in(net, device, &f, NOW);
}

static bool letter_out(struct aksu *net, struct letter *letter)
{
    struct aksu_frame f;
    letter->length = 0;
    if (!aksu_frame_out(net, &f, NOW))
        return false;
    assert_true(f.length <= sizeof letter->octets);
    for (unsigned i = 0; i < f.parts; i++) {
        memcpy(letter->octets + letter->length, f.part[i].data, f.part[i].length);
        letter->length += (uint32_t)f.part[i].length;
    }
    return true;
}

/* What comes is sent back. */
static void serve(struct instance *s)
{
    struct aksu_ready ready;
    char text[16];
    while (aksu_next_ready(s->net, &ready)) {
        aksu_conn c = ready.conn;
        if (ready.what & AKSU_ACCEPTABLE)
            assert_int_equal(aksu_accept(s->net, s->listener, &c, NOW), AKSU_OK);
        size_t n = done(aksu_receive(s->net, c, text, sizeof text, NOW));
        if (n > 0)
            assert_int_equal(aksu_send(s->net, c, text, n, 0, NOW), n);
        if (ready.what & AKSU_PEER_CLOSED)
            aksu_close(s->net, c, NOW);
    }
}

static void *run_instance(void *argument)
{
    struct instance *s = argument;
    struct letter letter;
    while (collect(&s->in, &letter)) {
        letter_in(s->net, s->device, &letter);
        serve(s);
        while (letter_out(s->net, &letter))
            post(s->out, &letter);
    }
    return NULL;
}

static struct aksu *new_stack(uint8_t seed, const char *address, aksu_device *device)
{
    struct aksu_config config = { .seed = { seed }, .syn_cookies = AKSU_SYN_COOKIES_ALWAYS };
    struct aksu *net = aksu_new(&config, NOW - ANNOUNCED);
    assert_non_null(net);
    struct aksu_device_config pair = { .name = "pair" };
    assert_int_equal(aksu_attach(net, &pair, device), AKSU_OK);
    assert_int_equal(aksu_address_add(net, *device, address), AKSU_OK);
    announce_to_nobody(net, NOW - ANNOUNCED);
    return net;
}

static void begin_instance(struct instance *s, uint8_t seed, struct mailbox *client)
{
    struct aksu_listen how = { .local = { .port = 80 } };
    mailbox_init(&s->in);
    s->out = client;
    s->net = new_stack(seed, "10.0.0.2/24", &s->device);
    assert_int_equal(aksu_listen(s->net, &how, &s->listener, NOW), AKSU_OK);
    aksu_set_syn_cookie_key(s->net, KEY, NOW);
    assert_int_equal(pthread_create(&s->thread, NULL, run_instance, s), 0);
}

/* A load balancer that sends all but SYNs to the second one. */
static void send_letters(struct aksu *client, struct instance *server)
{
    struct letter letter;
    while (letter_out(client, &letter)) {
        bool syn = letter.octets[20 + 13] & 2;      /* RFC 9293 3.1, behind 20 octets of IPv4 */
        post(&server[syn ? ANSWERS_SYNS : HAS_CONNECTIONS].in, &letter);
    }
}

static void ask(struct aksu *client, aksu_device device, struct mailbox *box,
                struct instance *server)
{
    struct aksu_open how = { .remote = { ip_text("10.0.0.2"), 80 } };
    struct letter letter;
    aksu_conn c;
    char text[8] = "";
    assert_int_equal(aksu_open(client, &how, &c, NOW), AKSU_OK);
    assert_int_equal(aksu_send(client, c, "hello", 5, 0, NOW), 5);
    send_letters(client, server);
    while (done(aksu_receive(client, c, text, sizeof text, NOW)) == 0) {
        assert_true(collect(box, &letter));
        letter_in(client, device, &letter);
        send_letters(client, server);
    }
    assert_string_equal(text, "hello");
    aksu_close(client, c, NOW);
    send_letters(client, server);
}

static void instances_share_a_key(void **state)
{
    (void)state;
    static struct instance server[INSTANCES];
    static struct mailbox box;
    aksu_device device;
    mailbox_init(&box);
    for (unsigned i = 0; i < INSTANCES; i++)
        begin_instance(&server[i], (uint8_t)(i + 1), &box);
    struct aksu *client = new_stack(9, "10.0.0.1/24", &device);
    for (unsigned i = 0; i < CONNECTIONS; i++)
        ask(client, device, &box, server);
    for (unsigned i = 0; i < INSTANCES; i++) {
        no_more_post(&server[i].in);
        assert_int_equal(pthread_join(server[i].thread, NULL), 0);
    }
    assert_int_equal(counted(server[ANSWERS_SYNS].net, AKSU_EV_syn_cookie_sent), CONNECTIONS);
    assert_int_equal(counted(server[HAS_CONNECTIONS].net, AKSU_EV_syn_cookie_good), CONNECTIONS);
    assert_int_equal(counted(server[HAS_CONNECTIONS].net, AKSU_EV_syn_cookie_sent), 0);
    for (unsigned i = 0; i < INSTANCES; i++)
        aksu_free(server[i].net);
    aksu_free(client);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stacks_side_by_side),
        cmocka_unit_test(worlds_side_by_side),
        cmocka_unit_test(instances_share_a_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
