//! What can be asked of a session. Every command is obeyed between two steps.

use super::{EvaluationRequest, Fusing, Pinned};
use crate::{
    config::{DataChoice, DeviceChoice, RunConfig, Setting},
    data::{FrameKey, Side},
    objective::{Adjustment, MapName},
};
use std::{collections::BTreeSet, path::PathBuf};

/// A wish sent to the session thread.
#[derive(Clone, Debug)]
pub enum Command {
    /// Open other data; ends a run that is under way. `split` is a split's folder or name, or `None`
    /// for every frame that has its neighbours.
    OpenData {
        /// Where the frames are.
        data: DataChoice,
        /// Which of them train.
        split: Option<String>,
    },
    /// Load networks from a weights folder; ends a run that is under way.
    LoadWeights(PathBuf),
    /// Load the demo weights, to look at what a trained network sees; runs still begin from scratch.
    LoadDemo,
    /// Begin a new run with this configuration, written to this folder. Starts from the loaded
    /// weights if there are any but the demo's, else from scratch.
    Start {
        /// The run.
        config: Box<RunConfig>,
        /// The run folder, which must be new or empty.
        out: PathBuf,
    },
    /// Go on with a run from its last checkpoint.
    Resume {
        /// Its folder.
        run: PathBuf,
        /// Its data and split, if they are not where they were.
        data: Option<(DataChoice, Option<String>)>,
        /// Its configuration, if it is to be another than the one in the folder.
        config: Option<Box<RunConfig>>,
    },
    /// Change the run's configuration from the next step on.
    Change(Setting),
    /// Stop making steps; the run stays.
    Pause,
    /// Go on after a pause.
    Continue,
    /// Make one step, then pause.
    Step,
    /// Write a checkpoint and end the run; its networks stay loaded for prediction.
    Stop,
    /// Show this frame: predict it (and, if its sources are there, its maps) with the present
    /// networks, unless training is under way and `follow` shows the batch instead.
    Show(FrameKey),
    /// While training, show the first sample of the batch (`true`) or keep showing the frame last
    /// asked for (`false`), predicted anew after every step.
    FollowTraining(bool),
    /// The maps that open panes show; others are not computed for showing.
    Watch(BTreeSet<MapName>),
    /// Whether pixels are asked about: pictures then come with [`Evidence`](crate::objective::Evidence).
    Inspect(bool),
    /// Predict the path of a drive with the present networks, as they are now, a few frames at a time.
    Trace {
        /// The drive.
        folder: String,
        /// The camera.
        side: Side,
    },
    /// Leave the path where it is.
    EndTrace,
    /// Predict the neighbours of the frame that is shown too, one at a time while no steps are made.
    Fuse(Fusing),
    /// Predict these frames now, and again and again while a run trains, one beside each step; none to do so no
    /// more.
    Pin(Pinned),
    /// Show the frame that is looked at with depth, camera or motion changed; `None` as it is. What trains
    /// stays as it is.
    Adjust(Option<Adjustment>),
    /// Compute elsewhere from now on. Loaded networks move there, and a run goes on there from a checkpoint that
    /// is written before.
    ComputeOn(DeviceChoice),
    /// Compare networks with the true depth of the open data, a frame at a time.
    Evaluate(Box<EvaluationRequest>),
    /// Give the evaluation up.
    CancelEvaluation,
    /// End the session thread; a run under way is stopped as by `Stop`.
    Shutdown,
    /// Put the loaded networks aside, so that runs begin from scratch; ends a run that is under way.
    ForgetWeights,
}
