//! Recovery of a session from a panic or a lost device: it lives, and runs go on from their checkpoints.

use crate::{
    session::{next, next_picture, open_demo, request, small, until},
    support::with_adapter,
};
use monoscope::{
    compute::{Compute, DisplayDevice},
    config::{DeviceChoice, FrameId, Preset, RunConfig},
    data::Side,
    objective::MapName,
    session::{
        Activity, Command, Event, Level, Notice, OnRun, PictureSource, Provenance, RunEffect, SessionHandle,
        Topic,
    },
};
use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

/// Starts a session on the CPU whose next event or state panics once the flag is set, wherever the session is then.
fn brittle() -> (SessionHandle, Arc<AtomicBool>) {
    let breaks = Arc::new(AtomicBool::default());
    let armed = Arc::clone(&breaks);
    let on_change = move || assert!(!armed.swap(false, Ordering::Relaxed), "a planted error");
    let compute = Compute::open(DeviceChoice::Cpu, None).unwrap();
    (SessionHandle::spawn(compute, Arc::new(on_change)), breaks)
}

fn panicked(session: &SessionHandle) -> Notice {
    let event = next(session, |event| matches!(event, Event::Notice(notice) if notice.report.is_some()));
    let Event::Notice(notice) = event else { unreachable!() };
    notice
}

/// Configuration of a run that writes a checkpoint every second step.
fn saving(steps: u64) -> Box<RunConfig> {
    let mut config = small(steps);
    config.training.checkpoint_frequency = 2;
    config
}

#[test]
fn a_panic_in_a_step_sets_the_run_back_to_its_checkpoint_and_it_can_go_on() {
    let folder = tempfile::tempdir().unwrap();
    let (session, breaks) = brittle();
    open_demo(&session);
    request(&session, Command::Start { config: saving(8), out: folder.path().join("run") });
    next(&session, |event| matches!(event, Event::Step(report) if report.step == 3));
    breaks.store(true, Ordering::Relaxed);
    let notice = panicked(&session);
    assert_eq!((notice.level, notice.topic), (Level::Error, Topic::Run));
    assert!(
        notice.text.contains("a planted error") && notice.text.contains("tests/recovery.rs:"),
        "{notice:?}"
    );
    let report = notice.report.unwrap();
    assert!(report.contains("backtrace") && report.contains(env!("CARGO_PKG_VERSION")), "{report}");

    let state = session.state();
    let run = state.run.as_ref().expect("the run is there");
    let failure = run.failure.as_ref().expect("the state says why it stands");
    assert_eq!((state.activity, failure.effect), (Activity::Paused, RunEffect::RolledBack));
    assert!(run.step.is_multiple_of(2), "step {} was saved", run.step);
    assert!(failure.advice.contains(&format!("step {}", run.step)), "{failure:?}");
    session.send(Command::Continue);
    next(&session, |event| matches!(event, Event::RunEnded { steps: 8, failure: None, .. }));
}

#[test]
fn a_panic_in_a_job_ends_the_job_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let (session, breaks) = brittle();
    open_demo(&session);
    request(&session, Command::Start { config: small(1), out: folder.path().join("run") });
    next(&session, |event| matches!(event, Event::RunEnded { .. }));
    until(&session, Activity::Idle);
    let predict =
        Command::PredictTrajectory { folder: "demo/demo_drive_0001_sync".to_owned(), side: Side::Left };
    request(&session, predict.clone());
    breaks.store(true, Ordering::Relaxed);
    let notice = panicked(&session);
    assert_eq!((notice.level, notice.topic), (Level::Warning, Topic::Job), "{notice:?}");
    next(&session, |event| matches!(event, Event::TrajectoryEnded));
    request(&session, predict);
}

/// Starts a session that computes and draws on a device of its own. Returns the device, so that it can be destroyed.
fn on_gpu() -> (SessionHandle, DisplayDevice) {
    let display = with_adapter(DisplayDevice::request());
    let compute = Compute::open(DeviceChoice::Gpu, Some(display.clone())).unwrap();
    (SessionHandle::spawn(compute, Arc::new(|| ())), display)
}

fn lost(session: &SessionHandle) -> Notice {
    let is_loss = |notice: &Notice| notice.topic == Topic::Device && notice.text.contains("was lost");
    // Work that was under way on the device can send other notices first.
    loop {
        if let Event::Notice(notice) = session.wait().expect("the session lives")
            && is_loss(&notice)
        {
            return notice;
        }
    }
}

#[test]
fn a_run_goes_on_from_its_checkpoint_when_its_device_is_lost() {
    let folder = tempfile::tempdir().unwrap();
    let (session, display) = on_gpu();
    open_demo(&session);
    let mut config = saving(6);
    config.network = Preset::Light.config().network;
    (config.network.height, config.network.width) = (64, 64);
    config.objective.scales = Preset::Light.config().objective.scales;
    request(&session, Command::Start { config, out: folder.path().join("run") });
    next(&session, |event| matches!(event, Event::Step(report) if report.step == 3));
    display.device.destroy();
    let notice = lost(&session);
    assert!(notice.advice.contains("continues at its checkpoint of step"), "{notice:?}");
    let state = session.state();
    assert_eq!((state.activity, &state.run.as_ref().unwrap().failure), (Activity::Training, &None));
    next(&session, |event| matches!(event, Event::RunEnded { steps: 6, failure: None, .. }));
}

#[test]
fn looking_goes_on_when_the_device_is_lost() {
    let (session, display) = on_gpu();
    session.send(Command::Watch([MapName::Depth, MapName::Colour(FrameId::TARGET)].into()));
    open_demo(&session);
    session.send(Command::LoadWeights { path: None, on_run: OnRun::End });
    next_picture(&session, |picture| picture.origin == PictureSource::Prediction);
    let version = session.state().model.as_ref().unwrap().id;
    display.device.destroy();
    let notice = lost(&session);
    assert!(notice.advice.contains("nothing was lost"), "{notice:?}");
    let picture = next_picture(&session, |picture| picture.origin == PictureSource::Prediction);
    assert_eq!(picture.weights, Some(Provenance::Demo));
    assert_ne!(session.state().model.as_ref().unwrap().id, version, "they were read anew");
    let depth = &picture.maps[&MapName::Depth];
    assert!(depth.read().unwrap().iter().all(|depth| depth.is_finite() && *depth > 0.0));
}

#[test]
fn a_run_on_the_cpu_is_left_alone_when_what_draws_is_lost() {
    let folder = tempfile::tempdir().unwrap();
    let display = with_adapter(DisplayDevice::request());
    let compute = Compute::open(DeviceChoice::Cpu, Some(display.clone())).unwrap();
    let session = SessionHandle::spawn(compute, Arc::new(|| ()));
    open_demo(&session);
    request(&session, Command::Watch([MapName::Depth].into()));
    request(&session, Command::Start { config: small(1000), out: folder.path().join("run") });
    next(&session, |event| matches!(event, Event::Step(report) if report.step == 2));
    display.device.destroy();
    let notice = lost(&session);
    assert!(notice.advice.contains("draws; nothing was lost"), "{notice:?}");
    let step = session.state().run.as_ref().unwrap().step;
    let mut events = Vec::new();
    next(&session, |event| {
        events.push(event.clone());
        matches!(event, Event::Step(report) if report.step > step)
    });
    assert!(!events.iter().any(|event| matches!(event, Event::RunStarted(_))), "it was set back");
    next_picture(&session, |picture| picture.origin == PictureSource::Training && picture.step > step);
}
