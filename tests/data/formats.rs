//! Formats of pictures: told by content, turned, stretched, and bounded before anything is allocated.

use crate::support::{crc_32, repository, takes_at_most};
use image::{
    ExtendedColorType, ImageBuffer, ImageEncoder, ImageFormat, Luma, Rgb, RgbImage, Rgba,
    codecs::{png::PngEncoder, webp::WebPEncoder},
    metadata::Orientation,
};
use monoscope::{
    config::{CameraChoice, DataChoice, ImageSize},
    data::{
        self, RemarkKind,
        image::{
            LevelRange, PictureHeader, PictureKind, SharedLevels, decode, read, read_small, size, write,
        },
    },
};
use std::{
    fs,
    io::Cursor,
    path::{Path, PathBuf},
    time::Duration,
};
use turbojpeg::{Compressor, PixelFormat};

/// Chunk of a PNG file.
fn chunk(name: &[u8; 4], content: &[u8]) -> Vec<u8> {
    let summed = [&name[..], content].concat();
    [&(content.len() as u32).to_be_bytes()[..], &summed, &crc_32(&summed).to_be_bytes()].concat()
}

fn card() -> RgbImage {
    RgbImage::from_fn(48, 24, |x, y| Rgb([(x * 5) as u8, (y * 10) as u8, ((x + y) * 3) as u8]))
}

fn encoded(image: &RgbImage, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    image.write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

/// EXIF data that state an orientation, 1 to 8.
fn exif(orientation: u8) -> Vec<u8> {
    let head = b"II\x2A\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0";
    [&head[..], &[orientation, 0, 0, 0, 0, 0, 0, 0]].concat()
}

/// JPEG of an image, with EXIF data.
fn jpeg(image: &RgbImage, exif: &[u8]) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("card.jpg");
    write(&path, image).unwrap();
    let bytes = fs::read(path).unwrap();
    let length = (exif.len() as u16 + 8).to_be_bytes();
    [&bytes[..2], &[0xFF, 0xE1], &length, b"Exif\0\0", exif, &bytes[2..]].concat()
}

/// Uncompressed TIFF of an image, with its orientation.
fn tiff(image: &RgbImage, orientation: u16) -> Vec<u8> {
    let pixels = image.as_raw();
    let entry = |tag: u16, kind: u16, value: u32| {
        [&tag.to_le_bytes()[..], &kind.to_le_bytes(), &1u32.to_le_bytes(), &value.to_le_bytes()].concat()
    };
    let entries = [
        entry(256, 4, image.width()),
        entry(257, 4, image.height()),
        entry(262, 3, 2),
        entry(273, 4, 8),
        entry(274, 3, orientation.into()),
        entry(277, 3, 3),
        entry(278, 4, image.height()),
        entry(279, 4, pixels.len() as u32),
    ];
    // Bits per sample: three values, which do not fit into an entry.
    let directory = 8 + pixels.len() as u32;
    let bits = directory + 2 + 9 * 12 + 4;
    let bits_entry =
        [&258u16.to_le_bytes()[..], &3u16.to_le_bytes(), &3u32.to_le_bytes(), &bits.to_le_bytes()].concat();
    let (before, after) = entries.split_at(2);
    [
        b"II\x2A\0",
        &directory.to_le_bytes()[..],
        pixels,
        &9u16.to_le_bytes(),
        &before.concat(),
        &bits_entry,
        &after.concat(),
        &0u32.to_le_bytes(),
        &[8, 0, 8, 0, 8, 0],
    ]
    .concat()
}

fn png_with(image: &RgbImage, exif: Vec<u8>) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = PngEncoder::new(&mut bytes);
    encoder.set_exif_metadata(exif).unwrap();
    encoder.write_image(image, image.width(), image.height(), ExtendedColorType::Rgb8).unwrap();
    bytes
}

fn webp_with(image: &RgbImage, exif: Vec<u8>) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = WebPEncoder::new_lossless(&mut bytes);
    encoder.set_exif_metadata(exif).unwrap();
    encoder.write_image(image, image.width(), image.height(), ExtendedColorType::Rgb8).unwrap();
    bytes
}

/// The image as a viewer shows it, by the definition of EXIF: which side of the stored image is the upper one, and which
/// the left one.
fn shown(stored: &RgbImage, orientation: u8) -> RgbImage {
    let (width, height) = stored.dimensions();
    let (right, low) = (width - 1, height - 1);
    let size = if orientation > 4 { (height, width) } else { (width, height) };
    RgbImage::from_fn(size.0, size.1, |x, y| {
        let (x, y) = match orientation {
            1 => (x, y),
            2 => (right - x, y),
            3 => (right - x, low - y),
            4 => (x, low - y),
            5 => (y, x),
            6 => (y, low - x),
            7 => (right - y, low - x),
            _ => (right - y, x),
        };
        *stored.get_pixel(x, y)
    })
}

fn largest_difference(a: &RgbImage, b: &RgbImage) -> u8 {
    assert_eq!(a.dimensions(), b.dimensions());
    a.iter().zip(b.iter()).map(|(a, b)| a.abs_diff(*b)).max().unwrap()
}

#[test]
fn every_format_is_read_whatever_the_ending_of_its_file() {
    let folder = tempfile::tempdir().unwrap();
    let formats = [
        (ImageFormat::Png, PictureKind::Png),
        (ImageFormat::WebP, PictureKind::WebP),
        (ImageFormat::Bmp, PictureKind::Bmp),
        (ImageFormat::Tiff, PictureKind::Tiff),
        (ImageFormat::Pnm, PictureKind::Pnm),
    ];
    for (format, kind) in formats {
        let path = folder.path().join("false.jpg");
        fs::write(&path, encoded(&card(), format)).unwrap();
        let header = PictureHeader::read(&path).unwrap();
        assert_eq!((header.kind, header.size), (kind, ImageSize { height: 24, width: 48 }));
        assert_eq!((header.bits, header.is_grey, header.orientation), (8, false, Orientation::NoTransforms));
        assert_eq!(read(&path).unwrap(), card(), "{format:?}");
    }
    let path = folder.path().join("false.png");
    fs::write(&path, jpeg(&card(), &[])).unwrap();
    assert!(largest_difference(&read(&path).unwrap(), &card()) < 40);
    for (name, size) in [("lossy.webp", (64, 40)), ("lzw.tif", (48, 24)), ("deflate.tif", (48, 24))] {
        assert_eq!(read(&repository("tests/data/pictures").join(name)).unwrap().dimensions(), size);
    }
}

#[test]
fn pictures_in_formats_of_a_folder_are_frames() {
    let folder = tempfile::tempdir().unwrap();
    let endings = ["webp", "bmp", "TIF", "ppm", "png", "tiff"];
    for (number, ending) in endings.iter().enumerate() {
        let format = ImageFormat::from_extension(ending).unwrap();
        fs::write(folder.path().join(format!("{number}.{ending}")), encoded(&card(), format)).unwrap();
    }
    let choice =
        DataChoice::Assuming { folder: folder.path().to_owned(), camera: CameraChoice::FieldOfView(70.0) };
    let source = data::open(&choice).unwrap();
    let drive = &source.drives()[0];
    assert_eq!(drive.frames, 0..6);
    for key in drive.keys(drive.sides[0]) {
        assert_eq!(source.image(&key).unwrap(), card(), "{key}");
    }
}

#[test]
fn other_formats_are_named() {
    let reason = |bytes: &[u8]| decode(bytes).unwrap_err();
    assert!(reason(b"\0\0\0\x18ftypheic\0\0\0\0").contains("HEIC"));
    assert!(reason(b"GIF89a\x01\0\x01\0\0\0\0").contains("GIF"));
    assert!(reason(b"version https://git-lfs.github.com/spec/v1\n").contains("git lfs pull"));
    assert!(reason(b"<!DOCTYPE html><title>404</title>").contains("it is a web page"));
    assert!(reason(&[0; 64]).contains("zeros"));
}

#[test]
fn pictures_are_turned_as_viewers_turn_them() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("card");
    let stored = card();
    for orientation in 1..=8u8 {
        let expected = shown(&stored, orientation);
        let files = [
            (jpeg(&stored, &exif(orientation)), 40),
            (png_with(&stored, exif(orientation)), 0),
            (webp_with(&stored, exif(orientation)), 0),
            (tiff(&stored, orientation.into()), 0),
        ];
        for (index, (bytes, tolerance)) in files.into_iter().enumerate() {
            let case = format!("orientation {orientation}, file {index}");
            fs::write(&path, bytes).unwrap();
            let turned = read(&path).unwrap();
            assert!(largest_difference(&turned, &expected) <= tolerance, "{case}");
            let header = PictureHeader::read(&path).unwrap();
            assert_eq!(header.orientation.to_exif(), orientation, "{case}");
            assert_eq!(
                size(&path).unwrap(),
                ImageSize { height: turned.height() as usize, width: turned.width() as usize }
            );
            let kinds: Vec<RemarkKind> = header.remarks().map(|(kind, _)| kind).collect();
            assert_eq!(kinds == [RemarkKind::Turned], orientation > 1, "{case}");
            // A preview, which a JPEG's decoder makes smaller while it decodes.
            let small =
                read_small(&path, ImageSize { height: 12, width: 12 }, &SharedLevels::default()).unwrap();
            let size = if orientation > 4 { (6, 12) } else { (12, 6) };
            assert_eq!(small.dimensions(), size, "{case}");
            let (stored_corner, corner) = (*turned.get_pixel(1, 1), *small.get_pixel(0, 0));
            for channel in 0..3 {
                let difference = stored_corner.0[channel].abs_diff(corner.0[channel]);
                assert!(difference < 60, "{case}: {stored_corner:?} is {corner:?} in the preview");
            }
        }
    }
}

#[test]
fn exif_data_behind_the_pixels_of_a_png_count() {
    let plain = encoded(&card(), ImageFormat::Png);
    let (pixels, end) = plain.split_at(plain.len() - 12);
    let bytes = [pixels, &chunk(b"eXIf", &exif(3)), end].concat();
    assert_eq!(decode(&bytes).unwrap(), shown(&card(), 3));
}

#[test]
fn printing_colours_become_light() {
    let pixels: Vec<u8> = [[255, 255, 255, 255], [0, 255, 255, 255], [255, 0, 255, 128], [255, 255, 255, 0]]
        .iter()
        .flat_map(|pixel| pixel.repeat(16 * 16))
        .collect();
    // Four squares, one below the other, as Adobe's programs store ink: 255 is none.
    let mut compressor = Compressor::new().unwrap();
    compressor.set_quality(100).unwrap();
    let image =
        turbojpeg::Image { pixels: &pixels[..], width: 16, pitch: 64, height: 64, format: PixelFormat::CMYK };
    let bytes = compressor.compress_to_vec(image).unwrap();
    let read = decode(&bytes).unwrap();
    let expected = [[255, 255, 255], [0, 255, 255], [128, 0, 128], [0, 0, 0]];
    for (square, expected) in expected.into_iter().enumerate() {
        let found = read.get_pixel(8, 16 * square as u32 + 8).0;
        assert!(found.iter().zip(expected).all(|(a, b)| a.abs_diff(b) < 6), "{found:?} is not {expected:?}");
    }
}

fn grey_16(path: &Path, level: impl Fn(u32, u32) -> u16) {
    ImageBuffer::from_fn(40, 20, |x, y| Luma([level(x, y)])).save(path).unwrap();
}

/// Folder with a drive of 16-bit greys, each frame brighter than the one before.
fn thermal_drive(frames: u16) -> (tempfile::TempDir, Vec<PathBuf>) {
    let folder = tempfile::tempdir().unwrap();
    let files: Vec<PathBuf> =
        (0..frames).map(|frame| folder.path().join(format!("{frame:06}.png"))).collect();
    for (frame, file) in (0..).zip(&files) {
        grey_16(file, |x, _| 3000 + 100 * frame + 10 * x as u16);
    }
    (folder, files)
}

#[test]
fn greys_of_16_bits_are_stretched_over_the_range_of_the_drive() {
    let (folder, files) = thermal_drive(12);
    let header = PictureHeader::read(&files[0]).unwrap();
    assert_eq!((header.bits, header.is_grey, header.has_16_bit_greys()), (16, true, true));
    let choice =
        DataChoice::Assuming { folder: folder.path().to_owned(), camera: CameraChoice::FieldOfView(70.0) };
    let source = data::open(&choice).unwrap();
    let drive = &source.drives()[0];
    let keys: Vec<_> = drive.keys(drive.sides[0]).collect();
    let range = source.levels(&keys[0]).unwrap();
    assert_eq!(range, LevelRange { low: 3000, high: 4490 });
    let brightness = |frame: usize, x: u32| source.image(&keys[frame]).unwrap().get_pixel(x, 3).0;
    assert_eq!((brightness(0, 0), brightness(11, 39)), ([0; 3], [255; 3]));
    // A level is equally bright at all times: 3000 + 10 · 30 is 3000 + 100 · 3.
    assert_eq!(brightness(0, 30), brightness(3, 0));
    let preview = source.preview(&keys[0], ImageSize { height: 20, width: 40 }).unwrap();
    assert_eq!(preview.get_pixel(30, 3).0, brightness(3, 0));
    // Alone, a picture has its own range.
    assert_eq!(read(&files[0]).unwrap().get_pixel(39, 3).0, [255; 3]);
    grey_16(&files[0], |_, _| 5000);
    assert_eq!(read(&files[0]).unwrap().get_pixel(0, 0).0, [127; 3]);
}

#[test]
fn colours_of_16_bits_are_stretched_over_one_range_for_all_channels() {
    let folder = tempfile::tempdir().unwrap();
    // Twelve bits of a camera in sixteen, which no more than a sixteenth of the brightness is.
    for frame in 0..3u16 {
        let level = |x: u32| 100 + 320 * frame + 80 * x as u16;
        let pixel = |x: u32, _: u32| Rgb([level(x), level(x) / 2, 50]);
        ImageBuffer::from_fn(40, 20, pixel).save(folder.path().join(format!("{frame:06}.png"))).unwrap();
    }
    let choice =
        DataChoice::Assuming { folder: folder.path().to_owned(), camera: CameraChoice::FieldOfView(70.0) };
    let source = data::open(&choice).unwrap();
    let drive = &source.drives()[0];
    let keys: Vec<_> = drive.keys(drive.sides[0]).collect();
    assert_eq!(source.levels(&keys[0]).unwrap(), LevelRange { low: 50, high: 3860 });
    let pixel = |frame: usize, x: u32| source.image(&keys[frame]).unwrap().get_pixel(x, 3).0;
    assert_eq!(pixel(2, 39), [255, 126, 0]);
    // A level is equally bright at all times: 100 + 80 · 15 is 100 + 320 · 2 + 80 · 7.
    assert_eq!(pixel(0, 15), pixel(2, 7));
    let alpha = folder.path().join("alpha.png");
    ImageBuffer::from_fn(40, 20, |x, _| Rgba([100 * x as u16, 0, 0, u16::MAX])).save(&alpha).unwrap();
    assert_eq!(read(&alpha).unwrap().get_pixel(39, 0).0, [255, 0, 0]);
    source.wait_for_scan(Duration::MAX);
    let said: Vec<String> = source.remarks().iter().map(ToString::to_string).collect();
    assert!(said.iter().any(|remark| remark.contains("3 16-bit colour pictures stretched over")), "{said:?}");
}

#[test]
fn of_files_with_several_pictures_the_first_counts_and_that_is_said() {
    let plain = encoded(&card(), ImageFormat::Png);
    // The header of a PNG file, with its signature, takes 33 bytes.
    let animated = |frames: u32| {
        let control = chunk(b"acTL", &[frames.to_be_bytes(), [0; 4]].concat());
        [&plain[..33], &control, &plain[33..]].concat()
    };
    // A page behind the first: its directory has one entry, the kind of the page.
    let pages = |kind: u32| {
        let mut bytes = tiff(&card(), 1);
        let next = 8 + card().as_raw().len() + 2 + 9 * 12;
        let second = bytes.len() as u32;
        bytes[next..next + 4].copy_from_slice(&second.to_le_bytes());
        bytes.extend([1, 0, 254, 0, 4, 0, 1, 0, 0, 0]);
        bytes.extend(kind.to_le_bytes());
        bytes.extend([0; 4]);
        bytes
    };
    let webp = |frames: usize| {
        let picture = &encoded(&card(), ImageFormat::WebP)[12..];
        let part = |name: &[u8; 4], content: &[u8]| {
            [&name[..], &(content.len() as u32).to_le_bytes(), content].concat()
        };
        let size = [card().width() - 1, card().height() - 1].map(u32::to_le_bytes);
        let size = [&size[0][..3], &size[1][..3]].concat();
        let frame = part(b"ANMF", &[&[0; 6][..], &size, &[100, 0, 0, 2], picture].concat());
        let head = part(b"VP8X", &[&[2, 0, 0, 0][..], &size].concat());
        let content = [&b"WEBP"[..], &head, &part(b"ANIM", &[0; 6]), &frame.repeat(frames)].concat();
        part(b"RIFF", &content)
    };
    let cases = [
        (plain.clone(), false),
        (animated(1), false),
        (animated(3), true),
        (pages(0), true),
        // A small copy.
        (pages(1), false),
        (webp(2), true),
    ];
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("picture");
    for (index, (bytes, has_more)) in cases.into_iter().enumerate() {
        fs::write(&path, bytes).unwrap();
        let header = PictureHeader::read(&path).unwrap();
        assert_eq!(header.has_more, has_more, "file {index}");
        let said = header.remarks().any(|(_, what)| what.contains("several pictures, of which the first"));
        assert_eq!(said, has_more, "file {index}");
        assert!(read(&path).unwrap() == card(), "file {index}");
    }
}

#[test]
fn what_the_library_cannot_read_is_said_in_words() {
    let whole = encoded(&card(), ImageFormat::Png);
    let mut wrong_sum = whole.clone();
    let end = wrong_sum.len() - 13;
    wrong_sum[end] ^= 1;
    let mut numbers = Cursor::new(Vec::new());
    let floats: ImageBuffer<Rgb<f32>, Vec<f32>> = ImageBuffer::new(4, 4);
    image::DynamicImage::from(floats).write_to(&mut numbers, ImageFormat::Tiff).unwrap();
    // The same with one channel, which the library does not know: bits and format of a sample.
    let mut depth = tiff(&card(), 1);
    let bits = depth.len() - 6;
    depth[bits..].copy_from_slice(&[32, 0, 32, 0, 32, 0]);
    let cases = [
        (wrong_sum, "damaged: copy it again"),
        (whole[..whole.len() / 2].to_vec(), "cut short: copy it again"),
        (numbers.into_inner(), "floating-point numbers"),
        (depth, "convert it to 8 or 16 bits"),
        (b"P5 4 x 255\n0000000000000000".to_vec(), "damaged: copy it again"),
        (encoded(&card(), ImageFormat::Bmp)[..200].to_vec(), "copy it again"),
        (tiff(&card(), 1)[..200].to_vec(), "copy it again"),
    ];
    for (index, (bytes, words)) in cases.into_iter().enumerate() {
        let reason = decode(&bytes).unwrap_err();
        assert!(reason.contains(words), "file {index}: {reason}");
        assert!(!reason.contains(['{', '`', '(']) && !reason.contains("0x"), "file {index}: {reason}");
    }
}

#[test]
fn a_picture_of_one_colour_may_be_large_but_not_huge() {
    let head = |[width, height]: [u32; 2]| {
        let header = [&width.to_be_bytes()[..], &height.to_be_bytes(), &[8, 2, 0, 0, 0]].concat();
        [&b"\x89PNG\r\n\x1a\n"[..], &chunk(b"IHDR", &header), &chunk(b"IDAT", &[0; 50_000])].concat()
    };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("zeros.png");
    let open = |size| {
        fs::write(&path, head(size)).unwrap();
        PictureHeader::read(&path).map(|header| header.size.width).map_err(|error| error.to_string())
    };
    assert_eq!(open([2500, 2000]), Ok(2500));
    let refused = open([6000, 3000]).unwrap_err();
    assert!(refused.contains("6000×3000 pixels are far more than"), "{refused}");
}

#[test]
fn a_palette_of_broken_length_is_an_error() {
    let chunks = [
        chunk(b"IHDR", &[0, 0, 0, 1, 0, 0, 0, 1, 8, 3, 0, 0, 0]),
        chunk(b"PLTE", &[0; 4]),
        chunk(b"IDAT", b"\x78\x9c\x63\x60\x04\x00\x00\x03\x00\x02"),
        chunk(b"IEND", b""),
    ];
    let bytes = [&b"\x89PNG\r\n\x1a\n"[..], &chunks.concat()].concat();
    assert!(decode(&bytes).unwrap_err().contains("damaged"));
}

#[test]
fn small_files_that_state_many_pixels_are_refused_before_anything_is_allocated() {
    let edge = 16_000u32.to_be_bytes();
    let png_head = chunk(b"IHDR", &[&edge[..], &edge, &[8, 2, 0, 0, 0]].concat());
    let png = [&b"\x89PNG\r\n\x1a\n"[..], &png_head, &chunk(b"IDAT", &[0; 30_000])].concat();
    let mut bmp = encoded(&card(), ImageFormat::Bmp);
    bmp[18..22].copy_from_slice(&16_000u32.to_le_bytes());
    bmp[22..26].copy_from_slice(&16_000u32.to_le_bytes());
    let mut webp = encoded(&card(), ImageFormat::WebP);
    let size = webp.windows(4).position(|window| window == b"VP8L").unwrap() + 9;
    webp[size..size + 4].copy_from_slice(&(15_999u32 << 14 | 15_999).to_le_bytes());
    let mut tif = tiff(&card(), 1);
    let directory = 8 + card().as_raw().len();
    // Width, height, and the rows of the only strip.
    for entry in [0, 1, 7] {
        let value = directory + 2 + 12 * entry + 8;
        tif[value..value + 4].copy_from_slice(&16_000u32.to_le_bytes());
    }
    // An entry of three thousand million values.
    let mut many = tiff(&card(), 1);
    let count = directory + 2 + 12 * 3 + 4;
    many[count..count + 4].copy_from_slice(&[0xB0; 4]);
    takes_at_most(1 << 20, || assert!(decode(&many).unwrap_err().contains("more than the file can hold")));
    let mut jpeg = jpeg(&card(), &[]);
    let frame = jpeg.windows(2).position(|pair| pair == [0xFF, 0xC0]).unwrap();
    jpeg[frame + 5..frame + 9].copy_from_slice(&[0x3E, 0x80, 0x3E, 0x80]);
    for bytes in [&png, &bmp, &webp, &tif, &jpeg, &b"P6 16000 16000 255\n0000".to_vec()] {
        takes_at_most(2 << 20, || {
            let reason = decode(bytes).unwrap_err();
            assert!(reason.contains("far more than") || reason.contains("more than any"), "{reason}");
        });
    }
}

#[cfg(unix)]
#[test]
fn pipes_and_devices_are_no_pictures() {
    let folder = tempfile::tempdir().unwrap();
    let [pipe, device] = ["pipe.png", "device.jpg"].map(|name| folder.path().join(name));
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    std::os::unix::fs::symlink("/dev/zero", &device).unwrap();
    for path in [pipe, device, folder.path().to_owned()] {
        for error in [read(&path).unwrap_err(), size(&path).unwrap_err()] {
            assert!(error.to_string().contains("not a file"), "{error}");
        }
    }
}
