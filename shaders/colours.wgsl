// How a number becomes a colour: by where it lies in a range, or by its index. Whoever uses it binds
// `reading`, `table` (RGBA, one byte each, red lowest) and `range` (lowest value, highest value, median:
// given, or found by range.wgsl).

struct Reading {
    // Entries of the table.
    entries: u32,
    // 1: the value is an index into the table.
    category: u32,
    // 1: equal ratios, not equal differences, are equally far apart in the table.
    logarithmic: u32,
    // 1: zero means that nothing is known there.
    sparse: u32,
}

// No colour map has it, so that a number that is none is seen at once.
const NOT_A_NUMBER = vec3f(1.0, 0.0, 1.0);

fn entry(index: u32) -> vec3f {
    return unpack4x8unorm(table[min(index, reading.entries - 1u)]).rgb;
}

// Told by its bits, because a shader may assume that there are no such numbers.
fn is_finite(number: f32) -> bool {
    return (bitcast<u32>(number) & 0x7f800000u) != 0x7f800000u;
}

fn share(number: f32) -> f32 {
    if reading.logarithmic == 1u {
        let tiny = 1e-12;
        let low = log(max(range[0], tiny));
        return (log(max(number, tiny)) - low) / max(log(max(range[1], tiny)) - low, tiny);
    }
    return (number - range[0]) / max(range[1] - range[0], 1e-12);
}

fn category_colour(number: f32) -> vec3f {
    return entry(u32(max(number, 0.0) + 0.5));
}

fn measure_colour(number: f32) -> vec3f {
    if !is_finite(number) {
        return NOT_A_NUMBER;
    }
    let position = clamp(share(number), 0.0, 1.0) * f32(reading.entries - 1u);
    let lower = entry(u32(position));
    let upper = entry(u32(position) + 1u);
    return mix(lower, upper, fract(position));
}
