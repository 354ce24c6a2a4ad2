//! What becomes of data, weights and runs that were opened.

use super::State;
use crate::{
    app::{
        action::Action,
        messages::Severity,
        playhead::Playhead,
        recents::{Recent, RecentData},
    },
    config::DataChoice,
    train::{Beginning, DataReport, Entry, WeightsReport},
};

impl State {
    pub(super) fn run_begun(&mut self, beginning: Beginning) {
        self.opening = None;
        self.clear_history();
        for entry in beginning.history {
            match entry {
                Entry::Step(report) => self.history.push(report),
                Entry::Validation(report) => self.validations.push(report),
                Entry::Change(change) => self.changes.push(change),
            }
        }
        self.objective = beginning.config.objective.clone();
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
        self.opening = None;
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
        self.opening = None;
        let unused = match report.unused.as_slice() {
            [] => String::new(),
            [first, ..] => format!(", {} unused such as {first}", report.unused.len()),
        };
        let what = format!(
            "{}: {} tensors loaded{unused}, trained at {}×{}",
            report.networks, report.loaded, report.width, report.height
        );
        let advice = if report.has_pose || report.use_stereo {
            ""
        } else {
            "There is no pose network among them, so nothing can be warped"
        };
        if let Some(path) = report.path.clone() {
            self.recents.add(Recent::Weights(path));
            self.messages.tell(Severity::News, what, advice);
        }
        self.objective.scales.clone_from(&report.scales);
        self.path.forget();
        self.fusion.forget();
        self.path.has_pose = report.has_pose;
        self.weights = Some(report);
        self.ask_for_frame();
    }
}
