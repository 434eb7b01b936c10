/* get_connect.c - a connection to a host that may have several addresses (RFC 8305). */
#include <inttypes.h>

#include "cli/get.h"

enum { ATTEMPTS = 8 };
static const aksu_time STAGGER = AKSU_MS(250);      /* RFC 8305 5 */

struct attempt {
    aksu_conn conn;
    bool live;
};

struct race {
    struct attempt attempt[ATTEMPTS];
    unsigned next, count, live;
    aksu_time next_at;
    enum aksu_status reason;        /* of the last that failed, or met a difficulty */
};

static void start_next(struct get *g, struct race *race, const struct aksu_ip *ip, aksu_time now)
{
    struct aksu_open how = { .remote = { ip[race->next], g->url.port },
                             .cookie = race->next + 1 };
    struct attempt *a = &race->attempt[race->next];
    char text[AKSU_IP_TEXT];

    enum aksu_status status = aksu_open(g->net, &how, &a->conn, now);
    a->live = status == AKSU_OK;
    race->live += a->live;
    race->next++;
    race->next_at = now + STAGGER;
    if (!a->live)
        race->reason = status;
    if (g->verbose) {
        aksu_ip_format(&how.remote.ip, text);
        fprintf(stderr, "* trying %s, port %u\n", text, (unsigned)g->url.port);
    }
}

static void tell_connected(const struct aksu_info *info)
{
    char local[AKSU_ENDPOINT_TEXT], remote[AKSU_ENDPOINT_TEXT];

    aksu_endpoint_text(&info->local, local);
    aksu_endpoint_text(&info->remote, remote);
    fprintf(stderr, "* connected to %s from %s; rtt %" PRIu32 " us, mss %" PRIu32 "%s%s", remote,
            local, info->srtt_us, info->snd_mss, info->timestamps ? ", timestamps" : "",
            info->sack ? ", sack" : "");
    if (info->snd_wscale || info->rcv_wscale)
        fprintf(stderr, ", window scale %u,%u", (unsigned)info->snd_wscale,
                (unsigned)info->rcv_wscale);
    fputc('\n', stderr);
}

/* True: this one has won. */
static bool look_at(struct get *g, struct race *race, const struct aksu_ready *ready)
{
    struct attempt *a = &race->attempt[ready->cookie - 1];
    struct aksu_info info;

    if (!a->live)
        return false;
    enum aksu_status status = aksu_status(g->net, a->conn, &info);
    if (ready->what & AKSU_FAILED) {
        race->reason = status == AKSU_OK ? info.reason : status;
        aksu_close(g->net, a->conn, aksu_host_now());
        a->live = false;
        race->live--;
        race->next_at = 0;
        return false;
    }
    if (ready->what & AKSU_SOFT_ERROR && status == AKSU_OK) {
        race->reason = info.soft_error;     /* it may still succeed: RFC 9293 3.9.2.2 */
        race->next_at = 0;
    }
    if (!(ready->what & AKSU_CONNECTED))
        return false;
    a->live = false;
    g->conn = a->conn;
    if (g->verbose && status == AKSU_OK)
        tell_connected(&info);
    return true;
}

static bool has_winner(struct get *g, struct race *race)
{
    struct aksu_ready ready;
    bool won = false;

    while (!won && aksu_host_next_ready(g->host.host, &ready)) {
        if (ready.cookie > 0 && ready.cookie <= race->count)
            won = look_at(g, race, &ready);
    }
    return won;
}

static int out_of_time(struct get *g, enum aksu_status reason)
{
    if (reason == AKSU_OK)
        return get_fail(g, GET_TIMEOUT, "no connection within %" PRIu64 " s", g->connect_timeout);
    return get_fail(g, get_status_of(reason), "no connection within %" PRIu64 " s: %s",
                    g->connect_timeout, aksu_status_text(reason));
}

static int run(struct get *g, struct race *race, const struct aksu_ip *ip)
{
    aksu_time start = aksu_host_now(), end = start + AKSU_SECONDS(g->connect_timeout);

    while (!has_winner(g, race)) {
        aksu_time now = aksu_host_now(), until = end;
        bool last = race->next == race->count;
        if (race->live == 0 && last)
            return get_fail(g, get_status_of(race->reason), "%s", aksu_status_text(race->reason));
        if (now >= end)
            return out_of_time(g, race->reason);
        if (!last && (race->live == 0 || now >= race->next_at)) {
            start_next(g, race, ip, now);
            continue;
        }
        if (!last && race->next_at < until)
            until = race->next_at;
        int status = get_wait(g, until);
        if (status != GET_OK)
            return status;
    }
    return GET_OK;
}

int get_connect(struct get *g, const struct aksu_ip *ip, unsigned count)
{
    struct race race = { .count = count < ATTEMPTS ? count : ATTEMPTS };
    int status = run(g, &race, ip);

    for (unsigned i = 0; i < race.next; i++) {
        if (race.attempt[i].live)
            aksu_abort(g->net, race.attempt[i].conn, aksu_host_now());
    }
    if (status == GET_OK) {
        aksu_set_cookie(g->net, g->conn, 0);
        aksu_set(g->net, g->conn, AKSU_OPTION_NODELAY, 1, aksu_host_now());
    }
    return status;
}
