//! Snapshots of bookmarked frames: small, within a bound, and what the networks said at their step.

use crate::{
    session::{next, open_demo, session, small},
    support::{largest_difference, values},
};
use burn::tensor::Device;
use monoscope::{
    config::{FrameId, ImageSize},
    data::{
        FrameKey, Side,
        augment::Augmentation,
        loader::{SampleOptions, load_sample},
        synthetic::BuiltInDrive,
    },
    model::weights,
    objective::{MapName, Noise, Objective},
    predict::{SampleTensors, forward},
    runs::{FrameMaps, Snapshot, Snapshots, Thumbnail},
    session::{Bookmarks, Command, Event, Level, OnRun, SessionHandle, Topic},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

pub const MAPS: [MapName; 2] = [MapName::Disparity(0), MapName::MinimumLoss];

pub fn key(frame: u32) -> FrameKey {
    FrameKey { folder: "demo/demo_drive_0001_sync".to_owned(), frame, side: Side::Left }
}

pub fn bookmark_request(frames: &[u32], every: u64) -> Command {
    Command::Bookmark(Bookmarks {
        frames: frames.iter().map(|frame| key(*frame)).collect(),
        maps: MAPS.into(),
        every,
    })
}

pub fn next_snapshot(session: &SessionHandle) -> Arc<Snapshot> {
    let Event::Snapshot(snapshot) = next(session, |event| matches!(event, Event::Snapshot(_))) else {
        unreachable!()
    };
    snapshot
}

#[test]
fn a_thumbnail_is_small_and_keeps_what_its_map_means() {
    let size = ImageSize { height: 4, width: 640 };
    let ramp: Vec<f32> =
        (0..size.height * size.width).map(|index| (index % size.width) as f32 * 1e-7).collect();
    let small = Thumbnail::new(MapName::DisparityGradient, &ramp, size);
    assert_eq!(small.size, ImageSize { height: 2, width: 320 });
    assert_eq!(small.bytes(), 2 * 320 * 2);
    for (column, value) in small.values().take(320).enumerate() {
        let mean = (2.0 * column as f32 + 0.5) * 1e-7;
        assert!(
            (value - mean).abs() < 5e-4 * 639e-7,
            "{value} is not {mean}: small numbers keep their digits"
        );
    }
    // Blocks of 2×2, of which one pixel is known.
    let sparse: Vec<f32> = (0..size.height * size.width)
        .map(|index| if index % 2 == 0 && (index / size.width).is_multiple_of(2) { 20.0 } else { 0.0 })
        .collect();
    let depth = Thumbnail::new(MapName::TrueDepth, &sparse, size);
    assert!(depth.values().all(|value| value == 20.0), "what is not known is no depth of 0");
    let mean = Thumbnail::new(MapName::Depth, &sparse, size);
    assert!(mean.values().all(|value| value == 5.0));
    let choices: Vec<f32> = (0..size.height * size.width).map(|index| (index % 3) as f32).collect();
    let choices = Thumbnail::new(MapName::ChosenSource, &choices, size);
    assert!(choices.values().all(|value| (value - value.round()).abs() < 1e-2), "choices are not blended");
    let plane = |value: f32| vec![value; size.height * size.width];
    let colour = [plane(1.0), plane(0.4), plane(0.0)].concat();
    let colour = Thumbnail::new(MapName::Colour(FrameId::TARGET), &colour, size);
    assert_eq!(colour.colours().unwrap()[..6], [255, 102, 0, 255, 102, 0]);
}

#[test]
fn snapshots_stay_within_their_bound_and_evenly_spread() {
    let snapshot = |step: Option<u64>| {
        let size = ImageSize { height: 5, width: 10 };
        let map = Thumbnail::new(MapName::Depth, &[1.0; 50], size);
        let colour = Arc::new(map.clone());
        let frame = FrameMaps { key: key(1), colour, maps: BTreeMap::from([(MapName::Depth, map)]) };
        Arc::new(Snapshot { step, frames: vec![frame], seconds: 0.1 })
    };
    // Room for eight of 100 bytes.
    let mut snapshots = Snapshots::within(850);
    snapshots.add(snapshot(None));
    assert_eq!(snapshots.all().len(), 1, "of no run");
    for step in (0..=5000).step_by(10) {
        snapshots.add(snapshot(Some(step)));
        let steps: Vec<u64> = snapshots.all().iter().map(|snapshot| snapshot.step.unwrap()).collect();
        assert!(snapshots.bytes() <= 850 && steps.len() == (step as usize / 10 + 1).min(8), "{steps:?}");
        assert_eq!((steps[0], steps[steps.len() - 1]), (0, step), "the first and the last stay");
        let mut gaps: Vec<u64> = steps.windows(2).map(|pair| pair[1] - pair[0]).collect();
        // The newest may have come just now.
        gaps.pop();
        let least = gaps.iter().min().copied().unwrap_or(1);
        assert!(gaps.iter().all(|gap| *gap <= 3 * least), "{steps:?}");
    }
    snapshots.add(snapshot(None));
    assert_eq!(snapshots.all().len(), 8, "networks of no run have no place among those of one");
    let last = snapshots.all().len() - 1;
    snapshots.add(snapshot(Some(5000)));
    assert_eq!(snapshots.all().len() - 1, last, "one of the same step takes its place");
    let second = snapshots.all()[1].step.unwrap();
    for (step, place) in [(0, 0), (second - 1, 0), (second, 1), (9999, last)] {
        assert_eq!(snapshots.index_at(step), Some(place), "the last before step {step}");
    }
}

#[test]
fn a_run_leaves_snapshots_that_say_what_its_networks_said() {
    let folder = tempfile::tempdir().unwrap();
    let session = session();
    open_demo(&session);
    session.send(bookmark_request(&[7, 30], 2));
    let without = next_snapshot(&session);
    assert_eq!((without.step, without.frames.len()), (None, 2));
    assert!(without.frames.iter().all(|frame| frame.maps.is_empty()), "there are no networks yet");
    let config = small(5);
    session.send(Command::Start { config: config.clone(), out: folder.path().join("run") });
    let (mut snapshots, mut saved) = (Vec::new(), None);
    while snapshots.last().is_none_or(|snapshot: &Arc<Snapshot>| snapshot.step < Some(5)) {
        match next(&session, |event| matches!(event, Event::Snapshot(_) | Event::Checkpoint(_))) {
            Event::Snapshot(snapshot) => snapshots.push(snapshot),
            Event::Checkpoint(path) => saved = Some(path),
            _ => unreachable!(),
        }
    }
    let steps: Vec<_> = snapshots.iter().map(|snapshot| snapshot.step).collect();
    assert_eq!(steps, [Some(0), Some(2), Some(4), Some(5)], "the start, every second step, the end");
    let saved = saved.expect("the end of a run is saved");
    assert!(saved.ends_with("step_000005"), "{}", saved.display());
    assert_ne!(snapshots[0].frames[0].maps, snapshots[3].frames[0].maps);

    let device = Device::flex();
    let networks = weights::load(&saved, &device).unwrap().networks;
    let size = config.network.size();
    let options = SampleOptions::of(&config.objective, size);
    let drive = BuiltInDrive::default();
    for frame in &snapshots[3].frames {
        let sample = load_sample(&drive, &frame.key, &options, &Augmentation::default()).unwrap();
        let samples = SampleTensors::upload(&[sample], &device);
        let objective = Objective::new(&config.objective, size);
        let outcome = forward(&networks, &objective, &samples, Noise::None, &BTreeSet::from(MAPS));
        for name in MAPS {
            let kept: Vec<f32> = frame.maps[&name].values().collect();
            let error = largest_difference(&kept, &values(outcome.maps[&name].clone()));
            assert!(error < 1e-3, "{name} of {}: {error}", frame.key);
        }
        assert_eq!(frame.colour.size, size);
    }

    // After the end another frame is looked at with the networks of the last step.
    session.send(bookmark_request(&[7, 30, 50], 2));
    let more = next_snapshot(&session);
    assert_eq!((more.step, more.frames.len()), (Some(5), 3));
    assert_eq!(more.frames[..2], snapshots[3].frames[..]);
    session.send(Command::LoadWeights { path: None, on_run: OnRun::End });
    assert_eq!(next_snapshot(&session).step, None, "loaded networks are of no run");
}

#[test]
fn nothing_is_predicted_aside_while_nothing_is_bookmarked() {
    let folder = tempfile::tempdir().unwrap();
    let session = session();
    open_demo(&session);
    session.send(bookmark_request(&[7], 1));
    next_snapshot(&session);
    session.send(Command::Bookmark(Bookmarks::default()));
    let run = folder.path().join("run");
    session.send(Command::Start { config: small(3), out: run.clone() });
    loop {
        let event = session.wait().unwrap();
        assert!(!matches!(event, Event::Snapshot(_) | Event::Notice(_)), "{event:?}");
        if matches!(event, Event::RunEnded { .. }) {
            break;
        }
    }
    assert!(!run.join("snapshots").exists(), "and nothing is written");
}

#[test]
fn a_frame_that_cannot_be_read_is_told_once_and_the_others_are_shown() {
    let folder = tempfile::tempdir().unwrap();
    let session = session();
    open_demo(&session);
    session.send(Command::Start { config: small(4), out: folder.path().join("run") });
    session.send(bookmark_request(&[9999, 7], 1));
    let (mut problems, mut frames) = (Vec::new(), Vec::new());
    loop {
        match session.wait().unwrap() {
            Event::Notice(problem) => {
                assert_eq!((problem.level, problem.topic), (Level::Warning, Topic::Job), "{problem:?}");
                problems.push(problem);
            }
            Event::Snapshot(snapshot) => {
                frames.push(snapshot.frames.len());
                if snapshot.step == Some(4) {
                    break;
                }
            }
            _ => {}
        }
    }
    let [problem] = &problems[..] else { panic!("{problems:?}") };
    assert!(problem.text.contains("bookmarked frame") && problem.text.contains("9999"), "{problem:?}");
    assert!(frames.iter().all(|count| *count == 1), "{frames:?}");
}
