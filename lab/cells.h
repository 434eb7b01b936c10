/* cells.h - a TCB as rows of text, for the terminal: text.c and aksu lab --step. */
#ifndef LAB_CELLS_H
#define LAB_CELLS_H

#include "aksu/socket.h"
#include "lab/words.h"

enum { CELL_STATE, CELL_SEND, CELL_RECEIVE, CELL_TIMER, CELL_BUFFERS, CELL_CWND, LAB_CELLS,
       LAB_CELL_TEXT = 64 };

/* "SND.UNA NXT WND". A constant. */
const char *lab_cell_name(unsigned row, enum lab_lang lang);
/* Sequence numbers count from the ISNs; `now` is of the clock of timer_at. */
void lab_cell_text(const struct aksu_info *tcb, aksu_time now, unsigned row,
                   char out[LAB_CELL_TEXT]);

#endif
