//! Standing cameras and the stride that gives enough motion.

use crate::support::shared;
use image::{Rgb, RgbImage};
use monoscope::{
    config::{DataChoice, FrameId, ImageSize},
    data::{
        DataError, DepthMap, Drive, FrameKey, FrameSource, Side,
        motion::measure,
        open,
        split::{MOVING_FRAMES, Split, Subset},
        synthetic::{BuiltInDrive, DriveOptions},
    },
    geometry::Intrinsics,
};
use std::sync::atomic::{AtomicUsize, Ordering};

const SIZE: ImageSize = ImageSize { height: 96, width: 320 };

/// Drive whose images a function makes from the number of the frame.
struct Film<F>([Drive; 1], F);

impl<F: Fn(u32) -> RgbImage + Send + Sync> Film<F> {
    fn new(frames: u32, picture: F) -> Self {
        Self(
            [Drive { folder: "film".to_owned(), frames: 0..frames, step: 1, sides: vec![Side::Left] }],
            picture,
        )
    }
}

impl<F: Fn(u32) -> RgbImage + Send + Sync> FrameSource for Film<F> {
    fn name(&self) -> String {
        "film".to_owned()
    }
    fn drives(&self) -> &[Drive] {
        &self.0
    }
    fn contains(&self, key: &FrameKey) -> bool {
        self.0[0].frames.contains(&key.frame)
    }
    fn image(&self, key: &FrameKey) -> Result<RgbImage, DataError> {
        Ok((self.1)(key.frame))
    }
    fn intrinsics(&self, _: &FrameKey) -> Intrinsics {
        Intrinsics::KITTI
    }
    fn depth(&self, _: &FrameKey) -> Result<Option<DepthMap>, DataError> {
        Ok(None)
    }
}

/// Image that moves by this number of pixels per frame.
fn pan(frame: u32, pixels: f32) -> RgbImage {
    RgbImage::from_fn(320, 96, |x, y| {
        let (x, y) = (x as f32 + pixels * frame as f32, y as f32);
        Rgb([(128.0 + 50.0 * (0.05 * x + 0.02 * y).sin() + 30.0 * (0.11 * y).sin()) as u8; 3])
    })
}

#[test]
fn a_halt_is_left_out_of_training() {
    let options =
        DriveOptions { frames: 16, size: ImageSize { height: 48, width: 160 }, ..Default::default() };
    let drive = BuiltInDrive::new(options);
    let folder = drive.drives()[0].folder.clone();
    let source = Film::new(16, |frame| {
        let frame = if (4..9).contains(&frame) { 4 } else { frame };
        drive.image(&FrameKey { folder: folder.clone(), frame, side: Side::Left }).unwrap()
    });
    let looked = AtomicUsize::new(0);
    let motion = measure(&source, &source.drives()[0], &|| {
        looked.fetch_add(1, Ordering::SeqCst);
    });
    // Frames 4 and 8 still have a moving neighbour on one side.
    assert_eq!(motion.standing, [5, 6, 7].into());
    assert_eq!((motion.stride, motion.frames, looked.into_inner()), (1, 16, 16));
    assert_eq!(motion.size, Some(ImageSize { height: 48, width: 160 }));
    let ids = [FrameId::TARGET, FrameId::PREVIOUS, FrameId::NEXT];
    let split = Split::open(MOVING_FRAMES, &source, &ids, &[Subset::Training], &[]).unwrap();
    let frames: Vec<u32> = split.training.iter().chain(&split.validation).map(|key| key.frame).collect();
    assert_eq!(frames, [1, 2, 3, 4, 8, 9, 10, 11, 12, 13, 14]);
}

#[test]
fn a_slow_film_gets_a_longer_stride_and_does_not_count_as_standing_still() {
    for (pixels, stride) in [(5.0, 1), (1.5, 2), (0.5, 6)] {
        let film = Film::new(40, |frame| pan(frame, pixels));
        let motion = measure(&film, &film.drives()[0], &|| ());
        assert!(motion.stride.abs_diff(stride) <= stride / 4, "stride {} at {pixels}", motion.stride);
        assert!(motion.standing.is_empty(), "{pixels} pixels a frame is no halt: {:?}", motion.standing);
    }
    let still = Film::new(5, |_| pan(0, 0.0));
    let motion = measure(&still, &still.drives()[0], &|| ());
    assert_eq!((motion.standing.len(), motion.stride, motion.difference), (5, 1, 0));
    let built_in = BuiltInDrive::new(DriveOptions { frames: 12, size: SIZE, ..Default::default() });
    let motion = measure(&built_in, &built_in.drives()[0], &|| ());
    assert_eq!((motion.standing.len(), motion.stride), (0, 1), "difference {}", motion.difference);
}

#[test]
#[ignore = "needs ../shared/kitti: frames of real drives"]
fn a_standing_camera_among_moving_cars_is_found() {
    let root = shared("kitti");
    let source = open(&DataChoice::Folder(root)).unwrap();
    let share = |number: &str| {
        let drive = source.drives().iter().find(|drive| drive.folder.contains(number)).unwrap();
        let motion = measure(source.as_ref(), drive, &|| ());
        (motion.standing.len(), motion.frames, motion.stride)
    };
    assert_eq!(share("9017"), (6, 6, 1));
    assert_eq!(share("9011"), (0, 91, 1));
    assert_eq!(share("0002"), (0, 10, 1));
}
