//! The range of an array's values, found on the device by `range.wgsl`.

use super::{
    latest_values::LatestValues,
    pipelines::{Parameters, Pipelines, bind, buffer},
};
use crate::compute::Lease;

/// Lowest and highest value, with some beyond either, and the median.
pub(super) type Figures = [f32; 3];

/// Which values of an array its range is found from.
#[derive(Clone, Copy, Debug)]
pub(super) struct RangeSelection {
    /// The share of values that lie below the lowest and above the highest.
    pub outside: f32,
    /// Whether zero lies in the middle of the range.
    pub symmetric: bool,
    /// Whether zeros are left out.
    pub sparse: bool,
}

impl Default for RangeSelection {
    /// All but a hundredth at either end.
    fn default() -> Self {
        Self { outside: 0.01, symmetric: false, sparse: false }
    }
}

/// The `RangeSelection` of `range.wgsl`.
#[repr(C)]
#[derive(Clone, Copy, PartialEq, bytemuck::Pod, bytemuck::Zeroable)]
struct SelectionUniform {
    count: u32,
    outside: f32,
    symmetric: u32,
    sparse: u32,
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
        selection: RangeSelection,
    ) {
        let job = SelectionUniform {
            count: (lease.channels * lease.height * lease.width) as u32,
            outside: selection.outside,
            symmetric: selection.symmetric.into(),
            sparse: selection.sparse.into(),
        };
        let job = Parameters::new(device, "selection", job);
        let group = bind(
            device,
            &pipelines.range.get_bind_group_layout(0),
            [lease.binding(), self.binding(), job.binding()],
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
        report: &LatestValues<Figures>,
        on_arrival: impl FnOnce() + Send + 'static,
    ) {
        report.fetch(device, encoder, (&self.0, 0), on_arrival);
    }
}
