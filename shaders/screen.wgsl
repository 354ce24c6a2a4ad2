// Covers the callback's rectangle and writes colours as the window's framebuffer wants them.
// Put before every shader that draws into egui's render pass.

// egui prefers a framebuffer that stores what it is given; some windows only offer one that encodes.
override framebuffer_encodes_srgb: bool = false;

struct Cover {
    @builtin(position) position: vec4f,
    // (0, 0) is the rectangle's upper left corner, (1, 1) its lower right one.
    @location(0) place: vec2f,
}

// One triangle that contains the whole rectangle: no diagonal seam.
@vertex
fn cover(@builtin(vertex_index) index: u32) -> Cover {
    let corner = vec2f(f32((index << 1u) & 2u), f32(index & 2u));
    return Cover(vec4f(corner.x * 2.0 - 1.0, 1.0 - corner.y * 2.0, 0.0, 1.0), corner);
}

// An sRGB colour as it must be returned from a fragment shader.
fn to_framebuffer(srgb: vec3f) -> vec4f {
    if !framebuffer_encodes_srgb {
        return vec4f(srgb, 1.0);
    }
    let low = srgb / 12.92;
    let high = pow((srgb + 0.055) / 1.055, vec3f(2.4));
    return vec4f(select(high, low, srgb <= vec3f(0.04045)), 1.0);
}
