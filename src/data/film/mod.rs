//! Films: H.264 in MP4 or QuickTime files, decoded frame by frame in display order.

mod container;
mod decoder;
mod kind;
mod memory;
mod track;

pub use kind::{ENDINGS, is_film};

use super::{
    DataError, RemarkKind,
    image::{resize, turn, turned_size},
    regular_file::open_regular,
    unreadable::io_reason,
};
use crate::{config::ImageSize, panics::guard};
use container::PicturesOnly;
use decoder::{GuardedDecoder, Refusal};
use image::{RgbImage, metadata::Orientation};
use kind::{begins_as_mp4, foreign, mending};
use memory::{FilmMemory, max_waiting};
use mp4_track::{Limits, Mp4Reader, SampleInfo, TrackKind};
use rusty_h264_common::YuvFrame;
use std::{
    collections::BTreeMap,
    fs::File,
    io::BufReader,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};
use track::{ColourSpace, Track};
use yuv::YuvPlanarImage;

/// Opened film. Frames can be read in any order; in display order each is decoded once.
pub struct Film {
    path: PathBuf,
    track: Track,
    orientation: Orientation,
    memory: FilmMemory,
    /// Display index of each sample; `None` for one that is not shown.
    index_of: Vec<Option<usize>>,
    decoding: Mutex<Decoding>,
}

/// Reason why a film cannot be opened.
enum Unopened {
    /// Other kind of film, of which programs can make one that can be read.
    Foreign(String),
    /// File without pictures that any program could find.
    Lost(&'static str),
}

impl From<String> for Unopened {
    fn from(reason: String) -> Self {
        Self::Foreign(reason)
    }
}

/// State of the decoder.
struct Decoding {
    file: Mp4Reader<BufReader<PicturesOnly<File>>>,
    decoder: GuardedDecoder,
    /// Sample that the decoder expects next.
    next: usize,
    /// Frames decoded before their display, by display index.
    waiting: BTreeMap<usize, Result<YuvFrame, String>>,
}

impl Film {
    /// Opens a film, reads its tables and tries to decode its first picture.
    ///
    /// # Errors
    /// The file does not exist, is damaged, or is not H.264 with 8 bits and 4:2:0, frame by frame.
    pub fn open(path: &Path) -> Result<Self, DataError> {
        let (file, length) = open_regular(path).map_err(|error| unreadable(path, io_reason(&error)))?;
        let memory = FilmMemory { file_bytes: length };
        let mut limits = Limits::default();
        limits.max_sample_count = memory.max_samples();
        if length == 0 {
            return Err(unreadable(path, "it is empty: get it once more"));
        }
        let read_tables = || {
            let file = PicturesOnly::new(file).map_err(|error| io_reason(&error))?;
            if !file.has_contents() && begins_as_mp4(path) {
                let reason = "it is cut off: its table of contents (moov), without which no picture is found, is not \
                              there or not whole; get it once more";
                return Err(Unopened::Lost(reason));
            }
            let orientation = file.orientation();
            let file = Mp4Reader::open_with(BufReader::new(file), limits)
                .map_err(|error| format!("it is no MP4 or MOV film, or is damaged ({error})"))?;
            if !file.tracks().iter().any(|track| track.kind == TrackKind::Video) {
                return Err(Unopened::Lost("there are no pictures in it, at most sound; choose another"));
            }
            let track = Track::of(&file, memory)?;
            Ok((file, track, orientation))
        };
        let opened = match foreign(path) {
            Some(kind) => Err(Unopened::from(format!("it is {kind}, and only MP4 and MOV can be read"))),
            None => guard(read_tables).map_err(Unopened::from).and_then(|tables| tables),
        };
        let (file, track, orientation) = opened.map_err(|unopened| match unopened {
            Unopened::Foreign(reason) => unreadable(path, format!("{reason}; {}", mending(path))),
            Unopened::Lost(reason) => unreadable(path, reason),
        })?;
        let mut index_of = vec![None; track.samples.len()];
        for (index, sample) in track.shown.iter().enumerate() {
            index_of[*sample] = Some(index);
        }
        let decoder = GuardedDecoder::new(memory);
        let decoding = Decoding { file, decoder, next: usize::MAX, waiting: BTreeMap::new() };
        let decoding = Mutex::new(decoding);
        let film = Self { path: path.to_owned(), track, orientation, memory, index_of, decoding };
        film.check_support()?;
        Ok(film)
    }

    /// Decodes the first key frame, to tell at once if the decoder does not know how.
    fn check_support(&self) -> Result<(), DataError> {
        let mut decoding = self.decoding.lock().unwrap_or_else(PoisonError::into_inner);
        let first = self.track.samples.iter().position(|sample| sample.is_sync).unwrap_or(0);
        let outcome = self.restart(&mut decoding, first).and_then(|()| self.decode(&mut decoding, first));
        self.release(&mut decoding);
        match outcome {
            Err(Refusal::Unsupported(reason)) => {
                Err(unreadable(&self.path, format!("{reason}; {}", mending(&self.path))))
            }
            _ => Ok(()),
        }
    }

    /// Path of the file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Number of frames.
    pub fn frame_count(&self) -> usize {
        self.track.shown.len()
    }

    /// Size of the frames as they are shown: with square pixels and turned.
    pub fn size(&self) -> ImageSize {
        turned_size(self.track.square_size(), self.orientation)
    }

    /// Decisions about the film, as [`Remarks::add`](super::Remarks::add) takes them.
    pub fn remarks(&self) -> Vec<(RemarkKind, String)> {
        let mut remarks = Vec::new();
        if self.orientation != Orientation::NoTransforms {
            remarks.push((RemarkKind::Turned, "films turned by the matrix of the track".to_owned()));
        }
        let aspect = self.track.pixel_aspect;
        if aspect != 1.0 {
            let rounded = (100.0 * aspect).round() / 100.0;
            let what = format!("films with pixels {rounded} times as wide as high, stretched to square ones");
            remarks.push((RemarkKind::Resized, what));
        }
        remarks
    }

    /// Decodes the frame at a display index, from 0. Unless indices rise, decoding restarts from the last key
    /// frame.
    ///
    /// # Errors
    /// There is no such frame, or it is damaged.
    pub fn frame(&self, index: usize) -> Result<RgbImage, DataError> {
        let damaged = |reason: String| unreadable(&self.path, format!("picture {}: {reason}", index + 1));
        let wanted = *self.track.shown.get(index).ok_or_else(|| damaged("the film is shorter".to_owned()))?;
        // After a panic the decoder may be in an undefined state, which the next restart resets.
        let mut decoding = self.decoding.lock().unwrap_or_else(PoisonError::into_inner);
        let frame = self.decode_until(&mut decoding, index, wanted);
        if index + 1 == self.frame_count() {
            self.release(&mut decoding);
        }
        frame.and_then(|frame| self.to_rgb(&frame)).map_err(damaged)
    }

    fn decode_until(&self, decoding: &mut Decoding, index: usize, wanted: usize) -> Result<YuvFrame, String> {
        if let Some(frame) = decoding.waiting.remove(&index) {
            return frame;
        }
        let start = (0..=wanted).rev().find(|sample| self.track.samples[*sample].is_sync).unwrap_or(0);
        if decoding.next > wanted || decoding.next < start {
            self.restart(decoding, start).map_err(Refusal::reason)?;
        }
        while decoding.next <= wanted {
            let sample = decoding.next;
            // A panic leaves this, so that the next call restarts.
            decoding.next = usize::MAX;
            let frame = self.decode(decoding, sample).map_err(Refusal::reason);
            decoding.next = sample + 1;
            if sample == wanted {
                return frame;
            }
            if let Some(index) = self.index_of[sample] {
                decoding.waiting.insert(index, frame);
            }
            while decoding.waiting.len() as u64 > max_waiting(u64::from(self.track.references)) {
                decoding.waiting.pop_first();
            }
        }
        Err("it comes after the end".to_owned())
    }

    fn restart(&self, decoding: &mut Decoding, sample: usize) -> Result<(), Refusal> {
        self.release(decoding);
        decoding.decoder.decode(&self.track.parameter_sets)?;
        decoding.next = sample;
        Ok(())
    }

    /// Frees the frames that the decoder holds: the next frame restarts it.
    fn release(&self, decoding: &mut Decoding) {
        decoding.decoder = GuardedDecoder::new(self.memory);
        decoding.waiting.clear();
        decoding.next = usize::MAX;
    }

    fn decode(&self, decoding: &mut Decoding, sample: usize) -> Result<YuvFrame, Refusal> {
        let SampleInfo { index, offset, size, .. } = self.track.samples[sample];
        if offset.saturating_add(u64::from(size)) > self.memory.file_bytes {
            return Err(Refusal::Damaged("the film is cut off before its end".to_owned()));
        }
        let sample = decoding.file.read_sample(self.track.id, index);
        let sample = sample.map_err(|error| Refusal::Damaged(error.to_string()))?;
        let access_unit = self.track.with_start_codes(&sample.data).map_err(Refusal::Damaged)?;
        drop(sample);
        let frame = decoding.decoder.decode(&access_unit)?;
        let frame = frame.ok_or_else(|| Refusal::Damaged("there is no picture in its data".to_owned()))?;
        if (frame.width, frame.height) != (self.track.size.width, self.track.size.height) {
            return Err(Refusal::Damaged(format!("it changes its size to {}×{}", frame.width, frame.height)));
        }
        Ok(frame)
    }

    fn to_rgb(&self, frame: &YuvFrame) -> Result<RgbImage, String> {
        let ColourSpace { range, matrix } = self.track.colours;
        let (width, height) = (frame.width as u32, frame.height as u32);
        let planes = YuvPlanarImage {
            y_plane: &frame.y,
            y_stride: width,
            u_plane: &frame.u,
            u_stride: width.div_ceil(2),
            v_plane: &frame.v,
            v_stride: width.div_ceil(2),
            width,
            height,
        };
        let mut image = RgbImage::new(width, height);
        yuv::yuv420_to_rgb(&planes, &mut image, width * 3, range, matrix)
            .map_err(|error| error.to_string())?;
        let size = self.track.square_size();
        let image = if size == self.track.size { image } else { resize(&image, size) };
        Ok(turn(image, self.orientation))
    }
}

fn unreadable(path: &Path, reason: impl Into<String>) -> DataError {
    DataError::unreadable("film", path, reason)
}
