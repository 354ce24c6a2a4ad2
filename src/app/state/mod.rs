//! The window's state in slices: it takes events and pictures of the session and makes requests. Nothing here draws,
//! and nothing touches a device, a file or another thread.

mod curves;
mod devices;
mod dialogs;
mod evaluations;
mod form;
mod framing;
mod fusion;
mod health;
mod inspection;
mod log;
mod message_level;
mod messages;
mod playhead;
mod receive;
mod recents;
mod requests;
mod run_history;
mod sandbox;
mod session_view;
mod trajectory;
mod viewed_frame;
mod wall;
mod window_requests;

pub use curves::{ComparedRun, Curves, CurvesRequest};
pub use devices::Devices;
pub use dialogs::{CameraQuestion, Dialogs, Ending, Question, RunInTheWay};
pub use evaluations::Evaluations;
pub use form::{AdoptedNetworks, Row, TrainingForm};
pub use framing::Framing;
pub use fusion::FusionState;
pub use health::Health;
pub use inspection::{InspectedPixel, Inspection, NormalisedPoint};
pub use log::LogLine;
pub use message_level::MessageLevel;
pub use messages::{Message, Messages};
pub use playhead::{FrameUse, Playhead};
pub use recents::{Recent, RecentData, Recents};
pub use requests::Requests;
pub use run_history::{RunHistory, run_name};
pub use sandbox::Sandbox;
pub use session_view::SessionView;
pub use trajectory::{TrajectoryReport, TrajectoryState};
pub use viewed_frame::ViewedFrame;
pub use wall::Wall;
pub use window_requests::{FileContent, WindowRequests};

use crate::session::{Activity, Command, OnRun};
use std::path::{Path, PathBuf};

/// Everything that the window knows, in slices. A pane's functions take the slices that they use.
pub struct State {
    /// The session and the requests to it.
    pub session: SessionView,
    /// The present or last run.
    pub run: RunHistory,
    /// The frame that is viewed, and how.
    pub viewed: ViewedFrame,
    /// The predicted trajectory of the drive.
    pub trajectory: TrajectoryState,
    /// The metric of the curves, and the runs next to the present one.
    pub curves: Curves,
    /// Bookmarked frames and their snapshots.
    pub wall: Wall,
    /// Depth evaluations.
    pub evaluations: Evaluations,
    /// The options of the next run.
    pub form: TrainingForm,
    /// Messages and the log.
    pub messages: Messages,
    /// Data, weights and runs that were opened recently.
    pub recents: Recents,
    /// Questions that wait for a choice.
    pub dialogs: Dialogs,
    /// Requests of panes to the window.
    pub window: WindowRequests,
}

impl State {
    /// State before anything is opened; runs are written under `runs`.
    pub fn new(devices: Devices, runs: &Path) -> Self {
        Self {
            session: SessionView::new(devices),
            run: RunHistory::default(),
            viewed: ViewedFrame::default(),
            trajectory: TrajectoryState::default(),
            curves: Curves::default(),
            wall: Wall::default(),
            evaluations: Evaluations::default(),
            form: TrainingForm::new(runs),
            messages: Messages::default(),
            recents: Recents::default(),
            dialogs: Dialogs::default(),
            window: WindowRequests::default(),
        }
    }

    /// Reason why no run can be started; `None` if one can.
    pub fn obstacle_to_start(&self) -> Option<String> {
        self.form.obstacle(self.session.data().map(AsRef::as_ref))
    }

    /// Reason why the run in progress cannot be viewed; `None` if it can.
    pub fn obstacle_to_look_at_run(&self) -> Option<String> {
        match self.session.active_run() {
            None => Some("There is no run".to_owned()),
            Some(_) if !self.session.looks_elsewhere() => Some("The run is shown already".to_owned()),
            Some(_) => None,
        }
    }

    /// Reason why no weights can be unloaded; `None` if they can.
    pub fn obstacle_to_unload(&self) -> Option<String> {
        match self.session.active_run() {
            Some(run) if run.is_viewed => Some("The networks that are shown are the run's own".to_owned()),
            Some(_) => None,
            None if self.form.loaded.is_none() => Some("No weights are loaded".to_owned()),
            None => None,
        }
    }

    /// Reason why the frame of the timeline cannot be bookmarked; `None` if it can.
    pub fn obstacle_to_bookmark(&self) -> Option<String> {
        self.wall.obstacle_to_bookmark(&self.viewed.playhead, &self.session)
    }

    /// Bookmarks the frame of the timeline, if it can be.
    pub fn bookmark_frame(&mut self) {
        self.wall.bookmark(&self.viewed.playhead, &self.session);
    }

    /// Goes to the frame that `choose` gives for the playhead.
    pub fn scrub(&mut self, choose: impl FnOnce(&Playhead) -> u32) {
        let frame = choose(&self.viewed.playhead);
        self.viewed.scrub(frame, &mut self.session);
    }

    /// Changes from the training batch to the frame of the timeline, or back.
    pub fn toggle_following(&mut self) {
        self.viewed.follow_training(!self.viewed.follows_training, &mut self.session);
    }

    /// Goes back to the data and the networks of the run in progress.
    pub fn look_at_run(&mut self) {
        self.viewed.look_at_run(&mut self.session);
    }

    /// Starts a run, or continues the paused one.
    pub fn train(&mut self) {
        if self.session.activity() == Activity::Paused {
            self.session.requests.send(Command::Continue);
        } else if !self.session.has_run() && self.obstacle_to_start().is_none() {
            self.start();
        }
    }

    /// Makes one step; starts a run if there is none.
    pub fn step(&mut self) {
        if !self.session.has_run() {
            if self.obstacle_to_start().is_some() {
                return;
            }
            self.start();
        }
        self.session.requests.send(Command::Step);
    }

    fn start(&mut self) {
        let config = self.form.config.clone();
        self.clear_run();
        self.viewed.objective = config.objective.clone();
        self.run.config.clone_from(&config);
        self.run.folder = Some(self.form.folder());
        self.wall.bookmark_some(&self.session);
        self.wall.send_bookmarks(&mut self.session);
        let requests = &mut self.session.requests;
        requests.send(Command::FollowTraining(self.viewed.follows_training));
        requests.send(Command::Start { config: Box::new(config), out: self.form.folder() });
    }

    /// Clears what belongs to the run before.
    fn clear_run(&mut self) {
        self.run.clear();
        self.wall.clear();
        self.curves.selected_step = None;
    }

    /// Continues the run of a folder. If another run is in progress, the reply asks what to do with it.
    pub fn resume(&mut self, run: PathBuf) {
        let requests = &mut self.session.requests;
        requests.send(Command::FollowTraining(self.viewed.follows_training));
        requests.send(Command::Resume { run, data: None, config: None, on_run: OnRun::Ask });
    }

    /// Opens something again.
    pub fn open_recent(&mut self, recent: Recent) {
        match recent {
            Recent::Data(RecentData { data, split }) => self.session.open_data(data, split),
            Recent::Weights(path) => self.session.load_weights(path),
            Recent::Run(path) => self.resume(path),
        }
    }

    /// Sends a command that waited for a decision about the run in progress.
    pub fn send_decided(&mut self, waiting: RunInTheWay, decision: OnRun) {
        if decision == OnRun::Keep {
            self.viewed.view_other(&mut self.session);
        }
        self.session.requests.send(waiting.decided(decision));
    }

    /// Views a finished run: all of it, or only its networks while another run is in progress.
    pub fn look_at_finished(&mut self, run: PathBuf) {
        // This must not end a run that may have started meanwhile.
        let on_run = OnRun::Keep;
        if self.session.has_run() {
            self.viewed.view_other(&mut self.session);
            self.session.requests.send(Command::LoadWeights { path: Some(run), on_run });
        } else {
            self.session.requests.send(Command::Resume { run, data: None, config: None, on_run });
        }
    }

    /// Ends the session after the run's last checkpoint; with `even_unsaved` also if that cannot be written.
    pub fn shut_down(&mut self, even_unsaved: bool) {
        self.dialogs.ending = Ending::Waiting;
        self.session.requests.send(Command::Shutdown { even_unsaved });
    }

    /// Unpins the inspected pixel, or else clears the selected step.
    pub fn unpin(&mut self) {
        if self.viewed.inspection.is_pinned {
            self.viewed.inspection.clear();
        } else {
            self.curves.selected_step = None;
        }
    }
}
