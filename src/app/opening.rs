//! Dropped, typed and chosen folders: recognised on a helper thread, then opened.

use super::{
    Window,
    camera_question::CameraPicture,
    open::{FolderContent, OpenRequest},
    question::QuestionChoice,
    state::{CameraQuestion, CurvesRequest, MessageLevel, Question, Recent},
};
use crate::{
    config::{CameraChoice, DataChoice},
    session::OnRun,
};
use egui::{Button, Ui};
use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

impl Window {
    /// Opens dropped, typed and chosen folders, and saves files.
    pub(super) fn take_dropped(&mut self, ui: &Ui) {
        let dropped = ui.input(|input| {
            input.raw.dropped_files.iter().map(|file| file.path().to_owned()).collect::<Vec<_>>()
        });
        for path in dropped.into_iter().chain(self.state.window.take_path()) {
            self.opener.open_path(path, ui.ctx());
        }
        if let Some((name, content)) = self.state.window.take_file() {
            self.opener.save(&name, ui.ctx(), content);
        }
        if let Some((name, rect)) = self.state.window.take_picture() {
            self.opener.save_picture(&name, rect, ui.ctx());
        }
        for request in self.state.curves.take_requests() {
            match request {
                CurvesRequest::Read(run) => self.opener.read_metrics(run, ui.ctx()),
                CurvesRequest::ReadSnapshots(run) => self.opener.read_snapshots(run, ui.ctx()),
                CurvesRequest::FindRuns(folders) => self.opener.find_runs(folders, ui.ctx()),
                CurvesRequest::ChooseFolder => self.opener.choose_folder(OpenRequest::Metrics, ui.ctx()),
            }
        }
        let found: Vec<FolderContent> = self.opener.found().collect();
        for found in found {
            match found {
                FolderContent::Data(path) => self.state.session.open_data(DataChoice::Folder(path), None),
                FolderContent::Split(path) => self.state.session.open_split(Some(path.display().to_string())),
                FolderContent::Weights(path) => self.state.session.load_weights(path),
                FolderContent::Run(path) => self.state.resume(path),
                FolderContent::RunOrWeights(path) => {
                    self.state.dialogs.questions.push_back(Question::Folder(path));
                },
                FolderContent::Metrics(run, entries) => {
                    self.state.curves.compare(run, entries, &mut self.state.messages);
                },
                FolderContent::Snapshots(run, snapshots) => {
                    self.state.wall.show_other(&run, snapshots, &mut self.state.messages);
                },
                FolderContent::NoMetrics(reason) => self.state.messages.add(
                    MessageLevel::Warning,
                    reason,
                    "A run folder holds metrics.jsonl; choose one",
                ),
                FolderContent::Runs(runs) => self.state.curves.neighbours = runs,
                FolderContent::Missing(paths) => self.state.recents.missing = paths,
                FolderContent::Saved(path) => {
                    self.state.messages.add(MessageLevel::Notice, format!("Written to {}", path.display()), "");
                }
                FolderContent::NotSaved(path, reason) => self.state.messages.add(
                    MessageLevel::Warning,
                    format!("{} cannot be written: {reason}", path.display()),
                    "Choose another folder",
                ),
                FolderContent::Picture(path, picture) => self.question.picture.receive(&path, picture),
                FolderContent::Camera(question, path, written) => self.open_with_camera(question, &path, written),
                FolderContent::Unknown(path) => self.state.messages.add(
                    MessageLevel::Warning,
                    format!("There is nothing to open in {}", path.display()),
                    "A data folder holds KITTI's days (2011_09_26) or sequences, or pictures; a split folder \
                     train_files.txt; a weights folder encoder.pth or one .safetensors file; a run config.toml and \
                     checkpoints",
                ),
            }
        }
    }

    /// Draws the first question, and does what was chosen.
    pub(super) fn ask_question(&mut self, ui: &Ui) {
        let is_moot = self.state.session.active_run().is_none();
        let moot = self.state.dialogs.questions.pop_front_if(|question| is_moot && question.is_about_run());
        if let Some(Question::Run(waiting)) = moot {
            // The run has ended, by itself or because of the previous question.
            self.state.send_decided(waiting, OnRun::Ask);
        }
        if let Some(Question::Camera(question)) = self.state.dialogs.questions.front()
            && self.question.picture.request(&question.camera.image)
        {
            self.opener.read_picture(question.camera.image.clone(), CameraPicture::LARGEST, ui.ctx());
        }
        let run = self.state.session.active_run().map(|run| run.out.as_path());
        match self.question.ui(ui, &mut self.state.dialogs, run) {
            Some(QuestionChoice::Continue(path)) => self.state.resume(path),
            Some(QuestionChoice::Load(path)) => self.state.session.load_weights(path),
            Some(QuestionChoice::LookAt(run)) => self.state.look_at_finished(run),
            Some(QuestionChoice::Camera(question)) => self.opener.write_camera(question, ui.ctx()),
            Some(QuestionChoice::Anyway(waiting, on_run)) => self.state.send_decided(waiting, on_run),
            None => {}
        }
    }

    /// Opens frames with the camera that was chosen, and says where it is written.
    fn open_with_camera(&mut self, question: CameraQuestion, path: &Path, written: Result<(), String>) {
        let CameraQuestion { data, split, degrees, .. } = question;
        match written {
            Ok(()) => {
                let text = format!("The camera is in {}", path.display());
                let advice = "Edit that file, or delete it to be asked again; then open the folder again";
                self.state.messages.add(MessageLevel::Notice, text, advice);
                self.state.session.open_data(DataChoice::Folder(data), split);
            }
            Err(reason) => {
                let text = format!("{} cannot be written: {reason}", path.display());
                self.state.messages.add(
                    MessageLevel::Warning,
                    text,
                    "The camera counts all the same until you quit",
                );
                let camera = CameraChoice::FieldOfView(degrees);
                self.state.session.open_data(DataChoice::Assuming { folder: data, camera }, split);
            }
        }
    }

    /// Has a helper thread find the recents that are no longer there.
    pub(super) fn find_missing_recents(&self, context: &egui::Context) {
        let paths: BTreeSet<PathBuf> =
            self.state.recents.all().filter_map(|recent| recent.path().map(ToOwned::to_owned)).collect();
        self.opener.find_missing(paths, context);
    }

    /// Adds menu entries for what was opened recently.
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
                self.state.open_recent(recent);
                ui.close();
            }
        }
    }
}
