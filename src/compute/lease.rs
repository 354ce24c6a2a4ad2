//! Leased memory: the values of a tensor, held so that a shader may read them.

use super::{Compute, ComputeError, DisplayDevice, values};
use burn::tensor::Tensor;
use burn_cubecl::kernel::into_contiguous;
use burn_wgpu::{AutoCompiler, CubeBackend, CubeTensor, WgpuResource};
use cubecl::wgpu::WgpuServer;
use cubecl_runtime::storage::ManagedResource;

/// A `[channels, height, width]` array of f32 on the display's device, bound read-only by shaders.
///
/// On the GPU backend it is the tensor's own memory. Holding the lease keeps that allocation from being freed or
/// written to; of a slice, this is the whole allocation that it is a part of. A tensor is copied, on the GPU, only
/// if no shader can bind its memory: if its values are not in row-major order without gaps, or begin at an offset
/// that the device cannot bind. On the CPU backend the values are uploaded. To a shader all three look the same.
pub struct Lease {
    memory: Memory,
    display: DisplayDevice,
    /// Colour channels or other planes.
    pub channels: usize,
    /// Rows.
    pub height: usize,
    /// Columns.
    pub width: usize,
}

enum Memory {
    /// Memory of the GPU backend. burn neither frees nor overwrites it as long as the tensor is held.
    Tensor {
        resource: ManagedResource<WgpuResource>,
        is_copy: bool,
        _tensor: Box<CubeTensor>,
    },
    Uploaded(wgpu::Buffer),
}

impl std::fmt::Debug for Lease {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { channels, height, width, .. } = self;
        write!(formatter, "Lease({channels}×{height}×{width}, shared: {})", self.is_shared())
    }
}

impl Lease {
    /// Leases a `[channels, height, width]` tensor. Call this on the thread that computed the tensor, after the work
    /// that computes it was queued. The GPU backend reads nothing back.
    ///
    /// # Errors
    /// If there is no display device, it is lost, or the backend does not hand out the memory.
    pub fn new(tensor: Tensor<3>, compute: &Compute) -> Result<Self, ComputeError> {
        let [channels, height, width] = tensor.dims();
        let tensor = tensor.detach().without_autodiff();
        let display = display(compute)?;
        let memory = if compute.is_shared { leased(tensor)? } else { uploaded(&values(tensor)?, &display) };
        Ok(Self { memory, display, channels, height, width })
    }

    /// Uploads values that never were a tensor, in row-major order.
    ///
    /// # Errors
    /// If there is no display device to upload to, or it is lost.
    ///
    /// # Panics
    /// If there are not `channels`·`height`·`width` values.
    pub fn upload(
        values: &[f32],
        [channels, height, width]: [usize; 3],
        compute: &Compute,
    ) -> Result<Self, ComputeError> {
        assert_eq!(values.len(), channels * height * width, "values of a lease");
        let display = display(compute)?;
        Ok(Self { memory: uploaded(values, &display), display, channels, height, width })
    }

    /// Resource to bind as `var<storage, read>`: `channels`·`height`·`width` f32 in row-major order. Single values
    /// may be copied from it. The lease must outlive the submission of the draw.
    pub fn binding(&self) -> wgpu::BindingResource<'_> {
        match &self.memory {
            Memory::Tensor { resource, .. } => resource.resource().as_wgpu_bind_resource(),
            Memory::Uploaded(buffer) => buffer.as_entire_binding(),
        }
    }

    /// Reads the values back, in row-major order. This waits for the device, so a window calls it on a thread of
    /// its own.
    ///
    /// # Errors
    /// If the device fails or is lost.
    pub fn read(&self) -> Result<Vec<f32>, ComputeError> {
        let failed = |reason: String| ComputeError::Lease(format!("its device failed: {reason}"));
        let wgpu::BindingResource::Buffer(wgpu::BufferBinding { buffer, offset, .. }) = self.binding() else {
            return Err(failed("it holds no buffer".to_owned()));
        };
        let DisplayDevice { device, queue, loss_flag, .. } = &self.display;
        let size = (self.channels * self.height * self.width * size_of::<f32>()) as u64;
        let staging = device.create_buffer(&wgpu::BufferDescriptor {
            label: Some("lease to be read"),
            size,
            usage: wgpu::BufferUsages::COPY_DST | wgpu::BufferUsages::MAP_READ,
            mapped_at_creation: false,
        });
        let mut encoder = device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        encoder.copy_buffer_to_buffer(buffer, offset, &staging, 0, size);
        let (sender, receiver) = std::sync::mpsc::sync_channel(1);
        // If the device has failed by then, nobody receives this any more.
        encoder
            .map_buffer_on_submit(&staging, wgpu::MapMode::Read, .., move |result| drop(sender.send(result)));
        queue.submit([encoder.finish()]);
        loss_flag.poll(wgpu::PollType::wait_indefinitely())?;
        let mapped = receiver.recv().map_err(|error| failed(error.to_string()))?;
        mapped.map_err(|error| failed(error.to_string()))?;
        let bytes = staging.get_mapped_range(..).map_err(|error| failed(error.to_string()))?;
        Ok(bytemuck::pod_collect_to_vec(&bytes))
    }

    /// True if a renderer of this device can bind the lease: one that was made on a lost device cannot be drawn on
    /// the device that replaces it.
    pub fn is_on(&self, device: &wgpu::Device) -> bool {
        self.display.device == *device
    }

    /// True if a software driver draws the lease on the CPU, for lack of a GPU.
    pub fn is_drawn_by_software(&self) -> bool {
        self.display.is_software()
    }

    /// True if shaders read the very memory that burn computed the tensor in, false if they read a copy.
    pub fn is_shared(&self) -> bool {
        matches!(self.memory, Memory::Tensor { is_copy: false, .. })
    }
}

/// Takes the memory of a tensor of the GPU backend, or of a copy if no shader can bind it.
fn leased(tensor: Tensor<3>) -> Result<Memory, ComputeError> {
    let lease_error = |reason: String| ComputeError::Lease(reason);
    let tensor =
        tensor.try_into_primitive::<CubeBackend>().map_err(|error| lease_error(format!("{error:?}")))?;
    let is_copy = !is_bindable(&tensor);
    let tensor = if is_copy { into_contiguous(tensor.copy()) } else { tensor };
    let resource = tensor
        .client
        .get_resource::<WgpuServer<AutoCompiler>>(tensor.handle.clone())
        .map_err(|error| lease_error(format!("{error:?}")))?;
    tensor.client.flush().map_err(|error| lease_error(format!("{error:?}")))?;
    Ok(Memory::Tensor { resource, is_copy, _tensor: Box::new(tensor) })
}

/// True if a shader can bind the tensor's memory as a row-major array: no gaps, and an offset that the device binds.
/// (Allocations begin at such offsets; a slice need not.)
fn is_bindable(tensor: &CubeTensor) -> bool {
    let alignment = tensor.client.properties().memory.alignment;
    tensor.is_contiguous() && tensor.handle.offset_start.unwrap_or(0).is_multiple_of(alignment)
}

fn display(compute: &Compute) -> Result<DisplayDevice, ComputeError> {
    let display = compute.display.clone();
    let display = display.ok_or_else(|| ComputeError::Lease("there is no display device".to_owned()))?;
    display.loss().map_or(Ok(display), |loss| Err(loss.into()))
}

fn uploaded(values: &[f32], display: &DisplayDevice) -> Memory {
    let bytes: &[u8] = bytemuck::cast_slice(values);
    let buffer = display.device.create_buffer(&wgpu::BufferDescriptor {
        label: Some("lease"),
        size: bytes.len() as u64,
        usage: wgpu::BufferUsages::STORAGE | wgpu::BufferUsages::COPY_SRC | wgpu::BufferUsages::COPY_DST,
        mapped_at_creation: false,
    });
    display.queue.write_buffer(&buffer, 0, bytes);
    Memory::Uploaded(buffer)
}
