//! Where the panes are at the start, and how they are docked.

use super::{
    panes::{Cloud, Curves, MapView, Pane, Sequence, Timeline, Training},
    state::State,
    theme::{self, Palette},
};
use crate::{config::FrameId, objective::MapName};
use egui::{Color32, Rect, Sense, Stroke, Ui, UiBuilder, Vec2, WidgetText};
use egui_tiles::{
    Behavior, Container, Linear, LinearDir, ResizeState, Tile, TileId, Tiles, Tree, UiResponse,
};
use std::collections::BTreeSet;

/// A pane of any kind.
pub type AnyPane = Box<dyn Pane>;

const GAP: f32 = 2.0;
/// Driving pictures are wide: KITTI's are 3.3 times as wide as high.
const ASPECT: f32 = 3.3;
const SIDE_WIDTH: f32 = 216.0;
const TRAINING_WIDTH: f32 = 304.0;
const TIMELINE_HEIGHT: f32 = 80.0;
const TRAINING_HEIGHT: f32 = 400.0;

/// The panes of a new window of this size: two columns of views in short, wide rows, with the cloud
/// below them in the space that is left.
pub fn start(size: Vec2) -> Tree<AnyPane> {
    let mut tiles = Tiles::<AnyPane>::default();
    let mut view = |name| tiles.insert_pane(Box::new(MapView::new(name)) as AnyPane);
    let first = [view(MapName::Colour(FrameId::TARGET)), view(MapName::Disparity(0))];
    let second = [view(MapName::Warped(FrameId::NEXT)), view(MapName::MinimumLoss)];
    let cloud = tiles.insert_pane(Box::new(Cloud::default()));
    let sequence = tiles.insert_pane(Box::new(Sequence::default()));
    let timeline = tiles.insert_pane(Box::new(Timeline));
    let training = tiles.insert_pane(Box::new(Training));
    let curves = tiles.insert_pane(Box::new(Curves::default()));

    let upper = tiles.insert_horizontal_tile(first.to_vec());
    let lower = tiles.insert_horizontal_tile(second.to_vec());
    let views_width = (size.x - SIDE_WIDTH - TRAINING_WIDTH).max(200.0);
    let row = theme::HEADER + views_width / 2.0 / ASPECT;
    let views_height = (size.y - TIMELINE_HEIGHT).max(100.0);
    let row = row.min(views_height * 0.3);
    let views = split(
        &mut tiles,
        LinearDir::Vertical,
        &[(upper, row), (lower, row), (cloud, views_height - 2.0 * row)],
    );
    let middle = split(&mut tiles, LinearDir::Horizontal, &[(sequence, SIDE_WIDTH), (views, views_width)]);
    let left = split(
        &mut tiles,
        LinearDir::Vertical,
        &[(middle, size.y - TIMELINE_HEIGHT), (timeline, TIMELINE_HEIGHT)],
    );
    let training_height = TRAINING_HEIGHT.min(size.y * 0.6);
    let right = split(
        &mut tiles,
        LinearDir::Vertical,
        &[(training, training_height), (curves, size.y - training_height)],
    );
    let root =
        split(&mut tiles, LinearDir::Horizontal, &[(left, size.x - TRAINING_WIDTH), (right, TRAINING_WIDTH)]);
    Tree::new(egui::Id::unique("panes"), root, tiles)
}

fn split(tiles: &mut Tiles<AnyPane>, direction: LinearDir, children: &[(TileId, f32)]) -> TileId {
    let mut linear = Linear::new(direction, children.iter().map(|(child, _)| *child).collect());
    for (child, length) in children {
        linear.shares.set_share(*child, *length);
    }
    tiles.insert_container(linear)
}

/// Adds a view beside the last one that is there.
pub fn add_view(tree: &mut Tree<AnyPane>) {
    let view = tree.tiles.insert_pane(Box::new(MapView::new(MapName::AutoMask)));
    let views: Vec<TileId> = tree
        .tiles
        .iter()
        .filter(|(id, tile)| matches!(tile, Tile::Pane(pane) if pane.is_disposable()) && **id != view)
        .map(|(id, _)| *id)
        .collect();
    let parent = views.into_iter().filter_map(|id| tree.tiles.parent_of(id)).last().or(tree.root);
    match parent.and_then(|parent| tree.tiles.get_mut(parent)) {
        Some(Tile::Container(Container::Linear(linear))) => linear.add_child(view),
        Some(Tile::Container(Container::Tabs(tabs))) => tabs.add_child(view),
        Some(Tile::Container(Container::Grid(grid))) => grid.add_child(view),
        _ => tree.root = Some(view),
    }
}

/// What the panes need while they are drawn, and what they leave behind.
pub struct Docking<'a> {
    /// The state behind them.
    pub state: &'a mut State,
    /// The maps that visible panes show.
    pub watched: BTreeSet<MapName>,
    /// The pane whose cross was pressed.
    pub closed: Option<TileId>,
}

impl Docking<'_> {
    /// Title, controls and cross of a pane; says whether it is being dragged away.
    fn header(&mut self, ui: &mut Ui, rect: Rect, tile: TileId, pane: &mut AnyPane) -> UiResponse {
        let palette = Palette::of(ui);
        ui.painter().rect_filled(rect, 0.0, palette.header);
        // Below the controls, so that they get their clicks first.
        let handle = ui.interact(rect, ui.scope_id().with("handle"), Sense::drag());
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

/// A cross that shows when it may be wanted.
fn close_button(ui: &Ui, rect: Rect, is_visible: bool, title: &str) -> bool {
    let response = ui.interact(rect, ui.scope_id().with("close"), Sense::click());
    let name = format!("Close {title}");
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, &name));
    if is_visible || response.has_focus() {
        let colour = ui.style().interact(&response).fg_stroke.color;
        let cross = rect.shrink(4.5);
        let stroke = Stroke::new(1.2, colour);
        ui.painter().line_segment([cross.left_top(), cross.right_bottom()], stroke);
        ui.painter().line_segment([cross.right_top(), cross.left_bottom()], stroke);
    }
    response.on_hover_text("Close; the View menu brings it back").clicked()
}

impl Behavior<AnyPane> for Docking<'_> {
    fn pane_ui(&mut self, ui: &mut Ui, tile: TileId, pane: &mut AnyPane) -> UiResponse {
        self.watched.extend(pane.watches());
        let whole = ui.max_rect();
        let palette_fill = ui.visuals().panel_fill;
        ui.painter().rect_filled(whole, 0.0, palette_fill);
        let (header, body) = whole.split_top_bottom_at_y(whole.top() + theme::HEADER);
        let response = self.header(ui, header, tile, pane);
        let mut ui = ui.new_child(UiBuilder::new().max_rect(body));
        ui.set_clip_rect(body.intersect(ui.clip_rect()));
        pane.ui(&mut ui, self.state);
        response
    }

    fn tab_title_for_pane(&mut self, pane: &AnyPane) -> WidgetText {
        pane.title().into()
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
