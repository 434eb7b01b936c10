/* tracker.c - the table of connections: by addresses and ports through a hash, in the order of
 * their last packets through two lists. See tracker.h. */
#include "trace/tracker.h"

#include <stdlib.h>

#include "base/ip_addr.h"
#include "trace/icmp.h"

bool tracker_init(struct tracker *t, const struct tracker_config *config)
{
    memset(t, 0, sizeof *t);
    t->config = *config;
    for (t->buckets = 16; t->buckets < config->connections; t->buckets *= 2)
        ;
    t->conn = malloc(config->connections * sizeof *t->conn);
    t->bucket = calloc(t->buckets, sizeof(struct trace_conn *));
    if (t->conn != NULL && t->bucket != NULL)
        return true;
    tracker_fini(t);
    return false;
}

void tracker_fini(struct tracker *t)
{
    free(t->conn);
    free(t->bucket);
    t->conn = NULL;
    t->bucket = NULL;
}

static void unlink_conn(struct tracker *t, struct trace_conn *c)
{
    struct trace_list *list = c->over ? &t->over : &t->live;

    *(c->older ? &c->older->newer : &list->oldest) = c->newer;
    *(c->newer ? &c->newer->older : &list->newest) = c->older;
}

static void link_newest(struct tracker *t, struct trace_conn *c)
{
    struct trace_list *list = c->over ? &t->over : &t->live;

    c->older = list->newest;
    c->newer = NULL;
    *(c->older ? &c->older->newer : &list->oldest) = c;
    list->newest = c;
}

static void give_up(struct tracker *t, struct trace_conn *c)
{
    struct trace_conn **at = &t->bucket[c->bucket];

    if (t->config.ends)
        t->config.ends(t->config.user, c);
    while (*at != c)
        at = &(*at)->chain;
    *at = c->chain;
    unlink_conn(t, c);
    if (t->recent == c)
        t->recent = NULL;
    c->chain = t->unused;
    t->unused = c;
}

static struct trace_conn *room_for_one(struct tracker *t)
{
    struct trace_conn *c = t->unused;

    if (c == NULL && t->used < t->config.connections)
        return &t->conn[t->used++];
    if (c == NULL) {
        c = t->over.oldest ? t->over.oldest : t->live.oldest;
        t->given_up += !c->over;
        give_up(t, c);
    }
    t->unused = c->chain;
    return c;
}

/* The pair of a segment, the same for both directions; true: the source is the second in it. */
static bool key_of(const struct trace_segment *s, struct trace_key *key)
{
    int order = memcmp(&s->source, &s->destination, sizeof s->source);
    bool turned = order > 0 || (order == 0 && s->tcp.source_port > s->tcp.destination_port);

    key->ip[turned] = s->source;
    key->ip[!turned] = s->destination;
    key->port[turned] = s->tcp.source_port;
    key->port[!turned] = s->tcp.destination_port;
    return turned;
}

static uint64_t hash_of(const struct tracker *t, const struct trace_key *key)
{
    if (ip_is_v4(&key->ip[0]) && ip_is_v4(&key->ip[1])) {
        uint32_t a = load_be32(ip_v4(&key->ip[0])), b = load_be32(ip_v4(&key->ip[1]));
        return siphash13_12(&t->config.key, (uint64_t)a << 32 | b,
                            (uint32_t)key->port[0] << 16 | key->port[1]);
    }
    return siphash13(&t->config.key, key, sizeof *key);
}

static bool has_key(const struct trace_conn *c, const struct trace_key *key)
{
    return memcmp(&c->key, key, sizeof *key) == 0;
}

static struct trace_conn *find(struct tracker *t, const struct trace_key *key, uint64_t *bucket)
{
    if (t->recent != NULL && has_key(t->recent, key)) {
        *bucket = t->recent->bucket;
        return t->recent;
    }
    *bucket = hash_of(t, key) & (t->buckets - 1);
    struct trace_conn *c = t->bucket[*bucket];
    while (c != NULL && !has_key(c, key))
        c = c->chain;
    return c;
}

static bool sent_by(const struct trace_conn *c, unsigned side, const struct trace_segment *s)
{
    return c->end[side].at.port == s->tcp.source_port && ip_eq(&c->end[side].at.ip, &s->source);
}

/* RFC 9293 3.6.1: an end may open the pair again once it is over; whoever sends a SYN with another
 * number before that has forgotten the connection. */
static bool begins_anew(const struct trace_conn *c, unsigned side, const struct trace_segment *s)
{
    const struct trace_end *me = &c->end[side];

    if ((s->tcp.ctl & (CTL_SYN | CTL_ACK | CTL_RST)) != CTL_SYN)
        return false;
    if (me->isn_known)
        return !seq_eq(me->iss, s->tcp.seq);
    if (me->state == AKSU_TCP_SYN_SENT && me->numbered)     /* its answer was seen before it */
        return !seq_eq(me->snd_una, seq_add(s->tcp.seq, 1));
    return c->over || me->state != AKSU_TCP_LISTEN || c->end[1 - side].state != AKSU_TCP_SYN_SENT;
}

/* The client is who sends the SYN; when none was seen, who does not have the well-known port. */
static unsigned side_of_first(const struct trace_segment *s)
{
    uint16_t from = s->tcp.source_port, to = s->tcp.destination_port;

    if (s->tcp.ctl & CTL_SYN)
        return (s->tcp.ctl & CTL_ACK) != 0;
    return from < 1024 && to >= 1024;
}

static struct trace_conn *begin(struct tracker *t, const struct trace_segment *s,
                                const struct trace_key *key, uint64_t bucket)
{
    struct trace_conn *c = room_for_one(t);

    memset(c, 0, sizeof *c);
    c->key = *key;
    c->bucket = bucket;
    c->number = ++t->begun;
    c->chain = t->bucket[bucket];
    t->bucket[bucket] = c;
    link_newest(t, c);
    trace_conn_begin(c, s, side_of_first(s));
    if (t->config.begins)
        t->config.begins(t->config.user, c);
    return c;
}

/* What is over, or lives again, goes into the other list. */
static void sort(struct tracker *t, struct trace_conn *c, bool was_over)
{
    bool over = c->over;

    if (over == was_over)
        return;
    c->over = was_over;
    unlink_conn(t, c);
    c->over = over;
    link_newest(t, c);
}

static void segment(struct tracker *t, const struct trace_segment *s)
{
    struct trace_key key;
    uint64_t bucket;
    (void)key_of(s, &key);
    struct trace_conn *c = find(t, &key, &bucket);
    unsigned side = c != NULL && !sent_by(c, 0, s);

    if (c != NULL && begins_anew(c, side, s)) {
        trace_conn_replace(c, s->at);
        give_up(t, c);
        c = NULL;
    }
    if (c == NULL) {
        c = begin(t, s, &key, bucket);
        side = !sent_by(c, 0, s);
    } else if (c->over || t->live.newest != c) {
        unlink_conn(t, c);
        link_newest(t, c);
    }
    t->recent = c;
    bool over = c->over;
    trace_conn_segment(c, side, s);
    sort(t, c, over);
}

/* RFC 1122 4.2.3.9: the connection is that of the quoted segment, whose sender is told. */
static void icmp(struct tracker *t, const struct trace_icmp *m)
{
    struct trace_segment quoted = { .source = m->source.ip, .destination = m->destination.ip,
        .tcp = { .source_port = m->source.port, .destination_port = m->destination.port } };
    struct trace_key key;
    uint64_t bucket;
    (void)key_of(&quoted, &key);
    struct trace_conn *c = find(t, &key, &bucket);

    if (c == NULL || !ip_eq(&m->to, &m->source.ip)) {
        t->strangers++;
        return;
    }
    bool over = c->over;
    trace_conn_icmp(c, !sent_by(c, 0, &quoted), m);
    sort(t, c, over);
}

void tracker_packet(struct tracker *t, const struct trace_packet *p)
{
    struct trace_segment s;
    struct trace_icmp m;
    enum trace_verdict verdict = trace_packet_read(&t->fragments, p, t->config.verify, &s, &m);

    t->packets++;
    t->count[verdict]++;
    while (t->over.oldest != NULL && t->config.linger != AKSU_NEVER &&
           p->at - t->over.oldest->last > t->config.linger)
        give_up(t, t->over.oldest);
    if (verdict == TRACE_SEGMENT)
        segment(t, &s);
    else if (verdict == TRACE_ICMP)
        icmp(t, &m);
}

static int by_number(const void *a, const void *b)
{
    const struct trace_conn *const *one = a, *const *two = b;

    return (*one)->number < (*two)->number ? -1 : 1;
}

void tracker_finish(struct tracker *t)
{
    size_t count = 0, i = 0;
    struct trace_conn **all;

    for (int over = 0; over < 2; over++) {
        for (struct trace_conn *c = over ? t->over.oldest : t->live.oldest; c; c = c->newer)
            count++;
    }
    all = count > 0 ? malloc(count * sizeof(struct trace_conn *)) : NULL;
    for (int over = 0; over < 2 && all != NULL; over++) {
        for (struct trace_conn *c = over ? t->over.oldest : t->live.oldest; c; c = c->newer)
            all[i++] = c;
    }
    if (all != NULL)
        qsort(all, count, sizeof(struct trace_conn *), by_number);
    for (i = 0; i < count && all != NULL; i++)
        give_up(t, all[i]);
    while (t->over.oldest || t->live.oldest)        /* without memory: in the order of the lists */
        give_up(t, t->over.oldest ? t->over.oldest : t->live.oldest);
    free(all);
}
