//! Pictures that cannot be used, found by reading headers on a background thread, and when they are decoded.

use super::{
    DataError, FrameKey, NumberedBy, RemarkKind, Remarks, Side,
    image::{self as codec, PictureHeader},
    listing::name_of,
};
use crate::config::ImageSize;
use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    sync::{
        Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread::Builder,
    time::Duration,
};

/// Number of pictures, spread over a drive, of which most have the drive's usual size.
const SAMPLES: usize = 7;

/// Image files of one camera by frame number.
pub(super) type CameraImages = BTreeMap<u32, PathBuf>;
/// Cameras of a drive.
pub(super) type Cameras = BTreeMap<Side, CameraImages>;

/// Files of a drive.
#[derive(Default)]
pub(super) struct ListedDrive {
    /// Pictures of its cameras.
    pub cameras: Cameras,
    /// Difference of the numbers of neighbouring frames.
    pub step: u32,
    /// Numbers of the frames that do not follow the one before.
    pub breaks: BTreeSet<u32>,
    /// Rule of the frame numbers.
    pub numbered_by: NumberedBy,
    /// Size that pictures of the left and the right camera usually have.
    sizes: [OnceLock<Option<ImageSize>>; 2],
}

impl ListedDrive {
    /// Drive with frames that are numbered one by one.
    pub fn new(cameras: Cameras) -> Self {
        Self { cameras, step: 1, ..Self::default() }
    }

    /// Size that most pictures of a camera have; `None` if no header can be read. Reads a few headers the first
    /// time.
    pub fn usual_size(&self, side: Side) -> Option<ImageSize> {
        let measure = || {
            let files: Vec<&PathBuf> = self.cameras.get(&side)?.values().collect();
            let count = files.len().min(SAMPLES);
            let sizes = (0..count).map(|sample| sample * files.len() / count);
            let mut counts: Vec<(ImageSize, usize)> = Vec::new();
            for size in sizes.filter_map(|index| codec::size(files[index]).ok()) {
                match counts.iter_mut().find(|(other, _)| *other == size) {
                    Some((_, count)) => *count += 1,
                    None => counts.push((size, 1)),
                }
            }
            // Of sizes that are as frequent, the first.
            let most = counts.iter().map(|(_, count)| *count).max()?;
            counts.into_iter().find(|(_, count)| *count == most).map(|(size, _)| size)
        };
        *self.sizes[side as usize].get_or_init(measure)
    }
}

/// Files by the names of their drives.
pub(super) type ListedDrives = BTreeMap<String, ListedDrive>;

/// Pictures that cannot be used, as far as they are known. Dropping this ends the reading of headers.
pub(super) struct HeaderScan {
    shared: Arc<Shared>,
}

struct Shared {
    drives: Arc<ListedDrives>,
    state: Mutex<State>,
    ended: Condvar,
    is_stopped: AtomicBool,
}

#[derive(Default)]
struct State {
    remarks: Remarks,
    /// Pictures that are left out already, which are found again when they are decoded.
    left_out: BTreeSet<PathBuf>,
    is_running: bool,
}

impl HeaderScan {
    /// Scan that waits to be told of defects, or with `reads_headers` looks for them on a thread.
    pub fn new(drives: &Arc<ListedDrives>, reads_headers: bool) -> Self {
        let state = Mutex::new(State { is_running: reads_headers, ..State::default() });
        let (ended, is_stopped) = (Condvar::new(), AtomicBool::new(false));
        let shared = Arc::new(Shared { drives: Arc::clone(drives), state, ended, is_stopped });
        if reads_headers {
            let worker = Arc::clone(&shared);
            let started = Builder::new().name("headers".to_owned()).spawn(move || worker.read_headers());
            if started.is_err() {
                shared.end();
            }
        }
        Self { shared }
    }

    /// Notes that the picture of a frame could not be decoded.
    pub fn found_unreadable(&self, key: &FrameKey, file: &Path, error: &DataError) {
        self.shared.leave_out_unreadable(&key.folder, file, error);
    }

    /// Notes that the picture of a frame has another size than the drive's.
    pub fn found_other_size(&self, key: &FrameKey, file: &Path, size: ImageSize, usual: ImageSize) {
        self.shared.leave_out_other_size(&key.folder, file, size, usual);
    }

    /// True while headers are read.
    pub fn is_running(&self) -> bool {
        self.shared.state().is_running
    }

    /// Waits until all headers are read, at most for this time.
    pub fn wait(&self, time: Duration) {
        let running = |state: &mut State| state.is_running;
        drop(self.shared.ended.wait_timeout_while(self.shared.state(), time, running));
    }

    /// Remarks on what was found so far.
    pub fn remarks(&self) -> Remarks {
        self.shared.state().remarks.clone()
    }
}

impl Drop for HeaderScan {
    fn drop(&mut self) {
        self.shared.is_stopped.store(true, Ordering::Relaxed);
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        // The state is consistent after every statement, so that a panic elsewhere does no harm.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn leave_out(&self, drive: &str, file: &Path, what: &str, detail: &str) {
        let mut state = self.state();
        if state.left_out.insert(file.to_owned()) {
            let example = format!("{}: {detail}", name_of(file));
            state.remarks.add(RemarkKind::LeftOut, Some(drive), what, &example);
        }
    }

    fn leave_out_unreadable(&self, drive: &str, file: &Path, error: &DataError) {
        let reason = error.reason().map_or_else(|| error.to_string(), str::to_owned);
        self.leave_out(drive, file, "unreadable pictures left out", &reason);
    }

    fn leave_out_other_size(&self, drive: &str, file: &Path, size: ImageSize, usual: ImageSize) {
        let what = format!("pictures of another size than the drive's {usual} left out");
        self.leave_out(drive, file, &what, &size.to_string());
    }

    fn add_remarks(&self, drive: &str, file: &Path, header: PictureHeader) {
        let mut state = self.state();
        for (kind, what) in header.remarks() {
            state.remarks.add(kind, Some(drive), what, &name_of(file));
        }
    }

    fn end(&self) {
        self.state().is_running = false;
        self.ended.notify_all();
    }

    fn read_headers(&self) {
        for (name, drive) in self.drives.iter() {
            for (side, files) in &drive.cameras {
                let usual = drive.usual_size(*side);
                for file in files.values() {
                    if self.is_stopped.load(Ordering::Relaxed) {
                        return self.end();
                    }
                    match (PictureHeader::read(file), usual) {
                        (Err(error), _) => self.leave_out_unreadable(name, file, &error),
                        (Ok(header), Some(usual)) if header.size != usual => {
                            self.leave_out_other_size(name, file, header.size, usual);
                        }
                        (Ok(header), _) => self.add_remarks(name, file, header),
                    }
                }
            }
        }
        self.end();
    }
}
