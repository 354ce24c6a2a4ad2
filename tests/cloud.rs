//! The point cloud on the screen: where a pixel's point lies, what colours it, what is left out.

use crate::seam::{backends, rendered};
use egui::{Pos2, Rect, Vec2, pos2};
use glam::{DAffine3, DVec3, Vec3};
use image::RgbaImage;
use monoscope::{
    compute::{Compute, Lease},
    geometry::{Intrinsics, colormap::Colormap},
    view::{CloudLayer, CloudStyle, CloudView, FieldStyle, Orbit, Paint, Range},
};
use std::sync::Arc;

const SIDE: usize = 8;
const SCREEN: usize = 240;
const CAMERA: Intrinsics = Intrinsics { focal_x: 1.0, focal_y: 1.0, centre_x: 0.5, centre_y: 0.5 };
const STYLE: CloudStyle =
    CloudStyle { point_width: 0.5, farthest: 100.0, flattest: 0.0, thinning: 1, background: [0, 0, 0] };
const WHITE: [u8; 3] = [255, 255, 255];

fn compute() -> Compute {
    let [_, uploading] = backends();
    uploading
}

fn lease(values: &[f32], compute: &Compute) -> Arc<Lease> {
    Arc::new(Lease::upload(values, [values.len() / SIDE / SIDE, SIDE, SIDE], compute).unwrap())
}

fn layer(depths: &[f32], paint: impl Fn(Arc<Lease>) -> Paint, compute: &Compute) -> CloudLayer {
    let depth = lease(depths, compute);
    CloudLayer {
        paint: paint(Arc::clone(&depth)),
        depth,
        intrinsics: CAMERA,
        unit: 1.0,
        target_from_source: DAffine3::IDENTITY,
        is_sparse: false,
    }
}

fn plain(colour: [u8; 3]) -> impl Fn(Arc<Lease>) -> Paint {
    move |depth| Paint::Field(depth, FieldStyle::Category(vec![colour]))
}

fn drawn(layers: Vec<CloudLayer>, orbit: Orbit, style: CloudStyle) -> RgbaImage {
    let view = CloudView::default();
    rendered(SCREEN, SCREEN, move |painter, rect| view.draw(painter, rect, layers.clone(), &orbit, style))
}

/// The middle of all pixels of a colour and their number.
fn middle(picture: &RgbaImage, colour: [u8; 3]) -> (Pos2, usize) {
    let found: Vec<Vec2> = picture
        .enumerate_pixels()
        .filter(|(.., pixel)| pixel.0[..3] == colour)
        .map(|(x, y, _)| Vec2::new(x as f32 + 0.5, y as f32 + 0.5))
        .collect();
    let sum = found.iter().fold(Vec2::ZERO, |sum, at| sum + *at);
    ((sum / found.len().max(1) as f32).to_pos2(), found.len())
}

/// Where the geometry's own back-projection puts a pixel's point, in median depths.
fn expected(orbit: Orbit, column: usize, row: usize, distance: f32) -> Pos2 {
    let screen = Rect::from_min_size(pos2(0.0, 0.0), Vec2::splat(SCREEN as f32));
    let point = CAMERA.ray(column, row, SIDE, SIDE) * distance;
    orbit.project(point, screen).expect("in front of the viewer")
}

fn wall() -> Vec<f32> {
    vec![2.0; SIDE * SIDE]
}

/// A narrow field of view that shows the middle of the picture, where points lie far from one another.
fn near() -> Orbit {
    Orbit { yaw: 0.2, pitch: 0.1, distance: 0.9, centre: Vec3::Z }
}

#[test]
fn a_pixels_point_lies_where_the_geometry_puts_it() {
    let compute = compute();
    let (column, row) = (5, 3);
    let mut marked = vec![0.0; SIDE * SIDE];
    marked[row * SIDE + column] = 1.0;
    let paint = |_| Paint::Field(lease(&marked, &compute), FieldStyle::Category(vec![[0, 0, 9], WHITE]));
    let picture = drawn(vec![layer(&wall(), paint, &compute)], near(), STYLE);
    let (found, count) = middle(&picture, WHITE);
    let expected = expected(near(), column, row, 1.0);
    assert!(count > 20, "{count} pixels");
    assert!(found.distance(expected) < 1.0, "{found:?} is not {expected:?}; a pixel is 30 wide");
}

#[test]
fn sparse_depth_is_laid_over_in_its_own_colour_and_unit() {
    let compute = compute();
    let mut metres = vec![0.0; SIDE * SIDE];
    // 5 metres in a unit: just before the wall, at 1.9 units.
    metres[4 * SIDE + 4] = 9.5;
    let green = [0, 255, 0];
    let overlay = CloudLayer { unit: 0.2, is_sparse: true, ..layer(&metres, plain(green), &compute) };
    let wall = layer(&wall(), plain(WHITE), &compute);
    let picture = drawn(vec![wall.clone(), overlay.clone()], near(), CloudStyle { flattest: 2.0, ..STYLE });
    let (found, count) = middle(&picture, green);
    assert!(count > 20, "pixels without depth are no points, and none is an edge: {count}");
    assert!(found.distance(expected(near(), 4, 4, 0.95)) < 1.0, "{found:?}");

    let dense = CloudLayer { depth: lease(&vec![9.5; SIDE * SIDE], &compute), ..overlay };
    let (_, whole) = middle(&drawn(vec![wall.clone()], near(), STYLE), WHITE);
    let (_, left) = middle(&drawn(vec![wall, dense], near(), STYLE), WHITE);
    assert!(left * 2 > whole, "what is known everywhere is a grid: {left} of {whole} are seen");
}

#[test]
fn a_neighbours_points_lie_where_its_pose_puts_them() {
    let compute = compute();
    // 0.3 of the network's units to the right: half as many median depths.
    let target_from_source = DAffine3::from_translation(DVec3::new(0.3, 0.0, -0.2));
    let mut depths = vec![0.0; SIDE * SIDE];
    depths[4 * SIDE + 4] = 2.0;
    let red = [255, 0, 0];
    let neighbour =
        CloudLayer { target_from_source, is_sparse: true, ..layer(&depths, plain(red), &compute) };
    let picture = drawn(vec![layer(&wall(), plain([0, 0, 9]), &compute), neighbour], near(), STYLE);
    let point = CAMERA.ray(4, 4, SIDE, SIDE) + Vec3::new(0.15, 0.0, -0.1);
    let screen = Rect::from_min_size(pos2(0.0, 0.0), Vec2::splat(SCREEN as f32));
    let expected = near().project(point, screen).unwrap();
    let (found, count) = middle(&picture, red);
    assert!(
        count > 20 && found.distance(expected) < 1.0,
        "{count} pixels around {found:?}, not {expected:?}"
    );
}

#[test]
fn points_take_the_colours_of_a_measure_and_what_is_unknown_stays_grey() {
    let compute = compute();
    let values: Vec<f32> = (0..SIDE * SIDE).map(|index| [0.0, 0.5, 1.0][index % SIDE % 3]).collect();
    let range = Range::Fixed { low: 0.25, high: 1.0 };
    let field = FieldStyle::Measure { colormap: Colormap::Viridis, range, logarithmic: false, sparse: true };
    let paint = |_| Paint::Field(lease(&values, &compute), field.clone());
    let style = CloudStyle { point_width: 0.3, ..STYLE };
    let picture = drawn(vec![layer(&wall(), paint, &compute)], near(), style);
    let colour_at = |column: usize| {
        let at = expected(near(), column, 4, 1.0);
        let [red, green, blue, _] = picture.get_pixel(at.x as u32, at.y as u32).0;
        [red, green, blue]
    };
    for (column, wanted) in
        [(3, [51, 54, 59]), (4, Colormap::Viridis.colour(1.0 / 3.0)), (5, Colormap::Viridis.colour(1.0))]
    {
        let found = colour_at(column);
        let is_near = found.iter().zip(wanted).all(|(found, wanted)| found.abs_diff(wanted) <= 2);
        assert!(is_near, "column {column} is {found:?}, not {wanted:?}");
    }
}

#[test]
fn points_before_a_step_in_depth_fly_and_are_left_out() {
    let compute = compute();
    // A step of a tenth between the columns 3 and 4: at a focal length of 8 pixels as flat as 51 degrees.
    let depths: Vec<f32> = (0..SIDE * SIDE).map(|index| if index % SIDE < 4 { 2.0 } else { 2.2 }).collect();
    let count = |flattest: f32| {
        let style = CloudStyle { flattest, ..STYLE };
        middle(&drawn(vec![layer(&depths, plain(WHITE), &compute)], Orbit::at_the_camera(), style), WHITE).1
    };
    let (all, mild, strict) = (count(0.0), count(45.0), count(57.0));
    assert_eq!(all, mild);
    let share = strict as f32 / all as f32;
    assert!((0.8..0.92).contains(&share), "one column of eight is left out: {share}");
}

#[test]
fn what_is_thinned_out_keeps_its_place() {
    let compute = compute();
    let whole = drawn(vec![layer(&wall(), plain(WHITE), &compute)], Orbit::at_the_camera(), STYLE);
    let style = CloudStyle { thinning: 2, ..STYLE };
    let thinned = drawn(vec![layer(&wall(), plain(WHITE), &compute)], Orbit::at_the_camera(), style);
    let ((_, all), (_, some)) = (middle(&whole, WHITE), middle(&thinned, WHITE));
    let ratio = some as f32 / all as f32;
    assert!((0.8..1.25).contains(&ratio), "a quarter of the points, four times as large: {ratio}");
    let at = expected(Orbit::at_the_camera(), 4, 4, 1.0);
    assert_eq!(thinned.get_pixel(at.x as u32, at.y as u32).0[..3], WHITE);
}

#[test]
fn the_viewer_flies_and_looks_around_from_where_it_stands() {
    let mut orbit = Orbit::default();
    let eye = orbit.eye();
    orbit.look(glam::Vec2::new(40.0, -10.0));
    assert!(orbit.eye().distance(eye) < 1e-5, "turning the head moves nobody");
    assert!(orbit != Orbit::default());
    let mut orbit = Orbit::at_the_camera();
    orbit.go(Vec3::new(0.5, 0.0, 2.0));
    assert!(orbit.eye().distance(Vec3::new(0.5, 0.0, 2.0)) < 1e-5, "{:?}", orbit.eye());
}

#[test]
fn a_lease_gives_its_values_back() {
    for compute in backends() {
        let values: Vec<f32> = (0..SIDE * SIDE).map(|index| index as f32 * 0.5).collect();
        assert_eq!(lease(&values, &compute).read().unwrap(), values);
        let shape = [1, SIDE, SIDE];
        let data = burn::tensor::TensorData::new(values.clone(), shape);
        let tensor = burn::tensor::Tensor::<3>::from_data(data, &compute.device);
        let doubled: Vec<f32> = values.iter().map(|value| 2.0 * value).collect();
        assert_eq!(Lease::new(tensor * 2.0, &compute).unwrap().read().unwrap(), doubled, "{}", compute.name);
    }
}
