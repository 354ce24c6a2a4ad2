//! H.264 decoder behind checks and a guard: it allocates what a film states, and panics on some damaged films.

use super::memory::FilmMemory;
use crate::{config::ImageSize, panics::guard};
use rusty_h264_common::{
    BitReader, NalUnitType, YuvFrame,
    nal::{emulation_unprevent, split_annex_b},
};
use rusty_h264_decoder::{DecodeError, Decoder, Pps, Sps};
use std::collections::BTreeMap;

const START_CODE: [u8; 4] = [0, 0, 0, 1];
/// Largest identifier of a sequence parameter set (ITU-T H.264, 7.4.2.1.1).
const MAX_SEQUENCE: u32 = 31;
/// Largest identifier of a picture parameter set (ITU-T H.264, 7.4.2.2).
const MAX_PICTURE: u32 = 255;
/// Most reference frames of a list (ITU-T H.264, 7.4.3).
const MAX_REFERENCES: u32 = 32;

/// Reason why a part of a film is not decoded.
#[derive(Debug)]
pub enum Refusal {
    /// The film uses what the decoder does not know: all of it must be coded anew.
    Unsupported(String),
    /// This part is damaged.
    Damaged(String),
}

impl Refusal {
    /// Reason as a clause.
    pub fn reason(self) -> String {
        match self {
            Self::Unsupported(reason) | Self::Damaged(reason) => reason,
        }
    }
}

impl From<DecodeError> for Refusal {
    fn from(error: DecodeError) -> Self {
        match error {
            DecodeError::Unsupported(what) => Self::Unsupported(format!("it has {what}")),
            other => Self::Damaged(other.to_string()),
        }
    }
}

fn damaged(reason: &str) -> Refusal {
    Refusal::Damaged(reason.to_owned())
}

fn behind_start_code(part: &[u8]) -> Vec<u8> {
    [&START_CODE, part].concat()
}

/// Decoder that is given one part (NAL unit) at a time, after checking what the part makes it allocate.
pub struct GuardedDecoder {
    decoder: Decoder,
    memory: FilmMemory,
    /// Size of the macroblock grid of all sequences, in pixels.
    coded_size: Option<ImageSize>,
    /// Parameter sets by identifier, each with the part that it was read from.
    sequences: BTreeMap<u32, (Sps, Vec<u8>)>,
    pictures: BTreeMap<u32, (Pps, Vec<u8>)>,
}

impl GuardedDecoder {
    /// Decoder without parameter sets.
    pub fn new(memory: FilmMemory) -> Self {
        Self {
            decoder: Decoder::new(),
            memory,
            coded_size: None,
            sequences: BTreeMap::new(),
            pictures: BTreeMap::new(),
        }
    }

    /// Decodes parts behind start codes; returns the picture that they complete, if they do.
    ///
    /// # Errors
    /// A part is damaged, not supported or implausible; those after it are not decoded.
    pub fn decode(&mut self, annex_b: &[u8]) -> Result<Option<YuvFrame>, Refusal> {
        let mut frame = None;
        for part in split_annex_b(annex_b) {
            // The decoder splits what it is given once more, in the same way: it sees this part only.
            let outcome = guard(|| self.decode_part(part)).map_err(|reason| {
                self.recover();
                Refusal::Damaged(reason)
            });
            frame = outcome??.or(frame);
        }
        Ok(frame)
    }

    /// Replaces a decoder whose state is undefined after a panic, so that it can go on from the next key frame.
    fn recover(&mut self) {
        self.decoder = Decoder::new();
        let sequences = self.sequences.values().map(|(_, part)| part);
        for part in sequences.chain(self.pictures.values().map(|(_, part)| part)) {
            // It was taken before; without it, the pictures that need it are refused.
            let _ = guard(|| self.decoder.decode(&behind_start_code(part)));
        }
    }

    fn decode_part(&mut self, part: &[u8]) -> Result<Option<YuvFrame>, Refusal> {
        let Some((head, content)) = part.split_first() else { return Ok(None) };
        let content = emulation_unprevent(content);
        match NalUnitType::from_id(*head) {
            NalUnitType::Sps => {
                let sequence = Sps::parse(&content)?;
                self.check_sequence(&sequence)?;
                self.sequences.insert(sequence.seq_parameter_set_id, (sequence, part.to_vec()));
            }
            NalUnitType::Pps => {
                let picture = Pps::parse(&content)?;
                let lists = [picture.num_ref_idx_l0_default, picture.num_ref_idx_l1_default];
                if picture.pic_parameter_set_id > MAX_PICTURE
                    || lists.iter().any(|references| !(1..=MAX_REFERENCES).contains(references))
                {
                    return Err(damaged("its picture parameter set is implausible"));
                }
                self.pictures.insert(picture.pic_parameter_set_id, (picture, part.to_vec()));
            }
            NalUnitType::IdrSlice | NalUnitType::NonIdrSlice => {
                let is_idr = NalUnitType::from_id(*head) == NalUnitType::IdrSlice;
                self.check_slice(&content, is_idr)?;
            }
            _ => return Ok(None),
        }
        Ok(self.decoder.decode(&behind_start_code(part))?)
    }

    /// Checks the sizes that a sequence parameter set states, without trusting their sums.
    fn check_sequence(&mut self, sequence: &Sps) -> Result<(), Refusal> {
        let [width, height] =
            [sequence.pic_width_in_mbs, sequence.pic_height_in_mbs].map(|mbs| mbs.saturating_mul(16));
        let coded = ImageSize { height, width };
        self.memory.check(coded, sequence.max_num_ref_frames).map_err(Refusal::Damaged)?;
        let crop = |a: u32, b: u32, unit: usize| (u64::from(a) + u64::from(b)).saturating_mul(unit as u64);
        let columns = crop(sequence.frame_crop_left, sequence.frame_crop_right, 2);
        let rows = crop(sequence.frame_crop_top, sequence.frame_crop_bottom, sequence.crop_unit_y());
        if sequence.seq_parameter_set_id > MAX_SEQUENCE || columns >= width as u64 || rows >= height as u64 {
            return Err(damaged("its sequence parameter set is implausible"));
        }
        if self.coded_size.is_some_and(|size| size != coded) {
            return Err(Refusal::Damaged(format!("it changes its size to {coded}")));
        }
        self.coded_size = Some(coded);
        Ok(())
    }

    /// Checks the number of references that a slice states: the decoder allocates a table for them. Everything before it
    /// in the header is read as the decoder does (ITU-T H.264, 7.3.3).
    fn check_slice(&self, content: &[u8], is_idr: bool) -> Result<(), Refusal> {
        let too_short = |_| damaged("a slice ends in its header");
        let mut bits = BitReader::new(content);
        let mut number = || bits.read_ue().map_err(too_short);
        let (_first_macroblock, kind, picture) = (number()?, number()?, number()?);
        let (is_p, is_b) = (matches!(kind, 0 | 5), matches!(kind, 1 | 6));
        let Some((picture, _)) = self.pictures.get(&picture) else { return Ok(()) };
        let Some((sequence, _)) = self.sequences.get(&picture.seq_parameter_set_id) else { return Ok(()) };
        let mut header = || -> Result<u32, rusty_h264_common::bit_reader::OutOfData> {
            bits.read_bits(sequence.log2_max_frame_num)?;
            if !sequence.frame_mbs_only {
                bits.read_bit()?;
            }
            if is_idr {
                bits.read_ue()?;
            }
            if sequence.pic_order_cnt_type == 0 {
                bits.read_bits(sequence.log2_max_pic_order_cnt_lsb)?;
            }
            let has_delta = match sequence.pic_order_cnt_type {
                0 => picture.bottom_field_pic_order_present,
                1 if !sequence.delta_pic_order_always_zero => {
                    bits.read_se()?;
                    picture.bottom_field_pic_order_present
                }
                _ => false,
            };
            if has_delta {
                bits.read_se()?;
            }
            if picture.redundant_pic_cnt_present_flag {
                bits.read_ue()?;
            }
            if is_b {
                bits.read_bit()?;
            }
            let is_overridden = (is_p || is_b) && bits.read_bit()?;
            if !is_overridden {
                return Ok(0);
            }
            let first = bits.read_ue()?;
            Ok(if is_b { first.max(bits.read_ue()?) } else { first })
        };
        if header().map_err(too_short)? >= MAX_REFERENCES {
            return Err(damaged("a slice states more references than there can be"));
        }
        Ok(())
    }
}
