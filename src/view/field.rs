//! One number a pixel, drawn from its lease through a table of colours.

use super::{
    Sampling,
    latest_values::LatestValues,
    pipelines::{DeviceCache, Parameters, Pipelines, bind, buffer, cover},
    range::{Figures, RangeBuffer, RangeSelection},
    sampling::Grid,
};
use crate::{compute::Lease, geometry::colormap::Colormap};
use egui_wgpu::{Callback, CallbackResources, CallbackTrait, ScreenDescriptor};
use serde::{Deserialize, Serialize};
use std::{sync::Arc, time::Duration};

/// Which values the first and the last colour stand for.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub enum Range {
    /// Those between which all but some of the picture's values lie; for colours with a middle, as far
    /// below zero as above.
    Automatic {
        /// The share of values that lie below the first and above the last.
        outside: f32,
    },
    /// These.
    Fixed {
        /// Of the first colour.
        low: f32,
        /// Of the last colour.
        high: f32,
    },
}

impl Range {
    /// All but a hundredth at either end.
    pub const USUAL: Self = Self::Automatic { outside: 0.01 };
}

/// How numbers become colours.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum FieldStyle {
    /// By a colour map over a range.
    Measure {
        /// The colours.
        colormap: Colormap,
        /// What they stand for.
        range: Range,
        /// Whether equal ratios are equally far apart, instead of equal differences.
        logarithmic: bool,
        /// Whether 0 means that nothing is known there; such pixels stay dark, and known ones are never
        /// blended with them.
        sparse: bool,
    },
    /// By a list in which the number is an index.
    Category(Vec<[u8; 3]>),
}

/// The `ColourUniform` of `colours.wgsl`.
#[repr(C)]
#[derive(Clone, Copy, PartialEq, bytemuck::Pod, bytemuck::Zeroable)]
pub(super) struct ColourUniform {
    entries: u32,
    category: u32,
    logarithmic: u32,
    sparse: u32,
}

impl FieldStyle {
    pub(super) fn reading(&self) -> ColourUniform {
        let (category, logarithmic, sparse) = match self {
            Self::Measure { logarithmic, sparse, .. } => (false, *logarithmic, *sparse),
            Self::Category(_) => (true, false, false),
        };
        ColourUniform {
            entries: self.table().len() as u32,
            category: category.into(),
            logarithmic: logarithmic.into(),
            sparse: sparse.into(),
        }
    }

    pub(super) fn table(&self) -> Vec<[u8; 4]> {
        match self {
            Self::Measure { colormap, .. } => colormap.table(),
            Self::Category(colours) => {
                colours.iter().map(|[red, green, blue]| [*red, *green, *blue, 255]).collect()
            }
        }
    }

    /// The colour of a value under a range, as `field.wgsl` draws it; `None` for a category without one.
    pub fn colour(&self, value: f32, range: (f32, f32)) -> Option<[u8; 3]> {
        match self {
            Self::Measure { colormap, .. } => Some(colormap.colour(self.share(value, range))),
            Self::Category(colours) => colours.get(value.round().max(0.0) as usize).copied(),
        }
    }

    /// What decides the range, if it is not given.
    pub(super) fn selection(&self) -> Option<RangeSelection> {
        match self {
            Self::Measure { range: Range::Automatic { outside }, colormap, sparse, .. } => {
                Some(RangeSelection { outside: *outside, symmetric: colormap.has_middle(), sparse: *sparse })
            }
            _ => None,
        }
    }

    /// Where a value lies between the ends of a range, as `field.wgsl` places it: 0 at the first colour, 1
    /// at the last.
    pub fn share(&self, value: f32, (low, high): (f32, f32)) -> f32 {
        const TINY: f32 = 1e-12;
        let share = match self {
            Self::Measure { logarithmic: true, .. } => {
                let [value, low, high] = [value, low, high].map(|number| number.max(TINY).ln());
                (value - low) / (high - low).max(TINY)
            }
            _ => (value - low) / (high - low).max(TINY),
        };
        share.clamp(0.0, 1.0)
    }

    /// The values that the first and the last colour stand for, once they are known.
    pub(super) fn ends(&self, report: &LatestValues<Figures>) -> Option<(f32, f32)> {
        match self {
            Self::Measure { range: Range::Fixed { low, high }, .. } => Some((*low, *high)),
            Self::Measure { range: Range::Automatic { .. }, .. } => {
                report.newest().map(|[low, high, _]| (low, high))
            }
            Self::Category(_) => None,
        }
    }
}

/// Draws `[1, height, width]` leases at one place on the screen.
#[derive(Default)]
pub struct FieldView {
    kept: DeviceCache<FieldBuffers>,
    report: LatestValues<Figures>,
    probe: LatestValues<f32>,
}

struct FieldBuffers {
    /// Held as long as its memory is bound.
    lease: Arc<Lease>,
    style: FieldStyle,
    grid: Parameters<Grid>,
    range: RangeBuffer,
    group: wgpu::BindGroup,
    /// The place of the value that was last asked for.
    probed: Option<usize>,
}

impl FieldView {
    /// Adds the field, or the part that `sampling` says, to what `painter` draws, filling `rect`, and asks
    /// for the value of `pixel`, a column and a row. Categories and values that are no numbers are never
    /// smoothed.
    pub fn draw(
        &self,
        painter: &egui::Painter,
        rect: egui::Rect,
        lease: &Arc<Lease>,
        style: FieldStyle,
        sampling: Sampling,
        pixel: Option<[usize; 2]>,
    ) {
        if self.report.is_awaited() || self.probe.is_awaited() {
            // The device hands the figures over when it is next given work.
            painter.ctx().request_repaint_after(Duration::from_millis(30));
        }
        painter.add(Callback::new_paint_callback(
            rect,
            FieldCallback {
                kept: self.kept.clone(),
                report: self.report.clone(),
                probe: self.probe.clone(),
                lease: Arc::clone(lease),
                grid: Grid::new(lease, sampling),
                pixel,
                style,
                context: painter.ctx().clone(),
            },
        ));
    }

    /// The values that the first and the last colour stand for, once they are known.
    pub fn range(&self, style: &FieldStyle) -> Option<(f32, f32)> {
        style.ends(&self.report)
    }

    /// The value of the pixel that was last asked for, once it is known.
    pub fn value(&self) -> Option<f32> {
        self.probe.newest()
    }
}

struct FieldCallback {
    kept: DeviceCache<FieldBuffers>,
    report: LatestValues<Figures>,
    probe: LatestValues<f32>,
    lease: Arc<Lease>,
    grid: Grid,
    pixel: Option<[usize; 2]>,
    style: FieldStyle,
    context: egui::Context,
}

impl FieldCallback {
    fn buffers(&self, device: &wgpu::Device, pipelines: &Pipelines) -> FieldBuffers {
        let reading = Parameters::new(device, "reading", self.style.reading());
        let table =
            buffer(device, "colours", bytemuck::cast_slice(&self.style.table()), wgpu::BufferUsages::STORAGE);
        let grid = Parameters::new(device, "grid", self.grid);
        let range = RangeBuffer::new(device);
        let group = bind(
            device,
            &pipelines.field.get_bind_group_layout(0),
            [
                grid.binding(),
                self.lease.binding(),
                reading.binding(),
                table.as_entire_binding(),
                range.binding(),
            ],
        );
        let (lease, style) = (Arc::clone(&self.lease), self.style.clone());
        FieldBuffers { lease, style, grid, range, group, probed: None }
    }

    /// Asks for the value of the pixel, unless that was done.
    fn ask(&self, device: &wgpu::Device, encoder: &mut wgpu::CommandEncoder, buffers: &mut FieldBuffers) {
        let Some([column, row]) = self.pixel else { return };
        let place = row * self.lease.width + column;
        if buffers.probed == Some(place) {
            return;
        }
        // Whatever holds the memory, it is bound as a part of a buffer.
        let wgpu::BindingResource::Buffer(memory) = self.lease.binding() else { return };
        buffers.probed = Some(place);
        let offset = memory.offset + (place * size_of::<f32>()) as u64;
        let context = self.context.clone();
        self.probe.fetch(device, encoder, (memory.buffer, offset), move || context.request_repaint());
    }
}

impl CallbackTrait for FieldCallback {
    fn prepare(
        &self,
        device: &wgpu::Device,
        queue: &wgpu::Queue,
        _screen: &ScreenDescriptor,
        encoder: &mut wgpu::CommandEncoder,
        resources: &mut CallbackResources,
    ) -> Vec<wgpu::CommandBuffer> {
        let mut kept = self.kept.on(device, || {
            self.report.forget();
            self.probe.forget();
        });
        if !self.lease.is_on(device) {
            return Vec::new();
        }
        let present = kept
            .as_mut()
            .filter(|buffers| Arc::ptr_eq(&buffers.lease, &self.lease) && buffers.style == self.style);
        if let Some(buffers) = present {
            buffers.grid.set(queue, self.grid);
            self.ask(device, encoder, buffers);
            return Vec::new();
        }
        let pipelines = Pipelines::of(resources);
        let buffers = kept.insert(self.buffers(device, pipelines));
        if let FieldStyle::Measure { range: Range::Fixed { low, high }, .. } = self.style {
            buffers.range.fix(queue, low, high);
        }
        if let Some(selection) = self.style.selection() {
            buffers.range.find(device, encoder, pipelines, &self.lease, selection);
            let context = self.context.clone();
            buffers.range.report(device, encoder, &self.report, move || context.request_repaint());
        }
        self.ask(device, encoder, buffers);
        Vec::new()
    }

    fn paint(
        &self,
        _info: egui::PaintCallbackInfo,
        pass: &mut wgpu::RenderPass<'static>,
        resources: &CallbackResources,
    ) {
        if let Some(buffers) = &*self.kept.lock() {
            cover(pass, &Pipelines::of(resources).field, &buffers.group);
        }
    }
}
