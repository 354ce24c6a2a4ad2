// A depth map as points in space: each pixel is thrown along its ray by its depth, read from the
// tensor by the vertex's number. Lengths are in units of the median depth of the frame that is looked
// at, because the network's own unit is arbitrary and differs between trainings. Follows colours.wgsl.

struct Scene {
    // Takes points of this depth map's camera, in median depths, to clip space, but for `shift`.
    clip_from_camera: mat4x4f,
    // The place of this camera in clip space, in the unit of the frame that is looked at.
    shift: vec4f,
    // Focal lengths and principal point, in pixels of the depth map. Whole coordinates are pixel
    // centres, as in the objective.
    intrinsics: vec4f,
    // How much a length at distance 1 spans in the viewport, by axis, where the viewport is 2 wide.
    lens: vec2f,
    // Half a pixel of the screen in the same measure: no point is smaller.
    pixel: vec2f,
    size: vec2u,
    // Width of a point; at 1 it covers what its pixel covers.
    width: f32,
    // Points farther than this, in median depths, are left out.
    farthest: f32,
    // Points where depth grows by more than this for each length across the line of sight are left
    // out: at the edge of a thing the network blends its depth with that of what lies behind.
    steepest: f32,
    // What a depth of 1 is in the unit of the frame that is looked at.
    unit: f32,
    // Only every so manieth column and row is drawn, with points as much wider.
    thinning: u32,
    // 1: a colour a pixel; 0: a number a pixel, to be coloured by the table.
    is_film: u32,
    // 1: depth is known at single pixels, so that neighbours say nothing about edges.
    is_sparse: u32,
}

@group(0) @binding(0) var<storage, read> scene: Scene;
@group(0) @binding(1) var<storage, read> depth: array<f32>;
// Three planes of colour, or one of numbers.
@group(0) @binding(2) var<storage, read> values: array<f32>;
// Lowest, highest, median depth of the frame that is looked at, from range.wgsl.
@group(0) @binding(3) var<storage, read> depth_range: array<f32>;
@group(0) @binding(4) var<storage, read> reading: Reading;
@group(0) @binding(5) var<storage, read> table: array<u32>;
@group(0) @binding(6) var<storage, read> range: array<f32>;

// A point of which the number is not known: there, but no more than that.
const UNKNOWN = vec3f(0.2, 0.21, 0.23);

struct Point {
    @builtin(position) position: vec4f,
    @location(0) @interpolate(flat) srgb: vec3f,
    // From the point's centre, ±1 on its sides.
    @location(1) offset: vec2f,
}

fn depth_at(column: u32, row: u32) -> f32 {
    return depth[min(row, scene.size.y - 1u) * scene.size.x + min(column, scene.size.x - 1u)];
}

// Single points with a known number among others without are larger, to be seen between them.
fn emphasis(pixel: u32) -> f32 {
    let is_known_here = reading.sparse == 1u && scene.is_film == 0u && values[pixel] != 0.0;
    return select(1.0, 2.5, is_known_here);
}

// Whether depth changes too steeply to a neighbour, one pixel away at this focal length.
fn is_edge(here: f32, neighbour: f32, focal_length: f32) -> bool {
    return abs(neighbour - here) * focal_length > scene.steepest * min(here, neighbour);
}

fn srgb(pixel: u32) -> vec3f {
    if scene.is_film == 1u {
        let plane = scene.size.x * scene.size.y;
        return clamp(vec3f(values[pixel], values[plane + pixel], values[2u * plane + pixel]), vec3f(0.0), vec3f(1.0));
    }
    let number = values[pixel];
    if reading.category == 1u {
        return category_colour(number);
    }
    if reading.sparse == 1u && number == 0.0 {
        return UNKNOWN;
    }
    return measure_colour(number);
}

// Where every pixel's depth is known, only a grid of sparse points is drawn, so that what lies around
// them is seen as well.
fn is_between(column: u32, row: u32) -> bool {
    let left = depth_at(max(column, 1u) - 1u, row) > 0.0;
    let above = depth_at(column, max(row, 1u) - 1u) > 0.0;
    let right = depth_at(column + 1u, row) > 0.0;
    let below = depth_at(column, row + 1u) > 0.0;
    return left && above && right && below && (column % 4u != 0u || row % 4u != 0u);
}

// Draws nothing: all corners of the quad fall on one point outside the view.
fn left_out() -> Point {
    return Point(vec4f(2.0, 2.0, 2.0, 1.0), vec3f(0.0), vec2f(0.0));
}

@vertex
fn project(@builtin(vertex_index) vertex: u32) -> Point {
    // Two triangles a point. An instance a point would be less to compute, but instances this small are
    // slow everywhere, most of all with a software driver.
    let index = vertex / 6u;
    let corner = vertex % 6u;
    let columns = (scene.size.x + scene.thinning - 1u) / scene.thinning;
    let column = index % columns * scene.thinning;
    let row = index / columns * scene.thinning;
    let pixel = row * scene.size.x + column;
    let here = depth[pixel];
    let median = max(depth_range[2], 1e-12);
    let distance = here * scene.unit / median;
    // Written so that a number that is none fails it.
    let wanted = distance > 0.0 && distance < scene.farthest;
    let edge = is_edge(here, depth_at(column + 1u, row), scene.intrinsics.x)
        || is_edge(here, depth_at(column, row + 1u), scene.intrinsics.y);
    let is_sparse = scene.is_sparse == 1u;
    if !wanted || (edge && !is_sparse) || (is_sparse && is_between(column, row)) {
        return left_out();
    }
    let ray = (vec2f(f32(column), f32(row)) - scene.intrinsics.zw) / scene.intrinsics.xy;
    let centre = scene.clip_from_camera * vec4f(vec3f(ray, 1.0) * distance, 1.0) + scene.shift / median;
    // A bit for each of the six corners: whether it is at the right, whether it is above.
    let offset = vec2f(f32((0x32u >> corner) & 1u), f32((0x2cu >> corner) & 1u)) * 2.0 - 1.0;
    let radius = 0.5 * scene.width * emphasis(pixel) * f32(scene.thinning) * distance / scene.intrinsics.x;
    let reach = max(radius * scene.lens, scene.pixel * centre.w);
    return Point(centre + vec4f(offset * reach, 0.0, 0.0), srgb(pixel), offset);
}

@fragment
fn paint(point: Point) -> @location(0) vec4f {
    if dot(point.offset, point.offset) > 1.0 {
        discard;
    }
    return vec4f(point.srgb, 1.0);
}
