//! Which curves are looked at: a step of the present run, and other runs beside it.

use super::State;
use crate::{
    app::messages::MessageLevel,
    runs::{Entry, StepReport},
};
use std::{
    collections::BTreeSet,
    mem::take,
    path::{Path, PathBuf},
};

/// What the curves show beside the present run's figures.
#[derive(Default)]
pub struct Curves {
    /// The step that was clicked.
    pub selected_step: Option<u64>,
    /// Other runs, in the order in which they were added.
    pub runs: Vec<ComparedRun>,
    /// Run folders beside the present one.
    pub neighbours: Vec<PathBuf>,
    wishes: Vec<CurvesRequest>,
}

/// A run that is drawn beside the present one.
pub struct ComparedRun {
    /// Its folder.
    pub folder: PathBuf,
    /// Which of the colours for other runs it has.
    pub colour: usize,
    /// Its steps.
    pub history: Vec<StepReport>,
}

impl ComparedRun {
    /// The folder's name.
    pub fn name(&self) -> String {
        run_name(&self.folder)
    }
}

/// The name of a run's folder.
pub fn run_name(folder: &Path) -> String {
    folder
        .file_name()
        .map_or_else(|| folder.display().to_string(), |name| name.to_string_lossy().into_owned())
}

/// What a helper thread shall do for the curves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CurvesRequest {
    /// Read a run's figures.
    Read(PathBuf),
    /// Read a run's snapshots.
    ReadSnapshots(PathBuf),
    /// Look for runs in these folders.
    LookAround(BTreeSet<PathBuf>),
    /// Ask for a run's folder.
    Ask,
}

impl Curves {
    /// Asks for something that takes its time.
    pub fn wish(&mut self, wish: CurvesRequest) {
        self.wishes.push(wish);
    }

    /// What was asked for.
    pub fn take_wishes(&mut self) -> Vec<CurvesRequest> {
        take(&mut self.wishes)
    }

    /// Whether a run is drawn.
    pub fn has(&self, folder: &Path) -> bool {
        self.runs.iter().any(|run| run.folder == folder)
    }

    /// Leaves a run out.
    pub fn remove(&mut self, folder: &Path) {
        self.runs.retain(|run| run.folder != folder);
    }
}

impl State {
    /// Draws a run whose figures were read, in a colour that no other has; anew if it is there.
    pub fn compare(&mut self, folder: PathBuf, entries: Vec<Entry>) {
        let steps = entries.into_iter().filter_map(|entry| match entry {
            Entry::Step(report) => Some(report),
            Entry::Validation(_) | Entry::Change(_) => None,
        });
        let history: Vec<StepReport> = steps.collect();
        if history.is_empty() {
            let what = format!("The run {} has made no steps yet", folder.display());
            self.messages.tell(MessageLevel::Warning, what, "Choose another run");
            return;
        }
        let runs = &mut self.curves.runs;
        if let Some(run) = runs.iter_mut().find(|run| run.folder == folder) {
            run.history = history;
            return;
        }
        let colour = (0..).find(|colour| runs.iter().all(|run| run.colour != *colour)).unwrap_or_default();
        runs.push(ComparedRun { folder, colour, history });
    }

    /// Asks which runs there are beside the present one and where the next is made.
    pub fn look_for_runs(&mut self) {
        let beside = self.run.as_deref().and_then(Path::parent).map(Path::to_owned);
        let folders = beside.into_iter().chain([self.form.parent().to_owned()]).collect();
        self.curves.wish(CurvesRequest::LookAround(folders));
    }
}
