//! The layout as it is saved between starts. Nodes are nested, so that no file can describe a cycle, and each is read
//! by itself, so that a damaged or unknown node is dropped and the rest stays.

use super::{FirstArrangement, PaneLayout};
use crate::app::panes::{AnyPane, PaneKind};
use egui_tiles::{Container, ContainerKind, Linear, LinearDir, Tabs, Tile, TileId, Tiles, Tree};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::ops::RangeInclusive;

/// Range of shares; a share outside of it would hide a pane or its neighbours.
const SHARES: RangeInclusive<f32> = 1e-3..=1e6;

/// Layout as it is saved between starts.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SavedLayout {
    /// True if nobody has moved a pane yet, so that the shares follow the window.
    follows_window: bool,
    /// Tree of [`LayoutNode`]s.
    panes: Value,
}

impl PaneLayout {
    /// Layout in its saved form.
    pub fn saved(&self) -> SavedLayout {
        SavedLayout { follows_window: self.first.is_some(), panes: save(&self.tree) }
    }

    /// Restores a saved layout and counts the nodes that were dropped. A pane that exists once but is not in the file
    /// is added, hidden. `None` if no node is usable.
    pub fn restored(saved: &SavedLayout) -> (Option<Self>, usize) {
        let (tree, left_out) = restore(&saved.panes);
        let layout = tree.map(|tree| {
            let mut layout = Self::over(tree);
            for kind in PaneKind::ALL {
                if layout.find(*kind).is_none() {
                    let tile = layout.insert(AnyPane::new(*kind));
                    layout.tree.set_visible(tile, false);
                }
            }
            layout.first = FirstArrangement::find(&layout.tree.tiles).filter(|_| saved.follows_window);
            layout
        });
        (layout, left_out)
    }
}

/// Node of the tree: a pane, or a container whose parts are nodes.
#[derive(Serialize, Deserialize)]
struct LayoutNode {
    /// Share of its container, relative to the others in it.
    #[serde(default = "whole")]
    share: f32,
    #[serde(default)]
    is_hidden: bool,
    /// True for the tab in front.
    #[serde(default)]
    is_front: bool,
    place: LayoutContent,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum LayoutContent {
    Pane(Value),
    Row(Vec<Value>),
    Column(Vec<Value>),
    Tabs(Vec<Value>),
    Grid(Vec<Value>),
}

fn whole() -> f32 {
    1.0
}

/// Converts the tree to its root node.
fn save(tree: &Tree<AnyPane>) -> Value {
    tree.root.and_then(|root| part(tree, root, 1.0, false)).unwrap_or_default()
}

fn part(tree: &Tree<AnyPane>, id: TileId, share: f32, is_front: bool) -> Option<Value> {
    let place = match tree.tiles.get(id)? {
        Tile::Pane(pane) => LayoutContent::Pane(pane.saved()),
        Tile::Container(container) => {
            let parts = container.children().filter_map(|child| {
                let (share, is_front) = match container {
                    Container::Linear(linear) => (linear.shares[*child], false),
                    Container::Tabs(tabs) => (1.0, tabs.is_active(*child)),
                    Container::Grid(_) => (1.0, false),
                };
                part(tree, *child, share, is_front)
            });
            let parts = parts.collect();
            match container.kind() {
                ContainerKind::Horizontal => LayoutContent::Row(parts),
                ContainerKind::Vertical => LayoutContent::Column(parts),
                ContainerKind::Tabs => LayoutContent::Tabs(parts),
                ContainerKind::Grid => LayoutContent::Grid(parts),
            }
        }
    };
    serde_json::to_value(LayoutNode { share, is_hidden: !tree.is_visible(id), is_front, place }).ok()
}

/// Builds the saved tree, and counts the nodes that were dropped. `None` if no pane is left.
fn restore(saved: &Value) -> (Option<Tree<AnyPane>>, usize) {
    let mut builder = LayoutBuilder::default();
    let root = builder.build(saved);
    let tree = root.map(|root| Tree::new(egui::Id::unique("panes"), root.id, builder.tiles));
    (tree, builder.left_out)
}

#[derive(Default)]
struct LayoutBuilder {
    tiles: Tiles<AnyPane>,
    left_out: usize,
}

struct Built {
    id: TileId,
    share: f32,
    is_front: bool,
}

impl LayoutBuilder {
    fn build(&mut self, saved: &Value) -> Option<Built> {
        let built = LayoutNode::deserialize(saved).ok().and_then(|part| {
            let id = match part.place {
                LayoutContent::Pane(pane) => self.pane(&pane)?,
                LayoutContent::Row(parts) => self.line(LinearDir::Horizontal, &parts)?,
                LayoutContent::Column(parts) => self.line(LinearDir::Vertical, &parts)?,
                LayoutContent::Tabs(parts) => self.tabs(&parts)?,
                LayoutContent::Grid(parts) => {
                    let parts = self.parts(&parts)?.iter().map(|part| part.id).collect();
                    self.tiles.insert_grid_tile(parts)
                }
            };
            self.tiles.set_visible(id, !part.is_hidden);
            let share = if part.share.is_finite() { part.share } else { whole() };
            Some(Built { id, share: share.clamp(*SHARES.start(), *SHARES.end()), is_front: part.is_front })
        });
        self.left_out += usize::from(built.is_none());
        built
    }

    /// Inserts a pane, unless it is the second of its kind.
    fn pane(&mut self, saved: &Value) -> Option<TileId> {
        let pane = AnyPane::restored(saved)?;
        let is_there =
            |tile: &Tile<AnyPane>| matches!(tile, Tile::Pane(other) if other.kind() == pane.kind());
        let is_second = !pane.is_view() && self.tiles.tiles().any(is_there);
        (!is_second).then(|| self.tiles.insert_pane(pane))
    }

    /// Usable parts of a container; `None` if there are none.
    fn parts(&mut self, saved: &[Value]) -> Option<Vec<Built>> {
        let parts: Vec<_> = saved.iter().filter_map(|part| self.build(part)).collect();
        (!parts.is_empty()).then_some(parts)
    }

    fn line(&mut self, direction: LinearDir, saved: &[Value]) -> Option<TileId> {
        let parts = self.parts(saved)?;
        let mut linear = Linear::new(direction, parts.iter().map(|part| part.id).collect());
        for part in &parts {
            linear.shares.set_share(part.id, part.share);
        }
        Some(self.tiles.insert_container(Container::Linear(linear)))
    }

    fn tabs(&mut self, saved: &[Value]) -> Option<TileId> {
        let parts = self.parts(saved)?;
        let mut tabs = Tabs::new(parts.iter().map(|part| part.id).collect());
        if let Some(front) = parts.iter().find(|part| part.is_front) {
            tabs.set_active(front.id);
        }
        Some(self.tiles.insert_container(Container::Tabs(tabs)))
    }
}
