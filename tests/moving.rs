//! Networks and runs that are moved to another device.

use crate::{
    seam::backends,
    session::{next, next_picture, open_demo, request, small, until},
};
use monoscope::{
    compute::Compute,
    config::{DeviceChoice, FrameId, Preset},
    objective::MapName,
    runs::Entry,
    session::{Activity, Command, Event, OnRun, Outcome, PictureSource, SessionHandle},
};
use std::sync::Arc;

/// Starts a session on the CPU that can move to the device that all tests share.
fn session() -> SessionHandle {
    let [_, compute] = backends();
    let compute = Compute::open(DeviceChoice::Cpu, compute.display).unwrap();
    SessionHandle::spawn(compute, Arc::new(|| ()))
}

/// Moves the session, and returns if it computes on the device that draws now.
fn move_to(session: &SessionHandle, choice: DeviceChoice) -> bool {
    request(session, Command::ComputeOn(choice));
    session.state().device.is_shared
}

#[test]
fn networks_say_the_same_wherever_they_are() {
    let session = session();
    session.send(Command::Watch([MapName::Colour(FrameId::TARGET), MapName::Depth].into()));
    session.send(Command::Inspect(true));
    open_demo(&session);
    session.send(Command::LoadWeights { path: None, on_run: OnRun::End });
    let depths = || {
        let picture = next_picture(&session, |picture| {
            picture.origin == PictureSource::Prediction && picture.inspection.is_some()
        });
        let inspection = picture.inspection.as_ref().unwrap();
        [[40, 30], [200, 60], [10, 90]].map(|pixel| inspection.report(pixel).depth)
    };
    let before = depths();
    assert!(move_to(&session, DeviceChoice::Gpu));
    let there = depths();
    assert!(!move_to(&session, DeviceChoice::Cpu));
    let back = depths();
    assert_eq!(before, back, "the weights came back as they were");
    for (before, there) in before.into_iter().zip(there) {
        assert!((before - there).abs() <= 2e-3 * before, "{before} on the CPU, {there} on the other device");
    }
}

#[test]
fn a_run_goes_on_where_it_is_moved_to() {
    let folder = tempfile::tempdir().unwrap();
    let session = session();
    open_demo(&session);
    let mut config = small(1000);
    config.network = Preset::Light.config().network;
    (config.network.height, config.network.width) = (64, 64);
    config.objective.scales = Preset::Light.config().objective.scales;
    session.send(Command::Start { config, out: folder.path().join("run") });
    next(&session, |event| matches!(event, Event::Step(report) if report.step == 2));
    request(&session, Command::Pause);
    for choice in [DeviceChoice::Gpu, DeviceChoice::Cpu] {
        let mut started = None;
        let outcome = session.call(Command::ComputeOn(choice), |event| {
            if let Event::RunStarted(run) = event {
                started = Some(run);
            }
        });
        assert_eq!(outcome, Ok(Outcome::Done));
        assert_eq!(session.state().device.is_shared, choice == DeviceChoice::Gpu);
        let started = started.expect("the run goes on there");
        let Some(Entry::Step(last)) = started.history.last() else { panic!("no step before the move") };
        assert_eq!(last.total_steps, 1000);
        assert_eq!(session.state().activity, Activity::Paused);
        session.send(Command::Step);
        let Event::Step(report) = next(&session, |event| matches!(event, Event::Step(_))) else {
            unreachable!()
        };
        assert_eq!(report.step, last.step + 1);
        assert!(report.loss.is_finite() && (report.loss - last.loss).abs() < 0.2, "{report:?}");
        until(&session, Activity::Paused);
    }
    session.send(Command::Stop);
    next(&session, |event| matches!(event, Event::RunEnded { .. }));
}

#[test]
fn moving_to_the_present_device_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let session = session();
    open_demo(&session);
    session.send(Command::Start { config: small(3), out: folder.path().join("run") });
    session.send(Command::ComputeOn(DeviceChoice::Cpu));
    let mut starts = 0;
    next(&session, |event| {
        starts += usize::from(matches!(event, Event::RunStarted(_)));
        matches!(event, Event::RunEnded { steps: 3, .. })
    });
    assert_eq!(starts, 1, "the run was not started again");
}
