/* ladder_draw.c - a connection as a diagram: its heading, its items in order, and its sums. */
#include "event/ladder_draw.h"

#include <string.h>

/* A note beside the line of `side`, in as many rows as it takes. */
static void draw_note(struct drawing *d, const struct ladder_item *item, char mark,
                      const char *text, enum style style)
{
    unsigned side = item->side;
    int width = ladder_draw_block_width(text, SPAN - 2);
    struct words line;

    ladder_draw_start_row(d, item->at, GLYPH_LIFE);
    ladder_draw_put_labels(d, item);
    ladder_row_put(&d->row, side == 0 ? LIFE_LEFT : LIFE_RIGHT, mark, style);
    while (ladder_draw_next_line(&text, SPAN - 2, &line)) {
        ladder_words_pad(&line, width);
        ladder_draw_text_from(d, side, 1, &line, style);
        ladder_row_print(&d->row);
        ladder_draw_start_line(d, GLYPH_LIFE);
    }
}

static void draw_call(struct drawing *d, const struct ladder_item *item)
{
    struct words w, cell = { .length = 0 };

    ladder_words_call(&w, item);
    if (item->call.status != AKSU_OK) {
        ladder_words_add(&w, ": %s", aksu_status_text(item->call.status));
        draw_note(d, item, '!', w.text, STYLE_CALL);
        return;
    }
    ladder_words_add(&cell, item->side == 0 ? "%s >" : "< %s", w.text);
    if (cell.length > CELL + 1) {
        draw_note(d, item, item->side == 0 ? '>' : '<', w.text, STYLE_CALL);
        return;
    }
    ladder_draw_start_row(d, item->at, GLYPH_LIFE);
    ladder_row_text(&d->row, item->side == 0 ? LIFE_LEFT - cell.length : LIFE_RIGHT + 1, cell.text,
                    STYLE_CALL);
    ladder_row_print(&d->row);
}

static void draw_fold_line(struct drawing *d, unsigned side, const struct words *w)
{
    struct arrow a = { .end = 2, .last = ladder_draw_head(side) };

    ladder_draw_arrow(d, side, &a, STYLE_DIM);
    ladder_draw_text_from(d, side, 4, w, STYLE_DIM);
}

/* What one side sent. */
static void draw_fold_side(struct drawing *d, const struct ladder_fold *f, unsigned side)
{
    struct words w = { .length = 0 }, calls = { .length = 0 };

    ladder_words_fold(&w, d->c, f, side);
    draw_fold_line(d, side, &w);
    if (f->calls[side] > 0)
        ladder_words_add(&calls, side == 0 ? "SEND x%u >" : "< SEND x%u", f->calls[side]);
    ladder_row_text(&d->row, side == 0 ? LIFE_LEFT - calls.length : LIFE_RIGHT + 1, calls.text,
                    STYLE_CALL);
    ladder_row_print(&d->row);
    if (f->lost[side] + f->again[side] == 0)
        return;
    w.length = 0;
    ladder_words_add(&w, "%u lost, %u retransmitted", f->lost[side], f->again[side]);
    ladder_draw_start_line(d, GLYPH_FOLDED);
    ladder_draw_text_from(d, side, 4, &w, STYLE_TIMER);
    ladder_row_print(&d->row);
}

/* A row for each direction, and the time at which the run ended. */
static void draw_fold(struct drawing *d, const struct ladder_item *item)
{
    const struct ladder_fold *f = &item->fold;
    struct words w = { .length = 0 };
    aksu_time at = item->at;

    for (unsigned side = 0; side < 2; side++) {
        if (f->segments[side] + f->acks[side] + f->calls[side] == 0)
            continue;
        ladder_draw_start_row(d, at, GLYPH_FOLDED);
        draw_fold_side(d, f, side);
        at = item->other_at;
    }
    if (f->others > 0) {
        ladder_words_amount(&w, f->others, "other event");
        ladder_draw_start_row(d, item->other_at, GLYPH_FOLDED);
        ladder_draw_text_from(d, 0, 4, &w, STYLE_DIM);
        ladder_row_print(&d->row);
    }
    if (d->shown < item->other_at) {
        ladder_draw_start_row(d, item->other_at, GLYPH_FOLDED);
        ladder_row_print(&d->row);
    }
}

static void draw_item_note(struct drawing *d, const struct ladder_item *item)
{
    struct words w;
    enum style style;
    char mark;

    ladder_words_note(&w, item, &mark, &style);
    draw_note(d, item, mark, w.text, style);
}

/* How many segments behind this one are like it: duplicate ACKs come in crowds. */
static uint32_t more_of(const struct drawing *d, const struct ladder_item *item)
{
    uint32_t more = 0;

    if (item->kind != LADDER_SEGMENT && item->kind != LADDER_ARRIVAL)
        return 0;
    for (uint32_t i = item->next; i != NO_ITEM; i = d->l->item[i].next, more++) {
        const struct ladder_item *next = &d->l->item[i];

        if (next->kind != item->kind || next->side != item->side || next->at != item->at ||
            next->sort != item->sort ||
            next->other_at != item->other_at || next->why || next->nowhere || next->label[0] ||
            next->label[1] || memcmp(&next->segment, &item->segment, sizeof item->segment) != 0)
            break;
    }
    return more;
}

/* The number of items that were drawn: an arrival may stand with its segment. */
static uint32_t draw_item(struct drawing *d, const struct ladder_item *item)
{
    uint32_t more = more_of(d, item);

    switch ((enum ladder_kind)item->kind) {
    case LADDER_SEGMENT: return 1 + more + ladder_draw_segment(d, item, more);
    case LADDER_ARRIVAL: ladder_draw_arrival(d, item, more); return 1 + more;
    case LADDER_CALL: draw_call(d, item); break;
    case LADDER_NOTE: draw_item_note(d, item); break;
    case LADDER_FOLD: draw_fold(d, item); break;
    case LADDER_STATE:
        ladder_draw_start_row(d, item->at, GLYPH_LIFE);
        ladder_draw_put_labels(d, item);
        ladder_row_print(&d->row);
        break;
    case LADDER_FREE: break;
    }
    return 1;
}

/* Who talks with whom, in one line when there is room, and the names above their lines. */
static void draw_heading(struct drawing *d)
{
    const struct ladder_connection *c = d->c;
    struct words w = { .length = 0 };
    const char *what = c->datagrams ? "UDP flow" : "connection";
    char left[AKSU_ENDPOINT_TEXT] = "?", right[AKSU_ENDPOINT_TEXT] = "?";

    if (c->addressed) {
        aksu_endpoint_text(&c->end[0].at, left);
        aksu_endpoint_text(&c->end[1].at, right);
    }
    ladder_row_clear(&d->row);
    ladder_words_add(&w, "%s %u  %s  <->  ", what, c->number, left);
    ladder_row_text(&d->row, 0, w.text, STYLE_STRONG);
    if (w.length + (int)strlen(right) > ROW_WIDTH) {
        ladder_row_print(&d->row);
        ladder_row_clear(&d->row);
        w.length = 14;
    }
    ladder_row_text(&d->row, w.length, right, STYLE_STRONG);
    ladder_row_print(&d->row);

    ladder_draw_start_line(d, ' ');
    ladder_row_text(&d->row, TIME_END - 7, "time/ms", STYLE_DIM);
    for (unsigned side = 0; side < 2; side++)
        ladder_draw_put_cell(d, side, d->l->side[side].host, STYLE_STRONG);
    ladder_row_print(&d->row);
    ladder_draw_start_line(d, GLYPH_LIFE);
    for (unsigned side = 0; side < 2; side++) {
        enum aksu_tcp_state state = (enum aksu_tcp_state)(c->end[side].first_state - 1);

        if (c->end[side].first_state != 0)
            ladder_draw_put_cell(d, side, aksu_tcp_state_name(state), STYLE_STATE);
    }
    ladder_row_print(&d->row);
}

static void draw_remark(struct drawing *d, const struct words *w, enum style style)
{
    ladder_row_clear(&d->row);
    ladder_row_text(&d->row, 2, w->text, style);
    ladder_row_print(&d->row);
}

/* `part` joins the line, or a new one when it does not fit. */
static void add_part(struct drawing *d, struct words *line, const struct words *part)
{
    if (line->length > 0 && line->length + 2 + part->length > ROW_WIDTH - 2) {
        draw_remark(d, line, STYLE_DIM);
        line->length = 0;
    }
    ladder_words_add(line, "%s%s", line->length > 0 ? "; " : "", part->text);
}

static void draw_sums(struct drawing *d, const struct ladder_fold *sums)
{
    struct words line = { .length = 0 };

    for (unsigned side = 0; side < 2; side++) {
        struct words part = { .length = 0 };

        ladder_words_add(&part, "%.*s: ", CELL, d->l->side[side].host);
        ladder_words_amount(&part, sums->segments[side] + sums->acks[side],
                            ladder_words_unit(d->c));
        ladder_words_add(&part, ", ");
        ladder_words_amount(&part, sums->octets[side], "octet");
        add_part(d, &line, &part);
    }
    if (sums->lost[0] + sums->lost[1] > 0) {
        struct words part = { .length = 0 };

        ladder_words_count(&part, sums->lost[0] + sums->lost[1]);
        ladder_words_add(&part, " lost");
        add_part(d, &line, &part);
    }
    draw_remark(d, &line, STYLE_DIM);
}

/* Long runs are folded; when that leaves a diagram that nobody would read, so is what went wrong in
 * them. */
static void fold(struct aksu_ladder *l, struct ladder_connection *c)
{
    struct ladder_folding how = { .most = l->config.fold, .now = AKSU_NEVER };
    uint32_t count = 0;

    ladder_fold_runs(l, c, &how);
    for (uint32_t i = c->head; i != NO_ITEM; i = l->item[i].next)
        count++;
    if (count <= LADDER_LONG || l->config.fold == UINT32_MAX)
        return;
    how.most = LADDER_DEEP;
    how.deep = true;
    ladder_fold_runs(l, c, &how);
}

void ladder_draw(struct aksu_ladder *l, struct ladder_connection *c)
{
    struct drawing d = { .l = l, .c = c, .shown = AKSU_NEVER,
        .row = { .print = { .writer = l->config.writer }, .utf8 = l->config.utf8,
                 .colour = l->config.colour } };
    struct ladder_fold sums = { .others = 0 };
    uint32_t i;

    fold(l, c);
    for (i = c->head; i != NO_ITEM; i = l->item[i].next) {
        const struct ladder_item *item = &l->item[i];

        ladder_add_to_fold(&sums, item);
        if (item->kind == LADDER_SEGMENT && !item->nowhere && item->sort != LADDER_ICMP)
            sums.lost[item->side] -= item->under_way;
    }
    draw_heading(&d);
    for (i = c->head; i != NO_ITEM; ) {
        uint32_t drawn = draw_item(&d, &l->item[i]);

        while (drawn-- > 0)
            i = l->item[i].next;
    }
    draw_sums(&d, &sums);
    if (c->omitted > 0) {
        struct words w = { .length = 0 };

        ladder_words_amount(&w, c->omitted, "event");
        ladder_words_add(&w, " not drawn: the ladder's memory was full");
        draw_remark(&d, &w, STYLE_BAD);
    }
    ladder_row_clear(&d.row);
    ladder_row_print(&d.row);
    event_print_flush(&d.row.print);
}

void ladder_draw_rest(struct aksu_ladder *l)
{
    struct print p = { .writer = l->config.writer };

    if (l->not_shown == 0)
        return;
    event_print_u64(&p, l->not_shown);
    event_print_text(&p, " segments of further connections not drawn: "
                         "the ladder's table was full\n");
    event_print_flush(&p);
    l->not_shown = 0;
}
