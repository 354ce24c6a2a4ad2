//! Video track of an MP4 or QuickTime file: positions and coding of its samples.

use super::memory::FilmMemory;
use crate::{config::ImageSize, panics::guard};
use h264_reader::nal::{
    Nal, RefNal,
    sps::{ChromaFormat, SeqParameterSet},
};
use mp4_track::{AvcConfig, Codec, Mp4Reader, SampleInfo, TrackId, TrackKind};
use std::{
    io::{Read, Seek},
    ops::RangeInclusive,
};
use yuv::{YuvRange, YuvStandardMatrix};

const START_CODE: [u8; 4] = [0, 0, 0, 1];
/// Widths of pixels, in heights of theirs, that films have: DV 0.9 to 1.46, HDV 1.33, lenses that squeeze at most 2.
const PIXEL_ASPECTS: RangeInclusive<f64> = 0.25..=4.0;
/// Difference from 1 below which pixels count as square: tools write such where they round sizes.
const SQUARE: f64 = 0.01;
/// Largest height of standard definition, pixels: above it, films without a colour description have the
/// colours of high definition.
const STANDARD_DEFINITION: usize = 576;

/// Conversion of coded luma and chroma to RGB.
#[derive(Clone, Copy)]
pub struct ColourSpace {
    /// Range of luma: black is 16 or 0.
    pub range: YuvRange,
    /// Weights of the three colours.
    pub matrix: YuvStandardMatrix,
}

/// Video track, with everything that decoding needs.
pub struct Track {
    /// Identifier in the file.
    pub id: TrackId,
    /// Coded frames in decoding order.
    pub samples: Vec<SampleInfo>,
    /// Indices of the samples that are shown, in the order of their display.
    pub shown: Vec<usize>,
    /// Sequence and picture parameter sets, each behind a start code.
    pub parameter_sets: Vec<u8>,
    /// Size of the frames as they are coded.
    pub size: ImageSize,
    /// Width of a pixel in heights of it.
    pub pixel_aspect: f64,
    /// Most reference frames.
    pub references: u32,
    /// Colour space of the frames.
    pub colours: ColourSpace,
    /// Size in bytes of the length before each part (NAL unit) of a sample.
    length_bytes: usize,
}

impl Track {
    /// First video track of a file.
    ///
    /// # Errors
    /// There is none, or it cannot be decoded.
    pub fn of<R: Read + Seek>(container: &Mp4Reader<R>, memory: FilmMemory) -> Result<Self, String> {
        let track = container.tracks().iter().find(|track| track.kind == TrackKind::Video);
        let track = track.ok_or("there are no pictures in it")?;
        let config = match &track.codec {
            Codec::H264 { config, .. } => config,
            Codec::H265 { entry, .. } | Codec::Other { entry, .. } => {
                return Err(format!(
                    "its pictures are coded as {entry}, and only H.264 (avc1) can be decoded"
                ));
            }
            Codec::Aac { .. } | Codec::Opus { .. } => {
                return Err("its pictures are coded as sound".to_owned());
            }
        };
        if config.sps.iter().chain(&config.pps).any(Vec::is_empty) {
            return Err("one of its parameter sets is empty".to_owned());
        }
        let sequence = config.sps.first().ok_or("it has no sequence parameter set")?;
        let parse = || SeqParameterSet::from_bits(RefNal::new(sequence, &[], true).rbsp_bits());
        let sequence =
            guard(parse)?.map_err(|_| "its sequence parameter set is damaged: copy the film again")?;
        let size = frame_size(&sequence)?;
        let pixel_aspect = pixel_aspect(config, &sequence);
        let width = size.width.max(square_width(size, pixel_aspect));
        memory.check(ImageSize { width, ..size }, sequence.max_num_ref_frames)?;
        let samples: Vec<SampleInfo> =
            container.samples(track.id).map_err(|error| error.to_string())?.collect();
        if samples.is_empty() {
            return Err("there are no pictures in it".to_owned());
        }
        let shown = shown(&samples, track, container.movie_timescale());
        let sets = config.sps.iter().chain(&config.pps);
        Ok(Self {
            id: track.id,
            samples,
            shown,
            parameter_sets: sets.flat_map(|set| START_CODE.iter().chain(set)).copied().collect(),
            size,
            pixel_aspect,
            references: sequence.max_num_ref_frames,
            colours: colours(&sequence, size),
            length_bytes: usize::from(config.nal_length_size),
        })
    }

    /// Size of the frames with square pixels.
    pub fn square_size(&self) -> ImageSize {
        ImageSize { width: square_width(self.size, self.pixel_aspect), ..self.size }
    }

    /// Replaces the lengths before the parts (NAL units) of a sample by start codes, as decoders expect.
    ///
    /// # Errors
    /// The lengths exceed the sample.
    pub fn with_start_codes(&self, sample: &[u8]) -> Result<Vec<u8>, String> {
        let mut access_unit = Vec::with_capacity(sample.len() + START_CODE.len());
        let mut rest = sample;
        while !rest.is_empty() {
            let split = rest.split_at_checked(self.length_bytes).and_then(|(length, rest)| {
                let length = length.iter().fold(0, |length, byte| length << 8 | usize::from(*byte));
                rest.split_at_checked(length)
            });
            let (part, after) = split.ok_or("its parts are longer than itself")?;
            access_unit.extend(START_CODE);
            access_unit.extend(part);
            rest = after;
        }
        Ok(access_unit)
    }
}

/// Samples in the order of their display, without those that the edit list cuts away (ISO/IEC 14496-12, 8.6.6).
fn shown(samples: &[SampleInfo], track: &mp4_track::Track, movie_timescale: u32) -> Vec<usize> {
    /// Most edits that are followed; a cut film has a few.
    const MAX_EDITS: usize = 64;
    let mut by_time: Vec<usize> = (0..samples.len()).collect();
    by_time.sort_by_key(|sample| samples[*sample].pts);
    if track.edit_list.len() > MAX_EDITS {
        return by_time;
    }
    let mut is_shown = vec![false; samples.len()];
    let mut shown = Vec::new();
    for edit in &track.edit_list {
        let Some(start) = edit.media_time.map(i128::from) else { continue };
        let length = i128::from(edit.segment_duration) * i128::from(track.timescale)
            / i128::from(movie_timescale.max(1));
        // A frame belongs to an edit if its middle does, because times are rounded.
        let middle = |sample: &SampleInfo| i128::from(sample.pts) + i128::from(sample.duration / 2);
        for sample in &by_time {
            let time = middle(&samples[*sample]);
            if time >= start && (length == 0 || time < start + length) && !is_shown[*sample] {
                is_shown[*sample] = true;
                shown.push(*sample);
            }
        }
    }
    if shown.is_empty() { by_time } else { shown }
}

/// Size of the frames, after checking that their format can be decoded.
fn frame_size(sequence: &SeqParameterSet) -> Result<ImageSize, String> {
    let chroma = &sequence.chroma_info;
    if chroma.chroma_format != ChromaFormat::YUV420
        || chroma.bit_depth_luma_minus8 != 0
        || chroma.bit_depth_chroma_minus8 != 0
    {
        return Err("only 8 bits with 4:2:0 colours can be decoded, and it has others".to_owned());
    }
    let size = sequence.pixel_dimensions();
    let (width, height) = size.map_err(|_| "its size is damaged: copy the film again")?;
    Ok(ImageSize { height: height as usize, width: width as usize })
}

/// Width of a pixel in heights of it, by the container (`pasp`) or else by the coded film.
fn pixel_aspect(config: &AvcConfig, sequence: &SeqParameterSet) -> f64 {
    let stated = |width: u32, height: u32| {
        let aspect = f64::from(width) / f64::from(height);
        // Anything else is damage.
        PIXEL_ASPECTS.contains(&aspect).then_some(aspect)
    };
    let container = config.sidecars.iter().find(|part| part.kind.0 == *b"pasp");
    let container = container.and_then(|part| {
        let (numbers, _) = part.payload.as_chunks::<4>();
        stated(u32::from_be_bytes(*numbers.first()?), u32::from_be_bytes(*numbers.get(1)?))
    });
    let coded = sequence.vui_parameters.as_ref().and_then(|vui| vui.aspect_ratio_info.as_ref()?.get());
    let coded = coded.and_then(|(width, height)| stated(width.into(), height.into()));
    container.or(coded).filter(|aspect| (aspect - 1.0).abs() > SQUARE).unwrap_or(1.0)
}

fn square_width(size: ImageSize, pixel_aspect: f64) -> usize {
    ((size.width as f64 * pixel_aspect).round() as usize).max(1)
}

/// Colour space by the film's description (ITU-T H.264, E.2.1), else the usual one for its size.
fn colours(sequence: &SeqParameterSet, size: ImageSize) -> ColourSpace {
    let signal = sequence.vui_parameters.as_ref().and_then(|vui| vui.video_signal_type.as_ref());
    let is_full = signal.is_some_and(|signal| signal.video_full_range_flag);
    let described = signal.and_then(|signal| signal.colour_description.as_ref());
    let matrix = match described.map(|colours| colours.matrix_coefficients) {
        Some(1) => YuvStandardMatrix::Bt709,
        Some(5 | 6) => YuvStandardMatrix::Bt601,
        Some(9 | 10) => YuvStandardMatrix::Bt2020,
        _ if size.height > STANDARD_DEFINITION => YuvStandardMatrix::Bt709,
        _ => YuvStandardMatrix::Bt601,
    };
    ColourSpace { range: if is_full { YuvRange::Full } else { YuvRange::Limited }, matrix }
}
