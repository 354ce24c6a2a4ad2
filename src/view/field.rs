//! One number a pixel, drawn from its lease through a table of colours.

use super::{
    pipelines::{Grid, Kept, Parameters, Pipelines, bind, buffer, cover},
    range::{RangeBuffer, Report},
};
use crate::{compute::Lease, geometry::colormap::Colormap};
use egui_wgpu::{Callback, CallbackResources, CallbackTrait, ScreenDescriptor};
use serde::{Deserialize, Serialize};
use std::{sync::Arc, time::Duration};

/// Which values the first and the last colour stand for.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub enum Range {
    /// Those between which all but a hundredth at either end of the picture's values lie.
    Automatic,
    /// These.
    Fixed {
        /// Of the first colour.
        low: f32,
        /// Of the last colour.
        high: f32,
    },
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

/// The `Reading` of `colours.wgsl`.
#[repr(C)]
#[derive(Clone, Copy, PartialEq, bytemuck::Pod, bytemuck::Zeroable)]
pub(super) struct Reading {
    entries: u32,
    category: u32,
    logarithmic: u32,
    sparse: u32,
}

impl FieldStyle {
    pub(super) fn reading(&self) -> Reading {
        let (category, logarithmic, sparse) = match self {
            Self::Measure { logarithmic, sparse, .. } => (false, *logarithmic, *sparse),
            Self::Category(_) => (true, false, false),
        };
        Reading {
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

    pub(super) fn is_automatic(&self) -> bool {
        matches!(self, Self::Measure { range: Range::Automatic, .. })
    }

    /// The values that the first and the last colour stand for, once they are known.
    pub(super) fn ends(&self, report: &Report) -> Option<(f32, f32)> {
        match self {
            Self::Measure { range: Range::Fixed { low, high }, .. } => Some((*low, *high)),
            Self::Measure { range: Range::Automatic, .. } => {
                report.figures().map(|[low, high, _]| (low, high))
            }
            Self::Category(_) => None,
        }
    }
}

/// Draws `[1, height, width]` leases at one place on the screen.
#[derive(Default)]
pub struct FieldView {
    kept: Kept<Buffers>,
    report: Report,
}

struct Buffers {
    /// Held as long as its memory is bound.
    lease: Arc<Lease>,
    style: FieldStyle,
    grid: Parameters<Grid>,
    range: RangeBuffer,
    group: wgpu::BindGroup,
}

impl FieldView {
    /// Adds the field to what `painter` draws, filling `rect`; `squares` shows values as squares
    /// instead of smoothly. Categories and values that are no numbers are never smoothed.
    pub fn draw(
        &self,
        painter: &egui::Painter,
        rect: egui::Rect,
        lease: &Arc<Lease>,
        style: FieldStyle,
        squares: bool,
    ) {
        if self.report.is_awaited() {
            // The device hands the figures over when it is next given work.
            painter.ctx().request_repaint_after(Duration::from_millis(30));
        }
        painter.add(Callback::new_paint_callback(
            rect,
            Drawing {
                kept: self.kept.clone(),
                report: self.report.clone(),
                lease: Arc::clone(lease),
                grid: Grid::new(lease, squares),
                style,
                context: painter.ctx().clone(),
            },
        ));
    }

    /// The values that the first and the last colour stand for, once they are known.
    pub fn range(&self, style: &FieldStyle) -> Option<(f32, f32)> {
        style.ends(&self.report)
    }
}

struct Drawing {
    kept: Kept<Buffers>,
    report: Report,
    lease: Arc<Lease>,
    grid: Grid,
    style: FieldStyle,
    context: egui::Context,
}

impl Drawing {
    fn buffers(&self, device: &wgpu::Device, pipelines: &Pipelines) -> Buffers {
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
        Buffers { lease, style, grid, range, group }
    }
}

impl CallbackTrait for Drawing {
    fn prepare(
        &self,
        device: &wgpu::Device,
        queue: &wgpu::Queue,
        _screen: &ScreenDescriptor,
        encoder: &mut wgpu::CommandEncoder,
        resources: &mut CallbackResources,
    ) -> Vec<wgpu::CommandBuffer> {
        let mut kept = self.kept.lock();
        let present = kept
            .as_mut()
            .filter(|buffers| Arc::ptr_eq(&buffers.lease, &self.lease) && buffers.style == self.style);
        if let Some(buffers) = present {
            buffers.grid.set(queue, self.grid);
            return Vec::new();
        }
        let pipelines = Pipelines::of(resources);
        let buffers = kept.insert(self.buffers(device, pipelines));
        if let FieldStyle::Measure { range: Range::Fixed { low, high }, .. } = self.style {
            buffers.range.fix(queue, low, high);
        }
        if self.style.is_automatic() {
            buffers.range.find(device, encoder, pipelines, &self.lease);
            let context = self.context.clone();
            buffers.range.report(device, encoder, &self.report, move || context.request_repaint());
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
            cover(pass, &Pipelines::of(resources).field, &buffers.group);
        }
    }
}
