//! The session thread: a state machine that obeys commands between steps.

mod aside;
mod moving;
mod pinned;
mod shown;

use super::{
    Beginning, Command, DataReport, Entry, Event, Fusing, Harm, OpenData, Picture, Problem, Progress, Run,
    RunFolder, Samples, State, WeightsReport, evaluation::Evaluation, fusion::Fuser, pinned::Photographer,
    showing::Predicted, tracer::Tracer,
};
use crate::{
    compute::{Compute, Slot},
    config::{DataChoice, ObjectiveConfig, RunConfig},
    data::FrameKey,
    model::{
        Architecture, Networks,
        weights::{self, MetricScale},
    },
    objective::{Adjustment, MapName},
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
    /// What these networks are called.
    networks_name: String,
    /// Steps that they had made in the last run; `None` if they are of none.
    networks_step: Option<u64>,
    /// Whether a run starts from these networks.
    starts_loaded: bool,
    /// Whether these networks were trained with the stereo camera, so that its distance is that of their
    /// depths.
    knows_stereo: bool,
    /// How the depths of these networks become metres, as a file beside them says.
    stated_scale: Option<MetricScale>,
    run: Option<Run>,
    /// Size and objective of what is shown; those of the run or of the loaded weights.
    config: RunConfig,
    watched: BTreeSet<MapName>,
    /// Whether pictures come with evidence.
    inspects: bool,
    shown: Option<FrameKey>,
    is_show_due: bool,
    follows_training: bool,
    /// Changes by hand to what is shown.
    adjustment: Option<Adjustment>,
    /// What the networks said of the frame that is shown, kept while changes are tried.
    predicted: Option<Predicted>,
    /// A path that is followed beside all else.
    tracer: Option<Tracer>,
    /// Which neighbours of the shown frame are wanted.
    fusing: Fusing,
    /// What predicts them, as long as the networks stay as they are.
    fuser: Option<Fuser>,
    /// What looks at pinned frames beside the steps.
    photographer: Photographer,
    /// An evaluation that goes on beside all else.
    evaluation: Option<Evaluation>,
    /// Whether the next step is the last before a pause.
    makes_one_step: bool,
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
            networks_name: String::new(),
            networks_step: None,
            starts_loaded: false,
            knows_stereo: false,
            stated_scale: None,
            run: None,
            config: RunConfig::default(),
            watched: BTreeSet::new(),
            inspects: false,
            shown: None,
            is_show_due: false,
            follows_training: true,
            adjustment: None,
            predicted: None,
            tracer: None,
            fusing: Fusing::default(),
            fuser: None,
            photographer: Photographer::default(),
            evaluation: None,
            makes_one_step: false,
        }
    }

    /// Obeys commands until `Shutdown`, or until nobody can send any more.
    pub(super) fn run(mut self) {
        loop {
            let has_work = self.state == State::Training || self.is_show_due || self.has_side_work();
            let command = if has_work { self.commands.try_recv().ok() } else { self.commands.recv().ok() };
            match command {
                Some(Command::Shutdown) => {
                    self.guarded(Some("the last checkpoint failed"), Self::finish);
                    return;
                }
                Some(command) => self.guarded(None, |worker| worker.obey(command)),
                None if !has_work => return,
                None if self.state == State::Training => {
                    self.guarded(Some("the training step failed"), Self::train);
                    self.work_aside();
                }
                None if self.is_show_due => self.guarded(Some("the frame cannot be shown"), Self::show),
                None => self.work_aside(),
            }
        }
    }

    /// Does some work; its error or panic becomes an event, and a run that was making steps pauses. `what`
    /// goes before an error that does not say by itself what failed.
    fn guarded(&mut self, what: Option<&str>, work: impl FnOnce(&mut Self) -> Result<()>) {
        let error = match catch_unwind(AssertUnwindSafe(|| work(self))) {
            Ok(Ok(())) => return,
            Ok(Err(error)) => error,
            Err(panic) => anyhow!("an error within the program: {}", panic_text(panic.as_ref())),
        };
        let ended_run = matches!(self.state, State::Training | State::Preparing);
        if ended_run && let Err(late) = self.settle() {
            self.warn(format!("the training step failed: {late:#}"));
        }
        if ended_run {
            let state = if self.run.is_some() { State::Paused } else { State::Idle };
            self.enter(state);
        }
        let paused = self.run.as_ref().filter(|_| ended_run);
        let harm = match paused {
            Some(run) if run.is_spoiled() => Harm::Spoiled,
            Some(_) => Harm::Stopped,
            None if ended_run => Harm::NotStarted,
            None => Harm::None,
        };
        let advice = match paused {
            Some(run) if harm == Harm::Spoiled => format!(
                "the run is paused and writes no further checkpoint: continue it from the last one, of step \
                 {}, with a lower learning rate, or with the gradient's norm limited in a new run; if that \
                 fails at once, remove the folder of this checkpoint to go on from the one before",
                run.saved_step()
            ),
            Some(_) => "the run is paused and its checkpoints are kept".to_owned(),
            None => String::new(),
        };
        let what = what.map_or_else(|| format!("{error:#}"), |what| format!("{what}: {error:#}"));
        self.tell(Event::Problem(Problem { what, advice, harm }));
    }

    fn obey(&mut self, command: Command) -> Result<()> {
        if !matches!(command, Command::Adjust(_) | Command::Watch(_) | Command::Inspect(_) | Command::Pin(_))
        {
            self.predicted = None;
        }
        match command {
            Command::OpenData { data, split } => self.open_data(&data, split)?,
            Command::LoadWeights(path) => self.load_weights(Some(path))?,
            Command::LoadDemo => self.load_weights(None)?,
            Command::ForgetWeights => self.forget_weights()?,
            Command::Start { config, out } => self.start(*config, &out)?,
            Command::Resume { run, data, config } => self.resume(&run, data, config.map(|config| *config))?,
            Command::Change(setting) => {
                let changed = self.run.as_mut().map_or(Ok(()), |run| run.change(setting));
                self.tell_reported();
                changed?;
            }
            Command::Pause if self.state == State::Training => {
                self.settle().context("the training step failed")?;
                self.pause();
            }
            Command::Continue | Command::Step if self.run.is_some() => {
                self.makes_one_step = matches!(command, Command::Step);
                self.enter(State::Training);
            }
            Command::Pause | Command::Continue | Command::Step | Command::Shutdown => {}
            Command::Stop => self.finish()?,
            Command::Trace { folder, side } => self.begin_trace(folder, side)?,
            Command::Fuse(fusing) => self.begin_fusing(fusing),
            Command::Pin(pinned) => self.pin(pinned),
            Command::EndTrace => self.end_trace(),
            Command::ComputeOn(choice) => self.compute_on(choice)?,
            Command::Evaluate(request) => self.begin_evaluation(*request)?,
            Command::CancelEvaluation => self.end_evaluation(),
            Command::Adjust(adjustment) => {
                self.adjustment = adjustment;
                self.is_show_due |= !self.is_following();
            }
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
            Command::Inspect(inspects) => {
                let has_more = inspects && !self.inspects;
                self.inspects = inspects;
                self.is_show_due |= has_more && !self.is_following();
            }
        }
        Ok(())
    }

    fn open_data(&mut self, choice: &DataChoice, split_name: Option<String>) -> Result<()> {
        self.finish()?;
        let data = OpenData::open(choice, split_name)?;
        let Samples { training, validation, dropped } = data.samples(&self.config.objective.frame_ids)?;
        // What cannot be opened ends nothing of this.
        self.leave_predictions();
        self.end_evaluation();
        self.shown = training.first().cloned();
        self.is_show_due = self.shown.is_some();
        self.tell(Event::Data(DataReport {
            name: data.source.name(),
            source: Arc::clone(&data.source),
            drives: data.source.drives().to_vec(),
            split: data.split().map(str::to_owned),
            training,
            validation,
            dropped,
        }));
        self.data = Some(data);
        Ok(())
    }

    /// Loads networks from a folder; without one, the demo's.
    fn load_weights(&mut self, path: Option<PathBuf>) -> Result<()> {
        self.finish()?;
        let device = &self.compute.device;
        let loaded = match &path {
            Some(path) => weights::load(&RunFolder::weights_in(path), device)?,
            None => weights::demo(device)?,
        };
        self.leave_predictions();
        self.networks_name =
            path.as_ref().map_or_else(|| "demo weights".to_owned(), |path| path.display().to_string());
        self.starts_loaded = path.is_some();
        self.knows_stereo = loaded.use_stereo == Some(true);
        self.stated_scale = path.as_ref().and_then(|path| self.read_scale(&RunFolder::weights_in(path)));
        let size = loaded.trained_size();
        (self.config.network.height, self.config.network.width) = (size.height, size.width);
        // Files of weights say no range of depth; that of the run before is not theirs.
        let ObjectiveConfig { min_depth, max_depth, .. } = ObjectiveConfig::default();
        self.config.objective = ObjectiveConfig {
            scales: loaded.networks.depth.scales().to_vec(),
            min_depth,
            max_depth,
            ..self.config.objective.clone()
        };
        self.tell(Event::Weights(WeightsReport {
            path,
            architecture: loaded.networks.architecture(),
            size: loaded.size,
            use_stereo: self.knows_stereo,
            loaded: loaded.report.loaded.len(),
            unused: loaded.report.unused,
        }));
        self.networks = Some(loaded.networks);
        self.networks_step = None;
        self.is_show_due = self.shown.is_some();
        self.begin_snapshot();
        Ok(())
    }

    /// Puts the loaded networks aside, so that runs begin from scratch.
    fn forget_weights(&mut self) -> Result<()> {
        self.finish()?;
        self.leave_predictions();
        (self.networks, self.networks_step) = (None, None);
        (self.starts_loaded, self.knows_stereo, self.stated_scale) = (false, false, None);
        self.networks_name.clear();
        self.is_show_due = self.shown.is_some();
        self.tell(Event::WeightsForgotten);
        Ok(())
    }

    /// How depths become metres, if a file beside the weights says so.
    fn read_scale(&self, weights: &Path) -> Option<MetricScale> {
        MetricScale::read(weights).unwrap_or_else(|error| {
            self.warn(error.to_string());
            None
        })
    }

    fn start(&mut self, config: RunConfig, out: &Path) -> Result<()> {
        self.finish()?;
        self.enter(State::Preparing);
        config.validate()?;
        let networks = self.starting_networks(&config)?;
        let data = self.data.as_ref().context("there is no data to train on; open some first")?;
        let samples = data.samples(&config.objective.frame_ids)?;
        let run = Run::new(config, networks, data, &samples, out, &self.compute)?;
        self.begin(run, &samples, Vec::new());
        Ok(())
    }

    fn resume(
        &mut self,
        out: &Path,
        data: Option<(DataChoice, Option<String>)>,
        config: Option<RunConfig>,
    ) -> Result<()> {
        self.finish()?;
        self.enter(State::Preparing);
        let folder = RunFolder::open(out)?;
        let config = config.map_or_else(|| folder.config(), Ok)?;
        let manifest = folder.manifest()?;
        let (choice, split) = data.unwrap_or((manifest.data, manifest.split));
        self.config = config.clone();
        self.open_data(&choice, split)?;
        self.go_on(folder, config)
    }

    /// Goes on with a run over the open data.
    fn go_on(&mut self, folder: RunFolder, config: RunConfig) -> Result<()> {
        let data = self.data.as_ref().context("the run's data is not open")?;
        let samples = data.samples(&config.objective.frame_ids)?;
        let (begun, here) = (folder.manifest()?.precision, self.compute.precision());
        let (run, history) = Run::resume(folder, config, data, &samples, &self.compute)?;
        self.begin(run, &samples, history);
        if begun != here {
            self.warn(format!("the run was begun with --precision {begun} and goes on with {here}"));
        }
        if self.run.as_ref().is_some_and(Run::is_finished) { self.finish() } else { Ok(()) }
    }

    fn begin(&mut self, run: Run, samples: &Samples, history: Vec<Entry>) {
        self.config = run.config();
        let snapshots = self.open_album(&run);
        let beginning = Beginning { config: run.config(), out: run.out(), history, snapshots };
        self.tell(Event::Begun(Box::new(beginning)));
        if let Some((key, reason)) = samples.dropped.first() {
            let count = samples.dropped.len();
            self.warn(format!("{count} samples lack a frame and are left out; the first, {key}: {reason}"));
        }
        if !run.has_validation() {
            self.warn("nothing to validate on, so no checkpoint is called the best".to_owned());
        }
        self.run = Some(run);
        self.begin_snapshot();
        self.makes_one_step = false;
        self.enter(State::Training);
    }

    fn starting_networks(&self, config: &RunConfig) -> Result<Networks> {
        let architecture = Architecture::new(&config.network, &config.objective)?;
        let mut networks = Networks::new(&architecture, config.training.seed, &self.compute.device);
        if let Some(file) = &config.network.pretrained_encoder {
            weights::load_imagenet(file, &mut networks)?;
        }
        if let Some(loaded) = self.networks.as_ref().filter(|_| self.starts_loaded) {
            networks.adopt(loaded, &config.network.models_to_load)?;
        }
        Ok(networks)
    }

    fn train(&mut self) -> Result<()> {
        let is_following = self.is_following();
        let wanted = if is_following { self.watched.clone() } else { BTreeSet::new() };
        // What they keep is of the networks before the step.
        (self.fuser, self.predicted) = (None, None);
        let Some(run) = &mut self.run else { return Ok(()) };
        let progress = run.advance(&wanted);
        let skipped = run.take_skipped();
        for (key, reason) in skipped {
            self.warn(format!("{key} was skipped: {reason}"));
        }
        self.tell_reported();
        let is_step = matches!(progress, Ok(Progress::Step(_)));
        match progress? {
            Progress::Step(step) => self.show_step(*step, is_following)?,
            Progress::Validating { done, samples } => self.tell(Event::Validating { done, samples }),
            Progress::Validated(report) => self.tell(Event::Validation(report)),
            Progress::NotValidated(reason) => self.warn(format!("validation was given up: {reason}")),
        }
        let Some(run) = &mut self.run else { return Ok(()) };
        let saved = if run.is_checkpoint_due() { run.save() } else { Ok(None) };
        let is_finished = run.is_finished();
        self.tell_reported();
        if let Some(path) = saved? {
            self.tell(Event::Checkpoint(path));
        }
        if is_finished {
            self.finish()?;
        } else {
            if is_step && std::mem::take(&mut self.makes_one_step) {
                self.settle()?;
                self.enter(State::Paused);
            }
            if self.is_show_due {
                self.show()?;
            }
        }
        Ok(())
    }

    fn pause(&mut self) {
        self.enter(State::Paused);
        self.is_show_due = self.shown.is_some();
    }

    /// Ends the run, if there is one.
    fn finish(&mut self) -> Result<()> {
        if let Some((steps, out)) = self.close()? {
            self.tell(Event::Finished { steps, out });
        }
        Ok(())
    }

    /// Writes the run's last checkpoint and keeps its networks for prediction; gives its steps and folder.
    fn close(&mut self) -> Result<Option<(u64, PathBuf)>> {
        // A last step that failed is told of; the run ends all the same.
        self.guarded(Some("the training step failed"), Self::settle);
        let Some(mut run) = self.run.take() else { return Ok(None) };
        (self.fuser, self.predicted) = (None, None);
        // Networks that give no numbers are good for nothing.
        self.networks = (!run.is_spoiled()).then(|| run.networks());
        self.networks_name = format!("{} at step {}", run.out().display(), run.steps());
        self.starts_loaded = true;
        self.knows_stereo = run.config().objective.uses_stereo();
        self.stated_scale = None;
        self.config = run.config();
        let (steps, out): (u64, PathBuf) = (run.steps(), run.out());
        let saved = run.save();
        self.begin_last_snapshot(steps);
        self.enter(State::Idle);
        self.is_show_due = self.shown.is_some();
        if let Some(path) = saved? {
            self.tell(Event::Checkpoint(path));
        }
        Ok(Some((steps, out)))
    }

    fn enter(&mut self, state: State) {
        if let Some(run) = self.run.as_mut().filter(|_| state != State::Training) {
            run.rest();
        }
        self.state = state;
        self.tell(Event::State(state));
    }

    fn warn(&self, what: String) {
        self.tell(Event::Problem(Problem { what, advice: String::new(), harm: Harm::None }));
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
