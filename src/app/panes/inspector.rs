//! The inspector: every term of a pixel's loss in a table, and its loss over depth.

use super::{Pane, PaneKind, empty, table, title};
use crate::{
    app::{
        actions::Action,
        inspection::{self, cost_curve},
        state::{RunHistory, SessionView, State, ViewedFrame},
        theme,
    },
    session::{Activity, PictureSource},
};
use egui::{Align, Layout, RichText, ScrollArea, Ui};
use serde::{Deserialize, Serialize};

#[derive(Default, Serialize, Deserialize)]
pub struct InspectorPane;

impl Pane for InspectorPane {
    fn header(&mut self, ui: &mut Ui, state: &mut State) {
        let ViewedFrame { inspection, picture, .. } = &mut state.viewed;
        let Some(inspected) = inspection.pixel() else {
            title(ui, PaneKind::Inspector);
            return;
        };
        let [column, row] = inspected.report.pixel;
        let pixel = format!("Pixel {column}, {row}");
        ui.label(RichText::new(&pixel).color(ui.visuals().strong_text_color()))
            .on_hover_text("Column and row in the images that the loss compares, from 0");
        let report = inspected.report.clone();
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            if ui.button("Copy as text").on_hover_text("Copy this table to the clipboard").clicked() {
                let heading = picture.as_ref().map_or_else(String::new, |picture| picture.key.to_string());
                ui.ctx().copy_text(inspection::text(&report, &heading));
            }
            if inspection.is_pinned {
                let release = ui.button("Unpin").on_hover_text(Action::Unpin.help());
                if release.clicked() {
                    inspection.clear();
                }
            }
        });
    }

    fn ui(&mut self, ui: &mut Ui, state: &mut State) {
        let rect = ui.max_rect();
        let State { session, run, viewed, .. } = state;
        let Some(inspected) = viewed.inspection.pixel() else {
            empty(ui, rect, &absence(session, run, viewed));
            return;
        };
        let mut supposed_depth = None;
        ScrollArea::vertical().auto_shrink(false).content_margin(egui::Margin::symmetric(8, 4)).show(
            ui,
            |ui| {
                ui.spacing_mut().item_spacing.y = 0.0;
                for (index, group) in inspection::groups(&inspected.report).iter().enumerate() {
                    // The first group needs no heading, and height is scarce.
                    if index > 0 {
                        table::heading(ui, group);
                    }
                    for fact in &group.facts {
                        table::row(ui, fact, &group.columns);
                    }
                }
                ui.add_space(theme::HALF);
                if inspected.curve.sources.is_empty() {
                    let text = RichText::new(why_no_sources(session)).color(ui.visuals().weak_text_color());
                    ui.add(egui::Label::new(text).wrap());
                } else {
                    supposed_depth = cost_curve(ui, inspected, rect.bottom());
                }
            },
        );
        if viewed.inspection.supposed_depth != supposed_depth {
            viewed.inspection.supposed_depth = supposed_depth;
            ui.ctx().request_repaint();
        }
    }
}

/// Reason why there is no pixel to inspect.
fn absence(session: &SessionView, run: &RunHistory, viewed: &ViewedFrame) -> String {
    if session.data().is_none() {
        return "No data is open: choose it in the Sequence pane".to_owned();
    }
    let is_unpredicted =
        viewed.picture.as_ref().is_none_or(|picture| picture.origin == PictureSource::Images);
    if session.activity() == Activity::Preparing {
        return "Getting ready: the first step takes longer than the others".to_owned();
    }
    if is_unpredicted && !run.has_networks(session, viewed) {
        return session.no_networks();
    }
    "Hover over a view to see the terms of a pixel's loss; click to pin the pixel, Shift and arrow keys move \
     it, Esc unpins it"
        .to_owned()
}

fn why_no_sources(session: &SessionView) -> &'static str {
    let weights = session.loaded_weights();
    match weights {
        Some(weights) if weights.architecture.pose.is_none() && weights.use_stereo => {
            "There is no loss here: these weights were trained with the stereo camera only, and this frame \
             has none, so nothing can be warped into it."
        }
        Some(weights) if weights.architecture.pose.is_none() => {
            "There is no loss here: these weights have no pose network, so nothing can be warped."
        }
        _ => "There is no loss here: the frame lacks its neighbours, so nothing can be warped into it.",
    }
}
