//! Questions that wait for an answer, and the progress of closing the window.

use super::run_name;
use crate::{
    config::DataChoice,
    session::{Command, Failure, OnRun, UnknownCamera},
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
    /// The camera of frames is not known, or cannot be right: how much does it see?
    Camera(CameraQuestion),
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

/// Frames that wait for their camera.
#[derive(Clone, Debug, PartialEq)]
pub struct CameraQuestion {
    /// Folder that is to be opened.
    pub data: PathBuf,
    /// Split to open with it.
    pub split: Option<String>,
    /// Camera that is missing.
    pub camera: UnknownCamera,
    /// Reason why the camera of a file cannot be right; empty if there is no file.
    pub reason: String,
    /// Horizontal field of view, degrees: what the user has chosen so far.
    pub degrees: f32,
}

impl CameraQuestion {
    /// Field of view to begin with, degrees: that of most phones.
    pub const PHONE: f32 = 66.0;

    /// Question about the folder of a command that failed; `None` if another camera would not help.
    pub fn about(command: &Command, failure: &Failure) -> Option<Self> {
        let (Command::OpenData { data: DataChoice::Folder(data), split, .. }, Some(camera)) =
            (command, &failure.camera)
        else {
            return None;
        };
        let reason = if camera.has_file { failure.text.clone() } else { String::new() };
        let (data, split, camera) = (data.clone(), split.clone(), camera.as_ref().clone());
        Some(Self { data, split, camera, reason, degrees: Self::PHONE })
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
