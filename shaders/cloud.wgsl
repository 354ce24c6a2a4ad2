// A depth map as points in space: each pixel is thrown along its ray by its depth, read from the
// tensor by the instance's number. Lengths are in units of the frame's median depth, because the
// network's own unit is arbitrary and differs between trainings.

struct Scene {
    clip_from_camera: mat4x4f,
    // Focal lengths and principal point, in pixels of the depth map.
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
}

@group(0) @binding(0) var<storage, read> scene: Scene;
@group(0) @binding(1) var<storage, read> depth: array<f32>;
@group(0) @binding(2) var<storage, read> colour: array<f32>;
// Lowest, highest, median depth, from range.wgsl.
@group(0) @binding(3) var<storage, read> range: array<f32>;

struct Point {
    @builtin(position) position: vec4f,
    @location(0) @interpolate(flat) srgb: vec3f,
    // From the point's centre, ±1 on its sides.
    @location(1) offset: vec2f,
}

fn depth_at(column: u32, row: u32) -> f32 {
    return depth[min(row, scene.size.y - 1u) * scene.size.x + min(column, scene.size.x - 1u)];
}

// Whether depth changes too steeply to a neighbour, one pixel away at this focal length.
fn is_edge(here: f32, neighbour: f32, focal_length: f32) -> bool {
    return abs(neighbour - here) * focal_length > scene.steepest * min(here, neighbour);
}

// Draws nothing: all corners of the quad fall on one point outside the view.
fn left_out() -> Point {
    return Point(vec4f(2.0, 2.0, 2.0, 1.0), vec3f(0.0), vec2f(0.0));
}

@vertex
fn project(@builtin(vertex_index) corner: u32, @builtin(instance_index) pixel: u32) -> Point {
    let column = pixel % scene.size.x;
    let row = pixel / scene.size.x;
    let here = depth[pixel];
    let distance = here / max(range[2], 1e-12);
    // Written so that a number that is none fails it.
    let wanted = distance > 0.0 && distance < scene.farthest;
    let edge = is_edge(here, depth_at(column + 1u, row), scene.intrinsics.x)
        || is_edge(here, depth_at(column, row + 1u), scene.intrinsics.y);
    if !wanted || edge {
        return left_out();
    }
    let ray = (vec2f(f32(column), f32(row)) + 0.5 - scene.intrinsics.zw) / scene.intrinsics.xy;
    let centre = scene.clip_from_camera * vec4f(vec3f(ray, 1.0) * distance, 1.0);
    let offset = vec2f(f32(corner & 1u), f32(corner >> 1u)) * 2.0 - 1.0;
    let plane = scene.size.x * scene.size.y;
    let srgb = vec3f(colour[pixel], colour[plane + pixel], colour[2u * plane + pixel]);
    let radius = 0.5 * scene.width * distance / scene.intrinsics.x;
    let reach = max(radius * scene.lens, scene.pixel * centre.w);
    return Point(
        centre + vec4f(offset * reach, 0.0, 0.0),
        clamp(srgb, vec3f(0.0), vec3f(1.0)),
        offset,
    );
}

@fragment
fn paint(point: Point) -> @location(0) vec4f {
    if dot(point.offset, point.offset) > 1.0 {
        discard;
    }
    return vec4f(point.srgb, 1.0);
}
