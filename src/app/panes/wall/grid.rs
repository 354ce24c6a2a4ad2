//! The rows of the wall: one for each bookmarked frame, its picture and maps side by side.

use super::{
    WallPane,
    pictures::Appearance,
    row::{RowRequest, WallRow},
};
use crate::{
    app::{
        icon::Icon,
        legend::{self, ColourBar},
        state::{Curves, ViewedFrame, Wall},
        theme::{self, Palette, overlay},
    },
    config::FrameId,
    data::{FrameKey, Side},
    objective::MapName,
};
use egui::{Align2, Button, Color32, Rect, Role, ScrollArea, Sense, TextStyle, Ui, Vec2, WidgetInfo};
use std::sync::Arc;

const GAP: f32 = 4.0;
/// Lowest height to which rows shrink to fit, points.
const MIN_HEIGHT: f32 = 60.0;
/// Width that the name of a column needs.
const MIN_WIDTH: f32 = 132.0;
const CAPTION: f32 = 24.0;
/// Height of the legends above the pictures, which are too small to hold them.
const LEGEND: f32 = 22.0;
const CROSS: Vec2 = Vec2::splat(18.0);
/// Aspect ratio (width / height) until the first picture is there.
const USUAL_ASPECT: f32 = 10.0 / 3.0;

/// Size and spacing of the pictures.
#[derive(Clone, Copy)]
struct CellSizes {
    /// Distance from the left edge of a column to that of the next.
    pitch: f32,
    picture: Vec2,
    left: f32,
}

impl CellSizes {
    fn new(space: Rect, columns: usize, rows: usize, aspect: f32) -> Self {
        let widest = (space.width() - GAP * (columns - 1) as f32) / columns as f32;
        let fitting = (space.height() - CAPTION - LEGEND) / rows as f32 - GAP;
        let height = (widest / aspect).min(fitting.max(MIN_HEIGHT));
        let picture = Vec2::new(height * aspect, height);
        let pitch = (picture.x.max(MIN_WIDTH.min(widest))) + GAP;
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
    /// Draws the names of the columns and the rows below them. Returns the request of a row.
    pub(super) fn grid(
        &mut self,
        ui: &mut Ui,
        wall: &Wall,
        curves: &Curves,
        viewed: &ViewedFrame,
        has_networks: bool,
    ) -> Option<RowRequest> {
        let names = [MapName::Colour(FrameId::TARGET), Self::disparity(viewed), self.map];
        let shown = wall.snapshot_index(curves).map(|index| Arc::clone(&wall.looked_at().all()[index]));
        // The newest snapshot of the current run, so that other runs have the same colours.
        let newest = wall.snapshots.all().last().or(wall.looked_at().all().last());
        self.pictures.turn_to(shown.as_ref(), if self.own_range { shown.as_ref() } else { newest });
        let keys = wall.rows();
        let seen = shown.iter().flat_map(|snapshot| &snapshot.frames).next();
        let aspect = seen.map_or(USUAL_ASPECT, |frame| {
            frame.colour.size.width as f32 / frame.colour.size.height.max(1) as f32
        });
        ui.spacing_mut().item_spacing.y = 0.0;
        let layout = CellSizes::new(
            ui.available_rect_before_wrap().shrink2(Vec2::new(theme::UNIT, 0.0)),
            names.len(),
            keys.len(),
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
                self.choose_map(&mut cell, viewed);
            } else {
                let text = egui::RichText::new(name.to_string()).color(ui.visuals().weak_text_color());
                cell.add(egui::Label::new(text).truncate()).on_hover_text(name.help());
            }
        }
        let (legends, _) = ui.allocate_exact_size(Vec2::new(ui.available_width(), LEGEND), Sense::hover());
        for (index, name) in names.into_iter().enumerate() {
            if let Some(appearance) = self.pictures.appearance(name, viewed.shown_objective()) {
                draw_legend(ui, viewed, layout.column(legends, index), name, &appearance);
            }
        }
        let mut request = None;
        let same_drive = keys.iter().all(|key| key.folder == keys[0].folder);
        ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
            ui.spacing_mut().item_spacing.y = GAP;
            for key in &keys {
                let size = Vec2::new(ui.available_width(), layout.picture.y);
                let (row, _) = ui.allocate_exact_size(size, Sense::hover());
                let wall_row = WallRow { key, shown: shown.as_deref(), same_drive, has_networks };
                for (column, name) in names.into_iter().enumerate() {
                    let rect = Rect::from_center_size(layout.column(row, column).center(), layout.picture);

                    let cell = self.cell(ui, wall, viewed, rect, (column, name), &wall_row);
                    request = cell.or(request.take());
                }
            }
        });

        request
    }

    /// Draws a picture of a row, or the reason why there is none.
    fn cell(
        &mut self,
        ui: &mut Ui,
        wall: &Wall,
        viewed: &ViewedFrame,
        rect: Rect,
        (column, name): (usize, MapName),
        row: &WallRow,
    ) -> Option<RowRequest> {
        let WallRow { key, shown, same_drive, .. } = row;
        let frame = shown.and_then(|snapshot| snapshot.frame(key));
        let appearance = self.pictures.appearance(name, viewed.shown_objective());
        let thumbnail = frame.and_then(|frame| match name {
            MapName::Colour(FrameId::TARGET) => Some(frame.colour.as_ref()),
            name => frame.maps.get(&name),
        });
        let response = ui.interact(rect, ui.scope_id().with((*key, column)), Sense::click());
        let step = shown.and_then(|snapshot| snapshot.step).map(|step| format!(" at step {step}"));
        let what = format!("{name} of frame {}{}", key.frame, step.unwrap_or_default());
        let absence = thumbnail.is_none().then(|| absence(wall, row));
        response.widget_info(|| {
            let info = WidgetInfo::labeled(Role::Image, true, &what);
            WidgetInfo { current_text_value: absence.clone(), ..info }
        });
        match thumbnail {
            Some(thumbnail) => {
                let texture = self.pictures.texture(ui.ctx(), (key, name), thumbnail, appearance.as_ref());
                let whole = Rect::from_min_max(egui::Pos2::ZERO, egui::pos2(1.0, 1.0));
                ui.painter().image(texture, rect, whole, Color32::WHITE);
            }
            None => {
                ui.painter().rect_filled(rect, 0.0, Palette::of(ui).stage);
                let font = TextStyle::Small.resolve(ui.style());
                let colour = ui.visuals().weak_text_color();
                let text = absence.unwrap_or_default();
                let text = ui.painter().layout(text, font, colour, rect.width() - theme::UNIT);
                ui.painter().galley(rect.center() - text.size() / 2.0, text, colour);
            }
        }
        let mut request = None;
        response.context_menu(|ui| {
            let remove = ui.add_enabled(wall.bookmarks.contains(key), Button::new("Remove the bookmark"));
            if remove.on_hover_text("Remove this frame from the wall").clicked() {
                request = Some(RowRequest::Remove((*key).clone()));
                ui.close();
            }
            if ui.button("Look at this frame").on_hover_text("Go to it on the timeline").clicked() {
                request = Some(RowRequest::LookAt((*key).clone()));
                ui.close();
            }
        });
        if column == 0 {
            legend::note(ui.painter(), rect, Align2::LEFT_BOTTOM, &short(key, *same_drive));
            let corner = Align2::RIGHT_TOP.align_size_within_rect(CROSS, rect.shrink(2.0));
            if wall.bookmarks.contains(key) && cross(ui, corner, key) {
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

/// Draws a cross on a dark plate, so that it is visible on any picture. Returns true if it was clicked.
fn cross(ui: &Ui, rect: Rect, key: &FrameKey) -> bool {
    ui.painter().rect_filled(rect, 3.0, overlay::PLATE);
    let response = ui.interact(rect, ui.scope_id().with(("cross", key)), Sense::click());
    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, format!("Remove frame {}", key.frame)));
    let is_near = response.hovered() || response.has_focus();
    Icon::Cross.paint(ui.painter(), rect.shrink(5.0), overlay::ICON[usize::from(is_near)]);
    response.on_hover_text("Remove this frame from the wall").clicked()
}

/// Draws the legend of a column.
fn draw_legend(ui: &Ui, viewed: &ViewedFrame, strip: Rect, name: MapName, appearance: &Appearance) {
    // A legend takes at most a third of the given height. This one covers no picture, so it is given more.
    let rect = strip.expand2(Vec2::new(theme::HALF, LEGEND));
    let scale = ColourBar {
        style: &appearance.style,
        range: appearance.range,
        unit: legend::unit(name),
        value: None,
    };
    legend::bar(ui.painter(), rect, Align2::LEFT_CENTER, &scale);
    let meanings = legend::meanings(name, viewed.shown_objective());
    legend::patches(ui.painter(), rect, Align2::LEFT_CENTER, (&meanings, None));
}

/// Reason why there is no picture.
fn absence(wall: &Wall, row: &WallRow) -> String {
    let text = match row.shown.map(|snapshot| (snapshot, snapshot.frame(row.key))) {
        None => "Waiting for the prediction …",
        Some((snapshot, None)) => match wall.snapshots.all().last() {
            Some(newest) if !std::ptr::eq(newest.as_ref(), snapshot) => "Not bookmarked at this step",
            _ => "Waiting for the prediction …",
        },
        Some((_, Some(frame))) if frame.maps.is_empty() && !row.has_networks => "No networks yet",
        Some(_) => "Not saved at this step, or not known for this frame",
    };
    text.to_owned()
}

/// Short name of a frame: number and side, and unless all are from the same drive, the drive without its date.
fn short(FrameKey { folder, frame, side }: &FrameKey, same_drive: bool) -> String {
    let side = if *side == Side::Left { "" } else { " right" };
    if same_drive {
        return format!("frame {frame}{side}");
    }
    let name = folder.rsplit('/').next().unwrap_or(folder);
    let drive = name.find("drive").map_or(name, |start| &name[start..]);
    format!("{frame}{side} · {drive}")
}
