//! The borders between panes: moved by pointer and, once Tab has come to them, by the arrow keys.

use crate::app::{
    panes::AnyPane,
    theme::{self, Palette},
};
use egui::{
    CursorIcon, EventFilter, Id, Key, Pos2, Rect, Response, Role, Sense, Stroke, Ui, Vec2, WidgetInfo,
    accesskit::Action,
};
use egui_tiles::{Container, Linear, LinearDir, Tile, TileId, Tiles, Tree};

/// Width of the gap between panes, in which a border is drawn.
pub const GAP: f32 = 2.0;
/// Smallest width or height of a pane, points.
const SHORTEST: f32 = 64.0;
/// Points by which one key press moves a border.
const STEP: f32 = theme::UNIT;

/// Border after one of the parts of a row or column.
struct Border {
    row: TileId,
    direction: LinearDir,
    /// The parts of the row that are on the screen, with their lengths along it.
    parts: Vec<(TileId, f32)>,
    /// The part before the border.
    index: usize,
    line: Rect,
    name: String,
}

/// Requested change of a border.
enum BorderRequest {
    /// Move it by this many points.
    Move(f32),
    /// Put it in the middle of its two neighbours.
    Centre,
}

/// Draws the borders over the panes, and moves them by pointer and keys. Returns true if one was moved.
pub fn show(ui: &Ui, tree: &mut Tree<AnyPane>) -> bool {
    let borders: Vec<Border> =
        tree.active_tiles().into_iter().flat_map(|row| Border::all_of(&tree.tiles, row)).collect();
    let mut is_moved = false;
    for border in borders {
        if let Some(request) = border.ui(ui)
            && border.handle(&request, &mut tree.tiles)
        {
            is_moved = true;
            ui.ctx().request_repaint();
        }
    }
    is_moved
}

impl Border {
    fn all_of(tiles: &Tiles<AnyPane>, row: TileId) -> Vec<Self> {
        let Some(Tile::Container(Container::Linear(linear))) = tiles.get(row) else { return Vec::new() };
        let direction = linear.dir;
        let shown: Vec<(TileId, Rect)> = visible(tiles, linear);
        let parts: Vec<(TileId, f32)> =
            shown.iter().map(|(tile, rect)| (*tile, rect.size()[axis(direction)])).collect();
        let border = |(index, pair): (usize, &[(TileId, Rect)])| {
            let [(before, upper), (after, lower)] = pair else { return None };
            let line = match direction {
                LinearDir::Horizontal => Rect::from_min_max(upper.right_top(), lower.left_bottom()),
                LinearDir::Vertical => Rect::from_min_max(upper.left_bottom(), lower.right_top()),
            };
            let [before, after] = [(*before, true), (*after, false)]
                .map(|(part, is_before)| neighbour(tiles, part, direction, is_before).unwrap_or_default());
            let name = format!("Border between {before} and {after}");
            Some(Self { row, direction, parts: parts.clone(), index, line, name })
        };
        shown.windows(2).enumerate().filter_map(border).collect()
    }

    fn ui(&self, ui: &Ui) -> Option<BorderRequest> {
        let axis = axis(self.direction);
        let mut reach = Vec2::ZERO;
        reach[axis] = (2.0 * ui.style().interaction.resize_grab_radius_side - self.line.size()[axis]) / 2.0;
        let id = Id::unique("border").with((self.parts[self.index].0, self.parts[self.index + 1].0));
        let response = ui.interact(self.line.expand2(reach), id, Sense::click_and_drag());
        let [before, after] = [0, 1].map(|part| self.parts[self.index + part].1);
        response.widget_info(|| {
            let mut facts = WidgetInfo::labeled(Role::Splitter, true, &self.name);
            facts.value = Some(f64::from(before / (before + after).max(1.0)));
            facts
        });
        ui.ctx().accesskit_node_builder(id, |node| {
            node.add_action(Action::Increment);
            node.add_action(Action::Decrement);
        });
        self.paint(ui, &response);
        if response.double_clicked() {
            return Some(BorderRequest::Centre);
        }
        let steps = self.steps(ui, id, &response);
        if steps != 0.0 {
            return Some(BorderRequest::Move(steps * STEP));
        }
        let pointer: Pos2 = response.interact_pointer_pos().filter(|_| response.dragged())?;
        let points = pointer.to_vec2()[axis] - self.line.center().to_vec2()[axis];
        // The pointer is never quite still.
        (points.abs() >= 1.0).then_some(BorderRequest::Move(points.round()))
    }

    fn paint(&self, ui: &Ui, response: &Response) {
        let is_pointed_at = response.hovered() || response.dragged();
        if is_pointed_at {
            ui.set_cursor_icon(match self.direction {
                LinearDir::Horizontal => CursorIcon::ResizeHorizontal,
                LinearDir::Vertical => CursorIcon::ResizeVertical,
            });
        }
        let width = match (response.has_focus(), is_pointed_at) {
            (true, _) => 2.0 * GAP,
            (false, true) => GAP,
            (false, false) => return,
        };
        let stroke = Stroke::new(width, Palette::of(ui).accent);
        let middle = self.line.center();
        match self.direction {
            LinearDir::Horizontal => ui.painter().vline(middle.x, self.line.y_range(), stroke),
            LinearDir::Vertical => ui.painter().hline(self.line.x_range(), middle.y, stroke),
        };
    }

    /// Steps requested by arrow keys or a screen reader, negative to the left or up.
    fn steps(&self, ui: &Ui, id: Id, response: &Response) -> f32 {
        let (back, on) = match self.direction {
            LinearDir::Horizontal => (Key::ArrowLeft, Key::ArrowRight),
            LinearDir::Vertical => (Key::ArrowUp, Key::ArrowDown),
        };
        // Read before the input is locked, because both use the same lock.
        let has_keys = response.has_focus();
        if has_keys {
            let arrows = EventFilter { horizontal_arrows: true, vertical_arrows: true, ..Default::default() };
            ui.memory_mut(|memory| memory.set_focus_lock_filter(id, arrows));
        }
        let count = |key, action| {
            ui.input(|input| {
                let keys = if has_keys { input.num_presses(key) } else { 0 };
                keys + input.num_accesskit_action_requests(id, action)
            })
        };
        count(on, Action::Increment) as f32 - count(back, Action::Decrement) as f32
    }

    /// Moves the border as far as there is room. Returns true if it moved.
    fn handle(&self, request: &BorderRequest, tiles: &mut Tiles<AnyPane>) -> bool {
        let mut lengths: Vec<f32> = self.parts.iter().map(|(_, length)| *length).collect();
        let before = lengths[self.index];
        match request {
            BorderRequest::Move(points) => move_border(&mut lengths, self.index, *points),
            BorderRequest::Centre => {
                let mean = (lengths[self.index] + lengths[self.index + 1]) / 2.0;
                lengths[self.index..=self.index + 1].fill(mean);
            }
        }
        let is_moved = (lengths[self.index] - before).abs() > 0.5;
        let Some(Tile::Container(Container::Linear(linear))) = tiles.get_mut(self.row) else { return false };
        // Hidden parts keep their share of the whole.
        let shares: f32 = self.parts.iter().map(|(tile, _)| linear.shares[*tile]).sum();
        let points: f32 = lengths.iter().sum();
        for ((tile, _), length) in self.parts.iter().zip(lengths) {
            linear.shares.set_share(*tile, shares * length / points.max(1.0));
        }
        is_moved
    }
}

/// Moves a border: shrinks the parts on one side, nearest first, and gives the space to the part on the other.
fn move_border(lengths: &mut [f32], index: usize, points: f32) {
    let (before, after) = lengths.split_at_mut(index + 1);
    let shrink = |parts: &mut dyn Iterator<Item = &mut f32>| -> f32 {
        let mut wanted = points.abs();
        for length in parts {
            let given = (*length - SHORTEST).clamp(0.0, wanted);
            *length -= given;
            wanted -= given;
        }
        points.abs() - wanted
    };
    if points > 0.0 {
        before[index] += shrink(&mut after.iter_mut());
    } else {
        after[0] += shrink(&mut before.iter_mut().rev());
    }
}

fn axis(direction: LinearDir) -> usize {
    match direction {
        LinearDir::Horizontal => 0,
        LinearDir::Vertical => 1,
    }
}

/// The parts of a row or column that are on the screen.
fn visible(tiles: &Tiles<AnyPane>, linear: &Linear) -> Vec<(TileId, Rect)> {
    linear.children.iter().filter_map(|tile| Some((*tile, tiles.rect(*tile)?))).collect()
}

/// Title of the pane in `part` that touches a border of this direction, at the border's top or left end.
fn neighbour(tiles: &Tiles<AnyPane>, part: TileId, border: LinearDir, is_before: bool) -> Option<String> {
    match tiles.get(part)? {
        Tile::Pane(pane) => Some(pane.title()),
        Tile::Container(Container::Linear(linear)) => {
            let parts = visible(tiles, linear);
            let is_last = is_before && linear.dir == border;
            let (next, _) = if is_last { parts.last()? } else { parts.first()? };
            neighbour(tiles, *next, border, is_before)
        }
        Tile::Container(Container::Tabs(tabs)) => neighbour(tiles, tabs.active?, border, is_before),
        Tile::Container(Container::Grid(grid)) => {
            neighbour(tiles, *grid.children().next()?, border, is_before)
        }
    }
}
