/* dns_answer.c - what the resolver makes of a message, however long, with any records. */
#include "dns.h"
#include "host/dns_answer.c"

/*@ requires \valid(m) && length <= 0x7fffffff && \valid_read(message + (0 .. length - 1))
        && \separated(m, message + (0 .. length - 1));
    assigns *m;
    ensures \result ==> message(m) && m->start == message && m->r.end == message + length; */
static bool open_message(struct dns_message *m, const uint8_t *message, size_t length);

/*@ requires reading(m.start, m.r.at, m.r.end);
    assigns \nothing; */
static bool answers_whole(struct dns_message m);

/*@ requires reading(m.start, m.r.at, m.r.end) && \valid_read(name) && \valid(target)
        && \separated(name, target, m.start + (0 .. m.r.end - m.start - 1));
    assigns *target; */
static bool find_alias(struct dns_message m, const struct dns_name *name, struct dns_name *target);

/*@ requires message(m) && \valid(name)
        && \separated(m, name, m->start + (0 .. m->r.end - m->start - 1));
    assigns *name; */
static bool follow_aliases(const struct dns_message *m, struct dns_name *name);

/*@ requires \valid_read(asked) && length <= 0x7fffffff
        && \valid_read(message + (0 .. length - 1));
    assigns \nothing; */
static bool is_answer(const struct dns_query *asked, const uint8_t *message, size_t length);

/*@ requires message(m) && \valid_read(asked)
        && \separated(m, m->start + (0 .. m->r.end - m->start - 1));
    assigns \nothing; */
static enum dns_verdict judge_records(const struct dns_message *m, const struct dns_query *asked,
                                      bool part);

/*@ requires \valid_read(asked) && length <= 0x7fffffff
        && \valid_read(message + (0 .. length - 1));
    assigns \nothing; */
enum dns_verdict host_dns_judge(const struct dns_query *asked, const uint8_t *message,
                                size_t length, bool part);

/*@ requires \valid_read(record) && \valid(out) && \separated(record, out)
        && \valid_read(record->data + (0 .. (record->type == DNS_TYPE_A ? 3 : 15)))
        && \separated(out, record->data + (0 .. (record->type == DNS_TYPE_A ? 3 : 15)));
    assigns *out; */
static bool address_of(const struct dns_record *record, struct aksu_ip *out);

/*@ requires \valid_read(ip) && \valid_read(list + (0 .. count - 1));
    assigns \nothing; */
static bool among(const struct aksu_ip *ip, const struct aksu_ip *list, uint32_t count);

/*@ requires \valid_read(asked) && (asked->type == DNS_TYPE_A || asked->type == DNS_TYPE_AAAA)
        && length <= 0x7fffffff && \valid_read(message + (0 .. length - 1))
        && \valid(out + (0 .. most - 1))
        && \separated(out + (0 .. most - 1), asked, message + (0 .. length - 1));
    assigns out[0 .. most - 1];
    ensures \result <= most; */
uint32_t host_dns_addresses(const struct dns_query *asked, const uint8_t *message, size_t length,
                            struct aksu_ip *out, uint32_t most);
