//! Watching over the run: what is found, told once, shown where it can be seen, and put right.

use super::State;
use crate::{
    app::{actions::Action, messages, panes::PaneKind},
    config::Setting,
    session::{Command, OnRun},
    train::health::{self, CheckResult, Diagnosis, Evidence, HealthCheck},
};
use std::collections::BTreeSet;

/// After an explosion the learning rate is divided by this: enough to matter, not enough to stand still.
const RATE_CUT: f64 = 3.0;

/// What is known of the run's health.
#[derive(Default)]
pub struct Health {
    /// What every watch says.
    pub readings: Vec<CheckResult>,
    /// Watches whose finding was told already in this run.
    told: BTreeSet<HealthCheck>,
}

impl Health {
    /// Everything that was found, the most serious first.
    pub fn findings(&self) -> Vec<&Diagnosis> {
        let mut findings: Vec<_> =
            self.readings.iter().filter_map(|reading| reading.diagnosis.as_ref()).collect();
        findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
        findings
    }
}

impl State {
    /// Looks at the steps so far; what is new is told.
    pub(super) fn check_health(&mut self) {
        self.health.readings = health::check(&self.history, &self.changes, &self.objective);
        for CheckResult { check, diagnosis, .. } in &self.health.readings {
            if let Some(finding) = diagnosis.as_ref().filter(|_| self.health.told.insert(*check)) {
                let advice = format!("{}. {}.", finding.likely_cause, finding.advice);
                self.messages.tell(messages::MessageLevel::Warning, finding.what.clone(), advice);
            }
        }
    }

    /// Shows where something can be seen.
    pub fn show_sight(&mut self, sight: Evidence) {
        match sight {
            Evidence::Map(name) => self.show_map(name),
            Evidence::Curve(figure) => {
                self.figure = figure;
                self.wish(Action::Show(PaneKind::Curves));
            }
        }
    }

    /// The learning rate with which a broken run goes on.
    pub fn lower_rate(&self) -> f64 {
        // Rounded to two digits, as people choose it.
        let rate = self.running.training.learning_rate / RATE_CUT;
        format!("{rate:.1e}").parse().unwrap_or(rate)
    }

    /// Goes on from the run's last checkpoint with a lower learning rate.
    pub fn go_back(&mut self) {
        if let Some(run) = self.run.clone() {
            let rate = Setting::LearningRate(self.lower_rate());
            self.requests.send(Command::FollowTraining(self.follows_training));
            self.requests.send(Command::Resume { run, data: None, config: None, on_run: OnRun::End });
            self.requests.send(Command::Change(rate));
        }
    }
}
