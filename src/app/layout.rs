//! Where the panes are at the start, and how they are docked.

use super::{
    icon::Icon,
    panes::{
        Cloud, Curves, Evaluation, Health, Inspector, MapView, Pane, Sequence, Timeline, Training, Trajectory,
    },
    state::State,
    theme::{self, Palette},
};
use crate::{config::FrameId, objective::MapName};
use egui::{Color32, Rect, Sense, Stroke, Ui, UiBuilder, Vec2, WidgetText};
use egui_tiles::{Behavior, Container, EditAction, ResizeState, Tile, TileId, Tiles, Tree, UiResponse};
use std::collections::BTreeSet;

/// A pane of any kind.
pub type AnyPane = Box<dyn Pane>;

const GAP: f32 = 2.0;
/// Driving pictures are wide: about three times as wide as high.
const ASPECT: f32 = 3.0;
const SIDE_WIDTH: f32 = 216.0;
const TRAINING_WIDTH: f32 = 304.0;
const TIMELINE_HEIGHT: f32 = 80.0;
/// Room for a line for each watch.
const HEALTH_HEIGHT: f32 = 176.0;
const CURVES_HEIGHT: f32 = 136.0;

/// The panes and how they are arranged.
pub struct Desk {
    /// The panes.
    pub tree: Tree<AnyPane>,
    /// Containers of the first arrangement, whose shares follow the window until someone moves a pane.
    first: Option<FirstArrangement>,
}

/// Two columns of views in short, wide rows, the cloud below them in the space that is left.
struct FirstArrangement {
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
    /// Inspector and training, one before the other.
    tabs: TileId,
    curves: TileId,
}

impl Default for Desk {
    fn default() -> Self {
        let mut tiles = Tiles::<AnyPane>::default();
        let mut row = |names: [MapName; 2]| {
            let views = names.map(|name| tiles.insert_pane(Box::new(MapView::new(name)) as AnyPane));
            tiles.insert_horizontal_tile(views.to_vec())
        };
        let rows = [
            row([MapName::Colour(FrameId::TARGET), MapName::Disparity(0)]),
            row([MapName::Warped(FrameId::NEXT), MapName::MinimumLoss]),
        ];
        let cloud = tiles.insert_pane(Box::new(Cloud::default()));
        let trajectory = tiles.insert_pane(Box::new(Trajectory::default()));
        let evaluation = tiles.insert_pane(Box::new(Evaluation::default()));
        let lowest = tiles.insert_horizontal_tile(vec![cloud, trajectory, evaluation]);
        share(&mut tiles, lowest, &[(cloud, 1.0), (trajectory, 1.0), (evaluation, 3.2)]);
        let sequence = tiles.insert_pane(Box::new(Sequence::default()));
        let health = tiles.insert_pane(Box::new(Health));
        let timeline = tiles.insert_pane(Box::new(Timeline));
        let inspector = tiles.insert_pane(Box::new(Inspector));
        let training = tiles.insert_pane(Box::new(Training));
        let curves = tiles.insert_pane(Box::new(Curves::default()));
        let views = tiles.insert_vertical_tile(vec![rows[0], rows[1], lowest]);
        let side = tiles.insert_vertical_tile(vec![sequence, health]);
        let middle = tiles.insert_horizontal_tile(vec![side, views]);
        let left = tiles.insert_vertical_tile(vec![middle, timeline]);
        let tabs = tiles.insert_tab_tile(vec![inspector, training]);
        let right = tiles.insert_vertical_tile(vec![tabs, curves]);
        let root = tiles.insert_horizontal_tile(vec![left, right]);
        let mut tree = Tree::new(egui::Id::unique("panes"), root, tiles);
        // They are for those who ask for them: the cloud has the room until then.
        tree.set_visible(trajectory, false);
        tree.set_visible(evaluation, false);
        let first = FirstArrangement {
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
        Self { tree, first: Some(first) }
    }
}

impl Desk {
    /// Draws all panes, and tells the state what visible ones show.
    pub fn ui(&mut self, ui: &mut Ui, state: &mut State) {
        if let Some(first) = &self.first {
            first.fit(&mut self.tree.tiles, ui.available_size());
        }
        let mut docking =
            Docking { state, watched: BTreeSet::new(), inspects: false, closed: None, is_edited: false };
        self.tree.ui(&mut docking, ui);
        let Docking { state, watched, inspects, closed, is_edited } = docking;
        state.watch(watched);
        state.inspect(inspects);
        if is_edited {
            self.first = None;
        }
        if let Some(tile) = closed {
            self.close(tile);
        }
    }

    /// Shows the pane of this title, before others of its place.
    pub fn bring_to_front(&mut self, title: &str) {
        let pane = self.lasting_panes().into_iter().find(|(name, ..)| name == title);
        if let Some((_, tile, _)) = pane {
            self.tree.set_visible(tile, true);
            self.tree.make_active(|id, _| id == tile);
        }
    }

    fn close(&mut self, tile: TileId) {
        if self.tree.tiles.get_pane(&tile).is_some_and(|pane| pane.is_disposable()) {
            self.first = None;
            self.tree.remove_recursively(tile);
        } else {
            self.tree.set_visible(tile, false);
        }
    }

    /// The panes of which there is one each: name, place in the tree, whether they are shown.
    pub fn lasting_panes(&self) -> Vec<(String, TileId, bool)> {
        let mut panes: Vec<_> = self
            .tree
            .tiles
            .iter()
            .filter_map(|(id, tile)| match tile {
                Tile::Pane(pane) if !pane.is_disposable() => {
                    Some((pane.title(), *id, self.tree.is_visible(*id)))
                }
                _ => None,
            })
            .collect();
        panes.sort_by(|left, right| left.0.cmp(&right.0));
        panes
    }

    /// Adds a view of this map, unless a view on the screen shows it.
    pub fn show_map(&mut self, name: MapName) {
        let tiles = &self.tree.tiles;
        let is_shown = self.tree.active_tiles().into_iter().any(|id| {
            let pane = tiles.get_pane(&id).filter(|pane| pane.is_disposable());
            pane.is_some_and(|pane| pane.watches().contains(&name))
        });
        if !is_shown {
            self.add_view(name);
        }
    }

    /// Adds a view of this map beside one that is there.
    pub fn add_view(&mut self, name: MapName) {
        self.first = None;
        let tiles = &mut self.tree.tiles;
        let neighbour =
            tiles.iter().filter(|(_, tile)| matches!(tile, Tile::Pane(pane) if pane.is_disposable()));
        let neighbour = neighbour.map(|(id, _)| *id).max_by_key(|id| id.0);
        let view = tiles.insert_pane(Box::new(MapView::new(name)));
        let parent = neighbour.and_then(|id| tiles.parent_of(id)).or(self.tree.root);
        match parent.and_then(|parent| tiles.get_mut(parent)) {
            Some(Tile::Container(Container::Linear(linear))) => linear.add_child(view),
            Some(Tile::Container(Container::Tabs(tabs))) => tabs.add_child(view),
            Some(Tile::Container(Container::Grid(grid))) => grid.add_child(view),
            _ => self.tree.root = Some(view),
        }
    }
}

impl FirstArrangement {
    /// Gives the form and the lists the width they need and the pictures the rest.
    fn fit(&self, tiles: &mut Tiles<AnyPane>, size: Vec2) {
        let upper = size.y - TIMELINE_HEIGHT;
        let pictures = size.x - SIDE_WIDTH - TRAINING_WIDTH;
        let row = (theme::HEADER + pictures / 2.0 / ASPECT).min(upper * 0.3);
        let curves = CURVES_HEIGHT.max(size.y * 0.18);
        share(tiles, self.root, &[(self.left, size.x - TRAINING_WIDTH), (self.right, TRAINING_WIDTH)]);
        share(tiles, self.left, &[(self.middle, upper), (self.timeline, TIMELINE_HEIGHT)]);
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

/// What the panes need while they are drawn, and what they leave behind.
struct Docking<'a> {
    /// The state behind them.
    state: &'a mut State,
    /// The maps that visible panes show.
    watched: BTreeSet<MapName>,
    /// Whether a visible pane asks about pixels.
    inspects: bool,
    /// The pane whose cross was pressed.
    closed: Option<TileId>,
    /// Whether someone moved or resized a pane.
    is_edited: bool,
}

impl Docking<'_> {
    /// Title, controls and cross of a pane; says whether it is being dragged away.
    fn header(
        &mut self,
        ui: &mut Ui,
        [rect, body]: [Rect; 2],
        tile: TileId,
        pane: &mut AnyPane,
    ) -> UiResponse {
        let palette = Palette::of(ui);
        ui.painter().rect_filled(rect, 0.0, palette.header);
        // Below the controls, so that they get their clicks first. It senses clicks too, because what
        // only senses drags takes every press for one.
        let handle = ui.interact(rect, ui.scope_id().with("handle"), Sense::click_and_drag());
        handle.context_menu(|ui| {
            let save =
                ui.button("Save as picture…").on_hover_text("The pane as it is drawn, with its legend");
            if save.clicked() {
                self.state.save_picture(format!("{}.png", pane.title()), body);
                ui.close();
            }
        });
        let is_hovered = ui.rect_contains_pointer(rect);
        let inner = rect.shrink2(Vec2::new(theme::UNIT, 2.0));
        let cross =
            Rect::from_min_size(egui::pos2(inner.right() - 16.0, inner.center().y - 8.0), Vec2::splat(16.0));
        if close_button(ui, cross, is_hovered, &pane.title()) {
            self.closed = Some(tile);
        }
        let controls = inner.with_max_x(cross.left() - theme::HALF);
        let layout = egui::Layout::left_to_right(egui::Align::Center);
        let mut ui = ui.new_child(UiBuilder::new().max_rect(controls).layout(layout));
        ui.spacing_mut().interact_size.y = 20.0;
        pane.header(&mut ui, self.state);
        if handle.drag_started() { UiResponse::DragStarted } else { UiResponse::None }
    }
}

/// A cross that stands back unless the pointer is near.
fn close_button(ui: &Ui, rect: Rect, is_near: bool, title: &str) -> bool {
    let response = ui.interact(rect, ui.scope_id().with("close"), Sense::click());
    let name = format!("Close {title}");
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, &name));
    let strength = if is_near || response.has_focus() { 1.0 } else { 0.35 };
    let colour = ui.style().interact(&response).fg_stroke.color.gamma_multiply(strength);
    Icon::Cross.paint(ui.painter(), rect.shrink(3.5), colour);
    response.on_hover_text("Close; the View menu brings it back").clicked()
}

impl Behavior<AnyPane> for Docking<'_> {
    fn pane_ui(&mut self, ui: &mut Ui, tile: TileId, pane: &mut AnyPane) -> UiResponse {
        self.watched.extend(pane.watches());
        self.inspects |= pane.inspects();
        let whole = ui.max_rect();
        let palette_fill = ui.visuals().panel_fill;
        ui.painter().rect_filled(whole, 0.0, palette_fill);
        let (header, body) = whole.split_top_bottom_at_y(whole.top() + theme::HEADER);
        let response = self.header(ui, [header, body], tile, pane);
        let mut ui = ui.new_child(UiBuilder::new().max_rect(body));
        ui.set_clip_rect(body.intersect(ui.clip_rect()));
        pane.ui(&mut ui, self.state);
        response
    }

    fn tab_title_for_pane(&mut self, pane: &AnyPane) -> WidgetText {
        pane.title().into()
    }

    fn on_edit(&mut self, edit: EditAction) {
        self.is_edited |= edit != EditAction::TabSelected;
    }

    fn gap_width(&self, _style: &egui::Style) -> f32 {
        GAP
    }

    fn min_size(&self) -> f32 {
        64.0
    }

    fn resize_stroke(&self, style: &egui::Style, state: ResizeState) -> Stroke {
        match state {
            ResizeState::Idle => Stroke::new(GAP, self.tab_bar_color(&style.visuals)),
            ResizeState::Hovering | ResizeState::Dragging => Stroke::new(GAP, style.visuals.hyperlink_color),
        }
    }

    fn tab_bar_color(&self, visuals: &egui::Visuals) -> Color32 {
        if visuals.dark_mode { Color32::from_rgb(10, 11, 12) } else { Color32::from_rgb(198, 201, 206) }
    }
}
