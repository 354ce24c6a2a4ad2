//! Splits by name: the expansion of their definitions, and the archives that they need.

use crate::support::{Cases, mutate_text, shared};
use image::RgbImage;
use monoscope::{
    config::FrameId,
    data::{
        DataError, DepthMap, Drive, FrameKey, FrameSource, Side,
        split::{self, Definition, Split, Subset, archives, parse_frames},
    },
    geometry::Intrinsics,
};
use std::{collections::BTreeSet, fs, path::Path};

const TRIPLET: [FrameId; 3] = [FrameId::TARGET, FrameId::PREVIOUS, FrameId::NEXT];
/// Training, validation and test samples, as published; of benchmark and odom all test lists together.
const COUNTS: [(&str, [usize; 3]); 7] = [
    ("benchmark", [72_084, 6_060, 500]),
    ("eigen", [0, 0, 697]),
    ("eigen_benchmark", [0, 0, 652]),
    ("eigen_full", [45_200, 1_776, 0]),
    ("eigen_zhou", [39_810, 4_424, 0]),
    ("odom", [36_671, 4_075, 2_790]),
    ("small", [189, 23, 0]),
];

/// Source of drives whose frames have no pictures; definitions need no drive.
struct Listed(Vec<Drive>);

impl FrameSource for Listed {
    fn name(&self) -> String {
        "listed drives".to_owned()
    }
    fn drives(&self) -> &[Drive] {
        &self.0
    }
    fn contains(&self, _: &FrameKey) -> bool {
        !self.0.is_empty()
    }
    fn image(&self, key: &FrameKey) -> Result<RgbImage, DataError> {
        Err(DataError::Unusable(key.to_string()))
    }
    fn intrinsics(&self, _: &FrameKey) -> Intrinsics {
        Intrinsics::KITTI
    }
    fn depth(&self, _: &FrameKey) -> Result<Option<DepthMap>, DataError> {
        Ok(None)
    }
}

fn named(name: &str) -> Split {
    Split::open(name, &Listed(Vec::new()), &TRIPLET, &[], &[]).unwrap()
}

fn drives(keys: &[FrameKey]) -> BTreeSet<&str> {
    keys.iter().map(|key| key.folder.as_str()).collect()
}

fn set(keys: &[FrameKey]) -> BTreeSet<FrameKey> {
    keys.iter().cloned().collect()
}

#[test]
fn named_splits_have_the_published_counts_and_no_frame_twice() {
    for (name, counts) in COUNTS {
        let Split { training, validation, test } = named(name);
        assert_eq!([training.len(), validation.len(), test.len()], counts, "{name}");
        let all = [training, validation, test].concat();
        assert_eq!(set(&all).len(), all.len(), "{name} names a frame twice");
        assert!(split::names().contains(&name));
    }
}

#[test]
fn named_splits_keep_their_promises() {
    let (eigen, zhou, full) = (named("eigen"), named("eigen_zhou"), named("eigen_full"));
    assert_eq!(drives(&eigen.test).len(), 28);
    let days: Vec<usize> = ["2011_09_26", "2011_09_28", "2011_09_29", "2011_09_30", "2011_10_03"]
        .map(|day| eigen.test.iter().filter(|key| key.folder.starts_with(day)).count())
        .into();
    assert_eq!(days, [522, 25, 25, 75, 50]);
    let benchmark = named("eigen_benchmark");
    assert!(set(&benchmark.test).is_subset(&set(&eigen.test)));

    let all_of = |split: &Split| [split.training.clone(), split.validation.clone()].concat();
    let every = set(&all_of(&full));
    for (split, count) in [(&zhou, 32), (&full, 33)] {
        let all = all_of(split);
        assert_eq!(drives(&all).len(), count);
        assert!(drives(&all).is_disjoint(&drives(&eigen.test)), "a test drive trains");
    }
    for key in all_of(&zhou) {
        for id in TRIPLET {
            assert!(every.contains(&key.relative(id).unwrap()), "'{key}' has no frame {}", id.label());
        }
    }
    let left = |keys: &[FrameKey]| keys.iter().filter(|key| key.side == Side::Left).count();
    assert_eq!((left(&full.training), left(&full.validation)), (22_600, 888));
    for split in [&zhou, &full] {
        let validation = set(&split.validation);
        let both =
            validation.iter().filter(|key| validation.contains(&key.relative(FrameId::Stereo).unwrap()));
        assert_eq!(both.count(), validation.len(), "a frame trains by one camera and validates by the other");
    }

    let benchmark = named("benchmark");
    assert!(drives(&benchmark.training).is_disjoint(&drives(&benchmark.validation)));
    assert_eq!((drives(&benchmark.training).len(), benchmark.test[499].frame), (48, 499));
    assert_eq!(drives(&named("odom").test), ["10", "9"].into());
    assert_eq!(zhou, named("eigen_zhou"), "the draw is always the same");
}

#[test]
#[ignore = "needs ../shared/splits: the reference's split lists"]
fn named_splits_are_the_published_ones() {
    let lists = shared("splits");
    let read = |list: &str| {
        split::parse(&fs::read_to_string(lists.join(list)).unwrap_or_else(|error| panic!("{list}: {error}")))
            .unwrap()
    };
    let read_all = |files: &[&str]| set(&files.iter().flat_map(|file| read(file)).collect::<Vec<_>>());
    for (name, folder) in [
        ("eigen_zhou", "eigen_zhou"),
        ("eigen_full", "eigen_full"),
        ("odom", "odom"),
        ("benchmark", "benchmark"),
        ("small", "small_version"),
    ] {
        let ours = named(name);
        let file = |part: Subset| format!("{folder}/{}", part.file_name());
        let theirs = [read(&file(Subset::Training)), read(&file(Subset::Validation))];
        assert_eq!(
            [ours.training.len(), ours.validation.len()],
            [theirs[0].len(), theirs[1].len()],
            "{name}"
        );
        let both = [ours.training, ours.validation].concat();
        assert!(set(&both) == set(&theirs.concat()), "{name} differs");
    }
    let benchmark = named("benchmark");
    assert!(set(&benchmark.validation) == read_all(&["benchmark/val_files.txt"]));
    for (name, files) in [
        ("eigen", &["eigen/test_files.txt"][..]),
        ("eigen_benchmark", &["eigen_benchmark/test_files.txt"]),
        ("odom", &["odom/test_files_09.txt", "odom/test_files_10.txt"]),
        ("benchmark", &["benchmark/test_files.txt"]),
    ] {
        assert!(set(&named(name).test) == read_all(files), "the test of {name} differs");
    }
}

#[test]
fn sets_of_frames_have_a_compact_notation() {
    let frames = |text: &str| parse_frames(text).unwrap().into_iter().collect::<Vec<_>>();
    assert_eq!(frames("3 0-9/3 !6 20-21"), [0, 3, 9, 20, 21]);
    assert_eq!(frames("5-5 5"), [5]);
    assert_eq!(frames("0-9 !2-8"), [0, 1, 9]);
    assert!(frames("").is_empty());
    for wrong in ["9-0", "1-5/0", "x", "1-", "-1", "1-5/x", "!", "1000000", "0-4294967295"] {
        assert!(parse_frames(wrong).unwrap_err().contains(wrong.trim_start_matches('!')), "{wrong}");
    }
}

#[test]
fn a_file_may_define_a_split() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mine.toml");
    let open = |text: &str| {
        fs::write(&path, text).unwrap();
        Split::open(path.to_str().unwrap(), &Listed(Vec::new()), &TRIPLET, &[Subset::Training], &[])
            .map_err(|error| error.to_string())
    };
    let split = open(
        "[training]\nsides = \"r\"\n[training.frames.own]\nholiday = \"0-9\"\n[validation]\ndrawn = 3\n",
    )
    .unwrap();
    assert_eq!((split.training.len(), split.validation.len()), (7, 3));
    assert_eq!((split.training[0].folder.as_str(), split.training[0].side), ("holiday", Side::Right));
    for (text, words) in [
        ("[training]\nmoving = true\n[training.frames.own]\nholiday = \"0-9\"\n", "holiday"),
        ("[training]\nframe = 3\n", "frame"),
        ("[training]\nsides = \"x\"\n", "side 'x'"),
        ("[training]\npart_of = \"nowhere\"\n", "nowhere"),
        ("[test]\npart_of = \"eigen\"\n", "no training frames"),
    ] {
        let error = open(text).unwrap_err();
        assert!(error.contains(words) && error.contains("mine.toml"), "{error}");
    }
}

#[test]
fn a_definition_that_asks_for_more_frames_than_any_drive_has_is_refused() {
    let drives =
        |count: usize| (0..count).map(|index| format!("x{index} = \"0-999999\"\n")).collect::<String>();
    for text in [format!("[test.frames.a]\n{}", drives(12)), format!("[training.frames.a]\n{}", drives(1))] {
        let error = Definition::parse(&text).unwrap().expand().unwrap_err();
        assert!(error.contains("250000"), "{error}");
    }
    let words = "0-999999 ".repeat(50);
    assert!(parse_frames(&words).unwrap_err().contains("name 50000000 frames"));
    assert_eq!(parse_frames("0-999999 !10-999999").unwrap().len(), 10);
}

#[test]
fn splits_are_read_as_people_write_them() {
    let folder = tempfile::tempdir().unwrap();
    let source =
        Listed(vec![Drive { folder: "9".to_owned(), frames: 0..20, step: 1, sides: vec![Side::Left] }]);
    let lines = |line: &str| (1..4).map(|frame| line.replace('N', &frame.to_string())).collect::<String>();
    let wide = |text: &str, mark: bool| {
        let units = text.encode_utf16();
        let mark = mark.then_some(0xfeff);
        mark.into_iter().chain(units).flat_map(u16::to_le_bytes).collect::<Vec<u8>>()
    };
    let plain = lines("9 N l\n");
    for bytes in [
        plain.clone().into_bytes(),
        lines("09 00000N l\r\n").into_bytes(),
        lines("9\tN\tL\n").into_bytes(),
        lines(".\\9 N l\n").into_bytes(),
        format!("\u{feff}{plain}").into_bytes(),
        format!("# my split\n\n{plain}").into_bytes(),
        wide(&plain.replace('\n', "\r\n"), true),
        wide(&plain, false),
    ] {
        fs::write(folder.path().join("train_files.txt"), &bytes).unwrap();
        let choice = folder.path().to_str().unwrap();
        let split = Split::open(choice, &source, &TRIPLET, &[Subset::Training], &[]).unwrap();
        let frames: Vec<u32> = split.training.iter().map(|key| key.frame).collect();
        assert_eq!(frames, [1, 2, 3], "{}", String::from_utf8_lossy(&bytes));
        assert!(split.training.iter().all(|key| key.folder == "9" && key.side == Side::Left));
    }
}

#[test]
fn a_folder_of_two_pictures_is_told_what_a_sample_takes() {
    let drive = Drive { folder: "d".to_owned(), frames: 0..2, step: 1, sides: vec![Side::Left] };
    let error = split::prescan(&Listed(vec![drive]), &[], &TRIPLET).unwrap_err().to_string();
    for words in ["2 pictures", "takes 3 in a row", "--frame-ids", "predict"] {
        assert!(error.contains(words), "{error}");
    }
}

#[test]
fn archives_are_those_of_the_drives() {
    let address = |name: &str| format!("https://s3.eu-central-1.amazonaws.com/avg-kitti/{name}.zip");
    assert_eq!(
        archives("small").unwrap(),
        [
            address("raw_data/2011_09_26_calib"),
            address("raw_data/2011_09_26_drive_0001/2011_09_26_drive_0001_sync")
        ]
    );
    // 28 drives of five days, and the improved ground truth; three archives for all sequences.
    assert_eq!(archives("eigen").unwrap().len(), 33);
    assert!(archives("eigen_benchmark").unwrap().contains(&address("data_depth_annotated")));
    assert_eq!(archives("odom").unwrap().len(), 3);

    let folder = tempfile::tempdir().unwrap();
    let list = folder.path().join("val_files.txt");
    fs::write(&list, "2011_10_03/2011_10_03_drive_0047_sync 5 l\n").unwrap();
    let choice = folder.path().to_str().unwrap();
    assert_eq!(archives(choice).unwrap().len(), 2);
    fs::write(&list, "holiday/2011_10_03_drive_0047_sync 5 l\n").unwrap();
    assert!(archives(choice).unwrap_err().to_string().contains("holiday"));
    assert!(archives("every-frame").unwrap_err().to_string().contains("eigen_zhou"));
}

#[test]
#[ignore = "needs ../shared/splits: the reference's split lists"]
fn all_official_drives_are_known() {
    let list = shared("splits/kitti_archives_to_download.txt");
    let published: BTreeSet<String> = fs::read_to_string(list).unwrap().lines().map(str::to_owned).collect();
    let ours = [archives("eigen").unwrap(), archives("eigen_full").unwrap()].concat();
    assert_eq!(ours.into_iter().collect::<BTreeSet<_>>(), published);
}

fn check_mutants(cases: Cases) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("splits");
    let [small, odometry] =
        ["small.toml", "odom.toml"].map(|name| fs::read_to_string(root.join(name)).unwrap());
    let (mut read, mut refused, mut all) = (0, 0, 0);
    cases.run(|seed, random| {
        let text = mutate_text(if seed % 8 == 0 { &odometry } else { &small }, random);
        all += 1;
        match Definition::parse(&text) {
            Ok(definition) => {
                read += 1;
                if seed % 8 != 0 {
                    let _ = definition.expand();
                }
            }
            Err(_) => refused += 1,
        }
        let _ = parse_frames(&mutate_text("0-75/3 !66 80", random));
        let _ = mutate_text("2011_09_26/drive with spaces 0000000012 l", random).parse::<FrameKey>();
    });
    assert!(all == 1 || read.min(refused) > all / 40, "{read} read, {refused} refused");
}

#[test]
fn damaged_definitions_are_refused_without_panic() {
    check_mutants(Cases(0..4000));
}

#[test]
#[ignore = "takes a minute: 40000 mutants of split definitions"]
fn damaged_definitions_are_refused_without_panic_in_full() {
    check_mutants(Cases(0..40_000));
}
