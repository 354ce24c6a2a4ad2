//! The panes: each has a title, controls for its header, and a body.

mod any;
mod cloud;
mod curves;
mod evaluation;
mod health;
mod inspector;
mod log;
mod map;
mod sandbox;
mod sequence;
mod table;
mod timeline;
mod training;
mod trajectory;
mod wall;

pub use any::AnyPane;
pub use cloud::Cloud;
pub use curves::Curves;
pub use evaluation::Evaluation;
pub use health::Health;
pub use inspector::Inspector;
pub use log::LogPane;
pub use map::MapView;
pub use sandbox::Sandbox;
pub use sequence::Sequence;
pub use timeline::{Timeline, frames_along};
pub use training::Training;
pub use trajectory::Trajectory;
pub use wall::Wall;

use super::{state::State, theme};
use crate::objective::MapName;
use egui::{
    Color32, Rect, Response, RichText, Role, Sense, TextStyle, Ui, Vec2, WidgetInfo, text::LayoutJob,
};

/// A part of the window that can be docked anywhere.
pub trait Pane {
    /// What it is called.
    fn title(&self) -> String;

    /// Draws its header; the default is its title.
    fn header(&mut self, ui: &mut Ui, _state: &mut State) {
        title(ui, &self.title());
    }

    /// Draws its body.
    fn ui(&mut self, ui: &mut Ui, state: &mut State);

    /// The maps it shows.
    fn watches(&self) -> Vec<MapName> {
        Vec::new()
    }

    /// Whether it answers questions about pixels.
    fn inspects(&self) -> bool {
        false
    }

    /// Whether it changes what is shown by hand.
    fn tries(&self) -> bool {
        false
    }

    /// Whether there may be any number of its kind, so that closing it ends it.
    fn is_temporary(&self) -> bool {
        false
    }
}

/// A title as headers show it.
fn title(ui: &mut Ui, text: &str) {
    ui.label(RichText::new(text).color(ui.visuals().strong_text_color()));
}

/// A small text after a mark of this colour and height, as the keys of charts have them.
fn key_entry(ui: &mut Ui, text: &str, colour: Color32, mark: f32) -> Response {
    const MARK: f32 = 8.0;
    const LINE: f32 = 16.0;
    let text_colour = ui.visuals().text_color();
    let font = TextStyle::Small.resolve(ui.style());
    let galley = ui.painter().layout_no_wrap(text.to_owned(), font, text_colour);
    let indent = MARK + theme::HALF;
    let size = Vec2::new(indent + galley.size().x, LINE);
    let (rect, response) = ui.allocate_exact_size(size, Sense::hover());
    let middle = rect.left_center();
    let place = Rect::from_center_size(middle + Vec2::new(MARK / 2.0, 0.0), Vec2::new(MARK, mark));
    ui.painter().rect_filled(place, 1.0, colour);
    ui.painter().galley(middle + Vec2::new(indent, -galley.size().y / 2.0), galley, text_colour);
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, text));
    response
}

/// A sentence in the middle of an empty body, that says what to do next.
fn empty(ui: &mut Ui, rect: egui::Rect, text: &str) {
    let space = rect.shrink(8.0);
    let mut job = LayoutJob::simple(
        text.to_owned(),
        egui::TextStyle::Body.resolve(ui.style()),
        ui.visuals().weak_text_color(),
        space.width().min(360.0),
    );
    job.halign = egui::Align::Center;
    let galley = ui.painter().layout_job(job);
    let response = ui.interact(rect, ui.scope_id().with("empty"), egui::Sense::hover());
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Label, true, text));
    let corner = space.center() - egui::vec2(0.0, galley.size().y / 2.0);
    ui.painter().galley(corner, galley, ui.visuals().weak_text_color());
}
