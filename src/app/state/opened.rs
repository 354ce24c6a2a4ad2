//! What becomes of data, weights and runs that were opened.

use super::State;
use crate::{
    app::{
        actions::Action,
        form::AdoptedNetworks,
        messages::MessageLevel,
        panes::PaneKind,
        playhead::Playhead,
        recents::{Recent, RecentData},
    },
    config::DataChoice,
    runs::Entry,
    session::{Command, DataReport, ModelReport, Provenance, RunStarted},
};
use std::{path::Path, sync::Arc};

impl State {
    /// What to say where networks are missing.
    pub fn no_networks(&self) -> String {
        let usual = || "No networks yet: press Train, or load weights".to_owned();
        self.requests.opening().unwrap_or_else(usual)
    }

    /// What was asked for is done. What was opened is remembered, and what was not is not.
    pub(super) fn done(&mut self, command: Command) {
        match command {
            Command::OpenData { data, split, .. } if data != DataChoice::Demo => {
                self.recents.add(Recent::Data(RecentData { data, split }));
            }
            Command::PredictTrajectory { .. } => self.path.is_tracing = true,
            Command::LoadWeights { path: Some(path), .. } => self.weights_loaded(&path),
            Command::UnloadWeights if !self.has_run() => {
                let what = "The weights are unloaded: the next run starts from scratch";
                self.messages.tell(MessageLevel::News, what, "");
            }
            _ => {}
        }
    }

    fn weights_loaded(&mut self, path: &Path) {
        self.recents.add(Recent::Weights(path.to_owned()));
        let is_of = |report: &&ModelReport| report.provenance == Provenance::File(path.to_owned());
        let Some(report) = self.loaded_weights().filter(is_of).cloned() else { return };
        let mut advice = Vec::new();
        let unused = match report.unused.as_slice() {
            [] => String::new(),
            [first, ..] => format!(", {} unused such as {first}", report.unused.len()),
        };
        let trained = report
            .size
            .map_or("for a size that the files do not say".to_owned(), |size| format!("trained at {size}"));
        let what = format!("{}: {} tensors loaded{unused}, {trained}", report.architecture, report.loaded);
        if report.architecture.pose.is_none() && !report.use_stereo {
            advice.push("There is no pose network among them, so nothing can be warped".to_owned());
        }
        if !self.has_run() {
            let changed = self.form.take_from(&report.architecture, report.size);
            if !changed.is_empty() {
                advice.push(format!("The form of the next run took from them: {}", changed.join(", ")));
            }
        }
        self.messages.tell(MessageLevel::News, what, advice.join(". "));
    }

    pub(super) fn run_started(&mut self, started: RunStarted) {
        self.clear_history();
        for entry in started.history {
            match entry {
                Entry::Step(report) => self.history.push(report),
                Entry::Validation(report) => self.validations.push(report),
                Entry::Change(change) => self.changes.push(change),
            }
        }
        self.earlier_steps = self.history.len();
        self.objective = started.config.objective.clone();
        self.hang(started.snapshots);
        self.pin_some();
        self.check_health();
        self.running.clone_from(&started.config);
        self.form.config = started.config;
        self.recents.add(Recent::Run(started.out.clone()));
        self.run = Some(started.out);
        // Whoever asks about a pixel goes on asking; others see how the run goes.
        if !self.inspection.is_pinned {
            self.wish(Action::Show(PaneKind::Training));
        }
    }

    /// Other data is looked at.
    pub(super) fn data_opened(&mut self, report: &DataReport) {
        self.picture = None;
        self.inspection.show(None);
        self.framing.reset();
        self.path.forget();
        self.fusion.forget();
        // The pins of a run that goes on with its own data stay.
        if self.active_run().is_none_or(|run| run.data_version == report.version) {
            self.wall.keep_pins_of(report);
        }
        self.playhead = Playhead::over(report);
        self.ask_for_frame();
    }

    /// Other networks are looked at, or none.
    pub(super) fn model_changed(&mut self) {
        self.path.forget();
        self.fusion.forget();
        let session = Arc::clone(&self.session);
        let model = session.model.as_deref();
        self.path.has_pose = model.is_some_and(|model| model.architecture.pose.is_some());
        match (session.run.as_ref().filter(|run| run.is_viewed), model) {
            (Some(run), _) => self.objective = run.config.objective.clone(),
            (None, Some(model)) => self.objective.scales.clone_from(&model.architecture.scales),
            (None, None) => {}
        }
    }

    /// The networks that the next run starts from; none, if from scratch.
    pub(super) fn starting_networks(&self) -> Option<AdoptedNetworks> {
        let model = self.session.model.as_ref().filter(|_| self.active_run().is_none())?;
        let folder = match &model.provenance {
            Provenance::Demo => return None,
            Provenance::File(path) => path.clone(),
            Provenance::Run { out, .. } => out.clone(),
        };
        Some(AdoptedNetworks { folder, architecture: model.architecture.clone() })
    }

    pub(super) fn run_ended(&mut self, steps: u64, out: &Path) {
        let model = self.session.model.as_ref();
        let stays = model
            .is_some_and(|model| matches!(&model.provenance, Provenance::Run { out: of, .. } if of == out));
        let advice = if stays { "Its networks stay loaded; they" } else { "Its checkpoints" };
        self.messages.tell(
            MessageLevel::News,
            format!("The run ended at step {steps}"),
            format!("{advice} are in {}", out.display()),
        );
        self.form.choose_free_folder();
    }
}
