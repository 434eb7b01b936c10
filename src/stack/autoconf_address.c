/* autoconf_address.c - an address that autoconfiguration makes: its identifier (RFC 7217 5),
 * whether somebody else has it (RFC 4862 5.4, RFC 7527 4), and how long it lasts (RFC 4862 5.5.3,
 * 5.5.4). Called by autoconf.c and autoconf_router.c. */
#include "stack/autoconf.h"
#include "wire/ipv4.h"

#define RETRANS_TIMER SECONDS(1)    /* RFC 4861 10 */
#define IDGEN_DELAY SECONDS(1)      /* RFC 7217 7 */
#define TWO_HOURS SECONDS(7200)
enum { IDGEN_RETRIES = 3 };         /* RFC 7217 7 */
enum { TYPE_NEIGHBOR_SOLICITATION = 135, SUBNET_BITS = 64 };

static void say(struct aksu *net, const struct autoconf_address *a, const char *state,
                aksu_time now)
{
    EMIT(&net->events, 0, now, address, .ip = a->ip, .state = state);
}

/* RFC 5453 3 */
static bool reserved(uint64_t identifier)
{
    return identifier == 0 || identifier >> 24 == 0x02005efffe
        || identifier >> 7 == 0xfdffffffffffff80 >> 7;
}

/* RFC 7217 5: the prefix, the interface, DAD_Counter and a secret, through a keyed hash. */
static void choose_identifier(struct aksu *net, struct autoconf_address *a)
{
    uint64_t identifier;
    uint8_t input[10];
    memcpy(input, a->ip.octet, 8);
    input[8] = a->device;
    for (input[9] = a->collisions;; input[9] = ++a->collisions) {
        identifier = siphash24(&net->autoconf_key, input, sizeof input);
        if (!reserved(identifier))
            break;
    }
    store_be32(a->ip.octet + 8, (uint32_t)(identifier >> 32));
    store_be32(a->ip.octet + 12, (uint32_t)identifier);
}

void autoconf_address_begin(struct aksu *net, struct autoconf_address *a, aksu_time delay,
                            aksu_time now)
{
    choose_identifier(net, a);
    (void)route_tentative_add(&net->routes, a->device, &a->ip);
    a->stage = ADDRESS_WAITING;
    a->at = time_after(now, delay);
    say(net, a, "TENTATIVE", now);
}

/* RFC 4862 5.4.2, with the nonce of RFC 7527 4.2: a solicitation from :: to the group. */
static void ask(struct aksu *net, struct autoconf_address *a, aksu_time now)
{
    uint8_t body[NEIGHBOR_OPTIONS + 2 + NONCE_OCTETS], input[14];
    struct ip_out ip = { .destination = route_solicited_node(&a->ip), .ttl = 255 };
    struct icmp_message m = { .kind = ICMP_OTHER, .type = TYPE_NEIGHBOR_SOLICITATION, .body = body,
                              .body_length = sizeof body };

    /* Two stacks with one seed must not take each other's questions for their own. */
    memcpy(input, net->device[a->device - 1].mac, 6);
    store_be32(input + 6, (uint32_t)(now >> 32));
    store_be32(input + 10, (uint32_t)now);
    uint8_t nonce[8];
    store_le64(nonce, siphash24(&net->autoconf_key, input, sizeof input));
    memcpy(a->nonce, nonce, sizeof a->nonce);

    memcpy(body, a->ip.octet, 16);
    body[16] = DISCOVERY_NONCE;
    body[17] = 1;
    memcpy(body + 18, a->nonce, sizeof a->nonce);
    autoconf_report_group(net, a->device, &ip.destination, now);
    if (autoconf_send(net, a->device, &ip, &m, now))
        a->stage = ADDRESS_ASKED;
    a->at = time_after(now, RETRANS_TIMER);
}

static void plan(struct autoconf_address *a)
{
    a->at = a->deprecated ? a->valid : time_min(a->preferred, a->valid);
}

/* Nobody has objected: RFC 4862 5.4. */
static void assign(struct aksu *net, struct autoconf_address *a, aksu_time now)
{
    struct route_address r = { .ip = a->ip, .bits = SUBNET_BITS, .device = a->device,
                               .automatic = true, .connected = ip_is_link_local(&a->ip),
                               .deprecated = a->preferred <= now };
    route_tentative_drop(&net->routes, a->device, &a->ip);
    if (route_address_put(&net->routes, &r) != AKSU_OK) {
        a->stage = ADDRESS_NONE;            /* given by hand meanwhile, or the table is full */
        say(net, a, "not added", now);
        return;
    }
    a->stage = ADDRESS_ASSIGNED;
    a->deprecated = r.deprecated;
    plan(a);
    stack_routes_changed(net);
    say(net, a, a->deprecated ? "DEPRECATED" : "PREFERRED", now);
}

/* RFC 4862 5.4.5; RFC 7217 6: another identifier, after a while. */
static void collide(struct aksu *net, struct autoconf_address *a, aksu_time now)
{
    say(net, a, "DUPLICATE", now);
    route_tentative_drop(&net->routes, a->device, &a->ip);
    if (a->collisions < IDGEN_RETRIES) {
        a->collisions++;
        autoconf_address_begin(net, a, IDGEN_DELAY, now);
        return;
    }
    a->stage = ADDRESS_GIVEN_UP;
    a->at = a->valid;
    struct autoconf_link *link = autoconf_link_of(net, a->device);
    if (ip_is_link_local(&a->ip) && link != NULL)
        link->given_up = true;
}

static void end(struct aksu *net, struct autoconf_address *a, aksu_time now)
{
    a->stage = ADDRESS_NONE;
    if (route_address_drop(&net->routes, a->device, &a->ip) == AKSU_OK) {
        neighbor_forget(&net->neighbors, &a->ip);
        stack_unpark(net);
    }
    stack_routes_changed(net);
    say(net, a, "gone", now);
}

/* RFC 4862 5.5.4 */
static void set_deprecated(struct aksu *net, struct autoconf_address *a, aksu_time now)
{
    bool deprecated = a->preferred <= now;
    struct route_address *r = route_address_find(&net->routes, a->device, &a->ip);
    if (deprecated != a->deprecated) {
        a->deprecated = deprecated;
        if (r != NULL)
            r->deprecated = deprecated;
        say(net, a, deprecated ? "DEPRECATED" : "PREFERRED", now);
    }
    plan(a);
}

void autoconf_address_due(struct aksu *net, struct autoconf_address *a, aksu_time now)
{
    if (a->stage == ADDRESS_NONE || now < a->at)
        return;
    switch ((enum address_stage)a->stage) {
    case ADDRESS_WAITING:
        ask(net, a, now);
        break;
    case ADDRESS_ASKED:
        assign(net, a, now);
        break;
    case ADDRESS_ASSIGNED:
        if (a->valid <= now)
            end(net, a, now);
        else
            set_deprecated(net, a, now);
        break;
    case ADDRESS_GIVEN_UP:
        a->stage = ADDRESS_NONE;
        break;
    case ADDRESS_NONE:
        break;
    }
}

aksu_time autoconf_until(uint32_t lifetime, aksu_time now)
{
    return lifetime == LIFETIME_INFINITE ? NEVER : time_after(now, SECONDS(lifetime));
}

void autoconf_address_again(struct aksu *net, struct autoconf_address *a, uint32_t preferred,
                            uint32_t valid, aksu_time now)
{
    aksu_time until = autoconf_until(valid, now), two_hours = time_after(now, TWO_HOURS);
    /* RFC 4862 5.5.3 (e): a forged advertisement cannot end an address at once. */
    if (until > two_hours || until > a->valid)
        a->valid = until;
    else if (a->valid > two_hours)
        a->valid = two_hours;
    a->preferred = time_min(autoconf_until(preferred, now), a->valid);
    if (a->stage == ADDRESS_ASSIGNED)
        set_deprecated(net, a, now);
    else if (a->stage == ADDRESS_GIVEN_UP)
        a->at = a->valid;
}

/* --- what others say about an address that is not ours yet --- */

static struct autoconf_address *tentative(const struct aksu *net, uint32_t device,
                                          const struct aksu_ip *target)
{
    struct autoconf_address *a;
    for (uint32_t i = 0; (a = autoconf_address_place(net, i)) != NULL; i++) {
        if ((a->stage == ADDRESS_WAITING || a->stage == ADDRESS_ASKED) && a->device == device
            && ip_eq(&a->ip, target))
            return a;
    }
    return NULL;
}

/* RFC 7527 4.3: some links give back what was sent. */
static bool is_our_question(const struct autoconf_address *a, const struct icmp_message *m)
{
    struct reader r = reader_of(m->body, m->body_length);
    struct discovery_option o;
    (void)read_octets(&r, NEIGHBOR_OPTIONS);
    while (wire_discovery_option(&r, &o)) {
        if (o.type == DISCOVERY_NONCE && o.length == NONCE_OCTETS && a->stage == ADDRESS_ASKED
            && memcmp(o.data, a->nonce, NONCE_OCTETS) == 0)
            return true;
    }
    return false;
}

const char *stack_tentative_in(struct aksu *net, const struct ip_packet *p,
                               const struct icmp_message *m, aksu_time now)
{
    struct autoconf_address *a =
        net->autoconf != 0 ? tentative(net, p->device, &m->target) : NULL;
    if (a == NULL)
        return NULL;
    if (m->kind == ICMP_NEIGHBOR_SOLICITATION) {        /* RFC 4862 5.4.3 */
        if (!ip_is_unspecified(&p->source))
            return "for a tentative address";
        if (is_our_question(a, m))
            return "our own, come back";
    }
    collide(net, a, now);                               /* RFC 4862 5.4.3, 5.4.4 */
    stack_autoconf_plan(net);
    return "duplicate address";
}
