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
        CloudLayer, CloudStyle, CloudView, FieldStyle, FieldView, ImageView, OffscreenScreen, Orbit, Range,
        Sampling,
    },
};
use anyhow::Result;
use egui::{Rect, pos2, vec2};
use std::{sync::Arc, time::Duration};

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

/// Views whose frames are drawn without a window.
pub(super) struct OffscreenWindow {
    context: egui::Context,
    screen: OffscreenScreen,
    views: BenchViews,
}

impl OffscreenWindow {
    pub(super) fn new(setup: &BenchSetup, display: DisplayDevice) -> Result<Self> {
        let screen = OffscreenScreen::new(&display, SCREEN)?;
        let compute = Compute::open(DeviceChoice::Cpu, Some(display))?;
        let views = BenchViews::new(setup, &compute)?;
        Ok(Self { context: egui::Context::default(), screen, views })
    }

    /// Draws image, disparity and cloud; returns the time from submission to completion.
    pub(super) fn draw_all(&mut self) -> Result<Duration> {
        self.draw(BenchViews::draw)
    }

    fn draw(&mut self, draw: impl Fn(&mut BenchViews, &egui::Painter)) -> Result<Duration> {
        let Self { context, screen, views } = self;
        screen.draw(context, 0.0, |ui| draw(views, ui.painter()))
    }
}
