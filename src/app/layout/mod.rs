//! Layout of the panes: their first arrangement, and how they are shown, hidden and added.

mod borders;
mod current;
mod docking;
mod saved;

pub use saved::SavedLayout;

use super::{
    panes::{AnyPane, MapPane, PaneKind},
    state::State,
    theme,
};
use crate::{config::FrameId, objective::MapName};
use docking::Docking;
use egui::{Id, Ui, UiBuilder, Vec2};
use egui_tiles::{Container, ContainerKind, Tile, TileId, Tiles, Tree};
use std::collections::{BTreeMap, BTreeSet};

/// Aspect ratio (width / height) of a driving picture.
const ASPECT: f32 = 3.0;
const SIDE_WIDTH: f32 = 216.0;
const TRAINING_WIDTH: f32 = 304.0;
/// Height of the timeline with a low row of pictures, points.
const TIMELINE_HEIGHT: f32 = 112.0;
/// Height of the timeline in a high window, as a share of the window.
const TIMELINE_PART: f32 = 0.13;
/// Height of the Health pane with one line for each check, points.
const HEALTH_HEIGHT: f32 = 176.0;
const CURVES_HEIGHT: f32 = 160.0;

/// Panes that are visible in the first arrangement. The others are hidden tabs next to the cloud.
const IN_SIGHT: [PaneKind; 8] = [
    PaneKind::Cloud,
    PaneKind::Sequence,
    PaneKind::Health,
    PaneKind::Timeline,
    PaneKind::Inspector,
    PaneKind::Training,
    PaneKind::Sandbox,
    PaneKind::Curves,
];

/// All panes and their arrangement.
pub struct PaneLayout {
    /// Panes and the containers that hold them, in egui_tiles' form.
    pub tree: Tree<AnyPane>,
    /// Containers of the first arrangement, whose shares follow the window until someone moves a pane.
    pub(super) first: Option<FirstArrangement>,
    /// Pane that fills the window.
    pub(super) maximised: Option<TileId>,
    /// Pane in which the user works.
    pub(super) current: Option<TileId>,
    /// Pane whose header must get the keyboard focus.
    pub(super) to_focus: Option<TileId>,
    /// Control that had the keyboard focus in the last frame.
    pub(super) focused: Option<Id>,
}

/// Containers of the first arrangement: two columns of views in short, wide rows, the cloud below them in the remaining
/// space.
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
    /// Inspector, training and sandbox, as tabs.
    tabs: TileId,
    curves: TileId,
}

impl Default for PaneLayout {
    fn default() -> Self {
        let mut tiles = Tiles::<AnyPane>::default();
        let mut row = |names: [MapName; 2]| {
            let views = names.map(|name| tiles.insert_pane(AnyPane::Map(MapPane::new(name))));
            tiles.insert_horizontal_tile(views.to_vec())
        };
        let rows = [
            row([MapName::Colour(FrameId::TARGET), MapName::Disparity(0)]),
            row([MapName::Warped(FrameId::NEXT), MapName::MinimumLoss]),
        ];
        let panes: BTreeMap<PaneKind, TileId> =
            PaneKind::ALL.iter().map(|kind| (*kind, tiles.insert_pane(AnyPane::new(*kind)))).collect();
        let [cloud, sequence, health, timeline, inspector, training, sandbox, curves] =
            IN_SIGHT.map(|kind| panes[&kind]);
        let on_request = PaneKind::ALL.iter().filter(|kind| !IN_SIGHT.contains(kind));
        let on_request: Vec<TileId> = on_request.map(|kind| panes[kind]).collect();
        // As tabs, because side by side none would have enough room.
        let tabs_on_request = tiles.insert_tab_tile(on_request.clone());
        let lowest = tiles.insert_horizontal_tile(vec![cloud, tabs_on_request]);
        share(&mut tiles, lowest, &[(cloud, 1.0), (tabs_on_request, 1.8)]);
        let views = tiles.insert_vertical_tile(vec![rows[0], rows[1], lowest]);
        let side = tiles.insert_vertical_tile(vec![sequence, health]);
        let middle = tiles.insert_horizontal_tile(vec![side, views]);
        let left = tiles.insert_vertical_tile(vec![middle, timeline]);
        let tabs = tiles.insert_tab_tile(vec![inspector, training, sandbox]);
        let right = tiles.insert_vertical_tile(vec![tabs, curves]);
        let root = tiles.insert_horizontal_tile(vec![left, right]);
        let mut tree = Tree::new(Id::unique("panes"), root, tiles);
        // The cloud uses their space while they are hidden.
        for pane in on_request {
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

    /// Draws all panes, and requests what the visible ones show.
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
            visible: BTreeSet::new(),
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
                // A pane that fills the window cannot be dragged anywhere.
                let _ = egui_tiles::Behavior::pane_ui(&mut docking, &mut alone, tile, pane);
            }
            _ => {
                self.tree.ui(&mut docking, ui);
                docking.is_edited |= borders::show(ui, &mut self.tree);
            }
        }
        let Docking { state, watched, visible, closed, maximised, current, is_edited, .. } = docking;
        let State { session, viewed, wall, .. } = state;
        viewed.watch(watched, session);
        viewed.inspect(visible.contains(&PaneKind::Inspector), session);
        viewed.apply_sandbox(visible.contains(&PaneKind::Sandbox), session);
        wall.panes_drawn(session);
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

    /// Hides tab containers whose tabs are all hidden, so that they take no room.
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

    /// Shows a pane, in front of the other tabs of its container.
    pub fn bring_to_front(&mut self, kind: PaneKind) {
        if let Some(tile) = self.find(kind) {
            self.tree.set_visible(tile, true);
            self.tree.make_active(|id, _| id == tile);
            self.maximised = self.maximised.filter(|alone| *alone == tile);
            self.current = Some(tile);
        }
    }

    /// Shows a pane and lets it fill the window.
    pub fn show_alone(&mut self, kind: PaneKind) {
        self.bring_to_front(kind);
        self.maximised = self.find(kind);
    }

    /// Visible panes: neither hidden nor behind another tab.
    pub(super) fn shown(&self) -> Vec<TileId> {
        let is_pane = |tile: &TileId| self.tree.tiles.get_pane(tile).is_some();
        self.tree.active_tiles().into_iter().filter(is_pane).collect()
    }

    pub(super) fn close(&mut self, tile: TileId) {
        self.maximised = None;
        if self.tree.tiles.get_pane(&tile).is_some_and(AnyPane::is_view) {
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

    /// True unless the pane is hidden; it may be behind another tab.
    pub fn is_visible(&self, kind: PaneKind) -> bool {
        self.find(kind).is_some_and(|tile| self.tree.is_visible(tile))
    }

    /// Shows a pane in front of the other tabs of its container, or hides it.
    pub fn set_visible(&mut self, kind: PaneKind, is_visible: bool) {
        if let Some(tile) = self.find(kind) {
            self.tree.set_visible(tile, is_visible);
            self.tree.make_active(|id, _| is_visible && id == tile);
        }
    }

    /// Tile of the pane of a kind.
    pub(super) fn find(&self, kind: PaneKind) -> Option<TileId> {
        find(&self.tree.tiles, kind)
    }

    /// Adds a view of this map, unless a view on the screen shows it.
    pub fn show_map(&mut self, name: MapName) {
        self.maximised = None;
        let is_shown = self.shown().into_iter().any(|id| {
            let pane = self.tree.tiles.get_pane(&id).filter(|pane| pane.is_view());
            pane.is_some_and(|pane| pane.watches().contains(&name))
        });
        if !is_shown {
            self.add_view(name);
        }
    }

    /// Adds a view of this map next to an existing one.
    pub fn add_view(&mut self, name: MapName) {
        self.first = None;
        self.maximised = None;
        self.current = Some(self.insert(AnyPane::Map(MapPane::new(name))));
    }

    /// Inserts a pane next to the newest view.
    pub(super) fn insert(&mut self, pane: AnyPane) -> TileId {
        let neighbour = self.panes().filter(|(_, pane)| pane.is_view()).map(|(id, _)| id);
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
            // Row of the former root and the new pane.
            (None, Some(root)) => self.tree.root = Some(tiles.insert_horizontal_tile(vec![root, tile])),
            (None, None) => self.tree.root = Some(tile),
        }
        tile
    }
}

impl FirstArrangement {
    /// Finds the containers by the panes in them; `None` if panes were moved.
    pub fn find(tiles: &Tiles<AnyPane>) -> Option<Self> {
        let parts = |tile| match tiles.get(tile)? {
            Tile::Container(container) => Some((container.kind(), container.children_vec())),
            Tile::Pane(_) => None,
        };
        let sequence = find(tiles, PaneKind::Sequence)?;
        let inspector = find(tiles, PaneKind::Inspector)?;
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

    /// Gives the form and the lists the width that they need, and the pictures the rest.
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

/// Tile of the pane of a kind.
fn find(tiles: &Tiles<AnyPane>, kind: PaneKind) -> Option<TileId> {
    let is_it = |tile: &Tile<AnyPane>| matches!(tile, Tile::Pane(pane) if pane.kind() == Some(kind));
    tiles.iter().find_map(|(id, tile)| is_it(tile).then_some(*id))
}

fn share(tiles: &mut Tiles<AnyPane>, container: TileId, lengths: &[(TileId, f32)]) {
    if let Some(Tile::Container(Container::Linear(linear))) = tiles.get_mut(container) {
        for (child, length) in lengths {
            linear.shares.set_share(*child, length.max(1.0));
        }
    }
}

/// The parts of a container that has exactly two.
fn two((kind, parts): (ContainerKind, Vec<TileId>)) -> Option<(ContainerKind, [TileId; 2])> {
    Some((kind, parts.try_into().ok()?))
}
