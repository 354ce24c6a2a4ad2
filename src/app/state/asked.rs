//! What a person is asked before something is opened, and what becomes of it once that is answered.

use super::{State, run_name};
use crate::{
    app::messages::MessageLevel,
    config::DataChoice,
    session::{Activity, Command, OnRun},
};
use std::path::{Path, PathBuf};

/// A question that waits for its answer.
#[derive(Clone, Debug)]
pub enum Asked {
    /// Whether the run of a folder is to go on, or its networks are to be loaded.
    Folder(PathBuf),
    /// What becomes of the run under way.
    Run(RunInTheWay),
    /// Whether a run that was to go on is to be looked at, because it has no steps left.
    Finished {
        /// Its folder.
        run: PathBuf,
        /// Steps made.
        steps: u64,
    },
}

impl Asked {
    /// Whether it is about the run under way.
    pub fn is_about_run(&self) -> bool {
        matches!(self, Self::Run(_))
    }
}

/// Something that could be opened while a run is under way: what is to become of the run is asked.
#[derive(Clone, Debug)]
pub struct RunInTheWay {
    /// What was asked for.
    pub command: Command,
    /// The folder of the run under way.
    pub out: PathBuf,
    /// Steps that it has made.
    pub step: u64,
}

impl RunInTheWay {
    /// What is to be opened, in words.
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

    /// Whether it can be looked at while the run goes on.
    pub fn can_be_beside(&self) -> bool {
        !matches!(self.command, Command::Resume { .. })
    }
}

impl State {
    /// Sends again what a run stood in the way of.
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

    /// Looks at a finished run: at all of it, or beside a run under way at its networks.
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

    /// What was opened is to be seen, and not the batch.
    fn look_beside_run(&mut self) {
        self.follows_training = false;
        self.requests.send(Command::FollowTraining(false));
    }

    /// Says that a run that was to go on does so already.
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
