// Draws a depth map as points in space: each pixel is moved along its ray by its depth, which is read from the
// tensor by the index of the vertex. Lengths are in median depths of the first layer, because the network's
// own unit is arbitrary and differs between trainings. Appended to colours.wgsl.

struct SceneUniform {
    // From points of this depth map's camera, in median depths, to clip space, without `shift`.
    clip_from_camera: mat4x4f,
    // Position of this camera in clip space, in the unit of the first layer.
    shift: vec4f,
    // Focal lengths and principal point, in pixels of the depth map. Integer coordinates are pixel centres, as
    // in the objective.
    intrinsics: vec4f,
    // Extent of a unit length at distance 1 in clip space, by axis.
    lens: vec2f,
    // Half a pixel of the screen in clip space, by axis: no point is smaller.
    pixel: vec2f,
    size: vec2u,
    // Width of a point; at 1 it covers the area of its pixel.
    width: f32,
    // Points farther than this, in median depths, are not drawn.
    farthest: f32,
    // Points where depth grows by more than this per unit of length perpendicular to the line of sight are not
    // drawn: at the edge of an object the network blends its depth with that of the background.
    steepest: f32,
    // Depth of 1 in the unit of the first layer.
    unit: f32,
    // Distance between columns and rows that are drawn; points are wider by the same factor.
    thinning: u32,
    // 1: three planes of colour; 0: one plane of numbers, to be coloured by the table.
    is_image: u32,
    // 1: depth is known at single pixels only, so neighbours tell nothing about edges.
    is_sparse: u32,
}

@group(0) @binding(0) var<storage, read> scene: SceneUniform;
@group(0) @binding(1) var<storage, read> depth: array<f32>;
// Three planes of colour, or one of numbers.
@group(0) @binding(2) var<storage, read> values: array<f32>;
// Lowest, highest and median depth of the first layer, from range.wgsl.
@group(0) @binding(3) var<storage, read> depth_range: array<f32>;
@group(0) @binding(4) var<storage, read> colours: ColourUniform;
@group(0) @binding(5) var<storage, read> table: array<u32>;
@group(0) @binding(6) var<storage, read> range: array<f32>;

// Colour of a point whose number is not known.
const UNKNOWN = vec3f(0.2, 0.21, 0.23);

struct Point {
    @builtin(position) position: vec4f,
    @location(0) @interpolate(flat) srgb: vec3f,
    // Offset from the point's centre, ±1 at its sides.
    @location(1) offset: vec2f,
}

fn depth_at(column: u32, row: u32) -> f32 {
    return depth[min(row, scene.size.y - 1u) * scene.size.x + min(column, scene.size.x - 1u)];
}

// Points with a known number are larger where most have none, so that they stand out.
fn emphasis(pixel: u32) -> f32 {
    let is_known_here = colours.sparse == 1u && scene.is_image == 0u && values[pixel] != 0.0;
    return select(1.0, 2.5, is_known_here);
}

// True if depth changes too steeply from a pixel to its neighbour, at this focal length in pixels.
fn is_edge(here: f32, neighbour: f32, focal_length: f32) -> bool {
    return abs(neighbour - here) * focal_length > scene.steepest * min(here, neighbour);
}

fn srgb(pixel: u32) -> vec3f {
    if scene.is_image == 1u {
        let plane = scene.size.x * scene.size.y;
        return clamp(vec3f(values[pixel], values[plane + pixel], values[2u * plane + pixel]), vec3f(0.0), vec3f(1.0));
    }
    let number = values[pixel];
    if colours.category == 1u {
        return category_colour(number);
    }
    if colours.sparse == 1u && number == 0.0 {
        return UNKNOWN;
    }
    return measure_colour(number);
}

// True for a point between those of a coarse grid, where a sparse map is known at all neighbours: there only
// the grid is drawn, so that the other layers remain visible.
fn is_between(column: u32, row: u32) -> bool {
    let left = depth_at(max(column, 1u) - 1u, row) > 0.0;
    let above = depth_at(column, max(row, 1u) - 1u) > 0.0;
    let right = depth_at(column + 1u, row) > 0.0;
    let below = depth_at(column, row + 1u) > 0.0;
    return left && above && right && below && (column % 4u != 0u || row % 4u != 0u);
}

// Corner of a quad that draws nothing: all its corners are at one point outside the view.
fn not_drawn() -> Point {
    return Point(vec4f(2.0, 2.0, 2.0, 1.0), vec3f(0.0), vec2f(0.0));
}

@vertex
fn project(@builtin(vertex_index) vertex: u32) -> Point {
    // Two triangles per point. One instance per point would compute less, but instances this small are slow on
    // every driver, most of all on a software driver.
    let index = vertex / 6u;
    let corner = vertex % 6u;
    let columns = (scene.size.x + scene.thinning - 1u) / scene.thinning;
    let column = index % columns * scene.thinning;
    let row = index / columns * scene.thinning;
    let pixel = row * scene.size.x + column;
    let here = depth[pixel];
    let median = max(depth_range[2], 1e-12);
    let distance = here * scene.unit / median;
    // Written so that NaN fails the test.
    let wanted = distance > 0.0 && distance < scene.farthest;
    let edge = is_edge(here, depth_at(column + 1u, row), scene.intrinsics.x)
        || is_edge(here, depth_at(column, row + 1u), scene.intrinsics.y);
    let is_sparse = scene.is_sparse == 1u;
    if !wanted || (edge && !is_sparse) || (is_sparse && is_between(column, row)) {
        return not_drawn();
    }
    let ray = (vec2f(f32(column), f32(row)) - scene.intrinsics.zw) / scene.intrinsics.xy;
    let centre = scene.clip_from_camera * vec4f(vec3f(ray, 1.0) * distance, 1.0) + scene.shift / median;
    // One bit for each of the six corners: if it is on the right; if it is at the top.
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
