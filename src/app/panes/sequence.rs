//! The open data: its source, drives, split and dropped samples.

use super::{Pane, PaneKind, title};
use crate::{
    app::{
        actions::Action,
        state::{SessionView, State, ViewedFrame, WindowRequests},
        theme,
        theme::Palette,
    },
    data::{Drive, RemarkKind},
    session::DataReport,
};
use egui::{Align, Button, Label, Layout, RichText, ScrollArea, TextEdit, Ui};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, time::Duration};

/// Time between two looks at what has been found of the files that are still being looked at.
const SCAN_REPAINT: Duration = Duration::from_millis(500);
/// Maximum number of remarks listed, and of keys for each reason.
const MAX_KEYS: usize = 50;

#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
pub struct SequencePane {
    #[serde(skip)]
    typed: String,
}

impl SequencePane {
    fn open(&mut self, ui: &mut Ui, window: &mut WindowRequests) {
        ui.horizontal(|ui| {
            // Both names fit into the width that the pane has at first.
            ui.spacing_mut().button_padding.x = theme::HALF;
            let width = (ui.available_width() - theme::UNIT) / 2.0;
            for action in [Action::OpenData, Action::OpenBuiltInDrive] {
                let button = Button::new(action.label()).truncate();
                let height = ui.spacing().interact_size.y;
                if ui.add_sized([width, height], button).on_hover_text(action.help()).clicked() {
                    window.act(action);
                }
            }
        });
        ui.horizontal(|ui| {
            let width = ui.available_width() - 56.0;
            let field = TextEdit::singleline(&mut self.typed).hint_text("or a path").desired_width(width);
            let field = ui.add(field).on_hover_text(
                "A folder with data, a split or weights, which can also be dropped on the window, or the name of a split",
            );
            let entered = field.lost_focus() && ui.input(|input| input.key_pressed(egui::Key::Enter));
            field.accessible_name("Path to open");
            let is_typed = !self.typed.trim().is_empty();
            if ui.add_enabled(is_typed, Button::new("Open")).clicked() || (entered && is_typed) {
                window.open_path(self.typed.trim().into());
            }
        });
    }
}

fn report(ui: &mut Ui, viewed: &mut ViewedFrame, session: &mut SessionView, data: &DataReport) {
    let strong = ui.visuals().strong_text_color();
    ui.add(Label::new(RichText::new(&data.name).color(strong)).truncate()).on_hover_text(&data.name);
    let split = data.split.as_deref().unwrap_or("none: all frames");
    fact(ui, "split", split, "Which frames train and validate (Data > Choose split folder, Split by name)");
    fact(ui, "train", &counted(data.training.len(), "sample"), "Targets that have the frames around them");
    fact(ui, "validate", &counted(data.validation.len(), "sample"), "Targets that are never trained on");
    ui.add_space(theme::UNIT);
    remarks(ui, session);
    drives(ui, viewed, session, data);
    dropped(ui, viewed, session, data);
}

/// Draws what was decided about the files, as far as it is known.
fn remarks(ui: &mut Ui, session: &SessionView) {
    let Some(source) = &session.frames else { return };
    if source.is_scanning() {
        ui.ctx().request_repaint_after(SCAN_REPAINT);
    }
    let remarks = source.remarks();
    if remarks.is_empty() {
        return;
    }
    let doubts = |kind| matches!(kind, RemarkKind::LeftOut | RemarkKind::Assumed | RemarkKind::Doubtful);
    let colour = if remarks.iter().any(|remark| doubts(remark.kind)) {
        Palette::of(ui).warning
    } else {
        ui.visuals().weak_text_color()
    };
    let heading = RichText::new(counted(remarks.iter().count(), "remark") + " on the files").color(colour);
    egui::CollapsingHeader::new(heading).id_salt("remarks").show(ui, |ui| {
        for remark in remarks.iter().take(MAX_KEYS) {
            ui.add(Label::new(remark.to_string()).wrap());
        }
        if remarks.iter().count() > MAX_KEYS {
            ui.weak(format!("and {} more", remarks.iter().count() - MAX_KEYS));
        }
    });
    ui.add_space(theme::UNIT);
}

/// Draws a name and a value in two columns.
fn fact(ui: &mut Ui, name: &str, value: &str, help: &str) {
    ui.horizontal(|ui| {
        let (rect, _) = ui.allocate_exact_size(egui::vec2(56.0, 16.0), egui::Sense::hover());
        let colour = ui.visuals().weak_text_color();
        let font = egui::TextStyle::Body.resolve(ui.style());
        ui.painter().text(rect.left_center(), egui::Align2::LEFT_CENTER, name, font, colour);
        ui.add(Label::new(value).truncate()).on_hover_text(format!("{value}\n{help}"));
    });
}

fn counted(count: usize, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}

fn drives(ui: &mut Ui, viewed: &mut ViewedFrame, session: &mut SessionView, data: &DataReport) {
    let frames: usize = data.drives.iter().map(Drive::count).sum();
    let heading = format!("{}, {}", counted(data.drives.len(), "drive"), counted(frames, "frame"));
    ui.label(RichText::new(heading).color(ui.visuals().weak_text_color()));
    for (index, drive) in data.drives.iter().enumerate() {
        let name = drive.folder.rsplit('/').next().unwrap_or(&drive.folder);
        // KITTI's suffix of rectified drives, which every drive has.
        let name = name.strip_suffix("_sync").unwrap_or(name);
        let is_chosen = viewed.playhead.drive == index;
        let row = Button::selectable(is_chosen, name).right_text(drive.count().to_string()).truncate();
        let row = ui.add_sized([ui.available_width(), 22.0], row);
        let help = format!(
            "{}\nframes {} to {}",
            drive.folder,
            drive.frames.start,
            drive.frames.end.saturating_sub(1)
        );
        if row.on_hover_text(help).clicked() && !is_chosen {
            viewed.choose_drive(index, session);
        }
    }
}

fn dropped(ui: &mut Ui, viewed: &mut ViewedFrame, session: &mut SessionView, data: &DataReport) {
    if data.dropped.is_empty() {
        return;
    }
    ui.add_space(theme::UNIT);
    let heading = format!("{} dropped", counted(data.dropped.len(), "sample"));
    let heading = RichText::new(heading).color(Palette::of(ui).warning);
    let mut reasons: BTreeMap<&str, Vec<_>> = BTreeMap::new();
    for (key, reason) in &data.dropped {
        reasons.entry(reason).or_default().push(key);
    }
    egui::CollapsingHeader::new(heading).id_salt("dropped").show(ui, |ui| {
        for (reason, keys) in reasons {
            ui.add(Label::new(format!("{reason} ({})", keys.len())).wrap());
            for key in keys.iter().take(MAX_KEYS) {
                let text = key.to_string();
                let row = ui.add(Button::selectable(false, &text).truncate());
                if row.on_hover_text(format!("{text}\nGo to this frame")).clicked() {
                    viewed.choose_frame(key, session);
                }
            }
            if keys.len() > MAX_KEYS {
                ui.weak(format!("and {} more", keys.len() - MAX_KEYS));
            }
        }
    });
}

impl Pane for SequencePane {
    fn header(&mut self, ui: &mut Ui, _state: &mut State) {
        title(ui, PaneKind::Sequence);
    }

    fn ui(&mut self, ui: &mut Ui, state: &mut State) {
        let State { session, viewed, window, .. } = state;
        let margin = egui::Margin::same(8);
        ScrollArea::vertical().auto_shrink(false).content_margin(margin).show(ui, |ui| {
            ui.with_layout(Layout::top_down(Align::Min), |ui| {
                self.open(ui, window);
                ui.add_space(theme::UNIT);
                let opening = session.requests.opening();
                let is_opening = opening.is_some();
                if let Some(words) = opening {
                    ui.add(Label::new(words).wrap());
                }
                match session.data().cloned() {
                    Some(data) => report(ui, viewed, session, &data),
                    None if !is_opening => {
                        ui.add(
                            Label::new("No data is open. Drop a folder here, or try the built-in drive.")
                                .wrap(),
                        );
                    }
                    None => {}
                }
            });
        });
    }
}
