//! Pipelines that all views share, and helpers for the buffers that each view owns.

use super::shaders::{self, Shader};
use crate::compute::DisplayDevice;
use egui_wgpu::{WgpuSetup, WgpuSetupExisting};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use wgpu::util::DeviceExt;

/// Format of the texture that a point cloud is drawn into before it is copied to the window.
pub(super) const CLOUD_COLOUR: wgpu::TextureFormat = wgpu::TextureFormat::Rgba8Unorm;

/// Format of the point cloud's depth buffer.
pub(super) const CLOUD_DEPTH: wgpu::TextureFormat = wgpu::TextureFormat::Depth32Float;

/// Pipelines of all views, stored in egui's renderer.
pub(super) struct Pipelines {
    pub image: wgpu::RenderPipeline,
    pub field: wgpu::RenderPipeline,
    pub copy: wgpu::RenderPipeline,
    pub cloud: wgpu::RenderPipeline,
    pub range: wgpu::ComputePipeline,
}

/// Setup of an egui renderer that draws with a device that is already open.
pub fn setup_of(display: &DisplayDevice) -> WgpuSetup {
    let DisplayDevice { instance, adapter, device, queue, .. } = display.clone();
    WgpuSetup::Existing(WgpuSetupExisting { instance, adapter, device, queue })
}

/// Compiles the shaders for this renderer. Call this once, before anything is drawn.
pub fn install(render_state: &egui_wgpu::RenderState) {
    let pipelines = Pipelines::new(&render_state.device, render_state.target_format);
    render_state.renderer.write().callback_resources.insert(pipelines);
}

impl Pipelines {
    fn new(device: &wgpu::Device, target: wgpu::TextureFormat) -> Self {
        Self {
            image: covering(device, shaders::IMAGE, "colour", target),
            field: covering(device, shaders::FIELD, "measure", target),
            copy: covering(device, shaders::COPY, "copy", target),
            cloud: cloud(device),
            range: device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
                label: Some("range"),
                layout: None,
                module: &module(device, shaders::RANGE),
                entry_point: Some("find"),
                compilation_options: wgpu::PipelineCompilationOptions::default(),
                cache: None,
            }),
        }
    }

    /// Pipelines that [`install`] has stored in the renderer.
    ///
    /// # Panics
    /// If it was not called.
    pub fn of(resources: &egui_wgpu::CallbackResources) -> &Self {
        resources.get().expect("view::install is called when the window is made")
    }
}

fn module(device: &wgpu::Device, (name, source): Shader) -> wgpu::ShaderModule {
    device.create_shader_module(wgpu::ShaderModuleDescriptor {
        label: Some(name),
        source: wgpu::ShaderSource::Wgsl(source.into()),
    })
}

/// Pipeline that covers the callback's rectangle with a fragment shader.
fn covering(
    device: &wgpu::Device,
    shader: Shader,
    fragment: &str,
    target: wgpu::TextureFormat,
) -> wgpu::RenderPipeline {
    let module = module(device, shader);
    let constants = [("framebuffer_encodes_srgb", f64::from(u8::from(target.is_srgb())))];
    let compilation_options =
        wgpu::PipelineCompilationOptions { constants: &constants, ..Default::default() };
    device.create_render_pipeline(&wgpu::RenderPipelineDescriptor {
        label: Some(shader.0),
        layout: None,
        vertex: wgpu::VertexState {
            module: &module,
            entry_point: Some("cover"),
            compilation_options: compilation_options.clone(),
            buffers: &[],
        },
        primitive: wgpu::PrimitiveState::default(),
        depth_stencil: None,
        multisample: wgpu::MultisampleState::default(),
        fragment: Some(wgpu::FragmentState {
            module: &module,
            entry_point: Some(fragment),
            compilation_options,
            targets: &[Some(target.into())],
        }),
        multiview_mask: None,
        cache: None,
    })
}

fn cloud(device: &wgpu::Device) -> wgpu::RenderPipeline {
    let module = module(device, shaders::CLOUD);
    device.create_render_pipeline(&wgpu::RenderPipelineDescriptor {
        label: Some("cloud"),
        layout: None,
        vertex: wgpu::VertexState {
            module: &module,
            entry_point: Some("project"),
            compilation_options: wgpu::PipelineCompilationOptions::default(),
            buffers: &[],
        },
        primitive: wgpu::PrimitiveState::default(),
        depth_stencil: Some(wgpu::DepthStencilState {
            format: CLOUD_DEPTH,
            depth_write_enabled: Some(true),
            depth_compare: Some(wgpu::CompareFunction::Less),
            stencil: wgpu::StencilState::default(),
            bias: wgpu::DepthBiasState::default(),
        }),
        multisample: wgpu::MultisampleState::default(),
        fragment: Some(wgpu::FragmentState {
            module: &module,
            entry_point: Some("paint"),
            compilation_options: wgpu::PipelineCompilationOptions::default(),
            targets: &[Some(CLOUD_COLOUR.into())],
        }),
        multiview_mask: None,
        cache: None,
    })
}

/// Resources of a view on the device, kept from frame to frame; empty until the view is first drawn. Clones share them:
/// egui's renderer holds one for the callback that it runs later in the same frame.
pub(super) struct DeviceCache<T>(Arc<CacheState<T>>);

struct CacheState<T> {
    device: Mutex<Option<wgpu::Device>>,
    content: Mutex<Option<T>>,
}

impl<T> Default for DeviceCache<T> {
    fn default() -> Self {
        Self(Arc::new(CacheState { device: Mutex::default(), content: Mutex::default() }))
    }
}

impl<T> Clone for DeviceCache<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> DeviceCache<T> {
    /// Locks the content. View and callback run on the window's thread, so this never waits.
    pub fn lock(&self) -> MutexGuard<'_, Option<T>> {
        self.0.content.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Content on this device. Content on another device, which is lost, is dropped, and `reset` is called.
    pub fn on(&self, device: &wgpu::Device, reset: impl FnOnce()) -> MutexGuard<'_, Option<T>> {
        let mut content = self.lock();
        let known = self.0.device.lock().unwrap_or_else(PoisonError::into_inner).replace(device.clone());
        if known.is_some_and(|known| known != *device) {
            *content = None;
            reset();
        }
        content
    }
}

/// Parameters of a shader, with their copy on the device.
///
/// They are bound as read-only storage rather than as uniforms: if a uniform decides a branch or a loop, Mesa's
/// software driver compiles the shader again for every draw, and keeps all compiled versions.
pub(super) struct Parameters<T> {
    value: T,
    buffer: wgpu::Buffer,
}

impl<T: bytemuck::Pod + PartialEq> Parameters<T> {
    pub fn new(device: &wgpu::Device, label: &str, value: T) -> Self {
        let usage = wgpu::BufferUsages::STORAGE | wgpu::BufferUsages::COPY_DST;
        Self { value, buffer: buffer(device, label, bytemuck::bytes_of(&value), usage) }
    }

    /// Changes the parameters, if they differ, for everything that is submitted from now on.
    pub fn set(&mut self, queue: &wgpu::Queue, value: T) {
        if self.value != value {
            queue.write_buffer(&self.buffer, 0, bytemuck::bytes_of(&value));
            self.value = value;
        }
    }

    pub fn value(&self) -> &T {
        &self.value
    }

    pub fn binding(&self) -> wgpu::BindingResource<'_> {
        self.buffer.as_entire_binding()
    }
}

/// Buffer with these initial contents.
pub(super) fn buffer(
    device: &wgpu::Device,
    label: &str,
    contents: &[u8],
    usage: wgpu::BufferUsages,
) -> wgpu::Buffer {
    device.create_buffer_init(&wgpu::util::BufferInitDescriptor { label: Some(label), contents, usage })
}

/// Bind group of these resources, at bindings 0, 1, 2, ...
pub(super) fn bind<const N: usize>(
    device: &wgpu::Device,
    layout: &wgpu::BindGroupLayout,
    resources: [wgpu::BindingResource<'_>; N],
) -> wgpu::BindGroup {
    let mut binding = 0;
    let entries = resources.map(|resource| {
        binding += 1;
        wgpu::BindGroupEntry { binding: binding - 1, resource }
    });
    device.create_bind_group(&wgpu::BindGroupDescriptor { label: None, layout, entries: &entries })
}

/// Draws a pipeline that covers the callback's rectangle.
pub(super) fn cover(
    pass: &mut wgpu::RenderPass<'static>,
    pipeline: &wgpu::RenderPipeline,
    group: &wgpu::BindGroup,
) {
    pass.set_pipeline(pipeline);
    pass.set_bind_group(0, group, &[]);
    pass.draw(0..3, 0..1);
}
