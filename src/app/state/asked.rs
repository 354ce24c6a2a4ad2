//! Questions that are asked before something is opened, and the requests that follow the choice.

use super::{State, run_name};
use crate::{
    app::messages::MessageLevel,
    config::DataChoice,
    session::{Activity, Command, OnRun},
};
use std::path::{Path, PathBuf};

/// A question that waits for a choice.
#[derive(Clone, Debug)]
pub enum Asked {
    /// A folder is a run's: continue the run, or load its networks?
    Folder(PathBuf),
    /// Something is to be opened while a run is under way: end the run?
    Run(RunInTheWay),
    /// A run that was to be continued has no steps left: look at it?
    Finished {
        /// Folder of the run.
        run: PathBuf,
        /// Steps made.
        steps: u64,
    },
}

impl Asked {
    /// True if the question is about the run under way.
    pub fn is_about_run(&self) -> bool {
        matches!(self, Self::Run(_))
    }
}

/// A request that waits for the choice about the run under way.
#[derive(Clone, Debug)]
pub struct RunInTheWay {
    /// Command that waits.
    pub command: Command,
    /// The folder of the run under way.
    pub out: PathBuf,
    /// Steps that the run has made.
    pub step: u64,
}

impl RunInTheWay {
    /// Name of the data, weights or run to open, for a sentence.
    pub fn wanted(&self) -> String {
        match &self.command {
            Command::OpenData { data: DataChoice::Demo, .. } => "the built-in drive".to_owned(),
            Command::OpenData { data, .. } => data.to_string(),
            Command::LoadWeights { path: Some(path), .. } => path.display().to_string(),
            Command::Resume { run, .. } => format!("the run {}", run_name(run)),
            _ => "the demo weights".to_owned(),
        }
    }

    /// The name of the run under way.
    pub fn run_name(&self) -> String {
        run_name(Path::new(&self.out))
    }

    /// True if it can be viewed while the run goes on.
    pub fn can_be_beside(&self) -> bool {
        !matches!(self.command, Command::Resume { .. })
    }
}

impl State {
    /// Sends a waiting request again, with the choice about the run.
    pub fn send_again(&mut self, waiting: RunInTheWay, answer: OnRun) {
        let mut command = waiting.command;
        if let Command::OpenData { on_run, .. }
        | Command::LoadWeights { on_run, .. }
        | Command::Resume { on_run, .. } = &mut command
        {
            *on_run = answer;
        }
        if answer == OnRun::Keep {
            self.look_beside_run();
        }
        self.requests.send(command);
    }

    /// Views a finished run; while another run is under way, only its networks.
    pub fn look_at_finished(&mut self, run: PathBuf) {
        // Nothing of this ends a run that may have begun meanwhile.
        let on_run = OnRun::Keep;
        if self.has_run() {
            self.look_beside_run();
            self.requests.send(Command::LoadWeights { path: Some(run), on_run });
        } else {
            self.requests.send(Command::Resume { run, data: None, config: None, on_run });
        }
    }

    /// Shows the frame of the timeline in place of the training batch.
    fn look_beside_run(&mut self) {
        self.follows_training = false;
        self.requests.send(Command::FollowTraining(false));
    }

    /// Reports that the run to continue is under way already.
    pub(super) fn already_under_way(&mut self, run: &Path, step: u64) {
        let name = run_name(run);
        let (what, advice) = match self.activity() {
            Activity::Paused => (
                format!("{name} is open already, paused at step {step}"),
                "Continue goes on with it, Stop ends it",
            ),
            _ => (format!("{name} is training already, at step {step}"), "It goes on as it was"),
        };
        self.messages.tell(MessageLevel::News, what, advice);
    }
}
