//! The pictures on the timeline.

use super::*;
use image::{Rgb, RgbImage};
use monoscope::{
    app::frames_along,
    data::{DataError, DepthMap, FrameSource, RemarkKind, Remarks, synthetic::BuiltInDrive},
};
use std::sync::Mutex;

/// The frame that cannot be read.
const BROKEN: u32 = 13;

/// Frames of one colour each, of which one is broken. It knows which were read.
#[derive(Default)]
pub(super) struct Painted {
    read: Mutex<Vec<FrameKey>>,
    /// File of every frame.
    file: Option<PathBuf>,
}

impl Painted {
    /// Frames that all have this file.
    pub(super) fn of_file(file: PathBuf) -> Self {
        Self { file: Some(file), ..Self::default() }
    }

    /// Which frames of which drive were read since the last call, sorted.
    fn take_read(&self) -> Vec<(String, u32)> {
        let mut read: Vec<_> = std::mem::take(&mut *self.read.lock().unwrap())
            .into_iter()
            .map(|key| (key.folder, key.frame))
            .collect();
        read.sort();
        read
    }
}

impl FrameSource for Painted {
    fn name(&self) -> String {
        "painted frames".to_owned()
    }
    fn drives(&self) -> &[Drive] {
        &[]
    }
    fn contains(&self, _: &FrameKey) -> bool {
        true
    }
    fn image(&self, key: &FrameKey) -> Result<RgbImage, DataError> {
        self.read.lock().unwrap().push(key.clone());
        match key.frame {
            BROKEN => Err(DataError::Unusable("frame 13 is damaged".to_owned())),
            frame => Ok(RgbImage::from_pixel(320, 100, Rgb([200, 40, frame as u8]))),
        }
    }
    fn file(&self, _: &FrameKey) -> Option<&Path> {
        self.file.as_deref()
    }
    fn intrinsics(&self, _: &FrameKey) -> Intrinsics {
        Intrinsics::KITTI
    }
    fn depth(&self, _: &FrameKey) -> Result<Option<DepthMap>, DataError> {
        Ok(None)
    }
}

/// Runs until this is so; the pictures come from another thread.
fn run_until(stage: &mut Stage, what: &str, is_so: impl Fn(&Stage) -> bool) {
    for _ in 0..600 {
        stage.run();
        if is_so(stage) {
            return;
        }
        sleep(Duration::from_millis(10));
    }
    panic!("{what}");
}

/// The bar and its pictures.
fn timeline(stage: &Stage) -> egui::Rect {
    stage.get_by_role_and_label(Role::Slider, "Frame").rect()
}

/// Points at the middle of a frame of the drive with 20 frames.
fn point_at(stage: &mut Stage, frame: f32) {
    let rect = timeline(stage);
    stage.hover_at(egui::pos2(rect.left() + (frame + 0.5) / 20.0 * rect.width(), rect.center().y));
    stage.run();
}

#[test]
fn as_many_pictures_as_fit_stand_over_their_parts_of_the_drive() {
    assert_eq!(frames_along(0..91, 960.0, 119.0), [5, 17, 28, 39, 51, 62, 73, 85]);
    assert_eq!(frames_along(0..6, 960.0, 119.0), [0, 1, 2, 3, 4, 5], "a short drive has all of its own");
    assert_eq!(frames_along(0..10, 960.0, 119.0).len(), 10, "so has one whose pictures nearly fit");
    assert_eq!(frames_along(5..9, 290.0, 119.0), [6, 8], "those in the middles of two parts");
    assert_eq!(frames_along(5..8, 20.0, 119.0), [6], "one in any case");
    assert_eq!(frames_along(3..3, 960.0, 119.0), [0; 0]);
    for (count, width, picture) in [(91, 960.0, 119.0), (1000, 1560.0, 80.0), (4541, 1000.0, 40.0)] {
        let frames = frames_along(0..count, width, picture);
        let part = width / frames.len() as f32;
        assert!((0.9..1.1).contains(&(part / (picture + 2.0))), "{} of {picture} fill {width}", frames.len());
        for (index, frame) in frames.iter().enumerate() {
            let (middle, place) = ((index as f32 + 0.5) * part, (*frame as f32 + 0.5) / count as f32 * width);
            assert!((middle - place).abs() <= 0.51 * width / count as f32, "each is over its frame");
        }
    }
    assert!(frames_along(0..999_999, 1e6, 10.0).len() <= 64, "their memory has a bound");
}

#[test]
fn the_pictures_of_the_built_in_drive_arrive() {
    let mut stage = drawn(builder());
    let source = Arc::new(BuiltInDrive::default());
    let drives = source.drives().to_vec();
    let key = |frame| FrameKey { folder: drives[0].folder.clone(), frame, side: Side::Left };
    let (training, validation) = ((1..60).map(key).collect(), (60..90).map(key).collect());
    let report = DataReport { drives: drives.clone(), training, validation, ..data() };
    stage.state_mut().open_frames(report, source);
    stage.run();
    let rect = timeline(&stage);
    // Of the first points of the row, the part that is as bright as a street by day.
    let bright = |stage: &mut Stage| {
        let picture = stage.render().unwrap();
        let row = egui::Rect::from_min_size(rect.min, egui::vec2(rect.width(), 36.0));
        let pixels =
            picture.enumerate_pixels().filter(|(x, y, _)| row.contains(egui::pos2(*x as f32, *y as f32)));
        let (mut bright, mut all) = (0, 0);
        for (.., pixel) in pixels {
            all += 1;
            bright += usize::from(pixel.0[..3].iter().any(|level| *level > 70));
        }
        bright as f64 / f64::from(all)
    };
    let mut share = 0.0;
    for _ in 0..600 {
        stage.run();
        share = bright(&mut stage);
        if share > 0.6 {
            break;
        }
        sleep(Duration::from_millis(10));
    }
    assert!(share > 0.6, "{share}");
    stage.hover_at(egui::pos2(rect.left() + 41.5 / 91.0 * rect.width(), rect.center().y));
    stage.run();
    assert!(stage.query_by_label("frame 41: trains").is_some());
    stage.hover_at(egui::pos2(rect.left() + 70.5 / 91.0 * rect.width(), rect.center().y));
    stage.run();
    assert!(stage.query_by_label("frame 70: validates").is_some());
    assert!(stage.query_by_label("frame 41: trains").is_none());
    stage.hover_at(egui::pos2(rect.left(), 20.0));
    stage.run();
    assert!(stage.query_by_label("frame 70: validates").is_none(), "the pointer moved on");
}

#[test]
fn a_broken_frame_says_why_and_is_read_once() {
    let source = Arc::new(Painted::default());
    let mut stage = stage();
    stage.state_mut().open_frames(data(), source.clone());
    stage.run();
    point_at(&mut stage, BROKEN as f32);
    assert!(stage.query_by_label("frame 13: trains").is_some(), "at once, with or without its picture");
    run_until(&mut stage, "no reason", |stage| stage.query_by_label("frame 13 is damaged").is_some());
    for frame in [2, BROKEN, 3, BROKEN] {
        point_at(&mut stage, frame as f32);
    }
    assert!(stage.query_by_label("frame 13 is damaged").is_some());
    sleep(Duration::from_millis(50));
    let tries = source.take_read().into_iter().filter(|(_, frame)| *frame == BROKEN).count();
    assert_eq!(tries, 1);
}

#[test]
fn only_the_pictures_on_the_screen_are_read_each_once() {
    let source = Arc::new(Painted::default());
    let mut stage = stage();
    stage.state_mut().open_frames(data(), source.clone());
    let rect = {
        stage.run();
        timeline(&stage)
    };
    let mut read = Vec::new();
    let mut wait_for = |stage: &mut Stage, count: usize| {
        read.clear();
        for _ in 0..600 {
            stage.run();
            read.extend(source.take_read());
            if read.len() >= count {
                break;
            }
            sleep(Duration::from_millis(5));
        }
        sleep(Duration::from_millis(50));
        read.extend(source.take_read());
        read.sort();
        read.clone()
    };
    // 36 points high and 3.2 times as wide; the first to be read is the one in the middle.
    let expected = frames_along(0..20, rect.width(), 36.0 * 3.2);
    let mut frames: Vec<u32> = expected.clone();
    frames.push(10);
    frames.sort_unstable();
    frames.dedup();
    let of = |drive: &str, frames: &[u32]| -> Vec<_> {
        frames.iter().map(|frame| (format!("day/{drive}"), *frame)).collect()
    };
    assert_eq!(wait_for(&mut stage, frames.len()), of("drive_one", &frames));
    stage.get_by_label_contains("drive_two").click();
    assert_eq!(wait_for(&mut stage, 3), of("drive_two", &[5, 6, 7]));
    stage.get_by_label_contains("drive_one").click();
    assert_eq!(wait_for(&mut stage, 0), [], "they are kept");
    assert!(!frames.contains(&4));
    point_at(&mut stage, 4.0);
    assert_eq!(wait_for(&mut stage, 1), of("drive_one", &[4]), "exactly the one that is pointed at");
}

/// Source that sleeps for every file, and knows which thread asked for it.
struct Slow {
    window: std::thread::ThreadId,
    touched: Mutex<Vec<&'static str>>,
}

impl Slow {
    fn read(&self, what: &'static str) {
        if std::thread::current().id() == self.window {
            self.touched.lock().unwrap().push(what);
        }
        sleep(Duration::from_millis(50));
    }
}

impl FrameSource for Slow {
    fn name(&self) -> String {
        "slow frames".to_owned()
    }
    fn drives(&self) -> &[Drive] {
        &[]
    }
    fn remarks(&self) -> Remarks {
        let mut remarks = Remarks::default();
        remarks.add(RemarkKind::LeftOut, None, "hidden and system files left out", ".hidden.png");
        remarks
    }
    fn contains(&self, _: &FrameKey) -> bool {
        self.read("contains");
        true
    }
    fn image(&self, _: &FrameKey) -> Result<RgbImage, DataError> {
        self.read("image");
        Ok(RgbImage::from_pixel(32, 10, Rgb([9, 9, 9])))
    }
    fn intrinsics(&self, _: &FrameKey) -> Intrinsics {
        self.read("intrinsics");
        Intrinsics::KITTI
    }
    fn depth(&self, _: &FrameKey) -> Result<Option<DepthMap>, DataError> {
        self.read("depth");
        Ok(None)
    }
}

#[test]
fn the_window_waits_for_no_file_of_a_slow_source() {
    let mut stage = stage();
    let window = std::thread::current().id();
    let source = Arc::new(Slow { window, touched: Mutex::default() });
    stage.state_mut().open_frames(data(), Arc::<Slow>::clone(&source));
    stage.run();
    stage.get_by_label("1 remark on the files").click();
    stage.run();
    assert!(stage.query_by_label("1 hidden and system file left out (.hidden.png)").is_some());
    for frame in [3.0, 9.0, 15.0] {
        point_at(&mut stage, frame);
    }
    for key in [egui::Key::ArrowRight, egui::Key::End, egui::Key::Home] {
        stage.key_press(key);
        stage.run();
    }
    assert_eq!(*source.touched.lock().unwrap(), [""; 0]);
}

#[test]
fn frames_numbered_in_steps_are_neighbours_on_the_timeline() {
    let mut stage = stage();
    let drive = Drive { folder: "day/drive_one".to_owned(), frames: 4..38, step: 3, sides: vec![Side::Left] };
    let training = (2..11).map(|index| key(4 + 3 * index)).collect();
    stage.state_mut().open_data(DataReport {
        drives: vec![drive],
        training,
        validation: Vec::new(),
        dropped: Vec::new(),
        ..data()
    });
    stage.run();
    stage.get_by_label("frame 10 of 37");
    stage.key_press(egui::Key::ArrowRight);
    stage.run();
    stage.get_by_label("frame 13 of 37");
    stage.key_press(egui::Key::End);
    stage.run();
    stage.get_by_label("frame 37 of 37");
}
