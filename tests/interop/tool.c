/* tool.c - an end of a connection that a script drives: reads commands, a line each, and answers
 * each with a line that begins with "ok" or "no". tests/interop/peers/end.py is the same on the
 * kernel's TCP. The text is the same from each end, and its n-th octet known. It is sent while the
 * tool waits, and taken only by `expect` and `eof`. A time is in milliseconds.
 * Options: see tool_open.c. */
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/interop/tool.h"

enum { WORDS = 6, TABLE = 65521 };

struct tool {
    struct tool_host at;
    struct aksu *net;
    aksu_conn conn;
    aksu_listener listener;
    uint64_t to_send, sent, got;        /* octets of this connection */
    uint64_t gave_up;                   /* octets that could not be sent */
    aksu_time pace;
    char line[256];
    size_t used;                        /* of line */
    uint8_t table[2 * TABLE];           /* octet i % TABLE of the text, twice */
};

typedef void command(struct tool *t, char **word);

static void answer(enum aksu_status status)
{
    if (status == AKSU_OK)
        puts("ok");
    else
        printf("no %s\n", aksu_status_text(status));
}

/* --- the loop --- */

static void pump(struct tool *t)
{
    while (t->sent < t->to_send) {
        uint64_t left = t->to_send - t->sent;
        ptrdiff_t n = aksu_send(t->net, t->conn, t->table + t->sent % TABLE,
                                left < TABLE ? left : TABLE, 0, aksu_host_now());
        if (n == -AKSU_WOULD_BLOCK || n == -AKSU_NOT_CONNECTED)
            return;
        if (n < 0) {
            t->gave_up = left;
            t->to_send = t->sent;
        } else {
            t->sent += (uint64_t)n;
        }
    }
}

/* Frames, timers and text, at most until `until`. */
static void turn(struct tool *t, struct pollfd *more, unsigned count, aksu_time until)
{
    struct aksu_ready ready;
    aksu_time soon = aksu_host_now() + AKSU_MS(20);

    if (!aksu_host_wait(t->at.host, more, count, until < soon ? until : soon)) {
        printf("gone %s\n", aksu_host_why(t->at.host));
        exit(1);
    }
    while (aksu_host_next_ready(t->at.host, &ready)) {
        if (ready.what & AKSU_SYN_HELD)
            t->conn = ready.conn;
    }
    pump(t);
}

static void rest(struct tool *t, aksu_time until)
{
    while (aksu_host_now() < until)
        turn(t, NULL, 0, until);
}

static aksu_time after(const char *word)
{
    return aksu_host_now() + AKSU_MS(word ? strtoull(word, NULL, 10) : 10000);
}

static struct aksu_info status_of(const struct tool *t)
{
    struct aksu_info info;
    if (aksu_status(t->net, t->conn, &info) != AKSU_OK)
        info = (struct aksu_info){ .reason = AKSU_DOES_NOT_EXIST };
    return info;
}

/* --- commands --- */

static void forget(struct tool *t)
{
    t->to_send = t->sent = t->got = t->gave_up = 0;
}

static void connect_to(struct tool *t, char **word)    /* ADDRESS PORT [LOCAL-PORT] */
{
    struct aksu_open how = { .remote.port = (uint16_t)atoi(word[2]) };
    if (word[3])
        how.local.port = (uint16_t)atoi(word[3]);
    aksu_ip_parse(word[1], &how.remote.ip);
    forget(t);
    answer(aksu_open(t->net, &how, &t->conn, aksu_host_now()));
}

static void listen_on(struct tool *t, char **word)     /* PORT [hold] */
{
    struct aksu_listen how = { .local.port = (uint16_t)atoi(word[1]), .hold_syn = word[2] != NULL };
    answer(aksu_listen(t->net, &how, &t->listener, aksu_host_now()));
}

static void accept_one(struct tool *t, char **word)    /* [TIME] */
{
    aksu_time until = after(word[1]);
    enum aksu_status status;

    forget(t);
    while ((status = aksu_accept(t->net, t->listener, &t->conn, aksu_host_now()))
               == AKSU_WOULD_BLOCK && aksu_host_now() < until)
        turn(t, NULL, 0, until);
    answer(status);
}

static void unlisten(struct tool *t, char **word)
{
    (void)word;
    answer(aksu_close_listener(t->net, t->listener, aksu_host_now()));
}

static void unreachable(struct tool *t, char **word)   /* CODE */
{
    answer(aksu_unreachable(t->net, t->conn, (uint8_t)atoi(word[1]), aksu_host_now()));
}

/* The calls that take nothing but the connection. */
static void call(struct tool *t, char **word)
{
    static const struct {
        const char *name;
        enum aksu_status (*call)(struct aksu *net, aksu_conn conn, aksu_time now);
    } calls[] = { { "shutdown", aksu_shutdown }, { "close", aksu_close }, { "abort", aksu_abort },
                  { "complete", aksu_complete }, { "refuse", aksu_refuse },
                  { "ignore", aksu_ignore } };
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
        if (strcmp(word[0], calls[i].name) == 0)
            answer(calls[i].call(t->net, t->conn, aksu_host_now()));
    }
}

static void send_text(struct tool *t, char **word)     /* OCTETS: queued, and sent from now on */
{
    t->to_send += strtoull(word[1], NULL, 10);
    pump(t);
    puts("ok");
}

/* Takes text until there are `want` octets of it, or the end. What receive answered last. */
static ptrdiff_t take(struct tool *t, uint64_t want, bool verify, aksu_time until)
{
    uint8_t text[TABLE];
    ptrdiff_t n = 0;

    while (t->got < want) {
        uint64_t room = want - t->got < TABLE ? want - t->got : TABLE;
        n = aksu_receive(t->net, t->conn, text, room, aksu_host_now());
        if (n > 0 && verify && memcmp(text, t->table + t->got % TABLE, (size_t)n) != 0)
            return -AKSU_STATUS_COUNT;
        if (n > 0)
            t->got += (uint64_t)n;
        else if (n != -AKSU_WOULD_BLOCK || aksu_host_now() >= until)
            return n;
        turn(t, NULL, 0, n > 0 ? 0 : until);
        if (n > 0 && t->pace > 0)
            rest(t, aksu_host_now() + t->pace);
    }
    return n;
}

static void expect(struct tool *t, char **word)        /* OCTETS [TIME]: from the start, in all */
{
    uint64_t want = strtoull(word[1], NULL, 10);
    ptrdiff_t n = take(t, want, true, after(word[2]));

    if (t->got == want)
        puts("ok");
    else
        printf("no %s at octet %" PRIu64 "\n", n == -AKSU_STATUS_COUNT ? "other text"
               : n == 0 ? "more" : aksu_status_text((enum aksu_status)-n), t->got);
}

static void eof(struct tool *t, char **word)           /* [TIME]: no more than was expected */
{
    uint64_t before = t->got;
    ptrdiff_t n = take(t, UINT64_MAX, false, after(word[1]));

    if (n < 0)
        answer((enum aksu_status)-n);
    else if (t->got > before)
        printf("no %" PRIu64 " octets more\n", t->got - before);
    else
        puts("ok");
}

static void wait_for(struct tool *t, char **word)      /* STATE|failed|sent|soft|queued [TIME] */
{
    aksu_time until = after(word[2]);
    bool reached;
    struct aksu_info info;

    do {
        info = status_of(t);
        reached = strcmp(word[1], "failed") == 0 ? info.reason != AKSU_OK
            : strcmp(word[1], "sent") == 0 ? t->sent == t->to_send && info.send_queued == 0
            : strcmp(word[1], "soft") == 0 ? info.soft_error != AKSU_OK
            : strcmp(word[1], "queued") == 0 ? info.receive_queued > 0
            : strcmp(word[1], aksu_tcp_state_name(info.state)) == 0;
        if (!reached && aksu_host_now() < until)
            turn(t, NULL, 0, until);
    } while (!reached && aksu_host_now() < until);
    printf("%s %s: %s\n", reached ? "ok" : "no", aksu_tcp_state_name(info.state),
           aksu_status_text(info.reason));
}

/* What one can ask for: a line of name=value. */
static void tell(struct tool *t, char **word)
{
    struct aksu_info i = status_of(t);
    (void)word;
    printf("ok state=%s reason=%d soft=%d in=%" PRIu64 " out=%" PRIu64 " unacked=%" PRIu32
           " queued=%" PRIu32 " retransmits=%" PRIu32 " backoff=%" PRIu32 " rto_us=%" PRIu32
           " mss=%" PRIu32 " snd_wscale=%d rcv_wscale=%d timestamps=%d sack=%d ecn=%d"
           " snd_wnd=%" PRIu32 " rcv_wnd=%" PRIu32 " gave_up=%" PRIu64 "\n",
           aksu_tcp_state_name(i.state),
           (int)i.reason, (int)i.soft_error, i.octets_in, i.octets_out, i.send_unacked,
           i.send_queued, i.retransmits, i.backoff, i.rto_us, i.snd_mss, i.snd_wscale,
           i.rcv_wscale, i.timestamps, i.sack, i.ecn, i.snd_wnd, i.rcv_wnd, t->gave_up);
}

static void tell_list(struct tool *t, char **word)
{
    printf("ok %s\n", strcmp(word[0], "path") == 0 ? t->at.path : t->at.signals);
}

static void set(struct tool *t, char **word)           /* OPTION VALUE */
{
    static const struct { const char *name; enum aksu_option option; } options[] = {
        { "keepalive", AKSU_OPTION_KEEPALIVE }, { "keepalive-idle", AKSU_OPTION_KEEPALIVE_IDLE },
        { "keepalive-interval", AKSU_OPTION_KEEPALIVE_INTERVAL },
        { "keepalive-count", AKSU_OPTION_KEEPALIVE_COUNT },
        { "user-timeout", AKSU_OPTION_USER_TIMEOUT }, { "linger", AKSU_OPTION_LINGER_MS },
        { "r2", AKSU_OPTION_R2 }, { "receive-buffer", AKSU_OPTION_RECEIVE_BUFFER },
    };
    for (size_t i = 0; i < sizeof options / sizeof *options; i++) {
        if (strcmp(word[1], options[i].name) == 0) {
            answer(aksu_set(t->net, t->conn, options[i].option, atoll(word[2]), aksu_host_now()));
            return;
        }
    }
    puts("no such option");
}

static void sleep_for(struct tool *t, char **word)     /* TIME */
{
    rest(t, after(word[1]));
    puts("ok");
}

static void pace(struct tool *t, char **word)          /* TIME: between one RECEIVE and the next */
{
    t->pace = AKSU_MS(strtoull(word[1], NULL, 10));
    puts("ok");
}

static const struct { const char *name; command *run; int least; } commands[] = {
    { "connect", connect_to, 2 }, { "listen", listen_on, 1 }, { "accept", accept_one, 0 },
    { "unlisten", unlisten, 0 }, { "unreachable", unreachable, 1 }, { "shutdown", call, 0 },
    { "close", call, 0 }, { "abort", call, 0 }, { "complete", call, 0 }, { "refuse", call, 0 },
    { "ignore", call, 0 }, { "send", send_text, 1 }, { "expect", expect, 1 }, { "eof", eof, 0 },
    { "wait", wait_for, 1 }, { "status", tell, 0 }, { "path", tell_list, 0 },
    { "signals", tell_list, 0 }, { "set", set, 2 }, { "sleep", sleep_for, 1 },
    { "pace", pace, 1 },
};

static void execute(struct tool *t, char *line)
{
    char *word[WORDS + 1] = { NULL };
    int count = 0;

    for (char *w = strtok(line, " "); w && count < WORDS; w = strtok(NULL, " "))
        word[count++] = w;
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        if (count > 0 && strcmp(word[0], commands[i].name) == 0 && count > commands[i].least) {
            commands[i].run(t, word);
            return;
        }
    }
    puts("no such command");
}

/* The next line of stdin, while the stack goes on. False: there are no more. */
static bool next_line(struct tool *t, char *out)
{
    struct pollfd input = { .fd = STDIN_FILENO, .events = POLLIN };
    char *end;

    while ((end = memchr(t->line, '\n', t->used)) == NULL) {
        if (input.revents == 0) {
            turn(t, &input, 1, AKSU_NEVER);
            continue;
        }
        ssize_t n = read(STDIN_FILENO, t->line + t->used, sizeof t->line - t->used);
        if (n <= 0)
            return false;
        t->used += (size_t)n;
        input.revents = 0;
    }
    *end++ = '\0';
    strcpy(out, t->line);
    t->used -= (size_t)(end - t->line);
    memmove(t->line, end, t->used);
    return true;
}

int main(int argc, char **argv)
{
    static struct tool t;
    char line[sizeof t.line];

    for (size_t i = 0; i < sizeof t.table; i++)
        t.table[i] = (uint8_t)((uint32_t)(i % TABLE) * UINT32_C(2654435761) >> 24);
    setvbuf(stdout, NULL, _IOLBF, BUFSIZ);
    if (!tool_open(&t.at, argc, argv))
        return 125;
    t.net = aksu_host_stack(t.at.host);
    puts("ready");
    while (next_line(&t, line) && strcmp(line, "quit") != 0)
        execute(&t, line);
    tool_close(&t.at);
    return 0;
}
