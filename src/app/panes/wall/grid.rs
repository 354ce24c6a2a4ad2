//! The rows of the wall: one for each bookmarked frame, its picture and maps side by side.

use super::{WallPane, pictures::Appearance};
use crate::{
    app::{
        icon::Icon,
        legend::{self, ColourBar},
        state::State,
        theme::{self, Palette},
    },
    config::FrameId,
    data::{FrameKey, Side},
    objective::MapName,
    runs::Snapshot,
};
use egui::{Align2, Button, Color32, Rect, Role, ScrollArea, Sense, TextStyle, Ui, Vec2, WidgetInfo};
use std::sync::Arc;

const GAP: f32 = 4.0;
/// Rows shrink to fit their number, but no further.
const LEAST_HEIGHT: f32 = 60.0;
/// What the name of a column needs.
const LEAST_WIDTH: f32 = 132.0;
const CAPTION: f32 = 24.0;
/// What the colours of a column mean, above its pictures: those are small.
const LEGEND: f32 = 22.0;
const CROSS: Vec2 = Vec2::splat(18.0);
/// Width through height of a driving picture, until one is there.
const USUAL_ASPECT: f32 = 10.0 / 3.0;

/// What a row may ask for.
enum RowRequest {
    Remove(FrameKey),
    LookAt(FrameKey),
}

/// The sides of the pictures.
#[derive(Clone, Copy)]
struct CellSizes {
    /// From the left end of a column to that of the next.
    pitch: f32,
    picture: Vec2,
    left: f32,
}

impl CellSizes {
    fn new(space: Rect, columns: usize, rows: usize, aspect: f32) -> Self {
        let widest = (space.width() - GAP * (columns - 1) as f32) / columns as f32;
        let fitting = (space.height() - CAPTION - LEGEND) / rows as f32 - GAP;
        let height = (widest / aspect).min(fitting.max(LEAST_HEIGHT));
        let picture = Vec2::new(height * aspect, height);
        let pitch = (picture.x.max(LEAST_WIDTH.min(widest))) + GAP;
        let width = pitch * columns as f32 - GAP;
        Self { pitch, picture, left: space.left() + ((space.width() - width) / 2.0).max(0.0) }
    }

    fn column(&self, row: Rect, index: usize) -> Rect {
        let corner = egui::pos2(self.left + index as f32 * self.pitch, row.top());
        let room = Vec2::new(self.pitch - GAP, row.height());
        Rect::from_min_size(corner, room)
    }
}

impl WallPane {
    /// Draws the names of the columns and the rows below them.
    pub(super) fn grid(&mut self, ui: &mut Ui, state: &mut State) {
        let names = [MapName::Colour(FrameId::TARGET), self.disparity(state), self.map];
        let shown = state.snapshot_place().map(|place| Arc::clone(&state.wall.looked_at().all()[place]));
        // Of the present run, so that others are compared with it.
        let newest = state.wall.snapshots.all().last().or(state.wall.looked_at().all().last());
        self.pictures.turn_to(shown.as_ref(), if self.own_range { shown.as_ref() } else { newest });
        let pins = state.wall.rows();
        let seen = shown.iter().flat_map(|snapshot| &snapshot.frames).next();
        let aspect = seen.map_or(USUAL_ASPECT, |frame| {
            frame.colour.size.width as f32 / frame.colour.size.height.max(1) as f32
        });
        ui.spacing_mut().item_spacing.y = 0.0;
        let layout = CellSizes::new(
            ui.available_rect_before_wrap().shrink2(Vec2::new(theme::UNIT, 0.0)),
            names.len(),
            pins.len(),
            aspect,
        );
        let (captions, _) = ui.allocate_exact_size(Vec2::new(ui.available_width(), CAPTION), Sense::hover());
        for (index, name) in names.into_iter().enumerate() {
            let mut cell = ui.new_child(
                egui::UiBuilder::new()
                    .max_rect(layout.column(captions, index))
                    .layout(egui::Layout::left_to_right(egui::Align::Center)),
            );
            if index + 1 == names.len() {
                self.choose_map(&mut cell, state);
            } else {
                let text = egui::RichText::new(name.to_string()).color(ui.visuals().weak_text_color());
                cell.add(egui::Label::new(text).truncate()).on_hover_text(name.help());
            }
        }
        let (legends, _) = ui.allocate_exact_size(Vec2::new(ui.available_width(), LEGEND), Sense::hover());
        for (index, name) in names.into_iter().enumerate() {
            if let Some(look) = self.pictures.look(name, state.shown_objective()) {
                draw_legend(ui, state, layout.column(legends, index), name, &look);
            }
        }
        let mut request = None;
        let same_drive = pins.iter().all(|key| key.folder == pins[0].folder);
        ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
            ui.spacing_mut().item_spacing.y = GAP;
            for key in &pins {
                let size = Vec2::new(ui.available_width(), layout.picture.y);
                let (row, _) = ui.allocate_exact_size(size, Sense::hover());
                let scene = WallRow { key, shown: shown.as_deref(), same_drive };
                for (column, name) in names.into_iter().enumerate() {
                    let place = Rect::from_center_size(layout.column(row, column).center(), layout.picture);
                    request = self.cell(ui, state, place, (column, name), &scene).or(request.take());
                }
            }
        });
        match request {
            Some(RowRequest::Remove(key)) => state.unpin(&key),
            Some(RowRequest::LookAt(key)) => state.choose_frame(&key),
            None => {}
        }
    }

    /// Draws a picture of a row, or why there is none.
    fn cell(
        &mut self,
        ui: &mut Ui,
        state: &State,
        place: Rect,
        (column, name): (usize, MapName),
        scene: &WallRow,
    ) -> Option<RowRequest> {
        let WallRow { key, shown, same_drive } = scene;
        let frame = shown.and_then(|snapshot| snapshot.frame(key));
        let look = self.pictures.look(name, state.shown_objective());
        let thumbnail = frame.and_then(|frame| match name {
            MapName::Colour(FrameId::TARGET) => Some(frame.colour.as_ref()),
            name => frame.maps.get(&name),
        });
        let response = ui.interact(place, ui.scope_id().with((*key, column)), Sense::click());
        let step = shown.and_then(|snapshot| snapshot.step).map(|step| format!(" at step {step}"));
        let what = format!("{name} of frame {}{}", key.frame, step.unwrap_or_default());
        let absence = thumbnail.is_none().then(|| absence(state, *shown, scene));
        response.widget_info(|| {
            let info = WidgetInfo::labeled(Role::Image, true, &what);
            WidgetInfo { current_text_value: absence.clone(), ..info }
        });
        match thumbnail {
            Some(thumbnail) => {
                let texture = self.pictures.texture(ui.ctx(), (key, name), thumbnail, look.as_ref());
                let whole = Rect::from_min_max(egui::Pos2::ZERO, egui::pos2(1.0, 1.0));
                ui.painter().image(texture, place, whole, Color32::WHITE);
            }
            None => {
                ui.painter().rect_filled(place, 0.0, Palette::of(ui).stage);
                let font = TextStyle::Small.resolve(ui.style());
                let colour = ui.visuals().weak_text_color();
                let text = absence.unwrap_or_default();
                let text = ui.painter().layout(text, font, colour, place.width() - theme::UNIT);
                ui.painter().galley(place.center() - text.size() / 2.0, text, colour);
            }
        }
        let mut request = None;
        response.context_menu(|ui| {
            let remove = ui.add_enabled(state.wall.pins.contains(key), Button::new("Remove the bookmark"));
            if remove.on_hover_text("Take it from the wall").clicked() {
                request = Some(RowRequest::Remove((*key).clone()));
                ui.close();
            }
            if ui.button("Look at this frame").on_hover_text("Go to it on the timeline").clicked() {
                request = Some(RowRequest::LookAt((*key).clone()));
                ui.close();
            }
        });
        if column == 0 {
            legend::note(ui.painter(), place, Align2::LEFT_BOTTOM, &short(key, *same_drive));
            let corner = Align2::RIGHT_TOP.align_size_within_rect(CROSS, place.shrink(2.0));
            if state.wall.pins.contains(key) && cross(ui, corner, key) {
                request = Some(RowRequest::Remove((*key).clone()));
            }
        }
        let step = shown.and_then(|snapshot| snapshot.step).map(|step| format!(", step {step}"));
        response.on_hover_text(format!(
            "{name}{}\n{key}\nRight-click: remove it, or look at it",
            step.unwrap_or_default()
        ));
        request
    }
}

/// What a row is of.
struct WallRow<'a> {
    key: &'a FrameKey,
    shown: Option<&'a Snapshot>,
    /// True if all bookmarked frames are of one drive.
    same_drive: bool,
}

/// A cross on a plate, so that it is seen on any picture.
fn cross(ui: &Ui, place: Rect, key: &FrameKey) -> bool {
    ui.painter().rect_filled(place, 3.0, Color32::from_black_alpha(168));
    let response = ui.interact(place, ui.scope_id().with(("cross", key)), Sense::click());
    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, format!("Remove frame {}", key.frame)));
    let is_near = response.hovered() || response.has_focus();
    Icon::Cross.paint(ui.painter(), place.shrink(5.0), Color32::from_gray(if is_near { 255 } else { 176 }));
    response.on_hover_text("Take this frame from the wall").clicked()
}

/// What the colours of a column mean.
fn draw_legend(ui: &Ui, state: &State, strip: Rect, name: MapName, look: &Appearance) {
    // On pictures a legend may cover a third of their height; nothing lies below this one.
    let place = strip.expand2(Vec2::new(theme::HALF, LEGEND));
    let scale = ColourBar { style: &look.style, range: look.range, unit: legend::unit(name), value: None };
    legend::bar(ui.painter(), place, Align2::LEFT_CENTER, &scale);
    let meanings = legend::meanings(name, state.shown_objective());
    legend::patches(ui.painter(), place, Align2::LEFT_CENTER, (&meanings, None));
}

/// Why there is no picture.
fn absence(state: &State, shown: Option<&Snapshot>, scene: &WallRow) -> String {
    let text = match shown.map(|snapshot| (snapshot, snapshot.frame(scene.key))) {
        None => "Waiting for the prediction …",
        Some((snapshot, None)) => match state.wall.snapshots.all().last() {
            Some(newest) if !std::ptr::eq(newest.as_ref(), snapshot) => "Not bookmarked at this step",
            _ => "Waiting for the prediction …",
        },
        Some((_, Some(frame))) if frame.maps.is_empty() && !state.has_networks() => "No networks yet",
        Some(_) => "Not kept at this step, or not known for this frame",
    };
    text.to_owned()
}

/// A frame by its number and side, and by its drive without the day if that tells it from others.
fn short(FrameKey { folder, frame, side }: &FrameKey, same_drive: bool) -> String {
    let side = if *side == Side::Left { "" } else { " right" };
    if same_drive {
        return format!("frame {frame}{side}");
    }
    let name = folder.rsplit('/').next().unwrap_or(folder);
    let drive = name.find("drive").map_or(name, |start| &name[start..]);
    format!("{frame}{side} · {drive}")
}
