// Draws one number per pixel, coloured by a table: a measure by its position in a range, a category by its index.
// Appended to sampling.wgsl and colours.wgsl.

@group(0) @binding(2) var<storage, read> colours: ColourUniform;
@group(0) @binding(3) var<storage, read> table: array<u32>;
@group(0) @binding(4) var<storage, read> range: array<f32>;

// Colour of a pixel whose number is not known.
const UNKNOWN = vec3f(0.047, 0.051, 0.059);

@fragment
fn measure(cover: Cover) -> @location(0) vec4f {
    let uv = visible_uv(cover.uv);
    let footprint = values_per_pixel(cover.uv);
    var number = nearest(0u, uv);
    if !is_finite(number) {
        return to_framebuffer(NOT_FINITE);
    }
    if colours.category == 1u {
        return to_framebuffer(category_colour(number));
    }
    if colours.sparse == 1u {
        number = largest(uv, footprint);
        if number == 0.0 {
            return to_framebuffer(UNKNOWN);
        }
    } else {
        number = sampled(0u, uv, footprint);
    }
    return to_framebuffer(measure_colour(number));
}
