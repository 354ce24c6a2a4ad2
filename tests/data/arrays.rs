//! NumPy files and 16-bit depth maps: every kind is read correctly, and no damage makes the readers panic.

use crate::support::{Cases, takes_at_most};
use monoscope::{
    config::ImageSize,
    data::{
        DataError,
        arrays::{
            Array, Element,
            npy::{NpyRows, read_array, write_array},
            npz::{self, Npz},
            pickle::read_arrays,
        },
        image::{read_depth, write_depth},
    },
};
use std::{fs, io::Read, path::Path};

/// Bytes of an array file as NumPy writes it, with any header.
pub fn npy(version: u8, header: &str, numbers: &[u8]) -> Vec<u8> {
    let length = header.len() as u32;
    let mut bytes = b"\x93NUMPY".to_vec();
    bytes.extend([version, 0]);
    bytes.extend(if version == 1 {
        (length as u16).to_le_bytes().to_vec()
    } else {
        length.to_le_bytes().to_vec()
    });
    [&bytes[..], header.as_bytes(), numbers].concat()
}

pub fn header(kind: &str, order: &str, shape: &str) -> String {
    format!("{{'descr': '{kind}', 'fortran_order': {order}, 'shape': {shape}, }}          \n")
}

fn read(bytes: &[u8]) -> Result<Array, String> {
    read_array(&mut &bytes[..], bytes.len() as u64)
}

/// Archive that NumPy made of three small arrays of different shapes, see [`arrays_of_numpy`].
fn numpy_file(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/numpy").join(name)
}

fn arrays_of_numpy() -> [Array; 3] {
    [
        Array { shape: vec![2, 3], values: vec![0.0, 1.0, 2.0, 3.0, 4.0, 5.0] },
        Array { shape: vec![3, 2], values: vec![0.0, 0.5, 1.0, 1.5, 2.0, 2.5] },
        Array { shape: vec![1, 1], values: vec![7.25] },
    ]
}

/// Pickle of these arrays, in a protocol.
fn pickle_of_numpy(protocol: u32) -> Vec<u8> {
    let file = fs::File::open(numpy_file("protocols.npz")).unwrap();
    let mut archive = zip::ZipArchive::new(file).unwrap();
    let mut bytes = Vec::new();
    archive.by_name(&format!("protocol_{protocol}.npy")).unwrap().read_to_end(&mut bytes).unwrap();
    bytes.split_off(128)
}

#[test]
fn arrays_of_every_kind_order_and_version_are_read() {
    let kinds: [(&str, Vec<u8>); 16] = [
        ("<f2", [0x3c00_u16, 0x4000, 0x4200, 0xb800, 0x7bff, 0].map(u16::to_le_bytes).concat()),
        ("<f4", [1.0_f32, 2.0, 3.0, -0.5, 65504.0, 0.0].map(f32::to_le_bytes).concat()),
        ("<f8", [1.0_f64, 2.0, 3.0, -0.5, 65504.0, 0.0].map(f64::to_le_bytes).concat()),
        ("|u1", vec![1, 2, 3, 4, 5, 255]),
        ("<u2", [1_u16, 2, 3, 4, 5, 65535].map(u16::to_le_bytes).concat()),
        ("<i4", [1_i32, 2, 3, 4, 5, -70000].map(i32::to_le_bytes).concat()),
        ("<i8", [1_i64, 2, 3, 4, 5, -70000].map(i64::to_le_bytes).concat()),
        (">f2", [0x3c00_u16, 0x4000, 0x4200, 0xb800, 0x7bff, 0].map(u16::to_be_bytes).concat()),
        (">f4", [1.0_f32, 2.0, 3.0, -0.5, 65504.0, 0.0].map(f32::to_be_bytes).concat()),
        (">f8", [1.0_f64, 2.0, 3.0, -0.5, 65504.0, 0.0].map(f64::to_be_bytes).concat()),
        (">i8", [1_i64, 2, 3, 4, 5, -70000].map(i64::to_be_bytes).concat()),
        ("|b1", vec![1, 2, 3, 4, 5, 255]),
        ("|i1", vec![1, 2, 3, 4, 5, 0xff]),
        ("<i2", [1_i16, 2, 3, 4, 5, -1].map(i16::to_le_bytes).concat()),
        (">u4", [1_u32, 2, 3, 4, 5, 65535].map(u32::to_be_bytes).concat()),
        ("<u8", [1_u64, 2, 3, 4, 5, 65535].map(u64::to_le_bytes).concat()),
    ];
    for (kind, numbers) in kinds {
        let last = match kind {
            "|u1" | "|b1" => [4.0, 5.0, 255.0],
            "|i1" | "<i2" => [4.0, 5.0, -1.0],
            "<u2" | ">u4" | "<u8" => [4.0, 5.0, 65535.0],
            "<i4" | "<i8" | ">i8" => [4.0, 5.0, -70000.0],
            _ => [-0.5, 65504.0, 0.0],
        };
        let expected = [&[1.0, 2.0, 3.0], &last[..]].concat();
        for version in 1..=3 {
            let rows = read(&npy(version, &header(kind, "False", "(2, 3)"), &numbers)).unwrap();
            assert_eq!((rows.shape, &rows.values), (vec![2, 3], &expected), "{kind}");
        }
        let columns = read(&npy(1, &header(kind, "True", "(2, 3)"), &numbers)).unwrap().values;
        assert_eq!(columns, [0, 2, 4, 1, 3, 5].map(|index: usize| expected[index]), "{kind}");
    }
    assert_eq!(read(&npy(1, &header("<f4", "False", "()"), &[0; 4])).unwrap().shape, Vec::<usize>::new());
    assert_eq!(read(&npy(1, &header("<f4", "False", "(0L,)"), &[])).unwrap().values, Vec::<f32>::new());
}

#[test]
fn sizes_beyond_the_file_are_refused_before_memory_is_allocated() {
    let refused = |bytes: &[u8], reason: &str| {
        let error = read(bytes).unwrap_err();
        assert!(error.contains(reason), "{error}");
    };
    refused(&npy(1, &header("<f4", "False", "(4000, 4000)"), &[0; 64]), "needs 64000000 bytes");
    refused(&npy(1, &header("<f4", "False", "(99999999999, 99999999999)"), &[]), "more than is read at once");
    refused(&npy(1, &header("<c8", "False", "(1,)"), &[0; 8]), "'<c8'");
    refused(&npy(1, &header("|O", "False", "(1,)"), &[0; 4]), "Python's objects");
    refused(&npy(2, &"(".repeat(5000), &[]), "longer than any");
    refused(&npy(1, &"(".repeat(4000), &[]), "not that of");
    refused(b"\x93NUMPY\x02\0\xff\xff\xff\xff", "4294967295");
    refused(b"RIFF", "ends early");
    assert_eq!(Element::named("c8"), None);
}

#[test]
fn what_is_written_is_read_by_row() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("rows.npy");
    let values: Vec<f32> = (0..24).map(|value| value as f32 / 8.0).collect();
    let mut bytes = Vec::new();
    write_array(&mut bytes, &[2, 3, 4], &values).unwrap();
    fs::write(&path, &bytes).unwrap();
    assert_eq!(read(&bytes).unwrap(), Array { shape: vec![2, 3, 4], values: values.clone() });
    let mut rows = NpyRows::open(&path).unwrap();
    assert_eq!(rows.shape(), [2, 3, 4]);
    assert_eq!(rows.row(1).unwrap(), values[12..]);
    assert!(rows.row(2).unwrap_err().to_string().contains("no row 2"));
    fs::write(&path, &bytes[..bytes.len() - 1]).unwrap();
    assert!(NpyRows::open(&path).is_err());
}

/// Checks the bytes that `numpy.save` writes for `zeros((2, 192, 640), 'f4')`, and other shapes by NumPy's
/// documentation.
#[test]
fn headers_are_those_of_numpy() {
    let written = |shape: &[usize], count: usize| {
        let mut bytes = Vec::new();
        write_array(&mut bytes, shape, &vec![-1.5; count]).unwrap();
        let numbers = bytes.split_off(bytes.len() - 4 * count);
        assert_eq!(numbers, (-1.5_f32).to_le_bytes().repeat(count), "{shape:?}");
        (bytes, numbers)
    };
    let (header, _) = written(&[2, 192, 640], 2 * 192 * 640);
    let text = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 192, 640), }";
    let by_numpy = format!("{text}{}\n", " ".repeat(0x76 - 1 - text.len()));
    assert_eq!(header, [b"\x93NUMPY\x01\x00\x76\x00", by_numpy.as_bytes()].concat());

    // One axis is a tuple of one, no axis an empty tuple; the length of an axis may be 0.
    for (shape, count, text) in [
        (&[7][..], 7, "'shape': (7,), }"),
        (&[], 1, "'shape': (), }"),
        (&[0, 3], 0, "'shape': (0, 3), }"),
        (&[1_000_000, 0, 1_000_000_007, 12_345_678], 0, "(1000000, 0, 1000000007, 12345678), }"),
    ] {
        let (header, numbers) = written(shape, count);
        assert!(header.len().is_multiple_of(64) && header.ends_with(b" \n"), "{shape:?}");
        assert_eq!(header.len(), 10 + usize::from(header[8]), "{shape:?}");
        assert!(String::from_utf8_lossy(&header).contains(text), "{shape:?}");
        assert_eq!(read(&[header, numbers].concat()).unwrap().shape, shape);
    }
}

#[test]
fn a_number_of_values_that_does_not_match_the_shape_is_refused() {
    for count in [5, 7] {
        let error = write_array(&mut Vec::new(), &[2, 3], &vec![0.0; count]).unwrap_err();
        assert!(error.to_string().contains("another count of values"), "{count}");
    }
}

#[test]
fn arrays_in_pickles_of_every_protocol_are_read() {
    let mut file = Npz::open(&numpy_file("objects.npz")).unwrap();
    assert_eq!(file.arrays("data", &mut Ok).unwrap().unwrap(), arrays_of_numpy().map(Some));
    assert!(file.array("data").unwrap_err().to_string().contains("Python's objects"));
    assert!(file.array("other").unwrap().is_none());
    let mut file = Npz::open(&numpy_file("protocols.npz")).unwrap();
    for protocol in 2..=5 {
        let arrays = file.arrays(&format!("protocol_{protocol}"), &mut Ok).unwrap().unwrap();
        assert_eq!(arrays, arrays_of_numpy().map(Some), "protocol {protocol}");
    }
}

#[test]
fn pickles_that_want_to_call_something_are_refused() {
    let refused = |pickle: &[u8], reason: &str| {
        let error = read_arrays(&mut &pickle[..], 64 << 20, &mut Ok).unwrap_err();
        assert!(error.contains(reason), "{error}");
    };
    refused(b"\x80\x02cos\nsystem\nX\x02\0\0\0ls\x85R.", "os.system, which is refused");
    refused(b"\x80\x04\x8c\x08builtins\x8c\x04eval\x93.", "builtins.eval");
    refused(b"\x80\x02K\x01.", "not an array of arrays");
    refused(b"\x80\x02B\xff\xff\xff\xff", "more than is read at once");
    refused(b"\x80\x02B\xff\xff\xff\x01abc", "more than is read at once");
    refused(b"\x80\x02B\xff\xff\x7f\x00abc", "after 3 bytes");
    let nested = [b"\x80\x02N".to_vec(), vec![0x85; 100_000], b".".to_vec()].concat();
    refused(&nested, "deeper");
    let many = [b"\x80\x02".to_vec(), vec![b'N'; 3_000_000], b".".to_vec()].concat();
    refused(&many, "more values than arrays need");
}

/// Pickle of an array of two objects: None, and [1.5, 2] in big-endian order.
pub fn pickle_with_none() -> Vec<u8> {
    let new = b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\0\x85C\x01b\x87R";
    let end = b"NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\0tb";
    let objects =
        [b"(K\x01K\x02\x85cnumpy\ndtype\nX\x02\0\0\0O8\x89\x88\x87R(K\x03X\x01\0\0\0|", &end[..]].concat();
    let numbers =
        [b"(K\x01K\x02\x85cnumpy\ndtype\nX\x02\0\0\0f4\x89\x88\x87R(K\x03X\x01\0\0\0>", &end[..]].concat();
    let values = [1.5_f32, 2.0].map(f32::to_be_bytes).concat();
    let array = [&new[..], &numbers, b"\x89C\x08", &values, b"tb"].concat();
    [b"\x80\x03", &new[..], &objects, b"\x89](N", &array, b"etb."].concat()
}

#[test]
fn rows_of_none_and_big_endian_numbers_are_read_from_pickles() {
    let rows = read_arrays(&mut &pickle_with_none()[..], 64 << 20, &mut Ok).unwrap();
    assert_eq!(rows, [None, Some(Array { shape: vec![2], values: vec![1.5, 2.0] })]);
}

/// Feeds the readers of NumPy's arrays, archives and pickles with as many mutants each.
fn check_mutants_of_arrays(count: u64) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("damaged");
    let plain = npy(1, &header("<f4", "False", "(2, 3)"), &[7; 24]);
    let own = folder.path().join("own.npz");
    npz::write::<DataError>(&own, "", |add| add("a b", &[2, 3], &[0.5; 6])).unwrap();
    let archives = [fs::read(numpy_file("objects.npz")).unwrap(), fs::read(own).unwrap()];
    let pickles = [2, 3, 4, 5].map(pickle_of_numpy);
    takes_at_most(4 << 20, || {
        Cases(0..count).mutants(&[&plain], [0.0, 0.25], |_, bytes| match read(&bytes) {
            Ok(array) => {
                assert!(array.values.len() <= bytes.len());
                true
            }
            Err(error) => {
                assert!(!error.is_empty() && error.len() < 300);
                false
            }
        });
        Cases(0..count).mutants(&archives.each_ref().map(|bytes| &bytes[..]), [0.0, 0.25], |_, bytes| {
            fs::write(&path, bytes).unwrap();
            let read_all = |mut file: Npz| -> Result<(), DataError> {
                for name in file.names().collect::<Vec<_>>() {
                    file.array(&name)?;
                    file.arrays(&name, &mut Ok)?;
                }
                Ok(())
            };
            Npz::open(&path).and_then(read_all).is_ok()
        });
        Cases(0..count).mutants(&pickles.each_ref().map(|bytes| &bytes[..]), [0.0, 0.25], |_, bytes| {
            read_arrays(&mut &bytes[..], 64 << 20, &mut Ok).is_ok()
        });
    });
}

#[test]
fn damaged_arrays_archives_and_pickles_are_refused_without_panic() {
    check_mutants_of_arrays(4000);
}

#[test]
#[ignore = "takes half a minute: 40000 mutants each of arrays, archives and pickles"]
fn damaged_arrays_archives_and_pickles_are_refused_without_panic_in_full() {
    check_mutants_of_arrays(40_000);
}

#[test]
fn depth_as_pictures_keeps_its_levels() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("depth.png");
    let metres = vec![0.0, 1.0, 1.0 / 256.0, 80.0, 255.998, 300.0];
    write_depth(&path, ImageSize { height: 2, width: 3 }, metres.into_iter(), "metres").unwrap();
    let levels = ::image::open(&path).unwrap().into_luma16();
    assert_eq!(levels.as_raw(), &[0, 256, 1, 20480, 65535, 65535]);
    let map = read_depth(&path).unwrap();
    assert_eq!((map.width, map.height, map.metres[1], map.metres[3]), (3, 2, 1.0, 80.0));
    ::image::RgbImage::new(2, 2).save(&path).unwrap();
    assert!(read_depth(&path).unwrap_err().to_string().contains("16-bit"));

    // The header of a picture is known before anything is decompressed: kind, size and palette.
    let mut encoder = png::Encoder::new(fs::File::create(&path).unwrap(), 12_000, 12_000);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.set_depth(png::BitDepth::Sixteen);
    encoder.write_header().unwrap().write_image_data(&vec![0; 2 * 12_000 * 12_000]).unwrap();
    takes_at_most(64 << 20, || {
        let error = read_depth(&path).unwrap_err().to_string();
        assert!(error.contains("12000×12000 pixels are more than a file"), "{error}");
    });
    fs::write(&path, b"\xff\xd8\xff").unwrap();
    assert!(read_depth(&path).unwrap_err().to_string().contains("it is a JPEG picture"));
}

fn check_mutants_of_depth_pictures(cases: Cases) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("depth.png");
    let metres = vec![0.0, 1.0, 1.0 / 256.0, 80.0, 255.998, 300.0];
    write_depth(&path, ImageSize { height: 2, width: 3 }, metres.into_iter(), "metres").unwrap();
    let whole = fs::read(&path).unwrap();
    takes_at_most(4 << 20, || {
        cases.mutants(&[&whole], [0.0, 0.34], |_, bytes| {
            fs::write(&path, bytes).unwrap();
            match read_depth(&path) {
                Ok(map) => {
                    assert_eq!(map.metres.len(), map.width * map.height);
                    true
                }
                Err(error) => {
                    assert!(error.to_string().contains("depth.png"));
                    false
                }
            }
        });
    });
}

#[test]
fn depth_as_pictures_survives_damage() {
    check_mutants_of_depth_pictures(Cases(0..3000));
}

#[test]
#[ignore = "takes half a minute: 30000 mutants of a depth map"]
fn depth_as_pictures_survives_damage_in_full() {
    check_mutants_of_depth_pictures(Cases(0..30_000));
}
