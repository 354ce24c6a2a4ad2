//! Questions that wait for an answer, and the progress of closing the window.

use super::run_name;
use crate::{
    config::DataChoice,
    session::{Command, Failure, OnRun},
};
use std::{collections::VecDeque, path::PathBuf};

/// Questions and the closing of the window.
#[derive(Default)]
pub struct Dialogs {
    /// Questions about what the user opened, asked one after the other.
    pub questions: VecDeque<Question>,
    /// Progress of closing the window.
    pub ending: Ending,
}

impl Dialogs {
    /// Handles the reply to the request to end the session.
    pub fn shut_down_replied(&mut self, even_unsaved: bool, failure: Option<Failure>) {
        self.ending = match failure {
            // An earlier request may have ended the session already.
            _ if matches!(self.ending, Ending::Ended(_)) => return,
            Some(failure) if !even_unsaved => Ending::Refused(failure),
            failure => Ending::Ended(failure),
        };
    }
}

/// Progress of closing the window.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Ending {
    /// The window stays.
    #[default]
    None,
    /// The session was asked to end.
    Waiting,
    /// The last checkpoint cannot be written, and the user is asked what to do.
    Refused(Failure),
    /// The session has ended; without the last checkpoint, if there is a failure.
    Ended(Option<Failure>),
}

/// Question that waits for an answer.
#[derive(Clone, Debug)]
pub enum Question {
    /// A folder is that of a run: continue the run, or load its networks?
    Folder(PathBuf),
    /// Something is opened while a run is in progress: end the run?
    Run(RunInTheWay),
    /// A run that was to be continued has made all its steps: view it?
    Finished {
        /// Folder of the run.
        run: PathBuf,
        /// Steps made.
        steps: u64,
    },
}

impl Question {
    /// True if the question is about the run in progress.
    pub fn is_about_run(&self) -> bool {
        matches!(self, Self::Run(_))
    }
}

/// Command that waits for a decision about the run in progress.
#[derive(Clone, Debug)]
pub struct RunInTheWay {
    /// Waiting command.
    pub command: Command,
    /// Folder of the run in progress.
    pub out: PathBuf,
    /// Steps that the run has made.
    pub step: u64,
}

impl RunInTheWay {
    /// Name of what the command opens.
    pub fn wanted(&self) -> String {
        match &self.command {
            Command::OpenData { data: DataChoice::Demo, .. } => "the built-in drive".to_owned(),
            Command::OpenData { data, .. } => data.to_string(),
            Command::LoadWeights { path: Some(path), .. } => path.display().to_string(),
            Command::Resume { run, .. } => format!("the run {}", run_name(run)),
            _ => "the demo weights".to_owned(),
        }
    }

    /// Name of the run in progress.
    pub fn run_name(&self) -> String {
        run_name(&self.out)
    }

    /// True if it can be viewed while the run continues.
    pub fn can_be_viewed_meanwhile(&self) -> bool {
        !matches!(self.command, Command::Resume { .. })
    }

    /// The command with the decision about the run in progress.
    pub fn decided(self, decision: OnRun) -> Command {
        let mut command = self.command;
        if let Command::OpenData { on_run, .. }
        | Command::LoadWeights { on_run, .. }
        | Command::Resume { on_run, .. } = &mut command
        {
            *on_run = decision;
        }
        command
    }
}
