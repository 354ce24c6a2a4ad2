//! Headers of pictures: size, orientation, format and depth of levels, without decoding.

use super::{
    file::{not_opened, unreadable},
    jpeg_header,
    kind::{PictureKind, decoder},
    limits,
    orientation::{of_png, turned_size},
    pages,
    tiff::entries_fit,
    webp::frames_fit,
    words::{check_levels, in_words},
};
use crate::{
    config::ImageSize,
    data::{DataError, RemarkKind, foreign_content::START, regular_file::open_regular},
    panics::guard,
};
use image::{ColorType, metadata::Orientation};
use std::{
    io::{BufRead, BufReader, Read, Seek},
    path::Path,
};

/// Header of a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PictureHeader {
    /// Size as the picture is shown: after turning.
    pub size: ImageSize,
    /// Orientation in which the stored pixels are shown.
    pub orientation: Orientation,
    /// Format by the content, whatever the ending of the file.
    pub kind: PictureKind,
    /// Bits of a level: 16 for depth maps, thermal cameras and the like, else at most 8.
    pub bits: u8,
    /// True if there are no colours.
    pub is_grey: bool,
    /// True if the file has more pictures, which are not read.
    pub has_more: bool,
}

impl PictureHeader {
    /// Reads the header of a picture's file.
    ///
    /// # Errors
    /// The file does not exist, is not that of a picture, or states more pixels than may be decoded.
    pub fn read(path: &Path) -> Result<Self, DataError> {
        let (file, length) = open_regular(path).map_err(|error| not_opened(path, &error))?;
        Self::of(BufReader::new(file), length).map_err(|reason| unreadable(path, reason))
    }

    /// Reads a header from the start of a file of this length.
    ///
    /// # Errors
    /// As [`Self::read`], with a reason.
    pub(super) fn of(mut reader: impl BufRead + Seek, file_bytes: u64) -> Result<Self, String> {
        let mut start = Vec::with_capacity(START);
        let started = reader.by_ref().take(START as u64).read_to_end(&mut start);
        started.and_then(|_| reader.rewind()).map_err(|error| error.to_string())?;
        match PictureKind::of(&start)? {
            PictureKind::Jpeg => Self::of_jpeg(reader, file_bytes),
            kind => guard(|| Self::of_other(reader, kind, file_bytes))?,
        }
    }

    fn of_jpeg(reader: impl BufRead + Seek, file_bytes: u64) -> Result<Self, String> {
        let header = jpeg_header::read(reader)?;
        let kind = PictureKind::Jpeg;
        limits::check(header.stored_size, header.bytes_per_pixel(), file_bytes, kind.is_lossy())?;
        Ok(Self {
            size: turned_size(header.stored_size, header.orientation),
            orientation: header.orientation,
            kind,
            bits: header.bits,
            is_grey: header.components == 1,
            has_more: false,
        })
    }

    fn of_other(mut reader: impl BufRead + Seek, kind: PictureKind, file_bytes: u64) -> Result<Self, String> {
        if kind == PictureKind::Tiff && !entries_fit(&mut reader, file_bytes) {
            return Err("its directory states more than the file can hold".to_owned());
        }
        reader.rewind().map_err(|error| error.to_string())?;
        let mut decoder = decoder(&mut reader, kind, file_bytes).map_err(|error| in_words(&error, kind))?;
        let (width, height) = decoder.dimensions();
        let (colours, stored) = (decoder.color_type(), decoder.original_color_type());
        check_levels(colours, kind)?;
        let stored_size = ImageSize { height: height as usize, width: width as usize };
        limits::check(stored_size, bytes_per_pixel(kind, colours), file_bytes, kind.is_lossy())?;
        // EXIF data that cannot be read turn nothing.
        let mut orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
        drop(decoder);
        if kind == PictureKind::Png && orientation == Orientation::NoTransforms {
            orientation = of_png(&mut reader).unwrap_or(orientation);
        }
        if kind == PictureKind::WebP && !frames_fit(&mut reader, stored_size) {
            return Err("it has a frame that is larger than itself".to_owned());
        }
        let bits = (stored.bits_per_pixel() / u16::from(stored.channel_count()).max(1)) as u8;
        Ok(Self {
            size: turned_size(stored_size, orientation),
            orientation,
            kind,
            bits,
            is_grey: !colours.has_color(),
            has_more: pages::has_more(&mut reader, kind),
        })
    }

    /// True for levels of 16 bits, of which few cameras use all: they are stretched to be seen.
    pub fn has_16_bits(&self) -> bool {
        self.bits == 16
    }

    /// True for greys of 16 bits, which may be depth.
    pub fn has_16_bit_greys(&self) -> bool {
        self.has_16_bits() && self.is_grey
    }

    /// Decisions about a picture with this header, as [`Remarks::add`](crate::data::Remarks::add) takes them.
    pub fn remarks(&self) -> impl Iterator<Item = (RemarkKind, &'static str)> + use<> {
        let turned = (RemarkKind::Turned, "pictures turned by the EXIF orientation");
        let what = if self.is_grey {
            "16-bit grey pictures stretched over the range of levels that the drive uses"
        } else {
            "16-bit colour pictures stretched over the range of levels that the drive uses"
        };
        let stretched = (RemarkKind::Stretched, what);
        let first = (RemarkKind::Assumed, "files of several pictures, of which the first counts");
        let is_turned = self.orientation != Orientation::NoTransforms;
        [(is_turned, turned), (self.has_16_bits(), stretched), (self.has_more, first)]
            .into_iter()
            .filter_map(|(is_so, remark)| is_so.then_some(remark))
    }
}

/// Bytes that decoding takes for a pixel at most, the RGB image included.
fn bytes_per_pixel(kind: PictureKind, colours: ColorType) -> u64 {
    let decoded = u64::from(colours.bytes_per_pixel());
    let converted = if colours == ColorType::Rgb8 { 0 } else { 3 };
    let inner = match kind {
        // Planes of luma and chroma, or pixels with alpha.
        PictureKind::WebP => 4,
        // Everything is decoded to a buffer of the library's own, CMYK with four levels.
        PictureKind::Tiff => decoded.max(4 * decoded / 3),
        PictureKind::Jpeg | PictureKind::Png | PictureKind::Bmp | PictureKind::Pnm => 0,
    };
    decoded + converted + inner
}
