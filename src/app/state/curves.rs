//! The curves: the metric, the selected step, and the runs next to the present one.

use super::{MessageLevel, Messages, run_name};
use crate::runs::{Entry, Metric, StepReport};
use std::{
    collections::BTreeSet,
    mem::take,
    path::{Path, PathBuf},
};

/// Choices of the curves, and the runs drawn next to the present one.
pub struct Curves {
    /// The metric that is drawn.
    pub metric: Metric,
    /// The step that was clicked.
    pub selected_step: Option<u64>,
    /// Other runs, in the order in which they were added.
    pub runs: Vec<ComparedRun>,
    /// Other run folders that can be added.
    pub neighbours: Vec<PathBuf>,
    requests: Vec<CurvesRequest>,
}

/// Run that is drawn next to the present one.
pub struct ComparedRun {
    /// The run folder.
    pub folder: PathBuf,
    /// Index of its colour among those of other runs.
    pub colour: usize,
    /// Every step.
    pub steps: Vec<StepReport>,
}

impl ComparedRun {
    /// Name of the folder.
    pub fn name(&self) -> String {
        run_name(&self.folder)
    }
}

/// Request to a helper thread.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CurvesRequest {
    /// Read the log of a run.
    Read(PathBuf),
    /// Read the snapshots of a run.
    ReadSnapshots(PathBuf),
    /// Look for runs in these folders.
    FindRuns(BTreeSet<PathBuf>),
    /// Show a dialog for the folder of a run.
    ChooseFolder,
}

impl Default for Curves {
    fn default() -> Self {
        Self {
            metric: Metric::Loss,
            selected_step: None,
            runs: Vec::new(),
            neighbours: Vec::new(),
            requests: Vec::new(),
        }
    }
}

impl Curves {
    /// Requests work from a helper thread.
    pub fn request(&mut self, request: CurvesRequest) {
        self.requests.push(request);
    }

    /// Takes the requests since the last call.
    pub fn take_requests(&mut self) -> Vec<CurvesRequest> {
        take(&mut self.requests)
    }

    /// True if a run is drawn.
    pub fn has(&self, folder: &Path) -> bool {
        self.runs.iter().any(|run| run.folder == folder)
    }

    /// Removes a run.
    pub fn remove(&mut self, folder: &Path) {
        self.runs.retain(|run| run.folder != folder);
    }

    /// Adds a run whose log was read, in a colour that no other has, or replaces it.
    pub fn compare(&mut self, folder: PathBuf, entries: Vec<Entry>, messages: &mut Messages) {
        let steps = entries.into_iter().filter_map(|entry| match entry {
            Entry::Step(report) => Some(report),
            Entry::Validation(_) | Entry::Change(_) => None,
        });
        let steps: Vec<StepReport> = steps.collect();
        if steps.is_empty() {
            let text = format!("The run {} has made no steps yet", folder.display());
            messages.add(MessageLevel::Warning, text, "Choose another run");
            return;
        }
        let runs = &mut self.runs;
        if let Some(run) = runs.iter_mut().find(|run| run.folder == folder) {
            run.steps = steps;
            return;
        }
        let colour = (0..).find(|colour| runs.iter().all(|run| run.colour != *colour)).unwrap_or_default();
        runs.push(ComparedRun { folder, colour, steps });
    }

    /// Requests a search for runs in the folders of the present and the next run.
    pub fn find_runs(&mut self, present: Option<&Path>, next_parent: &Path) {
        let siblings = present.and_then(Path::parent).map(Path::to_owned);
        let folders = siblings.into_iter().chain([next_parent.to_owned()]).collect();
        self.request(CurvesRequest::FindRuns(folders));
    }
}
