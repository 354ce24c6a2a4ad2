// Reads a [channels, height, width] array of f32 where it lies. Follows screen.wgsl.

struct Grid {
    // The part that is seen, in shares of width and height: its upper left corner and its extent.
    corner: vec2f,
    extent: vec2f,
    width: u32,
    height: u32,
    // 1: every value is shown as a square, however large; 0: smooth.
    squares: u32,
    padding: u32,
}

@group(0) @binding(0) var<storage, read> grid: Grid;
@group(0) @binding(1) var<storage, read> values: array<f32>;

// More values than this under one pixel are thinned out, which bounds the work.
const MOST_TAPS: f32 = 8.0;

fn value(channel: u32, column: i32, row: i32) -> f32 {
    let x = u32(clamp(column, 0, i32(grid.width) - 1));
    let y = u32(clamp(row, 0, i32(grid.height) - 1));
    return values[(channel * grid.height + y) * grid.width + x];
}

// The place in the whole array that is seen at a place of the rectangle.
fn seen(place: vec2f) -> vec2f {
    return grid.corner + place * grid.extent;
}

// How many values lie under one pixel of the screen, by axis, at a place of the rectangle. Call it in
// uniform control flow. The derivatives are of what came by interpolation alone: beyond the edge of a
// triangle, where neighbours of its last pixels are computed for them, some drivers read buffers as 0.
fn values_per_pixel(place: vec2f) -> vec2f {
    let size = grid.extent * vec2f(f32(grid.width), f32(grid.height));
    return vec2f(length(vec2f(dpdx(place.x), dpdy(place.x))), length(vec2f(dpdx(place.y), dpdy(place.y)))) * size;
}

fn nearest(channel: u32, place: vec2f) -> f32 {
    return value(channel, i32(floor(place.x * f32(grid.width))), i32(floor(place.y * f32(grid.height))));
}

// Four neighbours, weighted by distance.
fn bilinear(channel: u32, place: vec2f) -> f32 {
    let position = place * vec2f(f32(grid.width), f32(grid.height)) - 0.5;
    let corner = vec2i(floor(position));
    let weight = fract(position);
    let upper = mix(value(channel, corner.x, corner.y), value(channel, corner.x + 1, corner.y), weight.x);
    let lower = mix(value(channel, corner.x, corner.y + 1), value(channel, corner.x + 1, corner.y + 1), weight.x);
    return mix(upper, lower, weight.y);
}

// The mean of what lies under the pixel, so that a shrunken picture does not flicker.
fn mean(channel: u32, place: vec2f, footprint: vec2f) -> f32 {
    // A rounding error above a whole number is no reason for one more.
    let taps = vec2i(clamp(ceil(footprint - 0.01), vec2f(1.0), vec2f(MOST_TAPS)));
    let size = vec2f(f32(grid.width), f32(grid.height));
    let first = place * size - 0.5 * footprint;
    var sum = 0.0;
    for (var y = 0; y < taps.y; y++) {
        for (var x = 0; x < taps.x; x++) {
            let at = floor(first + footprint * (vec2f(f32(x), f32(y)) + 0.5) / vec2f(taps));
            sum += value(channel, i32(at.x), i32(at.y));
        }
    }
    return sum / f32(taps.x * taps.y);
}

// The value farthest from zero under the pixel, so that single ones among zeros are not lost.
fn largest(place: vec2f, footprint: vec2f) -> f32 {
    let taps = vec2i(clamp(ceil(footprint - 0.01), vec2f(1.0), vec2f(MOST_TAPS)));
    let first = place * vec2f(f32(grid.width), f32(grid.height)) - 0.5 * footprint;
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

fn sampled(channel: u32, place: vec2f, footprint: vec2f) -> f32 {
    if grid.squares == 1u {
        return nearest(channel, place);
    }
    if max(footprint.x, footprint.y) > 1.0 {
        return mean(channel, place, footprint);
    }
    return bilinear(channel, place);
}
