/* ipv6_chain.c - the extension headers of IPv6, however many octets there are. */
#include "wire/ipv6_chain.c"

/*@ predicate walks(struct walk *w, uint8_t *at, uint8_t *end) = \valid(w) && \valid(w->out)
      && within(w->first, at, end)
      && \separated(w, w->out, w->first + (0 .. end - w->first - 1));
    predicate reads(struct walk *w, struct reader *r) = \valid(r) && walks(w, r->at, r->end)
      && \separated(r, w, w->out, w->first + (0 .. r->end - w->first - 1)); */

/*@ requires \valid_read(w) && \base_addr(w->first) == \base_addr(at) && 0 <= at - w->first;
    assigns \nothing; */
static uint32_t place_of(const struct walk *w, const uint8_t *at);

/*@ requires \valid(w) && \valid(w->out);
    assigns *w->out; */
static enum ipv6_fault problem(struct walk *w, uint8_t code, uint32_t place);

/*@ requires walks(w, option, option + 1);
    assigns *w->out; */
static enum ipv6_fault unknown_option(struct walk *w, const uint8_t *option);

/*@ requires walks(w, at, end);
    assigns *w->out; */
static enum ipv6_fault walk_options(struct walk *w, const uint8_t *at, const uint8_t *end);

/*@ requires reads(w, r);
    assigns *w->out, w->named_by, w->next, r->at, r->bad;
    ensures reads(w, r); */
static enum ipv6_fault long_header(struct walk *w, struct reader *r);

/*@ requires reads(w, r);
    assigns \nothing; */
static size_t data_length(const struct walk *w, const struct reader *r);

/*@ requires reads(w, r);
    assigns *w->out, w->named_by, w->next, r->at, r->bad;
    ensures reads(w, r); */
static enum ipv6_fault fragment_header(struct walk *w, struct reader *r);

/*@ requires reads(w, r);
    assigns *w->out, w->named_by, w->next, r->at, r->bad;
    ensures reads(w, r); */
static enum ipv6_fault one_header(struct walk *w, struct reader *r);

/*@ assigns \nothing; */
static bool is_upper_layer(uint8_t next);

/*@ requires good(r) && \valid_read(h) && \valid(out) && \separated(r, h, out)
      && \separated(r, out, r->at + (0 .. r->end - r->at - 1));
    assigns *out, r->at, r->bad;
    ensures good(r); */
enum ipv6_fault wire_ipv6_chain(struct reader *r, const struct ipv6_header *h,
                                struct ipv6_chain *out);
