//! The session thread: a state machine that obeys commands between steps.

use super::{
    Command, DataReport, Event, Origin, Picture, Problem, Run, RunFolder, State, WeightsReport,
    showing::{Showing, Subject},
};
use crate::{
    compute::{Compute, Slot},
    config::{DataChoice, RunConfig},
    data::{
        self, FrameKey, FrameSource,
        split::{self, Part, Split},
    },
    model::{Architecture, Networks, weights},
    objective::MapName,
};
use anyhow::{Context, Result, anyhow};
use crossbeam_channel::{Receiver, Sender};
use std::{
    collections::BTreeSet,
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
    sync::Arc,
};

/// Everything the session thread owns.
pub(super) struct Worker {
    compute: Compute,
    commands: Receiver<Command>,
    events: Sender<Event>,
    pictures: Arc<Slot<Arc<Picture>>>,
    on_change: Arc<dyn Fn() + Send + Sync>,
    state: State,
    data: Option<OpenData>,
    /// What is predicted with while there is no run.
    networks: Option<Networks>,
    run: Option<Run>,
    /// Size and objective of what is shown; those of the run or of the loaded weights.
    config: RunConfig,
    watched: BTreeSet<MapName>,
    shown: Option<FrameKey>,
    is_show_due: bool,
    follows_training: bool,
}

struct OpenData {
    source: Arc<dyn FrameSource>,
    training: Vec<FrameKey>,
}

impl Worker {
    pub(super) fn new(
        compute: Compute,
        commands: Receiver<Command>,
        events: Sender<Event>,
        pictures: Arc<Slot<Arc<Picture>>>,
        on_change: Arc<dyn Fn() + Send + Sync>,
    ) -> Self {
        Self {
            compute,
            commands,
            events,
            pictures,
            on_change,
            state: State::Idle,
            data: None,
            networks: None,
            run: None,
            config: RunConfig::default(),
            watched: BTreeSet::new(),
            shown: None,
            is_show_due: false,
            follows_training: true,
        }
    }

    /// Obeys commands until `Shutdown`, or until nobody can send any more.
    pub(super) fn run(mut self) {
        loop {
            let has_work = self.state == State::Training || self.is_show_due;
            let command = if has_work { self.commands.try_recv().ok() } else { self.commands.recv().ok() };
            match command {
                Some(Command::Shutdown) => {
                    self.guarded("the last checkpoint failed", Self::finish);
                    return;
                }
                Some(command) => self.guarded("the command failed", |worker| worker.obey(command)),
                None if !has_work => return,
                None if self.state == State::Training => {
                    self.guarded("the training step failed", Self::train);
                }
                None => self.guarded("the frame cannot be shown", Self::show),
            }
        }
    }

    /// Does some work; its error or panic becomes an event, and a run that was making steps pauses.
    fn guarded(&mut self, what: &str, work: impl FnOnce(&mut Self) -> Result<()>) {
        let error = match catch_unwind(AssertUnwindSafe(|| work(self))) {
            Ok(Ok(())) => return,
            Ok(Err(error)) => error,
            Err(panic) => anyhow!("{}", panic_text(panic.as_ref())),
        };
        let ended_run = matches!(self.state, State::Training | State::Preparing);
        if ended_run {
            let state = if self.run.is_some() { State::Paused } else { State::Idle };
            self.enter(state);
        }
        let advice = if ended_run && self.run.is_some() {
            "the run is paused and its checkpoints are kept"
        } else {
            ""
        };
        self.tell(Event::Problem(Problem {
            what: format!("{what}: {error:#}"),
            advice: advice.to_owned(),
            ended_run,
        }));
    }

    fn obey(&mut self, command: Command) -> Result<()> {
        match command {
            Command::OpenData { data, split } => self.open_data(&data, split)?,
            Command::LoadWeights(path) => self.load_weights(&path)?,
            Command::Start { config, out } => self.start(*config, &out)?,
            Command::Pause if self.state == State::Training => self.pause(),
            Command::Continue if self.run.is_some() => self.enter(State::Training),
            Command::Step if self.run.is_some() => {
                self.train()?;
                if self.run.is_some() {
                    self.enter(State::Paused);
                }
            }
            Command::Pause | Command::Continue | Command::Step | Command::Shutdown => {}
            Command::Stop => self.finish()?,
            Command::Show(key) => {
                self.shown = Some(key);
                self.is_show_due = !self.is_following();
            }
            Command::FollowTraining(follows) => {
                self.follows_training = follows;
                self.is_show_due = !self.is_following();
            }
            Command::Watch(maps) => {
                let has_more = !maps.is_subset(&self.watched);
                self.watched = maps;
                self.is_show_due |= has_more && !self.is_following();
            }
        }
        Ok(())
    }

    fn open_data(&mut self, choice: &DataChoice, split_name: Option<String>) -> Result<()> {
        self.finish()?;
        let source = data::open(choice)?;
        let frame_ids = &self.config.objective.frame_ids;
        let split = match &split_name {
            Some(name) => {
                Split::open(name, source.as_ref(), frame_ids, &[Part::Training], &[Part::Validation])?
            }
            None => split::every_frame(source.as_ref(), frame_ids),
        };
        let training = split::prescan(source.as_ref(), &split.training, frame_ids)?;
        let validation = split::prescan(source.as_ref(), &split.validation, frame_ids).unwrap_or_default();
        let dropped = [training.dropped, validation.dropped].concat();
        self.tell(Event::Data(DataReport {
            name: source.name(),
            drives: source.drives().to_vec(),
            split: split_name,
            training: training.usable.clone(),
            validation: validation.usable,
            dropped,
        }));
        self.shown = training.usable.first().cloned();
        self.is_show_due = self.shown.is_some();
        self.data = Some(OpenData { source, training: training.usable });
        Ok(())
    }

    fn load_weights(&mut self, path: &Path) -> Result<()> {
        self.finish()?;
        let folder = RunFolder::weights_in(path);
        let loaded = weights::load(&folder, &self.compute.device)?;
        let size = loaded.trained_size();
        (self.config.network.height, self.config.network.width) = (size.height, size.width);
        self.config.objective.scales = loaded.networks.depth.scales().to_vec();
        self.tell(Event::Weights(WeightsReport {
            path: path.to_owned(),
            networks: loaded.networks.architecture().to_string(),
            height: size.height,
            width: size.width,
            has_pose: loaded.networks.pose.is_some(),
            loaded: loaded.report.loaded.len(),
            unused: loaded.report.unused,
        }));
        self.networks = Some(loaded.networks);
        self.is_show_due = self.shown.is_some();
        Ok(())
    }

    fn start(&mut self, config: RunConfig, out: &Path) -> Result<()> {
        self.finish()?;
        config.validate()?;
        self.enter(State::Preparing);
        let networks = self.starting_networks(&config)?;
        let data = self.data.as_ref().context("there is no data to train on; open some first")?;
        let source = Arc::clone(&data.source);
        let keys = split::prescan(source.as_ref(), &data.training, &config.objective.frame_ids)?.usable;
        let run = Run::new(config.clone(), networks, &source, &keys, out, &self.compute)?;
        self.config = config;
        self.run = Some(run);
        self.enter(State::Training);
        Ok(())
    }

    fn starting_networks(&self, config: &RunConfig) -> Result<Networks> {
        let architecture = Architecture::new(&config.network, &config.objective)?;
        let mut networks = Networks::new(&architecture, config.training.seed, &self.compute.device);
        if let Some(file) = &config.network.pretrained_encoder {
            weights::load_imagenet(file, &mut networks)?;
        }
        if let Some(loaded) = &self.networks {
            networks.adopt(loaded, &config.network.models_to_load)?;
        }
        Ok(networks)
    }

    fn train(&mut self) -> Result<()> {
        let is_following = self.is_following();
        let wanted = if is_following { self.watched.clone() } else { BTreeSet::new() };
        let Some(run) = &mut self.run else { return Ok(()) };
        let step = run.step(&wanted)?;
        let saved = if run.is_checkpoint_due() { run.save()? } else { None };
        let is_finished = run.is_finished();

        let number = step.report.step;
        if is_following {
            let subject = Subject { key: step.key, step: number, origin: Origin::Training };
            self.publish(subject.picture(&step.samples, &step.outcome.maps, &self.watched, &self.compute)?);
        } else {
            self.is_show_due = true;
        }
        for (key, reason) in step.skipped {
            let what = format!("{key} was skipped: {reason}");
            self.tell(Event::Problem(Problem { what, advice: String::new(), ended_run: false }));
        }
        self.tell(Event::Step(step.report));
        if let Some(path) = saved {
            self.tell(Event::Checkpoint(path));
        }
        if is_finished {
            self.finish()?;
        } else if self.is_show_due {
            self.show()?;
        }
        Ok(())
    }

    fn pause(&mut self) {
        self.enter(State::Paused);
        self.is_show_due = self.shown.is_some();
    }

    /// Ends the run: writes its last checkpoint and keeps its networks for prediction.
    fn finish(&mut self) -> Result<()> {
        let Some(mut run) = self.run.take() else { return Ok(()) };
        self.networks = Some(run.networks());
        self.config = run.config().clone();
        let (steps, out): (u64, PathBuf) = (run.steps(), run.out());
        let saved = run.save();
        self.enter(State::Idle);
        self.is_show_due = self.shown.is_some();
        if let Some(path) = saved? {
            self.tell(Event::Checkpoint(path));
        }
        self.tell(Event::Finished { steps, out });
        Ok(())
    }

    fn is_following(&self) -> bool {
        self.state == State::Training && self.follows_training
    }

    /// Predicts and publishes the frame that was last asked for.
    fn show(&mut self) -> Result<()> {
        self.is_show_due = false;
        let (Some(key), Some(data)) = (&self.shown, &self.data) else { return Ok(()) };
        let networks = self.run.as_ref().map(Run::networks).or_else(|| self.networks.clone());
        let showing = Showing {
            source: data.source.as_ref(),
            networks: networks.as_ref(),
            config: &self.config,
            watched: &self.watched,
            compute: &self.compute,
        };
        let picture = showing.picture(key, self.run.as_ref().map_or(0, Run::steps))?;
        self.publish(picture);
        Ok(())
    }

    fn publish(&self, picture: Option<Picture>) {
        if let Some(picture) = picture {
            self.pictures.publish(Arc::new(picture));
            (self.on_change)();
        }
    }

    fn enter(&mut self, state: State) {
        self.state = state;
        self.tell(Event::State(state));
    }

    fn tell(&self, event: Event) {
        // Nobody listening any more means that `Shutdown` is on its way.
        let _ = self.events.send(event);
        (self.on_change)();
    }
}

fn panic_text(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("an unknown panic").to_owned()
}
