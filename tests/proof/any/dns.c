/* dns.c - DNS messages, however long, with any names and pointers. */
#include "dns.h"
#include "wire/dns.c"

/*@ assigns \result \from c; */
static uint8_t lower(uint8_t c);

/*@ requires good(r) && \valid(out) && length <= DNS_LABEL_MOST
        && \separated(r, out, r->at + (0 .. r->end - r->at - 1));
    assigns r->at, r->bad, *out;
    ensures within(\old(r->at), r->at, r->end); */
static bool read_label(struct reader *r, uint8_t length, struct dns_name *out);

/*@ requires good(r) && within(start, r->at, r->end) && \valid(out)
        && \separated(r, out, start + (0 .. r->end - start - 1));
    assigns r->at, r->bad, *out;
    ensures within(start, r->at, r->end); */
static bool read_name(const uint8_t *start, struct reader *r, struct dns_name *out);

/*@ requires \valid(m);
    assigns m->r.bad;
    ensures !\result; */
static bool bad(struct dns_message *m);

/*@ requires message(m) && \valid(record) && within(m->start, record->data, m->r.at)
        && record->length == m->r.at - record->data
        && \separated(m, record, m->start + (0 .. m->r.end - m->start - 1));
    assigns record->target;
    ensures \result ==> usable(record, m->start, m->r.end); */
static bool data_good(const struct dns_message *m, struct dns_record *record);
