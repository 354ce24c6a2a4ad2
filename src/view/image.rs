//! Colour images drawn from their lease.

use super::{
    Sampling,
    pipelines::{DeviceCache, Parameters, Pipelines, bind, cover},
    sampling::Grid,
};
use crate::compute::Lease;
use egui_wgpu::{Callback, CallbackResources, CallbackTrait, ScreenDescriptor};
use std::sync::Arc;

/// View that draws `[3, height, width]` leases of sRGB values from 0 to 1 in one pane.
#[derive(Default)]
pub struct ImageView(DeviceCache<ImageBuffers>);

struct ImageBuffers {
    /// Lease whose memory is bound.
    lease: Arc<Lease>,
    grid: Parameters<Grid>,
    group: wgpu::BindGroup,
}

impl ImageView {
    /// Draws the image, or the part that `sampling` selects, filling `rect`.
    pub fn draw(&self, painter: &egui::Painter, rect: egui::Rect, lease: &Arc<Lease>, sampling: Sampling) {
        let grid = Grid::new(lease, sampling);
        let drawing = ImageCallback { cache: self.0.clone(), lease: Arc::clone(lease), grid };
        painter.add(Callback::new_paint_callback(rect, drawing));
    }
}

struct ImageCallback {
    cache: DeviceCache<ImageBuffers>,
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
        let mut cache = self.cache.on(device, || {});
        if !self.lease.is_on(device) {
            return Vec::new();
        }
        if let Some(buffers) = cache.as_mut().filter(|buffers| Arc::ptr_eq(&buffers.lease, &self.lease)) {
            buffers.grid.set(queue, self.grid);
            return Vec::new();
        }
        let grid = Parameters::new(device, "grid", self.grid);
        let group = bind(
            device,
            &Pipelines::of(resources).image.get_bind_group_layout(0),
            [grid.binding(), self.lease.binding()],
        );
        *cache = Some(ImageBuffers { lease: Arc::clone(&self.lease), grid, group });
        Vec::new()
    }

    fn paint(
        &self,
        _info: egui::PaintCallbackInfo,
        pass: &mut wgpu::RenderPass<'static>,
        resources: &CallbackResources,
    ) {
        if let Some(buffers) = &*self.cache.lock() {
            cover(pass, &Pipelines::of(resources).image, &buffers.group);
        }
    }
}
