//! Bound on the GPU work in flight, so that a frame of the window never waits for a whole training step.
//!
//! burn and the window share one queue, which runs in order: a frame waits for everything that was submitted before
//! it. burn alone would queue up to a thousand kernels, about a whole step. So launches are counted and divided into
//! pieces. At the end of a piece, the launching thread submits it and waits for the piece *before* it. At most two
//! pieces are unfinished: the one just submitted and the one being launched. The newest is never waited for, so the
//! GPU has work while the next piece is launched.
//!
//! The waits also measure how long a piece takes. The number of launches in a piece is adapted so that a piece takes
//! about [`PIECE`], and a frame waits at most about twice as long. The number falls at once when a piece takes too
//! long and rises slowly, so the slow parts of a step determine it. The cost is a round trip to burn's thread per
//! piece: little if kernels are long, and rare if they are short. On a software driver, where one kernel may take
//! 100 ms, pieces are as short as allowed.

use super::device_loss::DeviceLossFlag;
use cubecl_runtime::client::Client;
use std::{
    sync::{
        Arc, Mutex, PoisonError, RwLock,
        atomic::{AtomicU64, Ordering},
        mpsc::{Receiver, RecvTimeoutError, TryRecvError, sync_channel},
    },
    time::{Duration, Instant},
};

/// GPU time that a piece should take.
const PIECE: Duration = Duration::from_millis(4);
/// Launches of the first piece: burn by itself submits as many at once.
const INITIAL_LAUNCHES: usize = 32;
/// Fewest launches of a piece: with fewer, the round trips cost more than the bound gains.
const MIN_LAUNCHES: usize = 4;
/// Most launches of a piece: more gain nothing.
const MAX_LAUNCHES: usize = 256;
/// Number of pieces that must be in time before the next one may have one more launch: more than the fast part of
/// a step has, because a slow part follows it.
const PATIENCE: usize = 32;
/// Time between two polls of the queue.
const POLL_INTERVAL: Duration = Duration::from_micros(100);
/// Longest wait for a piece: only a software driver takes longer, and that is not worth waiting for.
const LONGEST_WAIT: Duration = Duration::from_secs(10);

static CURRENT: RwLock<Option<Arc<Throttle>>> = RwLock::new(None);
static WAITS: AtomicU64 = AtomicU64::new(0);

/// Number of times that a launch of this process ended a piece and may have waited. These waits read nothing back.
pub fn throttle_waits() -> u64 {
    WAITS.load(Ordering::Relaxed)
}

/// Bounds the kernels in flight on this device from now on, and no longer those of an earlier device. [`launched`]
/// counts them.
pub(super) fn bound(loss_flag: DeviceLossFlag, queue: wgpu::Queue, client: Client) {
    let throttle = Throttle { loss_flag, queue, client, progress: Mutex::default() };
    *CURRENT.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(throttle));
}

/// Counts a launch. Waits if too many are in flight.
pub(super) fn launched() {
    let current = CURRENT.read().unwrap_or_else(PoisonError::into_inner).clone();
    if let Some(throttle) = current {
        throttle.launched();
    }
}

struct Throttle {
    loss_flag: DeviceLossFlag,
    queue: wgpu::Queue,
    client: Client,
    progress: Mutex<ThrottleState>,
}

#[derive(Default)]
struct ThrottleState {
    length: PieceLength,
    /// Launches since the last piece was submitted.
    launches: usize,
    submitted: Option<Piece>,
    /// Time at which the last piece that was waited for was known to have ended.
    ended: Option<Instant>,
}

struct Piece {
    launches: usize,
    finished: Receiver<()>,
}

impl Throttle {
    fn launched(&self) {
        let mut progress = self.progress.lock().unwrap_or_else(PoisonError::into_inner);
        if progress.launches >= progress.length.launches {
            self.submit(&mut progress);
        }
        progress.launches += 1;
    }

    /// Ends a piece and waits for the one before it.
    fn submit(&self, progress: &mut ThrottleState) {
        WAITS.fetch_add(1, Ordering::Relaxed);
        let launches = std::mem::take(&mut progress.launches);
        let started = Instant::now();
        if self.client.flush().is_err() {
            return;
        }
        // A software driver runs kernels during the submission.
        let submitting = started.elapsed();
        let (sender, finished) = sync_channel(1);
        self.queue.on_submitted_work_done(move || _ = sender.send(()));
        let piece = Piece { launches, finished };
        let Some(earlier) = progress.submitted.replace(piece) else { return };
        let is_held_up = self.wait(&earlier.finished);
        let now = Instant::now();
        let before = progress.ended.replace(now);
        // A piece that had to be waited for ran from the end of the one before. Any other ended at an unknown time.
        let executing = before.filter(|_| is_held_up).map_or(Duration::ZERO, |before| now - before);
        progress.length.adapt(earlier.launches, executing.max(submitting));
    }

    /// Waits until a piece is finished; true if it was not finished yet.
    fn wait(&self, finished: &Receiver<()>) -> bool {
        let started = Instant::now();
        // A lost device sends nothing. The loss is reported where tensors are read.
        if self.loss_flag.poll(wgpu::PollType::Poll).is_err()
            || finished.try_recv() != Err(TryRecvError::Empty)
        {
            return false;
        }
        while finished.recv_timeout(POLL_INTERVAL) == Err(RecvTimeoutError::Timeout)
            && started.elapsed() < LONGEST_WAIT
        {
            if self.loss_flag.poll(wgpu::PollType::Poll).is_err() {
                return false;
            }
        }
        true
    }
}

/// Number of launches that make a piece, adapted to the time that pieces take.
#[derive(Debug)]
pub struct PieceLength {
    /// Launches of the next piece.
    pub launches: usize,
    /// Pieces that took no longer than they should since the last change.
    in_time: usize,
}

impl Default for PieceLength {
    fn default() -> Self {
        Self { launches: INITIAL_LAUNCHES, in_time: 0 }
    }
}

impl PieceLength {
    /// Adapts to a piece of `launches` that took the GPU this long.
    pub fn adapt(&mut self, launches: usize, took: Duration) {
        let fitting = launches as f64 * PIECE.as_secs_f64() / took.as_secs_f64().max(1e-9);
        if fitting < self.launches as f64 {
            *self = Self { launches: (fitting as usize).max(MIN_LAUNCHES), in_time: 0 };
            return;
        }
        let longer = (self.launches + 1).min(MAX_LAUNCHES);
        if fitting >= longer as f64 {
            self.in_time += 1;
        }
        if self.in_time >= PATIENCE {
            *self = Self { launches: longer, in_time: 0 };
        }
    }
}
