//! Noticing that a device was lost: its driver was reset, or its card was suspended or unplugged.
//!
//! wgpu reports a loss to one callback for a device, which belongs to cubecl: without it, cubecl would take what
//! it reads off a lost device for numbers. So a device is asked instead: on a lost one wgpu creates nothing, which
//! is known at once, before the callback runs.

use burn::tensor::Device;
use std::{
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    pin::Pin,
    sync::{
        Arc, Mutex, PoisonError, Weak,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, Wake, Waker},
    thread::{self, Thread},
    time::{Duration, Instant},
};

/// Time between two looks at a device that is waited for.
const LOOK: Duration = Duration::from_millis(100);
/// Time in which a lost device may still end what was begun, with values or with an error.
const GRACE: Duration = Duration::from_secs(1);

/// A loss in words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the device of graphics adapter {adapter} was lost: its driver was reset, or the card was suspended or \
     unplugged; if it is lost again, update the driver, or use --device cpu"
)]
pub struct DeviceLost {
    /// The adapter's name.
    pub adapter: String,
}

/// Knows whether a device was lost; clones share what they know.
#[derive(Clone, Debug)]
pub(super) struct DeviceLossFlag(Arc<Watched>);

#[derive(Debug)]
struct Watched {
    device: wgpu::Device,
    adapter: String,
    is_lost: AtomicBool,
}

/// The devices that burn computes on.
static WATCHED: Mutex<Vec<(Device, DeviceLossFlag)>> = Mutex::new(Vec::new());

impl DeviceLossFlag {
    /// Watches a device. Errors of a lost one are no longer fatal.
    pub fn new(device: &wgpu::Device, adapter: &wgpu::Adapter) -> Self {
        let adapter = adapter.get_info().name;
        let watch =
            Self(Arc::new(Watched { device: device.clone(), adapter, is_lost: AtomicBool::default() }));
        watch.tolerate_errors();
        watch
    }

    /// Lets wgpu's errors pass once the device is lost; on a sound device they stay panics, as wgpu has them.
    fn tolerate_errors(&self) {
        // The device owns the handler, which therefore must not own the device.
        let watched: Weak<Watched> = Arc::downgrade(&self.0);
        self.0.device.on_uncaptured_error(Arc::new(move |error| {
            let is_lost = watched.upgrade().is_some_and(|watched| Self(watched).is_lost());
            assert!(is_lost, "wgpu error: {error}");
            log::debug!("error of a lost device: {error}");
        }));
    }

    /// Makes this known as the watch of burn's device.
    pub fn register(&self, device: &Device) {
        // cubecl has put an error handler of its own in the place of ours: it panics until its callback has run.
        self.tolerate_errors();
        WATCHED.lock().unwrap_or_else(PoisonError::into_inner).push((device.clone(), self.clone()));
    }

    /// The watch of a device that burn computes on; `None` for the CPU backend's.
    pub fn of(device: &Device) -> Option<Self> {
        let device = device.clone().without_autodiff();
        let watched = WATCHED.lock().unwrap_or_else(PoisonError::into_inner);
        watched.iter().find(|(known, _)| *known == device).map(|(_, watch)| watch.clone())
    }

    /// Whether the device is lost. It costs a few microseconds.
    pub fn is_lost(&self) -> bool {
        let Watched { device, is_lost, .. } = &*self.0;
        if is_lost.load(Ordering::Relaxed) {
            return true;
        }
        let scope = device.push_error_scope(wgpu::ErrorFilter::OutOfMemory);
        let buffer = device.create_buffer(&wgpu::BufferDescriptor {
            label: Some("loss probe"),
            size: wgpu::COPY_BUFFER_ALIGNMENT,
            usage: wgpu::BufferUsages::MAP_WRITE,
            mapped_at_creation: true,
        });
        let is_refused = buffer.get_mapped_range_mut(..).is_err();
        let lost = pollster::block_on(scope.pop()).is_none() && is_refused;
        if lost {
            is_lost.store(true, Ordering::Relaxed);
        }
        lost
    }

    /// The loss in words, if there was one.
    pub fn loss(&self) -> Option<DeviceLost> {
        self.is_lost().then(|| DeviceLost { adapter: self.0.adapter.clone() })
    }

    /// Lets wgpu hand out what has arrived.
    ///
    /// # Errors
    /// If the device is known to be lost.
    pub fn poll(&self, poll: wgpu::PollType) -> Result<(), DeviceLost> {
        let lost = || DeviceLost { adapter: self.0.adapter.clone() };
        if self.0.is_lost.load(Ordering::Relaxed) {
            return Err(lost());
        }
        // wgpu panics where the driver says of a device that is polled that it is lost.
        match catch_unwind(AssertUnwindSafe(|| self.0.device.poll(poll))) {
            Ok(_) => Ok(()),
            Err(_) if self.is_lost() => Err(lost()),
            Err(panic) => resume_unwind(panic),
        }
    }

    /// Waits for a future of this device, unless the device is lost: what waits for it then waits for ever, as
    /// the thread that would wake it has died in [`Self::poll`]'s way.
    ///
    /// # Errors
    /// If the device is lost and the future does not end.
    pub fn wait<T>(&self, mut future: Pin<Box<dyn Future<Output = T> + Send>>) -> Result<T, DeviceLost> {
        let waker = Waker::from(Arc::new(Unpark(thread::current())));
        let mut lost_since: Option<Instant> = None;
        loop {
            if let Poll::Ready(value) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
                return Ok(value);
            }
            thread::park_timeout(LOOK);
            match (self.loss(), lost_since) {
                (Some(loss), Some(since)) if since.elapsed() > GRACE => {
                    // Dropped, it would give back memory that the lost device may still be copying to.
                    std::mem::forget(future);
                    return Err(loss);
                }
                (Some(_), None) => lost_since = Some(Instant::now()),
                _ => {}
            }
        }
    }
}

/// Wakes a parked thread.
struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}
