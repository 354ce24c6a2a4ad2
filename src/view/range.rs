//! Range and median of an array's values, found on the device by `range.wgsl`.

use super::{
    latest_values::LatestValues,
    pipelines::{Parameters, Pipelines, bind, buffer},
};
use crate::compute::Lease;

/// Lowest value, highest value (with a share of the values beyond each) and median.
pub(super) type RangeStatistics = [f32; 3];

/// Selection of the values that a range is found from.
#[derive(Clone, Copy, Debug)]
pub(super) struct RangeSelection {
    /// Share of values below the lowest, and share above the highest.
    pub outside: f32,
    /// True to make the range symmetric about zero.
    pub symmetric: bool,
    /// True to leave zeros out.
    pub sparse: bool,
}

impl Default for RangeSelection {
    /// Range of all values but one percent at each end.
    fn default() -> Self {
        Self { outside: 0.01, symmetric: false, sparse: false }
    }
}

/// Layout of `SelectionUniform` in `range.wgsl`.
#[repr(C)]
#[derive(Clone, Copy, PartialEq, bytemuck::Pod, bytemuck::Zeroable)]
struct SelectionUniform {
    count: u32,
    outside: f32,
    symmetric: u32,
    sparse: u32,
}

/// [`RangeStatistics`] on the device.
pub(super) struct RangeBuffer(wgpu::Buffer);

impl RangeBuffer {
    /// Range from 0 to 1.
    pub fn new(device: &wgpu::Device) -> Self {
        let statistics: RangeStatistics = [0.0, 1.0, 0.5];
        let usage = wgpu::BufferUsages::STORAGE | wgpu::BufferUsages::COPY_SRC | wgpu::BufferUsages::COPY_DST;
        Self(buffer(device, "range", bytemuck::bytes_of(&statistics), usage))
    }

    /// Resource to bind as `array<f32>`.
    pub fn binding(&self) -> wgpu::BindingResource<'_> {
        self.0.as_entire_binding()
    }

    /// Sets a given range.
    pub fn fix(&self, queue: &wgpu::Queue, low: f32, high: f32) {
        let statistics: RangeStatistics = [low, high, f32::midpoint(low, high)];
        queue.write_buffer(&self.0, 0, bytemuck::bytes_of(&statistics));
    }

    /// Records the search for the range of `lease` on the device.
    pub fn find(
        &self,
        device: &wgpu::Device,
        encoder: &mut wgpu::CommandEncoder,
        pipelines: &Pipelines,
        lease: &Lease,
        selection: RangeSelection,
    ) {
        let uniform = SelectionUniform {
            count: (lease.channels * lease.height * lease.width) as u32,
            outside: selection.outside,
            symmetric: selection.symmetric.into(),
            sparse: selection.sparse.into(),
        };
        let uniform = Parameters::new(device, "selection", uniform);
        let group = bind(
            device,
            &pipelines.range.get_bind_group_layout(0),
            [lease.binding(), self.binding(), uniform.binding()],
        );
        let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor::default());
        pass.set_pipeline(&pipelines.range);
        pass.set_bind_group(0, &group, &[]);
        pass.dispatch_workgroups(1, 1, 1);
    }

    /// Requests the statistics, for the legend.
    pub fn request_statistics(
        &self,
        device: &wgpu::Device,
        encoder: &mut wgpu::CommandEncoder,
        latest: &LatestValues<RangeStatistics>,
        on_arrival: impl FnOnce() + Send + 'static,
    ) {
        latest.fetch(device, encoder, (&self.0, 0), on_arrival);
    }
}
