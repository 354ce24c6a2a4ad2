//! The kinds of numbers that arrays in files are made of.

use half::f16;

/// The most numbers that an array may have that is read at once: 256 MiB of them as f32, and for the time
/// of reading at most 512 MiB of bytes beside.
pub const LARGEST_ARRAY: usize = 1 << 26;

/// A kind of number, little-endian.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Element {
    /// IEEE half precision.
    F16,
    /// Single precision.
    F32,
    /// Double precision.
    F64,
    /// Bytes.
    U8,
    /// Unsigned, two bytes.
    U16,
    /// Signed, four bytes.
    I32,
    /// Signed, eight bytes.
    I64,
}

impl Element {
    /// The kind with NumPy's letter and size, such as `f4`.
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

    /// The kind that a header describes, such as `<f4`.
    ///
    /// # Errors
    /// Another kind, or another order of bytes.
    pub fn described(text: &str) -> Result<Self, String> {
        let name = text.strip_prefix(['<', '|', '=']).unwrap_or(text);
        Self::named(name).ok_or_else(|| {
            let text: String = text.chars().take(20).collect();
            format!("its numbers are '{text}'; f2, f4, f8, u1, u2, i4 and i8 are read, little-endian")
        })
    }

    /// Bytes of one number.
    pub fn size(self) -> usize {
        match self {
            Self::U8 => 1,
            Self::F16 | Self::U16 => 2,
            Self::F32 | Self::I32 => 4,
            Self::F64 | Self::I64 => 8,
        }
    }

    /// Bytes of an array of this shape.
    ///
    /// # Errors
    /// It is larger than any that is read at once.
    pub fn bytes_of(self, shape: &[usize]) -> Result<usize, String> {
        let product = shape.iter().try_fold(1_usize, |product, extent| product.checked_mul(*extent));
        match product {
            Some(count) if count <= LARGEST_ARRAY => Ok(count * self.size()),
            _ => Err(format!("an array of shape {shape:?} is more than is read at once")),
        }
    }

    /// The numbers in bytes; a rest that is no whole number is left out.
    pub fn decode(self, bytes: &[u8]) -> Vec<f32> {
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
