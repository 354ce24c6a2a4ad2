//! A screen without a window: frames of egui are drawn into a texture, and can be read back as a picture.

use super::pipelines::{install, setup_of};
use crate::compute::DisplayDevice;
use anyhow::{Context as _, Result, anyhow, ensure};
use egui::{Context, Pos2, RawInput, Rect, Ui, vec2};
use egui_wgpu::{RenderState, RendererOptions, ScreenDescriptor, WgpuConfiguration};
use image::RgbImage;
use std::time::{Duration, Instant};

/// Bytes of a pixel of the texture.
const PIXEL: u32 = 4;

/// A texture that egui draws into as into a window, one pixel a point.
pub struct OffscreenScreen {
    state: RenderState,
    texture: wgpu::Texture,
}

impl OffscreenScreen {
    /// A screen of this width and height, drawn by this device.
    ///
    /// # Errors
    /// If egui cannot draw with the device, or the device has no textures of this size.
    pub fn new(display: &DisplayDevice, [width, height]: [u32; 2]) -> Result<Self> {
        let largest = display.device.limits().max_texture_dimension_2d;
        ensure!(
            (1..=largest).contains(&width) && (1..=largest).contains(&height),
            "{} draws no screen of {width}×{height}: give sides from 1 to {largest}",
            display.name()
        );
        let configuration = WgpuConfiguration { wgpu_setup: setup_of(display), ..Default::default() };
        let state = RenderState::create(&configuration, &display.instance, None, RendererOptions::default());
        let state = pollster::block_on(state).map_err(|error| anyhow!("nothing can be drawn: {error}"))?;
        install(&state);
        let texture = state.device.create_texture(&wgpu::TextureDescriptor {
            label: Some("screen"),
            size: wgpu::Extent3d { width, height, depth_or_array_layers: 1 },
            mip_level_count: 1,
            sample_count: 1,
            dimension: wgpu::TextureDimension::D2,
            format: state.target_format,
            usage: wgpu::TextureUsages::RENDER_ATTACHMENT | wgpu::TextureUsages::COPY_SRC,
            view_formats: &[],
        });
        Ok(Self { state, texture })
    }

    /// Draws a frame at this time, in seconds; returns the time from its submission to its completion.
    ///
    /// # Errors
    /// If the device is lost.
    pub fn draw(&self, context: &Context, seconds: f64, mut add: impl FnMut(&mut Ui)) -> Result<Duration> {
        let RenderState { device, queue, renderer, .. } = &self.state;
        let (width, height) = (self.texture.width(), self.texture.height());
        let size = vec2(width as f32, height as f32);
        let input = RawInput {
            screen_rect: Some(Rect::from_min_size(Pos2::ZERO, size)),
            time: Some(seconds),
            ..Default::default()
        };
        let output = context.run_ui(input, |ui| add(ui));
        let jobs = context.tessellate(output.shapes, 1.0);
        let screen = ScreenDescriptor { size_in_pixels: [width, height], pixels_per_point: 1.0 };
        let mut renderer = renderer.write();
        for (id, deltas) in &output.textures_delta.set {
            for delta in deltas {
                renderer.update_texture(device, queue, *id, delta);
            }
        }
        let mut encoder = device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        let mut commands = renderer.update_buffers(device, queue, &mut encoder, &jobs, &screen);
        let view = self.texture.create_view(&wgpu::TextureViewDescriptor::default());
        let pass = encoder.begin_render_pass(&wgpu::RenderPassDescriptor {
            color_attachments: &[Some(wgpu::RenderPassColorAttachment {
                view: &view,
                resolve_target: None,
                ops: wgpu::Operations {
                    load: wgpu::LoadOp::Clear(wgpu::Color::BLACK),
                    store: wgpu::StoreOp::Store,
                },
                depth_slice: None,
            })],
            ..Default::default()
        });
        renderer.render(&mut pass.forget_lifetime(), &jobs, &screen);
        commands.push(encoder.finish());
        for id in &output.textures_delta.free {
            renderer.free_texture(id);
        }
        let submitted = Instant::now();
        let index = queue.submit(commands);
        // Waits for this submission only, not for those of training steps.
        device.poll(wgpu::PollType::Wait { submission_index: Some(index), timeout: None })?;
        Ok(submitted.elapsed())
    }

    /// The frame that was drawn last.
    ///
    /// # Errors
    /// If the device is lost.
    pub fn picture(&self) -> Result<RgbImage> {
        let RenderState { device, queue, .. } = &self.state;
        let (width, height) = (self.texture.width(), self.texture.height());
        let row = (width * PIXEL).next_multiple_of(wgpu::COPY_BYTES_PER_ROW_ALIGNMENT);
        let buffer = device.create_buffer(&wgpu::BufferDescriptor {
            label: Some("picture"),
            size: u64::from(row) * u64::from(height),
            usage: wgpu::BufferUsages::COPY_DST | wgpu::BufferUsages::MAP_READ,
            mapped_at_creation: false,
        });
        let mut encoder = device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        let layout =
            wgpu::TexelCopyBufferLayout { offset: 0, bytes_per_row: Some(row), rows_per_image: Some(height) };
        encoder.copy_texture_to_buffer(
            self.texture.as_image_copy(),
            wgpu::TexelCopyBufferInfo { buffer: &buffer, layout },
            self.texture.size(),
        );
        let index = queue.submit([encoder.finish()]);
        let (sender, receiver) = std::sync::mpsc::sync_channel(1);
        buffer.slice(..).map_async(wgpu::MapMode::Read, move |mapped| drop(sender.send(mapped)));
        device.poll(wgpu::PollType::Wait { submission_index: Some(index), timeout: None })?;
        receiver.recv().context("the device did not read the picture back")??;
        let bytes = buffer.slice(..).get_mapped_range()?;
        let rows = bytes.chunks_exact(row as usize).flat_map(|row| &row[..(width * PIXEL) as usize]);
        // A window is opaque, whatever egui leaves in the fourth channel.
        let colours =
            rows.enumerate().filter(|(index, _)| index % PIXEL as usize != 3).map(|(_, byte)| *byte);
        RgbImage::from_raw(width, height, colours.collect())
            .context("the picture has another size than the screen")
    }
}
