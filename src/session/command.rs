//! What can be asked of a session. Each command is handled between two steps and gets one reply.

use super::{EvaluationRequest, FusionRequest, Pinned};
use crate::{
    config::{DataChoice, DeviceChoice, RunConfig, Setting},
    data::{FrameKey, Side},
    objective::{Adjustment, MapName},
};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeSet, path::PathBuf};

/// What becomes of a run under way when something else is opened. Whatever cannot be opened changes nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum OnRun {
    /// The reply is [`Outcome::RunUnderWay`](super::Outcome::RunUnderWay), and nothing changes. It is
    /// [`Outcome::RunFinished`](super::Outcome::RunFinished) about a finished run that was to go on, also if no other
    /// is under way.
    #[default]
    Ask,
    /// It goes on with its own data and networks, and the other is looked at.
    Keep,
    /// It writes a checkpoint and ends.
    End,
}

/// Something to do.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Command {
    /// Open other data. `split` is a split's folder or name, or `None` for every frame that has its neighbours.
    OpenData {
        /// Where the frames are.
        data: DataChoice,
        /// Which of them train.
        split: Option<String>,
        /// What becomes of a run.
        on_run: OnRun,
    },
    /// Load networks from a weights folder, a run folder or a checkpoint; the demo's without a path. Runs start
    /// from them, unless they are the demo's.
    LoadWeights {
        /// The folder or file.
        path: Option<PathBuf>,
        /// What becomes of a run.
        on_run: OnRun,
    },
    /// Put the loaded networks aside: runs then start from scratch, and beside a run its own are looked at.
    UnloadWeights,
    /// Look at the data and the networks of the run again.
    LookAtRun,
    /// Start a run with this configuration, written to this folder, on the data that is looked at. It starts
    /// from the loaded weights if there are any but the demo's, else from scratch.
    Start {
        /// The run.
        config: Box<RunConfig>,
        /// The run folder, which must be new or empty.
        out: PathBuf,
    },
    /// Go on with a run from its last checkpoint; one that is finished is looked at. The reply about the run under way
    /// is [`Outcome::AlreadyUnderWay`](super::Outcome::AlreadyUnderWay), unless that is to end first.
    Resume {
        /// Its folder.
        run: PathBuf,
        /// Its data and split, if they are not where they were.
        data: Option<(DataChoice, Option<String>)>,
        /// Its configuration, if it is to be another than the one in the folder.
        config: Option<Box<RunConfig>>,
        /// What becomes of another run; it cannot be kept.
        on_run: OnRun,
    },
    /// Change the run's configuration from the next step on.
    Change(Setting),
    /// Make no further steps; the run stays.
    Pause,
    /// Go on after a pause.
    Continue,
    /// Make one step, then pause.
    Step,
    /// Write a checkpoint and end the run; its networks stay loaded.
    Stop,
    /// Show this frame with the networks that are looked at, unless training is under way and the batch is
    /// shown instead.
    Show(FrameKey),
    /// While training, show the first sample of the batch (`true`), or the frame last asked for (`false`),
    /// predicted anew after every step.
    FollowTraining(bool),
    /// The maps that open panes show; others are not computed for showing.
    Watch(BTreeSet<MapName>),
    /// Whether pixels are asked about: pictures then come with [`PixelInspection`](crate::inspect::PixelInspection).
    Inspect(bool),
    /// Show the frame that is looked at with depth, camera or motion changed; `None` as it is. What trains
    /// stays as it is.
    Adjust(Option<Adjustment>),
    /// Predict the path of a drive with the networks as they are now, a few frames at a time.
    Trace {
        /// The drive.
        folder: String,
        /// The camera.
        side: Side,
    },
    /// Leave the path where it is.
    EndTrace,
    /// Predict the neighbours of the frame that is shown too, one at a time while no steps are made.
    Fuse(FusionRequest),
    /// Predict these frames now, and again and again while a run trains, one beside each step; none to stop.
    Pin(Pinned),
    /// Compare networks with the true depth of the data that is looked at, a frame at a time.
    Evaluate(Box<EvaluationRequest>),
    /// Give the evaluation up.
    CancelEvaluation,
    /// Compute elsewhere from now on. Loaded networks move there, and a run goes on there from a checkpoint that
    /// is written before.
    ComputeOn(DeviceChoice),
    /// End the session thread; a run under way is stopped as by `Stop`. Where its last checkpoint cannot be
    /// written, this fails and the session stays, with the run paused.
    Shutdown {
        /// To end even then, without the steps since the checkpoint before. The reply is the failure all the same.
        even_unsaved: bool,
    },
}
