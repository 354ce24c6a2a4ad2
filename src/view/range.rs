//! The range of an array's values, found on the device by `range.wgsl`.

use super::pipelines::{Parameters, Pipelines, bind, buffer};
use crate::compute::Lease;
use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicUsize, Ordering},
};

/// Lowest and highest value (all but a hundredth at either end) and the median.
pub(super) type Figures = [f32; 3];

/// The figures of a range for the legend. They follow the picture by a frame or two, because nobody
/// waits for the device to hand them over.
#[derive(Clone, Default)]
pub(super) struct Report(Arc<Inner>);

#[derive(Default)]
struct Inner {
    figures: Mutex<Option<Figures>>,
    awaited: AtomicUsize,
}

impl Report {
    /// The newest figures that have arrived.
    pub fn figures(&self) -> Option<Figures> {
        *self.0.figures.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether newer ones are on their way.
    pub fn is_awaited(&self) -> bool {
        self.0.awaited.load(Ordering::Relaxed) > 0
    }

    fn announce(&self) {
        self.0.awaited.fetch_add(1, Ordering::Relaxed);
    }

    fn arrived(&self, figures: Option<Figures>) {
        if figures.is_some() {
            *self.0.figures.lock().unwrap_or_else(PoisonError::into_inner) = figures;
        }
        self.0.awaited.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Three numbers on the device: lowest, highest, median.
pub(super) struct RangeBuffer(wgpu::Buffer);

impl RangeBuffer {
    /// From 0 to 1.
    pub fn new(device: &wgpu::Device) -> Self {
        let figures: Figures = [0.0, 1.0, 0.5];
        let usage = wgpu::BufferUsages::STORAGE | wgpu::BufferUsages::COPY_SRC | wgpu::BufferUsages::COPY_DST;
        Self(buffer(device, "range", bytemuck::bytes_of(&figures), usage))
    }

    /// What to bind as `array<f32>`.
    pub fn binding(&self) -> wgpu::BindingResource<'_> {
        self.0.as_entire_binding()
    }

    /// Sets the range by hand.
    pub fn fix(&self, queue: &wgpu::Queue, low: f32, high: f32) {
        let figures: Figures = [low, high, f32::midpoint(low, high)];
        queue.write_buffer(&self.0, 0, bytemuck::bytes_of(&figures));
    }

    /// Lets the device find the range of `lease` before whatever `encoder` records next.
    pub fn find(
        &self,
        device: &wgpu::Device,
        encoder: &mut wgpu::CommandEncoder,
        pipelines: &Pipelines,
        lease: &Lease,
    ) {
        let count = (lease.channels * lease.height * lease.width) as u32;
        let count = Parameters::new(device, "count", count);
        let group = bind(
            device,
            &pipelines.range.get_bind_group_layout(0),
            [lease.binding(), self.binding(), count.binding()],
        );
        let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor::default());
        pass.set_pipeline(&pipelines.range);
        pass.set_bind_group(0, &group, &[]);
        pass.dispatch_workgroups(1, 1, 1);
    }

    /// Asks for the three numbers, to be written under the legend when they come.
    pub fn report(
        &self,
        device: &wgpu::Device,
        encoder: &mut wgpu::CommandEncoder,
        report: &Report,
        on_arrival: impl FnOnce() + Send + 'static,
    ) {
        let staging = device.create_buffer(&wgpu::BufferDescriptor {
            label: Some("range for the legend"),
            size: size_of::<Figures>() as u64,
            usage: wgpu::BufferUsages::COPY_DST | wgpu::BufferUsages::MAP_READ,
            mapped_at_creation: false,
        });
        encoder.copy_buffer_to_buffer(&self.0, 0, &staging, 0, size_of::<Figures>() as u64);
        report.announce();
        let (report, mapped) = (report.clone(), staging.clone());
        encoder.map_buffer_on_submit(&staging, wgpu::MapMode::Read, .., move |result| {
            let bytes = result.ok().and_then(|()| mapped.get_mapped_range(..).ok());
            report.arrived(bytes.map(|bytes| bytemuck::pod_read_unaligned(&bytes)));
            on_arrival();
        });
    }
}
