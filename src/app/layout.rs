//! Where the panes are at the start, and what is done with them.

use super::{
    borders,
    docking::Docking,
    panes::{
        AnyPane, Cloud, Curves, Evaluation, Health, Inspector, LogPane, MapView, Sandbox, Sequence, Timeline,
        Training, Trajectory, Wall,
    },
    state::State,
    theme,
};
use crate::{config::FrameId, objective::MapName};
use egui::{Id, Ui, UiBuilder, Vec2};
use egui_tiles::{Container, ContainerKind, Tile, TileId, Tiles, Tree};
use std::collections::BTreeSet;

/// Driving pictures are wide: about three times as wide as high.
const ASPECT: f32 = 3.0;
const SIDE_WIDTH: f32 = 216.0;
const TRAINING_WIDTH: f32 = 304.0;
/// Room for a low row of pictures over the bar.
const TIMELINE_HEIGHT: f32 = 112.0;
/// The same as a part of a high window.
const TIMELINE_PART: f32 = 0.13;
/// Room for a line for each watch.
const HEALTH_HEIGHT: f32 = 176.0;
const CURVES_HEIGHT: f32 = 160.0;

/// The panes and how they are arranged.
pub struct PaneLayout {
    /// The panes.
    pub tree: Tree<AnyPane>,
    /// Containers of the first arrangement, whose shares follow the window until someone moves a pane.
    pub(super) first: Option<FirstArrangement>,
    /// The pane that fills the window.
    pub(super) maximised: Option<TileId>,
    /// The pane that someone works in.
    pub(super) current: Option<TileId>,
    /// The pane whose header is to get the keys.
    pub(super) to_focus: Option<TileId>,
    /// What got the keys in the last frame.
    pub(super) focused: Option<Id>,
}

/// Two columns of views in short, wide rows, the cloud below them in the space that is left.
pub(super) struct FirstArrangement {
    root: TileId,
    left: TileId,
    right: TileId,
    timeline: TileId,
    middle: TileId,
    side: TileId,
    sequence: TileId,
    health: TileId,
    views: TileId,
    rows: [TileId; 2],
    lowest: TileId,
    /// Inspector, training and sandbox, one before the other.
    tabs: TileId,
    curves: TileId,
}

impl Default for PaneLayout {
    fn default() -> Self {
        let mut tiles = Tiles::<AnyPane>::default();
        let mut row = |names: [MapName; 2]| {
            let views = names.map(|name| tiles.insert_pane(MapView::new(name).into()));
            tiles.insert_horizontal_tile(views.to_vec())
        };
        let rows = [
            row([MapName::Colour(FrameId::TARGET), MapName::Disparity(0)]),
            row([MapName::Warped(FrameId::NEXT), MapName::MinimumLoss]),
        ];
        let cloud = tiles.insert_pane(Cloud::default().into());
        let trajectory = tiles.insert_pane(Trajectory::default().into());
        let evaluation = tiles.insert_pane(Evaluation::default().into());
        let log = tiles.insert_pane(LogPane::default().into());
        let wall = tiles.insert_pane(Wall::default().into());
        // One before the other, because side by side none would have room.
        let asked_for = tiles.insert_tab_tile(vec![trajectory, evaluation, log, wall]);
        let lowest = tiles.insert_horizontal_tile(vec![cloud, asked_for]);
        share(&mut tiles, lowest, &[(cloud, 1.0), (asked_for, 1.8)]);
        let sequence = tiles.insert_pane(Sequence::default().into());
        let health = tiles.insert_pane(Health.into());
        let timeline = tiles.insert_pane(Timeline::default().into());
        let inspector = tiles.insert_pane(Inspector.into());
        let training = tiles.insert_pane(Training::default().into());
        let sandbox = tiles.insert_pane(Sandbox.into());
        let curves = tiles.insert_pane(Curves::default().into());
        let views = tiles.insert_vertical_tile(vec![rows[0], rows[1], lowest]);
        let side = tiles.insert_vertical_tile(vec![sequence, health]);
        let middle = tiles.insert_horizontal_tile(vec![side, views]);
        let left = tiles.insert_vertical_tile(vec![middle, timeline]);
        let tabs = tiles.insert_tab_tile(vec![inspector, training, sandbox]);
        let right = tiles.insert_vertical_tile(vec![tabs, curves]);
        let root = tiles.insert_horizontal_tile(vec![left, right]);
        let mut tree = Tree::new(Id::unique("panes"), root, tiles);
        // They are for those who ask for them: the cloud has the room until then.
        for pane in [trajectory, evaluation, log, wall] {
            tree.set_visible(pane, false);
        }
        let first = FirstArrangement::find(&tree.tiles);
        Self { first, ..Self::over(tree) }
    }
}

impl PaneLayout {
    pub(super) fn over(tree: Tree<AnyPane>) -> Self {
        Self { tree, first: None, maximised: None, current: None, to_focus: None, focused: None }
    }

    /// Draws all panes, and tells the state what visible ones show.
    pub fn ui(&mut self, ui: &mut Ui, state: &mut State) {
        if let Some(first) = &self.first {
            first.fit(&mut self.tree.tiles, ui.available_size());
        }
        self.hide_empty_tabs();
        self.maximised = self.maximised.filter(|tile| self.tree.tiles.get_pane(tile).is_some());
        let focused = ui.memory(egui::Memory::focused);
        let mut docking = Docking {
            state,
            watched: BTreeSet::new(),
            inspects: false,
            tries: false,
            closed: None,
            maximised: None,
            current: self.current,
            is_alone: self.maximised.is_some(),
            to_focus: self.to_focus.take(),
            newly_focused: focused.filter(|_| focused != self.focused),
            is_edited: false,
        };
        match self.maximised.and_then(|tile| Some((tile, self.tree.tiles.get_mut(tile)?))) {
            Some((tile, Tile::Pane(pane))) => {
                let space = ui.available_rect_before_wrap();
                let mut alone = ui.new_child(UiBuilder::new().id_salt(tile).max_rect(space));
                // There is nowhere to drag it.
                let _ = egui_tiles::Behavior::pane_ui(&mut docking, &mut alone, tile, pane);
            }
            _ => {
                self.tree.ui(&mut docking, ui);
                docking.is_edited |= borders::show(ui, &mut self.tree);
            }
        }
        let Docking { state, watched, inspects, tries, closed, maximised, current, is_edited, .. } = docking;
        state.watch(watched);
        state.inspect(inspects);
        state.try_out(tries);
        state.panes_drawn();
        self.focused = focused;
        self.current = current;
        if is_edited {
            self.first = None;
        }
        if let Some(tile) = closed {
            self.close(tile);
        }
        if let Some(tile) = maximised {
            self.toggle_maximised(tile);
        }
    }

    /// Takes no room for tabs that are all hidden.
    fn hide_empty_tabs(&mut self) {
        let tiles = &self.tree.tiles;
        let tabs = tiles.iter().filter_map(|(id, tile)| match tile {
            Tile::Container(Container::Tabs(tabs)) => {
                Some((*id, tabs.children.iter().any(|child| tiles.is_visible(*child))))
            }
            _ => None,
        });
        for (id, is_visible) in tabs.collect::<Vec<_>>() {
            self.tree.set_visible(id, is_visible);
        }
    }

    /// Shows the pane of this title, before others of its place.
    pub fn bring_to_front(&mut self, title: &str) {
        let pane = self.lasting_panes().into_iter().find(|(name, ..)| name == title);
        if let Some((_, tile, _)) = pane {
            self.tree.set_visible(tile, true);
            self.tree.make_active(|id, _| id == tile);
            self.maximised = self.maximised.filter(|alone| *alone == tile);
            self.current = Some(tile);
        }
    }

    /// The panes that are neither hidden nor behind others.
    pub(super) fn shown(&self) -> Vec<TileId> {
        let is_pane = |tile: &TileId| self.tree.tiles.get_pane(tile).is_some();
        self.tree.active_tiles().into_iter().filter(is_pane).collect()
    }

    pub(super) fn close(&mut self, tile: TileId) {
        self.maximised = None;
        if self.tree.tiles.get_pane(&tile).is_some_and(|pane| pane.is_temporary()) {
            self.first = None;
            self.tree.remove_recursively(tile);
        } else {
            self.tree.set_visible(tile, false);
        }
    }

    pub(super) fn panes(&self) -> impl Iterator<Item = (TileId, &AnyPane)> {
        self.tree.tiles.iter().filter_map(|(id, tile)| match tile {
            Tile::Pane(pane) => Some((*id, pane)),
            Tile::Container(_) => None,
        })
    }

    /// The panes of which there is one each: name, place in the tree, whether they are shown.
    pub fn lasting_panes(&self) -> Vec<(String, TileId, bool)> {
        let lasting = self.panes().filter(|(_, pane)| !pane.is_temporary());
        let mut panes: Vec<_> =
            lasting.map(|(id, pane)| (pane.title(), id, self.tree.is_visible(id))).collect();
        panes.sort_by(|left, right| left.0.cmp(&right.0));
        panes
    }

    /// Adds a view of this map, unless a view on the screen shows it.
    pub fn show_map(&mut self, name: MapName) {
        self.maximised = None;
        let is_shown = self.shown().into_iter().any(|id| {
            let pane = self.tree.tiles.get_pane(&id).filter(|pane| pane.is_temporary());
            pane.is_some_and(|pane| pane.watches().contains(&name))
        });
        if !is_shown {
            self.add_view(name);
        }
    }

    /// Adds a view of this map beside one that is there.
    pub fn add_view(&mut self, name: MapName) {
        self.first = None;
        self.maximised = None;
        self.current = Some(self.insert(MapView::new(name).into()));
    }

    /// Puts a pane beside the newest view.
    pub(super) fn insert(&mut self, pane: AnyPane) -> TileId {
        let neighbour = self.panes().filter(|(_, pane)| pane.is_temporary()).map(|(id, _)| id);
        let neighbour = neighbour.max_by_key(|id| id.0);
        let tiles = &mut self.tree.tiles;
        let tile = tiles.insert_pane(pane);
        match (neighbour.and_then(|id| tiles.parent_of(id)), self.tree.root) {
            (Some(container), _) => {
                if let Some(Tile::Container(container)) = tiles.get_mut(container) {
                    if let Container::Linear(linear) = container {
                        let others = linear.children.iter().map(|child| linear.shares[*child]);
                        let mean = others.sum::<f32>() / linear.children.len().max(1) as f32;
                        linear.shares.set_share(tile, mean);
                    }
                    container.add_child(tile);
                }
            }
            // A row of all that was there and the new one.
            (None, Some(root)) => self.tree.root = Some(tiles.insert_horizontal_tile(vec![root, tile])),
            (None, None) => self.tree.root = Some(tile),
        }
        tile
    }
}

impl FirstArrangement {
    /// Finds its containers by what lies in them; `None` if panes were moved.
    pub fn find(tiles: &Tiles<AnyPane>) -> Option<Self> {
        let pane = |is_it: fn(&AnyPane) -> bool| {
            tiles.iter().find_map(|(id, tile)| matches!(tile, Tile::Pane(pane) if is_it(pane)).then_some(*id))
        };
        let parts = |tile| match tiles.get(tile)? {
            Tile::Container(container) => Some((container.kind(), container.children_vec())),
            Tile::Pane(_) => None,
        };
        let sequence = pane(|pane| matches!(pane, AnyPane::Sequence(_)))?;
        let inspector = pane(|pane| matches!(pane, AnyPane::Inspector(_)))?;
        let side = tiles.parent_of(sequence)?;
        let middle = tiles.parent_of(side)?;
        let left = tiles.parent_of(middle)?;
        let tabs = tiles.parent_of(inspector)?;
        let right = tiles.parent_of(tabs)?;
        let root = tiles.parent_of(right)?;
        let (ContainerKind::Vertical, [_, health]) = two(parts(side)?)? else { return None };
        let (ContainerKind::Horizontal, [_, views]) = two(parts(middle)?)? else { return None };
        let (ContainerKind::Vertical, [_, timeline]) = two(parts(left)?)? else { return None };
        let (ContainerKind::Vertical, [_, curves]) = two(parts(right)?)? else { return None };
        let (ContainerKind::Horizontal, columns) = two(parts(root)?)? else { return None };
        let (ContainerKind::Vertical, rows) = parts(views)? else { return None };
        let [first, second, lowest] = rows.try_into().ok()?;
        let rows = [first, second];
        let found = Self {
            root,
            left,
            right,
            timeline,
            middle,
            side,
            sequence,
            health,
            views,
            rows,
            lowest,
            tabs,
            curves,
        };
        (columns == [left, right]).then_some(found)
    }

    /// Gives the form and the lists the width they need and the pictures the rest.
    fn fit(&self, tiles: &mut Tiles<AnyPane>, size: Vec2) {
        let timeline = TIMELINE_HEIGHT.max(size.y * TIMELINE_PART);
        let upper = size.y - timeline;
        let pictures = size.x - SIDE_WIDTH - TRAINING_WIDTH;
        let row = (theme::HEADER + pictures / 2.0 / ASPECT).min(upper * 0.3);
        let curves = CURVES_HEIGHT.max(size.y * 0.18);
        share(tiles, self.root, &[(self.left, size.x - TRAINING_WIDTH), (self.right, TRAINING_WIDTH)]);
        share(tiles, self.left, &[(self.middle, upper), (self.timeline, timeline)]);
        share(tiles, self.middle, &[(self.side, SIDE_WIDTH), (self.views, pictures)]);
        share(tiles, self.side, &[(self.sequence, upper - HEALTH_HEIGHT), (self.health, HEALTH_HEIGHT)]);
        let [first, second] = self.rows;
        share(tiles, self.views, &[(first, row), (second, row), (self.lowest, upper - 2.0 * row)]);
        share(tiles, self.right, &[(self.tabs, size.y - curves), (self.curves, curves)]);
    }
}

fn share(tiles: &mut Tiles<AnyPane>, container: TileId, lengths: &[(TileId, f32)]) {
    if let Some(Tile::Container(Container::Linear(linear))) = tiles.get_mut(container) {
        for (child, length) in lengths {
            linear.shares.set_share(*child, length.max(1.0));
        }
    }
}

/// The two parts of a container that has no more.
fn two((kind, parts): (ContainerKind, Vec<TileId>)) -> Option<(ContainerKind, [TileId; 2])> {
    Some((kind, parts.try_into().ok()?))
}
