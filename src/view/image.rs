//! A colour picture drawn from its lease.

use super::{
    Sampling,
    pipelines::{DeviceCache, Parameters, Pipelines, bind, cover},
    sampling::Grid,
};
use crate::compute::Lease;
use egui_wgpu::{Callback, CallbackResources, CallbackTrait, ScreenDescriptor};
use std::sync::Arc;

/// Draws `[3, height, width]` leases of sRGB values from 0 to 1 at one place on the screen.
#[derive(Default)]
pub struct ImageView(DeviceCache<ImageBuffers>);

struct ImageBuffers {
    /// Held as long as its memory is bound.
    lease: Arc<Lease>,
    grid: Parameters<Grid>,
    group: wgpu::BindGroup,
}

impl ImageView {
    /// Adds the picture, or the part that `sampling` says, to what `painter` draws, filling `rect`.
    pub fn draw(&self, painter: &egui::Painter, rect: egui::Rect, lease: &Arc<Lease>, sampling: Sampling) {
        let grid = Grid::new(lease, sampling);
        let drawing = ImageCallback { kept: self.0.clone(), lease: Arc::clone(lease), grid };
        painter.add(Callback::new_paint_callback(rect, drawing));
    }
}

struct ImageCallback {
    kept: DeviceCache<ImageBuffers>,
    lease: Arc<Lease>,
    grid: Grid,
}

impl CallbackTrait for ImageCallback {
    fn prepare(
        &self,
        device: &wgpu::Device,
        queue: &wgpu::Queue,
        _screen: &ScreenDescriptor,
        _encoder: &mut wgpu::CommandEncoder,
        resources: &mut CallbackResources,
    ) -> Vec<wgpu::CommandBuffer> {
        let mut kept = self.kept.on(device, || {});
        if !self.lease.is_on(device) {
            return Vec::new();
        }
        if let Some(buffers) = kept.as_mut().filter(|buffers| Arc::ptr_eq(&buffers.lease, &self.lease)) {
            buffers.grid.set(queue, self.grid);
            return Vec::new();
        }
        let grid = Parameters::new(device, "grid", self.grid);
        let group = bind(
            device,
            &Pipelines::of(resources).image.get_bind_group_layout(0),
            [grid.binding(), self.lease.binding()],
        );
        *kept = Some(ImageBuffers { lease: Arc::clone(&self.lease), grid, group });
        Vec::new()
    }

    fn paint(
        &self,
        _info: egui::PaintCallbackInfo,
        pass: &mut wgpu::RenderPass<'static>,
        resources: &CallbackResources,
    ) {
        if let Some(buffers) = &*self.kept.lock() {
            cover(pass, &Pipelines::of(resources).image, &buffers.group);
        }
    }
}
