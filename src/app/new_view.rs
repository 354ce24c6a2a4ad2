//! Adding a view: the tree of maps over the window.

use super::{map_tree::MapTree, theme};
use crate::objective::MapName;
use egui::{Align2, Frame, Id, Margin, Modal, Ui, Vec2};

/// Tree of maps, while it is open.
#[derive(Default)]
pub struct NewView(Option<MapTree>);

impl NewView {
    /// Opens it, or closes it.
    pub fn toggle(&mut self) {
        self.0 = if self.0.is_some() { None } else { Some(MapTree::default()) };
    }

    /// Draws the tree if it is open. Returns the map that was chosen.
    pub fn ui(&mut self, ui: &Ui, maps: &[MapName]) -> Option<MapName> {
        let tree = self.0.as_mut()?;
        let id = Id::unique("new view");
        let area = Modal::default_area(id).anchor(Align2::CENTER_TOP, Vec2::new(0.0, 96.0));
        let frame = Frame::popup(ui.style()).inner_margin(Margin::same(8));
        let modal = Modal::new(id).area(area).frame(frame);
        let shown = modal.backdrop_color(theme::BACKDROP).show(ui.ctx(), |ui| {
            ui.label("Add a view of");
            tree.ui(ui, maps, None)
        });
        if shown.inner.is_some() || shown.should_close() {
            self.0 = None;
        }
        shown.inner
    }
}
