/* ladder_words.h - what the ladder says about an item, in words. */
#ifndef EVENT_LADDER_WORDS_H
#define EVENT_LADDER_WORDS_H

#include "event/ladder.h"
#include "event/ladder_row.h"

/* "SYN,ACK seq 0 ack 1 wnd 65535" in at most `room` columns. */
void ladder_words_segment(struct words *w, const struct ladder_connection *c,
                          const struct ladder_item *item, int room);
/* What else it says: the options of a SYN, SACK blocks, why it was sent again, how many more like
 * it follow. Maybe nothing. */
void ladder_words_details(struct words *w, const struct ladder_connection *c,
                          const struct ladder_item *item, uint32_t more);
/* "SEND 77" */
void ladder_words_call(struct words *w, const struct ladder_item *item);
/* The text of a note, with the mark and the style that it has. */
void ladder_words_note(struct words *w, const struct ladder_item *item, char *mark,
                       enum style *style);
/* "344 segments, 498,112 octets, 3 ACKs": what a fold says about the segments of one side. */
void ladder_words_fold(struct words *w, const struct ladder_connection *c,
                       const struct ladder_fold *fold, unsigned side);
/* "segment", or "datagram" */
const char *ladder_words_unit(const struct ladder_connection *c);
/* "1 segment", "2,000 segments" */
void ladder_words_amount(struct words *w, uint64_t n, const char *what);

#endif
