//! Texture that a point cloud is drawn into before it is copied to the window.

use super::super::pipelines::{CLOUD_COLOUR, CLOUD_DEPTH, Pipelines, bind};

/// Colour and depth textures of a point cloud.
pub(super) struct RenderTarget {
    pub size: [u32; 2],
    pub colour: wgpu::TextureView,
    pub depth: wgpu::TextureView,
    /// Bind group of the copy to the window.
    pub copy: wgpu::BindGroup,
}

impl RenderTarget {
    pub fn new(device: &wgpu::Device, pipelines: &Pipelines, size: [u32; 2]) -> Self {
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

    /// Begins a render pass that clears the textures to the background.
    pub fn begin<'a>(
        &self,
        encoder: &'a mut wgpu::CommandEncoder,
        background: [u8; 3],
    ) -> wgpu::RenderPass<'a> {
        let [r, g, b] = background.map(|level| f64::from(level) / 255.0);
        let colour = wgpu::RenderPassColorAttachment {
            view: &self.colour,
            resolve_target: None,
            ops: wgpu::Operations {
                load: wgpu::LoadOp::Clear(wgpu::Color { r, g, b, a: 1.0 }),
                store: wgpu::StoreOp::Store,
            },
            depth_slice: None,
        };
        let depth = wgpu::RenderPassDepthStencilAttachment {
            view: &self.depth,
            depth_ops: Some(wgpu::Operations {
                load: wgpu::LoadOp::Clear(1.0),
                store: wgpu::StoreOp::Discard,
            }),
            stencil_ops: None,
        };
        encoder.begin_render_pass(&wgpu::RenderPassDescriptor {
            label: Some("cloud"),
            color_attachments: &[Some(colour)],
            depth_stencil_attachment: Some(depth),
            ..Default::default()
        })
    }
}
