//! Detection of a lost device: its driver was reset, or the GPU was suspended or unplugged.
//!
//! wgpu reports a loss to a single callback of the device. cubecl needs that callback: without it, cubecl would
//! take the garbage that is read from a lost device for results. So we probe the device instead. On a lost device
//! wgpu creates no buffers, and that shows at once, even before the callback runs.

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
use tracing::debug;

/// Time between two polls of a device that is waited for.
const POLL_INTERVAL: Duration = Duration::from_millis(100);
/// Time in which a lost device may still finish pending work, with values or with an error.
const GRACE: Duration = Duration::from_secs(1);

/// Error of a lost device.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the device of graphics adapter {adapter} was lost: its driver was reset, or the card was suspended or \
     unplugged; if it is lost again, update the driver, or use --device cpu"
)]
pub struct DeviceLost {
    /// Name of the device's adapter.
    pub adapter: String,
}

/// Tells if a device is lost. Clones share the flag.
#[derive(Clone, Debug)]
pub(super) struct DeviceLossFlag(Arc<FlaggedDevice>);

#[derive(Debug)]
struct FlaggedDevice {
    device: wgpu::Device,
    adapter: String,
    is_lost: AtomicBool,
}

/// Devices that burn computes on, each with its flag.
static FLAGS: Mutex<Vec<(Device, DeviceLossFlag)>> = Mutex::new(Vec::new());

impl DeviceLossFlag {
    /// Flag of a device. From now on wgpu's errors are fatal only as long as the device is not lost.
    pub fn new(device: &wgpu::Device, adapter: &wgpu::Adapter) -> Self {
        let adapter = adapter.get_info().name;
        let device = device.clone();
        let flag = Self(Arc::new(FlaggedDevice { device, adapter, is_lost: AtomicBool::default() }));
        flag.tolerate_errors();
        flag
    }

    /// Ignores wgpu's errors once the device is lost. On a working device they remain panics, wgpu's default.
    fn tolerate_errors(&self) {
        // Weak, because the device owns the handler: an owned device would never be dropped.
        let flagged: Weak<FlaggedDevice> = Arc::downgrade(&self.0);
        self.0.device.on_uncaptured_error(Arc::new(move |error| {
            let is_lost = flagged.upgrade().is_some_and(|flagged| Self(flagged).is_lost());
            assert!(is_lost, "wgpu error: {error}");
            debug!(%error, "error of a lost device");
        }));
    }

    /// Registers this as the flag of burn's device, for [`Self::of`].
    pub fn register(&self, device: &Device) {
        // cubecl has replaced our error handler by one that panics until its own callback has run.
        self.tolerate_errors();
        FLAGS.lock().unwrap_or_else(PoisonError::into_inner).push((device.clone(), self.clone()));
    }

    /// Flag of a device that burn computes on; `None` for the CPU backend.
    pub fn of(device: &Device) -> Option<Self> {
        let device = device.clone().without_autodiff();
        let flags = FLAGS.lock().unwrap_or_else(PoisonError::into_inner);
        flags.iter().find(|(known, _)| *known == device).map(|(_, flag)| flag.clone())
    }

    /// Checks if the device is lost. Takes a few microseconds.
    pub fn is_lost(&self) -> bool {
        let FlaggedDevice { device, is_lost, .. } = &*self.0;
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
        if lost && !is_lost.swap(true, Ordering::Relaxed) {
            debug!(adapter = self.0.adapter, "device lost");
        }
        lost
    }

    /// The error to report if the device is lost.
    pub fn loss(&self) -> Option<DeviceLost> {
        self.is_lost().then(|| DeviceLost { adapter: self.0.adapter.clone() })
    }

    /// Polls the device, so that wgpu runs the callbacks of finished work.
    ///
    /// # Errors
    /// If the device is known to be lost.
    pub fn poll(&self, poll: wgpu::PollType) -> Result<(), DeviceLost> {
        let lost = || DeviceLost { adapter: self.0.adapter.clone() };
        if self.0.is_lost.load(Ordering::Relaxed) {
            return Err(lost());
        }
        // wgpu panics if the driver reports the loss during the poll.
        match catch_unwind(AssertUnwindSafe(|| self.0.device.poll(poll))) {
            Ok(_) => Ok(()),
            Err(_) if self.is_lost() => Err(lost()),
            Err(panic) => resume_unwind(panic),
        }
    }

    /// Waits for a future of this device, but not forever if the device is lost: the thread that would wake the
    /// future may then have died of the panic that [`Self::poll`] catches.
    ///
    /// # Errors
    /// If the device is lost and the future does not finish within a second.
    pub fn wait<T>(&self, mut future: Pin<Box<dyn Future<Output = T> + Send>>) -> Result<T, DeviceLost> {
        let waker = Waker::from(Arc::new(Unpark(thread::current())));
        let mut lost_since: Option<Instant> = None;
        loop {
            if let Poll::Ready(value) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
                return Ok(value);
            }
            thread::park_timeout(POLL_INTERVAL);
            match (self.loss(), lost_since) {
                (Some(loss), Some(since)) if since.elapsed() > GRACE => {
                    // Dropping it would free memory that the lost device may still be writing to.
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
