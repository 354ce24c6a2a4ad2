// Covers the callback's rectangle, and encodes colours for the window's framebuffer. Every shader that draws into egui's
// render pass is appended to this.

// True if the framebuffer encodes linear colours as sRGB. egui prefers one that stores what it is given, but some
// windows offer no other.
override framebuffer_encodes_srgb: bool = false;

struct Cover {
    @builtin(position) position: vec4f,
    // Position in the rectangle: (0, 0) is its upper left corner, (1, 1) its lower right corner.
    @location(0) uv: vec2f,
}

// One triangle that contains the whole rectangle, so there is no diagonal seam.
@vertex
fn cover(@builtin(vertex_index) index: u32) -> Cover {
    let corner = vec2f(f32((index << 1u) & 2u), f32(index & 2u));
    return Cover(vec4f(corner.x * 2.0 - 1.0, 1.0 - corner.y * 2.0, 0.0, 1.0), corner);
}

// Value that a fragment shader must return for an sRGB colour.
fn to_framebuffer(srgb: vec3f) -> vec4f {
    if !framebuffer_encodes_srgb {
        return vec4f(srgb, 1.0);
    }
    let low = srgb / 12.92;
    let high = pow((srgb + 0.055) / 1.055, vec3f(2.4));
    return vec4f(select(high, low, srgb <= vec3f(0.04045)), 1.0);
}
