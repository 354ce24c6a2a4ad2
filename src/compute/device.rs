//! Choosing where to draw and where to compute, and letting both share one wgpu device.
//!
//! The window (or, without one, [`DisplayDevice::request`]) creates the wgpu device and burn imports
//! it. The device is requested with everything the adapter has, because burn decides which kernels
//! to emit from what the adapter offers, not from what the device was given.

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

/// One wgpu device with the handles it came from, for drawing and, on the GPU backend, computing.
#[derive(Clone, Debug)]
pub struct DisplayDevice {
    /// The entry point that found the adapter.
    pub instance: wgpu::Instance,
    /// The graphics card or software driver.
    pub adapter: wgpu::Adapter,
    /// Creates buffers and pipelines.
    pub device: wgpu::Device,
    /// Takes work; its order is the order of drawing and computing.
    pub queue: wgpu::Queue,
    /// burn's handle of this device, once it was asked for: burn keeps a runtime for every registration,
    /// so there must be one only.
    burn: Arc<OnceLock<Device>>,
    pub(super) precision: SharedPrecision,
    pub(super) watch: DeviceLossFlag,
    /// The device that was opened in place of this one once it was lost.
    pub(super) successor: Arc<Mutex<Option<DisplayDevice>>>,
}

impl DisplayDevice {
    /// A device that somebody else opened; see [`DisplayDevice::descriptor`] for what it must have.
    pub fn new(
        instance: wgpu::Instance,
        adapter: wgpu::Adapter,
        device: wgpu::Device,
        queue: wgpu::Queue,
    ) -> Self {
        let watch = DeviceLossFlag::new(&device, &adapter);
        let (burn, precision, successor) = (Arc::default(), SharedPrecision::default(), Arc::default());
        Self { instance, adapter, device, queue, burn, precision, watch, successor }
    }

    /// Opens the fastest adapter without a window; a software driver serves if there is no other.
    pub fn request() -> Result<Self, ComputeError> {
        Self::open_fastest(instance(), None)
    }

    /// Opens the fastest adapter that can draw into this window.
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

    /// A device of this adapter.
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

    /// What to ask an adapter for so that drawing and burn can share the device: every feature and
    /// limit it has, less the experimental ones and those that only unified memory profits from.
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

    /// Whether this is a driver that draws with the processor.
    pub fn is_software(&self) -> bool {
        self.adapter.get_info().device_type == wgpu::DeviceType::Cpu
    }

    /// The adapter's name.
    pub fn name(&self) -> String {
        self.adapter.get_info().name
    }

    /// burn's handle of this device; all clones share one.
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
        self.watch.register(&device);
        if let Some(client) = client(&device) {
            launches::observe();
            throttle::bound(self.watch.clone(), self.queue.clone(), client);
        }
        Ok(self.burn.get_or_init(|| device).clone())
    }
}

/// An entry point to the adapters, without a window.
fn instance() -> wgpu::Instance {
    log_libwayland();
    let mut descriptor = wgpu::InstanceDescriptor::new_without_display_handle();
    descriptor.backends = wgpu::Backends::PRIMARY;
    wgpu::Instance::new(descriptor)
}

/// The way to burn's thread for a device of the GPU backend.
fn client(device: &Device) -> Option<Client> {
    gpu_tensor(device).map(|tensor| tensor.client)
}

/// Where burn computes in this process.
#[derive(Clone, Debug)]
pub struct Compute {
    /// burn's handle; add `.autodiff()` for training.
    pub device: Device,
    /// The device to pin tensors on for drawing; without it nothing can be shown.
    pub display: Option<DisplayDevice>,
    /// What to call it: "CPU backend", or the adapter's name and how it computes.
    pub name: String,
    /// Whether tensors live on the display's device, so that they are drawn where they lie.
    pub is_shared: bool,
}

impl Compute {
    /// Chooses the backend. `Auto` is the display's device if that is a real graphics card that can compute, else
    /// the CPU backend, which is an order of magnitude faster than a software driver.
    ///
    /// # Errors
    /// If the GPU is asked for and there is no usable adapter.
    pub fn open(choice: DeviceChoice, display: Option<DisplayDevice>) -> Result<Self, ComputeError> {
        let display = match (choice, display) {
            (DeviceChoice::Cpu, display) => return Ok(Self::cpu(display)),
            (_, Some(display)) => display,
            (DeviceChoice::Gpu, None) => DisplayDevice::request()?,
            (DeviceChoice::Auto, None) => match DisplayDevice::request() {
                Ok(display) => display,
                Err(_) => return Ok(Self::cpu(None)),
            },
        };
        if choice == DeviceChoice::Auto && display.is_software() {
            return Ok(Self::cpu(Some(display)));
        }
        let device = match display.burn_device() {
            // `monoscope info` says why.
            Err(_) if choice == DeviceChoice::Auto => return Ok(Self::cpu(Some(display))),
            opened => opened?,
        };
        let mut compute = Self { device, display: Some(display), name: String::new(), is_shared: true };
        compute.name = compute.full_name();
        #[cfg(feature = "spirv")]
        if let (Some("spirv"), Some(display)) = (compute.kernel_language().as_deref(), &compute.display) {
            super::spirv::check(&display.adapter)?;
        }
        Ok(compute)
    }

    /// The language that burn's kernels and ours are compiled to: "wgsl", "spirv" or "msl"; `None` on the CPU
    /// backend.
    pub fn kernel_language(&self) -> Option<String> {
        // The runtime is called "wgpu<wgsl>".
        let name = client(&self.device)?.name();
        name.split_once('<').map(|(_, language)| language.trim_end_matches('>').to_owned())
    }

    pub(super) fn cpu(display: Option<DisplayDevice>) -> Self {
        let mut compute = Self { device: Device::flex(), display, name: String::new(), is_shared: false };
        compute.name = compute.full_name();
        compute
    }

    /// Rounds the operands of convolutions to `precision` on this device from now on, also where it is opened again.
    ///
    /// # Errors
    /// If it cannot multiply so: the CPU backend, or an adapter without wgpu's `SHADER_F16`.
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

    /// The precision of convolutions on this device.
    pub fn precision(&self) -> Precision {
        self.gpu().map_or(Precision::F32, |display| display.precision.get())
    }

    /// The display's device if that computes too.
    pub(super) fn gpu(&self) -> Option<&DisplayDevice> {
        self.display.as_ref().filter(|_| self.is_shared)
    }

    /// What [`Compute::name`] says.
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

/// An adapter as `monoscope info` lists it.
#[derive(Clone, Debug, Serialize)]
pub struct AdapterDescription {
    /// Its name.
    pub name: String,
    /// "discrete", "integrated", "software", ...
    pub kind: String,
    /// The graphics interface: "vulkan", "metal", ...
    pub backend: String,
    /// Driver and version.
    pub driver: String,
    /// What `--device auto` does with it.
    pub role: String,
    /// wgpu's features that it has, such as `TIMESTAMP_QUERY`, `SHADER_F16` and `SUBGROUP`.
    pub features: Vec<&'static str>,
    /// The fewest and the most threads of a subgroup.
    pub subgroup_threads: [u32; 2],
    /// The longest buffer that a kernel is given, bytes.
    pub longest_binding: u64,
    /// Memory that the threads of a workgroup share, bytes.
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
