//! Point cloud of depth maps, drawn from the leases of depth and colour.
//!
//! Points hide one another, and egui's render pass has no depth buffer. So the cloud is drawn into a texture of its own
//! with a depth buffer, only when something changed, and that texture is copied to the window.

mod layer;
mod target;

pub use layer::{CloudLayer, CloudStyle, Paint};

use super::{
    Orbit,
    field::{FieldStyle, Range},
    latest_values::LatestValues,
    pipelines::{DeviceCache, Parameters, Pipelines, bind, buffer, cover},
    range::{RangeBuffer, RangeSelection, RangeStatistics},
};
use egui_wgpu::{Callback, CallbackResources, CallbackTrait, ScreenDescriptor};
use glam::Mat4;
use std::time::Duration;
use target::RenderTarget;

/// Vertices of a point, which is two triangles.
const VERTICES_OF_A_POINT: u32 = 6;

/// View that draws point clouds in one pane.
#[derive(Default)]
pub struct CloudView {
    cache: DeviceCache<CloudBuffers>,
    depths: LatestValues<RangeStatistics>,
    colours: LatestValues<RangeStatistics>,
}

impl CloudView {
    /// Draws the layers as seen by `orbit`, filling `rect`. The unit of all lengths is the median depth of the first
    /// layer.
    pub fn draw(
        &self,
        painter: &egui::Painter,
        rect: egui::Rect,
        layers: Vec<CloudLayer>,
        orbit: &Orbit,
        style: CloudStyle,
    ) {
        if self.depths.is_pending() || self.colours.is_pending() {
            // The device delivers the statistics with the next work that is submitted.
            painter.ctx().request_repaint_after(Duration::from_millis(30));
        }
        let drawing = CloudCallback {
            cache: self.cache.clone(),
            depths: self.depths.clone(),
            colours: self.colours.clone(),
            rect,
            layers,
            orbit: *orbit,
            style,
            context: painter.ctx().clone(),
        };
        painter.add(Callback::new_paint_callback(rect, drawing));
    }

    /// Median depth of the first layer, in the unit of its lease; `None` until it is known.
    pub fn median_depth(&self) -> Option<f32> {
        self.depths.newest().map(|[.., median]| median)
    }

    /// Values of the first and the last colour of a style; `None` until they are known.
    pub fn range(&self, style: &FieldStyle) -> Option<(f32, f32)> {
        style.range_of_colours(&self.colours)
    }
}

/// Layout of `SceneUniform` in `cloud.wgsl`.
#[repr(C)]
#[derive(Clone, Copy, PartialEq, bytemuck::Pod, bytemuck::Zeroable)]
struct SceneUniform {
    clip_from_camera: [f32; 16],
    shift: [f32; 4],
    intrinsics: [f32; 4],
    lens: [f32; 2],
    pixel: [f32; 2],
    size: [u32; 2],
    width: f32,
    farthest: f32,
    steepest: f32,
    unit: f32,
    thinning: u32,
    is_image: u32,
    is_sparse: u32,
    padding: [u32; 3],
}

struct CloudBuffers {
    /// Layers whose memory is bound.
    layers: Vec<CloudLayer>,
    scenes: Vec<Parameters<SceneUniform>>,
    groups: Vec<wgpu::BindGroup>,
    background: [u8; 3],
    target: RenderTarget,
}

struct CloudCallback {
    cache: DeviceCache<CloudBuffers>,
    depths: LatestValues<RangeStatistics>,
    colours: LatestValues<RangeStatistics>,
    rect: egui::Rect,
    layers: Vec<CloudLayer>,
    orbit: Orbit,
    style: CloudStyle,
    context: egui::Context,
}

impl CloudCallback {
    fn scene(&self, layer: &CloudLayer, size: [u32; 2]) -> SceneUniform {
        let (columns, rows) = (layer.depth.width, layer.depth.height);
        let aspect = size[0] as f32 / size[1] as f32;
        let clip_from_target = self.orbit.clip_from_camera(aspect);
        let rotation = Mat4::from_mat3(layer.target_from_source.matrix3.as_mat3());
        let position = layer.target_from_source.translation.as_vec3();
        SceneUniform {
            clip_from_camera: (clip_from_target * rotation).to_cols_array(),
            shift: (clip_from_target * position.extend(0.0)).to_array(),
            intrinsics: layer.intrinsics.in_pixels(columns, rows),
            lens: Orbit::lens(aspect).to_array(),
            pixel: size.map(|pixels| 1.0 / pixels as f32),
            size: [columns as u32, rows as u32],
            width: self.style.point_width,
            farthest: self.style.farthest,
            steepest: 1.0 / self.style.flattest.max(1e-3).to_radians().tan(),
            unit: layer.unit,
            // Skipped rows would lose most points of a sparse map.
            thinning: if layer.is_sparse { 1 } else { self.style.thinning.max(1) as u32 },
            is_image: matches!(layer.paint, Paint::Image(_)).into(),
            is_sparse: layer.is_sparse.into(),
            padding: [0; 3],
        }
    }

    fn scenes(&self, size: [u32; 2]) -> impl Iterator<Item = SceneUniform> + '_ {
        self.layers.iter().map(move |layer| self.scene(layer, size))
    }

    fn buffers(
        &self,
        (device, queue): (&wgpu::Device, &wgpu::Queue),
        encoder: &mut wgpu::CommandEncoder,
        pipelines: &Pipelines,
        target: RenderTarget,
    ) -> CloudBuffers {
        let notice = || {
            let context = self.context.clone();
            move || context.request_repaint()
        };
        let (depth_range, colour_range) = (RangeBuffer::new(device), RangeBuffer::new(device));
        if let Some(first) = self.layers.first() {
            depth_range.find(device, encoder, pipelines, &first.depth, RangeSelection::default());
            depth_range.request_statistics(device, encoder, &self.depths, notice());
            let style = first.paint.style();
            if let FieldStyle::Measure { range: Range::Fixed { low, high }, .. } = style {
                colour_range.fix(queue, low, high);
            }
            if let Some(selection) = style.selection() {
                colour_range.find(device, encoder, pipelines, first.paint.values(), selection);
                colour_range.request_statistics(device, encoder, &self.colours, notice());
            }
        }
        let scenes: Vec<_> =
            self.scenes(target.size).map(|scene| Parameters::new(device, "scene", scene)).collect();
        let group = |(layer, scene): (&CloudLayer, &Parameters<SceneUniform>)| {
            let style = layer.paint.style();
            let uniform = Parameters::new(device, "reading", style.uniform());
            let table =
                buffer(device, "colours", bytemuck::cast_slice(&style.table()), wgpu::BufferUsages::STORAGE);
            bind(
                device,
                &pipelines.cloud.get_bind_group_layout(0),
                [
                    scene.binding(),
                    layer.depth.binding(),
                    layer.paint.values().binding(),
                    depth_range.binding(),
                    uniform.binding(),
                    table.as_entire_binding(),
                    colour_range.binding(),
                ],
            )
        };
        let groups = self.layers.iter().zip(&scenes).map(group).collect();
        CloudBuffers {
            layers: self.layers.clone(),
            scenes,
            groups,
            background: self.style.background,
            target,
        }
    }

    fn render(encoder: &mut wgpu::CommandEncoder, pipelines: &Pipelines, buffers: &CloudBuffers) {
        let mut pass = buffers.target.begin(encoder, buffers.background);
        pass.set_pipeline(&pipelines.cloud);
        for (scene, group) in buffers.scenes.iter().zip(&buffers.groups) {
            pass.set_bind_group(0, group, &[]);
            let SceneUniform { size, thinning, .. } = scene.value();
            let [columns, rows] = size.map(|pixels| pixels.div_ceil(*thinning));
            pass.draw(0..VERTICES_OF_A_POINT * columns * rows, 0..1);
        }
    }

    fn shows_layers_of(&self, buffers: &CloudBuffers) -> bool {
        let mut pairs = self.layers.iter().zip(&buffers.layers);
        self.layers.len() == buffers.layers.len() && pairs.all(|(a, b)| a.reads_as(b))
    }
}

impl CallbackTrait for CloudCallback {
    fn prepare(
        &self,
        device: &wgpu::Device,
        queue: &wgpu::Queue,
        screen: &ScreenDescriptor,
        encoder: &mut wgpu::CommandEncoder,
        resources: &mut CallbackResources,
    ) -> Vec<wgpu::CommandBuffer> {
        let pipelines = Pipelines::of(resources);
        let size = [self.rect.width(), self.rect.height()]
            .map(|points| (points * screen.pixels_per_point).round().max(1.0) as u32);
        let mut cache = self.cache.on(device, || {
            self.depths.reset();
            self.colours.reset();
        });
        if !self.layers.iter().all(|layer| layer.is_on(device)) {
            return Vec::new();
        }
        let same = cache.as_ref().is_some_and(|buffers| self.shows_layers_of(buffers));
        let is_unchanged = |buffers: &CloudBuffers| {
            let scenes = buffers.scenes.iter().map(|scene| *scene.value());
            scenes.eq(self.scenes(size)) && buffers.background == self.style.background
        };
        match cache.as_mut() {
            Some(buffers) if same && buffers.target.size == size && is_unchanged(buffers) => {
                return Vec::new();
            }
            Some(buffers) if same => {
                if buffers.target.size != size {
                    buffers.target = RenderTarget::new(device, pipelines, size);
                }
                buffers.background = self.style.background;
                buffers.layers.clone_from(&self.layers);
                for (parameters, scene) in buffers.scenes.iter_mut().zip(self.scenes(size)) {
                    parameters.set(queue, scene);
                }
            }
            _ => {
                let target = cache.take().map(|buffers| buffers.target).filter(|target| target.size == size);
                let target = target.unwrap_or_else(|| RenderTarget::new(device, pipelines, size));
                *cache = Some(self.buffers((device, queue), encoder, pipelines, target));
            }
        }
        if let Some(buffers) = &*cache {
            Self::render(encoder, pipelines, buffers);
        }
        Vec::new()
    }

    fn paint(
        &self,
        _info: egui::PaintCallbackInfo,
        pass: &mut wgpu::RenderPass<'static>,
        resources: &CallbackResources,
    ) {
        if let Some(buffers) = &*self.cache.lock() {
            cover(pass, &Pipelines::of(resources).copy, &buffers.target.copy);
        }
    }
}
