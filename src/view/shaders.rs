//! The text of every shader, put together from the files of `shaders/`.

/// A shader's name and its whole source.
pub type Shader = (&'static str, &'static str);

/// Colour pictures.
pub const IMAGE: Shader = (
    "image",
    concat!(
        include_str!("../../shaders/screen.wgsl"),
        include_str!("../../shaders/sampling.wgsl"),
        include_str!("../../shaders/image.wgsl")
    ),
);

/// Measures and categories.
pub const FIELD: Shader = (
    "field",
    concat!(
        include_str!("../../shaders/screen.wgsl"),
        include_str!("../../shaders/sampling.wgsl"),
        include_str!("../../shaders/colours.wgsl"),
        include_str!("../../shaders/field.wgsl")
    ),
);

/// The range of a measure.
pub const RANGE: Shader = ("range", include_str!("../../shaders/range.wgsl"));

/// Point clouds.
pub const CLOUD: Shader =
    ("cloud", concat!(include_str!("../../shaders/colours.wgsl"), include_str!("../../shaders/cloud.wgsl")));

/// A finished texture.
pub const COPY: Shader =
    ("copy", concat!(include_str!("../../shaders/screen.wgsl"), include_str!("../../shaders/copy.wgsl")));

/// Every shader there is.
pub const ALL: [Shader; 5] = [IMAGE, FIELD, RANGE, CLOUD, COPY];
