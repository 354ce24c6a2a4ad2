//! Source of every shader, concatenated from the files of `shaders/`.

/// Name and complete WGSL source of a shader.
pub type Shader = (&'static str, &'static str);

/// Shader of colour images.
pub(super) const IMAGE: Shader = (
    "image",
    concat!(
        include_str!("../../shaders/screen.wgsl"),
        include_str!("../../shaders/sampling.wgsl"),
        include_str!("../../shaders/image.wgsl")
    ),
);

/// Shader of maps of one number per pixel.
pub(super) const FIELD: Shader = (
    "field",
    concat!(
        include_str!("../../shaders/screen.wgsl"),
        include_str!("../../shaders/sampling.wgsl"),
        include_str!("../../shaders/colours.wgsl"),
        include_str!("../../shaders/field.wgsl")
    ),
);

/// Shader that finds the range of a map.
pub(super) const RANGE: Shader = ("range", include_str!("../../shaders/range.wgsl"));

/// Shader of point clouds.
pub(super) const CLOUD: Shader =
    ("cloud", concat!(include_str!("../../shaders/colours.wgsl"), include_str!("../../shaders/cloud.wgsl")));

/// Shader that copies a finished texture.
pub(super) const COPY: Shader =
    ("copy", concat!(include_str!("../../shaders/screen.wgsl"), include_str!("../../shaders/copy.wgsl")));

/// Every shader of the views.
pub const ALL: [Shader; 5] = [IMAGE, FIELD, RANGE, CLOUD, COPY];
