//! What becomes of dropped, typed and chosen folders.

use super::{
    Window,
    messages::MessageLevel,
    open::{FolderContent, OpenRequest},
    question::QuestionChoice,
    recents::Recent,
    state::{Asked, CurvesRequest},
};
use crate::{config::DataChoice, session::OnRun};
use egui::{Button, Ui};
use std::{collections::BTreeSet, path::PathBuf};

impl Window {
    /// Dropped, typed and chosen folders.
    pub(super) fn take_dropped(&mut self, ui: &Ui) {
        let dropped = ui.input(|input| {
            input.raw.dropped_files.iter().map(|file| file.path().to_owned()).collect::<Vec<_>>()
        });
        for path in dropped.into_iter().chain(self.state.take_path()) {
            self.opener.look_at(path, ui.ctx());
        }
        if let Some((name, content)) = self.state.take_content() {
            self.opener.save(&name, ui.ctx(), content);
        }
        if let Some((name, rect)) = self.state.take_picture() {
            self.opener.save_picture(&name, rect, ui.ctx());
        }
        for request in self.state.curves.take_wishes() {
            match request {
                CurvesRequest::Read(run) => self.opener.read_figures(run, ui.ctx()),
                CurvesRequest::ReadSnapshots(run) => self.opener.read_snapshots(run, ui.ctx()),
                CurvesRequest::LookAround(folders) => self.opener.look_for_runs(folders, ui.ctx()),
                CurvesRequest::Ask => self.opener.ask(OpenRequest::Figures, ui.ctx()),
            }
        }
        let found: Vec<FolderContent> = self.opener.found().collect();
        for found in found {
            match found {
                FolderContent::Data(path) => self.state.open_data(DataChoice::Folder(path), None),
                FolderContent::Split(path) => self.state.open_split(Some(path.display().to_string())),
                FolderContent::Weights(path) => self.state.load_weights(path),
                FolderContent::Run(path) => self.state.resume(path),
                FolderContent::RunOrWeights(path) => self.state.asked.push_back(Asked::Folder(path)),
                FolderContent::Figures(run, entries) => self.state.compare(run, entries),
                FolderContent::Snapshots(run, snapshots) => self.state.hang_other(&run, snapshots),
                FolderContent::NoFigures(reason) => self.state.messages.tell(
                    MessageLevel::Warning,
                    reason,
                    "A run folder holds metrics.jsonl; choose one",
                ),
                FolderContent::Runs(runs) => self.state.curves.neighbours = runs,
                FolderContent::Missing(paths) => self.state.recents.missing = paths,
                FolderContent::Saved(path) => {
                    self.state.messages.tell(MessageLevel::News, format!("Written to {}", path.display()), "");
                }
                FolderContent::NotSaved(path, reason) => self.state.messages.tell(
                    MessageLevel::Warning,
                    format!("{} cannot be written: {reason}", path.display()),
                    "Choose another folder",
                ),
                FolderContent::Unknown(path) => self.state.messages.tell(
                    MessageLevel::Warning,
                    format!("There is nothing to open in {}", path.display()),
                    "A data folder holds KITTI's days (2011_09_26) or sequences, or pictures; a split folder \
                     train_files.txt; a weights folder encoder.pth or one .safetensors file; a run config.toml and \
                     checkpoints",
                ),
            }
        }
    }

    /// What was answered.
    pub(super) fn take_answer(&mut self, ui: &Ui) {
        let is_moot = self.state.active_run().is_none();
        let moot = self.state.asked.pop_front_if(|asked| is_moot && asked.is_about_run());
        if let Some(Asked::Run(waiting)) = moot {
            // What stood in the way has ended, by itself or because of the question before.
            self.state.send_again(waiting, OnRun::Ask);
        }
        match self.question.ui(ui, &mut self.state) {
            Some(QuestionChoice::Continue(path)) => self.state.resume(path),
            Some(QuestionChoice::Load(path)) => self.state.load_weights(path),
            Some(QuestionChoice::LookAt(run)) => self.state.look_at_finished(run),
            Some(QuestionChoice::Anyway(waiting, on_run)) => self.state.send_again(waiting, on_run),
            None => {}
        }
    }

    /// Has a helper thread look which recents are still there.
    pub(super) fn look_for_recents(&self, context: &egui::Context) {
        let paths: BTreeSet<PathBuf> =
            self.state.recents.all().filter_map(|recent| recent.path().map(ToOwned::to_owned)).collect();
        self.opener.look_for(paths, context);
    }

    /// Entries of a menu for what was opened lately.
    pub(super) fn recent_entries(&mut self, ui: &mut Ui, is_listed: impl Fn(&Recent) -> bool) {
        let recents: Vec<_> = self.state.recents.all().filter(is_listed).collect();
        if recents.is_empty() {
            return;
        }
        ui.separator();
        for recent in recents {
            let obstacle = self.state.recents.obstacle(&recent);
            let entry = ui.add_enabled(obstacle.is_none(), Button::new(recent.label()));
            let entry = entry.on_hover_text(recent.help());
            if entry.on_disabled_hover_text(obstacle.unwrap_or_default()).clicked() {
                self.state.open_again(recent);
                ui.close();
            }
        }
    }
}
