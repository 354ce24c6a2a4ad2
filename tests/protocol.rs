//! The protocol of a session compared with a simple model of it: random sequences of commands get one reply each, and
//! the state that the model predicts.

use crate::{
    session::{interrupted, next, open_demo, request, request_failure, session, until},
    support::Cases,
};
use monoscope::{
    compute::Compute,
    config::{DataChoice, DeviceChoice, FrameId, PoseModelType, Preset, RunConfig, Setting},
    data::{FrameKey, Side},
    objective::{Adjustment, MapName},
    session::{
        Activity, Bookmarks, Command, EvaluationRequest, Event, FusionRequest, OnRun, Outcome, PoseSource,
        Provenance, SessionHandle, SessionState,
    },
};
use rand::{Rng, RngExt, seq::IndexedRandom};
use rand_chacha::ChaCha8Rng;
use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

/// Number of commands in a sequence.
const LENGTH: usize = 9;
pub const DRIVE: &str = "demo/demo_drive_0001_sync";

/// Origin of the viewed networks.
#[derive(Clone, Debug, PartialEq)]
enum Networks {
    Demo,
    File,
    Run(PathBuf),
}

/// Model of a session.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Model {
    has_data: bool,
    /// Networks that were loaded or remain from a run; if there are none, those of the run under way are viewed.
    networks: Option<Networks>,
    run: Option<PathBuf>,
    activity: Activity,
    ended: Vec<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Expected {
    Done,
    RunUnderWay,
    AlreadyUnderWay,
    Failure,
}

/// Files that cannot be opened, and weights that can.
pub struct Files {
    folder: tempfile::TempDir,
    weights: PathBuf,
}

impl Files {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        fs::create_dir(path("without_pictures")).unwrap();
        fs::create_dir(path("without_camera")).unwrap();
        image::RgbImage::new(64, 32).save(path("without_camera/1.png")).unwrap();
        fs::write(path("broken.safetensors"), "no tensors").unwrap();
        let session = session();
        open_demo(&session);
        let run = path("weights");
        request(&session, Command::Start { config: config(1), out: run.clone() });
        next(&session, |event| matches!(event, Event::RunEnded { .. }));
        Self { weights: run.join("checkpoints/step_000001"), folder }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

/// The smallest run of the smallest networks.
fn config(steps: u64) -> Box<RunConfig> {
    let mut config = Preset::Light.config();
    (config.network.height, config.network.width) = (64, 64);
    (config.training.batch_size, config.training.steps) = (1, Some(steps));
    // The smallest pose network keeps the checkpoints small.
    config.network.pose_model_type = PoseModelType::Posecnn;
    config.training.validation_samples = Some(1);
    Box::new(config)
}

fn bad_data(files: &Files, random: &mut impl Rng) -> (DataChoice, Option<String>) {
    match random.random_range(0..4) {
        0 => (DataChoice::Folder(files.path("nowhere")), None),
        1 => (DataChoice::Folder(files.path("without_pictures")), None),
        2 => (DataChoice::Folder(files.path("without_camera")), None),
        _ => (DataChoice::Demo, Some("a_split_that_there_is_not".to_owned())),
    }
}

pub fn command(files: &Files, model: &Model, number: usize, random: &mut impl Rng) -> Command {
    let on_run = *[OnRun::Ask, OnRun::Keep, OnRun::End].choose(random).unwrap();
    let key = |frame| FrameKey { folder: DRIVE.to_owned(), frame, side: Side::Left };
    match random.random_range(0..32) {
        0..=3 => Command::OpenData { data: DataChoice::Demo, split: None, on_run },
        4 | 5 => {
            let (data, split) = bad_data(files, random);
            Command::OpenData { data, split, on_run }
        }
        6 => Command::LoadWeights { path: None, on_run },
        7 => Command::LoadWeights { path: Some(files.weights.clone()), on_run },
        8 => {
            let name = if random.random() { "broken.safetensors" } else { "nowhere" };
            Command::LoadWeights { path: Some(files.path(name)), on_run }
        }
        9 => Command::UnloadWeights,
        10 => Command::ViewRun,
        11..=14 => Command::Start { config: config(1_000_000), out: files.path(&format!("run_{number}")) },
        15 => Command::Start { config: config(1_000_000), out: files.path("weights") },
        16 | 17 => {
            let nowhere = files.path("nowhere");
            let run = model.ended.choose(random).or(model.run.as_ref()).unwrap_or(&nowhere).clone();
            Command::Resume { run, data: None, config: None, on_run }
        }
        18 => Command::Change(Setting::LearningRate(if random.random() { 2e-4 } else { -1.0 })),
        19 => Command::Pause,
        20 => Command::Continue,
        21 => Command::Step,
        22 => Command::Stop,
        23 => Command::Show(key(random.random_range(0..200))),
        24 => Command::Watch([MapName::Depth, MapName::Colour(FrameId::TARGET), MapName::MinimumLoss].into()),
        25 => Command::Inspect(random.random()),
        26 => {
            let adjustment = Adjustment { depth: 1.1, ..Adjustment::default() };
            Command::Adjust(random.random::<bool>().then_some(adjustment))
        }
        27 => Command::PredictTrajectory { folder: DRIVE.to_owned(), side: Side::Left },
        28 => Command::Fuse(FusionRequest { frames: 3, poses: PoseSource::Predicted }),
        29 => {
            let maps = BTreeSet::from([MapName::Disparity(0)]);
            Command::Bookmark(Bookmarks { frames: vec![key(5), key(40)], maps, every: 1 })
        }
        30 => Command::Evaluate(Box::<EvaluationRequest>::default()),
        _ => match random.random_range(0..4) {
            0 => Command::FollowTraining(random.random()),
            1 => Command::CancelTrajectory,
            2 => Command::CancelEvaluation,
            _ => Command::ComputeOn(DeviceChoice::Cpu),
        },
    }
}

impl Model {
    /// Applies a command and returns the expected result.
    fn handle(&mut self, command: &Command, files: &Files) -> Expected {
        let is_good = |path: &Path| path == files.weights;
        match command {
            Command::OpenData { data, split, on_run } => {
                let opens = *data == DataChoice::Demo && split.is_none();
                self.opened(opens, *on_run, |model| model.has_data = true)
            }
            Command::LoadWeights { path: None, on_run } => {
                self.opened(true, *on_run, |model| model.networks = Some(Networks::Demo))
            }
            Command::LoadWeights { path: Some(path), on_run } => {
                self.opened(is_good(path), *on_run, |model| model.networks = Some(Networks::File))
            }
            Command::UnloadWeights => {
                self.networks = None;
                Expected::Done
            }
            Command::ViewRun if self.run.is_some() => {
                self.networks = None;
                Expected::Done
            }
            Command::Start { out, .. }
                if self.run.is_none() && self.has_data && !out.ends_with("weights") =>
            {
                (self.run, self.networks, self.activity) = (Some(out.clone()), None, Activity::Training);
                Expected::Done
            }
            Command::Resume { run, on_run, .. } => {
                let is_same = self.run.as_ref() == Some(run);
                if is_same && *on_run != OnRun::End {
                    return Expected::AlreadyUnderWay;
                }
                if !(is_same || self.ended.contains(run)) || (self.run.is_some() && *on_run == OnRun::Keep) {
                    return Expected::Failure;
                }
                self.opened(true, *on_run, |model| {
                    model.ended.retain(|ended| ended != run);
                    (model.run, model.networks) = (Some(run.clone()), None);
                    (model.activity, model.has_data) = (Activity::Training, true);
                })
            }
            Command::Change(Setting::LearningRate(rate)) if self.run.is_some() && *rate > 0.0 => {
                Expected::Done
            }
            Command::Pause => {
                if self.run.is_some() {
                    self.activity = Activity::Paused;
                }
                Expected::Done
            }
            Command::Continue | Command::Step if self.run.is_some() => {
                let one = *command == Command::Step;
                self.activity = if one { Activity::Paused } else { Activity::Training };
                Expected::Done
            }
            Command::Stop => {
                self.end();
                Expected::Done
            }
            Command::PredictTrajectory { .. } => {
                let has_pose = match self.networks {
                    Some(Networks::Demo) => false,
                    Some(_) => true,
                    None => self.run.is_some(),
                };
                if self.has_data && has_pose { Expected::Done } else { Expected::Failure }
            }
            Command::Evaluate(_) if self.has_data && (self.networks.is_some() || self.run.is_some()) => {
                Expected::Done
            }
            Command::Evaluate(_)
            | Command::ViewRun
            | Command::Start { .. }
            | Command::Change(_)
            | Command::Continue
            | Command::Step => Expected::Failure,
            _ => Expected::Done,
        }
    }

    fn opened(&mut self, opens: bool, on_run: OnRun, commit: impl FnOnce(&mut Self)) -> Expected {
        if !opens {
            return Expected::Failure;
        }
        if self.run.is_some() && on_run == OnRun::Ask {
            return Expected::RunUnderWay;
        }
        if on_run == OnRun::End {
            self.end();
        }
        commit(self);
        Expected::Done
    }

    fn end(&mut self) {
        if let Some(run) = self.run.take() {
            self.networks.get_or_insert(Networks::Run(run.clone()));
            self.ended.push(run);
            self.activity = Activity::Idle;
        }
    }

    fn check(&self, state: &SessionState, context: &str) {
        assert_eq!(state.activity, self.activity, "{context}");
        assert_eq!(state.data.is_some(), self.has_data, "{context}");
        assert_eq!(state.run.as_ref().map(|run| run.out.clone()), self.run, "{context}");
        let of_run = self.run.clone().map(Networks::Run);
        let networks = state.model.as_ref().map(|model| match &model.provenance {
            Provenance::Demo => Networks::Demo,
            Provenance::File(_) => Networks::File,
            Provenance::Run { out, .. } => Networks::Run(out.clone()),
        });
        assert_eq!(networks, self.networks.clone().or(of_run), "{context}");
        if let Some(run) = &state.run {
            assert_eq!(run.is_viewed, self.networks.is_none(), "{context}");
            assert_eq!(run.failure, None, "{context}");
        }
    }
}

fn without_display() -> SessionHandle {
    SessionHandle::spawn(Compute::open(DeviceChoice::Cpu, None).unwrap(), Arc::new(|| ()))
}

/// Checks one sequence of commands.
fn sequence(files: &Files, seed: u64, random: &mut ChaCha8Rng) {
    // Drawing takes most of the time, so only one sequence in five draws.
    let session = if seed.is_multiple_of(5) { session() } else { without_display() };
    let mut model = Model::default();
    for index in 0..LENGTH {
        let command = command(files, &model, 100 * seed as usize + index, random);
        let expected = model.handle(&command, files);
        let id = session.send(command.clone());
        let result = loop {
            match session.wait().expect("the session lives") {
                Event::Reply(reply) => {
                    assert_eq!(reply.id, id, "one reply for each request, in their order");
                    break reply.result;
                }
                Event::Notice(notice) => assert_eq!(notice.report, None, "a panic: {notice:?}"),
                _ => {}
            }
        };
        let actual = match &result {
            Ok(Outcome::Done) => Expected::Done,
            Ok(Outcome::RunUnderWay { .. }) => Expected::RunUnderWay,
            Ok(Outcome::AlreadyUnderWay { .. }) => Expected::AlreadyUnderWay,
            Ok(Outcome::RunFinished { .. }) => panic!("no run makes a million steps"),
            Err(failure) => {
                assert_eq!(failure.report, None, "a panic: {failure:?}");
                Expected::Failure
            }
        };
        let context =
            format!("sequence {seed}, command {index}: {command:?} gave {result:?}, model {model:?}");
        assert_eq!(actual, expected, "{context}");
        if command == Command::Step && actual == Expected::Done {
            until(&session, Activity::Paused);
        }
        model.check(&session.state(), &context);
    }
    drop(session);
    // The runs of a thousand sequences would fill the disk.
    for run in model.run.iter().chain(&model.ended) {
        fs::remove_dir_all(run).unwrap();
    }
}

#[test]
fn random_sequences_of_commands_get_one_reply_each_and_the_state_that_a_model_predicts() {
    let files = Files::new();
    Cases(0..100).run(|seed, random| sequence(&files, seed, random));
}

#[test]
#[ignore = "takes minutes: 1000 sequences"]
fn random_sequences_of_commands_get_one_reply_each_and_the_state_that_a_model_predicts_in_full() {
    let files = Files::new();
    Cases(0..1000).run(|seed, random| sequence(&files, seed, random));
}

/// Starts a run and waits for its step 2. The run goes on, and its batches are shown.
pub fn training(files: &Files) -> (SessionHandle, PathBuf) {
    let session = session();
    open_demo(&session);
    let out = files.path("under_way");
    request(&session, Command::Start { config: config(1_000_000), out: out.clone() });
    next(&session, |event| matches!(event, Event::Step(report) if report.step == 2));
    (session, out)
}

#[test]
fn what_cannot_be_opened_leaves_a_run_as_it_is() {
    let files = Files::new();
    let (session, out) = training(&files);
    let before = session.state();
    for on_run in [OnRun::Ask, OnRun::Keep, OnRun::End] {
        for folder in ["nowhere", "without_pictures", "without_camera"] {
            let data = DataChoice::Folder(files.path(folder));
            let failure = request_failure(&session, Command::OpenData { data, split: None, on_run });
            assert!(failure.text.contains(folder), "it is named: {failure:?}");
        }
        let split = Some("a_split_that_there_is_not".to_owned());
        request_failure(&session, Command::OpenData { data: DataChoice::Demo, split, on_run });
        let path = Some(files.path("broken.safetensors"));
        let failure = request_failure(&session, Command::LoadWeights { path, on_run });
        assert!(failure.text.contains("broken.safetensors"), "it is named: {failure:?}");
        let resume = Command::Resume { run: files.path("nowhere"), data: None, config: None, on_run };
        request_failure(&session, resume);
        let state = session.state();
        assert_eq!((state.activity, &state.data), (Activity::Training, &before.data));
        let run = state.run.as_ref().expect("the run goes on");
        assert_eq!((&run.out, &run.failure, run.is_viewed), (&out, &None, true));
    }
    next(&session, |event| matches!(event, Event::Step(_)));
}

#[test]
fn what_can_be_opened_waits_for_a_decision_or_is_viewed_while_the_run_goes_on() {
    let files = Files::new();
    let (session, out) = training(&files);
    let of_run = session.state().data.clone().unwrap();
    let open = |on_run| Command::OpenData { data: DataChoice::Demo, split: None, on_run };
    let outcome = session.call(open(OnRun::Ask), |_| ()).unwrap();
    assert!(matches!(outcome, Outcome::RunUnderWay { out: run, step } if run == out && step >= 2));
    assert_eq!(session.state().data.as_ref(), Some(&of_run), "nothing changed");

    session.call(open(OnRun::Keep), |_| ()).unwrap();
    let load = Command::LoadWeights { path: Some(files.weights.clone()), on_run: OnRun::Keep };
    session.call(load, |_| ()).unwrap();
    let state = session.state();
    let run = state.run.as_ref().expect("the run goes on");
    assert!(run.data_version == of_run.version && !run.is_viewed);
    assert_ne!(state.data.as_ref().unwrap().version, of_run.version);
    assert_eq!(state.model.as_ref().unwrap().provenance, Provenance::File(files.weights.clone()));
    let step = run.step;
    next(&session, |event| matches!(event, Event::Step(report) if report.step >= step + 2));

    request(&session, Command::ViewRun);
    let state = session.state();
    assert_eq!(state.data.as_ref(), Some(&of_run));
    assert!(state.run.as_ref().unwrap().is_viewed);

    session.call(open(OnRun::End), |_| ()).unwrap();
    let state = session.state();
    assert_eq!((state.activity, &state.run), (Activity::Idle, &None));
    assert!(
        matches!(&state.model.as_ref().unwrap().provenance, Provenance::Run { out: of, .. } if *of == out)
    );
}

#[test]
fn an_error_while_showing_pauses_nothing() {
    let files = Files::new();
    let (session, _) = training(&files);
    request(&session, Command::Watch([MapName::Depth].into()));
    request(&session, Command::FollowTraining(false));
    session.send(Command::Show(FrameKey { folder: "nowhere".to_owned(), frame: 3, side: Side::Left }));
    let is_notice = |event: &Event| matches!(event, Event::Notice(notice) if notice.text.contains("nowhere"));
    next(&session, is_notice);
    for _ in 0..3 {
        // The frame is tried again after each step.
        next(&session, is_notice);
    }
    next(&session, |event| matches!(event, Event::Step(_)) || is_notice(event));
    assert_eq!(session.state().activity, Activity::Training);
}

#[test]
fn a_run_without_finite_losses_says_why_it_stands() {
    let files = Files::new();
    let session = session();
    open_demo(&session);
    let mut config = config(6);
    config.training.learning_rate = 1e30;
    request(&session, Command::Start { config, out: files.path("exploding") });
    let failure = interrupted(&session);
    assert_eq!(session.state().activity, Activity::Paused);
    assert!(failure.text.contains("loss") && !failure.advice.is_empty(), "{failure:?}");
}
