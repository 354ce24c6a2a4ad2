//! The memory that a pickle takes once its objects are made, from its instructions alone.
//!
//! The library that reads PyTorch's files makes the objects of a pickle without a limit of memory: an instruction of one
//! byte may make an object of a hundred bytes, or copy one of any size. So the instructions are followed first, with
//! the size of each object in place of the object.

use std::{
    collections::HashMap,
    io::{self, BufRead, Error, ErrorKind, Read, Result},
};

/// Memory of an object on the stack, which grows by doubling, bytes.
const OBJECT: u64 = 300;
/// Memory of an entry of a list, a tuple, a dictionary or the memo, bytes.
const ENTRY: u64 = 400;
/// Memory of each object in a copy, bytes.
const COPY: u64 = 100;

/// Size of an object with all that is in it.
#[derive(Clone, Copy, Default)]
struct Size {
    objects: u64,
    bytes: u64,
}

impl Size {
    fn of_bytes(bytes: u64) -> Self {
        Self { objects: 1, bytes }
    }

    fn plus(self, other: Self) -> Self {
        let Self { objects, bytes } = self;
        Self { objects: objects.saturating_add(other.objects), bytes: bytes.saturating_add(other.bytes) }
    }
}

/// Checks that the objects of the next `count` pickles take at most this memory, in bytes.
///
/// # Errors
/// They take more ([`ErrorKind::OutOfMemory`]), or they are damaged.
pub(super) fn check_pickles(input: &mut impl BufRead, count: usize, memory: u64) -> Result<()> {
    let mut taken = 0;
    for _ in 0..count {
        let mut pickle = Pickle { input, memory, taken, stack: vec![], marks: vec![], memo: HashMap::new() };
        while pickle.step()? {}
        taken = pickle.taken;
    }
    Ok(())
}

/// A pickle whose instructions are followed.
struct Pickle<'a, R> {
    input: &'a mut R,
    memory: u64,
    taken: u64,
    stack: Vec<Size>,
    /// Heights of the stack at the open marks.
    marks: Vec<usize>,
    memo: HashMap<u32, Size>,
}

impl<R: BufRead> Pickle<'_, R> {
    /// Follows the next instruction; false after the last.
    fn step(&mut self) -> Result<bool> {
        let [code] = self.take()?;
        match code {
            b'.' => return Ok(false),
            0x80 => self.skip(1)?,
            0x95 => self.skip(8)?,
            b'N' | 0x88 | 0x89 | b')' | b']' | b'}' | 0x8f => self.push(Size::of_bytes(0))?,
            b'K' => self.push_bytes(1)?,
            b'M' => self.push_bytes(2)?,
            b'J' => self.push_bytes(4)?,
            b'G' => self.push_bytes(8)?,
            b'U' | b'C' | 0x8a | 0x8c => {
                let length = self.take::<1>()?[0];
                self.push_bytes(length.into())?;
            }
            b'T' | b'B' | b'X' | 0x8b => {
                let length = u32::from_le_bytes(self.take()?);
                self.push_bytes(length.into())?;
            }
            0x8d | 0x8e | 0x96 => {
                let length = u64::from_le_bytes(self.take()?);
                self.push_bytes(length)?;
            }
            b'I' | b'L' | b'F' | b'V' | b'P' => {
                let length = self.line()?.len();
                self.push(Size::of_bytes(length as u64))?;
            }
            b'c' => {
                let length = self.line()?.len() + self.line()?.len();
                self.push(Size::of_bytes(length as u64))?;
            }
            b'(' => {
                self.charge(OBJECT)?;
                self.marks.push(self.stack.len());
            }
            b't' | b'l' | b'd' | 0x91 => {
                let items = self.above_mark()?;
                self.push(items)?;
            }
            b'e' | b'u' | 0x90 => {
                let items = self.above_mark()?;
                self.put_into_top(items)?;
            }
            0x85..=0x87 => self.join(usize::from(code - 0x84))?,
            b'a' => self.join_into_top(1)?,
            b's' => self.join_into_top(2)?,
            b'b' => {
                self.join_into_top(1)?;
                // The copy in the memo is made anew.
                self.copy_of_top()?;
            }
            b'R' | 0x81 | 0x93 => self.join(2)?,
            0x92 => self.join(3)?,
            b'Q' => self.join(1)?,
            b'0' if self.marks.last() == Some(&self.stack.len()) => drop(self.marks.pop()),
            b'0' => drop(self.pop()?),
            b'1' => drop(self.above_mark()?),
            b'2' => {
                let top = self.copy_of_top()?;
                self.push(top)?;
            }
            b'g' => {
                let index = self.index()?;
                self.push_memo(index)?;
            }
            b'h' => {
                let index = self.take::<1>()?[0].into();
                self.push_memo(index)?;
            }
            b'j' => {
                let index = u32::from_le_bytes(self.take()?);
                self.push_memo(index)?;
            }
            b'p' => {
                let index = self.index()?;
                self.memoise(index)?;
            }
            b'q' => {
                let index = self.take::<1>()?[0].into();
                self.memoise(index)?;
            }
            b'r' => {
                let index = u32::from_le_bytes(self.take()?);
                self.memoise(index)?;
            }
            0x94 => self.memoise(self.memo.len() as u32)?,
            _ => return Err(damaged()),
        }
        Ok(true)
    }

    fn take<const N: usize>(&mut self) -> Result<[u8; N]> {
        let mut bytes = [0; N];
        self.input.read_exact(&mut bytes)?;
        Ok(bytes)
    }

    fn skip(&mut self, bytes: u64) -> Result<()> {
        let skipped = io::copy(&mut self.input.by_ref().take(bytes), &mut io::sink())?;
        if skipped == bytes { Ok(()) } else { Err(ErrorKind::UnexpectedEof.into()) }
    }

    /// A line without its end.
    fn line(&mut self) -> Result<Vec<u8>> {
        let mut line = Vec::new();
        let room = self.memory.saturating_sub(self.taken) / 4;
        self.input.by_ref().take(room).read_until(b'\n', &mut line)?;
        if line.pop() == Some(b'\n') { Ok(line) } else { Err(ErrorKind::UnexpectedEof.into()) }
    }

    fn index(&mut self) -> Result<u32> {
        let line = self.line()?;
        std::str::from_utf8(&line).ok().and_then(|text| text.trim().parse().ok()).ok_or_else(damaged)
    }

    /// Adds memory that is taken, of which nothing is thought to be given back.
    fn charge(&mut self, bytes: u64) -> Result<()> {
        self.taken = self.taken.saturating_add(bytes);
        if self.taken > self.memory { Err(ErrorKind::OutOfMemory.into()) } else { Ok(()) }
    }

    fn charge_copy(&mut self, of: Size) -> Result<()> {
        self.charge(of.objects.saturating_mul(COPY).saturating_add(of.bytes))
    }

    fn push(&mut self, size: Size) -> Result<()> {
        self.charge(OBJECT)?;
        self.stack.push(size);
        Ok(())
    }

    /// Pushes an object of so many bytes, which follow.
    fn push_bytes(&mut self, bytes: u64) -> Result<()> {
        // Twice, because what is read into grows by doubling.
        self.charge(bytes.saturating_mul(2))?;
        self.skip(bytes)?;
        self.push(Size::of_bytes(bytes))
    }

    fn pop(&mut self) -> Result<Size> {
        if self.marks.last().is_some_and(|mark| *mark >= self.stack.len()) {
            return Err(damaged());
        }
        self.stack.pop().ok_or_else(damaged)
    }

    /// Size of a collection of all objects above the last mark.
    fn above_mark(&mut self) -> Result<Size> {
        let mark = self.marks.pop().ok_or_else(damaged)?;
        let items = self.stack.drain(mark.min(self.stack.len())..);
        let (mut all, mut count) = (Size::of_bytes(0), 0_u64);
        for item in items {
            (all, count) = (all.plus(item), count + 1);
        }
        self.charge(count.saturating_mul(ENTRY))?;
        Ok(all)
    }

    /// Puts one collection of the last objects in their place.
    fn join(&mut self, count: usize) -> Result<()> {
        let mut all = Size::of_bytes(0);
        for _ in 0..count {
            all = all.plus(self.pop()?);
        }
        self.charge(count as u64 * ENTRY)?;
        self.push(all)
    }

    /// Puts the last objects into the one below.
    fn join_into_top(&mut self, count: usize) -> Result<()> {
        let mut all = Size::default();
        for _ in 0..count {
            all = all.plus(self.pop()?);
        }
        self.charge(count as u64 * ENTRY)?;
        self.put_into_top(all)
    }

    fn put_into_top(&mut self, items: Size) -> Result<()> {
        let top = self.stack.last_mut().ok_or_else(damaged)?;
        *top = top.plus(items);
        Ok(())
    }

    fn copy_of_top(&mut self) -> Result<Size> {
        let top = *self.stack.last().ok_or_else(damaged)?;
        self.charge_copy(top)?;
        Ok(top)
    }

    fn memoise(&mut self, index: u32) -> Result<()> {
        let top = self.copy_of_top()?;
        self.charge(ENTRY)?;
        self.memo.insert(index, top);
        Ok(())
    }

    fn push_memo(&mut self, index: u32) -> Result<()> {
        let size = *self.memo.get(&index).ok_or_else(damaged)?;
        self.charge_copy(size)?;
        self.push(size)
    }
}

fn damaged() -> Error {
    ErrorKind::InvalidData.into()
}
