// Draws a colour image: three planes of sRGB values from 0 to 1. Appended to sampling.wgsl.

@fragment
fn colour(cover: Cover) -> @location(0) vec4f {
    let uv = visible_uv(cover.uv);
    let footprint = values_per_pixel(cover.uv);
    let srgb = vec3f(
        sampled(0u, uv, footprint),
        sampled(1u, uv, footprint),
        sampled(2u, uv, footprint),
    );
    return to_framebuffer(clamp(srgb, vec3f(0.0), vec3f(1.0)));
}
