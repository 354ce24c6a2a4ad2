//! What becomes of data, weights and runs that were opened.

use super::State;
use crate::{
    app::{
        action::Action,
        form::Loaded,
        messages::Severity,
        playhead::Playhead,
        recents::{Recent, RecentData},
    },
    config::DataChoice,
    model::Architecture,
    train::{Beginning, DataReport, Entry, WeightsReport},
};
use std::path::PathBuf;

/// What can be opened; each answers for itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Opened {
    Data,
    Weights,
    Run,
}

/// What was asked to be opened and has not answered yet.
#[derive(Debug, Default)]
pub struct Opening(Vec<(Opened, String)>);

impl Opening {
    /// What to say of the first that is waited for, if there is one.
    pub fn words(&self) -> Option<String> {
        self.0.first().map(|(_, name)| format!("Opening {name} …"))
    }

    pub(super) fn ask(&mut self, what: Opened, name: String) {
        self.0.push((what, name));
    }

    fn answered(&mut self, what: Opened) {
        if let Some(place) = self.0.iter().position(|(other, _)| *other == what) {
            self.0.remove(place);
        }
    }

    pub(super) fn give_up(&mut self) {
        self.0.clear();
    }
}

impl State {
    /// What to say where networks are missing.
    pub fn no_networks(&self) -> String {
        let usual = || "No networks yet: press Train, or load weights".to_owned();
        self.opening.words().unwrap_or_else(usual)
    }

    pub(super) fn run_begun(&mut self, beginning: Beginning) {
        self.opening.answered(Opened::Run);
        self.clear_history();
        for entry in beginning.history {
            match entry {
                Entry::Step(report) => self.history.push(report),
                Entry::Validation(report) => self.validations.push(report),
                Entry::Change(change) => self.changes.push(change),
            }
        }
        self.objective = beginning.config.objective.clone();
        self.hang(beginning.snapshots);
        self.pin_some();
        self.check_health();
        self.path.has_pose = self.objective.temporal_sources().next().is_some();
        self.running.clone_from(&beginning.config);
        self.form.config = beginning.config;
        self.recents.add(Recent::Run(beginning.out.clone()));
        self.run = Some(beginning.out);
        // Whoever asks about a pixel goes on asking; others see how the run goes.
        if !self.inspection.is_pinned {
            self.wish(Action::ShowTraining);
        }
    }

    pub(super) fn data_opened(&mut self, report: DataReport) {
        self.opening.answered(Opened::Data);
        self.picture = None;
        self.inspection.show(None);
        self.framing.reset();
        self.path.forget();
        self.fusion.forget();
        self.wall.keep_pins_of(&report);
        self.playhead = Playhead::over(&report);
        if self.choice != DataChoice::Demo {
            self.recents
                .add(Recent::Data(RecentData { data: self.choice.clone(), split: report.split.clone() }));
        }
        self.data = Some(report);
        self.ask_for_frame();
    }

    pub(super) fn weights_loaded(&mut self, report: WeightsReport) {
        self.opening.answered(Opened::Weights);
        let WeightsReport { architecture, size, .. } = &report;
        let (has_pose, mut advice) = (architecture.pose.is_some(), Vec::new());
        let unused = match report.unused.as_slice() {
            [] => String::new(),
            [first, ..] => format!(", {} unused such as {first}", report.unused.len()),
        };
        let trained = size
            .map_or("for a size that the files do not say".to_owned(), |size| format!("trained at {size}"));
        let what = format!("{architecture}: {} tensors loaded{unused}, {trained}", report.loaded);
        if !has_pose && !report.use_stereo {
            advice.push("There is no pose network among them, so nothing can be warped".to_owned());
        }
        self.form.loaded = None;
        if let Some(path) = report.path.clone() {
            let changed = self.form.take_from(architecture, *size);
            if !changed.is_empty() {
                advice.push(format!("The form of the next run took from them: {}", changed.join(", ")));
            }
            self.form.loaded = Some(Loaded { folder: path.clone(), architecture: architecture.clone() });
            self.recents.add(Recent::Weights(path));
            self.messages.tell(Severity::News, what, advice.join(". "));
        }
        self.objective.scales.clone_from(&architecture.scales);
        self.path.forget();
        self.fusion.forget();
        self.path.has_pose = has_pose;
        self.weights = Some(report);
        self.ask_for_frame();
    }

    pub(super) fn weights_forgotten(&mut self) {
        self.messages.tell(Severity::News, "The weights are forgotten: the next run begins from scratch", "");
        (self.weights, self.form.loaded) = (None, None);
        self.path.forget();
        self.path.has_pose = false;
        self.fusion.forget();
        self.ask_for_frame();
    }

    pub(super) fn run_ended(&mut self, steps: u64, out: PathBuf) {
        let architecture = Architecture::new(&self.running.network, &self.running.objective).ok();
        let architecture = architecture.filter(|_| self.health.broken.is_none());
        let advice =
            if architecture.is_some() { "Its networks stay loaded; they" } else { "Its checkpoints" };
        self.messages.tell(
            Severity::News,
            format!("The run ended at step {steps}"),
            format!("{advice} are in {}", out.display()),
        );
        self.form.loaded = architecture.map(|architecture| Loaded { folder: out, architecture });
        self.form.choose_free_folder();
    }
}
