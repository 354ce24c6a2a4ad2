//! Commands for a session. Each is carried out between two steps and gets one reply.

use super::{Bookmarks, EvaluationRequest, FusionRequest};
use crate::{
    config::{DataChoice, DeviceChoice, RunConfig, Setting},
    data::{FrameKey, Side},
    objective::{Adjustment, MapName},
};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeSet, path::PathBuf};

/// Treatment of the active run when other data, weights or another run is opened. Files that cannot be opened
/// change nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum OnRun {
    /// Change nothing and reply [`Outcome::RunUnderWay`](super::Outcome::RunUnderWay). A finished run that is to
    /// be resumed is not opened either, even if no other run is active: the reply is
    /// [`Outcome::RunFinished`](super::Outcome::RunFinished).
    #[default]
    Ask,
    /// Let the run continue with its own data and networks, and view what is opened.
    Keep,
    /// Write a checkpoint and end the run.
    End,
}

/// Work that a session can be asked to do.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Command {
    /// View other data.
    OpenData {
        /// Location of the frames.
        data: DataChoice,
        /// Folder or name of a split; `None` trains on every frame that has its neighbours.
        split: Option<String>,
        /// Treatment of the active run.
        on_run: OnRun,
    },
    /// Load networks and view them. The next run starts from them, unless they are the demo weights.
    LoadWeights {
        /// Weights folder, run folder, checkpoint or file; the demo weights if it is `None`.
        path: Option<PathBuf>,
        /// Treatment of the active run.
        on_run: OnRun,
    },
    /// Unload the networks: the next run starts from scratch. If a run is active, its own networks are viewed.
    UnloadWeights,
    /// View the data and the networks of the run again.
    ViewRun,
    /// Start a run on the viewed data, from the loaded weights unless they are the demo weights, else from scratch.
    Start {
        /// Configuration of the run.
        config: Box<RunConfig>,
        /// Run folder, which must be new or empty.
        out: PathBuf,
    },
    /// Resume a run from its last checkpoint; a finished run is only viewed. If this run is active already, the
    /// reply is [`Outcome::AlreadyUnderWay`](super::Outcome::AlreadyUnderWay), except with [`OnRun::End`].
    Resume {
        /// Run folder.
        run: PathBuf,
        /// Data and split, if they have moved since.
        data: Option<(DataChoice, Option<String>)>,
        /// Configuration to use instead of the one in the run folder.
        config: Option<Box<RunConfig>>,
        /// Treatment of another active run, which cannot be kept.
        on_run: OnRun,
    },
    /// Change the run's configuration from the next step on.
    Change(Setting),
    /// Stop making steps, but keep the run.
    Pause,
    /// Continue after a pause.
    Continue,
    /// Make one step, then pause.
    Step,
    /// Write a checkpoint and end the run; its networks stay loaded.
    Stop,
    /// View this frame with the viewed networks, unless the training batch is followed.
    Show(FrameKey),
    /// While training, show the first sample of each batch (`true`), or the viewed frame, predicted again after
    /// every step (`false`).
    FollowTraining(bool),
    /// Compute these maps of whatever is shown, and no others.
    Watch(BTreeSet<MapName>),
    /// Gather a [`PixelInspection`](crate::inspect::PixelInspection) for every picture, or stop doing so.
    Inspect(bool),
    /// Show the viewed frame with depth, camera or motion changed by hand; `None` shows it unchanged. Training is
    /// not affected.
    Adjust(Option<Adjustment>),
    /// Predict the trajectory of a drive with the current networks, a few frames at a time.
    PredictTrajectory {
        /// Folder of the drive.
        folder: String,
        /// Camera.
        side: Side,
    },
    /// Abandon the trajectory.
    CancelTrajectory,
    /// Predict the neighbours of the viewed frame too, one at a time while no steps are made.
    Fuse(FusionRequest),
    /// Replace the bookmarks: these frames are predicted now, and at intervals while a run trains, one frame per
    /// step.
    Bookmark(Bookmarks),
    /// Evaluate networks against the true depth of the viewed data, a frame at a time.
    Evaluate(Box<EvaluationRequest>),
    /// Abandon the evaluation.
    CancelEvaluation,
    /// Compute on another device from now on. Loaded networks are moved; a run writes a checkpoint and is resumed
    /// from it there.
    ComputeOn(DeviceChoice),
    /// End the session thread; an active run is stopped as by `Stop`. If its last checkpoint cannot be written,
    /// this fails, and the session stays with the run paused.
    Shutdown {
        /// End even if the checkpoint cannot be written; the reply is the failure nevertheless.
        even_unsaved: bool,
    },
}

impl Command {
    /// Tells if the command fails because a run could not start.
    pub(in crate::session) fn starts_run(&self) -> bool {
        matches!(self, Self::Start { .. } | Self::Resume { .. })
    }

    /// Tells if a panic in this command can leave the run in a state that cannot be trusted.
    pub(in crate::session) fn changes_run(&self) -> bool {
        matches!(
            self,
            Self::Start { .. }
                | Self::Resume { .. }
                | Self::Change(_)
                | Self::Pause
                | Self::Continue
                | Self::Step
                | Self::Stop
                | Self::ComputeOn(_)
                | Self::Shutdown { .. }
        )
    }
}
