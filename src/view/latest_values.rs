//! Numbers that come back from the device a frame or two later, because nobody waits for them.

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicUsize, Ordering},
};

/// The newest of the numbers that were asked for.
pub(super) struct LatestValues<T>(Arc<Inner<T>>);

struct Inner<T> {
    newest: Mutex<Option<T>>,
    awaited: AtomicUsize,
}

impl<T> Default for LatestValues<T> {
    fn default() -> Self {
        let (newest, awaited) = (Mutex::default(), AtomicUsize::default());
        Self(Arc::new(Inner { newest, awaited }))
    }
}

impl<T> Clone for LatestValues<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T: bytemuck::Pod + Send> LatestValues<T> {
    /// The newest ones that have arrived.
    pub fn newest(&self) -> Option<T> {
        *self.0.newest.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether newer ones are on their way.
    pub fn is_awaited(&self) -> bool {
        self.0.awaited.load(Ordering::Relaxed) > 0
    }

    /// Stops waiting for what is on its way: its device was lost.
    pub fn forget(&self) {
        self.0.awaited.store(0, Ordering::Relaxed);
    }

    /// Asks for what lies `offset` bytes into a buffer, as it is after what `encoder` recorded so far.
    pub fn fetch(
        &self,
        device: &wgpu::Device,
        encoder: &mut wgpu::CommandEncoder,
        (buffer, offset): (&wgpu::Buffer, u64),
        on_arrival: impl FnOnce() + Send + 'static,
    ) {
        let size = size_of::<T>() as u64;
        let staging = device.create_buffer(&wgpu::BufferDescriptor {
            label: Some("report"),
            size,
            usage: wgpu::BufferUsages::COPY_DST | wgpu::BufferUsages::MAP_READ,
            mapped_at_creation: false,
        });
        encoder.copy_buffer_to_buffer(buffer, offset, &staging, 0, size);
        self.0.awaited.fetch_add(1, Ordering::Relaxed);
        let (report, mapped) = (self.clone(), staging.clone());
        encoder.map_buffer_on_submit(&staging, wgpu::MapMode::Read, .., move |result| {
            let bytes = result.ok().and_then(|()| mapped.get_mapped_range(..).ok());
            report.arrived(bytes.map(|bytes| bytemuck::pod_read_unaligned(&bytes)));
            on_arrival();
        });
    }

    fn arrived(&self, numbers: Option<T>) {
        if numbers.is_some() {
            *self.0.newest.lock().unwrap_or_else(PoisonError::into_inner) = numbers;
        }
        // Forgotten numbers may arrive all the same.
        let _ =
            self.0.awaited.try_update(Ordering::Relaxed, Ordering::Relaxed, |awaited| awaited.checked_sub(1));
    }
}
