//! Rows of the manual's list: pages with the headings of the one that is read, or what a search found.

use super::{
    document::{PageBlock, anchor, plain},
    search::{self, Section},
};
use crate::app::theme::{self, Palette};
use egui::{Sense, TextStyle, Ui, Vec2, WidgetInfo, WidgetText};

const ROW: f32 = 24.0;

/// A place of the manual.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Place {
    /// Index of the page.
    pub page: usize,
    /// Anchor of a heading; empty for the top of the page.
    pub anchor: String,
}

/// A row of the list: a page, a heading of the page that is read, or a hit.
pub struct ListRow {
    /// Place that it leads to.
    pub place: Place,
    text: String,
    /// Smaller text below.
    detail: String,
    is_indented: bool,
    is_current: bool,
}

/// Every page, and the headings of the one that is read.
pub fn contents(pages: &[Vec<PageBlock>], reading: &Place) -> Vec<ListRow> {
    let mut rows = Vec::new();
    for (page, blocks) in pages.iter().enumerate() {
        let is_read = page == reading.page;
        for block in blocks {
            let PageBlock::Heading(level @ (1 | 2), spans) = block else { continue };
            let text = plain(spans);
            let anchor = if *level == 1 { String::new() } else { anchor(&text) };
            let place = Place { page, anchor };
            let is_current = place == *reading || is_read && *level == 1;
            if *level == 1 || is_read && page > 0 {
                let is_indented = *level == 2;
                rows.push(ListRow { place, text, detail: String::new(), is_indented, is_current });
            }
        }
    }
    rows
}

/// Sections that have every word.
pub fn hits(sections: &[Section], words: &[String], reading: &Place) -> Vec<ListRow> {
    let row = |hit: search::Hit| {
        let Section { page, title, heading, anchor, .. } = hit.section;
        let text = if title == heading { title.clone() } else { format!("{title}: {heading}") };
        let place = Place { page: *page, anchor: anchor.clone() };
        let is_current = place == *reading;
        ListRow { place, text, detail: hit.excerpt, is_indented: false, is_current }
    };
    search::hits(sections, words).into_iter().map(row).collect()
}

impl ListRow {
    /// Draws it; true if it was clicked.
    pub fn ui(&self, ui: &mut Ui, is_selected: bool, scroll: bool) -> bool {
        let indent = if self.is_indented { 16.0 } else { 0.0 };
        let width = ui.available_width() - indent - 2.0 * theme::UNIT;
        let visuals = ui.visuals();
        let colour = match (self.is_current, self.is_indented) {
            (true, _) => Palette::of(ui).accent,
            (_, true) => visuals.weak_text_color(),
            _ => visuals.strong_text_color(),
        };
        let small = visuals.weak_text_color();
        let layout = |text: &str, style| WidgetText::from(text).into_galley(ui, None, width, style);
        let text = layout(&self.text, TextStyle::Body);
        let detail = (!self.detail.is_empty()).then(|| layout(&self.detail, TextStyle::Small));
        let below = detail.as_ref().map_or(0.0, |detail| detail.size().y + theme::HALF);
        let height = (text.size().y + below + theme::UNIT).max(ROW);
        let (rect, response) =
            ui.allocate_exact_size(Vec2::new(ui.available_width(), height), Sense::click());
        response.widget_info(|| WidgetInfo::selected(egui::Role::Button, true, self.is_current, &self.text));
        if scroll {
            response.scroll_to_me(None);
        }
        if is_selected || response.hovered() || response.has_focus() {
            let visuals = ui.visuals();
            let fill = if is_selected { visuals.selection.bg_fill } else { visuals.faint_bg_color };
            ui.painter().rect_filled(rect, 4.0, fill);
        }
        let mut corner = rect.min + Vec2::new(theme::UNIT + indent, theme::HALF);
        let below = corner + Vec2::new(0.0, text.size().y + theme::HALF / 2.0);
        ui.painter().galley(corner, text, colour);
        if let Some(detail) = detail {
            corner = below;
            ui.painter().galley(corner, detail, small);
        }
        response.clicked()
    }
}
