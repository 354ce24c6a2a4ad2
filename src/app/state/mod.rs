//! What the window knows: a pure consumer of the session's events and pictures and a producer of
//! commands. Nothing here touches a device, a file or another thread.

mod asked;
mod curves;
mod devices;
mod evaluation;
mod health;
mod navigation;
mod opened;
mod session;
mod wall;

pub use asked::{Asked, RunInTheWay};
pub use curves::{ComparedRun, Curves, CurvesRequest, run_name};
pub use devices::Devices;
pub use health::Health;
pub use session::Requests;
pub use wall::Wall;

use super::{
    actions::Action, ending::Ending, evaluations::Evaluations, form::TrainingForm, framing::Framing,
    fusion::FusionState, inspection::Inspection, messages::Messages, open::Content, path::PathState,
    playhead::Playhead, recents::Recents, sandbox::Sandbox,
};
use crate::{
    config::{Change, ObjectiveConfig, RunConfig, Setting},
    data::{FrameKey, FrameSource},
    objective::MapName,
    runs::{Metric, StepReport, ValidationReport},
    session::{Activity, Command, Picture, SessionState},
};
use std::{
    collections::{BTreeSet, VecDeque},
    path::{Path, PathBuf},
    sync::Arc,
};

/// The state behind all panes.
pub struct State {
    /// What draws and computes.
    pub devices: Devices,
    /// What the session published last.
    pub session: Arc<SessionState>,
    /// The frames of the data that is looked at.
    pub frames: Option<Arc<dyn FrameSource>>,
    /// What the session was asked for.
    pub requests: Requests,
    /// Every step of the present or last run.
    pub history: Vec<StepReport>,
    /// Those of them that were made before the run was started or continued here.
    earlier_steps: usize,
    /// Every validation of the present or last run.
    pub validations: Vec<ValidationReport>,
    /// What was changed in the middle of the present or last run.
    pub changes: Vec<Change>,
    /// The run folder of the present or last run.
    pub run: Option<PathBuf>,
    /// The newest picture.
    pub picture: Option<Arc<Picture>>,
    /// Which frame is looked at.
    pub playhead: Playhead,
    /// Whether views show the training batch while training is under way.
    pub follows_training: bool,
    /// The run that `Train` starts.
    pub form: TrainingForm,
    /// The objective of the present or last run, which with the loaded networks' scales decides what maps
    /// there are.
    pub objective: ObjectiveConfig,
    /// What is found in the run's figures.
    pub health: Health,
    /// The figure that the curves show.
    pub figure: Metric,
    /// What they show beside it.
    pub curves: Curves,
    /// Problems and news.
    pub messages: Messages,
    /// What was opened lately.
    pub recents: Recents,
    /// Depth evaluations.
    pub evaluations: Evaluations,
    /// The path of a drive.
    pub path: PathState,
    /// The neighbours that are drawn with the frame that is looked at.
    pub fusion: FusionState,
    /// What is changed by hand of the frame that is looked at.
    pub sandbox: Sandbox,
    /// The pinned frames.
    pub wall: Wall,
    /// Whether pictures show their pixels as squares.
    pub squares: bool,
    /// Which part of the pictures is seen.
    pub framing: Framing,
    /// The pixel that is asked about.
    pub inspection: Inspection,
    /// The run's configuration with the changes that the session was asked for.
    running: RunConfig,
    watched: BTreeSet<MapName>,
    wishes: Vec<Action>,
    map_to_show: Option<MapName>,
    content_to_save: Option<(String, Content)>,
    picture_to_save: Option<(String, egui::Rect)>,
    dropped_path: Option<PathBuf>,
    /// What is asked about what was to be opened, one after the other.
    pub asked: VecDeque<Asked>,
    /// How far the window is on its way out.
    pub ending: Ending,
}

impl State {
    /// Nothing opened yet; runs are written under `runs`.
    pub fn new(devices: Devices, runs: &Path) -> Self {
        Self {
            devices,
            session: Arc::default(),
            frames: None,
            requests: Requests::default(),
            history: Vec::new(),
            earlier_steps: 0,
            validations: Vec::new(),
            changes: Vec::new(),
            run: None,
            picture: None,
            playhead: Playhead::default(),
            follows_training: true,
            form: TrainingForm::new(runs),
            objective: ObjectiveConfig::default(),
            health: Health::default(),
            figure: Metric::Loss,
            curves: Curves::default(),
            messages: Messages::default(),
            recents: Recents::default(),
            evaluations: Evaluations::default(),
            path: PathState::default(),
            fusion: FusionState::default(),
            sandbox: Sandbox::default(),
            wall: Wall::default(),
            squares: false,
            framing: Framing::default(),
            inspection: Inspection::default(),
            running: RunConfig::default(),
            watched: BTreeSet::new(),
            wishes: Vec::new(),
            map_to_show: None,
            content_to_save: None,
            picture_to_save: None,
            dropped_path: None,
            asked: VecDeque::new(),
            ending: Ending::None,
        }
    }

    /// Takes the newest picture.
    pub fn show(&mut self, picture: Arc<Picture>) {
        self.inspection.show(picture.inspection.clone());
        self.picture = Some(picture);
    }

    /// The objective whose maps are on the screen: its sources are those that could be warped.
    pub fn shown_objective(&self) -> &ObjectiveConfig {
        self.picture.as_ref().map_or(&self.objective, |picture| &picture.objective)
    }

    /// Every map that may be asked for, with those of sources that only this frame has.
    pub fn maps(&self) -> Vec<MapName> {
        let mut objective = self.objective.clone();
        let shown = self.shown_objective().frame_ids.iter();
        let more: Vec<_> = shown.filter(|id| !objective.frame_ids.contains(id)).copied().collect();
        objective.frame_ids.extend(more);
        MapName::available(&objective)
    }

    fn clear_history(&mut self) {
        self.history.clear();
        self.earlier_steps = 0;
        self.validations.clear();
        self.curves.selected_step = None;
        self.wall.clear();
        self.health = Health::default();
        self.changes.clear();
    }

    /// Asks the window to do something once all panes are drawn.
    pub fn wish(&mut self, action: Action) {
        self.wishes.push(action);
    }

    /// What was asked for.
    pub fn take_wishes(&mut self) -> Vec<Action> {
        std::mem::take(&mut self.wishes)
    }

    /// Asks the window to find out what a path is and open it.
    pub fn look_at(&mut self, path: PathBuf) {
        self.dropped_path = Some(path);
    }

    /// The path that was asked for.
    pub fn take_path(&mut self) -> Option<PathBuf> {
        self.dropped_path.take()
    }

    /// The last step made.
    pub fn last_step(&self) -> Option<&StepReport> {
        self.history.last()
    }

    /// The steps since the run was started or continued here: only they tell how fast it is.
    pub fn steps_here(&self) -> &[StepReport] {
        self.history.get(self.earlier_steps..).unwrap_or_default()
    }

    /// Why `Train` cannot be pressed, if so.
    pub fn obstacle(&self) -> Option<String> {
        let Some(data) = self.data() else {
            return Some("Open data first (Sequence pane)".to_owned());
        };
        if data.training.is_empty() {
            return Some("This data has no sample to train on: choose another split or folder".to_owned());
        }
        self.form.refusal()
    }

    /// Starts a run, or goes on with the paused one.
    pub fn train(&mut self) {
        if self.activity() == Activity::Paused {
            self.requests.send(Command::Continue);
        } else if !self.has_run() && self.obstacle().is_none() {
            self.start();
        }
    }

    /// Makes one step, beginning a run if there is none.
    pub fn step(&mut self) {
        if !self.has_run() {
            if self.obstacle().is_some() {
                return;
            }
            self.start();
        }
        self.requests.send(Command::Step);
    }

    /// Gives the run under way what was changed in the form.
    pub fn send_changes(&mut self) {
        let settings = Setting::differences(&self.running, &self.form.config);
        settings.into_iter().map(Command::Change).for_each(|change| self.requests.send(change));
        self.objective = self.form.config.objective.clone();
        self.running.clone_from(&self.form.config);
    }

    /// Stops making steps; the run stays.
    pub fn pause(&mut self) {
        if self.is_training() {
            self.requests.send(Command::Pause);
        }
    }

    /// Ends the run.
    pub fn stop(&mut self) {
        if self.has_run() {
            self.requests.send(Command::Stop);
        }
    }

    /// Chooses between the training batch and the frame of the timeline.
    pub fn follow_training(&mut self, follow: bool) {
        self.follows_training = follow;
        self.requests.send(Command::FollowTraining(follow));
        if !follow {
            self.ask_for_frame();
        }
    }

    /// Asks for the path of the present drive.
    pub fn trace(&mut self) {
        if let Some(FrameKey { folder, side, .. }) = self.playhead.key() {
            self.requests.send(Command::PredictTrajectory { folder, side });
        }
    }

    /// Leaves the path where it is.
    pub fn end_trace(&mut self) {
        self.requests.send(Command::CancelTrajectory);
    }

    /// Says which maps the open panes show, if that changed.
    pub fn watch(&mut self, maps: BTreeSet<MapName>) {
        if self.watched != maps {
            self.watched.clone_from(&maps);
            self.requests.send(Command::Watch(maps));
        }
    }
}
