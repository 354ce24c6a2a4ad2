//! A window and what stands for its session: it keeps the published state, and replies when a test tells it to.

use super::*;
use monoscope::{
    app::PaneKind,
    config::RunConfig,
    data::FrameSource,
    session::{DeviceState, RequestId, RunState},
};
use std::ops::{Deref, DerefMut};

/// The window, of which everything can be asked that a window can be.
pub struct Scripted {
    window: Window,
    /// The pane that is drawn instead of the window.
    pub alone: Option<PaneKind>,
    state: SessionState,
    frames: Option<Arc<dyn FrameSource>>,
    last_version: u64,
    /// Requests that no test took yet.
    untaken: Vec<Request>,
    /// Requests without a reply.
    waiting: Vec<Request>,
}

impl Deref for Scripted {
    type Target = Window;

    fn deref(&self) -> &Window {
        &self.window
    }
}

impl DerefMut for Scripted {
    fn deref_mut(&mut self) -> &mut Window {
        &mut self.window
    }
}

impl Scripted {
    /// Computes with the CPU backend.
    pub fn new(window: Window) -> Self {
        let device = DeviceState { name: "CPU backend".to_owned(), is_shared: false };
        Self {
            window,
            alone: None,
            state: SessionState { device, ..SessionState::default() },
            frames: None,
            last_version: 0,
            untaken: Vec::new(),
            waiting: Vec::new(),
        }
    }

    /// Draws a frame as the program does.
    pub fn ui(&mut self, ui: &mut egui::Ui) {
        self.window.close_if_saved(ui.ctx());
        match self.alone {
            Some(kind) => self.window.pane_ui(ui, kind),
            None => self.window.ui(ui),
        }
    }

    fn collect(&mut self) {
        let requests = self.window.take_requests();
        let shows = |request: &Request| matches!(request.command, Command::Show(_));
        if requests.iter().any(shows) {
            // The window would not have asked for both if it had been left alone until now.
            self.untaken.retain(|request| !shows(request));
        }
        self.waiting.extend(requests.iter().cloned());
        self.untaken.extend(requests);
    }

    /// What the window asked for since the last call.
    pub fn take_commands(&mut self) -> Vec<Command> {
        self.collect();
        self.untaken.drain(..).map(|request| request.command).collect()
    }

    /// Publishes the state with a change.
    pub fn publish(&mut self, change: impl FnOnce(&mut SessionState)) {
        self.collect();
        change(&mut self.state);
        self.window.update(Arc::new(self.state.clone()), self.frames.clone());
    }

    /// Replies to the first request that passes and waits.
    pub fn reply(&mut self, is_it: impl Fn(&Command) -> bool, result: Result<Outcome, Failure>) {
        self.collect();
        let place = self.waiting.iter().position(|request| is_it(&request.command));
        let id = self.waiting.remove(place.expect("something was asked for")).id;
        self.window.receive(Event::Reply(Reply { id, result }));
    }

    fn reply_if_asked(&mut self, is_it: impl Fn(&Command) -> bool) {
        self.collect();
        if self.waiting.iter().any(|request| is_it(&request.command)) {
            self.reply(is_it, Ok(Outcome::Done));
        }
    }

    fn next_version(&mut self) -> u64 {
        self.last_version += 1;
        self.last_version
    }

    /// Opens data, as it was asked for or by itself.
    pub fn open_data(&mut self, report: DataReport) {
        self.open_frames(report, Arc::new(timeline::Painted::default()));
    }

    /// As `open_data`, with these frames.
    pub fn open_frames(&mut self, report: DataReport, frames: Arc<dyn FrameSource>) {
        let version = self.next_version();
        self.frames = Some(frames);
        self.publish(|state| state.data = Some(Arc::new(DataReport { version, ..report })));
        self.reply_if_asked(|command| matches!(command, Command::OpenData { .. }));
    }

    /// Has networks loaded and loads them.
    pub fn load_weights(&mut self, report: ModelReport) {
        self.collect();
        let [untaken, waiting] = [self.untaken.len(), self.waiting.len()];
        let path = match &report.provenance {
            Provenance::File(path) => Some(path.clone()),
            _ => None,
        };
        self.window.open(DataChoice::Demo, None, path.as_deref());
        self.collect();
        // What was opened beside is what is open.
        let asked: Vec<RequestId> = self.waiting[waiting..].iter().map(|request| request.id).collect();
        self.untaken.truncate(untaken);
        self.waiting.truncate(waiting);
        let id = self.next_version();
        self.publish(|state| state.model = Some(Arc::new(ModelReport { id, ..report })));
        for id in asked {
            self.window.receive(Event::Reply(Reply { id, result: Ok(Outcome::Done) }));
        }
    }

    /// Starts a run, or goes on with it, on the data that is looked at.
    pub fn start_run(&mut self, started: RunStarted) {
        self.run(started.out.clone(), &started.config);
        self.window.receive(Event::RunStarted(Box::new(started)));
        self.reply_if_asked(|command| matches!(command, Command::Start { .. }));
    }

    fn run(&mut self, out: PathBuf, config: &RunConfig) {
        let id = self.next_version();
        let model = ModelReport {
            id,
            provenance: Provenance::Run { out: out.clone(), step: 0 },
            architecture: Architecture::new(&config.network, &config.objective).unwrap(),
            size: Some(config.network.size()),
            use_stereo: config.objective.uses_stereo(),
            loaded: 0,
            unused: Vec::new(),
        };
        self.publish(|state| {
            let data_version = state.data.as_ref().map_or(0, |data| data.version);
            let run = RunState {
                out,
                config: config.clone(),
                data_version,
                is_viewed: true,
                ..RunState::default()
            };
            state.model = Some(Arc::new(model));
            state.run = Some(run);
            state.activity = Activity::Training;
        });
    }

    /// Does this from now on, with some run if that needs one.
    pub fn set_activity(&mut self, activity: Activity) {
        if activity == Activity::Idle {
            // Its networks stay.
            self.publish(|state| state.run = None);
        } else if self.state.run.is_none() {
            self.run("there/are/no/runs/run_001".into(), &Preset::Small.config());
        }
        self.publish(|state| state.activity = activity);
        self.reply_if_asked(|command| matches!(command, Command::Start { .. }));
    }
}
