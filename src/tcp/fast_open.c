/* fast_open.c - TCP Fast Open, the server (RFC 7413 4.1.2, 4.2.2): cookies, and a SYN whose text is
 * taken before the handshake ends. Called by the stack, and by the steps in SYN-RECEIVED. */
#include "base/ip_addr.h"
#include "tcp/core.h"

void fast_open_share(struct fast_open *f, const struct sipkey *key, const struct sipkey *before)
{
    f->given = true;
    f->key = *key;
    f->given_before = before != NULL;
    if (before != NULL)
        f->before = *before;
}

/* RFC 7413 4.1.2: cookies expire, because the keys of our own change. */
static struct sipkey own_key(const struct fast_open *f, uint64_t period)
{
    uint64_t octets[2] = { period, 0 };
    struct sipkey key;
    key.k0 = siphash24(&f->secret, octets, sizeof octets);
    octets[1] = 1;
    key.k1 = siphash24(&f->secret, octets, sizeof octets);
    return key;
}

static uint64_t period_of(aksu_time now)
{
    return now / SECONDS(FAST_OPEN_KEY_HOURS * 3600);
}

/* RFC 7413 4.1.2 leaves the MAC to the server. This is Linux's: the client's address, then ours, in
 * network order, so that a farm of both can share a key. */
static void cookie_of(const struct sipkey *key, const struct tcp_tuple *tuple,
                      uint8_t out[FAST_OPEN_COOKIE])
{
    bool v4 = ip_is_v4(&tuple->remote_ip);
    size_t length = v4 ? 4 : 16;
    uint8_t octets[32];
    memcpy(octets, v4 ? ip_v4(&tuple->remote_ip) : tuple->remote_ip.octet, length);
    memcpy(octets + length, v4 ? ip_v4(&tuple->local_ip) : tuple->local_ip.octet, length);
    uint64_t mac = siphash24(key, octets, 2 * length);
    for (unsigned i = 0; i < FAST_OPEN_COOKIE; i++)
        out[i] = (uint8_t)(mac >> 8 * i);
}

void fast_open_cookie(const struct fast_open *f, const struct tcp_tuple *tuple,
                      uint8_t out[FAST_OPEN_COOKIE], aksu_time now)
{
    struct sipkey key = f->given ? f->key : own_key(f, period_of(now));
    cookie_of(&key, tuple, out);
}

/* In constant time: how much of a cookie was right is nobody's business. */
static bool same(const uint8_t *a, const uint8_t *b)
{
    uint8_t differ = 0;
    for (unsigned i = 0; i < FAST_OPEN_COOKIE; i++)
        differ |= a[i] ^ b[i];
    return differ == 0;
}

/* False: no key before this one is good. */
static bool key_before(const struct fast_open *f, struct sipkey *out, aksu_time now)
{
    uint64_t period = period_of(now);
    if (f->given) {
        *out = f->before;
        return f->given_before;
    }
    if (period > 0)
        *out = own_key(f, period - 1);
    return period > 0;
}

enum fast_open_says fast_open_says(const struct fast_open *f, const struct tcp_tuple *tuple,
                                   const struct tcp_options *syn, aksu_time now)
{
    uint8_t cookie[FAST_OPEN_COOKIE];
    struct sipkey before;
    if (!(syn->has & HAS_FAST_OPEN))
        return FAST_OPEN_ABSENT;
    if (syn->fast_open_length == 0)
        return FAST_OPEN_REQUEST;               /* RFC 7413 4.1.1 */
    if (syn->fast_open_length != FAST_OPEN_COOKIE)
        return FAST_OPEN_INVALID;
    fast_open_cookie(f, tuple, cookie, now);
    if (same(cookie, syn->fast_open))
        return FAST_OPEN_VALID;
    if (!key_before(f, &before, now))
        return FAST_OPEN_INVALID;
    cookie_of(&before, tuple, cookie);
    return same(cookie, syn->fast_open) ? FAST_OPEN_OLD : FAST_OPEN_INVALID;
}

/* RFC 7413 4.2.2: "Buffer the data and notify the application. Set the FastOpened flag". A FIN is
 * left to be sent again, and so is text that finds no room. */
void tcp_fast_open_accept(struct tcp *t, const struct tcp_segment *syn, aksu_time now)
{
    if (t->state != TCP_SYN_RECEIVED || !t->syn_owed || t->held)
        bug("text of a SYN is taken before it is answered");
    uint32_t room = tcp_syn_window(t);
    uint32_t length = syn->text_len < room ? syn->text_len : room;
    uint32_t took = reassembly_write(t, syn, 0, t->receive.length, length);
    ring_extend(&t->receive, took);
    t->rcv.nxt = t->rcv.edge = seq_add(t->rcv.nxt, took);
    t->octets_in += took;
    t->fo_opened = true;
    t->fo_text = took > 0;
    /* The SYN's window counts from our first octet: the peer did not know of our SYN. */
    t->snd.wnd = t->snd.max_wnd = t->snd.wnd + 1;
    if (took > 0)
        t->notify |= AKSU_READABLE;
    t->notify |= AKSU_WRITABLE;
    tcp_begin_windows(t, false, now);   /* RFC 7413 4.2.2, RFC 5681 3.1: the initial window holds */
    TCP_EMIT(t, now, fast_open_taken, .remote = { t->tuple.remote_ip, t->tuple.remote_port },
             .len = took);
}

void tcp_fast_open_grant(struct tcp *t, bool experiment, aksu_time now)
{
    t->fo = FO_ASKS;
    t->fo_variant = experiment;
    TCP_EMIT(t, now, fast_open_granted,
             .remote = { t->tuple.remote_ip, t->tuple.remote_port });
}

/* RFC 7413 4.2.1: a SYN,ACK that had to be repeated goes without. */
void fast_open_grants(struct tcp *t, struct tcp_options *out, aksu_time now)
{
    struct fast_open *f = &t->env->fast_open;
    if (t->fo != FO_ASKS || t->active || t->resends > 0)
        return;
    fast_open_cookie(f, &t->tuple, f->cookie, now);
    out->has |= HAS_FAST_OPEN;
    out->fast_open = f->cookie;
    out->fast_open_length = FAST_OPEN_COOKIE;
    out->fast_open_experiment = t->fo_variant;
}
