//! A tensor's memory held so that a shader may read it where it lies.

use super::{Compute, ComputeError, DisplayDevice, values};
use burn::tensor::Tensor;
use burn_cubecl::kernel::into_contiguous;
use burn_wgpu::{AutoCompiler, CubeBackend, CubeTensor, WgpuResource};
use cubecl::wgpu::WgpuServer;
use cubecl_runtime::storage::ManagedResource;

/// A `[channels, height, width]` array of f32 on the display's device, bound read-only by shaders.
///
/// On the GPU backend it is the tensor's own memory: nothing is copied, and holding the lease keeps
/// the allocation from being freed, moved or written to. On the CPU backend it is an uploaded buffer.
/// Those who draw cannot tell the difference.
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
    Shared { resource: ManagedResource<WgpuResource>, _tensor: Box<CubeTensor> },
    Uploaded(wgpu::Buffer),
}

impl std::fmt::Debug for Lease {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { channels, height, width, .. } = self;
        write!(formatter, "Lease({channels}×{height}×{width}, shared: {})", self.is_shared())
    }
}

impl Lease {
    /// Pins a `[channels, height, width]` tensor. Call it on the thread that computed the tensor,
    /// after the work that computes it was queued; no read-back happens on the GPU backend.
    ///
    /// # Errors
    /// If there is no display, or the backend will not give the memory.
    pub fn new(tensor: Tensor<3>, compute: &Compute) -> Result<Self, ComputeError> {
        let [channels, height, width] = tensor.dims();
        let tensor = tensor.detach().without_autodiff();
        let display = display(compute)?;
        let memory = if compute.is_shared { shared(tensor)? } else { uploaded(tensor, &display)? };
        Ok(Self { memory, display, channels, height, width })
    }

    /// Uploads values that never were a tensor.
    ///
    /// # Errors
    /// If there is no display to upload to.
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
        Ok(Self { memory: buffer(values, &display)?, display, channels, height, width })
    }

    /// What to bind as `var<storage, read>`: `channels`·`height`·`width` f32 in row-major order.
    /// Single values may be copied from it. The lease must outlive the submission of the draw.
    pub fn binding(&self) -> wgpu::BindingResource<'_> {
        match &self.memory {
            Memory::Shared { resource, .. } => resource.resource().as_wgpu_bind_resource(),
            Memory::Uploaded(buffer) => buffer.as_entire_binding(),
        }
    }

    /// A copy of the values in row-major order. It waits for the device, so a window asks for it on another
    /// thread than its own.
    ///
    /// # Errors
    /// If the device gave up.
    pub fn read(&self) -> Result<Vec<f32>, ComputeError> {
        let lost = |reason: String| ComputeError::Lease(format!("its device gave up: {reason}"));
        let wgpu::BindingResource::Buffer(wgpu::BufferBinding { buffer, offset, .. }) = self.binding() else {
            return Err(lost("it holds no buffer".to_owned()));
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
        let (sender, receiver) = std::sync::mpsc::channel();
        // Nobody listens any more if the device failed before.
        encoder
            .map_buffer_on_submit(&staging, wgpu::MapMode::Read, .., move |result| drop(sender.send(result)));
        queue.submit([encoder.finish()]);
        loss_flag.poll(wgpu::PollType::wait_indefinitely())?;
        let mapped = receiver.recv().map_err(|error| lost(error.to_string()))?;
        mapped.map_err(|error| lost(error.to_string()))?;
        let bytes = staging.get_mapped_range(..).map_err(|error| lost(error.to_string()))?;
        Ok(bytemuck::pod_collect_to_vec(&bytes))
    }

    /// Whether what draws with this device can bind it. One that was made before a device was lost cannot be
    /// drawn with the next.
    pub fn is_on(&self, device: &wgpu::Device) -> bool {
        self.display.device == *device
    }

    /// Whether the processor draws it, for want of a graphics card.
    pub fn is_drawn_by_software(&self) -> bool {
        self.display.is_software()
    }

    /// Whether the tensor is drawn from the memory that burn computed it in.
    pub fn is_shared(&self) -> bool {
        matches!(self.memory, Memory::Shared { .. })
    }
}

fn shared(tensor: Tensor<3>) -> Result<Memory, ComputeError> {
    // Adding nothing gives a fresh allocation: a slice's offset need not be aligned for binding.
    let tensor = tensor.add_scalar(0.0);
    let lease_error = |reason: String| ComputeError::Lease(reason);
    let tensor =
        tensor.try_into_primitive::<CubeBackend>().map_err(|error| lease_error(format!("{error:?}")))?;
    let tensor = into_contiguous(tensor);
    let resource = tensor
        .client
        .get_resource::<WgpuServer<AutoCompiler>>(tensor.handle.clone())
        .map_err(|error| lease_error(format!("{error:?}")))?;
    tensor.client.flush().map_err(|error| lease_error(format!("{error:?}")))?;
    Ok(Memory::Shared { resource, _tensor: Box::new(tensor) })
}

fn uploaded(tensor: Tensor<3>, display: &DisplayDevice) -> Result<Memory, ComputeError> {
    buffer(&values(tensor)?, display)
}

fn display(compute: &Compute) -> Result<DisplayDevice, ComputeError> {
    let display = compute.display.clone();
    let display = display.ok_or_else(|| ComputeError::Lease("there is no display device".to_owned()))?;
    display.loss().map_or(Ok(display), |loss| Err(loss.into()))
}

fn buffer(values: &[f32], display: &DisplayDevice) -> Result<Memory, ComputeError> {
    let bytes: &[u8] = bytemuck::cast_slice(values);
    let buffer = display.device.create_buffer(&wgpu::BufferDescriptor {
        label: Some("lease"),
        size: bytes.len() as u64,
        usage: wgpu::BufferUsages::STORAGE | wgpu::BufferUsages::COPY_SRC | wgpu::BufferUsages::COPY_DST,
        mapped_at_creation: false,
    });
    display.queue.write_buffer(&buffer, 0, bytes);
    Ok(Memory::Uploaded(buffer))
}
