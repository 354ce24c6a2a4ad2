//! The sandbox: depth, camera and motion of the viewed frame changed by hand, and the loss that results.

mod slider;

use super::{Pane, PaneKind, empty, table, title};
use crate::{
    app::{
        inspection::{Fact, FactGroup},
        state::{RunHistory, Sandbox, SessionView, State, ViewedFrame},
        theme::Palette,
    },
    config::FrameId,
    objective::Adjustment,
    session::{LossSummary, SandboxResult},
};
use egui::{Align, ComboBox, Label, Layout, RichText, ScrollArea, Ui};
use glam::Vec3;
use serde::{Deserialize, Serialize};
use slider::ValueSlider;

/// Largest translation, in the network's unit. (Between two frames a car moves a few hundredths.)
const FARTHEST: f32 = 0.1;
/// Largest rotation, degrees.
const WIDEST: f32 = 3.0;
/// Largest shift of the principal point, as a share of the picture.
const OFF_CENTRE: f32 = 0.2;
/// Smallest change of the loss that counts as one, percent.
const NOTABLE: f32 = 0.05;

/// Pane with the sliders and the losses before and after.
#[derive(Default, Serialize, Deserialize)]
pub struct SandboxPane;

/// Slider of the factor of all depths.
fn depth(ui: &mut Ui, adjustment: &mut Adjustment) {
    heading(ui, "Depth", "times the prediction");
    let help = "Factor of every depth. Without a matching motion, sources are warped to the wrong place";
    ValueSlider::factor("Depth", help, 0.25..=4.0).ui(ui, &mut adjustment.depth);
}

/// Sliders of the camera in pixels, and what is implausible about it.
fn camera(ui: &mut Ui, result: &SandboxResult, adjustment: &mut Adjustment, keeps_square: &mut bool) {
    let (width, height) = (result.native_size.width, result.native_size.height);
    heading(ui, "Camera", &format!("in pixels of {}", result.native_size));
    let [focal_x, focal_y, centre_x, centre_y] = result.camera.in_pixels(width, height);
    let help = "The horizontal focal length, as if the calibration were wrong";
    let [focal_x_factor, focal_y_factor] = &mut adjustment.focal;
    let slider = ValueSlider::factor("Focal length x", help, 0.5..=2.0).shown_as(0.0, focal_x, " px", 1);
    if slider.ui(ui, focal_x_factor) && *keeps_square {
        *focal_y_factor = *focal_x_factor;
    }
    let help = "The vertical focal length, as if the calibration were wrong";
    let slider = ValueSlider::factor("Focal length y", help, 0.5..=2.0).shown_as(0.0, focal_y, " px", 1);
    if slider.ui(ui, focal_y_factor) && *keeps_square {
        *focal_x_factor = *focal_y_factor;
    }
    let both = ui.checkbox(keeps_square, "Both focal lengths by the same factor");
    if both.on_hover_text("Pixels keep their shape").changed() && *keeps_square {
        *focal_y_factor = *focal_x_factor;
    }
    let [x, y] = &mut adjustment.centre;
    let help = "The column where the camera's axis meets the picture: the principal point";
    ValueSlider::addend("Centre x", help, OFF_CENTRE).shown_as(centre_x, width as f32, " px", 1).ui(ui, x);
    let help = "The row where the camera's axis meets the picture: the principal point";
    ValueSlider::addend("Centre y", help, OFF_CENTRE).shown_as(centre_y, height as f32, " px", 1).ui(ui, y);
    let camera = adjustment.camera(result.camera);
    let view = Fact {
        name: "field of view",
        values: vec![format!("{:.0}°", camera.field_of_view_degrees())],
        decisive: None,
        help: "Horizontal angle that the camera sees, by focal length and centre".to_owned(),
    };
    table::row(ui, &view, &[]);
    for warning in camera.warnings(width as f32 / height as f32) {
        let text = RichText::new(format!("Implausible: {warning}")).color(Palette::of(ui).warning);
        ui.add(Label::new(text).wrap());
    }
}

/// Sliders of the motion of the points in a source's camera.
fn motion(ui: &mut Ui, adjustment: &mut Adjustment, sources: &[FrameId]) {
    heading(ui, "Motion", "in units of depth, and degrees");
    source(ui, &mut adjustment.source, sources);
    let help = "Moves the points in the source's camera, in the network's unit of length";
    let Vec3 { x, y, z } = &mut adjustment.translation;
    for (name, value) in [("Right", x), ("Down", y), ("Forward", z)] {
        ValueSlider::addend(name, help, FARTHEST).ui(ui, value);
    }
    let help = "Turns the points in the source's camera";
    let Vec3 { x, y, z } = &mut adjustment.rotation_degrees;
    for (name, value) in [("Pitch", x), ("Yaw", y), ("Roll", z)] {
        ValueSlider::addend(name, help, WIDEST).shown_as(0.0, 1.0, "°", 2).ui(ui, value);
    }
}

/// Draws the choice of the source whose motion is changed.
fn source(ui: &mut Ui, chosen: &mut Option<FrameId>, sources: &[FrameId]) {
    let name = |source: Option<FrameId>| {
        source.map_or("all sources".to_owned(), |id| format!("frame {}", id.label()))
    };
    if chosen.is_some_and(|source| !sources.contains(&source)) {
        *chosen = None;
    }
    ui.horizontal(|ui| {
        let help = "Which source's motion is changed";
        ui.label("Of").on_hover_text(help);
        let combo = ComboBox::from_id_salt("source").width(ui.available_width()).selected_text(name(*chosen));
        let combo = combo.show_ui(ui, |ui| {
            for source in std::iter::once(None).chain(sources.iter().copied().map(Some)) {
                ui.selectable_value(chosen, source, name(source));
            }
        });
        combo.response.on_hover_text(help).accessible_name("Source whose motion is changed");
    });
}

/// Table of the loss before and after the changes.
fn losses(ui: &mut Ui, result: &SandboxResult) {
    let LossSummary { loss: before, masked_share: masked_before } = result.before;
    let LossSummary { loss: after, masked_share: masked_after } = result.after;
    let percent = 100.0 * (after - before) / before.max(1e-9);
    let signed = |value: f32, unit: &str| format!("{value:+.1} {unit}").replace('-', "−");
    let [masked_before, masked_after] = [masked_before, masked_after].map(|share| 100.0 * share);
    let objective = FactGroup {
        title: "Objective",
        columns: ["unchanged", "changed", "change"].map(str::to_owned).to_vec(),
        facts: vec![
            Fact {
                name: "loss",
                values: vec![format!("{before:.4}"), format!("{after:.4}"), signed(percent, "%")],
                decisive: (percent.abs() > NOTABLE).then_some(usize::from(after < before)),
                help: "The whole objective of this frame, smoothness included; the lower one stands out"
                    .to_owned(),
            },
            Fact {
                name: "masked",
                values: vec![
                    format!("{masked_before:.1} %"),
                    format!("{masked_after:.1} %"),
                    signed(masked_after - masked_before, "pp"),
                ],
                decisive: None,
                help: "Pixels that the auto-mask leaves out, and the difference in percentage points"
                    .to_owned(),
            },
        ],
    };
    table::heading(ui, &objective);
    for fact in &objective.facts {
        table::row(ui, fact, &objective.columns);
    }
}

/// Draws the heading of a group of rows, with the unit of its numbers.
fn heading(ui: &mut Ui, title: &'static str, unit: &str) {
    table::heading(ui, &FactGroup { title, columns: vec![unit.to_owned()], facts: Vec::new() });
}

impl Pane for SandboxPane {
    fn header(&mut self, ui: &mut Ui, state: &mut State) {
        title(ui, PaneKind::Sandbox);
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            let adjustment = &mut state.viewed.sandbox.adjustment;
            let is_changed = !adjustment.is_none();
            let reset = ui.add_enabled(is_changed, egui::Button::new("Reset all"));
            if reset.on_hover_text("Back to the prediction and the calibration").clicked() {
                *adjustment = Adjustment::default();
            }
        });
    }

    fn ui(&mut self, ui: &mut Ui, state: &mut State) {
        controls(ui, &state.session, &state.run, &mut state.viewed);
    }
}

/// Draws the controls, or the reason why there are none.
fn controls(ui: &mut Ui, session: &SessionView, run: &RunHistory, viewed: &mut ViewedFrame) {
    let result = viewed.picture.as_ref().and_then(|picture| picture.sandbox.clone());
    if session.is_training() && viewed.follows_training {
        let rect = ui.max_rect();
        empty(
            ui,
            rect,
            "The views show the training batch, which cannot be changed. Press F to look at the frame of the timeline and change that",
        );
        return;
    }
    let Some(result) = result else {
        let rect = ui.max_rect();
        let text = if !run.has_networks(session, viewed) {
            &session.no_networks()
        } else if viewed.picture.is_none() {
            "Waiting for the first picture …"
        } else {
            "Nothing to try here: this needs a frame with a source that can be warped (neighbours and a pose network, or the stereo camera)"
        };
        empty(ui, rect, text);
        return;
    };
    let sources: Vec<FrameId> = viewed.shown_objective().sources().collect();
    ScrollArea::vertical().auto_shrink(false).content_margin(egui::Margin::same(8)).show(ui, |ui| {
        let text =
            "What if depth, camera or motion were different? The views show it; the run is not affected.";
        ui.add(Label::new(RichText::new(text).color(ui.visuals().weak_text_color())).wrap());
        losses(ui, &result);
        let Sandbox { adjustment, keeps_square, .. } = &mut viewed.sandbox;
        depth(ui, adjustment);
        camera(ui, &result, adjustment, keeps_square);
        motion(ui, adjustment, &sources);
    });
}
