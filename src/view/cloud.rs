//! The point cloud of a depth map, drawn from the leases of depth and colour.
//!
//! Points hide one another, and egui's render pass has no depth buffer; so the cloud is drawn into a
//! texture of its own with a depth buffer, and only when something changed, and then copied.

use super::{
    Orbit,
    pipelines::{CLOUD_COLOUR, CLOUD_DEPTH, Kept, Parameters, Pipelines, bind, cover},
    range::RangeBuffer,
};
use crate::train::Cloud;
use egui_wgpu::{Callback, CallbackResources, CallbackTrait, ScreenDescriptor};
use std::sync::Arc;

/// How points are drawn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CloudStyle {
    /// Width of a point: at 1 it covers what its pixel covers.
    pub point_width: f32,
    /// Points farther than this many median depths are left out.
    pub farthest: f32,
    /// Surfaces seen at a flatter angle than this, in degrees, are left out.
    pub flattest: f32,
    /// sRGB colour of what is empty.
    pub background: [u8; 3],
}

/// Draws point clouds at one place on the screen.
#[derive(Default)]
pub struct CloudView(Kept<Buffers>);

impl CloudView {
    /// Adds the cloud, seen by `orbit`, to what `painter` draws, filling `rect`.
    pub fn draw(
        &self,
        painter: &egui::Painter,
        rect: egui::Rect,
        cloud: &Cloud,
        orbit: &Orbit,
        style: CloudStyle,
    ) {
        let drawing = Drawing { kept: self.0.clone(), rect, cloud: cloud.clone(), orbit: *orbit, style };
        painter.add(Callback::new_paint_callback(rect, drawing));
    }
}

/// The `Scene` of `cloud.wgsl`.
#[repr(C)]
#[derive(Clone, Copy, PartialEq, bytemuck::Pod, bytemuck::Zeroable)]
struct Scene {
    clip_from_camera: [f32; 16],
    intrinsics: [f32; 4],
    lens: [f32; 2],
    pixel: [f32; 2],
    size: [u32; 2],
    width: f32,
    farthest: f32,
    steepest: f32,
    padding: [f32; 3],
}

struct Buffers {
    /// Held as long as its memory is bound.
    cloud: Cloud,
    scene: Parameters<Scene>,
    group: wgpu::BindGroup,
    target: Target,
}

struct Target {
    size: [u32; 2],
    colour: wgpu::TextureView,
    depth: wgpu::TextureView,
    copy: wgpu::BindGroup,
}

impl Target {
    fn new(device: &wgpu::Device, pipelines: &Pipelines, size: [u32; 2]) -> Self {
        let texture = |label, format, usage| {
            let texture = device.create_texture(&wgpu::TextureDescriptor {
                label: Some(label),
                size: wgpu::Extent3d { width: size[0], height: size[1], depth_or_array_layers: 1 },
                mip_level_count: 1,
                sample_count: 1,
                dimension: wgpu::TextureDimension::D2,
                format,
                usage,
                view_formats: &[],
            });
            texture.create_view(&wgpu::TextureViewDescriptor::default())
        };
        let drawn = wgpu::TextureUsages::RENDER_ATTACHMENT;
        let colour = texture("cloud colour", CLOUD_COLOUR, drawn | wgpu::TextureUsages::TEXTURE_BINDING);
        let depth = texture("cloud depth", CLOUD_DEPTH, drawn);
        let layout = pipelines.copy.get_bind_group_layout(0);
        let copy = bind(device, &layout, [wgpu::BindingResource::TextureView(&colour)]);
        Self { size, colour, depth, copy }
    }
}

struct Drawing {
    kept: Kept<Buffers>,
    rect: egui::Rect,
    cloud: Cloud,
    orbit: Orbit,
    style: CloudStyle,
}

impl Drawing {
    fn scene(&self, size: [u32; 2]) -> Scene {
        let (columns, rows) = (self.cloud.depth.width, self.cloud.depth.height);
        let aspect = size[0] as f32 / size[1] as f32;
        Scene {
            clip_from_camera: self.orbit.clip_from_camera(aspect).to_cols_array(),
            intrinsics: self.cloud.intrinsics.in_pixels(columns, rows),
            lens: Orbit::lens(aspect).to_array(),
            pixel: size.map(|pixels| 1.0 / pixels as f32),
            size: [columns as u32, rows as u32],
            width: self.style.point_width,
            farthest: self.style.farthest,
            steepest: 1.0 / self.style.flattest.max(1e-3).to_radians().tan(),
            padding: [0.0; 3],
        }
    }

    fn buffers(
        &self,
        device: &wgpu::Device,
        encoder: &mut wgpu::CommandEncoder,
        pipelines: &Pipelines,
        target: Target,
    ) -> Buffers {
        let range = RangeBuffer::new(device);
        range.find(device, encoder, pipelines, &self.cloud.depth);
        let scene = self.scene(target.size);
        let scene = Parameters::new(device, "scene", scene);
        let group = bind(
            device,
            &pipelines.cloud.get_bind_group_layout(0),
            [scene.binding(), self.cloud.depth.binding(), self.cloud.colour.binding(), range.binding()],
        );
        Buffers { cloud: self.cloud.clone(), scene, group, target }
    }

    fn render(&self, encoder: &mut wgpu::CommandEncoder, pipelines: &Pipelines, buffers: &Buffers) {
        let [red, green, blue] = self.style.background.map(|level| f64::from(level) / 255.0);
        let colour = wgpu::RenderPassColorAttachment {
            view: &buffers.target.colour,
            resolve_target: None,
            ops: wgpu::Operations {
                load: wgpu::LoadOp::Clear(wgpu::Color { r: red, g: green, b: blue, a: 1.0 }),
                store: wgpu::StoreOp::Store,
            },
            depth_slice: None,
        };
        let depth = wgpu::RenderPassDepthStencilAttachment {
            view: &buffers.target.depth,
            depth_ops: Some(wgpu::Operations {
                load: wgpu::LoadOp::Clear(1.0),
                store: wgpu::StoreOp::Discard,
            }),
            stencil_ops: None,
        };
        let mut pass = encoder.begin_render_pass(&wgpu::RenderPassDescriptor {
            label: Some("cloud"),
            color_attachments: &[Some(colour)],
            depth_stencil_attachment: Some(depth),
            ..Default::default()
        });
        pass.set_pipeline(&pipelines.cloud);
        pass.set_bind_group(0, &buffers.group, &[]);
        let [columns, rows] = buffers.scene.value().size;
        pass.draw(0..4, 0..columns * rows);
    }
}

fn is_same(left: &Cloud, right: &Cloud) -> bool {
    Arc::ptr_eq(&left.depth, &right.depth)
        && Arc::ptr_eq(&left.colour, &right.colour)
        && left.intrinsics == right.intrinsics
}

impl CallbackTrait for Drawing {
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
        let mut kept = self.kept.lock();
        let same = kept.as_ref().is_some_and(|buffers| is_same(&buffers.cloud, &self.cloud));
        let scene = self.scene(size);
        match kept.as_mut() {
            Some(buffers) if same && buffers.target.size == size && *buffers.scene.value() == scene => {
                return Vec::new();
            }
            Some(buffers) if same => {
                if buffers.target.size != size {
                    buffers.target = Target::new(device, pipelines, size);
                }
                buffers.scene.set(queue, scene);
            }
            _ => {
                let target = kept.take().map(|buffers| buffers.target).filter(|target| target.size == size);
                let target = target.unwrap_or_else(|| Target::new(device, pipelines, size));
                *kept = Some(self.buffers(device, encoder, pipelines, target));
            }
        }
        if let Some(buffers) = &*kept {
            self.render(encoder, pipelines, buffers);
        }
        Vec::new()
    }

    fn paint(
        &self,
        _info: egui::PaintCallbackInfo,
        pass: &mut wgpu::RenderPass<'static>,
        resources: &CallbackResources,
    ) {
        if let Some(buffers) = &*self.kept.lock() {
            cover(pass, &Pipelines::of(resources).copy, &buffers.target.copy);
        }
    }
}
