//! Devices: where to draw, where to compute, and one wgpu device shared by both.
//!
//! The window (or, without one, [`DisplayDevice::request`]) creates the wgpu device and burn imports
//! it. The device is requested with everything the adapter has, because burn chooses its kernels by the features
//! of the adapter, not by those that the device was created with.

use super::{
    device_loss::DeviceLossFlag,
    error::ComputeError,
    launches,
    precision::{SharedPrecision, gpu_tensor},
    throttle,
    wayland::log_libwayland,
};
use crate::config::{DeviceChoice, Precision};
use burn::tensor::Device;
use burn_wgpu::WgpuSetup;
use cubecl_runtime::client::Client;
use serde::Serialize;
use std::sync::{Arc, Mutex, OnceLock};
use tracing::info;

/// One wgpu device with the handles it came from, for drawing and, on the GPU backend, computing.
#[derive(Clone, Debug)]
pub struct DisplayDevice {
    /// wgpu instance that found the adapter.
    pub instance: wgpu::Instance,
    /// GPU or software driver.
    pub adapter: wgpu::Adapter,
    /// Logical device: it creates buffers and pipelines.
    pub device: wgpu::Device,
    /// Queue of the device. Drawing and computing run in the order in which they are submitted to it.
    pub queue: wgpu::Queue,
    /// burn's handle of this device, registered on first use. burn keeps a runtime for every registration, so
    /// there must be only one.
    burn: Arc<OnceLock<Device>>,
    pub(super) precision: SharedPrecision,
    pub(super) loss_flag: DeviceLossFlag,
    /// Device that was opened in place of this one after it was lost.
    pub(super) successor: Arc<Mutex<Option<DisplayDevice>>>,
}

impl DisplayDevice {
    /// Wraps a device that the caller opened, with the features that [`DisplayDevice::descriptor`] requests.
    pub fn new(
        instance: wgpu::Instance,
        adapter: wgpu::Adapter,
        device: wgpu::Device,
        queue: wgpu::Queue,
    ) -> Self {
        let loss_flag = DeviceLossFlag::new(&device, &adapter);
        let found = adapter.get_info();
        let (backend, kind) = (found.backend, found.device_type);
        info!(adapter = found.name, %backend, ?kind, driver = found.driver_info, "graphics device opened");
        let (burn, precision, successor) = (Arc::default(), SharedPrecision::default(), Arc::default());
        Self { instance, adapter, device, queue, burn, precision, loss_flag, successor }
    }

    /// Opens the fastest adapter without a window, a software driver if there is no other.
    ///
    /// # Errors
    /// If there is no adapter, or it gives no device.
    pub fn request() -> Result<Self, ComputeError> {
        Self::open_fastest(instance(), None)
    }

    /// Opens the fastest adapter that can draw into this window.
    ///
    /// # Errors
    /// If there is no such adapter, or it gives no device.
    pub fn request_for(window: impl Into<wgpu::SurfaceTarget<'static>>) -> Result<Self, ComputeError> {
        let instance = instance();
        let surface =
            instance.create_surface(window).map_err(|error| ComputeError::NoAdapter(error.to_string()))?;
        Self::open_fastest(instance, Some(&surface))
    }

    fn open_fastest(
        instance: wgpu::Instance,
        compatible_surface: Option<&wgpu::Surface<'_>>,
    ) -> Result<Self, ComputeError> {
        let options = wgpu::RequestAdapterOptions {
            power_preference: wgpu::PowerPreference::HighPerformance,
            compatible_surface,
            ..Default::default()
        };
        let adapter = pollster::block_on(instance.request_adapter(&options))
            .map_err(|error| ComputeError::NoAdapter(error.to_string()))?;
        let (device, queue) = Self::request_handles(&adapter)?;
        Ok(Self::new(instance, adapter, device, queue))
    }

    /// Requests a device and its queue from this adapter.
    pub(super) fn request_handles(
        adapter: &wgpu::Adapter,
    ) -> Result<(wgpu::Device, wgpu::Queue), ComputeError> {
        let refused = |reason: String| ComputeError::NoDevice { adapter: adapter.get_info().name, reason };
        #[cfg(feature = "spirv")]
        if let Some(handles) = super::spirv::request_handles(adapter).map_err(refused)? {
            return Ok(handles);
        }
        pollster::block_on(adapter.request_device(&Self::descriptor(adapter)))
            .map_err(|error| refused(error.to_string()))
    }

    /// Request for a device that drawing and burn can share: every feature and limit of the adapter, except
    /// experimental features and those that pay only with unified memory.
    pub fn descriptor(adapter: &wgpu::Adapter) -> wgpu::DeviceDescriptor<'static> {
        wgpu::DeviceDescriptor {
            label: Some("monoscope"),
            required_features: adapter.features()
                - wgpu::Features::MAPPABLE_PRIMARY_BUFFERS
                - wgpu::Features::all_experimental_mask(),
            required_limits: adapter.limits(),
            memory_hints: wgpu::MemoryHints::MemoryUsage,
            ..Default::default()
        }
    }

    /// True if this is a software driver, which draws on the CPU.
    pub fn is_software(&self) -> bool {
        self.adapter.get_info().device_type == wgpu::DeviceType::Cpu
    }

    /// Name of the adapter, as its driver reports it.
    pub fn name(&self) -> String {
        self.adapter.get_info().name
    }

    /// burn's handle of this device. All clones share one.
    ///
    /// # Errors
    /// If burn cannot compute on it.
    fn burn_device(&self) -> Result<Device, ComputeError> {
        if let Some(device) = self.burn.get() {
            return Ok(device.clone());
        }
        let setup = WgpuSetup {
            instance: self.instance.clone(),
            adapter: self.adapter.clone(),
            device: self.device.clone(),
            queue: self.queue.clone(),
            backend: self.adapter.get_info().backend,
        };
        let device = Device::wgpu_options()
            .setup(setup)
            .init()
            .map_err(|error| ComputeError::NoBackend { adapter: self.name(), reason: error.to_string() })?;
        self.precision.apply(&device);
        self.loss_flag.register(&device);
        if let Some(client) = client(&device) {
            launches::observe();
            throttle::bound(self.loss_flag.clone(), self.queue.clone(), client);
        }
        Ok(self.burn.get_or_init(|| device).clone())
    }
}

/// A wgpu instance that needs no window.
fn instance() -> wgpu::Instance {
    log_libwayland();
    let mut descriptor = wgpu::InstanceDescriptor::new_without_display_handle();
    descriptor.backends = wgpu::Backends::PRIMARY;
    wgpu::Instance::new(descriptor)
}

/// cubecl's client of a device of the GPU backend; `None` on the CPU backend.
fn client(device: &Device) -> Option<Client> {
    gpu_tensor(device).map(|tensor| tensor.client)
}

/// Backend and device that burn computes with, and the device that results are drawn on.
#[derive(Clone, Debug)]
pub struct Compute {
    /// burn's handle; call `.autodiff()` on it for training.
    pub device: Device,
    /// Device on which tensors are leased for drawing; without one nothing can be shown.
    pub display: Option<DisplayDevice>,
    /// Name for people: "CPU backend", or the adapter's name and the backend.
    pub name: String,
    /// True if tensors are on the display's device, so that they are drawn from the memory they were computed in.
    pub is_shared: bool,
}

impl Compute {
    /// Opens a backend. `Auto` takes the display's device if that is a real GPU that can compute, else the CPU
    /// backend, which is an order of magnitude faster than a software driver.
    ///
    /// # Errors
    /// If the GPU is requested and there is no usable adapter.
    pub fn open(choice: DeviceChoice, display: Option<DisplayDevice>) -> Result<Self, ComputeError> {
        let display = match (choice, display) {
            (DeviceChoice::Cpu, display) => {
                info!("the CPU backend computes, as chosen");
                return Ok(Self::cpu(display));
            }
            (_, Some(display)) => display,
            (DeviceChoice::Gpu, None) => DisplayDevice::request()?,
            (DeviceChoice::Auto, None) => match DisplayDevice::request() {
                Ok(display) => display,
                Err(error) => {
                    info!(%error, "the CPU backend computes: there is no graphics device");
                    return Ok(Self::cpu(None));
                }
            },
        };
        if choice == DeviceChoice::Auto && display.is_software() {
            let adapter = display.name();
            info!(adapter, "the CPU backend computes: the adapter is a software driver");
            return Ok(Self::cpu(Some(display)));
        }
        let device = match display.burn_device() {
            // The reason is also shown by `monoscope info`.
            Err(error) if choice == DeviceChoice::Auto => {
                info!(%error, "the CPU backend computes: the graphics device cannot");
                return Ok(Self::cpu(Some(display)));
            }
            opened => opened?,
        };
        let mut compute = Self { device, display: Some(display), name: String::new(), is_shared: true };
        compute.name = compute.full_name();
        info!(adapter = compute.name, kernels = compute.kernel_language(), "the GPU backend computes");
        #[cfg(feature = "spirv")]
        if let (Some("spirv"), Some(display)) = (compute.kernel_language().as_deref(), &compute.display) {
            super::spirv::check(&display.adapter)?;
        }
        Ok(compute)
    }

    /// Language that burn's kernels and ours are compiled to: "wgsl", "spirv" or "msl"; `None` on the CPU
    /// backend.
    pub fn kernel_language(&self) -> Option<String> {
        // The name of the runtime is like "wgpu<wgsl>".
        let name = client(&self.device)?.name();
        name.split_once('<').map(|(_, language)| language.trim_end_matches('>').to_owned())
    }

    pub(super) fn cpu(display: Option<DisplayDevice>) -> Self {
        let mut compute = Self { device: Device::flex(), display, name: String::new(), is_shared: false };
        compute.name = compute.full_name();
        compute
    }

    /// Rounds the operands of convolutions to `precision` on this device from now on, and on the one that replaces it
    /// if it is lost.
    ///
    /// # Errors
    /// If it cannot multiply in this precision: the CPU backend, or an adapter without wgpu's `SHADER_F16`.
    pub fn with_precision(mut self, precision: Precision) -> Result<Self, ComputeError> {
        match self.gpu() {
            None if precision == Precision::F32 => return Ok(self),
            None => return Err(ComputeError::PrecisionOnCpu(precision)),
            Some(display) if !display.precision.set(&self.device, precision) => {
                return Err(ComputeError::NoF16 { adapter: display.name() });
            }
            Some(_) => {}
        }
        self.name = self.full_name();
        Ok(self)
    }

    /// Precision of the operands of convolutions on this device.
    pub fn precision(&self) -> Precision {
        self.gpu().map_or(Precision::F32, |display| display.precision.get())
    }

    /// The display's device, if it computes too.
    pub(super) fn gpu(&self) -> Option<&DisplayDevice> {
        self.display.as_ref().filter(|_| self.is_shared)
    }

    /// Text of [`Compute::name`].
    fn full_name(&self) -> String {
        let Some(display) = self.gpu() else {
            return "CPU backend".to_owned();
        };
        match self.precision() {
            Precision::F32 => format!("{} (wgpu backend)", display.name()),
            precision => format!("{} (wgpu backend, convolutions of {precision})", display.name()),
        }
    }
}

/// One adapter in the list of `monoscope info`.
#[derive(Clone, Debug, Serialize)]
pub struct AdapterDescription {
    /// Name of the adapter.
    pub name: String,
    /// "discrete", "integrated", "software", ...
    pub kind: String,
    /// Graphics API: "vulkan", "metal", ...
    pub backend: String,
    /// Driver and its version.
    pub driver: String,
    /// Use that `--device auto` makes of it.
    pub role: String,
    /// Features of wgpu that it supports, such as `TIMESTAMP_QUERY`, `SHADER_F16` and `SUBGROUP`.
    pub features: Vec<&'static str>,
    /// Smallest and largest number of threads of a subgroup.
    pub subgroup_threads: [u32; 2],
    /// Longest buffer that can be bound to a kernel, bytes.
    pub longest_binding: u64,
    /// Shared memory of a workgroup, bytes.
    pub workgroup_memory: u32,
}

/// Lists the graphics adapters of this machine.
pub fn adapters() -> Vec<AdapterDescription> {
    let instance = instance();
    pollster::block_on(instance.enumerate_adapters(wgpu::Backends::PRIMARY))
        .into_iter()
        .map(|adapter| {
            let info = adapter.get_info();
            let (kind, role) = match info.device_type {
                wgpu::DeviceType::DiscreteGpu => ("discrete", "draws and trains"),
                wgpu::DeviceType::IntegratedGpu => ("integrated", "draws and trains"),
                wgpu::DeviceType::VirtualGpu => ("virtual", "draws and trains"),
                wgpu::DeviceType::Cpu => ("software", "draws; training runs on the CPU backend"),
                wgpu::DeviceType::Other => ("other", "draws and trains"),
            };
            let limits = adapter.limits();
            AdapterDescription {
                features: adapter.features().iter_names().map(|(name, _)| name).collect(),
                subgroup_threads: [info.subgroup_min_size, info.subgroup_max_size],
                longest_binding: limits.max_storage_buffer_binding_size,
                workgroup_memory: limits.max_compute_workgroup_storage_size,
                name: info.name,
                kind: kind.to_owned(),
                backend: info.backend.to_string(),
                driver: format!("{} {}", info.driver, info.driver_info).trim().to_owned(),
                role: role.to_owned(),
            }
        })
        .collect()
}
