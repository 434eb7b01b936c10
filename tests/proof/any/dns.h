/* dns.h - what the functions of wire/dns.h promise: proven in dns.c, used in dns_answer.c. */
#ifndef PROOF_DNS_H
#define PROOF_DNS_H

#include "copy.h"
#include "wire/dns.h"

/*@ predicate reading(uint8_t *start, uint8_t *at, uint8_t *end) = within(start, at, end)
        && end - start >= DNS_HEADER;
    predicate message(struct dns_message *m) = \valid(m) && reading(m->start, m->r.at, m->r.end);
    predicate usable(struct dns_record *r, uint8_t *start, uint8_t *end) =
        within(start, r->data, end) && r->length <= end - r->data
        && (r->class == DNS_CLASS_IN && r->type == DNS_TYPE_A ==> r->length == 4)
        && (r->class == DNS_CLASS_IN && r->type == DNS_TYPE_AAAA ==> r->length == 16); */

/*@ requires \valid(out) && length <= 0x7fffffff && \valid_read(data + (0 .. length - 1))
        && \separated(out, data + (0 .. length - 1));
    assigns *out, \result \from data[0 .. length - 1], data, length;
    ensures \result ==> message(out) && out->start == data && out->r.end == data + length; */
bool wire_dns_parse(const uint8_t *data, size_t length, struct dns_message *out);

/*@ requires message(m) && \valid(out)
        && \separated(m, out, m->start + (0 .. m->r.end - m->start - 1));
    assigns m->r.at, m->r.bad, *out, \result \from *m, m->start[0 .. m->r.end - m->start - 1];
    ensures message(m); */
bool wire_dns_next_question(struct dns_message *m, struct dns_question *out);

/*@ requires message(m) && \valid(out)
        && \separated(m, out, m->start + (0 .. m->r.end - m->start - 1));
    assigns m->r.at, m->r.bad, *out, \result \from *m, m->start[0 .. m->r.end - m->start - 1];
    ensures message(m);
    ensures \result ==> usable(out, m->start, m->r.end); */
bool wire_dns_next_record(struct dns_message *m, struct dns_record *out);

/*@ requires \valid_read(a) && \valid_read(b);
    assigns \result \from *a, *b; */
bool wire_dns_name_eq(const struct dns_name *a, const struct dns_name *b);

#endif
