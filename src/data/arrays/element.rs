//! Element types of arrays in files.

use half::f16;

/// Most elements of an array that is read into memory: 256 MiB as f32, and at most 512 MiB of bytes while it
/// is read.
pub(super) const MAX_ELEMENTS: usize = 1 << 26;

/// Element type, little-endian.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Element {
    /// Half precision.
    F16,
    /// Single precision.
    F32,
    /// Double precision.
    F64,
    /// Unsigned, one byte.
    U8,
    /// Unsigned, two bytes.
    U16,
    /// Signed, four bytes.
    I32,
    /// Signed, eight bytes.
    I64,
}

impl Element {
    /// Element type by NumPy's letter and size, such as `f4`.
    pub fn named(name: &str) -> Option<Self> {
        Some(match name {
            "f2" => Self::F16,
            "f4" => Self::F32,
            "f8" => Self::F64,
            "u1" => Self::U8,
            "u2" => Self::U16,
            "i4" => Self::I32,
            "i8" => Self::I64,
            _ => return None,
        })
    }

    /// Parses the element type in a header, such as `<f4`.
    ///
    /// # Errors
    /// The type or the byte order is not supported.
    pub fn parse(text: &str) -> Result<Self, String> {
        let name = text.strip_prefix(['<', '|', '=']).unwrap_or(text);
        Self::named(name).ok_or_else(|| {
            let text: String = text.chars().take(20).collect();
            format!("its numbers are '{text}'; f2, f4, f8, u1, u2, i4 and i8 are read, little-endian")
        })
    }

    /// Size of one element, bytes.
    pub(super) fn size(self) -> usize {
        match self {
            Self::U8 => 1,
            Self::F16 | Self::U16 => 2,
            Self::F32 | Self::I32 => 4,
            Self::F64 | Self::I64 => 8,
        }
    }

    /// Size of an array of this shape, bytes.
    ///
    /// # Errors
    /// The array has more than [`MAX_ELEMENTS`] elements.
    pub(super) fn bytes_of(self, shape: &[usize]) -> Result<usize, String> {
        let product = shape.iter().try_fold(1_usize, |product, extent| product.checked_mul(*extent));
        match product {
            Some(count) if count <= MAX_ELEMENTS => Ok(count * self.size()),
            _ => Err(format!("an array of shape {shape:?} is more than is read at once")),
        }
    }

    /// Decodes bytes to f32; an incomplete element at the end is ignored.
    pub(super) fn decode(self, bytes: &[u8]) -> Vec<f32> {
        fn each<const N: usize>(bytes: &[u8], number: impl Fn([u8; N]) -> f32) -> Vec<f32> {
            bytes.as_chunks::<N>().0.iter().map(|bytes| number(*bytes)).collect()
        }
        match self {
            Self::F16 => each(bytes, |bytes| f16::from_le_bytes(bytes).to_f32()),
            Self::F32 => each(bytes, f32::from_le_bytes),
            Self::F64 => each(bytes, |bytes| f64::from_le_bytes(bytes) as f32),
            Self::U8 => bytes.iter().map(|byte| f32::from(*byte)).collect(),
            Self::U16 => each(bytes, |bytes| f32::from(u16::from_le_bytes(bytes))),
            Self::I32 => each(bytes, |bytes| i32::from_le_bytes(bytes) as f32),
            Self::I64 => each(bytes, |bytes| i64::from_le_bytes(bytes) as f32),
        }
    }
}
