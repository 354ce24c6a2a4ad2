//! Values that are read back from the device without waiting: they arrive a frame or two later.

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicUsize, Ordering},
};

/// Newest values that were read back. Clones share them.
pub(super) struct LatestValues<T>(Arc<PendingValues<T>>);

struct PendingValues<T> {
    newest: Mutex<Option<T>>,
    /// Number of requests without a reply.
    pending: AtomicUsize,
}

impl<T> Default for LatestValues<T> {
    fn default() -> Self {
        let (newest, pending) = (Mutex::default(), AtomicUsize::default());
        Self(Arc::new(PendingValues { newest, pending }))
    }
}

impl<T> Clone for LatestValues<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T: bytemuck::Pod + Send> LatestValues<T> {
    /// Newest values that have arrived.
    pub fn newest(&self) -> Option<T> {
        *self.0.newest.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// True if newer values have been requested and not arrived.
    pub fn is_pending(&self) -> bool {
        self.0.pending.load(Ordering::Relaxed) > 0
    }

    /// Drops the pending requests, because their device was lost.
    pub fn reset(&self) {
        self.0.pending.store(0, Ordering::Relaxed);
    }

    /// Requests the values at `offset` bytes into a buffer, as they are after the commands that `encoder` has
    /// recorded so far.
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
        self.0.pending.fetch_add(1, Ordering::Relaxed);
        let (latest, mapped) = (self.clone(), staging.clone());
        encoder.map_buffer_on_submit(&staging, wgpu::MapMode::Read, .., move |result| {
            let bytes = result.ok().and_then(|()| mapped.get_mapped_range(..).ok());
            latest.arrived(bytes.map(|bytes| bytemuck::pod_read_unaligned(&bytes)));
            on_arrival();
        });
    }

    fn arrived(&self, values: Option<T>) {
        if values.is_some() {
            *self.0.newest.lock().unwrap_or_else(PoisonError::into_inner) = values;
        }
        // Values of dropped requests may still arrive.
        let _ =
            self.0.pending.try_update(Ordering::Relaxed, Ordering::Relaxed, |pending| pending.checked_sub(1));
    }
}
