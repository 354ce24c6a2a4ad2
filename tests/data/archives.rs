//! Archives of arrays as other people have them: checksums, memory, and files that are something else.

use super::arrays::{header, npy, pickle_with_none};
use crate::support::takes_at_most;
use monoscope::data::arrays::{Array, npy::NpyRows, npz::Npz};
use std::{fs, path::Path};

/// An archive with one array, compressed or not.
fn npz_of(array: &[u8], compression: zip::CompressionMethod) -> Vec<u8> {
    let mut archive = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default().compression_method(compression);
    archive.start_file("data.npy", options).unwrap();
    std::io::Write::write_all(&mut archive, array).unwrap();
    archive.finish().unwrap().into_inner()
}

#[test]
fn changed_archives_are_noticed_by_their_checksum() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("changed.npz");
    let array = npy(1, &header("<f4", "False", "(1, 2, 2)"), &[7.0_f32; 4].map(f32::to_le_bytes).concat());
    let pickled = [npy(1, &header("|O", "False", "(2,)"), b""), pickle_with_none()].concat();
    for (array, number) in [(array, &7.0_f32.to_le_bytes()[..]), (pickled, &1.5_f32.to_be_bytes()[..])] {
        let mut bytes = npz_of(&array, zip::CompressionMethod::Stored);
        fs::write(&path, &bytes).unwrap();
        assert!(Npz::open(&path).unwrap().arrays("data", &mut Ok).is_ok());
        let at = bytes.windows(4).position(|four| four == number).unwrap();
        bytes[at + 1] ^= 1;
        fs::write(&path, bytes).unwrap();
        let error = Npz::open(&path).unwrap().arrays("data", &mut Ok).unwrap_err().to_string();
        assert!(error.contains("its checksum is wrong"), "{error}");
    }
    // What follows an array would not be looked at.
    let longer = npy(1, &header("<f4", "False", "(1, 1)"), &[0; 5]);
    fs::write(&path, npz_of(&longer, zip::CompressionMethod::Stored)).unwrap();
    let error = Npz::open(&path).unwrap().array("data").unwrap_err().to_string();
    assert!(error.contains("something follows its numbers"), "{error}");
}

#[test]
fn compressed_archives_take_no_more_memory_than_they_may() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bomb.npz");
    let bomb = |header: String, numbers: &[u8]| {
        fs::write(&path, npz_of(&npy(1, &header, numbers), zip::CompressionMethod::Deflated)).unwrap();
    };
    let kept = |array: Array| Ok(array.values.iter().sum::<f32>());
    bomb(header("|u1", "False", "(60000000,)"), &vec![1; 60_000_000]);
    takes_at_most(64 << 20, || {
        let error = Npz::open(&path).unwrap().array("data").unwrap_err().to_string();
        assert!(error.contains("takes 228 MiB of memory, more than a file of this size may"), "{error}");
    });
    bomb(header("|u1", "True", "(60, 1000, 1000)"), &vec![1; 60_000_000]);
    takes_at_most(64 << 20, || {
        assert!(Npz::open(&path).unwrap().arrays("data", &mut kept.clone()).is_err());
    });
    // Planes are read one by one, so their number does not matter.
    bomb(header("|u1", "False", "(60, 1000, 1000)"), &vec![1; 60_000_000]);
    takes_at_most(16 << 20, || {
        let sums = Npz::open(&path).unwrap().arrays("data", &mut kept.clone()).unwrap().unwrap();
        assert_eq!(sums, vec![Some(1e6); 60]);
    });
    // A pickle's bytes, and its instructions.
    let long = [&b"\x80\x03B\0\0\0\x03"[..], &vec![0; 3 << 24]].concat();
    for pickle in [long, [&b"\x80\x03"[..], &vec![b'N'; 4 << 20]].concat(), b"N\x94".repeat(2 << 20)] {
        bomb(header("|O", "False", "(1,)"), &pickle);
        takes_at_most(64 << 20, || {
            assert!(Npz::open(&path).unwrap().arrays("data", &mut Ok).is_err());
        });
    }
}

#[test]
fn files_that_are_no_arrays_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("rows.npy");
    for (bytes, words) in [
        (&b""[..], "it is empty"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0", "it is a Git LFS pointer"),
        (b"<html><body>Sign in</body></html>", "it is a web page"),
        (b"\x80\x04\x95\0\0\0", "it is a Python pickle; save the array with numpy.save"),
        (b"PK\x03\x04", "it is an archive of arrays"),
        (&npy(1, &header("|O", "False", "(1,)"), b""), "numpy.stack"),
    ] {
        fs::write(&path, bytes).unwrap();
        let error = NpyRows::open(&path).err().unwrap().to_string();
        assert!(error.contains(words), "{error}");
    }
    assert!(Npz::open(Path::new("/dev/zero")).is_err() && NpyRows::open(folder.path()).is_err());
}
