//! The panes: each has a header with controls, and a body. `kind` lists them.

mod any;
mod cloud;
mod curves;
mod evaluation;
mod health;
mod inspector;
mod kind;
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
pub use cloud::CloudPane;
pub use curves::CurvesPane;
pub use evaluation::EvaluationPane;
pub use health::HealthPane;
pub use inspector::InspectorPane;
pub use kind::PaneKind;
pub use log::LogPane;
pub use map::MapPane;
pub use sandbox::SandboxPane;
pub use sequence::SequencePane;
pub use timeline::{TimelinePane, frames_along};
pub use training::TrainingPane;
pub use trajectory::TrajectoryPane;
pub use wall::WallPane;

use super::{state::State, theme};
use crate::objective::MapName;
use egui::{
    Color32, Rect, Response, RichText, Role, Sense, TextStyle, Ui, Vec2, WidgetInfo, text::LayoutJob,
};

/// A part of the window that can be docked anywhere.
pub trait Pane {
    /// Draws the header: title (or a more specific caption) and controls.
    fn header(&mut self, ui: &mut Ui, state: &mut State);

    /// Draws the body below the header.
    fn ui(&mut self, ui: &mut Ui, state: &mut State);

    /// Maps that the pane shows; they are computed while it is on the screen.
    fn watches(&self) -> Vec<MapName> {
        Vec::new()
    }
}

/// Draws the title of a pane in its header.
fn title(ui: &mut Ui, kind: PaneKind) {
    ui.label(RichText::new(kind.title()).color(ui.visuals().strong_text_color()));
}

/// Draws an entry of a chart's key: a small text after a mark of this colour and height.
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
    let sign = Rect::from_center_size(middle + Vec2::new(MARK / 2.0, 0.0), Vec2::new(MARK, mark));
    ui.painter().rect_filled(sign, 1.0, colour);
    ui.painter().galley(middle + Vec2::new(indent, -galley.size().y / 2.0), galley, text_colour);
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, text));
    response
}

/// Draws a sentence in the middle of an empty body that says what to do next.
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
