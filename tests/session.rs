//! The session thread as the window uses it: commands in, events and pictures out.

use crate::support::with_adapter;
use monoscope::{
    compute::{Compute, DisplayDevice},
    config::{DataChoice, DeviceChoice, FrameId, Preset, RunConfig},
    data::Side,
    objective::MapName,
    session::{
        Activity, Command, EvaluatedFrames, EvaluationProgress, EvaluationRequest, Event, Failure, Level,
        OnRun, Outcome, Picture, PictureSource, Provenance, Reply, RunEffect, SessionHandle, Trajectory,
    },
};
use std::{path::Path, sync::Arc, time::Duration};

pub fn session() -> SessionHandle {
    let display = with_adapter(DisplayDevice::request());
    let compute = Compute::open(DeviceChoice::Cpu, Some(display)).unwrap();
    SessionHandle::spawn(compute, Arc::new(|| ()))
}

/// Waits for the next event that `is_match` accepts, and drops others. A failure or a notice that it does not accept
/// fails the test.
pub fn next(session: &SessionHandle, mut is_match: impl FnMut(&Event) -> bool) -> Event {
    loop {
        let event = session.wait().expect("the session lives");
        if is_match(&event) {
            return event;
        }
        let is_failure = matches!(event, Event::Reply(Reply { result: Err(_), .. }) | Event::Notice(_));
        assert!(!is_failure, "{event:?}");
    }
}

/// Sends a command that succeeds, waits for the reply, and drops other events.
pub fn request(session: &SessionHandle, command: Command) {
    let outcome = session.call(command, |event| assert!(!matches!(event, Event::Notice(_)), "{event:?}"));
    assert_eq!(outcome, Ok(Outcome::Done));
}

/// Sends a command that fails, and returns the failure.
pub fn request_failure(session: &SessionHandle, command: Command) -> Failure {
    session.call(command, |_| ()).expect_err("the command fails")
}

/// Waits until the session has this activity.
pub fn until(session: &SessionHandle, activity: Activity) {
    for _ in 0..60_000 {
        if session.state().activity == activity {
            return;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    panic!("{:?} instead of {activity:?}", session.state().activity);
}

/// Waits until the run is interrupted by a failure of its own, and returns the failure.
pub fn interrupted(session: &SessionHandle) -> Failure {
    next(session, |event| matches!(event, Event::Notice(notice) if notice.level == Level::Error));
    let state = session.state();
    state.run.as_ref().and_then(|run| run.failure.clone()).expect("the state says why")
}

pub fn small(steps: u64) -> Box<RunConfig> {
    let mut config = Preset::Small.config();
    (config.network.height, config.network.width) = (64, 64);
    config.training.batch_size = 1;
    config.training.steps = Some(steps);
    Box::new(config)
}

pub fn open_demo(session: &SessionHandle) {
    request(session, Command::OpenData { data: DataChoice::Demo, split: None, on_run: OnRun::End });
    let report = session.state().data.clone().expect("the data is open");
    assert!(report.training.len() > 10 && report.dropped.is_empty());
}

pub fn next_picture(session: &SessionHandle, is_match: impl Fn(&Picture) -> bool) -> Arc<Picture> {
    for _ in 0..2000 {
        if let Some(picture) = session.picture()
            && is_match(&picture)
        {
            return picture;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    panic!("no picture came");
}

fn next_trajectory(session: &SessionHandle, is_match: impl Fn(&Trajectory) -> bool) -> Arc<Trajectory> {
    for _ in 0..6000 {
        if let Some(path) = session.trajectory().filter(|path| is_match(path)) {
            return path;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    panic!("no path came");
}

fn log_lines(run: &Path) -> usize {
    std::fs::read_to_string(run.join("metrics.jsonl")).unwrap().lines().count()
}

#[test]
fn a_run_starts_pauses_steps_goes_on_and_stops() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("run");
    let session = session();
    open_demo(&session);
    request(&session, Command::Start { config: small(1000), out: out.clone() });
    assert_eq!(session.state().activity, Activity::Training);
    next(&session, |event| matches!(event, Event::Step(report) if report.step == 2));

    request(&session, Command::Pause);
    assert_eq!(session.state().activity, Activity::Paused);
    let paused_at = log_lines(&out);
    std::thread::sleep(Duration::from_millis(300));
    assert_eq!(log_lines(&out), paused_at, "steps were made during the pause");

    session.send(Command::Step);
    let Event::Step(report) = next(&session, |event| matches!(event, Event::Step(_))) else { unreachable!() };
    assert_eq!(report.step as usize, paused_at + 1, "one step");
    until(&session, Activity::Paused);

    session.send(Command::Continue);
    next(&session, |event| matches!(event, Event::Step(now) if now.step == report.step + 2));
    session.send(Command::Stop);
    let saved = next(&session, |event| matches!(event, Event::Checkpoint(_)));
    let Event::RunEnded { steps, .. } = next(&session, |event| matches!(event, Event::RunEnded { .. }))
    else {
        unreachable!()
    };
    let Event::Checkpoint(saved) = saved else { unreachable!() };
    assert!(saved.ends_with(format!("step_{steps:06}")) && saved.join("encoder.pth").is_file());
    assert_eq!(log_lines(&out) as u64, steps);
}

#[test]
fn the_same_seed_gives_the_same_losses() {
    let losses = |name: &str, folder: &Path| -> Vec<String> {
        let session = session();
        open_demo(&session);
        session.send(Command::Start { config: small(3), out: folder.join(name) });
        next(&session, |event| matches!(event, Event::RunEnded { .. }));
        let log = std::fs::read_to_string(folder.join(name).join("metrics.jsonl")).unwrap();
        log.lines()
            .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap()["loss"].to_string())
            .collect()
    };
    let folder = tempfile::tempdir().unwrap();
    let first = losses("first", folder.path());
    assert_eq!(first.len(), 3);
    assert_eq!(first, losses("second", folder.path()));
}

#[test]
fn a_failure_is_an_event_and_the_session_lives_on() {
    let folder = tempfile::tempdir().unwrap();
    let session = session();
    let problem =
        request_failure(&session, Command::Start { config: small(2), out: folder.path().join("run") });
    assert!(problem.text.contains("no data") && problem.effect == RunEffect::NotStarted, "{problem:?}");

    let nowhere = Command::LoadWeights { path: Some(folder.path().join("nowhere")), on_run: OnRun::End };
    let problem = request_failure(&session, nowhere);
    assert!(problem.text.contains("nowhere"), "{problem:?}");
    assert!(!problem.text.contains("command"), "nobody gave a command: {problem:?}");

    open_demo(&session);
    let mut config = small(2);
    config.training.learning_rate = 1e30;
    session.send(Command::Start { config, out: folder.path().join("exploding") });
    let problem = interrupted(&session);
    assert!(problem.effect == RunEffect::NonFinite && problem.text.contains("loss"), "{problem:?}");

    session.send(Command::Stop);
    session.send(Command::Start { config: small(1), out: folder.path().join("run") });
    next(&session, |event| matches!(event, Event::RunEnded { steps: 1, .. }));
}

#[test]
fn a_run_of_other_networks_needs_the_loaded_ones_to_be_unloaded() {
    let folder = tempfile::tempdir().unwrap();
    let session = session();
    open_demo(&session);
    session.send(Command::Start { config: small(1), out: folder.path().join("first") });
    next(&session, |event| matches!(event, Event::RunEnded { .. }));
    let mut light = Preset::Light.config();
    (light.training.batch_size, light.training.steps) = (1, Some(1));
    let start = || Command::Start { config: Box::new(light.clone()), out: folder.path().join("second") };
    let problem = request_failure(&session, start());
    assert!(
        problem.effect == RunEffect::NotStarted && problem.text.contains("--depth-network"),
        "{problem:?}"
    );
    assert!(!folder.path().join("second").exists());

    session.send(Command::Watch([MapName::Colour(FrameId::TARGET)].into()));
    request(&session, Command::UnloadWeights);
    assert_eq!(session.state().model, None);
    next_picture(&session, |picture| picture.origin == PictureSource::Images);
    session.send(start());
    next(&session, |event| matches!(event, Event::RunEnded { steps: 1, .. }));
}

#[test]
fn pictures_hold_what_is_watched_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let session = session();
    let watched = [MapName::Colour(FrameId::TARGET), MapName::Depth, MapName::Warped(FrameId::NEXT)];
    session.send(Command::Watch(watched.into()));
    open_demo(&session);
    let picture = next_picture(&session, |_| true);
    assert_eq!(picture.origin, PictureSource::Images);
    assert_eq!(picture.maps.keys().copied().collect::<Vec<_>>(), [MapName::Colour(FrameId::TARGET)]);

    session.send(Command::Start { config: small(2), out: folder.path().join("run") });
    let picture = next_picture(&session, |picture| picture.origin == PictureSource::Training);
    assert_eq!(picture.maps.keys().copied().collect::<Vec<_>>(), watched);
    let weights = Provenance::Run { out: folder.path().join("run"), step: picture.step - 1 };
    assert_eq!(
        picture.weights,
        Some(weights),
        "the batch went through the networks before the step changed them"
    );
    let warped = &picture.maps[&MapName::Warped(FrameId::NEXT)];
    assert_eq!([warped.channels, warped.height, warped.width], [3, 64, 64]);
    assert!(picture.cloud.is_some(), "depth and colour are watched, so there is a cloud");

    next(&session, |event| matches!(event, Event::RunEnded { .. }));
    let picture = next_picture(&session, |picture| picture.origin == PictureSource::Prediction);
    session.send(Command::Watch([MapName::Disparity(3)].into()));
    let mut next_key = picture.key.clone();
    next_key.frame += 3;
    session.send(Command::Show(next_key.clone()));
    let picture = next_picture(&session, |picture| picture.key == next_key);
    let disparity = &picture.maps[&MapName::Disparity(3)];
    assert_eq!([disparity.channels, disparity.height, disparity.width], [1, 8, 8]);
    assert_eq!(picture.maps.len(), 1);
}

#[test]
fn a_run_begins_from_scratch_after_a_look_with_the_demo_weights() {
    let folder = tempfile::tempdir().unwrap();
    let session = session();
    open_demo(&session);
    request(&session, Command::LoadWeights { path: None, on_run: OnRun::End });
    let model = session.state().model.clone().expect("the demo's networks are looked at");
    assert!(model.provenance == Provenance::Demo && model.architecture.pose.is_none());
    // The demo weights have another architecture than the run, which must not matter.
    session.send(Command::Start { config: small(1), out: folder.path().join("run") });
    next(&session, |event| matches!(event, Event::RunEnded { steps: 1, .. }));
}

#[test]
fn an_inspection_of_pixels_comes_only_when_it_is_requested() {
    let folder = tempfile::tempdir().unwrap();
    let session = session();
    session.send(Command::Watch([MapName::MinimumLoss].into()));
    open_demo(&session);
    session.send(Command::LoadWeights { path: None, on_run: OnRun::End });
    // The demo weights have no pose network, so only the stereo image can be warped.
    let picture = next_picture(&session, |picture| picture.origin == PictureSource::Prediction);
    assert!(picture.inspection.is_none());
    assert_eq!(picture.objective.frame_ids, [FrameId::TARGET, FrameId::Stereo]);
    assert!(picture.maps.contains_key(&MapName::MinimumLoss));

    session.send(Command::Inspect(true));
    let picture = next_picture(&session, |picture| picture.inspection.is_some());
    let report = picture.inspection.as_ref().unwrap().report([20, 60]);
    assert_eq!(report.sources.iter().map(|source| source.id).collect::<Vec<_>>(), [FrameId::Stereo]);
    assert!(report.truth.is_some() && report.gradient.is_some());
    // The baseline of the built-in drive is 0.54 m, and that of the networks 0.1 units, so a unit is 5.4 m.
    assert!((report.scale.unwrap().metres_per_unit - 5.4).abs() < 1e-5);

    session.send(Command::Start { config: small(2), out: folder.path().join("run") });
    let picture = next_picture(&session, |picture| picture.origin == PictureSource::Training);
    let report = picture.inspection.as_ref().expect("of the training batch").report([5, 5]);
    assert_eq!(report.sources.len(), 2);
    next(&session, |event| matches!(event, Event::RunEnded { .. }));
    session.send(Command::Inspect(false));
    session.send(Command::Show(picture.key.clone()));
    next_picture(&session, |picture| {
        picture.inspection.is_none() && picture.origin == PictureSource::Prediction
    });
}

#[test]
fn a_trajectory_grows_beside_a_run_and_can_be_cancelled() {
    let folder = tempfile::tempdir().unwrap();
    let session = session();
    open_demo(&session);
    let drive = "demo/demo_drive_0001_sync".to_owned();
    let predict = || Command::PredictTrajectory { folder: drive.clone(), side: Side::Left };
    let problem = request_failure(&session, predict());
    assert!(problem.text.contains("no networks"), "{problem:?}");
    session.send(Command::LoadWeights { path: None, on_run: OnRun::End });
    let problem = request_failure(&session, predict());
    assert!(problem.text.contains("no pose network") && problem.effect == RunEffect::None, "{problem:?}");

    request(&session, Command::Start { config: small(1000), out: folder.path().join("run") });
    request(&session, predict());
    let part = next_trajectory(&session, |_| true).predicted.len();
    next(&session, |event| matches!(event, Event::Step(_)));
    next_trajectory(&session, |path| path.predicted.len() > part);
    session.send(Command::CancelTrajectory);
    next(&session, |event| matches!(event, Event::TrajectoryEnded));
    session.send(Command::Stop);
    next(&session, |event| matches!(event, Event::RunEnded { .. }));
    session.send(predict());
    let path = next_trajectory(&session, Trajectory::is_complete);
    assert_eq!((path.folder.as_str(), path.frames.len(), path.predicted.len()), (drive.as_str(), 91, 91));
    assert_eq!((path.truth.len(), path.problem.clone()), (91, None));
}

#[test]
fn networks_are_evaluated_beside_other_work_and_an_evaluation_can_be_cancelled() {
    let session = session();
    open_demo(&session);
    session.send(Command::LoadWeights { path: None, on_run: OnRun::End });
    session.send(Command::Evaluate(Box::default()));
    let is_finished = |event: &Event| matches!(event, Event::Evaluation(EvaluationProgress::Finished(_)));
    let Event::Evaluation(EvaluationProgress::Finished(report)) = next(&session, is_finished) else {
        unreachable!()
    };
    assert_eq!(report.name, "demo weights");
    let evaluation = &report.evaluation;
    assert_eq!(evaluation.images, evaluation.per_image.len());
    assert!(evaluation.metrics.abs_rel < 0.2 && evaluation.protocol.contains("Garg crop"), "{evaluation:?}");
    let pixels: usize = evaluation.by_distance.iter().map(|range| range.pixels).sum();
    assert_eq!(pixels, evaluation.per_image.iter().map(|image| image.pixels).sum::<usize>());

    let every = EvaluationRequest { frames: EvaluatedFrames::Every, ..EvaluationRequest::default() };
    session.send(Command::Evaluate(Box::new(every)));
    next(&session, |event| matches!(event, Event::Evaluation(EvaluationProgress::Scored(_))));
    session.send(Command::CancelEvaluation);
    next(&session, |event| matches!(event, Event::Evaluation(EvaluationProgress::Aborted)));

    let mut contradictory = EvaluationRequest::default();
    (contradictory.choices.stereo, contradictory.choices.scale_factor) = (true, Some(2.0));
    let problem = request_failure(&session, Command::Evaluate(Box::new(contradictory)));
    assert!(problem.text.contains("--scale-factor cannot be given"), "{problem:?}");
}

#[test]
fn true_depth_and_the_error_of_the_prediction_are_shown() {
    let session = session();
    let of_truth = [MapName::TrueDepth, MapName::DepthError];
    session.send(Command::Watch(of_truth.into()));
    open_demo(&session);
    session.send(Command::LoadWeights { path: None, on_run: OnRun::End });
    let has_all = |picture: &Picture| picture.maps.len() == of_truth.len();
    let picture = next_picture(&session, has_all);
    assert_eq!(picture.maps[&MapName::TrueDepth].height, picture.maps[&MapName::DepthError].height);
}

#[test]
fn the_gradient_of_the_disparity_is_shown_with_and_without_the_inspector() {
    let session = session();
    session.send(Command::Watch([MapName::DisparityGradient, MapName::Disparity(0)].into()));
    open_demo(&session);
    session.send(Command::LoadWeights { path: None, on_run: OnRun::End });
    let has_gradient = |picture: &Picture| picture.maps.contains_key(&MapName::DisparityGradient);
    let alone = next_picture(&session, |picture| has_gradient(picture) && picture.inspection.is_none());
    let [gradient, disparity] =
        [MapName::DisparityGradient, MapName::Disparity(0)].map(|name| &alone.maps[&name]);
    assert_eq!([gradient.height, gradient.width], [disparity.height, disparity.width]);
    session.send(Command::Inspect(true));
    next_picture(&session, |picture| has_gradient(picture) && picture.inspection.is_some());
}
