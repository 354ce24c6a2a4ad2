//! Previews of frames: which are read, in which order, and which are cached.

use image::{Rgb, RgbImage};
use monoscope::{
    config::ImageSize,
    data::{
        DataError, DepthMap, Drive, FrameKey, FrameSource, Side,
        image::{SharedLevels, read_small, resize, shrink, write},
        previews::{LruCache, Preview, Previews},
        synthetic::BuiltInDrive,
    },
    geometry::Intrinsics,
};
use std::{
    sync::{
        Arc, Mutex,
        mpsc::{Receiver, Sender, channel},
    },
    time::Duration,
};

const BOX: ImageSize = ImageSize { height: 160, width: 240 };
const PATIENCE: Duration = Duration::from_secs(20);

fn key(frame: u32) -> FrameKey {
    FrameKey { folder: "drive".to_owned(), frame, side: Side::Left }
}

/// Source that reports each request, and waits for permission to answer it.
struct Slow {
    asked: Mutex<Sender<u32>>,
    leave: Mutex<Receiver<()>>,
}

impl FrameSource for Slow {
    fn name(&self) -> String {
        "slow frames".to_owned()
    }
    fn drives(&self) -> &[Drive] {
        &[]
    }
    fn contains(&self, _: &FrameKey) -> bool {
        true
    }
    fn image(&self, key: &FrameKey) -> Result<RgbImage, DataError> {
        self.asked.lock().unwrap().send(key.frame).unwrap();
        self.leave.lock().unwrap().recv_timeout(PATIENCE).unwrap();
        match key.frame {
            200.. => panic!("a decoder gives up"),
            100.. => Err(DataError::Unusable("the disk is gone".to_owned())),
            frame => Ok(RgbImage::from_pixel(330, 100, Rgb([frame as u8; 3]))),
        }
    }
    fn intrinsics(&self, _: &FrameKey) -> Intrinsics {
        Intrinsics::KITTI
    }
    fn depth(&self, _: &FrameKey) -> Result<Option<DepthMap>, DataError> {
        Ok(None)
    }
}

/// Previews of the slow source, and the ends of its channels.
struct Stand {
    previews: Previews,
    asked: Receiver<u32>,
    leave: Sender<()>,
    read: Receiver<()>,
}

impl Stand {
    fn new() -> Self {
        let ((ask, asked), (leave, wait), (tell, read)) = (channel(), channel(), channel());
        let source = Arc::new(Slow { asked: Mutex::new(ask), leave: Mutex::new(wait) });
        let previews = Previews::new(source, BOX, 1 << 20, move || {
            let _ = tell.send(());
        });
        Self { previews, asked, leave, read }
    }

    fn next_asked(&self) -> u32 {
        self.asked.recv_timeout(PATIENCE).unwrap()
    }

    /// Lets the current image be read, and waits until its preview is cached.
    fn go_on(&self) {
        self.leave.send(()).unwrap();
        self.read.recv_timeout(PATIENCE).unwrap();
    }
}

fn grey(preview: Option<Preview>) -> u8 {
    preview.unwrap().unwrap().get_pixel(0, 0).0[0]
}

#[test]
fn only_the_newest_requests_are_read_the_most_urgent_first() {
    let stand = Stand::new();
    stand.previews.request([key(1)]);
    assert_eq!(stand.next_asked(), 1);
    stand.previews.request([key(2), key(3)]);
    stand.previews.request([key(5), key(1), key(5), key(4)]);
    assert!(stand.previews.get(&key(1)).is_none(), "nobody waits for it");
    stand.go_on();
    assert_eq!(grey(stand.previews.get(&key(1))), 1);
    assert_eq!(stand.next_asked(), 5, "2 and 3 are no longer wanted");
    stand.go_on();
    assert_eq!(stand.next_asked(), 4, "1 is there, and 5 was wished for twice");
    stand.previews.request([]);
    stand.go_on();
    stand.previews.request([key(5), key(4), key(1), key(6)]);
    assert_eq!(stand.next_asked(), 6, "what is kept is not read again");
    stand.go_on();
    assert_eq!(stand.previews.bytes(), 4 * 240 * 73 * 3);
    let Stand { previews, leave, asked, .. } = stand;
    previews.request([key(7)]);
    assert_eq!(asked.recv_timeout(PATIENCE), Ok(7));
    previews.request([key(8)]);
    drop(previews);
    leave.send(()).unwrap();
    assert!(asked.recv_timeout(PATIENCE).is_err(), "the thread ends with its owner");
}

#[test]
fn a_frame_that_cannot_be_read_says_why_and_is_not_tried_again() {
    let stand = Stand::new();
    for (frame, reason) in [(100, "the disk is gone"), (200, "decoder failed")] {
        stand.previews.request([key(frame)]);
        assert_eq!(stand.next_asked(), frame);
        stand.go_on();
        let told = stand.previews.get(&key(frame)).unwrap().unwrap_err();
        assert!(told.contains(reason), "{told}");
    }
    stand.previews.request([key(100), key(200), key(3)]);
    assert_eq!(stand.next_asked(), 3);
    stand.go_on();
    assert_eq!(grey(stand.previews.get(&key(3))), 3);
}

#[test]
fn the_cache_stays_within_its_bound_and_evicts_the_least_recently_used() {
    let picture = || Ok(Arc::new(RgbImage::new(10, 10)));
    let mut kept = LruCache::new(1000);
    for frame in 0..3 {
        kept.insert(key(frame), picture());
    }
    assert!(kept.get(&key(0)).is_some());
    kept.insert(key(3), picture());
    let there = |kept: &LruCache| (0..40).filter(|frame| kept.contains(&key(*frame))).collect::<Vec<_>>();
    assert_eq!((there(&kept), kept.bytes()), (vec![0, 2, 3], 900));
    kept.insert(key(2), picture());
    assert_eq!((there(&kept), kept.bytes()), (vec![0, 2, 3], 900), "a second takes the place of the first");
    for frame in 4..40 {
        kept.insert(key(frame), if frame % 3 == 0 { Err("x".repeat(50).into()) } else { picture() });
        assert!(kept.bytes() <= 1000 && kept.contains(&key(frame)), "{}", kept.bytes());
    }
    assert!(there(&kept).len() >= 3);
}

/// Mean difference of two images of one size, in levels.
fn difference(left: &RgbImage, right: &RgbImage) -> f64 {
    assert_eq!(left.dimensions(), right.dimensions());
    let sum: u64 = left.iter().zip(right.iter()).map(|(left, right)| u64::from(left.abs_diff(*right))).sum();
    sum as f64 / left.len() as f64
}

#[test]
fn a_preview_is_nearly_the_frame_resized() {
    let folder = tempfile::tempdir().unwrap();
    let drive = BuiltInDrive::default();
    let key = FrameKey { folder: drive.drives()[0].folder.clone(), ..key(30) };
    let small = drive.preview(&key, BOX).unwrap();
    assert_eq!(small.dimensions(), (240, 72));
    let whole = drive.image(&key).unwrap();
    let rendered = difference(&small, &shrink(&whole, BOX));
    let other = FrameKey { frame: 33, ..key.clone() };
    let unlike = difference(&small, &drive.preview(&other, BOX).unwrap());
    assert!(rendered < 10.0 && rendered < 0.5 * unlike, "{rendered}, another frame {unlike}");
    assert_eq!(drive.preview(&key, BOX).unwrap(), shrink(&whole, BOX), "what was rendered is used");

    let large = resize(&whole, ImageSize { height: 375, width: 1242 });
    for name in ["frame.jpg", "frame.png"] {
        let path = folder.path().join(name);
        write(&path, &large).unwrap();
        let small = read_small(&path, BOX, &SharedLevels::default()).unwrap();
        let exact = resize(&large, ImageSize { height: small.height() as usize, width: 240 });
        let read = difference(&small, &exact);
        assert!(read < 10.0 && read < 0.5 * unlike, "{name}: {read}, another frame {unlike}");
    }
    let path = folder.path().join("frame.jpg");
    std::fs::write(&path, &std::fs::read(&path).unwrap()[..9000]).unwrap();
    let error = read_small(&path, BOX, &SharedLevels::default()).unwrap_err().to_string();
    assert!(error.contains("cut short") && error.contains("frame.jpg"), "{error}");
}

#[test]
fn an_image_shrinks_into_a_box_in_its_proportions() {
    let shrunk = |height, width| {
        let ImageSize { height, width } = ImageSize { height, width }.shrunk_into(BOX);
        (height, width)
    };
    assert_eq!(shrunk(375, 1242), (72, 240));
    assert_eq!(shrunk(1000, 1000), (160, 160));
    assert_eq!(shrunk(50, 60), (50, 60), "nothing is enlarged");
    assert_eq!(shrunk(1, 16_000), (1, 240));
}
