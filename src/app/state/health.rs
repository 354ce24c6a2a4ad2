//! Health of the run: the results of all checks.

use crate::{
    config::{Change, ObjectiveConfig},
    runs::StepReport,
    train::health::{self, CheckResult, Diagnosis, HealthCheck},
};
use std::{cmp::Reverse, collections::BTreeSet};

/// Results of the health checks of the run.
#[derive(Default)]
pub struct Health {
    /// The newest result of every check.
    pub results: Vec<CheckResult>,
    /// Checks whose diagnosis was reported already in this run.
    reported: BTreeSet<HealthCheck>,
}

impl Health {
    /// Every diagnosis, the most serious first.
    pub fn diagnoses(&self) -> Vec<&Diagnosis> {
        let mut diagnoses: Vec<_> =
            self.results.iter().filter_map(|result| result.diagnosis.as_ref()).collect();
        diagnoses.sort_by_key(|diagnosis| Reverse(diagnosis.severity));
        diagnoses
    }

    /// Checks the steps of a run. Returns text and advice of each diagnosis that is new.
    pub fn check(
        &mut self,
        steps: &[StepReport],
        changes: &[Change],
        objective: &ObjectiveConfig,
    ) -> Vec<(String, String)> {
        self.results = health::check(steps, changes, objective);
        let mut new = Vec::new();
        for CheckResult { check, diagnosis, .. } in &self.results {
            if let Some(diagnosis) = diagnosis.as_ref().filter(|_| self.reported.insert(*check)) {
                let advice = format!("{}. {}.", diagnosis.likely_cause, diagnosis.advice);
                new.push((diagnosis.what.clone(), advice));
            }
        }
        new
    }
}
