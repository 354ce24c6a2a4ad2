// A colour picture: three planes of sRGB values from 0 to 1. Follows sampling.wgsl.

@fragment
fn colour(cover: Cover) -> @location(0) vec4f {
    let place = seen(cover.place);
    let footprint = values_per_pixel(cover.place);
    let srgb = vec3f(
        sampled(0u, place, footprint),
        sampled(1u, place, footprint),
        sampled(2u, place, footprint),
    );
    return to_framebuffer(clamp(srgb, vec3f(0.0), vec3f(1.0)));
}
