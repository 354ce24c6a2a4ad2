// One number a pixel, coloured by a table: a measure by where it lies in a range, a category by its
// index. Follows sampling.wgsl and colours.wgsl.

@group(0) @binding(2) var<storage, read> reading: Reading;
@group(0) @binding(3) var<storage, read> table: array<u32>;
@group(0) @binding(4) var<storage, read> range: array<f32>;

const UNKNOWN = vec3f(0.047, 0.051, 0.059);

@fragment
fn measure(cover: Cover) -> @location(0) vec4f {
    let place = seen(cover.place);
    let footprint = values_per_pixel(cover.place);
    var number = nearest(0u, place);
    if !is_finite(number) {
        return to_framebuffer(NOT_A_NUMBER);
    }
    if reading.category == 1u {
        return to_framebuffer(category_colour(number));
    }
    if reading.sparse == 1u {
        number = largest(place, footprint);
        if number == 0.0 {
            return to_framebuffer(UNKNOWN);
        }
    } else {
        number = sampled(0u, place, footprint);
    }
    return to_framebuffer(measure_colour(number));
}
