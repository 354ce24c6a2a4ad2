//! The seam where burn meets the window: our shaders draw a tensor from the memory in which burn computed it, on the
//! device that egui draws with, and the pixels are right.

use crate::support::with_adapter;
use burn::tensor::{Tensor, TensorData};
use egui::{Rect, Vec2, pos2};
use egui_kittest::{Harness, wgpu::WgpuTestRenderer};
use egui_wgpu::{RenderState, RendererOptions, WgpuSetup, WgpuSetupExisting};
use glam::Vec3;
use image::RgbaImage;
use monoscope::{
    compute::{Compute, DisplayDevice, Lease, count_kernels},
    config::DeviceChoice,
    geometry::{Intrinsics, colormap::Colormap},
    view::{
        self, CloudLayer, CloudStyle, CloudView, FieldStyle, FieldView, ImageView, Orbit, Range, Sampling,
    },
};
use std::sync::{Arc, OnceLock};

const WIDTH: usize = 24;
const HEIGHT: usize = 8;
const SQUARE: usize = 4;

/// Device that all tests share, as all panes of a window do; burn registers it once.
fn display() -> DisplayDevice {
    static DISPLAY: OnceLock<DisplayDevice> = OnceLock::new();
    DISPLAY.get_or_init(|| with_adapter(DisplayDevice::request())).clone()
}

pub fn render_state(display: &DisplayDevice) -> RenderState {
    let setup = WgpuSetup::Existing(WgpuSetupExisting {
        instance: display.instance.clone(),
        adapter: display.adapter.clone(),
        device: display.device.clone(),
        queue: display.queue.clone(),
    });
    let state = egui_kittest::wgpu::create_render_state(setup, RendererOptions::PREDICTABLE);
    view::install(&state);
    state
}

/// Renders what `draw` draws, at this size, by egui's renderer.
pub fn rendered(width: usize, height: usize, draw: impl Fn(&egui::Painter, Rect) + 'static) -> RgbaImage {
    let size = Vec2::new(width as f32, height as f32);
    let mut harness = Harness::builder()
        .with_size(size)
        .with_pixels_per_point(1.0)
        .renderer(WgpuTestRenderer::from_render_state(render_state(&display())))
        .build_ui(move |ui| draw(ui.painter(), Rect::from_min_size(pos2(0.0, 0.0), size)));
    harness.run_steps(2);
    harness.render().unwrap()
}

/// GPU backend on the shared device, and CPU backend that uploads to that device.
pub fn backends() -> [Compute; 2] {
    let shared = Compute::open(DeviceChoice::Gpu, Some(display())).unwrap();
    let uploading = Compute::open(DeviceChoice::Cpu, Some(display())).unwrap();
    assert!(shared.is_shared && !uploading.is_shared);
    [shared, uploading]
}

fn leased(values: Vec<f32>, shape: [usize; 3], compute: &Compute) -> Arc<Lease> {
    let tensor = Tensor::<3>::from_data(TensorData::new(values, shape), &compute.device);
    // A computation, so that the picture shows a result rather than the upload.
    let lease = Lease::new(tensor.mul_scalar(0.5), compute).unwrap();
    assert_eq!(lease.is_shared(), compute.is_shared);
    Arc::new(lease)
}

fn level(value: f32) -> u8 {
    (value.clamp(0.0, 1.0) * 255.0).round() as u8
}

fn assert_pixels(picture: &RgbaImage, expected: impl Fn(usize, usize) -> [u8; 3], tolerance: u8, what: &str) {
    for (x, y, pixel) in picture.enumerate_pixels() {
        let wanted = expected(x as usize, y as usize);
        for channel in 0..3 {
            let difference = pixel.0[channel].abs_diff(wanted[channel]);
            assert!(difference <= tolerance, "{what}: pixel ({x}, {y}) is {:?}, not {wanted:?}", pixel.0);
        }
    }
}

#[test]
fn a_colour_tensor_is_drawn_where_it_lies() {
    let value = |channel: usize, y: usize, x: usize| {
        [x as f32 / WIDTH as f32, y as f32 / HEIGHT as f32, ((x + y) % 2) as f32][channel]
    };
    let mut doubled = Vec::new();
    for channel in 0..3 {
        for y in 0..HEIGHT {
            for x in 0..WIDTH {
                doubled.push(2.0 * value(channel, y, x));
            }
        }
    }
    for compute in backends() {
        let lease = leased(doubled.clone(), [3, HEIGHT, WIDTH], &compute);
        let view = ImageView::default();
        let picture = rendered(WIDTH * SQUARE, HEIGHT * SQUARE, move |painter, rect| {
            view.draw(painter, rect, &lease, Sampling::whole(true));
        });
        let expected =
            |x: usize, y: usize| [0, 1, 2].map(|channel| level(value(channel, y / SQUARE, x / SQUARE)));
        assert_pixels(&picture, expected, 1, &compute.name);
    }
}

#[test]
fn a_slice_of_a_tensor_is_drawn_where_it_lies() {
    // A slice from the middle of another tensor, at an offset that no device binds.
    let [shared, _] = backends();
    let values: Vec<f32> = (0..3 * 5 * 7).map(|index| index as f32 / 105.0).collect();
    let tensor = Tensor::<3>::from_data(TensorData::new(values, [3, 5, 7]), &shared.device);
    let plane = tensor.slice([1..2, 0..5, 0..7]);
    let lease = Arc::new(Lease::new(plane, &shared).unwrap());
    assert!(lease.is_shared());
    let style = FieldStyle::Measure {
        colormap: Colormap::Grey,
        range: Range::Fixed { low: 0.0, high: 1.0 },
        logarithmic: false,
        sparse: false,
    };
    let view = FieldView::default();
    let picture = rendered(7, 5, move |painter, rect| {
        view.draw(painter, rect, &lease, style.clone(), Sampling::whole(true), None);
    });
    assert_pixels(&picture, |x, y| [level((35 + y * 7 + x) as f32 / 105.0); 3], 1, "slice");
}

/// Buffer and offset that a lease binds.
fn memory_of(lease: &Lease) -> (wgpu::Buffer, u64) {
    match lease.binding() {
        wgpu::BindingResource::Buffer(memory) => (memory.buffer.clone(), memory.offset),
        _ => panic!("a lease binds a buffer"),
    }
}

#[test]
fn a_lease_copies_only_what_no_shader_can_bind() {
    let [shared, uploading] = backends();
    // Planes of 256 values begin at multiples of 1024 bytes, which every device binds.
    let (planes, height, width) = (4, 8, 32);
    let values: Vec<f32> = (0..planes * height * width).map(|index| index as f32).collect();
    let tensor =
        Tensor::<3>::from_data(TensorData::new(values.clone(), [planes, height, width]), &shared.device);
    let lease = |tensor: Tensor<3>| count_kernels(|| Lease::new(tensor, &shared).unwrap());

    let (whole, launches) = lease(tensor.clone());
    assert!(whole.is_shared() && launches == 0, "{launches} launches");
    let (again, _) = lease(tensor.clone());
    assert_eq!(memory_of(&whole), memory_of(&again), "both are the tensor's own memory");
    assert_eq!(again.read().unwrap(), values);

    let (plane, launches) = lease(tensor.clone().narrow(0, 2, 1));
    let (buffer, offset) = memory_of(&whole);
    let bytes = (2 * height * width * size_of::<f32>()) as u64;
    assert!(plane.is_shared() && launches == 0, "{launches} launches");
    assert_eq!(memory_of(&plane), (buffer, offset + bytes), "an aligned slice is a part of that memory");
    assert_eq!(plane.read().unwrap(), values[2 * height * width..3 * height * width]);

    let (transposed, launches) = lease(tensor.clone().swap_dims(1, 2));
    assert!(!transposed.is_shared() && launches > 0, "a copy is called one");
    assert_ne!(memory_of(&transposed), memory_of(&whole));
    assert_eq!(transposed.read().unwrap()[1], values[width]);

    // What is leased stays as it was, whatever is computed from the tensor afterwards.
    let _next = tensor.add_scalar(1.0);
    assert_eq!(whole.read().unwrap(), values);

    let tensor = Tensor::<3>::from_data(TensorData::new(values, [planes, height, width]), &uploading.device);
    assert!(!Lease::new(tensor, &uploading).unwrap().is_shared(), "an upload is a copy");
}

#[test]
fn a_measure_is_coloured_over_a_fixed_range() {
    let value = |x: usize, y: usize| 0.2 + 0.6 * (y * WIDTH + x) as f32 / (WIDTH * HEIGHT) as f32;
    let doubled: Vec<f32> =
        (0..WIDTH * HEIGHT).map(|index| 2.0 * value(index % WIDTH, index / WIDTH)).collect();
    for colormap in Colormap::ALL {
        for compute in backends() {
            let lease = leased(doubled.clone(), [1, HEIGHT, WIDTH], &compute);
            let style = FieldStyle::Measure {
                colormap,
                range: Range::Fixed { low: 0.3, high: 0.7 },
                logarithmic: false,
                sparse: false,
            };
            let view = FieldView::default();
            let picture = rendered(WIDTH, HEIGHT, move |painter, rect| {
                view.draw(painter, rect, &lease, style.clone(), Sampling::whole(false), None);
            });
            let expected = |x, y| colormap.colour((value(x, y) - 0.3) / 0.4);
            assert_pixels(&picture, expected, 3, &format!("{} by {}", colormap.label(), compute.name));
        }
    }
}

#[test]
fn the_device_finds_the_range_of_a_picture() {
    // Two outliers and two values that are not finite must not spoil the range.
    let count = WIDTH * HEIGHT * 16;
    let value = |index: usize| match index {
        100 => 1e6,
        200 => -1e6,
        300 => f32::NAN,
        400 => f32::INFINITY,
        _ => 0.1 + 0.5 * index as f32 / count as f32,
    };
    let doubled: Vec<f32> = (0..count).map(|index| 2.0 * value(index)).collect();
    for compute in backends() {
        let lease = leased(doubled.clone(), [1, HEIGHT * 4, WIDTH * 4], &compute);
        let style = FieldStyle::Measure {
            colormap: Colormap::Grey,
            range: Range::USUAL,
            logarithmic: false,
            sparse: false,
        };
        let view = Arc::new(FieldView::default());
        let (drawn, drawn_style) = (Arc::clone(&view), style.clone());
        let picture = rendered(WIDTH * 4, HEIGHT * 4, move |painter, rect| {
            drawn.draw(painter, rect, &lease, drawn_style.clone(), Sampling::whole(true), None);
        });
        // The statistics arrive with the next poll of the device, which rendering did.
        let (low, high) = view.range(&style).expect("the figures have arrived");
        assert!((low - 0.105).abs() < 0.01, "low {low}");
        assert!((high - 0.595).abs() < 0.01, "high {high}");
        let expected = |x: usize, y: usize| {
            let value = value(y * WIDTH * 4 + x);
            if value.is_finite() { [level((value - low) / (high - low)); 3] } else { [255, 0, 255] }
        };
        assert_pixels(&picture, expected, 2, &compute.name);
    }
}

#[test]
fn categories_keep_their_colours() {
    let colours = vec![[10, 20, 30], [200, 100, 0], [0, 250, 120], [255, 255, 255]];
    let doubled: Vec<f32> = (0..WIDTH * HEIGHT).map(|index| 2.0 * (index % 4) as f32).collect();
    for compute in backends() {
        let lease = leased(doubled.clone(), [1, HEIGHT, WIDTH], &compute);
        let (view, style) = (FieldView::default(), FieldStyle::Category(colours.clone()));
        let picture = rendered(WIDTH * SQUARE, HEIGHT * SQUARE, move |painter, rect| {
            view.draw(painter, rect, &lease, style.clone(), Sampling::whole(false), None);
        });
        let expected = |x: usize, y: usize| colours[(y / SQUARE * WIDTH + x / SQUARE) % 4];
        assert_pixels(&picture, expected, 0, &compute.name);
    }
}

#[test]
fn a_shrunken_picture_shows_means() {
    let [_, uploading] = backends();
    // Columns of black and white, as wide as half a pixel of the screen.
    let values: Vec<f32> = (0..3 * HEIGHT * WIDTH).map(|index| (index % 2) as f32).collect();
    let lease = Arc::new(Lease::upload(&values, [3, HEIGHT, WIDTH], &uploading).unwrap());
    let view = ImageView::default();
    let picture = rendered(WIDTH / 2, HEIGHT / 2, move |painter, rect| {
        view.draw(painter, rect, &lease, Sampling::whole(false));
    });
    assert_pixels(&picture, |_, _| [128; 3], 1, "mean");
}

#[test]
fn of_a_zoomed_picture_the_visible_part_is_drawn() {
    // A quarter of the width and height, whose corner lies in the middle of the array; as large as a pane,
    // because drivers cut what covers it into triangles that must leave no seams.
    const ZOOMED: usize = 48;
    let visible = Rect::from_min_size(pos2(0.5, 0.5), Vec2::splat(0.25));
    let value = |x: f32, y: f32| (x / WIDTH as f32 + y / HEIGHT as f32) / 2.0;
    let (wide, high) = (WIDTH / 4 * ZOOMED, HEIGHT / 4 * ZOOMED);
    let plane = |index: usize| value((index % WIDTH) as f32, (index / WIDTH) as f32);
    let doubled: Vec<f32> = (0..WIDTH * HEIGHT).map(|index| 2.0 * plane(index)).collect();
    for compute in backends() {
        for squares in [true, false] {
            let lease = leased(doubled.clone(), [1, HEIGHT, WIDTH], &compute);
            let colour = leased(doubled.repeat(3), [3, HEIGHT, WIDTH], &compute);
            let style = FieldStyle::Measure {
                colormap: Colormap::Grey,
                range: Range::Fixed { low: 0.0, high: 1.0 },
                logarithmic: false,
                sparse: false,
            };
            let (field, image) = (FieldView::default(), ImageView::default());
            let sampling = Sampling { visible, squares };
            let picture = rendered(wide, 2 * high, move |painter, rect| {
                let [above, below] = <[Rect; 2]>::from(rect.split_top_bottom_at_fraction(0.5));
                field.draw(painter, above, &lease, style.clone(), sampling, None);
                image.draw(painter, below, &colour, sampling);
            });
            let expected = |x: usize, y: usize| {
                let [column, row] = [x, y % high].map(|at| (at as f32 + 0.5) / ZOOMED as f32);
                let (column, row) = (column + WIDTH as f32 / 2.0, row + HEIGHT as f32 / 2.0);
                // With interpolation, a value is at the centre of its square.
                let number =
                    if squares { value(column.floor(), row.floor()) } else { value(column - 0.5, row - 0.5) };
                [level(number); 3]
            };
            assert_pixels(&picture, expected, 1, &format!("{}, squares: {squares}", compute.name));
        }
    }
}

/// Range that is found for values. With `sparse`, zeros do not count.
fn found(values: &[f32], colormap: Colormap, outside: f32, sparse: bool, compute: &Compute) -> (f32, f32) {
    let lease = leased(values.iter().map(|value| 2.0 * value).collect(), [1, 1, values.len()], compute);
    let style =
        FieldStyle::Measure { colormap, range: Range::Automatic { outside }, logarithmic: false, sparse };
    let view = Arc::new(FieldView::default());
    let (drawn, drawn_style) = (Arc::clone(&view), style.clone());
    rendered(8, 8, move |painter, rect| {
        drawn.draw(painter, rect, &lease, drawn_style.clone(), Sampling::whole(true), None);
    });
    view.range(&style).expect("the figures have arrived")
}

#[test]
fn an_automatic_range_leaves_out_the_chosen_share() {
    let count = 2000;
    let ramp = |from: f32, to: f32| -> Vec<f32> {
        (0..count).map(|index| from + (to - from) * index as f32 / (count - 1) as f32).collect()
    };
    let near = |(low, high): (f32, f32), expected: (f32, f32), what: &str| {
        let is_near = (low - expected.0).abs() < 0.01 && (high - expected.1).abs() < 0.01;
        assert!(is_near, "{what}: {low} to {high}, not {expected:?}");
    };
    for compute in backends() {
        for outside in [0.0, 0.01, 0.05, 0.1] {
            let range = found(&ramp(1.0, 2.0), Colormap::Magma, outside, false, &compute);
            near(range, (1.0 + outside, 2.0 - outside), &format!("{outside} at either end"));
        }
        let range = found(&ramp(-0.2, 1.0), Colormap::Diverging, 0.0, false, &compute);
        near(range, (-1.0, 1.0), "zero is the middle of diverging colours");
        let range = found(&[0.0; 64], Colormap::Diverging, 0.0, false, &compute);
        assert!(range.0 < 0.0 && range.1 > 0.0, "so that nothing but zeros is white: {range:?}");
        let mut gaps = ramp(1.0, 2.0);
        gaps.extend(vec![0.0; 10 * count]);
        near(found(&gaps, Colormap::Magma, 0.0, true, &compute), (1.0, 2.0), "sparse");
        near(found(&gaps, Colormap::Magma, 0.0, false, &compute), (0.0, 2.0), "not sparse");
    }
}

#[test]
fn the_value_of_a_pixel_comes_back() {
    let values: Vec<f32> = (0..WIDTH * HEIGHT).map(|index| index as f32).collect();
    for compute in backends() {
        let lease = leased(values.clone(), [1, HEIGHT, WIDTH], &compute);
        let style = FieldStyle::Category(vec![[0; 3], [255; 3]]);
        let view = Arc::new(FieldView::default());
        let drawn = Arc::clone(&view);
        rendered(WIDTH, HEIGHT, move |painter, rect| {
            let pixel = Some([7, 3]);
            drawn.draw(painter, rect, &lease, style.clone(), Sampling::whole(true), pixel);
        });
        assert_eq!(view.value(), Some((3 * WIDTH + 7) as f32 * 0.5), "{}", compute.name);
    }
}

/// A wall of two colours at one depth, before an empty sky.
fn wall(compute: &Compute) -> CloudLayer {
    let (columns, rows) = (48, 16);
    let depth: Vec<f32> =
        (0..rows * columns).map(|index| if index < 6 * columns { 90.0 } else { 6.0 }).collect();
    let mut colour = vec![0.0; 3 * rows * columns];
    for index in 0..rows * columns {
        let channel = if index % columns < columns / 2 { 0 } else { 1 };
        colour[channel * rows * columns + index] = 2.0;
    }
    let depth = leased(depth, [1, rows, columns], compute);
    CloudLayer::image(depth, leased(colour, [3, rows, columns], compute), Intrinsics::KITTI)
}

#[test]
fn a_cloud_seen_from_its_own_camera_is_the_picture() {
    let style =
        CloudStyle { point_width: 1.5, farthest: 8.0, flattest: 2.0, thinning: 1, background: [9, 9, 9] };
    for compute in backends() {
        let cloud = wall(&compute);
        let view = CloudView::default();
        // The viewer's field of view holds the whole wall: it is 29 degrees high and 81 wide.
        let picture = rendered(320, 80, move |painter, rect| {
            view.draw(painter, rect, vec![cloud.clone()], &Orbit::at_the_camera(), style);
        });
        let [left, right, above] = [(100, 45), (220, 45), (160, 10)].map(|(x, y)| picture.get_pixel(x, y).0);
        assert_eq!(left, [255, 0, 0, 255], "{}", compute.name);
        assert_eq!(right, [0, 255, 0, 255], "{}", compute.name);
        assert_eq!(above, [9, 9, 9, 255], "far points are left out: {}", compute.name);
    }
}

#[test]
fn near_points_hide_far_ones() {
    let [shared, _] = backends();
    let (columns, rows) = (16, 16);
    // More than half of the points are near, so the median depth is theirs. They are drawn first.
    let is_near = |index: usize| index % columns < 9;
    let depth = (0..rows * columns).map(|index| if is_near(index) { 2.0 } else { 6.0 }).collect();
    let mut colour = vec![0.0; 3 * rows * columns];
    for index in 0..rows * columns {
        colour[usize::from(!is_near(index)) * rows * columns + index] = 2.0;
    }
    let intrinsics = Intrinsics { focal_x: 1.0, focal_y: 1.0, centre_x: 0.5, centre_y: 0.5 };
    let depth = leased(depth, [1, rows, columns], &shared);
    let cloud = CloudLayer::image(depth, leased(colour, [3, rows, columns], &shared), intrinsics);
    let style =
        CloudStyle { point_width: 2.0, farthest: 100.0, flattest: 0.0, thinning: 1, background: [0, 0, 0] };
    // From the left, the red near half at the left covers part of the green far half at the right.
    let orbit = Orbit { yaw: -0.5, pitch: 0.0, distance: 3.0, centre: Vec3::new(0.0, 0.0, 2.0) };
    let screen = Rect::from_min_size(pos2(0.0, 0.0), Vec2::splat(200.0));
    let at = orbit.project(Vec3::new(-0.3, 0.0, 1.0), screen).expect("in front of the viewer");
    let view = CloudView::default();
    let picture = rendered(200, 200, move |painter, rect| {
        view.draw(painter, rect, vec![cloud.clone()], &orbit, style);
    });
    assert_eq!(picture.get_pixel(at.x as u32, at.y as u32).0, [255, 0, 0, 255]);
    assert!(picture.pixels().any(|pixel| pixel.0 == [0, 255, 0, 255]), "the far half is seen beside it");
}
