//! Films: H.264 in MP4 or QuickTime files, decoded frame by frame in display order.

mod track;

use super::DataError;
use crate::config::ImageSize;
use image::RgbImage;
use mp4_track::Mp4Reader;
use rusty_h264_decoder::Decoder;
use std::{
    collections::BTreeMap,
    fs::File,
    io::BufReader,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};
use track::{ColourSpace, Track};
use yuv::YuvPlanarImage;

/// Endings of film files.
pub const ENDINGS: [&str; 3] = ["mp4", "m4v", "mov"];
/// Most frames that are decoded before their display, one more than H.264 allows (ITU-T H.264, A.3.1,
/// MaxDpbFrames).
const MAX_WAITING: usize = 17;

/// Opened film. Frames can be read in any order; in display order each is decoded once.
pub struct Film {
    path: PathBuf,
    track: Track,
    /// Sample of each frame, by display index.
    sample_at: Vec<usize>,
    /// Display index of each sample.
    index_of: Vec<usize>,
    decoding: Mutex<Decoding>,
}

/// State of the decoder.
struct Decoding {
    file: Mp4Reader<BufReader<File>>,
    decoder: Decoder,
    /// Sample that the decoder expects next.
    next: usize,
    /// Frames decoded before their display, by display index.
    waiting: BTreeMap<usize, Result<RgbImage, String>>,
}

impl Film {
    /// Opens a film and reads its tables.
    ///
    /// # Errors
    /// The file does not exist, is damaged, or is not H.264 with 8 bits and 4:2:0.
    pub fn open(path: &Path) -> Result<Self, DataError> {
        let file = File::open(path).map_err(|error| unreadable(path, error.to_string()))?;
        let opened =
            Mp4Reader::open(BufReader::new(file)).map_err(|error| format!("no MP4 or MOV file ({error})"));
        let (file, track) =
            opened.and_then(|file| Track::of(&file).map(|track| (file, track))).map_err(|reason| {
                unreadable(path, format!("{reason}; make pictures of it: ffmpeg -i film.mp4 film/%06d.png"))
            })?;
        let mut sample_at: Vec<usize> = (0..track.samples.len()).collect();
        sample_at.sort_by_key(|sample| track.samples[*sample].pts);
        let mut index_of = vec![0; sample_at.len()];
        for (index, sample) in sample_at.iter().enumerate() {
            index_of[*sample] = index;
        }
        let decoding = Decoding { file, decoder: Decoder::new(), next: usize::MAX, waiting: BTreeMap::new() };
        Ok(Self { path: path.to_owned(), track, sample_at, index_of, decoding: Mutex::new(decoding) })
    }

    /// Path of the file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Number of frames.
    pub fn frame_count(&self) -> usize {
        self.sample_at.len()
    }

    /// Size of the frames.
    pub fn size(&self) -> ImageSize {
        self.track.size
    }

    /// Decodes the frame at a display index, from 0. Unless indices rise, decoding restarts from the last key
    /// frame.
    ///
    /// # Errors
    /// There is no such frame, or it is damaged.
    pub fn frame(&self, index: usize) -> Result<RgbImage, DataError> {
        let damaged = |reason: String| unreadable(&self.path, format!("picture {}: {reason}", index + 1));
        let wanted = *self.sample_at.get(index).ok_or_else(|| damaged("the film is shorter".to_owned()))?;
        // After a panic the decoder may be in an undefined state, which the next restart resets.
        let mut decoding = self.decoding.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(frame) = decoding.waiting.remove(&index) {
            return frame.map_err(damaged);
        }
        let start = (0..=wanted).rev().find(|sample| self.track.samples[*sample].is_sync).unwrap_or(0);
        if decoding.next > wanted || decoding.next < start {
            self.restart(&mut decoding, start).map_err(damaged)?;
        }
        while decoding.next <= wanted {
            let sample = decoding.next;
            let frame = self.decode(&mut decoding, sample);
            decoding.next = sample + 1;
            if sample == wanted {
                return frame.map_err(damaged);
            }
            decoding.waiting.insert(self.index_of[sample], frame);
            while decoding.waiting.len() > MAX_WAITING {
                decoding.waiting.pop_first();
            }
        }
        Err(damaged("it comes after the end".to_owned()))
    }

    fn restart(&self, decoding: &mut Decoding, sample: usize) -> Result<(), String> {
        decoding.decoder = Decoder::new();
        decoding.waiting.clear();
        decoding.next = sample;
        decoding.decoder.decode(&self.track.parameter_sets).map_err(|error| error.to_string())?;
        Ok(())
    }

    fn decode(&self, decoding: &mut Decoding, sample: usize) -> Result<RgbImage, String> {
        let index = self.track.samples[sample].index;
        let track = self.track.id;
        let sample = decoding.file.read_sample(track, index).map_err(|error| error.to_string())?;
        let access_unit = self.track.with_start_codes(&sample.data)?;
        let frame = decoding.decoder.decode(&access_unit).map_err(|error| error.to_string())?;
        let frame = frame.ok_or("there is no picture in its data")?;
        if (frame.width, frame.height) != (self.track.size.width, self.track.size.height) {
            return Err(format!("it changes its size to {}×{}", frame.width, frame.height));
        }
        let (width, height) = (frame.width as u32, frame.height as u32);
        self.to_rgb(&YuvPlanarImage {
            y_plane: &frame.y,
            y_stride: width,
            u_plane: &frame.u,
            u_stride: width.div_ceil(2),
            v_plane: &frame.v,
            v_stride: width.div_ceil(2),
            width,
            height,
        })
    }

    fn to_rgb(&self, planes: &YuvPlanarImage<'_, u8>) -> Result<RgbImage, String> {
        let ColourSpace { range, matrix } = self.track.colours;
        let mut image = RgbImage::new(planes.width, planes.height);
        yuv::yuv420_to_rgb(planes, &mut image, planes.width * 3, range, matrix)
            .map_err(|error| error.to_string())?;
        Ok(image)
    }
}

fn unreadable(path: &Path, reason: impl Into<String>) -> DataError {
    DataError::unreadable("film", path, reason)
}
