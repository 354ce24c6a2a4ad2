// Samples a [channels, height, width] array of f32. Appended to screen.wgsl.

struct Grid {
    // Visible part, in shares of width and height: its upper left corner and its extent.
    corner: vec2f,
    extent: vec2f,
    width: u32,
    height: u32,
    // 1: every value is drawn as a square, however large; 0: interpolated.
    squares: u32,
    padding: u32,
}

@group(0) @binding(0) var<storage, read> grid: Grid;
@group(0) @binding(1) var<storage, read> values: array<f32>;

// Most values along an axis that are read for one pixel of the screen; more are skipped evenly.
const MAX_TAPS: f32 = 8.0;

fn value(channel: u32, column: i32, row: i32) -> f32 {
    let x = u32(clamp(column, 0, i32(grid.width) - 1));
    let y = u32(clamp(row, 0, i32(grid.height) - 1));
    return values[(channel * grid.height + y) * grid.width + x];
}

// From a position in the rectangle to the position in the whole array that is visible there.
fn visible_uv(uv: vec2f) -> vec2f {
    return grid.corner + uv * grid.extent;
}

// Number of values under one pixel of the screen, by axis, at a position in the rectangle. Call it in uniform control
// flow. Only interpolated inputs are differentiated: in the helper pixels beyond the edge of a triangle, some drivers
// read buffers as 0.
fn values_per_pixel(uv: vec2f) -> vec2f {
    let size = grid.extent * vec2f(f32(grid.width), f32(grid.height));
    return vec2f(length(vec2f(dpdx(uv.x), dpdy(uv.x))), length(vec2f(dpdx(uv.y), dpdy(uv.y)))) * size;
}

fn nearest(channel: u32, uv: vec2f) -> f32 {
    return value(channel, i32(floor(uv.x * f32(grid.width))), i32(floor(uv.y * f32(grid.height))));
}

// Bilinear interpolation of four neighbours.
fn bilinear(channel: u32, uv: vec2f) -> f32 {
    let position = uv * vec2f(f32(grid.width), f32(grid.height)) - 0.5;
    let corner = vec2i(floor(position));
    let weight = fract(position);
    let upper = mix(value(channel, corner.x, corner.y), value(channel, corner.x + 1, corner.y), weight.x);
    let lower = mix(value(channel, corner.x, corner.y + 1), value(channel, corner.x + 1, corner.y + 1), weight.x);
    return mix(upper, lower, weight.y);
}

// Mean of the values under a pixel, so that a picture drawn smaller does not flicker.
fn mean(channel: u32, uv: vec2f, footprint: vec2f) -> f32 {
    // A rounding error above an integer must not add a tap.
    let taps = vec2i(clamp(ceil(footprint - 0.01), vec2f(1.0), vec2f(MAX_TAPS)));
    let size = vec2f(f32(grid.width), f32(grid.height));
    let first = uv * size - 0.5 * footprint;
    var sum = 0.0;
    for (var y = 0; y < taps.y; y++) {
        for (var x = 0; x < taps.x; x++) {
            let at = floor(first + footprint * (vec2f(f32(x), f32(y)) + 0.5) / vec2f(taps));
            sum += value(channel, i32(at.x), i32(at.y));
        }
    }
    return sum / f32(taps.x * taps.y);
}

// Value farthest from zero under a pixel, so that single values among zeros are not lost.
fn largest(uv: vec2f, footprint: vec2f) -> f32 {
    let taps = vec2i(clamp(ceil(footprint - 0.01), vec2f(1.0), vec2f(MAX_TAPS)));
    let first = uv * vec2f(f32(grid.width), f32(grid.height)) - 0.5 * footprint;
    var found = 0.0;
    for (var y = 0; y < taps.y; y++) {
        for (var x = 0; x < taps.x; x++) {
            let at = floor(first + footprint * (vec2f(f32(x), f32(y)) + 0.5) / vec2f(taps));
            let number = value(0u, i32(at.x), i32(at.y));
            found = select(found, number, abs(number) > abs(found));
        }
    }
    return found;
}

fn sampled(channel: u32, uv: vec2f, footprint: vec2f) -> f32 {
    if grid.squares == 1u {
        return nearest(channel, uv);
    }
    if max(footprint.x, footprint.y) > 1.0 {
        return mean(channel, uv, footprint);
    }
    return bilinear(channel, uv);
}
