//! A bound on the work that the GPU has before it, so that a frame of the window never waits for a
//! training step.
//!
//! burn and the window share one queue, which runs in order: a frame waits for whatever was submitted
//! before it. burn alone keeps up to a thousand kernels there, about a whole step. So launches are
//! counted, and after a piece of them the launching thread submits what there is and waits for the piece
//! *before* it: at most two are unfinished, the one just submitted and the one that is launched next.
//! The newest is never waited for, so the GPU has work while the next piece is launched.
//!
//! How many launches make a piece is measured by these waits, so that one takes about [`PIECE`] and a
//! frame waits at most about twice as long. Kernels differ, and a piece follows from those before it, so
//! the count falls at once when a piece takes too long and rises slowly: the slow stretches of a step
//! decide. What this costs is a round trip to burn's thread for each piece, little where kernels are long
//! and rare where they are short. On a software driver, where one kernel may take 100 ms, pieces are as
//! short as they get.

use super::device_loss::DeviceLossFlag;
use cubecl_runtime::client::Client;
use std::{
    sync::{
        Arc, Mutex, PoisonError, RwLock,
        atomic::{AtomicU64, Ordering},
        mpsc::{Receiver, RecvTimeoutError, TryRecvError, channel},
    },
    time::{Duration, Instant},
};

/// GPU time of a piece.
const PIECE: Duration = Duration::from_millis(4);
/// Launches of the first piece: burn submits as many by itself.
const FIRST: usize = 32;
/// With fewer launches the round trips cost more than they bound.
const FEWEST: usize = 4;
/// With more there is nothing left to win.
const MOST: usize = 256;
/// Pieces in good time until one more launch is tried: more than a step has in its quick stretches, after
/// which a slow one begins.
const PATIENCE: usize = 32;
/// Time between two looks at the queue.
const LOOK: Duration = Duration::from_micros(100);
/// A GPU that takes longer for a piece is a software driver, which is not waited for.
const LONGEST_WAIT: Duration = Duration::from_secs(10);

static CURRENT: RwLock<Option<Arc<Throttle>>> = RwLock::new(None);
static WAITS: AtomicU64 = AtomicU64::new(0);

/// Times that a launch in this process was held up at the end of a piece. These waits read nothing back.
pub fn throttle_waits() -> u64 {
    WAITS.load(Ordering::Relaxed)
}

/// Bounds the kernels in flight on this device from now on, in place of any device before it, by the launches that
/// [`launched`] is told of.
pub(super) fn bound(watch: DeviceLossFlag, queue: wgpu::Queue, client: Client) {
    let throttle = Throttle { watch, queue, client, progress: Mutex::default() };
    *CURRENT.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(throttle));
}

/// Counts a launch, and waits if it would be too many.
pub(super) fn launched() {
    let current = CURRENT.read().unwrap_or_else(PoisonError::into_inner).clone();
    if let Some(throttle) = current {
        throttle.launched();
    }
}

struct Throttle {
    watch: DeviceLossFlag,
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
    /// When the last piece that was asked about was known to have ended.
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
        // A software driver runs kernels while they are submitted.
        let submitting = started.elapsed();
        let (sender, finished) = channel();
        self.queue.on_submitted_work_done(move || _ = sender.send(()));
        let piece = Piece { launches, finished };
        let Some(earlier) = progress.submitted.replace(piece) else { return };
        let is_held_up = self.wait(&earlier.finished);
        let now = Instant::now();
        let before = progress.ended.replace(now);
        // While the GPU has work, pieces end one after another. Otherwise this one ended long ago.
        let executing = before.filter(|_| is_held_up).map_or(Duration::ZERO, |before| now - before);
        progress.length.adapt(earlier.launches, executing.max(submitting));
    }

    /// Waits until a piece is finished; whether it was not yet.
    fn wait(&self, finished: &Receiver<()>) -> bool {
        let started = Instant::now();
        // Of a lost device nothing arrives; it is told of where the tensors are read.
        if self.watch.poll(wgpu::PollType::Poll).is_err() || finished.try_recv() != Err(TryRecvError::Empty) {
            return false;
        }
        while finished.recv_timeout(LOOK) == Err(RecvTimeoutError::Timeout)
            && started.elapsed() < LONGEST_WAIT
        {
            if self.watch.poll(wgpu::PollType::Poll).is_err() {
                return false;
            }
        }
        true
    }
}

/// The launches that make a piece.
#[derive(Debug)]
pub struct PieceLength {
    /// How many they are now.
    pub launches: usize,
    /// Pieces in good time since the length was last changed.
    in_time: usize,
}

impl Default for PieceLength {
    fn default() -> Self {
        Self { launches: FIRST, in_time: 0 }
    }
}

impl PieceLength {
    /// Learns from a piece of so many launches that the GPU took so long for.
    pub fn adapt(&mut self, launches: usize, took: Duration) {
        let fitting = launches as f64 * PIECE.as_secs_f64() / took.as_secs_f64().max(1e-9);
        if fitting < self.launches as f64 {
            *self = Self { launches: (fitting as usize).max(FEWEST), in_time: 0 };
            return;
        }
        let longer = (self.launches + 1).min(MOST);
        if fitting >= longer as f64 {
            self.in_time += 1;
        }
        if self.in_time >= PATIENCE {
            *self = Self { launches: longer, in_time: 0 };
        }
    }
}
