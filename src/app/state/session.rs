//! What the window knows of the session: the state it published, the requests that wait for a reply, and what
//! follows from both. Nothing of the session is kept twice.

use super::{Asked, RunInTheWay, State};
use crate::{
    app::messages::MessageLevel,
    config::DataChoice,
    data::FrameSource,
    session::{
        Activity, CloudFusion, Command, DataReport, Event, Failure, Level, ModelReport, OnRun, Outcome,
        PictureSource, Provenance, Reply, Request, RequestId, RunEffect, RunState, SessionState, Topic,
        Trajectory,
    },
};
use std::{collections::BTreeMap, path::PathBuf, sync::Arc};

/// Requests of the window: those that are to be sent, and those that wait for a reply.
#[derive(Debug, Default)]
pub struct Requests {
    last: u64,
    outgoing: Vec<Request>,
    waiting: BTreeMap<RequestId, Command>,
}

impl Requests {
    /// Asks the session to do something.
    pub fn send(&mut self, command: Command) {
        self.last += 1;
        let id = RequestId(self.last);
        self.waiting.insert(id, command.clone());
        self.outgoing.push(Request { id, command });
    }

    /// What is to be sent, of frames to show the newest only.
    pub fn take(&mut self) -> Vec<Request> {
        let mut requests = std::mem::take(&mut self.outgoing);
        let is_show = |request: &Request| matches!(request.command, Command::Show(_));
        let newest = requests.iter().rfind(|request| is_show(request)).map(|request| request.id);
        requests.retain(|request| {
            let is_kept = !is_show(request) || Some(request.id) == newest;
            if !is_kept {
                self.waiting.remove(&request.id);
            }
            is_kept
        });
        requests
    }

    /// The command that a reply answers.
    fn answered(&mut self, id: RequestId) -> Option<Command> {
        self.waiting.remove(&id)
    }

    /// What to say of the first thing that is being opened, if there is one.
    pub fn opening(&self) -> Option<String> {
        let name = self.waiting.values().find_map(|command| match command {
            Command::OpenData { data: DataChoice::Demo, .. } => Some("the built-in drive".to_owned()),
            Command::OpenData { data, .. } => Some(data.to_string()),
            Command::LoadWeights { path: None, .. } => Some("the demo weights".to_owned()),
            Command::LoadWeights { path: Some(path), .. } => Some(path.display().to_string()),
            Command::Resume { run, .. } => Some(run.display().to_string()),
            _ => None,
        })?;
        Some(format!("Opening {name} …"))
    }

    /// Whether a run was asked for that has not started yet.
    fn starts_run(&self) -> bool {
        self.waiting.values().any(|command| matches!(command, Command::Start { .. }))
    }
}

impl State {
    /// Takes what the session published, and what follows from its news.
    pub fn update(&mut self, session: Arc<SessionState>, frames: Option<Arc<dyn FrameSource>>) {
        self.frames = frames;
        let before = std::mem::replace(&mut self.session, session);
        let now = Arc::clone(&self.session);
        if before.device != now.device {
            self.messages
                .log
                .add(MessageLevel::Detail, format!("The {} trains and predicts", now.device.name));
        }
        if before.activity != now.activity {
            let activity = format!("{:?}", now.activity).to_lowercase();
            self.messages.log.add(MessageLevel::Detail, format!("The session is {activity}"));
        }
        let version = |state: &SessionState| state.data.as_ref().map(|data| data.version);
        let id = |state: &SessionState| state.model.as_ref().map(|model| model.id);
        if id(&before) != id(&now) {
            let text = now.model.as_ref().map_or_else(
                || "No networks are loaded".to_owned(),
                |model| format!("Looking with {}: {}", model.provenance, model.architecture),
            );
            self.messages.log.add(MessageLevel::Detail, text);
            self.model_changed();
        }
        self.form.loaded = self.starting_networks();
        if let Some(data) = now.data.as_ref().filter(|_| version(&before) != version(&now)) {
            let text = format!(
                "Opened {} (drives: {}): {} samples to train on, {} to validate on, {} dropped",
                data.name,
                data.drives.len(),
                data.training.len(),
                data.validation.len(),
                data.dropped.len()
            );
            self.messages.log.add(MessageLevel::Detail, text);
            self.data_opened(data);
        }
    }

    /// Takes note of what the session says. The state is never older than that.
    pub fn receive(&mut self, event: Event) {
        self.log(&event);
        match event {
            Event::Reply(Reply { id, result }) => {
                let command = self.requests.answered(id);
                match (command, result) {
                    (Some(Command::Shutdown { even_unsaved }), result) => {
                        self.shut_down_replied(even_unsaved, result.err());
                    }
                    (Some(command), Ok(Outcome::Done)) => self.done(command),
                    (Some(command), Ok(Outcome::RunUnderWay { out, step })) => {
                        self.asked.push_back(Asked::Run(RunInTheWay { command, out, step }));
                    }
                    (Some(Command::Resume { run, .. }), Ok(Outcome::AlreadyUnderWay { step })) => {
                        self.already_under_way(&run, step);
                    }
                    (Some(Command::Resume { run, .. }), Ok(Outcome::RunFinished { steps })) => {
                        self.asked.push_back(Asked::Finished { run, steps });
                    }
                    (command, Err(failure)) => self.failed(command.as_ref(), &failure),
                    (_, Ok(_)) => {}
                }
            }
            Event::Notice(notice) => {
                // Words in passing end nothing; what ended the run is in its state.
                self.messages.notice(&notice);
                if notice.level == Level::Error {
                    self.playhead.is_playing = false;
                } else if notice.topic == Topic::View {
                    self.playhead.pass_over();
                }
            }
            Event::RunStarted(started) => self.run_started(*started),
            Event::Step(report) => {
                self.history.push(report);
                self.check_health();
            }
            Event::Changed(change) => {
                // A resumed run also repeats changes that came after its checkpoint.
                change.setting.apply(&mut self.running);
                change.setting.apply(&mut self.form.config);
                self.changes.push(change);
            }
            Event::Validation(report) => self.validations.push(report),
            Event::TrajectoryEnded => self.path.end(),
            Event::Snapshot(snapshot) => drop(self.wall.snapshots.add(snapshot)),
            Event::Checkpoint(path) => {
                self.messages.tell(
                    MessageLevel::News,
                    format!("Checkpoint written to {}", path.display()),
                    "",
                );
            }
            Event::RunEnded { steps, out, .. } => self.run_ended(steps, &out),
            Event::Evaluation(progress) => self.evaluations.receive(progress),
        }
    }

    /// Takes the path of a drive as far as it is predicted.
    pub fn receive_trajectory(&mut self, trajectory: &Trajectory) {
        self.path.receive(trajectory.clone());
    }

    /// Takes the neighbours of the frame that is shown.
    pub fn receive_fusion(&mut self, fusion: Arc<CloudFusion>) {
        self.fusion.receive(fusion);
    }

    fn failed(&mut self, command: Option<&Command>, failure: &Failure) {
        let is_refused = matches!(command, Some(Command::Start { .. }));
        self.messages.report(failure, is_refused);
        if let (Some(Command::Change(_)), Some(run)) = (command, self.session.run.as_ref()) {
            // Else the form would show, and never send again, what the run was refused.
            self.running.clone_from(&run.config);
            self.form.config.clone_from(&run.config);
        }
    }

    /// What the session is doing; a run that was asked for is being prepared, so that nobody asks twice.
    pub fn activity(&self) -> Activity {
        match self.session.activity {
            Activity::Idle if self.requests.starts_run() => Activity::Preparing,
            activity => activity,
        }
    }

    /// The data that is looked at.
    pub fn data(&self) -> Option<&Arc<DataReport>> {
        self.session.data.as_ref()
    }

    /// The run that is trained.
    pub fn active_run(&self) -> Option<&RunState> {
        self.session.run.as_ref()
    }

    /// The networks that are looked at, if they were loaded from files.
    pub fn loaded_weights(&self) -> Option<&ModelReport> {
        let model = self.session.model.as_deref()?;
        (!matches!(model.provenance, Provenance::Run { .. })).then_some(model)
    }

    /// Why the run gives no finite loss any more, if so.
    pub fn spoiled(&self) -> Option<&Failure> {
        let failure = self.active_run()?.failure.as_ref()?;
        (failure.effect == RunEffect::NonFinite).then_some(failure)
    }

    /// Whether a run is there, paused or not.
    pub fn has_run(&self) -> bool {
        self.activity() != Activity::Idle
    }

    /// Whether steps are being made or prepared.
    pub fn is_training(&self) -> bool {
        matches!(self.activity(), Activity::Training | Activity::Preparing)
    }

    /// Whether there are networks to predict with; those of a run once it has made a step.
    pub fn has_networks(&self) -> bool {
        let is_trained = |model: &ModelReport| {
            !matches!(model.provenance, Provenance::Run { .. }) || !self.history.is_empty()
        };
        self.session.model.as_deref().is_some_and(is_trained)
            || self.picture.as_ref().is_some_and(|picture| picture.origin != PictureSource::Images)
    }

    /// Whether what is predicted comes from the demo weights.
    pub fn shows_demo(&self) -> bool {
        let is_demo = self.session.model.as_ref().is_some_and(|model| model.provenance == Provenance::Demo);
        is_demo && self.history.is_empty() && !self.has_run()
    }

    /// Whether a run is under way and other data or networks are looked at.
    pub fn looks_elsewhere(&self) -> bool {
        self.active_run().is_some_and(|run| {
            !run.is_viewed || self.data().is_some_and(|data| data.version != run.data_version)
        })
    }

    /// Why one cannot go back to looking at the run, if so.
    pub fn obstacle_to_look_at_run(&self) -> Option<String> {
        match self.active_run() {
            None => Some("There is no run".to_owned()),
            Some(_) if !self.looks_elsewhere() => Some("The run is what is looked at".to_owned()),
            Some(_) => None,
        }
    }

    /// Why no weights can be unloaded, if so.
    pub fn obstacle_to_unload(&self) -> Option<String> {
        match self.active_run() {
            Some(run) if run.is_viewed => Some("The run's own networks are looked at".to_owned()),
            Some(_) => None,
            None if self.form.loaded.is_none() => Some("Runs start from scratch as it is".to_owned()),
            None => None,
        }
    }

    /// Looks at the data and the networks of the run again.
    pub fn look_at_run(&mut self) {
        self.requests.send(Command::ViewRun);
        self.follow_training(true);
    }

    /// Opens other data with the split that belongs to it; asks first if a run is under way.
    pub fn open_data(&mut self, data: DataChoice, split: Option<String>) {
        self.requests.send(Command::OpenData { data, split, on_run: OnRun::Ask });
    }

    /// Opens the present data anew with this split.
    pub fn open_split(&mut self, split: Option<String>) {
        let data = self.data().map_or(DataChoice::Demo, |data| data.choice.clone());
        self.open_data(data, split);
    }

    /// Loads the demo weights, for a first look.
    pub fn load_demo(&mut self) {
        self.requests.send(Command::LoadWeights { path: None, on_run: OnRun::Ask });
    }

    /// Loads networks; asks first if a run is under way.
    pub fn load_weights(&mut self, path: PathBuf) {
        self.requests.send(Command::LoadWeights { path: Some(path), on_run: OnRun::Ask });
    }

    /// Puts the loaded networks aside, so that the next run starts from scratch.
    pub fn unload_weights(&mut self) {
        self.requests.send(Command::UnloadWeights);
    }

    /// Goes on with the run of a folder; asks first if another is under way.
    pub fn resume(&mut self, run: PathBuf) {
        self.requests.send(Command::FollowTraining(self.follows_training));
        self.requests.send(Command::Resume { run, data: None, config: None, on_run: OnRun::Ask });
    }

    pub(super) fn start(&mut self) {
        let config = self.form.config.clone();
        self.clear_history();
        self.objective = config.objective.clone();
        self.running.clone_from(&config);
        self.run = Some(self.form.folder());
        self.pin_some();
        self.tell_pins();
        self.requests.send(Command::FollowTraining(self.follows_training));
        self.requests.send(Command::Start { config: Box::new(config), out: self.form.folder() });
    }
}
