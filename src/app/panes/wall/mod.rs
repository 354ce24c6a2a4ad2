//! The wall of bookmarked frames, which changes as the networks learn, with a slider back through its snapshots.

mod grid;
mod pictures;
mod row;

use super::{Pane, PaneKind, empty, title};
use crate::{
    app::{
        actions::Action,
        bar,
        map_tree::MapTree,
        state::{Curves, RunHistory, State, ViewedFrame, Wall, run_name},
        theme,
    },
    objective::MapName,
};
use egui::{Align, Button, ComboBox, Layout, RichText, Slider, Ui, UiBuilder};
use pictures::SnapshotTextures;
use row::RowRequest;
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeSet,
    iter,
    path::{Path, PathBuf},
};

/// Choices of the number of steps between snapshots.
const EVERY: [u64; 4] = [10, 50, 100, 500];
const FOOTER: f32 = 52.0;
/// Width of the choice of steps between snapshots, and the space beside it, points.
const EVERY_WIDTH: f32 = 112.0;
const GAP: f32 = 2.0 * theme::UNIT;
/// Least width of the button that bookmarks, points.
const MIN_BOOKMARK: f32 = 48.0;

#[derive(Serialize, Deserialize)]
#[serde(default)]
pub struct WallPane {
    every: u64,
    /// Map of the last column.
    map: MapName,
    /// True if the colours of each snapshot spread over its own values, instead of those of the newest.
    own_range: bool,
    #[serde(skip)]
    pictures: SnapshotTextures,
    #[serde(skip)]
    tree: MapTree,
}

impl Default for WallPane {
    fn default() -> Self {
        let map = MapName::MinimumLoss;
        Self {
            every: 50,
            map,
            own_range: false,
            pictures: SnapshotTextures::default(),
            tree: MapTree::default(),
        }
    }
}

impl WallPane {
    /// The disparity at the finest scale.
    fn disparity(viewed: &ViewedFrame) -> MapName {
        MapName::Disparity(viewed.objective.finest_scale())
    }

    fn choose_map(&mut self, ui: &mut Ui, viewed: &ViewedFrame) {
        let combo = ComboBox::from_id_salt("map").selected_text(self.map.to_string());
        let width = ui.available_width().min(168.0);
        let combo = combo.width(width).truncate().height(480.0).show_ui(ui, |ui| {
            let chosen = self.tree.ui(ui, &viewed.maps(), Some(self.map));
            if chosen.is_some() {
                ui.close();
            }
            chosen
        });
        match combo.inner {
            // The chooser is closed.
            None => self.tree = MapTree::default(),
            Some(chosen) => self.map = chosen.unwrap_or(self.map),
        }
        let help = format!("{}. Choose another map here; earlier snapshots do not have it", self.map.help());
        combo.response.on_hover_text(help).accessible_name("Map of the last column");
    }

    /// Draws the slider through the snapshots, and their cost.
    fn footer(&mut self, ui: &mut Ui, wall: &Wall, curves: &mut Curves, run: &RunHistory) {
        let count = wall.looked_at().all().len();
        let index = wall.snapshot_index(curves);
        ui.horizontal(|ui| {
            ui.spacing_mut().slider_width = (ui.available_width() - 300.0).max(72.0);
            // A single snapshot is the newest, at the right end.
            let last = count.saturating_sub(1).max(1);
            let mut chosen = if count > 1 { index.unwrap_or(last) } else { last };
            let slider = Slider::new(&mut chosen, 0..=last).step_by(1.0).show_value(false);
            let slider = ui.add_enabled(count > 1, slider).on_hover_text(
                "Back through the snapshots of the run; the right end shows the newest (arrow keys: one by one)",
            );
            let is_moved = slider.changed();
            slider.accessible_name("Snapshot");
            if is_moved {
                wall.choose_snapshot(chosen, curves);
            }
            let is_live = curves.selected_step.is_none();
            let live = ui.add_enabled(!is_live, Button::new("Live").small());
            if live.on_hover_text("Back to the newest snapshot (Esc)").clicked() {
                curves.selected_step = None;
            }
            let text = RichText::new(step_shown(wall, curves)).color(ui.visuals().strong_text_color());
            ui.add(egui::Label::new(text)).on_hover_text(
                "Step of the networks of these pictures. A click on the curves chooses a step too",
            );
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                ui.checkbox(&mut self.own_range, "Own range").on_hover_text(
                    "On: each snapshot's colours are spread over its own values. \
                     Off: over those of the newest, so that snapshots can be compared",
                );
            });
        });
        let costs = RichText::new(costs(wall, run)).small().color(ui.visuals().weak_text_color());
        ui.add(egui::Label::new(costs).truncate()).on_hover_text(
            "Snapshots are taken while this pane is on the screen, one frame with each step, and saved in the run \
             folder. When their memory is used up, the most closely spaced are removed; the first and the last stay",
        );
    }
}

/// Folders of the other runs that the curves draw.
fn other_runs(curves: &Curves, present: &RunHistory) -> Vec<PathBuf> {
    let runs = curves.runs.iter().map(|run| run.folder.clone());
    runs.filter(|run| present.folder.as_ref() != Some(run)).collect()
}

fn has_choice_of_run(wall: &Wall, curves: &Curves, present: &RunHistory) -> bool {
    wall.other().is_some() || !other_runs(curves, present).is_empty()
}

/// Draws the choice of the run whose snapshots are shown, if the curves draw other runs.
fn choose_run(ui: &mut Ui, wall: &mut Wall, curves: &mut Curves, present: &RunHistory) {
    if !has_choice_of_run(wall, curves, present) {
        return;
    }
    let runs = other_runs(curves, present);
    let mut chosen = wall.other().map(Path::to_owned);
    let name = |run: Option<&Path>| run.map_or_else(|| "this run".to_owned(), run_name);
    // In narrow panes the name is truncated.
    let width = ui.available_width().clamp(48.0, 104.0);
    let combo = ComboBox::from_id_salt("run").selected_text(name(chosen.as_deref())).width(width).truncate();
    let combo = combo.show_ui(ui, |ui| {
        let choices = iter::once(None).chain(runs.into_iter().map(Some));
        choices.fold(false, |is_changed, run| {
            let text = name(run.as_deref());
            ui.selectable_value(&mut chosen, run, text).changed() || is_changed
        })
    });
    let help = "Whose snapshots are shown: those of the present or last run, or of one that the curves draw next to \
                it. Colours keep the present run's range, so that runs can be compared";
    combo.response.on_hover_text(help).accessible_name("Run of the snapshots");
    if combo.inner == Some(true) {
        wall.look_at_run(chosen, curves);
    }
}

/// Description of the step of the pictures.
fn step_shown(wall: &Wall, curves: &Curves) -> String {
    let snapshots = wall.looked_at().all();
    let Some(index) = wall.snapshot_index(curves) else { return String::new() };
    match (snapshots[index].step, curves.selected_step) {
        (None, _) => "loaded networks".to_owned(),
        (Some(step), None) if wall.other().is_some() => format!("step {step}, the last"),
        (Some(step), None) => format!("step {step}, live"),
        (Some(step), Some(_)) => format!("step {step}, {} of {}", index + 1, snapshots.len()),
    }
}

/// Description of the memory and time of the snapshots.
fn costs(wall: &Wall, run: &RunHistory) -> String {
    let snapshots = wall.looked_at();
    let Some(newest) = snapshots.all().last() else { return String::new() };
    let megabytes = |bytes: usize| bytes as f64 / f64::from(1 << 20);
    let share = wall.snapshot_share(run).filter(|_| wall.other().is_none());
    let share = share.map(|share| format!(", {:.1} % of the time of training", 100.0 * share));
    format!(
        "{}, {:.1} of {:.0} MB; each takes {:.2} s{}",
        match snapshots.all().len() {
            1 => "1 snapshot".to_owned(),
            count => format!("{count} snapshots"),
        },
        megabytes(snapshots.bytes()),
        megabytes(snapshots.most_bytes()),
        newest.seconds,
        share.unwrap_or_default(),
    )
}

impl Pane for WallPane {
    fn header(&mut self, ui: &mut Ui, state: &mut State) {
        title(ui, PaneKind::Wall);
        let State { session, run, viewed, curves, wall, .. } = state;
        let obstacle = wall.obstacle_to_bookmark(&viewed.playhead, session);
        // In a narrow pane the button is truncated, so that the choices beside it stay whole.
        let choices =
            if has_choice_of_run(wall, curves, run) { 2.0 * (EVERY_WIDTH + GAP) } else { EVERY_WIDTH + GAP };
        let room = (ui.available_width() - choices).max(MIN_BOOKMARK);
        let bookmark = ui.scope(|ui| {
            ui.set_max_width(room);
            ui.add_enabled(obstacle.is_none(), Button::new(Action::BookmarkFrame.label()).truncate())
        });
        let bookmark = bookmark.inner;
        let bookmark = bookmark.on_hover_text(bar::tooltip(ui, Action::BookmarkFrame));
        if bookmark.on_disabled_hover_text(obstacle.unwrap_or_default()).clicked() {
            wall.bookmark(&viewed.playhead, session);
        }
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            if !EVERY.contains(&self.every) {
                self.every = Self::default().every;
            }
            let combo = ComboBox::from_id_salt("every").selected_text(format!("every {} steps", self.every));
            let combo = combo.width(ui.available_width().min(EVERY_WIDTH)).truncate();
            let combo = combo.show_ui(ui, |ui| {
                for every in EVERY {
                    ui.selectable_value(&mut self.every, every, format!("every {every} steps"));
                }
            });
            let help = "While a run trains, the bookmarked frames are predicted again after this many steps, and at its \
                        start and end";
            combo.response.on_hover_text(help).accessible_name("Steps between snapshots");
            choose_run(ui, wall, curves, run);
        });
    }

    fn ui(&mut self, ui: &mut Ui, state: &mut State) {
        let State { session, run, viewed, curves, wall, .. } = state;
        wall.request(BTreeSet::from([Self::disparity(viewed), self.map]), self.every);
        let whole = ui.max_rect();
        if wall.rows().is_empty() {
            let text = if session.data().is_none() {
                "No data is open: choose it in the Sequence pane"
            } else {
                "No frame is bookmarked. Press \"Bookmark this frame\" for that of the timeline; when a run \
                 starts, four are bookmarked automatically"
            };
            empty(ui, whole, text);
            return;
        }
        let (upper, lower) = whole.split_top_bottom_at_y(whole.bottom() - FOOTER);
        let mut above = ui.new_child(UiBuilder::new().max_rect(upper));
        let has_networks = run.has_networks(session, viewed);
        match self.grid(&mut above, wall, curves, viewed, has_networks) {
            Some(RowRequest::Remove(key)) => wall.remove_bookmark(&key),
            Some(RowRequest::LookAt(key)) => viewed.choose_frame(&key, session),
            None => {}
        }
        let space = lower.shrink2(egui::vec2(theme::UNIT, theme::HALF));
        let mut below = ui.new_child(UiBuilder::new().max_rect(space));
        self.footer(&mut below, wall, curves, run);
    }
}
