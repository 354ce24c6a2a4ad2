//! The sandbox: depth, camera and motion of the frame that is looked at changed by hand, and what the loss
//! says to it.

use super::{Pane, empty, title};
use crate::{
    app::{state::State, theme, theme::Palette},
    config::FrameId,
    objective::Adjustment,
    train::{Judgement, WhatIf},
};
use egui::{Align, ComboBox, Grid, Label, Layout, RichText, ScrollArea, Slider, Ui};
use glam::Vec3;
use serde::{Deserialize, Serialize};
use std::ops::RangeInclusive;

/// Translations reach this far, in the network's unit; between frames a car moves a few hundredths.
const FARTHEST: f32 = 0.1;
/// Rotations reach this far, degrees.
const WIDEST: f32 = 3.0;

/// The pane.
#[derive(Default, Serialize, Deserialize)]
pub struct Sandbox;

/// A row: a name, and a slider that both explain themselves. A double-click sets it back.
fn slider(
    ui: &mut Ui,
    name: &str,
    help: &str,
    value: &mut f32,
    range: RangeInclusive<f32>,
    unchanged: f32,
    unit: &str,
) {
    let is_factor = unchanged == 1.0;
    let colour = if *value == unchanged { ui.visuals().weak_text_color() } else { Palette::of(ui).accent };
    ui.label(RichText::new(name).color(colour)).on_hover_text(help);
    let slider = Slider::new(value, range).logarithmic(is_factor).suffix(unit).max_decimals(4);
    let slider = if is_factor { slider.prefix("× ") } else { slider };
    let response = ui.add(slider).on_hover_text(format!("{help}\nDouble-click to set it back"));
    if response.double_clicked() {
        *value = unchanged;
    }
    response.accessible_name(name);
    ui.end_row();
}

/// The sliders.
fn controls(ui: &mut Ui, adjustment: &mut Adjustment, sources: &[FrameId], keeps_square: &mut bool) {
    ui.spacing_mut().slider_width = (ui.available_width() - 176.0).clamp(64.0, 320.0);
    Grid::new("sandbox").num_columns(2).min_col_width(80.0).spacing([theme::UNIT, theme::HALF]).show(
        ui,
        |ui| {
            let depth =
                "Every depth × this. Without a motion to match, sources no longer land where they should";
            slider(ui, "Depth", depth, &mut adjustment.depth, 0.25..=4.0, 1.0, "");
            let focal = "The focal length × this, as if the calibration were wrong by it";
            let [across, down] = &mut adjustment.focal;
            slider(ui, "Focal length", focal, across, 0.5..=2.0, 1.0, "");
            if *keeps_square {
                *down = *across;
            } else {
                slider(ui, "…vertical", focal, down, 0.5..=2.0, 1.0, "");
            }
            ui.label("");
            ui.checkbox(keeps_square, "both directions alike").on_hover_text("Keeps the shape of pixels");
            ui.end_row();
            let centre = "Moves the principal point, in parts of the picture";
            let [right, down] = &mut adjustment.centre;
            slider(ui, "Centre right", centre, right, -0.2..=0.2, 0.0, "");
            slider(ui, "Centre down", centre, down, -0.2..=0.2, 0.0, "");
            ui.label("Motion of").on_hover_text("Which source's motion is changed");
            source(ui, &mut adjustment.source, sources);
            ui.end_row();
            let shift = "Moves the points in the source's camera, in the network's unit of length";
            let Vec3 { x, y, z } = &mut adjustment.translation;
            for (name, value) in [("Right", x), ("Down", y), ("Forward", z)] {
                slider(ui, name, shift, value, -FARTHEST..=FARTHEST, 0.0, "");
            }
            let turn = "Turns the points in the source's camera";
            let Vec3 { x, y, z } = &mut adjustment.rotation_degrees;
            for (name, value) in [("Pitch", x), ("Yaw", y), ("Roll", z)] {
                slider(ui, name, turn, value, -WIDEST..=WIDEST, 0.0, "°");
            }
        },
    );
}

/// The choice of the source whose motion is changed.
fn source(ui: &mut Ui, chosen: &mut Option<FrameId>, sources: &[FrameId]) {
    let name = |source: Option<FrameId>| {
        source.map_or("all sources".to_owned(), |id| format!("frame {}", id.label()))
    };
    if chosen.is_some_and(|source| !sources.contains(&source)) {
        *chosen = None;
    }
    let combo = ComboBox::from_id_salt("source").selected_text(name(*chosen)).show_ui(ui, |ui| {
        for source in std::iter::once(None).chain(sources.iter().copied().map(Some)) {
            ui.selectable_value(chosen, source, name(source));
        }
    });
    combo.response.on_hover_text("Which source's motion is changed").accessible_name("Motion of");
}

/// The loss before and after.
fn verdict(ui: &mut Ui, what_if: &WhatIf) {
    let palette = Palette::of(ui);
    let Judgement { loss: before, masked_share: masked_before } = what_if.before;
    let Judgement { loss: after, masked_share: masked_after } = what_if.after;
    let change = 100.0 * (after - before) / before.max(1e-9);
    let colour = match change {
        _ if what_if.adjustment.is_none() => ui.visuals().weak_text_color(),
        change if change > 0.05 => palette.warning,
        change if change < -0.05 => palette.accent,
        _ => ui.visuals().weak_text_color(),
    };
    Grid::new("verdict").num_columns(4).spacing([theme::UNIT * 2.0, theme::HALF]).show(ui, |ui| {
        for heading in ["", "as it is", "changed", ""] {
            ui.label(RichText::new(heading).color(ui.visuals().weak_text_color()));
        }
        ui.end_row();
        ui.label("Loss").on_hover_text("The whole objective of this frame, smoothness included");
        ui.monospace(format!("{before:.5}"));
        ui.monospace(format!("{after:.5}"));
        ui.label(RichText::new(format!("{change:+.1} %")).color(colour).monospace());
        ui.end_row();
        ui.label("Masked").on_hover_text("Pixels that the auto-mask leaves out");
        ui.monospace(format!("{:.1} %", 100.0 * masked_before));
        ui.monospace(format!("{:.1} %", 100.0 * masked_after));
        ui.end_row();
    });
}

/// The camera as it becomes, and what is odd about it.
fn camera(ui: &mut Ui, what_if: &WhatIf) {
    let camera = what_if.adjustment.camera(what_if.camera);
    let [focal_x, focal_y, centre_x, centre_y] =
        camera.in_pixels(what_if.filmed.width, what_if.filmed.height);
    let text = format!(
        "Camera: focal lengths {focal_x:.1}, {focal_y:.1} and centre {centre_x:.1}, {centre_y:.1} in pixels of {}; \
         it sees {:.0}° across",
        what_if.filmed,
        camera.field_of_view_degrees()
    );
    ui.add(Label::new(RichText::new(text).color(ui.visuals().weak_text_color())).wrap());
    let aspect = what_if.filmed.width as f32 / what_if.filmed.height as f32;
    for doubt in camera.doubts(aspect) {
        let text = RichText::new(format!("Implausible: {doubt}")).color(Palette::of(ui).warning);
        ui.add(Label::new(text).wrap());
    }
}

impl Pane for Sandbox {
    fn title(&self) -> String {
        "Sandbox".to_owned()
    }

    fn header(&mut self, ui: &mut Ui, state: &mut State) {
        title(ui, "Sandbox");
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            let is_changed = !state.sandbox.adjustment.is_none();
            let reset = ui.add_enabled(is_changed, egui::Button::new("Set back"));
            if reset.on_hover_text("As the networks and the calibration have it").clicked() {
                state.sandbox.adjustment = Adjustment::default();
            }
        });
    }

    fn ui(&mut self, ui: &mut Ui, state: &mut State) {
        let what_if = state.picture.as_ref().and_then(|picture| picture.what_if.clone());
        if state.is_training() && state.follows_training {
            let rect = ui.max_rect();
            empty(
                ui,
                rect,
                "The views show the training batch, which stays as it is. Press F to look at the frame of the timeline, and change that",
            );
            return;
        }
        let Some(what_if) = what_if else {
            let rect = ui.max_rect();
            let text = if state.has_networks() {
                "Nothing to try here: it takes a frame with a source that can be warped (neighbours and a pose network, or the stereo camera)"
            } else {
                "No networks yet: press Train, or load weights"
            };
            empty(ui, rect, text);
            return;
        };
        let sources: Vec<FrameId> = state.shown_objective().sources().collect();
        ScrollArea::vertical().auto_shrink(false).content_margin(egui::Margin::same(8)).show(ui, |ui| {
            let text = "What if depth, camera or motion were different? All views show the changed frame; the run is not touched.";
            ui.add(Label::new(RichText::new(text).color(ui.visuals().weak_text_color())).wrap());
            verdict(ui, &what_if);
            ui.add_space(theme::HALF);
            let sandbox = &mut state.sandbox;
            controls(ui, &mut sandbox.adjustment, &sources, &mut sandbox.keeps_square);
            ui.add_space(theme::HALF);
            camera(ui, &what_if);
        });
    }

    fn tries(&self) -> bool {
        true
    }
}
