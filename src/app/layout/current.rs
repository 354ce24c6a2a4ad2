//! The current pane, in which the user works, and its keyboard actions.

use super::PaneLayout;
use crate::app::panes::AnyPane;
use egui_tiles::{Linear, LinearDir, Tile, TileId};

impl PaneLayout {
    /// Gives the keyboard focus to the header of the current pane.
    pub fn focus(&mut self) {
        self.to_focus = self.current;
    }

    /// Makes the next or the previous pane on the screen the current one, with the keyboard focus.
    pub fn go_on(&mut self, forward: bool) {
        let mut shown = self.shown();
        // In reading order.
        let place =
            |tile: &TileId| self.tree.tiles.rect(*tile).map(|rect| (rect.top() as i32, rect.left() as i32));
        shown.sort_by_key(place);
        if !forward {
            shown.reverse();
        }
        let here = shown.iter().position(|tile| Some(*tile) == self.current);
        let next = here.map_or(0, |here| (here + 1) % shown.len());
        self.current = shown.get(next).copied();
        self.maximised = self.maximised.and(self.current);
        self.focus();
    }

    /// The current pane, if it is on the screen.
    fn current(&self) -> Option<TileId> {
        self.current.filter(|tile| self.shown().contains(tile))
    }

    /// Lets the current pane fill the window, or shows the others again.
    pub fn maximise_current(&mut self) {
        if let Some(tile) = self.current() {
            self.toggle_maximised(tile);
        }
    }

    /// Adds a copy of the current view, or else of the newest, to its right or below it.
    pub fn split(&mut self, direction: LinearDir) {
        let is_view = |tile: &TileId| self.tree.tiles.get_pane(tile).is_some_and(AnyPane::is_view);
        let views: Vec<TileId> = self.shown().into_iter().filter(is_view).collect();
        let newest = views.iter().copied().max_by_key(|tile| tile.0);
        let view = self.current.filter(|tile| views.contains(tile)).or(newest);
        let copied = view.and_then(|tile| AnyPane::restored(&self.tree.tiles.get_pane(&tile)?.saved()));
        let (Some(view), Some(copy)) = (view, copied) else { return };
        let tiles = &mut self.tree.tiles;
        let place = tiles.parent_of(view);
        let copy = tiles.insert_pane(copy);
        let pair = tiles.insert_container(Linear::new_binary(direction, [view, copy], 0.5));
        match place.and_then(|place| tiles.get_mut(place)) {
            Some(Tile::Container(container)) => {
                let _place = container.replace_child(view, pair);
            }
            _ => self.tree.root = Some(pair),
        }
        (self.first, self.maximised, self.current) = (None, None, Some(copy));
        self.focus();
    }

    /// Closes the current pane.
    pub fn close_current(&mut self) {
        if let Some(tile) = self.current() {
            self.close(tile);
        }
    }

    pub(super) fn toggle_maximised(&mut self, tile: TileId) {
        self.maximised = if self.maximised == Some(tile) { None } else { Some(tile) };
        self.current = Some(tile);
        self.focus();
    }
}
