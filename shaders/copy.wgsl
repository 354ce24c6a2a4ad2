// Copies a finished picture into egui's render pass, pixel by pixel. Appended to screen.wgsl.

@group(0) @binding(0) var picture: texture_2d<f32>;

@fragment
fn copy(cover: Cover) -> @location(0) vec4f {
    let size = vec2f(textureDimensions(picture));
    return to_framebuffer(textureLoad(picture, vec2u(min(cover.uv * size, size - 1.0)), 0).rgb);
}
