// Colours of numbers: by position in a range, or by index. The shader that this is part of binds `colours`,
// `table` (RGBA, one byte each, red in the lowest) and `range` (lowest value, highest value, median: given, or found
// by range.wgsl).

struct ColourUniform {
    // Number of entries of the table.
    entries: u32,
    // 1: the value is an index into the table.
    category: u32,
    // 1: logarithmic scale, on which equal ratios are equally far apart in the table.
    logarithmic: u32,
    // 1: zero means that the value is not known.
    sparse: u32,
}

// Colour of NaN and infinity. No colour map has it, so they are seen at once.
const NOT_FINITE = vec3f(1.0, 0.0, 1.0);

fn entry(index: u32) -> vec3f {
    return unpack4x8unorm(table[min(index, colours.entries - 1u)]).rgb;
}

// Tests the bits, because a shader may assume that all numbers are finite.
fn is_finite(number: f32) -> bool {
    return (bitcast<u32>(number) & 0x7f800000u) != 0x7f800000u;
}

fn share(number: f32) -> f32 {
    if colours.logarithmic == 1u {
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
        return NOT_FINITE;
    }
    let position = clamp(share(number), 0.0, 1.0) * f32(colours.entries - 1u);
    let lower = entry(u32(position));
    let upper = entry(u32(position) + 1u);
    return mix(lower, upper, fract(position));
}
