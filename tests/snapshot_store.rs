//! The snapshots of a run on disk: what is read is what was written, within bounds, whatever the folder holds.

use crate::{
    session::{next, open_demo, session, small, until},
    snapshots::{MAPS, bookmark_request, key, next_snapshot},
    support::{Cases, takes_at_most},
};
use monoscope::{
    config::{FrameId, ImageSize},
    objective::MapName,
    runs::{FrameMaps, Snapshot, SnapshotStore, Snapshots, Thumbnail},
    session::{Activity, Command, Event, OnRun, RunStarted},
};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use safetensors::{Dtype, tensor::TensorView};
use std::{
    collections::{BTreeMap, HashMap},
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

const SIZE: ImageSize = ImageSize { height: 5, width: 10 };
const COLOUR: MapName = MapName::Colour(FrameId::TARGET);
const WARPED: MapName = MapName::Warped(FrameId::Stereo);

/// Thumbnails of noise at these frames: a disparity of 100 bytes, and more maps on request.
fn snapshot(step: u64, frames: &[u32], more: &[MapName]) -> Arc<Snapshot> {
    let mut random = ChaCha8Rng::seed_from_u64(step);
    let mut noise = |map: MapName| {
        let planes = if [COLOUR, WARPED].contains(&map) { 3 } else { 1 };
        let values: Vec<f32> = (0..planes * SIZE.pixels()).map(|_| random.random::<f32>() * 1e-5).collect();
        Thumbnail::new(map, &values, SIZE)
    };
    let frames = frames.iter().map(|frame| {
        // The picture is the same in all snapshots.
        let colour: Vec<f32> = (0..3 * SIZE.pixels()).map(|at| (at as f32 + *frame as f32) / 999.0).collect();
        let maps = [MapName::Disparity(0)].iter().chain(more).map(|map| (*map, noise(*map)));
        let maps: BTreeMap<_, _> = maps.collect();
        FrameMaps { key: key(*frame), colour: Arc::new(Thumbnail::new(COLOUR, &colour, SIZE)), maps }
    });
    Arc::new(Snapshot { step: Some(step), frames: frames.collect(), seconds: 0.1 + step as f64 / 3.0 })
}

fn opened(run: &Path, step: u64) -> SnapshotStore {
    let (store, trouble) = SnapshotStore::open(run, step, Snapshots::MAX_BYTES);
    assert_eq!(trouble, None);
    store
}

fn steps(store: &SnapshotStore) -> Vec<u64> {
    store.snapshots().all().iter().map(|snapshot| snapshot.step.unwrap()).collect()
}

fn names(run: &Path) -> Vec<String> {
    let entries = fs::read_dir(run.join("snapshots")).unwrap();
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

fn file(run: &Path, step: u64) -> PathBuf {
    run.join(format!("snapshots/step_{step:06}.safetensors"))
}

#[test]
fn what_is_read_is_what_was_written_bit_for_bit() {
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path();
    let mut store = opened(run, 0);
    let of_no_run = Snapshot { step: None, ..(*snapshot(0, &[1], &[])).clone() };
    store.add(&Arc::new(of_no_run)).unwrap();
    assert!(fs::read_dir(run).unwrap().next().is_none(), "networks of no run leave nothing");
    // Frames are bookmarked and released meanwhile, and the maps change.
    let written = [
        snapshot(0, &[7, 3], &[]),
        snapshot(50, &[7, 3], &[MapName::MinimumLoss, WARPED]),
        snapshot(1_234_567, &[7, 9], &[MapName::ChosenSource]),
    ];
    for snapshot in &written {
        store.add(snapshot).unwrap();
    }
    let expected = ["frames", "step_000000", "step_000050", "step_1234567"];
    assert_eq!(names(run), expected.map(|name| format!("{name}.safetensors")));
    for read in [opened(run, 2_000_000).snapshots(), &SnapshotStore::read(run)] {
        assert_eq!(read.all(), written, "with order, colours, parts, largest values and seconds");
    }
    let again = opened(run, 2_000_000);
    let [first, second, _] = again.snapshots().all() else { panic!("{:?}", steps(&again)) };
    assert!(Arc::ptr_eq(&first.frames[0].colour, &second.frames[0].colour), "a picture is held once");
}

#[test]
fn what_is_left_out_leaves_the_disk_too() {
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path();
    let of_file = |name: &String| name.strip_prefix("step_")?.strip_suffix(".safetensors")?.parse().ok();
    let on_disk = || names(run).iter().filter_map(of_file).collect::<Vec<u64>>();
    let (mut store, _) = SnapshotStore::open(run, 0, 850);
    for step in (0..=500).step_by(10) {
        store.add(&snapshot(step, &[7], &[])).unwrap();
        assert_eq!(on_disk(), steps(&store));
    }
    assert_eq!(on_disk().len(), 8, "room for eight of 100 bytes");
    assert_eq!((on_disk()[0], on_disk()[7]), (0, 500));
    let (narrow, trouble) = SnapshotStore::open(run, 500, 450);
    assert_eq!(trouble, None);
    assert_eq!((steps(&narrow).len(), on_disk()), (4, steps(&narrow)), "a bound that became narrower holds");
}

#[test]
fn what_will_be_made_anew_and_what_was_half_written_is_removed() {
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path();
    let mut store = opened(run, 0);
    for step in [0, 10, 20, 30] {
        store.add(&snapshot(step, &[7], &[])).unwrap();
    }
    // Killed between writing and renaming.
    let half = run.join("snapshots/.unfinished_abc");
    fs::copy(file(run, 10), &half).unwrap();
    fs::write(file(run, 40), "damaged, and after the checkpoint").unwrap();
    assert_eq!(steps_of(&SnapshotStore::read(run)), [0, 10, 20, 30], "who only reads changes nothing");
    assert!(half.exists() && file(run, 40).exists());
    let store = opened(run, 20);
    assert_eq!(steps(&store), [0, 10, 20]);
    let left = ["frames", "step_000000", "step_000010", "step_000020"];
    assert_eq!(names(run), left.map(|name| format!("{name}.safetensors")));
}

fn steps_of(snapshots: &Snapshots) -> Vec<u64> {
    snapshots.all().iter().map(|snapshot| snapshot.step.unwrap()).collect()
}

#[test]
fn what_is_damaged_or_foreign_is_passed_over_and_told_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path();
    let mut store = opened(run, 0);
    for step in [0, 10, 20, 30, 40] {
        store.add(&snapshot(step, &[7], &[])).unwrap();
    }
    let whole = fs::read(file(run, 10)).unwrap();
    fs::write(file(run, 10), &whole[..whole.len() - 1]).unwrap();
    fs::copy(file(run, 0), file(run, 20)).unwrap();
    let weights = TensorView::new(Dtype::F32, vec![1], &[0; 4]).unwrap();
    fs::write(file(run, 30), safetensors::serialize([("conv1.weight", weights)], None).unwrap()).unwrap();
    fs::write(run.join("snapshots/notes.txt"), "of somebody").unwrap();
    fs::create_dir(file(run, 35)).unwrap();
    let (store, trouble) = SnapshotStore::open(run, 40, Snapshots::MAX_BYTES);
    let trouble = trouble.unwrap();
    assert!(trouble.contains("step_000010") && trouble.ends_with("and 2 more"), "{trouble}");
    assert_eq!(steps(&store), [0, 40]);

    // Without their pictures snapshots cannot be shown; the next one that is taken brings them back.
    fs::write(run.join("snapshots/frames.safetensors"), "no pictures").unwrap();
    let (mut store, trouble) = SnapshotStore::open(run, 40, Snapshots::MAX_BYTES);
    assert!(trouble.unwrap().contains("frames.safetensors"));
    assert!(steps(&store).is_empty());
    store.add(&snapshot(50, &[7], &[])).unwrap();
    assert_eq!(steps(&SnapshotStore::open(run, 50, Snapshots::MAX_BYTES).0), [0, 40, 50]);
}

#[test]
fn a_folder_that_takes_nothing_is_told_once_and_again_after_it_did() {
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("run");
    let (mut store, trouble) = SnapshotStore::open(&run, 0, Snapshots::MAX_BYTES);
    assert_eq!(trouble, None);
    let refusal = format!("{:#}", store.add(&snapshot(0, &[7], &[])).unwrap_err());
    assert!(refusal.contains("step 0") && refusal.contains("snapshots"), "{refusal}");
    store.add(&snapshot(10, &[7], &[])).expect("it is told once");
    assert!(!run.exists(), "a run folder that was removed stays so");
    fs::create_dir(&run).unwrap();
    store.add(&snapshot(20, &[7], &[])).unwrap();
    assert_eq!(steps(&opened(&run, 20)), [20]);
    assert_eq!(steps(&store), [0, 10, 20], "the wall has them all");
    fs::remove_dir_all(run.join("snapshots")).unwrap();
    fs::write(run.join("snapshots"), "no folder").unwrap();
    store.add(&snapshot(30, &[7], &[])).unwrap_err();
    store.add(&snapshot(40, &[7], &[])).unwrap();
}

fn check_mutants(cases: Cases) {
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path();
    let mut store = opened(run, 0);
    store.add(&snapshot(10, &[7, 8], &[WARPED])).unwrap();
    let pictures = run.join("snapshots/frames.safetensors");
    let wholes = [file(run, 10), pictures].map(|path| (fs::read(&path).unwrap(), path));
    let [(first, _), (second, _)] = &wholes;
    // Every other mutant has changes in the text of its header only, and after its length.
    let headers = [first, second].map(|whole| &whole[8..whole.len() / 2]);
    takes_at_most(1 << 20, || {
        cases.mutants(&[first, second, headers[0], headers[1]], [0.025, 0.25], |index, mutant| {
            let (whole, path) = &wholes[index % 2];
            let file = match index {
                0 | 1 => mutant,
                _ => [&whole[..8], &mutant[..], &whole[whole.len() / 2..]].concat(),
            };
            fs::write(path, file).unwrap();
            let (found, trouble) = SnapshotStore::open(run, u64::MAX, Snapshots::MAX_BYTES);
            assert_eq!(trouble.is_none(), found.snapshots().all().len() == 1, "{trouble:?}");
            if let Some(trouble) = &trouble {
                assert_eq!(trouble.lines().count(), 1, "{trouble}");
            }
            fs::write(path, whole).unwrap();
            trouble.is_none()
        });
    });
}

#[test]
fn no_mutation_of_a_snapshot_takes_more_than_it_may() {
    check_mutants(Cases(0..4000));
}

#[test]
#[ignore = "takes two minutes: 40000 mutants of snapshots"]
fn no_mutation_of_a_snapshot_takes_more_than_it_may_in_full() {
    check_mutants(Cases(0..40_000));
}

#[test]
fn a_file_that_says_more_than_it_holds_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path();
    opened(run, 0).add(&snapshot(10, &[7], &[])).unwrap();
    let refusal = |bytes: &[u8]| {
        fs::write(file(run, 10), bytes).unwrap();
        let mut trouble = None;
        takes_at_most(1 << 20, || trouble = SnapshotStore::open(run, 10, Snapshots::MAX_BYTES).1);
        trouble.expect("it is refused")
    };
    for length in [u64::MAX, 90_000_000] {
        assert!(refusal(&[&length.to_le_bytes()[..], b"{}"].concat()).contains("cut off"));
    }
    let map = vec![0; 20_000];
    let made = |frames: String, shape: Vec<usize>| {
        let name = format!("{}: depth", key(7));
        let largest = [format!("{name}.largest")];
        let views = [
            (&name, TensorView::new(Dtype::F16, shape, &map).unwrap()),
            (&largest[0], TensorView::new(Dtype::F32, Vec::new(), &[0, 0, 128, 63]).unwrap()),
        ];
        let facts = [("step", "10"), ("seconds", "0.5"), ("frames", &frames)];
        let facts = facts.map(|(name, value)| (name.to_owned(), value.to_owned()));
        safetensors::serialize(views, Some(HashMap::from(facts))).unwrap()
    };
    let frame = serde_json::to_string(&(key(7), [MapName::Depth])).unwrap();
    let of = |count: usize| format!("[{}]", vec![frame.clone(); count].join(","));
    assert!(refusal(&made(of(300), vec![100, 100])).contains("twice"), "each would be a map of its own");
    assert!(refusal(&made(of(1), vec![10_000, 1])).contains("1×10000"), "no device draws that");
    assert!(refusal(&made(of(1), vec![10, 1000])).contains("1000×10"));
    fs::write(file(run, 10), made(of(1), vec![100, 100])).unwrap();
    assert_eq!(steps(&opened(run, 10)), [10], "it is only read if all is right");
    let long = fs::File::create(file(run, 10)).unwrap();
    long.set_len(129 << 20).unwrap();
    takes_at_most(130 << 20, || {
        let trouble = SnapshotStore::open(run, 10, Snapshots::MAX_BYTES).1;
        assert!(trouble.unwrap().contains("longer than 128 MiB"));
    });
}

#[test]
fn a_run_that_goes_on_has_its_wall_back() {
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("run");
    let mut config = small(6);
    config.training.checkpoint_frequency = 2;
    let first = session();
    open_demo(&first);
    first.send(bookmark_request(&[7, 30], 1));
    next_snapshot(&first);
    first.send(Command::Start { config, out: run.clone() });
    let mut seen = Vec::new();
    while seen.last().is_none_or(|snapshot: &Arc<Snapshot>| snapshot.step < Some(6)) {
        seen.push(next_snapshot(&first));
    }
    // More of the last step, after the run ended.
    first.send(bookmark_request(&[7, 30, 50], 1));
    *seen.last_mut().unwrap() = next_snapshot(&first);
    first.send(Command::LoadWeights { path: None, on_run: OnRun::End });
    next_snapshot(&first);
    drop(first);
    assert_eq!(SnapshotStore::read(&run).all(), seen, "what loaded networks say is not of the run");

    fs::remove_dir_all(run.join("checkpoints/step_000006")).unwrap();
    let second = session();
    second.send(Command::Resume { run: run.clone(), data: None, config: None, on_run: OnRun::End });
    let Event::RunStarted(beginning) = next(&second, |event| matches!(event, Event::RunStarted(_))) else {
        unreachable!()
    };
    let RunStarted { snapshots, history, .. } = *beginning;
    let before = seen.iter().filter(|snapshot| snapshot.step <= Some(4));
    assert_eq!((snapshots.iter().collect::<Vec<_>>(), history.len()), (before.collect(), 4));
    until(&second, Activity::Idle);
    let last = SnapshotStore::read(&run).all().last().cloned().unwrap();
    assert!(last.step <= Some(4), "steps that are made anew have no snapshots while nothing is bookmarked");
    assert!(last.frames.iter().all(|frame| MAPS.iter().all(|map| frame.maps.contains_key(map))));
}
