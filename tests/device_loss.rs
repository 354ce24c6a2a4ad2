//! A lost device: nothing waits for it for ever, the loss is reported, and another device replaces it.

use crate::{seam::render_state, support::with_adapter};
use burn::tensor::{Device, Tensor, TensorData};
use egui::{Rect, Vec2, pos2};
use egui_kittest::{Harness, wgpu::WgpuTestRenderer};
use glam::DAffine3;
use image::{Rgba, RgbaImage};
use monoscope::{
    compute::{Compute, ComputeError, DisplayDevice, Lease, Readback, Reopened, value, values},
    config::DeviceChoice,
    geometry::{Intrinsics, colormap::Colormap},
    view::{
        CloudLayer, CloudStyle, CloudView, FieldStyle, FieldView, ImageView, Orbit, Paint, Range, Sampling,
    },
};
use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, mpsc::channel},
    thread,
    time::Duration,
};

/// Time after which a wait counts as endless.
const FOR_EVER: Duration = Duration::from_secs(120);

/// Opens a device that the test may destroy.
fn gpu() -> Compute {
    with_adapter(Compute::open(DeviceChoice::Gpu, None))
}

fn display(compute: &Compute) -> DisplayDevice {
    compute.display.clone().unwrap()
}

fn ramp(device: &Device) -> Tensor<2> {
    let values = (0..64 * 64).map(|index| index as f32 / 4096.0).collect::<Vec<_>>();
    Tensor::from_data(TensorData::new(values, [64, 64]), device)
}

/// Checks the results of several kernels against the CPU backend.
fn assert_computes(compute: &Compute) {
    let computed = |device: &Device| values(ramp(device).matmul(ramp(device)).add_scalar(0.5)).unwrap();
    let expected = computed(&Device::flex());
    for (index, (value, expected)) in computed(&compute.device).iter().zip(&expected).enumerate() {
        assert!((value - expected).abs() < 1e-3, "value {index} is {value}, not {expected}");
    }
}

/// Runs `work` on another thread and checks that it ends.
fn ends<T: Send + 'static>(what: &str, work: impl FnOnce() -> T + Send + 'static) -> T {
    let (sender, receiver) = channel();
    thread::spawn(move || drop(sender.send(work())));
    receiver.recv_timeout(FOR_EVER).unwrap_or_else(|error| panic!("{what}: {error}"))
}

#[test]
fn a_device_lost_in_a_computation_is_reported_and_another_computes_the_same() {
    let compute = gpu();
    assert_computes(&compute);
    assert_eq!(compute.loss(), None);
    let device = compute.device.clone();
    let (sender, begun) = channel();
    let session = thread::spawn(move || {
        let start = ramp(&device);
        let step = || {
            let product = (0..40).fold(start.clone(), |product, _| product.matmul(start.clone()));
            value(product.mean())
        };
        loop {
            let _ = sender.send(());
            match catch_unwind(AssertUnwindSafe(step)) {
                Ok(Ok(_)) => {}
                Ok(Err(error)) => return error.to_string(),
                Err(_) => return "a panic".to_owned(),
            }
        }
    });
    (0..3).for_each(|_| begun.recv().unwrap());
    display(&compute).device.destroy();
    let how = ends("the computation", move || session.join().unwrap());
    let loss = compute.loss().unwrap_or_else(|| panic!("no loss, but {how}"));
    assert_eq!(loss.adapter, display(&compute).name());
    assert!(loss.to_string().contains("--device cpu"), "{loss}");

    let Reopened { compute: reopened, fallback } = compute.reopened();
    assert!(fallback.is_none(), "{fallback:?}");
    assert!(reopened.is_shared);
    assert_eq!(reopened.loss(), None);
    assert_ne!(display(&reopened).device, display(&compute).device);
    assert_computes(&reopened);
}

#[test]
fn the_memory_of_dropped_tensors_is_given_back() {
    let compute = gpu();
    let sum = |size| value(Tensor::<2>::ones([size, size], &compute.device).sum()).unwrap();
    assert_eq!(sum(4096), 4096.0 * 4096.0);
    let held = compute.memory().unwrap();
    compute.release_unused_memory();
    assert_eq!(sum(64), 4096.0);
    let kept = compute.memory().unwrap();
    assert!(kept + 4 * 4096 * 4096 <= held, "{kept} of {held} bytes are kept");
}

#[test]
fn everyone_goes_on_with_the_same_device() {
    let compute = gpu();
    let drawing = display(&compute);
    assert_eq!(drawing.reopened().unwrap().device, drawing.device, "it is not lost");
    drawing.device.destroy();
    let reopened = compute.reopened().compute;
    assert_eq!(drawing.reopened().unwrap().device, display(&reopened).device);

    display(&reopened).device.destroy();
    let again = drawing.reopened().unwrap();
    assert!(!again.is_lost());
    assert_eq!(display(&reopened.reopened().compute).device, again.device);
    assert_computes(&compute.reopened().compute);
}

#[test]
fn what_is_read_when_the_device_is_lost_arrives_or_fails() {
    let compute = gpu();
    let readback = Readback::default();
    let sum = || ramp(&compute.device).matmul(ramp(&compute.device)).sum().reshape([1]);
    let (taken, dropped) = (readback.begin(sum()), readback.begin(sum()));
    display(&compute).device.destroy();
    match ends("a read", move || taken.wait()) {
        Ok(values) => assert_eq!(values.len(), 1),
        Err(error) => assert!(matches!(error, ComputeError::Lost(_)), "{error}"),
    }
    ends("a dropped read", move || drop(dropped));
    let late = sum();
    let late = ends("a late read", move || value(late));
    assert!(matches!(late, Err(ComputeError::Lost(_))), "{late:?}");
}

#[test]
fn a_device_lost_while_idle_is_reported() {
    let compute = gpu();
    let display = display(&compute);
    let tensor = ramp(&compute.device).reshape([1, 64, 64]);
    let lease = Lease::new(tensor.clone(), &compute).unwrap();
    let cpu = Compute::open(DeviceChoice::Cpu, Some(display.clone())).unwrap();
    display.device.destroy();
    for lost in [&compute, &cpu] {
        assert!(lost.loss().is_some());
        let uploaded = Lease::upload(&[0.0; 6], [1, 2, 3], lost);
        assert!(matches!(uploaded, Err(ComputeError::Lost(_))), "{uploaded:?}");
    }
    assert!(matches!(Lease::new(tensor.clone(), &compute), Err(ComputeError::Lost(_))));
    assert!(ends("a lease", move || lease.read()).is_err());
    ends("a tensor", move || drop(tensor));

    let reopened = cpu.reopened();
    assert!(reopened.fallback.is_none() && !reopened.compute.is_shared);
    let values: Vec<f32> = (0..6).map(|value| value as f32).collect();
    let lease = Lease::upload(&values, [1, 2, 3], &reopened.compute).unwrap();
    assert_eq!(lease.read().unwrap(), values);
}

#[test]
fn errors_of_a_lost_device_do_not_panic() {
    let DisplayDevice { device, queue, .. } = display(&gpu());
    device.destroy();
    let descriptor = wgpu::BufferDescriptor {
        label: None,
        size: 16,
        usage: wgpu::BufferUsages::COPY_DST | wgpu::BufferUsages::COPY_SRC,
        mapped_at_creation: false,
    };
    let buffer = device.create_buffer(&descriptor);
    queue.write_buffer(&buffer, 0, &[0; 16]);
    let mut encoder = device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
    encoder.copy_buffer_to_buffer(&buffer, 0, &buffer, 8, 8);
    queue.submit([encoder.finish()]);
}

#[test]
fn the_cpu_backend_takes_over_where_no_adapter_opens() {
    let compute = gpu();
    display(&compute).device.destroy();
    let refused = || Err(ComputeError::NoAdapter("none is there".to_owned()));
    let Reopened { compute: reopened, fallback } = compute.continued_on(refused());
    assert!(fallback.unwrap().to_string().contains("none is there"));
    assert!(!reopened.is_shared && reopened.display.is_none());
    assert_eq!(reopened.loss(), None);
    assert_computes(&reopened);

    let cpu = Compute::open(DeviceChoice::Cpu, compute.display.clone()).unwrap();
    assert!(cpu.continued_on(refused()).fallback.is_none(), "it computed on the CPU before");
}

/// Renders what a window of this device shows.
fn drawn(display: &DisplayDevice, draw: impl Fn(&egui::Painter, Rect) + 'static) -> RgbaImage {
    let size = Vec2::new(16.0, 16.0);
    let mut harness = Harness::builder()
        .with_size(size)
        .with_pixels_per_point(1.0)
        .renderer(WgpuTestRenderer::from_render_state(render_state(display)))
        .build_ui(move |ui| draw(ui.painter(), Rect::from_min_size(pos2(0.0, 0.0), size)));
    harness.run_steps(2);
    harness.render().unwrap()
}

#[test]
fn views_draw_the_leases_of_their_device_and_no_others() {
    let compute = Compute::open(DeviceChoice::Cpu, Some(display(&gpu()))).unwrap();
    let leased = |compute: &Compute, channels: usize| {
        Arc::new(Lease::upload(&vec![1.0; channels * 256], [channels, 16, 16], compute).unwrap())
    };
    let style = FieldStyle::Measure {
        colormap: Colormap::Grey,
        range: Range::Fixed { low: 0.0, high: 1.0 },
        logarithmic: false,
        sparse: false,
    };
    let (image, field, cloud) =
        (Arc::<ImageView>::default(), Arc::<FieldView>::default(), Arc::<CloudView>::default());
    let view = |which: usize, [colour, depth]: [Arc<Lease>; 2]| {
        let (image, field, cloud, style) = (image.clone(), field.clone(), cloud.clone(), style.clone());
        move |painter: &egui::Painter, rect: Rect| match which {
            0 => image.draw(painter, rect, &colour, Sampling::whole(true)),
            1 => field.draw(painter, rect, &depth, style.clone(), Sampling::whole(true), Some([3, 3])),
            _ => {
                let layer = CloudLayer {
                    depth: Arc::clone(&depth),
                    paint: Paint::Image(Arc::clone(&colour)),
                    intrinsics: Intrinsics { focal_x: 0.5, focal_y: 0.5, centre_x: 0.5, centre_y: 0.5 },
                    unit: 1.0,
                    target_from_source: DAffine3::IDENTITY,
                    is_sparse: false,
                };
                let style = CloudStyle {
                    point_width: 2.0,
                    farthest: 100.0,
                    flattest: 0.0,
                    thinning: 1,
                    background: [0, 0, 0],
                };
                cloud.draw(painter, rect, vec![layer], &Orbit::at_the_camera(), style);
            }
        }
    };
    let middle = |picture: &RgbaImage| *picture.get_pixel(8, 8);
    let white = Rgba([255; 4]);
    let old = [leased(&compute, 3), leased(&compute, 1)];
    for which in 0..3 {
        assert_eq!(middle(&drawn(&display(&compute), view(which, old.clone()))), white, "view {which}");
    }
    display(&compute).device.destroy();
    let compute = compute.reopened().compute;
    let new = [leased(&compute, 3), leased(&compute, 1)];
    for which in 0..3 {
        let picture = drawn(&display(&compute), view(which, old.clone()));
        assert_ne!(middle(&picture), white, "view {which} of what is lost");
        assert_eq!(middle(&drawn(&display(&compute), view(which, new.clone()))), white, "view {which}");
    }
}
