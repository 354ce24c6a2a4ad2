//! Timing frames of the window's views, drawn into a texture.

use super::{
    setup::{BenchSetup, time},
    timing::Timing,
};
use crate::{
    compute::{Compute, DisplayDevice, Lease},
    config::DeviceChoice,
    geometry::{Intrinsics, colormap::Colormap},
    view::{
        self, CloudLayer, CloudStyle, CloudView, FieldStyle, FieldView, ImageView, Orbit, Range, Sampling,
    },
};
use anyhow::{Result, anyhow};
use egui::{Rect, pos2, vec2};
use egui_wgpu::{RenderState, RendererOptions, ScreenDescriptor, WgpuConfiguration};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};

const SCREEN: [u32; 2] = [1280, 800];

/// The three kinds of view over constant values.
struct BenchViews {
    colour: Arc<Lease>,
    disparity: Arc<Lease>,
    image: ImageView,
    field: FieldView,
    cloud: CloudView,
    orbit: Orbit,
}

impl BenchViews {
    fn new(setup: &BenchSetup, compute: &Compute) -> Result<Self> {
        let (height, width) = (setup.size.height, setup.size.width);
        let value = |index: usize| 0.2 + 0.1 * (index as f32 * 0.013).sin();
        let lease = |channels: usize| {
            let values: Vec<f32> = (0..channels * height * width).map(value).collect();
            Lease::upload(&values, [channels, height, width], compute).map(Arc::new)
        };
        Ok(Self {
            colour: lease(3)?,
            disparity: lease(1)?,
            image: ImageView::default(),
            field: FieldView::default(),
            cloud: CloudView::default(),
            orbit: Orbit::default(),
        })
    }

    fn draw(&mut self, painter: &egui::Painter) {
        let [width, height] = SCREEN.map(|pixels| pixels as f32);
        let half = vec2(width / 2.0, height / 4.0);
        self.image.draw(
            painter,
            Rect::from_min_size(pos2(0.0, 0.0), half),
            &self.colour,
            Sampling::whole(false),
        );
        let style = FieldStyle::Measure {
            colormap: Colormap::Magma,
            range: Range::USUAL,
            logarithmic: false,
            sparse: false,
        };
        let right = Rect::from_min_size(pos2(half.x, 0.0), half);
        self.field.draw(painter, right, &self.disparity, style, Sampling::whole(false), None);
        self.draw_cloud(painter, Rect::from_min_max(pos2(0.0, half.y), pos2(width, height)));
    }

    fn draw_cloud(&mut self, painter: &egui::Painter, rect: Rect) {
        let (depth, colour) = (Arc::clone(&self.disparity), Arc::clone(&self.colour));
        let layer = CloudLayer::image(depth, colour, Intrinsics::KITTI);
        let style =
            CloudStyle { point_width: 1.0, farthest: 10.0, flattest: 1.0, thinning: 1, background: [0; 3] };
        // A turn for every frame, because an unchanged cloud would not be drawn again.
        self.orbit.turn(glam::Vec2::X);
        self.cloud.draw(painter, rect, vec![layer], &self.orbit, style);
    }
}

/// Times all three views together.
pub(super) fn view(setup: &BenchSetup) -> Result<Timing> {
    frames(setup, BenchViews::draw)
}

/// Times the point cloud on the whole screen.
pub(super) fn cloud(setup: &BenchSetup) -> Result<Timing> {
    let [width, height] = SCREEN.map(|pixels| pixels as f32);
    let screen = Rect::from_min_size(pos2(0.0, 0.0), vec2(width, height));
    frames(setup, |views, painter| views.draw_cloud(painter, screen))
}

fn frames(setup: &BenchSetup, draw: impl Fn(&mut BenchViews, &egui::Painter)) -> Result<Timing> {
    let mut frames = OffscreenWindow::new(setup, DisplayDevice::request()?)?;
    time(setup, 1, || frames.draw(&draw).map(drop))
}

/// A window whose frames go to a texture.
pub(super) struct OffscreenWindow {
    context: egui::Context,
    state: RenderState,
    target: wgpu::TextureView,
    views: BenchViews,
}

impl OffscreenWindow {
    pub(super) fn new(setup: &BenchSetup, display: DisplayDevice) -> Result<Self> {
        let state = render_state(&display)?;
        view::install(&state);
        let target = target(&display.device, state.target_format);
        let compute = Compute::open(DeviceChoice::Cpu, Some(display))?;
        let views = BenchViews::new(setup, &compute)?;
        Ok(Self { context: egui::Context::default(), state, target, views })
    }

    /// Draws image, disparity and cloud; returns the time from submission to completion.
    pub(super) fn draw_all(&mut self) -> Result<Duration> {
        self.draw(BenchViews::draw)
    }

    fn draw(&mut self, draw: impl Fn(&mut BenchViews, &egui::Painter)) -> Result<Duration> {
        let Self { context, state, target, views } = self;
        draw_frame(context, state, target, |painter| draw(views, painter))
    }
}

fn render_state(display: &DisplayDevice) -> Result<RenderState> {
    let configuration = WgpuConfiguration { wgpu_setup: view::setup_of(display), ..Default::default() };
    let state = RenderState::create(&configuration, &display.instance, None, RendererOptions::default());
    pollster::block_on(state).map_err(|error| anyhow!("nothing can be drawn: {error}"))
}

fn target(device: &wgpu::Device, format: wgpu::TextureFormat) -> wgpu::TextureView {
    let texture = device.create_texture(&wgpu::TextureDescriptor {
        label: Some("screen"),
        size: wgpu::Extent3d { width: SCREEN[0], height: SCREEN[1], depth_or_array_layers: 1 },
        mip_level_count: 1,
        sample_count: 1,
        dimension: wgpu::TextureDimension::D2,
        format,
        usage: wgpu::TextureUsages::RENDER_ATTACHMENT,
        view_formats: &[],
    });
    texture.create_view(&wgpu::TextureViewDescriptor::default())
}

fn draw_frame(
    context: &egui::Context,
    state: &RenderState,
    target: &wgpu::TextureView,
    mut draw: impl FnMut(&egui::Painter),
) -> Result<Duration> {
    let size = vec2(SCREEN[0] as f32, SCREEN[1] as f32);
    let input =
        egui::RawInput { screen_rect: Some(Rect::from_min_size(pos2(0.0, 0.0), size)), ..Default::default() };
    let output = context.run_ui(input, |ui| draw(ui.painter()));
    let jobs = context.tessellate(output.shapes, 1.0);
    let screen = ScreenDescriptor { size_in_pixels: SCREEN, pixels_per_point: 1.0 };
    let mut renderer = state.renderer.write();
    for (id, deltas) in &output.textures_delta.set {
        for delta in deltas {
            renderer.update_texture(&state.device, &state.queue, *id, delta);
        }
    }
    let mut encoder = state.device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
    let mut commands = renderer.update_buffers(&state.device, &state.queue, &mut encoder, &jobs, &screen);
    let pass = encoder.begin_render_pass(&wgpu::RenderPassDescriptor {
        color_attachments: &[Some(wgpu::RenderPassColorAttachment {
            view: target,
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
    let submitted = Instant::now();
    let index = state.queue.submit(commands);
    // Waits for this submission only, not for those of training steps.
    state.device.poll(wgpu::PollType::Wait { submission_index: Some(index), timeout: None })?;
    Ok(submitted.elapsed())
}
