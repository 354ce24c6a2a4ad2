//! Element types of arrays in files.

use half::f16;

/// Most elements of an array that is read into memory: 256 MiB as f32, and at most 512 MiB of bytes while it
/// is read.
pub(super) const MAX_ELEMENTS: usize = 1 << 26;

/// Type of the elements of an array.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Element {
    /// Half precision.
    F16,
    /// Single precision.
    F32,
    /// Double precision.
    F64,
    /// Unsigned, one byte; also truth values.
    U8,
    /// Unsigned, two bytes.
    U16,
    /// Unsigned, four bytes.
    U32,
    /// Unsigned, eight bytes.
    U64,
    /// Signed, one byte.
    I8,
    /// Signed, two bytes.
    I16,
    /// Signed, four bytes.
    I32,
    /// Signed, eight bytes.
    I64,
}

/// Order of the bytes of an element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ByteOrder {
    /// The lowest byte first.
    Little,
    /// The highest byte first.
    Big,
}

impl ByteOrder {
    /// Byte order by NumPy's sign; `None` for a letter that is no such sign.
    pub fn named(sign: char) -> Option<Self> {
        match sign {
            // '=' is the order of the machine that wrote the file, which is little-endian on all that are in use.
            '<' | '|' | '=' => Some(Self::Little),
            '>' | '!' => Some(Self::Big),
            _ => None,
        }
    }
}

impl Element {
    /// Element type by NumPy's letter and size, such as `f4`.
    pub fn named(name: &str) -> Option<Self> {
        Some(match name {
            "f2" => Self::F16,
            "f4" => Self::F32,
            "f8" => Self::F64,
            "u1" | "b1" => Self::U8,
            "u2" => Self::U16,
            "u4" => Self::U32,
            "u8" => Self::U64,
            "i1" => Self::I8,
            "i2" => Self::I16,
            "i4" => Self::I32,
            "i8" => Self::I64,
            _ => return None,
        })
    }

    /// Parses the element type in a header, such as `<f4`.
    ///
    /// # Errors
    /// The type is not supported.
    pub fn parse(text: &str) -> Result<(Self, ByteOrder), String> {
        let order = text.chars().next().and_then(ByteOrder::named);
        let name = if order.is_some() { &text[1..] } else { text };
        let element = Self::named(name).ok_or_else(|| {
            let text: String = text.chars().take(20).collect();
            format!(
                "its numbers are '{text}'; floats of 2 to 8 bytes (f2, f4, f8) and whole numbers of 1 to 8 (i1 to i8, \
                 u1 to u8) are read"
            )
        })?;
        Ok((element, order.unwrap_or(ByteOrder::Little)))
    }

    /// Size of one element, bytes.
    pub(super) fn size(self) -> usize {
        match self {
            Self::U8 | Self::I8 => 1,
            Self::F16 | Self::U16 | Self::I16 => 2,
            Self::F32 | Self::U32 | Self::I32 => 4,
            Self::F64 | Self::U64 | Self::I64 => 8,
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
            _ => Err(format!("an array of shape {} is more than is read at once", shape_text(shape))),
        }
    }

    /// Decodes bytes to f32; an incomplete element at the end is ignored.
    pub(super) fn decode(self, order: ByteOrder, bytes: &[u8]) -> Vec<f32> {
        let each = Elements { order, bytes };
        match self {
            Self::F16 => each.map(|bytes| f16::from_le_bytes(bytes).to_f32()),
            Self::F32 => each.map(f32::from_le_bytes),
            Self::F64 => each.map(|bytes| f64::from_le_bytes(bytes) as f32),
            Self::U8 => each.map(|[byte]| f32::from(byte)),
            Self::U16 => each.map(|bytes| f32::from(u16::from_le_bytes(bytes))),
            Self::U32 => each.map(|bytes| u32::from_le_bytes(bytes) as f32),
            Self::U64 => each.map(|bytes| u64::from_le_bytes(bytes) as f32),
            Self::I8 => each.map(|[byte]| f32::from(byte.cast_signed())),
            Self::I16 => each.map(|bytes| f32::from(i16::from_le_bytes(bytes))),
            Self::I32 => each.map(|bytes| i32::from_le_bytes(bytes) as f32),
            Self::I64 => each.map(|bytes| i64::from_le_bytes(bytes) as f32),
        }
    }
}

/// Bytes of elements in one order.
struct Elements<'a> {
    order: ByteOrder,
    bytes: &'a [u8],
}

impl Elements<'_> {
    /// Numbers of `N` bytes each, from their bytes in little-endian order.
    fn map<const N: usize>(self, number: impl Fn([u8; N]) -> f32) -> Vec<f32> {
        let elements = self.bytes.as_chunks::<N>().0.iter().copied();
        match self.order {
            ByteOrder::Little => elements.map(number).collect(),
            ByteOrder::Big => elements
                .map(|mut bytes| {
                    bytes.reverse();
                    number(bytes)
                })
                .collect(),
        }
    }
}

/// A shape in words, cut where it is longer than any array's.
pub(super) fn shape_text(shape: &[usize]) -> String {
    const MOST: usize = 6;
    let text: Vec<String> = shape.iter().take(MOST).map(usize::to_string).collect();
    format!("[{}{}]", text.join(", "), if shape.len() > MOST { ", …" } else { "" })
}
