//! Drawing of a page's blocks, with its links.

use super::{
    document::{PageBlock, TextSpan, anchor, plain},
    pages::leads_somewhere,
    pictures::Pictures,
    search::find,
};
use egui::{
    Align, Button, Color32, FontFamily, FontId, Frame, Label, Link, Margin, Rect, RichText, ScrollArea,
    Sense, Stroke, TextFormat, TextWrapMode, Ui, UiBuilder, Vec2, text::LayoutJob,
};

const TEXT: f32 = 14.0;
const CODE: f32 = 12.5;
const LINE: f32 = 20.0;
/// Room for the button that copies code.
const COPY: Vec2 = Vec2::new(52.0, 20.0);
/// Space between the edge of a cell and its text.
const CELL: Vec2 = Vec2::new(8.0, 4.0);
/// A column becomes no narrower to make room for others.
const MIN_COLUMN: f32 = 72.0;
/// Widest text that is read with ease.
pub const MAX_WIDTH: f32 = 760.0;

/// A page while it is drawn.
pub struct Page<'a> {
    /// Words to be marked, in small letters.
    pub words: &'a [String],
    /// Anchor to be scrolled to.
    pub target: Option<&'a str>,
    /// Pictures that pages show.
    pub pictures: &'a mut Pictures,
    /// Link that was clicked.
    pub clicked: Option<String>,
}

impl Page<'_> {
    /// Draws blocks under each other.
    pub fn blocks(&mut self, ui: &mut Ui, blocks: &[PageBlock]) {
        for (index, block) in blocks.iter().enumerate() {
            if index > 0 {
                ui.add_space(if matches!(block, PageBlock::Heading(..)) { 16.0 } else { 6.0 });
            }
            ui.push_id(index, |ui| self.block(ui, block));
        }
    }

    fn block(&mut self, ui: &mut Ui, block: &PageBlock) {
        match block {
            PageBlock::Heading(level, spans) => self.heading(ui, *level, spans),
            PageBlock::Paragraph(spans) => self.text(ui, spans),
            PageBlock::List(first, items) => self.list(ui, *first, items),
            PageBlock::Code(code) => self.code(ui, code),
            PageBlock::Table(rows) => self.table(ui, rows),
            PageBlock::Picture(path, words) => self.pictures.ui(ui, path, words),
        }
    }

    fn heading(&mut self, ui: &mut Ui, level: u8, spans: &[TextSpan]) {
        let size = [22.0, 17.0, 15.0][usize::from(level.clamp(1, 3)) - 1];
        let text = plain(spans);
        let mut job = LayoutJob::default();
        let colour = ui.visuals().strong_text_color();
        let format = TextFormat {
            line_height: Some(size * 1.4),
            ..TextFormat::simple(FontId::proportional(size), colour)
        };
        self.append(ui, &mut job, &text, &format);
        let response = ui.add(Label::new(job).wrap());
        if self.target == Some(anchor(&text).as_str()) {
            response.scroll_to_me(Some(Align::Min));
        }
        if level == 2 {
            let line = Stroke::new(1.0, ui.visuals().widgets.noninteractive.bg_stroke.color);
            let (rect, _) = ui.allocate_exact_size(Vec2::new(ui.available_width(), 5.0), Sense::hover());
            ui.painter().hline(rect.x_range(), rect.center().y, line);
        }
    }

    fn list(&mut self, ui: &mut Ui, first: Option<u64>, items: &[Vec<PageBlock>]) {
        for (index, item) in items.iter().enumerate() {
            let mark = first.map_or("•".to_owned(), |first| format!("{}.", first + index as u64));
            ui.horizontal_top(|ui| {
                let text = RichText::new(mark).size(TEXT).line_height(Some(LINE)).weak();
                ui.allocate_ui(Vec2::new(20.0, LINE), |ui| {
                    ui.set_min_width(20.0);
                    ui.add(Label::new(text).selectable(false));
                });
                ui.vertical(|ui| ui.push_id(index, |ui| self.blocks(ui, item)));
            });
            ui.add_space(2.0);
        }
    }

    /// Draws code with a button that copies it.
    fn code(&self, ui: &mut Ui, code: &str) {
        let frame =
            Frame::new().fill(ui.visuals().extreme_bg_color).corner_radius(4).inner_margin(Margin::same(8));
        let stroke = Stroke::new(1.0, ui.visuals().widgets.noninteractive.bg_stroke.color);
        let shown = frame.stroke(stroke).show(ui, |ui| {
            ui.set_width(ui.available_width());
            let scroll = ScrollArea::horizontal().id_salt("code").max_width(ui.available_width() - COPY.x);
            scroll.auto_shrink([false, true]).show(ui, |ui| {
                let mut job = LayoutJob::default();
                let colour = ui.visuals().strong_text_color();
                let font = FontId::monospace(CODE);
                let format = TextFormat { line_height: Some(18.0), ..TextFormat::simple(font, colour) };
                self.append(ui, &mut job, code, &format);
                ui.add(Label::new(job).extend());
            });
        });
        let corner = shown.response.rect.right_top() + Vec2::new(-COPY.x - 6.0, 7.0);
        // Drawn over the block, so that the block is no wider for it.
        let mut over = ui.new_child(UiBuilder::new().max_rect(Rect::from_min_size(corner, COPY)));
        let copy = Button::new("Copy").small().wrap_mode(TextWrapMode::Extend);
        if over.add(copy).on_hover_text("Put these lines on the clipboard").clicked() {
            ui.ctx().copy_text(code.to_owned());
        }
    }

    fn table(&mut self, ui: &mut Ui, rows: &[Vec<Vec<TextSpan>>]) {
        let widths = widths(ui, rows);
        let stroke = Stroke::new(1.0, ui.visuals().widgets.noninteractive.bg_stroke.color);
        ui.scope(|ui| {
            ui.spacing_mut().item_spacing = Vec2::ZERO;
            for (index, row) in rows.iter().enumerate() {
                let is_header = index == 0;
                let is_marked = is_header || index % 2 == 0;
                let fill = if is_marked { ui.visuals().faint_bg_color } else { Color32::TRANSPARENT };
                let shown = Frame::new().fill(fill).show(ui, |ui| {
                    ui.horizontal_top(|ui| {
                        for (column, (cell, width)) in row.iter().zip(&widths).enumerate() {
                            ui.push_id((index, column), |ui| self.cell(ui, cell, *width, is_header));
                        }
                    });
                });
                let rect = shown.response.rect;
                let is_target = |target| row.first().is_some_and(|cell| anchor(&plain(cell)) == target);
                if !is_header && self.target.is_some_and(is_target) {
                    ui.scroll_to_rect(rect, Some(Align::Center));
                }
                ui.painter().hline(rect.x_range(), rect.bottom(), stroke);
            }
        });
    }

    fn cell(&mut self, ui: &mut Ui, spans: &[TextSpan], width: f32, is_header: bool) {
        let margin = Margin::symmetric(CELL.x as i8, CELL.y as i8);
        Frame::new().inner_margin(margin).show(ui, |ui| {
            ui.vertical(|ui| {
                ui.set_width(width - 2.0 * CELL.x);
                if is_header {
                    let strong = |span: &TextSpan| TextSpan { is_strong: true, ..span.clone() };
                    self.text(ui, &spans.iter().map(strong).collect::<Vec<_>>());
                } else {
                    self.text(ui, spans);
                }
            });
        });
    }

    /// Draws text that breaks into lines, in pieces between links.
    fn text(&mut self, ui: &mut Ui, spans: &[TextSpan]) {
        ui.spacing_mut().interact_size.y = LINE;
        ui.horizontal_wrapped(|ui| {
            ui.spacing_mut().item_spacing = Vec2::ZERO;
            for piece in spans.chunk_by(|one, other| one.link == other.link) {
                let mut job = LayoutJob::default();
                let link = piece[0].link.as_deref().filter(|link| leads_somewhere(link));
                for span in piece {
                    let mut format = format(ui, span);
                    if link.is_some() {
                        format.color = ui.visuals().hyperlink_color;
                    }
                    self.append(ui, &mut job, &span.text, &format);
                }
                let Some(link) = link else {
                    ui.add(Label::new(job));
                    continue;
                };
                if ui.add(Link::new(job)).clicked() {
                    self.clicked = Some(link.to_owned());
                }
            }
        });
    }

    /// Appends text with the searched words marked.
    fn append(&self, ui: &Ui, job: &mut LayoutJob, text: &str, format: &TextFormat) {
        let mut marked: Vec<_> = self.words.iter().flat_map(|word| find(text, word)).collect();
        marked.sort_by_key(|range| (range.start, range.end));
        let mut at = 0;
        for range in marked {
            if range.start < at {
                continue;
            }
            if at < range.start {
                job.append(&text[at..range.start], 0.0, format.clone());
            }
            let background = ui.visuals().selection.bg_fill;
            job.append(&text[range.clone()], 0.0, TextFormat { background, ..format.clone() });
            at = range.end;
        }
        if at < text.len() || text.is_empty() {
            job.append(&text[at..], 0.0, format.clone());
        }
    }
}

fn format(ui: &Ui, span: &TextSpan) -> TextFormat {
    let visuals = ui.visuals();
    let (family, size) =
        if span.is_code { (FontFamily::Monospace, CODE) } else { (FontFamily::Proportional, TEXT) };
    let is_strong = span.is_strong || span.is_code;
    TextFormat {
        font_id: FontId::new(size, family),
        color: if is_strong { visuals.strong_text_color() } else { visuals.text_color() },
        background: if span.is_code {
            visuals.widgets.inactive.weak_bg_fill.gamma_multiply(0.8)
        } else {
            Color32::TRANSPARENT
        },
        italics: span.is_emphasised,
        line_height: Some(LINE),
        valign: Align::Center,
        ..TextFormat::default()
    }
}

/// Widths of the columns: as wide as their text where there is room; else narrow columns keep their width, and
/// wide ones share the rest.
fn widths(ui: &Ui, rows: &[Vec<Vec<TextSpan>>]) -> Vec<f32> {
    let columns = rows.first().map_or(0, Vec::len);
    let mut wanted = vec![MIN_COLUMN; columns];
    for row in rows {
        for (width, cell) in wanted.iter_mut().zip(row) {
            let mut job = LayoutJob::default();
            for span in cell {
                job.append(&span.text, 0.0, format(ui, span));
            }
            let text = ui.ctx().fonts_mut(|fonts| fonts.layout_job(job)).size().x;
            *width = width.max(text.ceil() + 2.0 * CELL.x + 1.0);
        }
    }
    share(&wanted, ui.available_width())
}

/// Widths that fit into a space: those below an equal share of what is left as they are wanted, the others that share.
fn share(wanted: &[f32], space: f32) -> Vec<f32> {
    let mut widths = wanted.to_vec();
    let mut order: Vec<usize> = (0..wanted.len()).collect();
    order.sort_by(|one, other| wanted[*one].total_cmp(&wanted[*other]));
    let mut left = space;
    for (index, column) in order.iter().enumerate() {
        let share = left / (wanted.len() - index) as f32;
        widths[*column] = wanted[*column].min(share.max(MIN_COLUMN)).floor();
        left -= widths[*column];
    }
    widths
}
