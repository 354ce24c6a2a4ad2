//! Films whose tables or coded data claim what cannot be: refused in words, without a panic and without memory for it.

use crate::support::{Cases, takes_at_most};
use monoscope::{
    config::ImageSize,
    data::{
        Remarks,
        film::{Film, is_film},
        image::resize,
    },
    predict::find_pictures,
};
use mp4_track::{
    AvcConfig, Codec, FourCc, Mp4Reader, Mp4Writer, SampleInput, SidecarBox, TrackConfig, TrackKind,
    WriterConfig,
};
use rand::RngExt;
use std::{
    fs::{self, File},
    io::{BufReader, Cursor},
    path::{Path, PathBuf},
};

fn street() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/films/street.mp4")
}

/// Coding of the film of the street, and its samples.
fn coding() -> (AvcConfig, Vec<Vec<u8>>) {
    let mut reader = Mp4Reader::open(BufReader::new(File::open(street()).unwrap())).unwrap();
    let track = reader.tracks()[0].clone();
    let Codec::H264 { config, .. } = track.codec else { panic!("the street is H.264") };
    let samples = (0..12).map(|index| reader.read_sample(track.id, index).unwrap().data).collect();
    (config, samples)
}

/// Parts of a sample (NAL units) behind their lengths.
fn sample(parts: &[Vec<u8>]) -> Vec<u8> {
    parts.iter().flat_map(|part| [&(part.len() as u32).to_be_bytes()[..], part].concat()).collect()
}

fn film(sps: &[Vec<u8>], pps: &[Vec<u8>], samples: &[Vec<u8>]) -> Vec<u8> {
    film_with(sps, pps, samples, 0, Vec::new())
}

/// Film with so many values of sound, each a sample of a byte, and with further boxes of the pictures' coding.
fn film_with(
    sps: &[Vec<u8>],
    pps: &[Vec<u8>],
    samples: &[Vec<u8>],
    values: usize,
    sidecars: Vec<SidecarBox>,
) -> Vec<u8> {
    let sets = |sets: &[Vec<u8>]| -> Vec<u8> {
        sets.iter().flat_map(|set| [&(set.len() as u16).to_be_bytes()[..], set].concat()).collect()
    };
    let raw = [&[1, 66, 0, 40, 0xFF, 0xE0 | sps.len() as u8][..], &sets(sps), &[pps.len() as u8], &sets(pps)]
        .concat();
    let config = AvcConfig {
        raw,
        profile: 66,
        profile_compat: 0,
        level: 40,
        nal_length_size: 4,
        sps: sps.to_vec(),
        pps: pps.to_vec(),
        sidecars,
    };
    let track = |kind, codec, [width, height]: [f64; 2]| TrackConfig {
        kind,
        timescale: 1000,
        language: "und".to_owned(),
        handler_name: "track".to_owned(),
        codec,
        width,
        height,
        edit_list: Vec::new(),
    };
    let mut writer = Mp4Writer::new(Cursor::new(Vec::new()), WriterConfig::default()).unwrap();
    let sound = (values > 0).then(|| {
        let codec = Codec::Other { entry: FourCc(*b"sowt"), raw: vec![0; 28] };
        writer.add_track(track(TrackKind::Audio, codec, [0.0; 2])).unwrap()
    });
    let codec = Codec::H264 { entry: FourCc(*b"avc1"), config };
    let pictures = writer.add_track(track(TrackKind::Video, codec, [164.0, 50.0])).unwrap();
    for (index, data) in samples.iter().enumerate() {
        let sample = SampleInput { data, duration: 100, cts_offset: 0, is_sync: index == 0 };
        writer.write_sample(pictures, &sample).unwrap();
    }
    for _ in 0..values {
        let sample = SampleInput { data: &[0], duration: 1, cts_offset: 0, is_sync: true };
        writer.write_sample(sound.unwrap(), &sample).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

/// Sequence parameter set (baseline profile, level 5.2) of a size in macroblocks, with so many reference frames, and cropping in
/// units of two pixels from the right and from below.
fn sequence(width: u64, height: u64, references: u64, crop: Option<[u64; 2]>) -> Vec<u8> {
    let mut bits: Vec<bool> = Vec::new();
    let unsigned = |bits: &mut Vec<bool>, value: u64| {
        let length = 64 - (value + 1).leading_zeros() as usize;
        bits.extend(vec![false; length - 1]);
        bits.extend((0..length).rev().map(|bit| (value + 1) >> bit & 1 == 1));
    };
    // Identifier, length of frame numbers, order of display.
    for value in [0, 0, 2, references] {
        unsigned(&mut bits, value);
    }
    bits.push(false);
    unsigned(&mut bits, width - 1);
    unsigned(&mut bits, height - 1);
    bits.extend([true, true, crop.is_some()]);
    if let Some([right, below]) = crop {
        for value in [0, right, 0, below] {
            unsigned(&mut bits, value);
        }
    }
    // No further parameters; the end.
    bits.extend([false, true]);
    bits.resize(bits.len().next_multiple_of(8), false);
    let content = bits.chunks(8).map(|byte| byte.iter().fold(0, |byte, bit| byte << 1 | u8::from(*bit)));
    let mut set = vec![0x67, 66, 0, 52];
    for byte in content {
        if matches!(set[..], [.., 0, 0]) && byte <= 3 {
            set.push(3);
        }
        set.push(byte);
    }
    set
}

/// Opens a film, reads all of it, and holds both to an amount of memory; returns the reasons of what failed.
fn reasons(bytes: &[u8], memory: u64) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("film.mp4");
    fs::write(&path, bytes).unwrap();
    let mut reasons = Vec::new();
    takes_at_most(memory, || match Film::open(&path) {
        Ok(film) => {
            let frames = (0..film.frame_count()).map(|index| film.frame(index));
            reasons.extend(frames.filter_map(Result::err).map(|error| error.to_string()));
        }
        Err(error) => reasons.push(error.to_string()),
    });
    for reason in &reasons {
        assert!(reason.len() < 600 && !reason.contains("panic") && !reason.contains('\n'), "{reason}");
    }
    reasons
}

#[test]
fn a_film_that_is_written_anew_plays() {
    let (config, samples) = coding();
    assert_eq!(reasons(&film(&config.sps, &config.pps, &samples), 4 << 20), [""; 0]);
}

#[test]
fn pixels_become_square_as_the_container_or_the_coding_says() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("wide.mp4");
    let open = |bytes: Vec<u8>| {
        fs::write(&path, bytes).unwrap();
        Film::open(&path).unwrap()
    };
    let (config, samples) = coding();
    // Written anew, it is shown in the order of its coding.
    let plain = open(film(&config.sps, &config.pps, &samples)).frame(3).unwrap();
    assert!(Film::open(&street()).unwrap().remarks().is_empty());
    for (stated, width, words) in [
        ([3u32, 2], 246, "1.5 times as wide as high"),
        ([10, 11], 149, "0.91 times as wide as high"),
        // Rounding and damage.
        ([1000, 1001], 164, ""),
        ([u32::MAX, 1], 164, ""),
        ([1, 0], 164, ""),
    ] {
        let payload = stated.map(u32::to_be_bytes).concat();
        let aspect = SidecarBox { kind: FourCc(*b"pasp"), payload };
        let film = open(film_with(&config.sps, &config.pps, &samples, 0, vec![aspect]));
        let size = ImageSize { height: 50, width };
        assert_eq!(film.size(), size, "{stated:?}");
        assert!(film.frame(3).unwrap() == resize(&plain, size), "{stated:?}");
        let said: Vec<String> = film.remarks().into_iter().map(|(_, what)| what).collect();
        assert_eq!(said.len(), usize::from(width != 164));
        assert!(said.concat().contains(words), "{said:?}");
    }
    // Parameter sets as x264 writes them for 160 × 96 pixels that are twice as wide as high.
    let sequence = [
        0x67, 0x64, 0, 0x0A, 0xAC, 0xD9, 0x42, 0x8D, 0xB1, 1, 0, 0, 3, 0, 1, 0, 0, 3, 0, 0x14, 0x0F, 0x12,
        0x25, 0x96,
    ];
    let picture = [0x68, 0xEB, 0xE3, 0xCB, 0x22, 0xC0];
    let film = open(film(&[sequence.to_vec()], &[picture.to_vec()], &samples));
    assert_eq!(film.size(), ImageSize { height: 96, width: 320 });
    let mut remarks = Remarks::default();
    find_pictures(&path, None).unwrap().images.iter().for_each(|picture| picture.remark(&mut remarks));
    let said: Vec<String> = remarks.iter().map(ToString::to_string).collect();
    assert_eq!(said, ["1 film with pixels 2 times as wide as high, stretched to square ones (wide)"]);
}

#[test]
fn an_empty_parameter_set_is_refused() {
    let (config, samples) = coding();
    for (sps, pps) in [(vec![Vec::new()], config.pps.clone()), (config.sps.clone(), vec![Vec::new()])] {
        assert!(reasons(&film(&sps, &pps, &samples), 1 << 20)[0].contains("empty"));
    }
    // A part without content in a sample is none.
    let with_empty = [sample(&[Vec::new()]), samples[0].clone()].concat();
    assert_eq!(reasons(&film(&config.sps, &config.pps, &[with_empty]), 4 << 20), [""; 0]);
}

#[test]
fn sizes_that_wrap_are_refused_wherever_they_stand() {
    let (config, samples) = coding();
    let hostile = [
        // Products and sums of these wrap in 32 or 64 bits.
        sequence(1 << 31, 1 << 31, 1, None),
        sequence((1 << 32) - 1, 1 << 30, 1, None),
        sequence(11, 4, 1, Some([u64::from(u32::MAX) - 1, 1])),
        sequence(11, 4, 1, Some([1, u64::from(u32::MAX) - 1])),
        // What is shown is small, what is coded is not.
        sequence(512, 256, 1, Some([4000, 2000])),
        sequence(11, 4, u64::from(u32::MAX) - 1, None),
    ];
    for set in hostile {
        let second = [config.sps.clone(), vec![set.clone()]].concat();
        let in_band = [sample(std::slice::from_ref(&set)), samples[0].clone()].concat();
        // Where a part ends is told by its length, but decoders look for start codes.
        let hidden = sample(&[[&[0x06, 0, 0, 1][..], &set].concat()]);
        for bytes in [
            film(std::slice::from_ref(&set), &config.pps, &samples),
            film(&second, &config.pps, &samples),
            film(&config.sps, &config.pps, &[in_band]),
            film(&config.sps, &config.pps, &[[hidden, samples[0].clone()].concat()]),
        ] {
            assert!(!reasons(&bytes, 4 << 20).is_empty(), "{set:?} is taken");
        }
    }
}

#[test]
fn few_bytes_get_no_memory_for_large_frames() {
    let (config, samples) = coding();
    let large = film(&[sequence(256, 128, 16, None)], &config.pps, &samples);
    let reason = &reasons(&large, 1 << 20)[0];
    assert!(reason.contains("far more than"), "{reason}");
    // A slice that states four thousand million references.
    let slice = [&[0x41, 0x9A, 0x02][..], &[0xFF; 40]].concat();
    let many = [samples[0].clone(), sample(&[slice])];
    reasons(&film(&config.sps, &config.pps, &many), 4 << 20);
}

#[test]
fn more_pictures_than_bytes_are_refused() {
    let (config, samples) = coding();
    let mut bytes = film(&config.sps, &config.pps, &samples[..1]);
    let table =
        |bytes: &[u8], name: &[u8; 4]| bytes.windows(4).position(|window| window == name).unwrap() + 4;
    // One size for half a million pictures.
    let (sizes, times, chunks) = (table(&bytes, b"stsz"), table(&bytes, b"stts"), table(&bytes, b"stsc"));
    let count = 500_000u32.to_be_bytes();
    bytes[sizes + 4..sizes + 8].copy_from_slice(&1u32.to_be_bytes());
    bytes[sizes + 8..sizes + 12].copy_from_slice(&count);
    bytes[times + 8..times + 12].copy_from_slice(&count);
    bytes[chunks + 12..chunks + 16].copy_from_slice(&count);
    assert_eq!(reasons(&bytes, 1 << 20).len(), 1);
}

#[test]
fn values_of_sound_are_no_pictures() {
    let (config, samples) = coding();
    let bytes = film_with(&config.sps, &config.pps, &samples, 20_000, Vec::new());
    assert_eq!(reasons(&bytes, 4 << 20), [""; 0]);
}

fn check_random_slices(cases: Cases) {
    let (config, samples) = coding();
    cases.run(|seed, random| {
        let mut slices = samples[..3].to_vec();
        let slice = &mut slices[(seed % 3) as usize];
        // Behind the head of the slice, which the checks read.
        let from = slice.len().min(if seed % 2 == 0 { 12 } else { slice.len() / 2 });
        for byte in &mut slice[from..] {
            *byte = random.random();
        }
        reasons(&film(&config.sps, &config.pps, &slices), 4 << 20);
    });
}

#[test]
fn random_slices_cost_their_picture_only() {
    check_random_slices(Cases(0..300));
}

#[test]
#[ignore = "takes seconds: 3000 films of random slices"]
fn random_slices_cost_their_picture_only_in_full() {
    check_random_slices(Cases(0..3000));
}

#[test]
fn films_are_told_by_content_and_others_come_with_the_command_that_mends_them() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    fs::copy(street(), path("false.avi")).unwrap();
    assert!(is_film(&path("false.avi")));
    assert_eq!(Film::open(&path("false.avi")).unwrap().frame_count(), 12);
    fs::write(path("a b.mkv"), b"\x1A\x45\xDF\xA3 and so on").unwrap();
    let reason = find_pictures(&path("a b.mkv"), None).err().unwrap().to_string();
    let command = "ffmpeg -i '";
    assert!(
        reason.contains("Matroska") && reason.contains(command) && reason.contains("a b_h264.mp4'"),
        "{reason}"
    );
    assert!(!reason.contains('\n'));
    // A picture is one whatever its ending.
    image::RgbImage::new(8, 8).save_with_format(path("picture.mp4"), image::ImageFormat::Png).unwrap();
    assert_eq!(
        find_pictures(&path("picture.mp4"), None).unwrap().images[0].read().unwrap().dimensions(),
        (8, 8)
    );
}

#[test]
fn a_folder_of_films_gives_the_pictures_of_all_that_can_be_read() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["10.mp4", "2.mp4"] {
        fs::copy(street(), folder.path().join(name)).unwrap();
    }
    fs::write(folder.path().join("3.mp4"), "no film").unwrap();
    let pictures = find_pictures(folder.path(), None).unwrap().images;
    let names: Vec<&str> = pictures.iter().map(|picture| picture.name.as_str()).collect();
    assert_eq!((names.len(), names[0], names[12], names[13]), (25, "2/000001", "3", "10/000001"));
    assert!(pictures[12].read().unwrap_err().to_string().contains("3.mp4"));
}
