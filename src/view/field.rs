//! Maps of one number per pixel, drawn from their lease through a table of colours.

use super::{
    Sampling,
    latest_values::LatestValues,
    pipelines::{DeviceCache, Parameters, Pipelines, bind, buffer, cover},
    range::{RangeBuffer, RangeSelection, RangeStatistics},
    sampling::Grid,
};
use crate::{compute::Lease, geometry::colormap::Colormap};
use egui_wgpu::{Callback, CallbackResources, CallbackTrait, ScreenDescriptor};
use serde::{Deserialize, Serialize};
use std::{sync::Arc, time::Duration};

/// Range of values from the first to the last colour.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub enum Range {
    /// Range that contains nearly all values of the map. For a colour map with a middle it is symmetric about zero.
    Automatic {
        /// Share of values below the range, and share of values above it.
        outside: f32,
    },
    /// Given range.
    Fixed {
        /// Value of the first colour.
        low: f32,
        /// Value of the last colour.
        high: f32,
    },
}

impl Range {
    /// Range of all values but one percent at each end.
    pub const USUAL: Self = Self::Automatic { outside: 0.01 };
}

/// Style by which numbers become colours.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum FieldStyle {
    /// Measure, coloured by a colour map over a range.
    Measure {
        /// Colours from low to high.
        colormap: Colormap,
        /// Values that the colours stand for.
        range: Range,
        /// True for a logarithmic scale, on which equal ratios are equally far apart.
        logarithmic: bool,
        /// True if 0 means that the value is not known. Such pixels stay dark, and known values are never blended with
        /// them.
        sparse: bool,
    },
    /// Category: an index into a list of colours.
    Category(Vec<[u8; 3]>),
}

/// Layout of `ColourUniform` in `colours.wgsl`.
#[repr(C)]
#[derive(Clone, Copy, PartialEq, bytemuck::Pod, bytemuck::Zeroable)]
pub(super) struct ColourUniform {
    entries: u32,
    category: u32,
    logarithmic: u32,
    sparse: u32,
}

impl FieldStyle {
    pub(super) fn uniform(&self) -> ColourUniform {
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

    /// Colour of a value in a range, as `field.wgsl` draws it; `None` for a category that has none.
    pub fn colour(&self, value: f32, range: (f32, f32)) -> Option<[u8; 3]> {
        match self {
            Self::Measure { colormap, .. } => Some(colormap.colour(self.share(value, range))),
            Self::Category(colours) => colours.get(value.round().max(0.0) as usize).copied(),
        }
    }

    /// Values that an automatic range is found from; `None` if the range is given.
    pub(super) fn selection(&self) -> Option<RangeSelection> {
        match self {
            Self::Measure { range: Range::Automatic { outside }, colormap, sparse, .. } => {
                Some(RangeSelection { outside: *outside, symmetric: colormap.has_middle(), sparse: *sparse })
            }
            _ => None,
        }
    }

    /// Position of a value in a range, as in `field.wgsl`: 0 at the first colour, 1 at the last.
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

    /// Values of the first and the last colour; `None` until they are known.
    pub(super) fn range_of_colours(&self, statistics: &LatestValues<RangeStatistics>) -> Option<(f32, f32)> {
        match self {
            Self::Measure { range: Range::Fixed { low, high }, .. } => Some((*low, *high)),
            Self::Measure { range: Range::Automatic { .. }, .. } => {
                statistics.newest().map(|[low, high, _]| (low, high))
            }
            Self::Category(_) => None,
        }
    }
}

/// View that draws `[1, height, width]` leases in one pane.
#[derive(Default)]
pub struct FieldView {
    cache: DeviceCache<FieldBuffers>,
    statistics: LatestValues<RangeStatistics>,
    probe: LatestValues<f32>,
}

struct FieldBuffers {
    /// Lease whose memory is bound.
    lease: Arc<Lease>,
    style: FieldStyle,
    grid: Parameters<Grid>,
    range: RangeBuffer,
    group: wgpu::BindGroup,
    /// Index of the value that was requested last.
    probed: Option<usize>,
}

impl FieldView {
    /// Draws the map, or the part that `sampling` selects, filling `rect`, and requests the value of `pixel`, a column
    /// and a row. Categories and values that are not finite are never interpolated.
    pub fn draw(
        &self,
        painter: &egui::Painter,
        rect: egui::Rect,
        lease: &Arc<Lease>,
        style: FieldStyle,
        sampling: Sampling,
        pixel: Option<[usize; 2]>,
    ) {
        if self.statistics.is_pending() || self.probe.is_pending() {
            // The device delivers the statistics with the next work that is submitted.
            painter.ctx().request_repaint_after(Duration::from_millis(30));
        }
        painter.add(Callback::new_paint_callback(
            rect,
            FieldCallback {
                cache: self.cache.clone(),
                statistics: self.statistics.clone(),
                probe: self.probe.clone(),
                lease: Arc::clone(lease),
                grid: Grid::new(lease, sampling),
                pixel,
                style,
                context: painter.ctx().clone(),
            },
        ));
    }

    /// Values of the first and the last colour; `None` until they are known.
    pub fn range(&self, style: &FieldStyle) -> Option<(f32, f32)> {
        style.range_of_colours(&self.statistics)
    }

    /// Value of the pixel that was requested last; `None` until it is known.
    pub fn value(&self) -> Option<f32> {
        self.probe.newest()
    }
}

struct FieldCallback {
    cache: DeviceCache<FieldBuffers>,
    statistics: LatestValues<RangeStatistics>,
    probe: LatestValues<f32>,
    lease: Arc<Lease>,
    grid: Grid,
    pixel: Option<[usize; 2]>,
    style: FieldStyle,
    context: egui::Context,
}

impl FieldCallback {
    fn buffers(&self, device: &wgpu::Device, pipelines: &Pipelines) -> FieldBuffers {
        let uniform = Parameters::new(device, "reading", self.style.uniform());
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
                uniform.binding(),
                table.as_entire_binding(),
                range.binding(),
            ],
        );
        let (lease, style) = (Arc::clone(&self.lease), self.style.clone());
        FieldBuffers { lease, style, grid, range, group, probed: None }
    }

    /// Requests the value of the pixel, unless it was requested already.
    fn request_value(
        &self,
        device: &wgpu::Device,
        encoder: &mut wgpu::CommandEncoder,
        buffers: &mut FieldBuffers,
    ) {
        let Some([column, row]) = self.pixel else { return };
        let index = row * self.lease.width + column;
        if buffers.probed == Some(index) {
            return;
        }
        // A lease always binds a part of a buffer.
        let wgpu::BindingResource::Buffer(memory) = self.lease.binding() else { return };
        buffers.probed = Some(index);
        let offset = memory.offset + (index * size_of::<f32>()) as u64;
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
        let mut cache = self.cache.on(device, || {
            self.statistics.reset();
            self.probe.reset();
        });
        if !self.lease.is_on(device) {
            return Vec::new();
        }
        let current = cache
            .as_mut()
            .filter(|buffers| Arc::ptr_eq(&buffers.lease, &self.lease) && buffers.style == self.style);
        if let Some(buffers) = current {
            buffers.grid.set(queue, self.grid);
            self.request_value(device, encoder, buffers);
            return Vec::new();
        }
        let pipelines = Pipelines::of(resources);
        let buffers = cache.insert(self.buffers(device, pipelines));
        if let FieldStyle::Measure { range: Range::Fixed { low, high }, .. } = self.style {
            buffers.range.fix(queue, low, high);
        }
        if let Some(selection) = self.style.selection() {
            buffers.range.find(device, encoder, pipelines, &self.lease, selection);
            let context = self.context.clone();
            buffers
                .range
                .request_statistics(device, encoder, &self.statistics, move || context.request_repaint());
        }
        self.request_value(device, encoder, buffers);
        Vec::new()
    }

    fn paint(
        &self,
        _info: egui::PaintCallbackInfo,
        pass: &mut wgpu::RenderPass<'static>,
        resources: &CallbackResources,
    ) {
        if let Some(buffers) = &*self.cache.lock() {
            cover(pass, &Pipelines::of(resources).field, &buffers.group);
        }
    }
}
