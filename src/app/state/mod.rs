//! What the window knows: a pure consumer of the session's events and pictures and a producer of
//! commands. Nothing here touches a device, a file or another thread.

mod curves;
mod devices;
mod evaluation;
mod health;
mod navigation;
mod opened;
mod wall;

pub use curves::{ComparedRun, Curves, CurvesWish, run_name};
pub use devices::Devices;
pub use health::Health;
pub use opened::Opening;
pub use wall::Wall;

use super::{
    action::Action,
    evaluations::Evaluations,
    form::TrainingForm,
    framing::Framing,
    fusion::FusionState,
    inspection::Inspection,
    messages::{Messages, Severity},
    open::Content,
    path::PathState,
    playhead::Playhead,
    recents::Recents,
    sandbox::Sandbox,
};
use crate::{
    config::{Change, DataChoice, ObjectiveConfig, RunConfig, Setting},
    data::FrameKey,
    objective::MapName,
    train::{
        self, Command, DataReport, Event, Figure, Harm, Origin, Picture, StepReport, ValidationReport,
        WeightsReport,
    },
};
use opened::Opened;
use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    sync::Arc,
};

/// The state behind all panes.
pub struct State {
    /// What draws and computes.
    pub devices: Devices,
    /// What the session is doing.
    pub session: train::State,
    /// The open data.
    pub data: Option<DataReport>,
    /// What was asked to be opened and has not answered yet.
    pub opening: Opening,
    /// The loaded networks' files.
    pub weights: Option<WeightsReport>,
    /// Every step of the present or last run.
    pub history: Vec<StepReport>,
    /// Every validation of the present or last run.
    pub validations: Vec<ValidationReport>,
    /// While validating: samples looked at, and samples in all.
    pub validating: Option<(usize, usize)>,
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
    pub figure: Figure,
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
    /// The configuration of the run as the session knows it.
    running: RunConfig,
    choice: DataChoice,
    watched: BTreeSet<MapName>,
    commands: Vec<Command>,
    wishes: Vec<Action>,
    map_to_show: Option<MapName>,
    content_to_save: Option<(String, Content)>,
    picture_to_save: Option<(String, egui::Rect)>,
    dropped_path: Option<PathBuf>,
}

impl State {
    /// Nothing opened yet; runs are written under `runs`.
    pub fn new(devices: Devices, runs: &Path) -> Self {
        Self {
            devices,
            session: train::State::default(),
            data: None,
            opening: Opening::default(),
            weights: None,
            history: Vec::new(),
            validations: Vec::new(),
            validating: None,
            changes: Vec::new(),
            run: None,
            picture: None,
            playhead: Playhead::default(),
            follows_training: true,
            form: TrainingForm::new(runs),
            objective: ObjectiveConfig::default(),
            health: Health::default(),
            figure: Figure::Loss,
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
            choice: DataChoice::Demo,
            watched: BTreeSet::new(),
            commands: Vec::new(),
            wishes: Vec::new(),
            map_to_show: None,
            content_to_save: None,
            picture_to_save: None,
            dropped_path: None,
        }
    }

    /// Takes note of what the session says.
    pub fn receive(&mut self, event: Event) {
        self.log(&event);
        match event {
            Event::State(state) => self.session = state,
            Event::Data(report) => self.data_opened(report),
            Event::Weights(report) => self.weights_loaded(report),
            Event::WeightsForgotten => self.weights_forgotten(),
            Event::Begun(beginning) => self.run_begun(*beginning),
            Event::Step(report) => {
                self.validating = None;
                self.history.push(report);
                self.health.broken = None;
                self.check_health();
            }
            Event::Changed(change) => {
                // A resumed run also repeats changes that came after its checkpoint.
                change.setting.apply(&mut self.running);
                change.setting.apply(&mut self.form.config);
                self.changes.push(change);
            }
            Event::Validating { done, samples } => self.validating = Some((done, samples)),
            Event::Validation(report) => {
                self.validating = None;
                self.validations.push(report);
            }
            Event::Trajectory(trajectory) => self.path.receive(*trajectory),
            Event::TraceEnded => self.path.end(),
            Event::Snapshot(snapshot) => drop(self.wall.snapshots.add(snapshot)),
            Event::Fused(fusion) => self.fusion.receive(fusion),
            Event::Checkpoint(path) => {
                self.messages.tell(Severity::News, format!("Checkpoint written to {}", path.display()), "");
            }
            Event::Finished { steps, out } => self.run_ended(steps, out),
            Event::Device { name, is_shared } => self.moved(name, is_shared),
            Event::Evaluation(news) => self.evaluations.receive(news),
            Event::Problem(problem) => {
                self.opening.give_up();
                self.playhead.is_playing = false;
                self.messages.report(&problem);
                if problem.harm == Harm::Spoiled {
                    self.health.broken = Some(problem);
                }
            }
        }
    }

    /// Takes the newest picture.
    pub fn show(&mut self, picture: Arc<Picture>) {
        self.inspection.show(picture.evidence.clone());
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
        MapName::shown(&objective)
    }

    fn clear_history(&mut self) {
        self.history.clear();
        self.validations.clear();
        self.validating = None;
        self.curves.selected_step = None;
        self.wall.clear();
        self.health = Health::default();
        self.changes.clear();
    }

    /// The commands since the last call, the newest `Show` only.
    pub fn take_commands(&mut self) -> Vec<Command> {
        let mut commands = std::mem::take(&mut self.commands);
        let newest = commands.iter().rposition(|command| matches!(command, Command::Show(_)));
        let mut index = 0;
        commands.retain(|command| {
            index += 1;
            !matches!(command, Command::Show(_)) || Some(index - 1) == newest
        });
        commands
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

    /// Whether a run is there, paused or not.
    pub fn has_run(&self) -> bool {
        self.session != train::State::Idle
    }

    /// Whether steps are being made or prepared.
    pub fn is_training(&self) -> bool {
        matches!(self.session, train::State::Training | train::State::Preparing)
    }

    /// Whether there are networks to predict with.
    pub fn has_networks(&self) -> bool {
        self.weights.is_some()
            || self.form.loaded.is_some()
            || (self.has_run() && !self.history.is_empty())
            || self.picture.as_ref().is_some_and(|picture| picture.origin != Origin::Images)
    }

    /// The last step made.
    pub fn last_step(&self) -> Option<&StepReport> {
        self.history.last()
    }

    /// Why `Train` cannot be pressed, if so.
    pub fn obstacle(&self) -> Option<String> {
        let Some(data) = &self.data else {
            return Some("Open data first (Sequence pane)".to_owned());
        };
        if data.training.is_empty() {
            return Some("This data has no sample to train on: choose another split or folder".to_owned());
        }
        self.form.refusal()
    }

    /// Why an action cannot be done now, if so.
    pub fn obstacle_to(&self, action: Action) -> Option<String> {
        let is_paused = self.session == train::State::Paused;
        match action {
            Action::Train | Action::Step if is_paused => None,
            Action::Train | Action::Step if self.has_run() => Some("A run is under way".to_owned()),
            Action::Train | Action::Step => self.obstacle(),
            Action::Pause if !self.is_training() => Some("No steps are being made".to_owned()),
            Action::ForgetRecents if self.recents.all().next().is_none() => {
                Some("Nothing was opened yet".to_owned())
            }
            Action::ForgetWeights if self.has_run() => Some("A run is under way".to_owned()),
            Action::ForgetWeights if self.form.loaded.is_none() => {
                Some("Runs begin from scratch as it is".to_owned())
            }
            Action::PinFrame => self.obstacle_to_pin(),
            Action::ComputeOnGraphics | Action::ComputeOnProcessor => self.obstacle_to_move(action),
            Action::Stop if !self.has_run() => Some("There is no run".to_owned()),
            _ => None,
        }
    }

    /// Opens other data with the split that belongs to it.
    pub fn open_data(&mut self, data: DataChoice, split: Option<String>) {
        let name = match &data {
            DataChoice::Demo => "the built-in drive".to_owned(),
            folder => folder.to_string(),
        };
        self.opening.ask(Opened::Data, name);
        self.choice = data.clone();
        self.commands.push(Command::OpenData { data, split });
    }

    /// Opens the present data anew with this split.
    pub fn open_split(&mut self, split: Option<String>) {
        self.open_data(self.choice.clone(), split);
    }

    /// Loads the demo weights, for a first look.
    pub fn load_demo(&mut self) {
        self.opening.ask(Opened::Weights, "the demo weights".to_owned());
        self.commands.push(Command::LoadDemo);
    }

    /// Whether what is predicted comes from the demo weights.
    pub fn shows_demo(&self) -> bool {
        let is_demo = self.weights.as_ref().is_some_and(|weights| weights.path.is_none());
        is_demo && self.history.is_empty() && !self.has_run()
    }

    /// Loads networks.
    pub fn load_weights(&mut self, path: PathBuf) {
        self.opening.ask(Opened::Weights, path.display().to_string());
        self.commands.push(Command::LoadWeights(path));
    }

    /// Puts the loaded networks aside, so that the next run begins from scratch.
    pub fn forget_weights(&mut self) {
        self.commands.push(Command::ForgetWeights);
    }

    /// Starts a run, or goes on with the paused one.
    pub fn train(&mut self) {
        if self.session == train::State::Paused {
            self.commands.push(Command::Continue);
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
        self.commands.push(Command::Step);
    }

    fn start(&mut self) {
        let config = self.form.config.clone();
        self.clear_history();
        self.objective = config.objective.clone();
        self.running.clone_from(&config);
        self.run = Some(self.form.folder());
        self.pin_some();
        self.tell_pins();
        self.commands.push(Command::FollowTraining(self.follows_training));
        self.commands.push(Command::Start { config: Box::new(config), out: self.form.folder() });
        // Until the session says so itself, lest whoever is impatient starts twice.
        self.session = train::State::Preparing;
    }

    /// Goes on with the run of a folder.
    pub fn resume(&mut self, run: PathBuf) {
        self.opening.ask(Opened::Run, run.display().to_string());
        self.commands.push(Command::FollowTraining(self.follows_training));
        self.commands.push(Command::Resume { run, data: None, config: None });
    }

    /// Gives the run under way what was changed in the form.
    pub fn send_changes(&mut self) {
        let settings = Setting::differences(&self.running, &self.form.config);
        self.commands.extend(settings.into_iter().map(Command::Change));
        self.objective = self.form.config.objective.clone();
        self.running.clone_from(&self.form.config);
    }

    /// Stops making steps; the run stays.
    pub fn pause(&mut self) {
        if self.is_training() {
            self.commands.push(Command::Pause);
        }
    }

    /// Ends the run.
    pub fn stop(&mut self) {
        if self.has_run() {
            self.commands.push(Command::Stop);
        }
    }

    /// Chooses between the training batch and the frame of the timeline.
    pub fn follow_training(&mut self, follow: bool) {
        self.follows_training = follow;
        self.commands.push(Command::FollowTraining(follow));
        if !follow {
            self.ask_for_frame();
        }
    }

    /// Asks for the path of the present drive.
    pub fn trace(&mut self) {
        if let Some(FrameKey { folder, side, .. }) = self.playhead.key() {
            self.commands.push(Command::Trace { folder, side });
        }
    }

    /// Leaves the path where it is.
    pub fn end_trace(&mut self) {
        self.commands.push(Command::EndTrace);
    }

    /// Says which maps the open panes show, if that changed.
    pub fn watch(&mut self, maps: BTreeSet<MapName>) {
        if self.watched != maps {
            self.watched.clone_from(&maps);
            self.commands.push(Command::Watch(maps));
        }
    }
}
