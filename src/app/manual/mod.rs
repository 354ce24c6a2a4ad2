//! The manual: the pages of `assets/manual` in a window of their own, with a list of pages and a search over all.

mod document;
mod list;
mod page;
mod pages;
mod pictures;
mod search;

use super::{shortcuts::close_by_escape, theme};
use document::PageBlock;
use egui::{
    CentralPanel, Context, Frame, Key, Label, Margin, Modifiers, OpenUrl, Panel, RichText, ScrollArea,
    TextEdit, Ui, UiBuilder, Vec2,
};
use list::{ListRow, Place};
use page::Page;
pub use pages::{MANUAL_PAGES, MANUAL_PICTURES};
use pictures::Pictures;
use search::Section;

const SIZE: Vec2 = Vec2::new(980.0, 640.0);
const LIST: f32 = 232.0;
/// Height of the page that stays on the screen after PageUp or PageDown, points.
const OVERLAP: f32 = 48.0;

/// The window with the manual.
#[derive(Default)]
pub struct Manual {
    is_open: bool,
    /// Blocks of every page, once it was opened.
    pages: Vec<Vec<PageBlock>>,
    sections: Vec<Section>,
    place: Place,
    /// Places before this one.
    history: Vec<Place>,
    /// True until the place has been scrolled to.
    has_moved: bool,
    typed: String,
    /// Index among the rows of the list, while the keys move in it.
    selected: Option<usize>,
    pictures: Pictures,
}

impl Manual {
    /// Opens the manual at the last place, or closes it.
    pub fn toggle(&mut self) {
        self.is_open ^= true;
        self.has_moved = true;
        if self.pages.is_empty() {
            self.pages = MANUAL_PAGES.iter().map(|(_, text)| document::parse(text)).collect();
            let pages = self.pages.iter().enumerate();
            self.sections = pages.flat_map(|(page, blocks)| search::sections(page, blocks)).collect();
        }
    }

    /// Draws the manual if it is open.
    pub fn ui(&mut self, ui: &Ui) {
        if !self.is_open {
            return;
        }
        let mut is_open = true;
        if !self.pictures.open_ui(ui) {
            close_by_escape(ui, &mut is_open);
        }
        let space = ui.ctx().content_rect().shrink(24.0).size() - Vec2::new(0.0, 56.0);
        let window = egui::Window::new("Manual").open(&mut is_open).default_size(SIZE.min(space));
        let window = window.max_size(space.max(Vec2::splat(240.0))).min_size([320.0, 200.0].map(f32::from));
        let frame = Frame::window(ui.style()).inner_margin(Margin::same(8));
        window
            .collapsible(false)
            .frame(frame)
            .pivot(egui::Align2::CENTER_CENTER)
            .default_pos(ui.ctx().content_rect().center() + Vec2::new(0.0, 16.0))
            .show(ui, |ui| self.body(ui));
        self.is_open = is_open;
    }

    fn body(&mut self, ui: &mut Ui) {
        let side = Frame::new().inner_margin(Margin { right: 8, ..Margin::ZERO });
        let chosen = Panel::left("manual pages")
            .exact_size(LIST)
            .resizable(false)
            .frame(side)
            .show(ui, |ui| self.list(ui));
        if let Some(place) = chosen.inner {
            self.go(place);
        }
        let frame = Frame::new().inner_margin(Margin { left: 12, ..Margin::ZERO });
        CentralPanel::no_frame().frame(frame).show(ui, |ui| self.page(ui));
    }

    /// Draws the search and the list of pages or hits; returns the chosen place.
    fn list(&mut self, ui: &mut Ui) -> Option<Place> {
        let back = ui.add_enabled(!self.history.is_empty(), egui::Button::new("Back"));
        if back.on_hover_text("To the page before").clicked() {
            self.back();
        }
        let (down, up, enter) = self.keys(ui);
        let id = ui.scope_id().with("search");
        let field = TextEdit::singleline(&mut self.typed).id(id).hint_text("Search all pages");
        let field = ui.add(field.desired_width(f32::INFINITY)).accessible_name("Search the manual");
        if ui.memory(|memory| memory.focused().is_none()) {
            field.request_focus();
        }
        if field.changed() {
            self.selected = (!self.typed.trim().is_empty()).then_some(0);
        }
        ui.add_space(theme::HALF);
        let rows = self.rows();
        if down + up > 0 && !rows.is_empty() {
            let at = self.selected.map_or(0, |at| (at + down).saturating_sub(up));
            self.selected = Some(at.min(rows.len() - 1));
        }
        if rows.is_empty() {
            ui.add(Label::new(RichText::new("No page has all these words").weak()).wrap());
        }
        let mut chosen = None;
        ScrollArea::vertical().auto_shrink(false).id_salt("rows").show(ui, |ui| {
            ui.spacing_mut().item_spacing.y = 0.0;
            for (index, row) in rows.into_iter().enumerate() {
                let is_selected = self.selected == Some(index);
                let is_clicked = row.ui(ui, is_selected, is_selected && down + up > 0);
                if is_clicked || is_selected && enter {
                    chosen = Some(row.place);
                }
            }
        });
        chosen
    }

    /// Takes the keys that move in the list and choose from it, while the search has the keyboard focus.
    fn keys(&self, ui: &Ui) -> (usize, usize, bool) {
        if !ui.memory(|memory| memory.has_focus(ui.scope_id().with("search"))) {
            return (0, 0, false);
        }
        ui.input_mut(|input| {
            let mut presses = |key| input.count_and_consume_key(Modifiers::NONE, key);
            (presses(Key::ArrowDown), presses(Key::ArrowUp), presses(Key::Enter) > 0)
        })
    }

    fn rows(&self) -> Vec<ListRow> {
        let words = search::words(&self.typed);
        if words.is_empty() {
            list::contents(&self.pages, &self.place)
        } else {
            list::hits(&self.sections, &words, &self.place)
        }
    }

    fn page(&mut self, ui: &mut Ui) {
        let mut scroll = ScrollArea::vertical().auto_shrink(false).id_salt(("page", self.place.page));
        if self.has_moved && self.place.anchor.is_empty() {
            scroll = scroll.vertical_scroll_offset(0.0);
        }
        let words = search::words(&self.typed);
        let target = self.has_moved.then_some(self.place.anchor.as_str()).filter(|anchor| !anchor.is_empty());
        let mut page = Page { words: &words, target, pictures: &mut self.pictures, clicked: None };
        let blocks = &self.pages[self.place.page];
        // A page that is too wide must not widen the window.
        let space = ui.available_rect_before_wrap();
        let mut inner = ui.new_child(UiBuilder::new().max_rect(space));
        scroll.show(&mut inner, |ui| {
            let height = ui.clip_rect().height() - OVERLAP;
            let turned = ui.input_mut(|input| {
                let mut presses = |key| input.count_and_consume_key(Modifiers::NONE, key) as f32;
                presses(Key::PageUp) - presses(Key::PageDown)
            });
            ui.scroll_with_delta(Vec2::new(0.0, turned * height));
            ui.set_max_width(ui.available_width().min(page::MAX_WIDTH));
            ui.style_mut().interaction.selectable_labels = true;
            page.blocks(ui, blocks);
            ui.add_space(2.0 * theme::UNIT);
        });
        let clicked = page.clicked;
        self.has_moved = false;
        if let Some(link) = clicked {
            self.follow(&link, ui.ctx());
        }
    }

    /// Goes where a link leads: to a place of the manual, or with the browser to another site.
    fn follow(&mut self, link: &str, context: &Context) {
        if pages::is_outside(link) {
            context.open_url(OpenUrl::new_tab(link));
            return;
        }
        let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
        let named = MANUAL_PAGES.iter().position(|(name, _)| *name == file);
        self.go(Place { page: named.unwrap_or(self.place.page), anchor: anchor.to_owned() });
        context.request_repaint();
    }

    fn go(&mut self, place: Place) {
        if place != self.place {
            self.history.push(std::mem::replace(&mut self.place, place));
        }
        self.has_moved = true;
    }

    fn back(&mut self) {
        if let Some(place) = self.history.pop() {
            self.place = place;
            self.has_moved = true;
        }
    }
}
